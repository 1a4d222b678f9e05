/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Properties and nodes that a user makes, before they become firmware nodes
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_PROPERTY_H
#define _MICRO_PROPERTY_H

#include <linux/list.h>
#include <linux/types.h>

#define MICRO_PROP_NAME_MAX	31	/* characters, as in a device tree */
#define MICRO_PROP_TEXT_MAX	4094	/* bytes; configfs cuts longer writes at one more */

struct fwnode_handle;
struct micro_compat;

/**
 * enum micro_prop_type - what a property holds
 * @MICRO_PROP_BOOL: nothing: it is there, or not
 * @MICRO_PROP_U8: numbers
 * @MICRO_PROP_U16: numbers
 * @MICRO_PROP_U32: numbers
 * @MICRO_PROP_U64: numbers
 * @MICRO_PROP_STRING: strings
 */
enum micro_prop_type {
	MICRO_PROP_BOOL,
	MICRO_PROP_U8,
	MICRO_PROP_U16,
	MICRO_PROP_U32,
	MICRO_PROP_U64,
	MICRO_PROP_STRING,
};

/**
 * struct micro_value - the value of a property
 * @type: its type
 * @count: how many numbers or strings
 * @data: the numbers in the CPU's byte order, or the strings, each with its NUL
 */
struct micro_value {
	enum micro_prop_type type;
	size_t count;
	void *data;
};

/**
 * struct micro_prop - a property
 * @name: its name
 * @value: its value; @value.data is allocated
 * @entry: in micro_node.props
 */
struct micro_prop {
	const char *name;
	struct micro_value value;
	struct list_head entry;
};

/**
 * struct micro_node - a firmware node in the making
 * @name: its name
 * @props: its properties, in the order in which they were made
 * @children: its child nodes, likewise
 * @entry: in the @children of its parent
 */
struct micro_node {
	const char *name;
	struct list_head props;
	struct list_head children;
	struct list_head entry;
};

static inline void micro_node_init(struct micro_node *node, const char *name)
{
	node->name = name;
	INIT_LIST_HEAD(&node->props);
	INIT_LIST_HEAD(&node->children);
	INIT_LIST_HEAD(&node->entry);
}

bool micro_prop_name_valid(const char *name);
const char *micro_prop_type_name(enum micro_prop_type type);
int micro_value_parse(struct micro_value *value, enum micro_prop_type type,
		      const char *text, size_t len);
int micro_value_copy(struct micro_value *to, const struct micro_value *from);
int micro_value_read(const struct micro_value *value, unsigned int width,
		     void *to, size_t count);
ssize_t micro_value_format(const struct micro_value *value, char *page);

struct fwnode_handle *micro_fwnode_create(const struct micro_node *root,
					  const struct micro_compat *compat);

#endif /* _MICRO_PROPERTY_H */
