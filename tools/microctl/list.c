// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that show what there is: list, show, tree
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "configfs.h"
#include "devnode.h"
#include "json.h"
#include "memory.h"
#include "path.h"
#include "sysfs.h"

static const struct option json_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const char *node_path(const struct device *d)
{
	return *d->devnode ? format("/dev/%s", d->devnode) : "-";
}

/* Who opens one of these nodes does not get the device: that is no success */
static enum status check_nodes(const struct devices *list)
{
	enum status status = STATUS_OK;
	const char *fault;
	struct device *d;

	fflush(stdout);
	for_each_device(d, list) {
		/* twice, as it may have been about to go */
		fault = devnode_fault(d);
		d = fault ? find_device(d->name) : NULL;
		fault = d ? devnode_fault(d) : NULL;
		if (!fault)
			continue;
		say("%s: its node %s %s", d->name, node_path(d), fault);
		status = STATUS_NO;
	}
	return status;
}

/* The last column is there if one of them is a user driver's node */
static void print_table(const struct devices *list)
{
	static const char *const heads[] = { "NAME", "STATUS", "DRIVER", "NODE", "FROM", "SERVER" };
	enum { COLUMNS = sizeof(heads) / sizeof(*heads) };
	const char *(*rows)[COLUMNS] = get_memory((list->count + 1) * sizeof(*rows));
	int widths[COLUMNS] = { 0 };
	int columns = COLUMNS - 1;
	struct device *d;
	size_t row = 0;
	int len;

	memcpy(rows[row++], heads, sizeof(heads));
	for_each_device(d, list) {
		rows[row][0] = d->name;
		rows[row][1] = d->status;
		rows[row][2] = *d->driver ? d->driver : "-";
		rows[row][3] = node_path(d);
		rows[row][4] = origin_name(d->origin);
		rows[row++][5] = server_text(d->server);
		if (d->server)
			columns = COLUMNS;
	}
	for (size_t i = 0; i < row; i++) {
		for (int c = 0; c < COLUMNS; c++) {
			len = strlen(rows[i][c]);
			if (widths[c] < len)
				widths[c] = len;
		}
	}
	for (size_t i = 0; i < row; i++) {
		for (int c = 0; c < columns - 1; c++)
			printf("%-*s  ", widths[c], rows[i][c]);
		puts(rows[i][columns - 1]);
	}
}

int command_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "names", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	bool json = false, names = false;
	struct devices list = { 0 };
	struct device *d;
	int option;

	while ((option = next_option(argc, argv, ":h", options)) >= 0) {
		if (option == 'j')
			json = json_option(argv[0]);
		else
			names = true;
	}
	if (optind < argc)
		usage_error(argv[0], "it takes no names; \"microctl show\" does");

	configfs_open(false);
	if (names) {
		sysfs_names(&list);
		devices_sort(&list);
		for_each_device(d, &list)
			puts(d->name);
		return STATUS_OK;
	}
	find_all_devices(&list);
	if (json)
		json_print_devices(&list);
	else
		print_table(&list);
	return check_nodes(&list);
}

static void print_property(const struct property *p)
{
	fputs(p->name, stdout);
	if (p->value.type != TYPE_BOOL)
		fputs(" = ", stdout);
	value_print(stdout, &p->value);
	putchar('\n');
}

static void print_node(const struct node *node, int indent)
{
	for (size_t i = 0; i < node->property_count; i++) {
		printf("%*s", indent, "");
		print_property(&node->properties[i]);
	}
	for (size_t i = 0; i < node->child_count; i++) {
		printf("%*s%s\n", indent, "", node->children[i].name);
		print_node(&node->children[i], indent + 2);
	}
}

static void print_strings(const char *head, const char *strings, size_t size)
{
	const char *s;

	for_each_string(s, strings, strings + size) {
		printf("%s%s\n", head, s);
		head = "              ";
	}
}

static void print_device(const struct device *d)
{
	struct node properties = d->root, children = d->root;

	puts(d->name);
	printf("  status      %s\n", d->status);
	if (*d->driver)
		printf("  driver      %s\n", d->driver);
	if (*d->devnode)
		printf("  node        %s (%s)%s%s\n", node_path(d), d->dev,
		       devnode_fault(d) ? ", which " : "", devnode_fault(d) ?: "");
	printf("  from        %s\n", origin_name(d->origin));
	if (d->server)
		printf("  server      %s, %u sessions, %u lost\n", server_text(d->server),
		       d->server->sessions, d->server->lost);
	print_strings("  compatible  ", d->compatible, d->compatible_size);
	properties.child_count = 0;
	children.property_count = 0;
	if (properties.property_count)
		puts("  properties");
	print_node(&properties, 4);
	if (children.child_count)
		puts("  children");
	print_node(&children, 4);
}

static void print_branches(const struct node *node, struct path *prefix)
{
	size_t left = node->property_count + node->child_count;
	size_t end = prefix->len;

	for (size_t i = 0; i < node->property_count; i++) {
		printf("%s%s ", prefix->text, --left ? "|--" : "`--");
		print_property(&node->properties[i]);
	}
	for (size_t i = 0; i < node->child_count; i++) {
		printf("%s%s %s\n", prefix->text, --left ? "|--" : "`--", node->children[i].name);
		path_add(prefix, left ? "|   " : "    ");
		print_branches(&node->children[i], prefix);
		path_cut(prefix, end);
	}
}

static void print_tree(const struct device *d)
{
	struct path prefix = { .len = 0 };
	struct node node = d->root;
	struct property *p;

	printf("%s (%s", d->name, d->status);
	if (*d->driver)
		printf(", %s", d->driver);
	if (*d->devnode)
		printf(", %s", node_path(d));
	puts(")");
	if (d->compatible) {
		node.properties = get_memory((node.property_count + 1) * sizeof(*p));
		p = &node.properties[0];
		p->name = "compatible";
		p->value.type = TYPE_STRING;
		p->value.strings = (char *)d->compatible;
		p->value.size = d->compatible_size;
		if (node.property_count)
			memcpy(p + 1, d->root.properties, node.property_count * sizeof(*p));
		node.property_count++;
	}
	print_branches(&node, &prefix);
}

/* Those that are named; false if one is missing */
static bool find_named(struct devices *list, int argc, char **argv)
{
	struct device *d;
	bool all = true;

	for (int i = optind; i < argc; i++) {
		d = find_device(argv[i]);
		if (d) {
			devices_add(list, d);
		} else {
			say("there is no device '%s'", argv[i]);
			all = false;
		}
	}
	return all;
}

static int print_all(int argc, char **argv, void (*print)(const struct device *d), bool need_names)
{
	struct devices list = { 0 };
	bool json = false, all = true;
	struct device *d;

	while (next_option(argc, argv, ":h", json_options) >= 0)
		json = json_option(argv[0]);
	if (need_names && optind == argc)
		usage_error(argv[0], "it needs the name of a device");

	configfs_open(false);
	if (optind < argc)
		all = find_named(&list, argc, argv);
	else
		find_all_devices(&list);
	if (json)
		json_print_devices(&list);
	else
		for_each_device(d, &list)
			print(d);
	return check_nodes(&list) ?: all ? STATUS_OK : STATUS_NO;
}

int command_show(int argc, char **argv)
{
	return print_all(argc, argv, print_device, true);
}

int command_tree(int argc, char **argv)
{
	return print_all(argc, argv, print_tree, false);
}
