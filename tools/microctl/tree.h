/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device trees: nodes and properties, wherever they come from
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_TREE_H
#define _MICROCTL_TREE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct tree_property - a property
 * @name: its name
 * @bytes: its value
 * @len: bytes there
 * @types: bits, 1 << enum type, of all types in its source; 0 if that is unknown
 * @reference: the label of a node that it refers to, "" for one without; or NULL
 */
struct tree_property {
	const char *name;
	const char *bytes;
	size_t len;
	unsigned int types;
	const char *reference;
};

/**
 * struct tree_node - a node
 * @name: its name
 * @properties: its properties
 * @property_count: so many
 * @children: its child nodes
 * @child_count: so many
 * @mixed: more than one fragment added to it
 */
struct tree_node {
	const char *name;
	struct tree_property *properties;
	size_t property_count;
	struct tree_node **children;
	size_t child_count;
	bool mixed;
};

struct tree_node *tree_add_child(struct tree_node *node, const char *name);
struct tree_property *tree_add_property(struct tree_node *node, const char *name);
struct tree_property *tree_property(const struct tree_node *node, const char *name);
struct tree_node *tree_child(const struct tree_node *node, const char *name);
struct tree_node *tree_walk(struct tree_node *node, const char *path, size_t len);
const char *tree_string(const struct tree_node *node, const char *name);

#endif /* _MICROCTL_TREE_H */
