// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_dump: says what a driver sees of its firmware node
 *
 * A read returns, as text, every property from a long list of names that the
 * device's node has, and that of its child nodes, indented. The properties are
 * read anew by each open(2). A property "probe-error" is a positive errno that
 * probe() fails with.
 *
 * Parameters:
 *	wrong=1		also tells how reading through the other types ends
 *	calls=1		also tells what calls about nodes answer that are no properties
 *	create=1	makes devices of kernel code, each with a software node:
 *			dump.1, sample.2, fifo.3 and ram.4, with the settings of
 *			tests/firmware/answers.*
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/module.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/sizes.h>

#include <microkernel.h>

#define DUMP_SIZE	SZ_64K
#define DUMP_VALUES	2048	/* numbers that fit into one write, each with a separator */

static bool wrong;
module_param(wrong, bool, 0644);
MODULE_PARM_DESC(wrong, "also read properties through types that they do not have");

static bool calls;
module_param(calls, bool, 0644);
MODULE_PARM_DESC(calls, "also ask for nodes and data that are no properties");

static bool create;
module_param(create, bool, 0444);
MODULE_PARM_DESC(create, "make devices with software nodes");

enum dump_type { DUMP_BOOL, DUMP_U8, DUMP_U16, DUMP_U32, DUMP_U64, DUMP_STRING };

static const char * const dump_types[] = { "bool", "u8", "u16", "u32", "u64", "string" };

/* The API cannot list what there is */
static const struct {
	const char *name;
	enum dump_type type;
} dump_names[] = {
	{ "compatible", DUMP_STRING },
	{ "label", DUMP_STRING },
	{ "status", DUMP_STRING },
	{ "reg", DUMP_U32 },
	{ "buffer-size", DUMP_U32 },
	{ "fifo-size", DUMP_U32 },
	{ "size", DUMP_U32 },
	{ "probe-error", DUMP_U32 },
	{ "a-bool", DUMP_BOOL },
	{ "b-bool", DUMP_BOOL },
	{ "a-u8", DUMP_U8 },
	{ "b-u8", DUMP_U8 },
	{ "a-u16", DUMP_U16 },
	{ "b-u16", DUMP_U16 },
	{ "a-u32", DUMP_U32 },
	{ "b-u32", DUMP_U32 },
	{ "a-u64", DUMP_U64 },
	{ "b-u64", DUMP_U64 },
	{ "a-string", DUMP_STRING },
	{ "b-string", DUMP_STRING },
	{ "c-string", DUMP_STRING },
	{ "x", DUMP_U32 },
	{ "micro,Odd_name.+?#1-", DUMP_U32 },
	{ "a-name-of-31-characters-in-all-", DUMP_U32 },
};

/**
 * struct dump - text in the making
 * @text: the text
 * @len: how much there is
 * @values: room for the values of one property
 */
struct dump {
	char *text;
	size_t len;
	union {
		u8 u8[DUMP_VALUES];
		u16 u16[DUMP_VALUES];
		u32 u32[DUMP_VALUES];
		u64 u64[DUMP_VALUES];
		const char *string[DUMP_VALUES];
	} values;
};

/**
 * struct dump_node - what is read
 * @dev: the device, if it is the device's own node: it has an API of its own
 * @fwnode: a child node, otherwise
 */
struct dump_node {
	struct device *dev;
	struct fwnode_handle *fwnode;
};

#define dump_call(node, what, ...)						\
	((node)->dev ? device_property_##what((node)->dev, __VA_ARGS__) :	\
		       fwnode_property_##what((node)->fwnode, __VA_ARGS__))

static __printf(2, 3) void dump_print(struct dump *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	d->len += vscnprintf(d->text + d->len, DUMP_SIZE - d->len, format, args);
	va_end(args);
}

static void dump_indent(struct dump *d, int depth)
{
	dump_print(d, "%*s", 2 * depth, "");
}

static int dump_count(const struct dump_node *node, const char *name, enum dump_type type)
{
	switch (type) {
	case DUMP_U8:
		return dump_call(node, count_u8, name);
	case DUMP_U16:
		return dump_call(node, count_u16, name);
	case DUMP_U32:
		return dump_call(node, count_u32, name);
	case DUMP_U64:
		return dump_call(node, count_u64, name);
	case DUMP_STRING:
		return dump_call(node, string_array_count, name);
	default:
		return -EINVAL;
	}
}

static int dump_read(struct dump *d, const struct dump_node *node, const char *name,
		     enum dump_type type, size_t count)
{
	switch (type) {
	case DUMP_U8:
		return dump_call(node, read_u8_array, name, d->values.u8, count);
	case DUMP_U16:
		return dump_call(node, read_u16_array, name, d->values.u16, count);
	case DUMP_U32:
		return dump_call(node, read_u32_array, name, d->values.u32, count);
	case DUMP_U64:
		return dump_call(node, read_u64_array, name, d->values.u64, count);
	case DUMP_STRING:
		return dump_call(node, read_string_array, name, d->values.string, count);
	default:
		return -EINVAL;
	}
}

/* The calls for one value have to agree with those for several */
static bool dump_read_one(const struct dump *d, const struct dump_node *node,
			  const char *name, enum dump_type type)
{
	const char *string;
	u16 n16;
	u32 n32;
	u64 n64;
	u8 n8;

	switch (type) {
	case DUMP_U8:
		return !dump_call(node, read_u8, name, &n8) && n8 == d->values.u8[0];
	case DUMP_U16:
		return !dump_call(node, read_u16, name, &n16) && n16 == d->values.u16[0];
	case DUMP_U32:
		return !dump_call(node, read_u32, name, &n32) && n32 == d->values.u32[0];
	case DUMP_U64:
		return !dump_call(node, read_u64, name, &n64) && n64 == d->values.u64[0];
	case DUMP_STRING:
		return !dump_call(node, read_string, name, &string) &&
		       !strcmp(string, d->values.string[0]);
	default:
		return false;
	}
}

static bool dump_match_strings(const struct dump *d, const struct dump_node *node,
			       const char *name, int count)
{
	int i, at;

	for (i = 0; i < count; i++) {
		at = dump_call(node, match_string, name, d->values.string[i]);
		if (at < 0 || at > i || strcmp(d->values.string[at], d->values.string[i]))
			return false;
	}
	return dump_call(node, match_string, name, "no such string") == -ENODATA;
}

static void dump_value(struct dump *d, enum dump_type type, int i)
{
	switch (type) {
	case DUMP_U8:
		dump_print(d, " %u", d->values.u8[i]);
		break;
	case DUMP_U16:
		dump_print(d, " %u", d->values.u16[i]);
		break;
	case DUMP_U32:
		dump_print(d, " %u", d->values.u32[i]);
		break;
	case DUMP_U64:
		dump_print(d, " %llu", d->values.u64[i]);
		break;
	case DUMP_STRING:
		dump_print(d, " \"%s\"", d->values.string[i]);
		break;
	default:
		break;
	}
}

static void dump_values(struct dump *d, const struct dump_node *node, const char *name,
			enum dump_type type)
{
	int count, err, i;

	count = dump_count(node, name, type);
	if (count <= 0 || count > DUMP_VALUES) {
		dump_print(d, " count %d", count);
		return;
	}
	err = dump_read(d, node, name, type, count);
	if (err < 0) {
		dump_print(d, " error %d", err);
		return;
	}
	for (i = 0; i < count; i++)
		dump_value(d, type, i);
	if (!dump_read_one(d, node, name, type))
		dump_print(d, " (but not alone)");
	if (type == DUMP_STRING && !dump_match_strings(d, node, name, count))
		dump_print(d, " (but they do not match)");
}

static void dump_wrong(struct dump *d, const struct dump_node *node, const char *name,
		       enum dump_type own, int depth)
{
	enum dump_type type;
	int err;

	for (type = DUMP_U8; type <= DUMP_STRING; type++) {
		if (type == own)
			continue;
		dump_indent(d, depth);
		dump_print(d, "%s as %s:", name, dump_types[type]);
		err = dump_read(d, node, name, type, 1);
		if (err < 0)
			dump_print(d, " error %d", err);
		else if (own == DUMP_STRING || type == DUMP_STRING)
			dump_print(d, " it has a value");
		else
			dump_value(d, type, 0);
		dump_print(d, "\n");
	}
}

static void dump_properties(struct dump *d, const struct dump_node *node, int depth)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dump_names); i++) {
		const char *name = dump_names[i].name;
		enum dump_type type = dump_names[i].type;

		if (!dump_call(node, present, name)) {
			if (dump_count(node, name, DUMP_U32) >= 0 ||
			    dump_read(d, node, name, DUMP_STRING, 1) >= 0)
				dump_print(d, "%s is not there, but can be read\n", name);
			continue;
		}
		dump_indent(d, depth);
		dump_print(d, "%s", name);
		if (type != DUMP_BOOL) {
			dump_print(d, ":");
			dump_values(d, node, name, type);
		} else if (!dump_call(node, read_bool, name)) {
			dump_print(d, " (but not as bool)");
		}
		dump_print(d, "\n");
		if (wrong)
			dump_wrong(d, node, name, type, depth);
	}
}

/* Trees are 16 levels deep at most */
static void dump_child(struct dump *d, struct fwnode_handle *fwnode, int depth)
{
	struct dump_node node = { .fwnode = fwnode };
	struct fwnode_handle *child;
	char name[64];

	snprintf(name, sizeof(name), "%pfwP", fwnode);
	dump_indent(d, depth);
	dump_print(d, "node %s", name);
	if (strcmp(name, fwnode_get_name(fwnode)))
		dump_print(d, " (or %s)", fwnode_get_name(fwnode));
	dump_print(d, "\n");

	dump_properties(d, &node, depth + 1);
	fwnode_for_each_child_node(fwnode, child)
		dump_child(d, child, depth + 1);
}

static void dump_named(struct dump *d, struct device *dev, const char *name)
{
	struct fwnode_handle *child = device_get_named_child_node(dev, name);

	dump_print(d, "the node %s: ", name);
	if (child)
		dump_print(d, "%pfwP\n", child);
	else
		dump_print(d, "none\n");
	fwnode_handle_put(child);
}

static void dump_reference(struct dump *d, struct device *dev, const char *name)
{
	struct fwnode_handle *node = fwnode_find_reference(dev_fwnode(dev), name, 0);

	dump_print(d, "the reference %s: %pe\n", name, node);
	if (!IS_ERR(node))
		fwnode_handle_put(node);
}

static void dump_calls(struct dump *d, struct device *dev)
{
	const char *data = device_get_match_data(dev);

	dump_print(d, "match data: %s\n", data ?: "none");
	dump_named(d, dev, "channel");
	dump_named(d, dev, "channel@1");
	dump_named(d, dev, "chan");
	dump_reference(d, dev, "x");
	dump_reference(d, dev, "missing");
}

static struct dump *dump_create(void)
{
	struct dump *d = kvzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->text = kvzalloc(DUMP_SIZE, GFP_KERNEL);
	if (!d->text) {
		kvfree(d);
		return NULL;
	}
	return d;
}

static int dump_open(struct micro_driver *drv, struct file *filp)
{
	struct dump_node node = { .dev = &micro_file_device(filp)->dev };
	struct dump *d = dump_create();
	struct fwnode_handle *child;
	unsigned int count = 0;

	if (!d)
		return -ENOMEM;

	dump_properties(d, &node, 0);
	device_for_each_child_node(node.dev, child) {
		dump_child(d, child, 0);
		count++;
	}
	if (count != device_get_child_node_count(node.dev))
		dump_print(d, "(there are %u child nodes)\n",
			   device_get_child_node_count(node.dev));
	if (calls)
		dump_calls(d, node.dev);
	micro_file_set_drvdata(filp, d);
	return 0;
}

static int dump_release(struct micro_driver *drv, struct file *filp)
{
	struct dump *d = micro_file_get_drvdata(filp);

	kvfree(d->text);
	kvfree(d);
	return 0;
}

static ssize_t dump_read_file(struct micro_driver *drv, struct file *filp,
			      char __user *buf, size_t count, loff_t *offset)
{
	struct dump *d = micro_file_get_drvdata(filp);

	return simple_read_from_buffer(buf, count, offset, d->text, d->len);
}

static int dump_probe(struct micro_device *mdev)
{
	u32 err = 0;

	device_property_read_u32(&mdev->dev, "probe-error", &err);
	return err <= MAX_ERRNO ? -(int)err : -EINVAL;
}

static const struct of_device_id dump_of_match[] = {
	{ .compatible = "microkernel,dump" },
	{ .compatible = "test,with-data", .data = "these data" },
	{ }
};
MODULE_DEVICE_TABLE(of, dump_of_match);

static struct micro_driver dump_driver = {
	.name = "micro_dump",
	.probe = dump_probe,
	.open = dump_open,
	.release = dump_release,
	.read = dump_read_file,
	.driver.of_match_table = dump_of_match,
};

/* Same as tests/firmware/answers.* */
static const char * const dump_compatible[] = { "test,most-specific", "microkernel,dump" };
static const u8 dump_u8[] = { 0, 1, 127, 128, 255 };
static const u16 dump_u16[] = { 1, 256, 65535 };
static const u32 dump_u32[] = { 1, 65536, 4294967295U };
static const u64 dump_u64[] = { 1, 4294967296ULL, 18446744073709551615ULL };
static const char * const dump_string[] = { "one", "", "two words", "three, four" };

static const struct property_entry dump_props[] = {
	PROPERTY_ENTRY_STRING_ARRAY("compatible", dump_compatible),
	PROPERTY_ENTRY_U32("reg", 1),
	PROPERTY_ENTRY_BOOL("a-bool"),
	PROPERTY_ENTRY_U8("a-u8", 200),
	PROPERTY_ENTRY_U8_ARRAY("b-u8", dump_u8),
	PROPERTY_ENTRY_U16("a-u16", 50000),
	PROPERTY_ENTRY_U16_ARRAY("b-u16", dump_u16),
	PROPERTY_ENTRY_U32("a-u32", 4000000000U),
	PROPERTY_ENTRY_U32_ARRAY("b-u32", dump_u32),
	PROPERTY_ENTRY_U64("a-u64", 10000000000000000000ULL),
	PROPERTY_ENTRY_U64_ARRAY("b-u64", dump_u64),
	PROPERTY_ENTRY_STRING("a-string", "just one"),
	PROPERTY_ENTRY_STRING_ARRAY("b-string", dump_string),
	PROPERTY_ENTRY_STRING("c-string", ""),
	PROPERTY_ENTRY_U32("micro,Odd_name.+?#1-", 1),
	PROPERTY_ENTRY_U32("a-name-of-31-characters-in-all-", 31),
	{ }
};

static const struct property_entry dump_channel_props[][3] = {
	{ PROPERTY_ENTRY_U32("reg", 0), PROPERTY_ENTRY_STRING("compatible", "test,channel"), { } },
	{ PROPERTY_ENTRY_U32("reg", 1), PROPERTY_ENTRY_BOOL("b-bool"), { } },
	{ PROPERTY_ENTRY_U32("x", 7), PROPERTY_ENTRY_STRING("label", "deep"), { } },
};

static const struct property_entry sample_props[] = {
	PROPERTY_ENTRY_STRING("compatible", "microkernel,sample-driver"),
	PROPERTY_ENTRY_U32("buffer-size", 100),
	{ }
};

static const struct property_entry fifo_props[] = {
	PROPERTY_ENTRY_STRING("compatible", "microkernel,fifo"),
	PROPERTY_ENTRY_U32("fifo-size", 128),
	{ }
};

static const struct property_entry ram_props[] = {
	PROPERTY_ENTRY_STRING("compatible", "microkernel,ram"),
	PROPERTY_ENTRY_U32("size", 12345),
	{ }
};

static const struct software_node dump_node = { .properties = dump_props };
static const struct software_node dump_channel0 = {
	.name = "channel@0", .parent = &dump_node, .properties = dump_channel_props[0],
};

static const struct software_node dump_channel1 = {
	.name = "channel@1", .parent = &dump_node, .properties = dump_channel_props[1],
};

static const struct software_node dump_deep = {
	.name = "deep", .parent = &dump_channel1, .properties = dump_channel_props[2],
};

static const struct software_node dump_empty = { .name = "empty", .parent = &dump_deep };
static const struct software_node sample_node = { .properties = sample_props };
static const struct software_node fifo_node = { .properties = fifo_props };
static const struct software_node ram_node = { .properties = ram_props };

static const struct software_node *dump_nodes[] = {
	&dump_node, &dump_channel0, &dump_channel1, &dump_deep, &dump_empty,
	&sample_node, &fifo_node, &ram_node, NULL
};

static const struct {
	const char *name;
	const struct software_node *node;
} dump_make[] = {
	{ "dump.1", &dump_node },
	{ "sample.2", &sample_node },
	{ "fifo.3", &fifo_node },
	{ "ram.4", &ram_node },
};

static struct micro_device *dump_devices[ARRAY_SIZE(dump_make)];

static void dump_destroy_devices(void)
{
	size_t i;

	for (i = ARRAY_SIZE(dump_make); i-- > 0; )
		micro_destroy_device(dump_devices[i]);
	software_node_unregister_node_group(dump_nodes);
}

static int dump_create_devices(void)
{
	size_t i;
	int err;

	err = software_node_register_node_group(dump_nodes);
	if (err)
		return err;

	for (i = 0; i < ARRAY_SIZE(dump_make); i++) {
		dump_devices[i] = micro_create_device_node(dump_make[i].name, NULL,
							   software_node_fwnode(dump_make[i].node));
		if (IS_ERR(dump_devices[i])) {
			err = PTR_ERR(dump_devices[i]);
			dump_destroy_devices();
			return err;
		}
	}
	return 0;
}

static int __init dump_init(void)
{
	int err;

	err = micro_register_driver(&dump_driver);
	if (err || !create)
		return err;

	err = dump_create_devices();
	if (err)
		micro_unregister_driver(&dump_driver);
	return err;
}
module_init(dump_init);

static void __exit dump_exit(void)
{
	if (create)
		dump_destroy_devices();
	micro_unregister_driver(&dump_driver);
}
module_exit(dump_exit);

MODULE_ALIAS_MICRO("micro_dump");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Test driver: says what it sees of its firmware node");
MODULE_LICENSE("GPL");
