// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices as source of a device tree
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "declare.h"
#include "source.h"

static void start_line(char sign, int depth)
{
	if (sign)
		putchar(sign);
	while (depth-- > 0)
		putchar('\t');
}

static void print_property(char sign, int depth, const struct property *p)
{
	start_line(sign, depth);
	fputs(p->name, stdout);
	if (p->value.type != TYPE_BOOL)
		fputs(" = ", stdout);
	value_print(stdout, &p->value);
	puts(";");
}

static void print_name(char sign, int depth, const char *name)
{
	start_line(sign, depth);
	printf("%s {\n", name);
}

static void print_end(char sign, int depth)
{
	start_line(sign, depth);
	puts("};");
}

/* An empty line before a child node, unless it is the first thing */
static void print_gap(char sign, bool gap)
{
	if (!gap)
		return;
	if (sign)
		putchar(sign);
	putchar('\n');
}

static void print_body(char sign, int depth, const struct node *node, bool gap)
{
	const struct node *child;

	for (size_t i = 0; i < node->property_count; i++)
		print_property(sign, depth, &node->properties[i]);
	gap = gap || node->property_count;
	for (size_t i = 0; i < node->child_count; i++) {
		child = &node->children[i];
		print_gap(sign, gap);
		gap = true;
		print_name(sign, depth, child->name);
		print_body(sign, depth + 1, child, false);
		print_end(sign, depth);
	}
}

/* What is not among the properties in configfs; returns true if there is something */
static bool print_head(char sign, int depth, const struct device *d)
{
	struct property compatible = {
		.name = "compatible",
		.value = {
			.type = TYPE_STRING,
			.strings = (char *)d->compatible,
			.size = d->compatible_size,
		},
	};

	if (d->compatible)
		print_property(sign, depth, &compatible);
	if (!d->live) {
		start_line(sign, depth);
		puts("status = \"disabled\";");
		start_line(sign, depth);
		puts(OFF_PROPERTY ";");
	}
	return d->compatible || !d->live;
}

/* As the node called @node; @sign goes before each line, if it is not 0 */
void source_device(char sign, int depth, const char *node, const struct device *d)
{
	bool head;

	print_name(sign, depth, node);
	head = print_head(sign, depth + 1, d);
	print_body(sign, depth + 1, &d->root, head);
	print_end(sign, depth);
}

static void print_changes(int depth, const struct node *want, const struct node *have)
{
	size_t in_order = node_in_order(want, have);
	const struct property *p, *old;
	const struct node *child, *old_child;

	for (size_t i = 0; i < have->property_count; i++) {
		old = &have->properties[i];
		p = node_property(want, old->name);
		print_property(p && value_same(&p->value, &old->value) ? ' ' : '-', depth, old);
		if (p && !value_same(&p->value, &old->value))
			print_property('+', depth, p);
	}
	for (size_t i = 0; i < want->property_count; i++)
		if (!node_property(have, want->properties[i].name))
			print_property('+', depth, &want->properties[i]);

	for (size_t i = 0; i < have->child_count; i++) {
		old_child = &have->children[i];
		child = node_staying(want, in_order, old_child->name);
		print_name(child ? ' ' : '-', depth, old_child->name);
		if (child)
			print_changes(depth + 1, child, old_child);
		else
			print_body('-', depth + 1, old_child, false);
		print_end(child ? ' ' : '-', depth);
	}
	for (size_t i = in_order; i < want->child_count; i++) {
		child = &want->children[i];
		print_name('+', depth, child->name);
		print_body('+', depth + 1, child, false);
		print_end('+', depth);
	}
}

/* The lines of a device that differ, among those that do not */
void source_change(const struct device *want, const struct device *have)
{
	struct device want_head = *want, have_head = *have;

	want_head.root = (struct node){ 0 };
	have_head.root = (struct node){ 0 };
	print_name(' ', 0, have->name);
	if (device_difference(&want_head, &have_head)) {
		print_head('-', 1, have);
		print_head('+', 1, want);
	} else {
		print_head(' ', 1, have);
	}
	print_changes(1, &want->root, &have->root);
	print_end(' ', 0);
}
