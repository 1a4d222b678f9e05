// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software nodes: what a driver reads through the property API
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/err.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "compat.h"
#include "match.h"
#include "property.h"

/**
 * DOC: Software nodes
 *
 * The tree that a user has made becomes a tree of software nodes when the device
 * is bound: a copy, so that the user may remove directories (which configfs
 * can't refuse) while the driver uses it. The idea is gpio-sim's.
 */

/**
 * struct micro_swnode - the software nodes of one device
 * @aside: see micro_swnode_create()
 * @count: how many are registered
 * @nodes: parents before their children; the first is the device's
 */
struct micro_swnode {
	struct micro_swnode *aside;
	size_t count;
	struct software_node nodes[];
};

/* A property_entry with an array; the driver core has macros for constants only */
static int micro_entry_fill(struct property_entry *entry, const char *name,
			    const struct micro_value *value)
{
	const char *s = value->data;
	const char **strings;
	size_t i;

	switch (value->type) {
	case MICRO_PROP_BOOL:
		*entry = PROPERTY_ENTRY_BOOL(name);
		return 0;
	case MICRO_PROP_U8:
		*entry = PROPERTY_ENTRY_U8_ARRAY_LEN(name, (u8 *)value->data, value->count);
		return 0;
	case MICRO_PROP_U16:
		*entry = PROPERTY_ENTRY_U16_ARRAY_LEN(name, (u16 *)value->data, value->count);
		return 0;
	case MICRO_PROP_U32:
		*entry = PROPERTY_ENTRY_U32_ARRAY_LEN(name, (u32 *)value->data, value->count);
		return 0;
	case MICRO_PROP_U64:
		*entry = PROPERTY_ENTRY_U64_ARRAY_LEN(name, (u64 *)value->data, value->count);
		return 0;
	case MICRO_PROP_STRING:
		strings = kcalloc(value->count, sizeof(*strings), GFP_KERNEL);
		if (!strings)
			return -ENOMEM;
		for (i = 0; i < value->count; i++, s += strlen(s) + 1)
			strings[i] = s;
		*entry = PROPERTY_ENTRY_STRING_ARRAY_LEN(name, strings, value->count);
		return 0;
	}
	return -EINVAL;
}

static int micro_entries_fill(struct property_entry *entry, const struct micro_node *node,
			      const struct micro_compat *compat)
{
	const struct micro_prop *prop;
	int err;

	if (compat) {
		struct micro_value value = { .type = MICRO_PROP_STRING };
		const char *s;

		value.data = (void *)compat->strings;
		micro_compat_for_each(s, compat)
			value.count++;
		err = micro_entry_fill(entry++, "compatible", &value);
		if (err)
			return err;
	}
	list_for_each_entry(prop, &node->props, entry) {
		err = micro_entry_fill(entry++, prop->name, &prop->value);
		if (err)
			return err;
	}
	return 0;
}

static struct property_entry *micro_entries_create(const struct micro_node *node,
						   const struct micro_compat *compat)
{
	struct property_entry *entries, *copy, *entry;
	const struct micro_prop *prop;
	size_t count = !!compat + 1;
	int err;

	list_for_each_entry(prop, &node->props, entry)
		count++;

	entries = kcalloc(count, sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return ERR_PTR(-ENOMEM);

	err = micro_entries_fill(entries, node, compat);
	copy = err ? ERR_PTR(err) : property_entries_dup(entries);

	for (entry = entries; entry->name; entry++)
		if (entry->type == DEV_PROP_STRING)
			kfree(entry->pointer);
	kfree(entries);
	return copy;
}

static size_t micro_node_count(const struct micro_node *node)
{
	const struct micro_node *child;
	size_t count = 1;

	list_for_each_entry(child, &node->children, entry)
		count += micro_node_count(child);
	return count;
}

/* The depth, and with it the stack, is limited by who builds the tree */
static int micro_swnode_add(struct micro_swnode *s, const struct micro_node *node,
			    const struct micro_compat *compat,
			    const struct software_node *parent)
{
	struct software_node *sw = &s->nodes[s->count];
	const struct micro_node *child;
	struct property_entry *entries;
	int err;

	entries = micro_entries_create(node, compat);
	if (IS_ERR(entries))
		return PTR_ERR(entries);

	sw->parent = parent;
	sw->properties = entries;
	sw->name = node->name ? kstrdup(node->name, GFP_KERNEL) : NULL;
	err = node->name && !sw->name ? -ENOMEM : software_node_register(sw);
	if (err) {
		kfree(sw->name);
		property_entries_free(entries);
		return err;
	}
	s->count++;

	list_for_each_entry(child, &node->children, entry) {
		err = micro_swnode_add(s, child, NULL, sw);
		if (err)
			return err;
	}
	return 0;
}

static void micro_swnode_unregister(struct micro_swnode *s)
{
	while (s->count) {
		struct software_node *sw = &s->nodes[--s->count];

		software_node_unregister(sw);
		property_entries_free(sw->properties);
		kfree(sw->name);
	}
}

/**
 * micro_swnode_destroy() - unregister the software nodes of a device
 * @s: what micro_swnode_create() made, or NULL
 *
 * Context: may sleep.
 */
void micro_swnode_destroy(struct micro_swnode *s)
{
	if (s)
		micro_swnode_unregister(s);
	kfree(s);
}

/**
 * micro_swnode_create() - make software nodes of a user's tree
 * @root: the device's node
 * @compat: becomes the device's property "compatible"; may be NULL
 *
 * Context: may sleep; the caller keeps the tree as it is meanwhile.
 * Return: the nodes, NULL when there is nothing to say, ERR_PTR(-ENOMEM).
 */
struct micro_swnode *micro_swnode_create(const struct micro_node *root,
					 const struct micro_compat *compat)
{
	struct micro_swnode *s, *aside = NULL;
	int err;

	if (!compat && list_empty(&root->props) && list_empty(&root->children))
		return NULL;

	/*
	 * The driver core knows nodes by their address, and may do so for some
	 * time after they were unregistered. Then it says -EEXIST, and we hold
	 * on to that memory until we have found another piece.
	 */
	for (;;) {
		s = kzalloc(struct_size(s, nodes, micro_node_count(root)), GFP_KERNEL);
		err = s ? micro_swnode_add(s, root, compat, NULL) : -ENOMEM;
		if (err != -EEXIST)
			break;
		micro_swnode_unregister(s);
		s->aside = aside;
		aside = s;
	}
	while (aside) {
		struct micro_swnode *next = aside->aside;

		kfree(aside);
		aside = next;
	}

	if (err) {
		micro_swnode_destroy(s);
		return ERR_PTR(err);
	}
	return s;
}

/**
 * micro_swnode_fwnode() - the firmware node for a device
 * @s: what micro_swnode_create() made, or NULL
 *
 * Context: any.
 */
struct fwnode_handle *micro_swnode_fwnode(const struct micro_swnode *s)
{
	return s ? software_node_fwnode(&s->nodes[0]) : NULL;
}
