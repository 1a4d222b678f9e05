// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device trees as they are in files
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <libfdt.h>
#include <string.h>

#include "file.h"
#include "memory.h"
#include "message.h"
#include "tree.h"

#define MAGIC_SIZE	4
#define DEPTH_MAX_TREE	64	/* of nodes; the kernel's limit, too */

struct tree_node *tree_add_child(struct tree_node *node, const char *name)
{
	struct tree_node *child = get_memory(sizeof(*child));

	child->name = name;
	node->children = grow(node->children, node->child_count, sizeof(child));
	node->children[node->child_count++] = child;
	return child;
}

/* The array may move: what was returned before is good only until the next one */
struct tree_property *tree_add_property(struct tree_node *node, const char *name)
{
	struct tree_property *p;

	node->properties = grow(node->properties, node->property_count, sizeof(*p));
	p = &node->properties[node->property_count++];
	*p = (struct tree_property){ .name = name };
	return p;
}

struct tree_property *tree_property(const struct tree_node *node, const char *name)
{
	for (size_t i = 0; i < node->property_count; i++)
		if (!strcmp(node->properties[i].name, name))
			return &node->properties[i];
	return NULL;
}

struct tree_node *tree_child(const struct tree_node *node, const char *name)
{
	for (size_t i = 0; i < node->child_count; i++)
		if (!strcmp(node->children[i]->name, name))
			return node->children[i];
	return NULL;
}

/* @len bytes of @path, from @node on; NULL when there is no such node */
struct tree_node *tree_walk(struct tree_node *node, const char *path, size_t len)
{
	const char *end = path + len;
	size_t part;

	while (node && path < end) {
		path += strspn(path, "/");
		if (path >= end)
			break;
		part = strcspn(path, "/");
		if (part > (size_t)(end - path))
			part = end - path;
		node = tree_child(node, strndupa(path, part));
		path += part;
	}
	return node;
}

/* The first string of a property, or NULL */
const char *tree_string(const struct tree_node *node, const char *name)
{
	const struct tree_property *p = tree_property(node, name);

	return p && p->len && !p->bytes[p->len - 1] ? p->bytes : NULL;
}

static void read_properties(const void *blob, int offset, struct tree_node *node)
{
	struct tree_property *p;
	const char *name;
	int at, len;

	fdt_for_each_property_offset(at, blob, offset) {
		const void *bytes = fdt_getprop_by_offset(blob, at, &name, &len);

		if (!bytes)
			continue;
		p = tree_add_property(node, name);
		p->bytes = bytes;
		p->len = len;
	}
}

/* @blob has to stay as long as @root. Says what is wrong, and returns false then */
bool tree_read_blob(const char *file, const void *blob, size_t size, struct tree_node *root)
{
	struct tree_node *parents[DEPTH_MAX_TREE + 1] = { root };
	const struct place at = { .file = file };
	int offset = 0, depth = 0, err;
	struct tree_node *node;

	err = fdt_check_full(blob, size);
	if (err) {
		say_at(&at, NULL, "not a device tree, or a damaged one: %s", fdt_strerror(err));
		return false;
	}
	/* one pass, as finding a parent or a path would start at the root each time */
	while (offset >= 0 && depth >= 0) {
		if (depth > DEPTH_MAX_TREE) {
			say_at(&at, NULL, "its nodes are nested more than %d levels deep",
			       DEPTH_MAX_TREE);
			return false;
		}
		node = root;
		if (depth)
			node = tree_add_child(parents[depth - 1], fdt_get_name(blob, offset, NULL));
		parents[depth] = node;
		read_properties(blob, offset, node);
		offset = fdt_next_node(blob, offset, &depth);
	}
	return true;
}

static bool is_blob(const struct content *content)
{
	return content->size >= MAGIC_SIZE && fdt_magic(content->bytes) == FDT_MAGIC;
}

static bool is_source(const char *file)
{
	const char *dot = strrchr(file, '.');

	return !strcmp(file, "-") || (dot && (!strcmp(dot, ".dts") || !strcmp(dot, ".dtso")));
}

/* Both were made from one source; only @blob may have nodes that @root has not */
static bool take_bytes(struct tree_node *root, const struct tree_node *blob)
{
	const struct tree_property *p;
	const struct tree_node *child;

	for (size_t i = 0; i < root->property_count; i++) {
		p = tree_property(blob, root->properties[i].name);
		if (!p)
			return false;
		root->properties[i].bytes = p->bytes;
		root->properties[i].len = p->len;
	}
	for (size_t i = 0; i < root->child_count; i++) {
		child = tree_child(blob, root->children[i]->name);
		if (!child || !take_bytes(root->children[i], child))
			return false;
	}
	return true;
}

/*
 * dtc's source tells types, a blob does not. But what dtc 1.6.1 writes for bytes
 * over 127 in a string may be read in two ways; then the blob has the bytes.
 */
static bool read_source(const char *file, const struct content *source, struct tree_node *root)
{
	const struct place at = { .file = file };
	struct tree_node bytes = { .name = "" };
	struct content blob, dts;
	bool good;

	if (!compile_source(file, source, "dts", &dts))
		return false;
	good = tree_read_dts(root, dts.bytes);
	if (good && strstr(dts.bytes, "\\xffffff"))
		good = compile_source(file, source, "dtb", &blob) &&
		       tree_read_blob(file, blob.bytes, blob.size, &bytes) &&
		       take_bytes(root, &bytes);
	if (!good)
		say_at(&at, NULL,
		       "cannot understand what dtc makes of it: compile it, and use the blob");
	return good;
}

/* Any of .dts, .dtso, .dtb and .dtbo. Says what is wrong, and returns false then */
bool tree_read(const char *file, struct tree_node *root)
{
	const struct place at = { .file = file };
	struct content content;

	*root = (struct tree_node){ .name = "" };
	if (!file_read(file, &content))
		return false;
	if (is_blob(&content))
		return tree_read_blob(file, content.bytes, content.size, root);
	if (is_source(file))
		return read_source(file, &content, root);
	say_at(&at, NULL,
	       "not a device tree: neither a blob (.dtb, .dtbo) nor, by its name, a source (.dts, .dtso)");
	return false;
}
