// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of property values and firmware nodes: what is accepted, what is
 * refused, and what a driver reads
 *
 * The tests have a copy of the code of their own, as the core exports none of it.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/property.h>

#define OWN	kunit_property_
#include "own.h"
#include "../../src/core/match.c"
#include "../../src/core/property.c"
#include "../../src/core/fwnode.c"

#define BOOL	MICRO_PROP_BOOL
#define U8	MICRO_PROP_U8
#define U16	MICRO_PROP_U16
#define U32	MICRO_PROP_U32
#define U64	MICRO_PROP_U64
#define STRING	MICRO_PROP_STRING

/* A page to print to */
static char *page_new(struct kunit *test)
{
	char *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

/* Names of properties and nodes */

static void name_every_character(struct kunit *test)
{
	int c;

	for (c = 1; c < 256; c++) {
		char first[] = { c, 'a', 0 }, later[] = { 'a', c, 0 };
		bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || strchr(",._+?#@-", c);

		KUNIT_EXPECT_EQ_MSG(test, micro_prop_name_valid(first), good, "%#x first", c);
		KUNIT_EXPECT_EQ_MSG(test, micro_prop_name_valid(later), good, "%#x later", c);
	}
}

static void name_length(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, micro_prop_name_valid(""));
	KUNIT_EXPECT_TRUE(test, micro_prop_name_valid("a"));
	KUNIT_EXPECT_TRUE(test, micro_prop_name_valid("a-name-of-31-characters-in-all-"));
	KUNIT_EXPECT_FALSE(test, micro_prop_name_valid("a-name-of-32-characters-in-all-x"));
}

static void type_names(struct kunit *test)
{
	static const char * const names[] = { "bool", "u8", "u16", "u32", "u64", "string" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_STREQ(test, micro_prop_type_name(i), names[i]);
}

/* Text that becomes a value, and how it reads afterwards */

struct good {
	enum micro_prop_type type;
	const char *text;
	const char *want;
	size_t count;
};

static const struct good good_values[] = {
	{ U8, "0", "0\n", 1 },
	{ U8, "255", "255\n", 1 },
	{ U8, "0xff", "255\n", 1 },
	{ U8, "0XfF", "255\n", 1 },
	{ U8, "0377", "255\n", 1 },
	{ U8, "000", "0\n", 1 },
	{ U8, "+7", "7\n", 1 },
	{ U8, "7\n", "7\n", 1 },
	{ U8, "1 2 3", "1 2 3\n", 3 },
	{ U8, "  1\t0x2\n\n3 ", "1 2 3\n", 3 },
	{ U16, "0", "0\n", 1 },
	{ U16, "256", "256\n", 1 },
	{ U16, "65535", "65535\n", 1 },
	{ U16, "0xffff 0177777 1", "65535 65535 1\n", 3 },
	{ U32, "0", "0\n", 1 },
	{ U32, "65536", "65536\n", 1 },
	{ U32, "4294967295", "4294967295\n", 1 },
	{ U32, "0xFFFFFFFF 037777777777 1", "4294967295 4294967295 1\n", 3 },
	{ U64, "0", "0\n", 1 },
	{ U64, "4294967296", "4294967296\n", 1 },
	{ U64, "18446744073709551615", "18446744073709551615\n", 1 },
	{ U64, "0xffffffffffffffff 01777777777777777777777 1",
	  "18446744073709551615 18446744073709551615 1\n", 3 },
	{ STRING, "", "\n", 1 },
	{ STRING, "hello", "hello\n", 1 },
	{ STRING, "hello\n", "hello\n", 1 },
	{ STRING, "two words", "two words\n", 1 },
	{ STRING, " \t blanks stay \t", " \t blanks stay \t\n", 1 },
	{ STRING, "one\ntwo\nthree", "one\ntwo\nthree\n", 3 },
	{ STRING, "one\n\nthree\n", "one\n\nthree\n", 3 },
	{ STRING, "\n", "\n", 1 },
	{ STRING, "\n\n", "\n\n", 2 },
	{ STRING, "123", "123\n", 1 },
	{ STRING, "Gr\303\274\303\237e", "Gr\303\274\303\237e\n", 1 },
	{ STRING, "\001\033[0m\377", "\001\033[0m\377\n", 1 },
};

static void value_good(struct kunit *test)
{
	char *page = page_new(test);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good_values); i++) {
		const struct good *g = &good_values[i];
		struct micro_value value, copy;
		ssize_t len;

		KUNIT_ASSERT_EQ_MSG(test, micro_value_parse(&value, g->type, g->text,
							    strlen(g->text)), 0, "case %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, value.type, g->type, "case %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, value.count, g->count, "case %zu", i);
		len = micro_value_format(&value, page);
		KUNIT_EXPECT_EQ_MSG(test, len, strlen(g->want), "case %zu", i);
		KUNIT_EXPECT_STREQ_MSG(test, page, g->want, "case %zu", i);

		/* what was printed is a value, and the same; so is a copy */
		KUNIT_ASSERT_EQ(test, micro_value_copy(&copy, &value), 0);
		kfree(value.data);
		KUNIT_ASSERT_EQ(test, micro_value_parse(&value, g->type, page, len), 0);
		micro_value_format(&value, page);
		KUNIT_EXPECT_STREQ_MSG(test, page, g->want, "case %zu, read again", i);
		micro_value_format(&copy, page);
		KUNIT_EXPECT_STREQ_MSG(test, page, g->want, "case %zu, copied", i);
		kfree(value.data);
		kfree(copy.data);
	}
}

struct bad {
	enum micro_prop_type type;
	const char *text;
	int err;
};

static const struct bad bad_values[] = {
	{ U8, "256", -ERANGE },
	{ U8, "0x100", -ERANGE },
	{ U8, "0400", -ERANGE },
	{ U8, "1 2 256", -ERANGE },
	{ U8, "18446744073709551616", -ERANGE },
	{ U16, "65536", -ERANGE },
	{ U16, "4294967296", -ERANGE },
	{ U32, "4294967296", -ERANGE },
	{ U32, "1 0x100000000", -ERANGE },
	{ U64, "18446744073709551616", -ERANGE },
	{ U64, "0x10000000000000000", -ERANGE },
	{ U8, "-1", -EINVAL },
	{ U16, "-1", -EINVAL },
	{ U32, "-1", -EINVAL },
	{ U64, "-1", -EINVAL },
	{ U8, "x", -EINVAL },
	{ U8, "1 x", -EINVAL },
	{ U8, "1x", -EINVAL },
	{ U8, "0x", -EINVAL },
	{ U8, "0xg", -EINVAL },
	{ U8, "08", -EINVAL },
	{ U8, "0b1", -EINVAL },
	{ U8, "1,2", -EINVAL },
	{ U8, "1;2", -EINVAL },
	{ U8, "1.0", -EINVAL },
	{ U8, "1e1", -EINVAL },
	{ U8, "--1", -EINVAL },
	{ U8, "+", -EINVAL },
	{ U8, "", -EINVAL },
	{ U8, "\n", -EINVAL },
	{ U8, " ", -EINVAL },
	{ U8, " \t\n\n", -EINVAL },
	{ U8, "1\r\n", -EINVAL },
	{ U32, "\302\261", -EINVAL },
};

static void value_bad(struct kunit *test)
{
	struct micro_value value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_values); i++)
		KUNIT_EXPECT_EQ_MSG(test, micro_value_parse(&value, bad_values[i].type,
							    bad_values[i].text,
							    strlen(bad_values[i].text)),
				    bad_values[i].err, "case %zu", i);
}

/* A NUL ends nothing, in no type and at no place */
static void value_nul(struct kunit *test)
{
	static const char texts[][4] = { "\0", "1\0", "1\0002", "1 \0", "\0001", "1\n\0" };
	struct micro_value value;
	int type;
	size_t i;

	for (type = U8; type <= STRING; type++)
		for (i = 0; i < ARRAY_SIZE(texts); i++)
			KUNIT_EXPECT_EQ_MSG(test, micro_value_parse(&value, type, texts[i], 3),
					    -EINVAL, "type %d, case %zu", type, i);
}

/* repeat TIMES UNIT into @text, which is returned as its length */
static size_t repeat(char *text, size_t times, const char *unit)
{
	size_t len = strlen(unit), i;

	for (i = 0; i < times; i++)
		memcpy(text + i * len, unit, len);
	text[times * len] = '\0';
	return times * len;
}

static int parse(enum micro_prop_type type, const char *text, size_t len, size_t *count)
{
	struct micro_value value;
	int err = micro_value_parse(&value, type, text, len);

	if (err)
		return err;
	if (count)
		*count = value.count;
	kfree(value.data);
	return 0;
}

static void value_length(struct kunit *test)
{
	char *text = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	char *page = page_new(test);
	struct micro_value value;
	size_t count = 0, len;
	int type;

	KUNIT_ASSERT_NOT_NULL(test, text);
	repeat(text, MICRO_PROP_TEXT_MAX + 1, "7");
	KUNIT_EXPECT_EQ(test, parse(STRING, text, MICRO_PROP_TEXT_MAX, NULL), 0);
	for (type = U8; type <= STRING; type++)
		KUNIT_EXPECT_EQ_MSG(test, parse(type, text, MICRO_PROP_TEXT_MAX + 1, NULL),
				    -E2BIG, "type %d", type);
	/* a newline at the end takes a byte, too */
	text[MICRO_PROP_TEXT_MAX - 1] = '\n';
	KUNIT_EXPECT_EQ(test, parse(STRING, text, MICRO_PROP_TEXT_MAX, NULL), 0);

	/* as many numbers as there is room for */
	len = repeat(text, MICRO_PROP_TEXT_MAX / 2, "1 ");
	KUNIT_EXPECT_EQ(test, parse(U8, text, len, &count), 0);
	KUNIT_EXPECT_EQ(test, count, MICRO_PROP_TEXT_MAX / 2);

	/* and as many as can be printed: 194 of 21 bytes, and one of 20 */
	len = repeat(text, 194, "0xffffffffffffffff ");
	memcpy(text + len, "1000000000000000000", 20);
	KUNIT_ASSERT_EQ(test, micro_value_parse(&value, U64, text, strlen(text)), 0);
	KUNIT_EXPECT_EQ(test, micro_value_format(&value, page), MICRO_PROP_TEXT_MAX);
	kfree(value.data);
	memcpy(text + len, "0xffffffffffffffff", 19);
	KUNIT_EXPECT_EQ(test, parse(U64, text, strlen(text), NULL), -E2BIG);
	/* over a page */
	len = repeat(text, 215, "0xffffffffffffffff ");
	KUNIT_EXPECT_EQ(test, parse(U64, text, len, NULL), -E2BIG);
}

/* Numbers that are read with another width */
static void value_width(struct kunit *test)
{
	static const struct {
		enum micro_prop_type type;
		u64 number;
		unsigned int width;
		int err;
	} cases[] = {
		{ U8, 255, 1, 0 },
		{ U8, 255, 2, 0 },
		{ U8, 255, 4, 0 },
		{ U8, 255, 8, 0 },
		{ U16, 255, 1, 0 },
		{ U16, 256, 1, -EOVERFLOW },
		{ U16, 65535, 2, 0 },
		{ U16, 65535, 8, 0 },
		{ U32, 255, 1, 0 },
		{ U32, 256, 1, -EOVERFLOW },
		{ U32, 65535, 2, 0 },
		{ U32, 65536, 2, -EOVERFLOW },
		{ U32, U32_MAX, 4, 0 },
		{ U32, U32_MAX, 8, 0 },
		{ U64, 255, 1, 0 },
		{ U64, 256, 1, -EOVERFLOW },
		{ U64, U32_MAX, 4, 0 },
		{ U64, 1ULL << 32, 4, -EOVERFLOW },
		{ U64, U64_MAX, 8, 0 },
		{ U8, 1, 0, -ENXIO },
		{ U8, 1, 3, -ENXIO },
		{ U64, U64_MAX, 3, -ENXIO },
		{ U8, 1, 16, -ENXIO },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct micro_value value = { .type = cases[i].type, .count = 2 };
		enum micro_prop_type type = U8 + ilog2(cases[i].width ?: 1);
		u64 data[2], got[2] = { };

		value.data = data;
		micro_number_put(data, micro_prop_width(value.type), 0, 1);
		micro_number_put(data, micro_prop_width(value.type), 1, cases[i].number);
		KUNIT_EXPECT_EQ_MSG(test, micro_value_read(&value, cases[i].width, got, 2),
				    cases[i].err, "case %zu", i);
		if (cases[i].err)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, micro_number_get(got, type, 1), cases[i].number,
				    "case %zu", i);
		/* no more than was asked for */
		got[0] = 0;
		got[1] = 0;
		KUNIT_EXPECT_EQ(test, micro_value_read(&value, cases[i].width, got, 1), 0);
		KUNIT_EXPECT_EQ_MSG(test, micro_number_get(got, type, 1), 0, "case %zu", i);
	}
}

/* Firmware nodes */

/**
 * struct tree - what a user has made, and the nodes of it
 * @root: a device with properties of all types
 * @kid: its children
 * @prop: the properties
 * @fwnode: what a driver gets
 */
struct tree {
	struct micro_node root;
	struct micro_node kid[4];
	struct micro_prop prop[8];
	struct fwnode_handle *fwnode;
};

static const struct {
	const char *name;
	enum micro_prop_type type;
	const char *text;
} tree_props[] = {
	{ "a-bool", BOOL, NULL },
	{ "a-u8", U8, "200 1 2" },
	{ "a-u16", U16, "1 65535" },
	{ "a-u32", U32, "70000" },
	{ "a-u64", U64, "0x4141414141414141" },
	{ "a-string", STRING, "some text" },
	{ "strings", STRING, "one\n\nthree" },
};

static const char * const tree_kids[] = { "channel@0", "channel@1", "plain", "odd@1@2" };

static int tree_init(struct kunit *test)
{
	struct tree *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct micro_compat *compat;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	micro_node_init(&t->root, "device");
	for (i = 0; i < ARRAY_SIZE(tree_props); i++) {
		t->prop[i].name = tree_props[i].name;
		t->prop[i].value.type = tree_props[i].type;
		if (tree_props[i].text)
			KUNIT_ASSERT_EQ(test, micro_value_parse(&t->prop[i].value,
								tree_props[i].type,
								tree_props[i].text,
								strlen(tree_props[i].text)), 0);
		list_add_tail(&t->prop[i].entry, &t->root.props);
	}
	for (i = 0; i < ARRAY_SIZE(tree_kids); i++) {
		micro_node_init(&t->kid[i], tree_kids[i]);
		list_add_tail(&t->kid[i].entry, &t->root.children);
	}
	/* one with a property of its own */
	t->prop[7].name = "a-u8";
	t->prop[7].value = t->prop[3].value;
	list_add_tail(&t->prop[7].entry, &t->kid[2].props);

	compat = micro_compat_parse("test,first\ntest,second", 22);
	KUNIT_ASSERT_FALSE(test, IS_ERR(compat));
	t->fwnode = micro_fwnode_create(&t->root, compat);
	kfree(compat);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(t->fwnode));
	return 0;
}

static void tree_exit(struct kunit *test)
{
	struct tree *t = test->priv;
	size_t i;

	fwnode_handle_put(t->fwnode);
	for (i = 0; i < ARRAY_SIZE(tree_props); i++)
		kfree(t->prop[i].value.data);
}

/* Each property as each kind: the value if it fits, else an error, never nonsense */
static void node_reads(struct kunit *test)
{
	static const struct {
		const char *name;
		int count;	/* what asking for the number of numbers says */
		int read[4];	/* what reading one as u8, u16, u32, u64 says */
		u64 first;
		int strings;	/* what asking for the number of strings says */
	} cases[] = {
		{ "absent", -EINVAL, { -EINVAL, -EINVAL, -EINVAL, -EINVAL }, 0, -EINVAL },
		{ "a-bool", -ENODATA, { -ENODATA, -ENODATA, -ENODATA, -ENODATA }, 0, -ENODATA },
		{ "a-u8", 3, { 0, 0, 0, 0 }, 200, -EPROTO },
		{ "a-u16", 2, { 0, 0, 0, 0 }, 1, -EPROTO },
		{ "a-u32", 1, { -EOVERFLOW, -EOVERFLOW, 0, 0 }, 70000, -EPROTO },
		{ "a-u64", 1, { -EOVERFLOW, -EOVERFLOW, -EOVERFLOW, 0 }, 0x4141414141414141,
		  -EPROTO },
		{ "a-string", -EPROTO, { -EPROTO, -EPROTO, -EPROTO, -EPROTO }, 0, 1 },
		{ "strings", -EPROTO, { -EPROTO, -EPROTO, -EPROTO, -EPROTO }, 0, 3 },
		{ "compatible", -EPROTO, { -EPROTO, -EPROTO, -EPROTO, -EPROTO }, 0, 2 },
	};
	struct tree *t = test->priv;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = cases[i].name;
		u8 b = 0;
		u16 h = 0;
		u32 w = 0;
		u64 d = 0, first[3] = { };
		int j;

		/* what could not be read was not written */
		for (j = 0; j < 3; j++)
			if (!cases[i].read[j])
				first[j] = cases[i].first;
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_present(t->fwnode, name), i > 0, "%s",
				    name);
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_count_u8(t->fwnode, name),
				    cases[i].count, "%s", name);
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_read_u8(t->fwnode, name, &b),
				    cases[i].read[0], "%s as u8", name);
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_read_u16(t->fwnode, name, &h),
				    cases[i].read[1], "%s as u16", name);
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_read_u32(t->fwnode, name, &w),
				    cases[i].read[2], "%s as u32", name);
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_read_u64(t->fwnode, name, &d),
				    cases[i].read[3], "%s as u64", name);
		KUNIT_EXPECT_EQ_MSG(test, d, cases[i].first, "%s", name);
		KUNIT_EXPECT_EQ_MSG(test, w, first[2], "%s", name);
		KUNIT_EXPECT_EQ_MSG(test, h, first[1], "%s", name);
		KUNIT_EXPECT_EQ_MSG(test, b, first[0], "%s", name);
		KUNIT_EXPECT_EQ_MSG(test, fwnode_property_string_array_count(t->fwnode, name),
				    cases[i].strings, "strings of %s", name);
	}
}

static void node_arrays(struct kunit *test)
{
	struct tree *t = test->priv;
	u8 bytes[4] = { };
	const char *strings[4] = { };

	KUNIT_EXPECT_EQ(test, fwnode_property_read_u8_array(t->fwnode, "a-u8", bytes, 2), 0);
	KUNIT_EXPECT_TRUE(test, bytes[0] == 200 && bytes[1] == 1 && bytes[2] == 0);
	KUNIT_EXPECT_EQ(test, fwnode_property_read_u8_array(t->fwnode, "a-u8", bytes, 4),
			-EOVERFLOW);
	/* one that does not fit fails all */
	KUNIT_EXPECT_EQ(test, fwnode_property_read_u8_array(t->fwnode, "a-u16", bytes, 2),
			-EOVERFLOW);

	KUNIT_EXPECT_EQ(test, fwnode_property_read_string_array(t->fwnode, "strings", strings, 4),
			3);
	KUNIT_EXPECT_STREQ(test, strings[0], "one");
	KUNIT_EXPECT_STREQ(test, strings[1], "");
	KUNIT_EXPECT_STREQ(test, strings[2], "three");
	KUNIT_EXPECT_NULL(test, strings[3]);
	KUNIT_EXPECT_EQ(test, fwnode_property_read_string(t->fwnode, "a-string", strings), 0);
	KUNIT_EXPECT_STREQ(test, strings[0], "some text");
	KUNIT_EXPECT_EQ(test, fwnode_property_match_string(t->fwnode, "compatible",
							   "test,second"), 1);
	KUNIT_EXPECT_EQ(test, fwnode_property_match_string(t->fwnode, "compatible", "test"),
			-ENODATA);
}

static void node_children(struct kunit *test)
{
	struct tree *t = test->priv;
	struct fwnode_handle *child, *parent;
	size_t i = 0;
	u32 n = 0;

	fwnode_for_each_child_node(t->fwnode, child) {
		KUNIT_ASSERT_LT(test, i, ARRAY_SIZE(tree_kids));
		KUNIT_EXPECT_STREQ(test, fwnode_get_name(child), tree_kids[i]);
		parent = fwnode_get_parent(child);
		KUNIT_EXPECT_PTR_EQ(test, parent, t->fwnode);
		fwnode_handle_put(parent);
		KUNIT_EXPECT_EQ(test, fwnode_property_present(child, "a-u8"), i == 2);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, ARRAY_SIZE(tree_kids));
	KUNIT_EXPECT_STREQ(test, fwnode_get_name(t->fwnode), "device");
	KUNIT_EXPECT_NULL(test, fwnode_get_parent(t->fwnode));

	/* a child's property is its own, not the device's of that name */
	child = fwnode_get_named_child_node(t->fwnode, "plain");
	KUNIT_ASSERT_NOT_NULL(test, child);
	KUNIT_EXPECT_EQ(test, fwnode_property_read_u32(child, "a-u8", &n), 0);
	KUNIT_EXPECT_EQ(test, n, 70000);
	/* a reference to one of them keeps them all */
	fwnode_handle_get(t->fwnode);
	fwnode_handle_put(t->fwnode);
	fwnode_handle_put(child);
}

/* With or without the address, as in device trees */
static void node_named(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *want;
	} cases[] = {
		{ "channel", "channel@0" },
		{ "channel@0", "channel@0" },
		{ "channel@1", "channel@1" },
		{ "channel@", NULL },
		{ "chan", NULL },
		{ "channel@10", NULL },
		{ "plain", "plain" },
		{ "plain@0", NULL },
		{ "odd", "odd@1@2" },
		{ "odd@1", NULL },
		{ "odd@1@2", "odd@1@2" },
		{ "", NULL },
	};
	struct tree *t = test->priv;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fwnode_handle *child = fwnode_get_named_child_node(t->fwnode, cases[i].name);

		if (cases[i].want && child)
			KUNIT_EXPECT_STREQ(test, fwnode_get_name(child), cases[i].want);
		else
			KUNIT_EXPECT_EQ_MSG(test, !child, !cases[i].want, "%s", cases[i].name);
		fwnode_handle_put(child);
	}
}

static void node_references(struct kunit *test)
{
	struct tree *t = test->priv;
	struct fwnode_reference_args args;

	KUNIT_EXPECT_EQ(test, fwnode_property_get_reference_args(t->fwnode, "a-u32", NULL, 0, 0,
								 &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, fwnode_property_get_reference_args(t->fwnode, "absent", NULL, 0, 0,
								 &args), -ENOENT);
}

/* The data of the first of the device's strings that the driver knows */
static void node_match_data(struct kunit *test)
{
	static const struct of_device_id both[] = {
		{ .compatible = "test,second", .data = "second" },
		{ .compatible = "test,first", .data = "first" }, { }
	};
	static const struct of_device_id second[] = {
		{ .compatible = "test,second", .data = "second" }, { }
	};
	static const struct of_device_id other[] = { { .compatible = "test", .data = "?" }, { } };
	struct device_driver *drv = kunit_kzalloc(test, sizeof(*drv), GFP_KERNEL);
	struct device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	struct tree *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, drv);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	KUNIT_EXPECT_NULL(test, micro_fwnode_match_data(t->fwnode, dev));
	dev->driver = drv;
	KUNIT_EXPECT_NULL(test, micro_fwnode_match_data(t->fwnode, dev));
	drv->of_match_table = both;
	KUNIT_EXPECT_STREQ(test, micro_fwnode_match_data(t->fwnode, dev), "first");
	drv->of_match_table = second;
	KUNIT_EXPECT_STREQ(test, micro_fwnode_match_data(t->fwnode, dev), "second");
	drv->of_match_table = other;
	KUNIT_EXPECT_NULL(test, micro_fwnode_match_data(t->fwnode, dev));
}

/* A copy: the user may change or remove what it was made of */
static void node_is_a_copy(struct kunit *test)
{
	struct tree *t = test->priv;
	u32 n = 0;

	*(u32 *)t->prop[3].value.data = 5;
	KUNIT_EXPECT_EQ(test, fwnode_property_read_u32(t->fwnode, "a-u32", &n), 0);
	KUNIT_EXPECT_EQ(test, n, 70000);
}

static void node_of_nothing(struct kunit *test)
{
	struct micro_compat *compat = micro_compat_parse("test,only", 9);
	struct micro_node root, kid;
	struct fwnode_handle *fwnode;

	KUNIT_ASSERT_FALSE(test, IS_ERR(compat));
	micro_node_init(&root, "device");
	micro_node_init(&kid, "kid");
	KUNIT_EXPECT_NULL(test, micro_fwnode_create(&root, NULL));

	fwnode = micro_fwnode_create(&root, compat);
	kfree(compat);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(fwnode));
	KUNIT_EXPECT_EQ(test, fwnode_property_string_array_count(fwnode, "compatible"), 1);
	KUNIT_EXPECT_NULL(test, fwnode_get_next_child_node(fwnode, NULL));
	fwnode_handle_put(fwnode);

	list_add_tail(&kid.entry, &root.children);
	fwnode = micro_fwnode_create(&root, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(fwnode));
	KUNIT_EXPECT_FALSE(test, fwnode_property_present(fwnode, "compatible"));
	fwnode_handle_put(fwnode);
}

static struct kunit_case micro_property_cases[] = {
	KUNIT_CASE(name_every_character),
	KUNIT_CASE(name_length),
	KUNIT_CASE(type_names),
	KUNIT_CASE(value_good),
	KUNIT_CASE(value_bad),
	KUNIT_CASE(value_nul),
	KUNIT_CASE(value_length),
	KUNIT_CASE(value_width),
	{ }
};

static struct kunit_suite micro_property_suite = {
	.name = "micro_property",
	.test_cases = micro_property_cases,
};

static struct kunit_case micro_fwnode_cases[] = {
	KUNIT_CASE(node_reads),
	KUNIT_CASE(node_arrays),
	KUNIT_CASE(node_children),
	KUNIT_CASE(node_named),
	KUNIT_CASE(node_references),
	KUNIT_CASE(node_match_data),
	KUNIT_CASE(node_is_a_copy),
	KUNIT_CASE(node_of_nothing),
	{ }
};

static struct kunit_suite micro_fwnode_suite = {
	.name = "micro_fwnode",
	.init = tree_init,
	.exit = tree_exit,
	.test_cases = micro_fwnode_cases,
};

kunit_test_suites(&micro_property_suite, &micro_fwnode_suite);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("KUnit tests of property values and firmware nodes");
MODULE_LICENSE("GPL");
