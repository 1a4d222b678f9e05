// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device trees: nodes and properties, wherever they come from
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <string.h>

#include "memory.h"
#include "tree.h"

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

static struct tree_node *find_child(const struct tree_node *node, const char *name, size_t len)
{
	const char *child;

	for (size_t i = 0; i < node->child_count; i++) {
		child = node->children[i]->name;
		if (!strncmp(child, name, len) && !child[len])
			return node->children[i];
	}
	return NULL;
}

struct tree_node *tree_child(const struct tree_node *node, const char *name)
{
	return find_child(node, name, strlen(name));
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
		node = find_child(node, path, part);
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
