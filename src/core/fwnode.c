// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware nodes: what a driver reads of a device that a user made
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/err.h>
#include <linux/fwnode.h>
#include <linux/kref.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "compat.h"
#include "match.h"
#include "property.h"

/**
 * DOC: Firmware nodes
 *
 * The tree that a user has made in configfs becomes a tree of firmware nodes
 * when the device is bound: a copy, so that the user may remove directories
 * (which configfs can't refuse) while the driver uses it. That is gpio-sim's
 * idea, which has the kernel's software nodes for it.
 *
 * Software nodes trust who made them: they copy the bytes of a number out as a
 * string's address if the driver asks for a string. Here a user chooses the
 * type. So these nodes have operations of their own, which check it, and answer
 * as ACPI's do: numbers of any width if the value fits (else -EOVERFLOW),
 * -EPROTO for the wrong kind.
 */

/**
 * struct micro_fwnode - a node
 * @fwnode: what drivers see
 * @node: its name, properties and child nodes
 * @parent: NULL for the device's own
 * @tree: what it belongs to
 */
struct micro_fwnode {
	struct fwnode_handle fwnode;
	struct micro_node node;
	struct micro_fwnode *parent;
	struct micro_fwtree *tree;
};

/**
 * struct micro_fwtree - the nodes of one device
 * @ref: references to any of them
 * @root: the device's own node
 */
struct micro_fwtree {
	struct kref ref;
	struct micro_fwnode root;
};

static struct micro_fwnode *to_micro_fwnode(const struct fwnode_handle *fwnode)
{
	return container_of(fwnode, struct micro_fwnode, fwnode);
}

static void micro_fwnode_clear(struct micro_fwnode *n)
{
	struct micro_fwnode *child, *next_child;
	struct micro_prop *prop, *next_prop;

	list_for_each_entry_safe(child, next_child, &n->node.children, node.entry) {
		micro_fwnode_clear(child);
		kfree(child);
	}
	list_for_each_entry_safe(prop, next_prop, &n->node.props, entry) {
		kfree(prop->value.data);
		kfree(prop->name);
		kfree(prop);
	}
	kfree(n->node.name);
}

static void micro_fwtree_release(struct kref *ref)
{
	struct micro_fwtree *tree = container_of(ref, struct micro_fwtree, ref);

	micro_fwnode_clear(&tree->root);
	kfree(tree);
}

static struct fwnode_handle *micro_fwnode_get(struct fwnode_handle *fwnode)
{
	kref_get(&to_micro_fwnode(fwnode)->tree->ref);
	return fwnode;
}

static void micro_fwnode_put(struct fwnode_handle *fwnode)
{
	kref_put(&to_micro_fwnode(fwnode)->tree->ref, micro_fwtree_release);
}

static const struct micro_value *micro_fwnode_value(const struct fwnode_handle *fwnode,
						    const char *name)
{
	const struct micro_prop *prop;

	list_for_each_entry(prop, &to_micro_fwnode(fwnode)->node.props, entry)
		if (!strcmp(prop->name, name))
			return &prop->value;
	return NULL;
}

static bool micro_fwnode_present(const struct fwnode_handle *fwnode, const char *name)
{
	return micro_fwnode_value(fwnode, name);
}

static int micro_fwnode_read_ints(const struct fwnode_handle *fwnode, const char *name,
				  unsigned int width, void *val, size_t nval)
{
	const struct micro_value *value = micro_fwnode_value(fwnode, name);

	if (!value)
		return -EINVAL;
	if (value->type == MICRO_PROP_BOOL)
		return -ENODATA;
	if (value->type == MICRO_PROP_STRING)
		return -EPROTO;
	if (!val)
		return value->count;
	if (nval > value->count)
		return -EOVERFLOW;
	return micro_value_read(value, width, val, nval);
}

static int micro_fwnode_read_strings(const struct fwnode_handle *fwnode,
				     const char *name, const char **val, size_t nval)
{
	const struct micro_value *value = micro_fwnode_value(fwnode, name);
	const char *s;
	size_t i;

	if (!value)
		return -EINVAL;
	if (value->type == MICRO_PROP_BOOL)
		return -ENODATA;
	if (value->type != MICRO_PROP_STRING)
		return -EPROTO;
	if (!val)
		return value->count;

	nval = min(nval, value->count);
	s = value->data;
	for (i = 0; i < nval; i++, s += strlen(s) + 1)
		val[i] = s;
	return nval;
}

static const char *micro_fwnode_name(const struct fwnode_handle *fwnode)
{
	return to_micro_fwnode(fwnode)->node.name;
}

static const char *micro_fwnode_prefix(const struct fwnode_handle *fwnode)
{
	return to_micro_fwnode(fwnode)->parent ? "/" : "";
}

static struct fwnode_handle *micro_fwnode_parent(const struct fwnode_handle *fwnode)
{
	struct micro_fwnode *parent = to_micro_fwnode(fwnode)->parent;

	return parent ? micro_fwnode_get(&parent->fwnode) : NULL;
}

/* As other nodes that have nothing to refer to */
static int micro_fwnode_reference(const struct fwnode_handle *fwnode, const char *name,
				  const char *nargs_name, unsigned int nargs,
				  unsigned int index, struct fwnode_reference_args *args)
{
	return micro_fwnode_value(fwnode, name) ? -EINVAL : -ENOENT;
}

/* Takes over the reference to @child, as the other kinds of nodes do */
static struct fwnode_handle *micro_fwnode_next(const struct fwnode_handle *fwnode,
					       struct fwnode_handle *child)
{
	struct micro_fwnode *n = to_micro_fwnode(fwnode);
	struct list_head *next;

	next = child ? to_micro_fwnode(child)->node.entry.next : n->node.children.next;
	if (next == &n->node.children) {
		if (child)
			micro_fwnode_put(child);
		return NULL;
	}
	if (!child)
		kref_get(&n->tree->ref);
	return &list_entry(next, struct micro_fwnode, node.entry)->fwnode;
}

/* With or without its unit address: device trees look for nodes without */
static bool micro_fwnode_is_called(const struct micro_fwnode *n, const char *name)
{
	size_t len = strcspn(n->node.name, "@");

	return !strcmp(n->node.name, name) ||
	       (strlen(name) == len && !memcmp(n->node.name, name, len));
}

static struct fwnode_handle *micro_fwnode_named(const struct fwnode_handle *fwnode,
						const char *name)
{
	struct micro_fwnode *child;

	list_for_each_entry(child, &to_micro_fwnode(fwnode)->node.children, node.entry)
		if (micro_fwnode_is_called(child, name))
			return micro_fwnode_get(&child->fwnode);
	return NULL;
}

/* @dev need not be ours: drivers hand their nodes on to devices of other buses */
static const void *micro_fwnode_match_data(const struct fwnode_handle *fwnode,
					   const struct device *dev)
{
	const struct micro_value *value = micro_fwnode_value(fwnode, "compatible");
	const struct of_device_id *ids = dev->driver ? dev->driver->of_match_table : NULL;
	const struct of_device_id *id;
	const char *s;
	size_t i;

	if (!ids || !value || value->type != MICRO_PROP_STRING)
		return NULL;
	s = value->data;
	for (i = 0; i < value->count; i++, s += strlen(s) + 1) {
		id = micro_string_match(s, ids);
		if (id)
			return id->data;
	}
	return NULL;
}

static const struct fwnode_operations micro_fwnode_ops = {
	.get = micro_fwnode_get,
	.put = micro_fwnode_put,
	.device_get_match_data = micro_fwnode_match_data,
	.property_present = micro_fwnode_present,
	micro_property_read_bool(micro_fwnode_present)
	.property_read_int_array = micro_fwnode_read_ints,
	.property_read_string_array = micro_fwnode_read_strings,
	.get_name = micro_fwnode_name,
	.get_name_prefix = micro_fwnode_prefix,
	.get_parent = micro_fwnode_parent,
	.get_next_child_node = micro_fwnode_next,
	.get_named_child_node = micro_fwnode_named,
	.get_reference_args = micro_fwnode_reference,
};

static int micro_fwnode_add_prop(struct micro_fwnode *n, const char *name,
				 const struct micro_value *value)
{
	struct micro_prop *prop = kzalloc(sizeof(*prop), GFP_KERNEL);

	if (!prop)
		return -ENOMEM;

	list_add_tail(&prop->entry, &n->node.props);
	prop->name = kstrdup(name, GFP_KERNEL);
	return prop->name ? micro_value_copy(&prop->value, value) : -ENOMEM;
}

/* The depth, and with it the stack, is limited by who builds the tree */
static int micro_fwnode_fill(struct micro_fwnode *n, const struct micro_node *from)
{
	const struct micro_node *from_child;
	const struct micro_prop *prop;
	struct micro_fwnode *child;
	int err;

	n->node.name = kstrdup(from->name, GFP_KERNEL);
	if (!n->node.name)
		return -ENOMEM;

	list_for_each_entry(prop, &from->props, entry) {
		err = micro_fwnode_add_prop(n, prop->name, &prop->value);
		if (err)
			return err;
	}

	list_for_each_entry(from_child, &from->children, entry) {
		child = kzalloc(sizeof(*child), GFP_KERNEL);
		if (!child)
			return -ENOMEM;
		fwnode_init(&child->fwnode, &micro_fwnode_ops);
		micro_node_init(&child->node, NULL);
		child->parent = n;
		child->tree = n->tree;
		list_add_tail(&child->node.entry, &n->node.children);

		err = micro_fwnode_fill(child, from_child);
		if (err)
			return err;
	}
	return 0;
}

static int micro_fwnode_add_compat(struct micro_fwnode *n, const struct micro_compat *compat)
{
	struct micro_value value = {
		.type = MICRO_PROP_STRING,
		.data = (void *)compat->strings,
	};
	const char *s;

	micro_compat_for_each(s, compat)
		value.count++;
	return micro_fwnode_add_prop(n, "compatible", &value);
}

/**
 * micro_fwnode_create() - make firmware nodes of a user's tree
 * @root: the device's node
 * @compat: becomes the device's property "compatible"; may be NULL
 *
 * Context: may sleep; the caller keeps the tree as it is meanwhile.
 * Return: the device's node, for fwnode_handle_put(); NULL when there is nothing
 * to say; ERR_PTR(-ENOMEM).
 */
struct fwnode_handle *micro_fwnode_create(const struct micro_node *root,
					  const struct micro_compat *compat)
{
	struct micro_fwtree *tree;
	int err = 0;

	if (!compat && list_empty(&root->props) && list_empty(&root->children))
		return NULL;

	tree = kzalloc(sizeof(*tree), GFP_KERNEL);
	if (!tree)
		return ERR_PTR(-ENOMEM);

	kref_init(&tree->ref);
	fwnode_init(&tree->root.fwnode, &micro_fwnode_ops);
	micro_node_init(&tree->root.node, NULL);
	tree->root.tree = tree;

	if (compat)
		err = micro_fwnode_add_compat(&tree->root, compat);
	if (!err)
		err = micro_fwnode_fill(&tree->root, root);
	if (err) {
		micro_fwnode_put(&tree->root.fwnode);
		return ERR_PTR(err);
	}
	return &tree->root.fwnode;
}
