// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command that writes an overlay: save
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "configfs.h"
#include "declare.h"
#include "memory.h"
#include "names.h"
#include "source.h"
#include "sysfs.h"

/* dtc's parser has a stack for fewer than 10,000 nodes in one */
#define BUS_SIZE	1000
#define NODE_NAME_CUT	(NODE_NAME_MAX - 8)	/* with room for a number */
#define NOT_IN_NODES	":@"	/* what devices' names have, and nodes' have not */

#define bad(device, property, ...) do {						\
	const struct place _at = { "save", (device)->name };			\
										\
	say_at(&_at, property, __VA_ARGS__);					\
} while (0)

static bool is_okay(const struct value *value)
{
	return value->type == TYPE_STRING && value->count == 1 &&
	       (!strcmp(value->strings, "okay") || !strcmp(value->strings, "ok"));
}

static bool check_property(const struct device *d, const struct property *p, bool own)
{
	static const char *const internal[] = { "phandle", "linux,phandle", "name" };
	const char *wrong = NULL;

	for (size_t i = 0; i < sizeof(internal) / sizeof(*internal); i++)
		if (!strcmp(p->name, internal[i]))
			wrong = "a device tree has this name for itself";
	if (strchr(p->name, '@'))
		wrong = "in a device tree, the name of a property has no '@'";
	if (!strcmp(p->name, "status") && (!is_okay(&p->value) || (own && !d->live)))
		wrong = "in a device tree, it says that there is no such device or node";
	if (own && !strcmp(p->name, "label") &&
	    (p->value.type != TYPE_STRING || p->value.count != 1 ||
	     strcmp(p->value.strings, d->name)))
		wrong = "in a device tree, it is the name of the device";
	if (own && !strcmp(p->name, OFF_PROPERTY))
		wrong = "in a device tree, it says that the device is off";
	if (wrong)
		bad(d, p->name, "%s; rename it, or remove it", wrong);
	return !wrong;
}

/* Can the source of a device tree have all this? Says what it cannot */
static bool check_node(const struct device *d, const struct node *node, bool own)
{
	const char *name, *at;
	bool good = true;

	for (size_t i = 0; i < node->property_count; i++)
		good = check_property(d, &node->properties[i], own) && good;
	for (size_t i = 0; i < node->child_count; i++) {
		name = node->children[i].name;
		at = strchr(name, '@');
		if (at && (at == name || !at[1] || strchr(at + 1, '@'))) {
			bad(d, NULL,
			    "child node '%s': in a device tree, one '@' is between name and address; rename it",
			    name);
			good = false;
		}
		if (strpbrk(name, "#?")) {
			bad(d, NULL,
			    "child node '%s': in a device tree, the name of a node has no '#' or '?'; rename it",
			    name);
			good = false;
		}
		good = check_node(d, &node->children[i], false) && good;
	}
	return good;
}

static int compare_node_names(const void *a, const void *b)
{
	/* overlays at run time do not tell upper and lower case */
	return strcasecmp(a, b);
}

/* fifo.1 with reg = <1> is fifo@1, as people write it */
static char *name_with_address(const struct device *d)
{
	const struct property *reg = node_property(&d->root, "reg");
	const char *dot = strrchr(d->name, '.');
	char address[20], *name;

	if (!reg || reg->value.type != TYPE_U32 || !dot)
		return NULL;
	snprintf(address, sizeof(address), "%" PRIx64, reg->value.numbers[0]);
	if (strcmp(dot + 1, address))
		return NULL;
	name = copy_string(d->name);
	name[dot - d->name] = '@';
	return name;
}

/*
 * The node's name says the device's, where it can. Where it cannot, in characters
 * or length, a label does, and the name is anything that is not taken.
 */
static const char *choose_name(struct device *d, void **taken)
{
	struct property label = { .name = "label" };
	char *name = name_with_address(d) ?: copy_string(d->name);
	char **found;

	if (strcspn(d->name, NOT_IN_NODES) == strlen(d->name) &&
	    strcspn(name, "@") <= NODE_NAME_MAX) {
		found = tsearch(name, taken, compare_node_names);
		if (found && *found == name)
			return name;
	}

	if (!node_property(&d->root, "label")) {
		struct node *root = &d->root;
		const struct property *others = root->properties;
		size_t count = root->property_count, i;

		label.value.type = TYPE_STRING;
		label.value.count = 1;
		label.value.strings = (char *)d->name;
		label.value.size = strlen(d->name) + 1;
		root->properties = NULL;
		root->property_count = 0;
		/* where it is when it is read back */
		for (i = 0; i < count && strcmp(others[i].name, label.name) < 0; i++)
			*node_add_property(root, others[i].name) = others[i];
		*node_add_property(root, label.name) = label;
		for (; i < count; i++)
			*node_add_property(root, others[i].name) = others[i];
	}
	name = copy_string(d->name);
	for (char *c = name; *c; c++)
		if (strchr(NOT_IN_NODES, *c))
			*c = '-';
	if (strlen(name) > NODE_NAME_CUT)
		name[NODE_NAME_CUT] = '\0';
	/* what is behind a dot does not matter to drivers */
	for (size_t i = 1; ; i++) {
		found = tsearch(name, taken, compare_node_names);
		if (!found)
			die(STATUS_SYSTEM, "out of memory");
		if (*found == name)
			return name;
		name = format("%.*s.%zu", NODE_NAME_CUT, name, i);
	}
}

static void print_bus(const struct devices *list, size_t from, const char **names)
{
	size_t to = from + BUS_SIZE < list->count ? from + BUS_SIZE : list->count;

	printf("%s\tmicro-%zu {\n", from ? "\n" : "", from / BUS_SIZE);
	printf("\t\tcompatible = \"%s\";\n\t\t#address-cells = <1>;\n\t\t#size-cells = <0>;\n",
	       BUS_COMPATIBLE);
	for (size_t i = from; i < to; i++) {
		putchar('\n');
		source_device(0, 2, names[i], list->all[i]);
	}
	puts("\t};");
}

static bool find_devices(struct devices *list, int argc, char **argv)
{
	struct names names = { 0 };
	struct device *d;
	bool good = true;

	if (optind == argc) {
		if (configfs_list(".", &names))
			die(STATUS_SYSTEM, "cannot list %s: %s", CONFIGFS_MICRO, strerror(errno));
		for (size_t i = 0; i < names.count; i++) {
			d = configfs_device(names.all[i]);
			if (d)
				devices_add(list, d);
		}
	}
	for (int i = optind; i < argc; i++) {
		d = find_device(argv[i]);
		if (d && d->origin == ORIGIN_CONFIGFS) {
			devices_add(list, d);
			continue;
		}
		if (d)
			say("device '%s' is not in configfs: the firmware or a module made it",
			    argv[i]);
		else
			say("there is no device '%s'", argv[i]);
		good = false;
	}
	devices_sort(list);
	return good;
}

int command_save(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct devices list = { 0 };
	void *taken = NULL;
	const char **names;
	struct device *d;
	bool good;

	next_option(argc, argv, ":h", options);
	configfs_open(false);
	good = find_devices(&list, argc, argv);
	for_each_device(d, &list)
		good = check_node(d, &d->root, true) && good;
	if (!good)
		return STATUS_NO;

	names = get_memory((list.count + 1) * sizeof(*names));
	for (size_t i = 0; i < list.count; i++) {
		if (i % BUS_SIZE == 0)
			taken = NULL;
		names[i] = choose_name(list.all[i], &taken);
	}
	puts("/dts-v1/;\n/plugin/;\n\n&{/} {");
	for (size_t i = 0; !i || i < list.count; i += BUS_SIZE)
		print_bus(&list, i, names);
	puts("};");
	return STATUS_OK;
}
