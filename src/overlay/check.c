// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overlays: can the kernel apply this one to the tree that it has?
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/of_fdt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "overlay.h"

/**
 * DOC: Checking overlays
 *
 * of_overlay_fdt_apply() finds most mistakes by itself, but two kinds it does
 * not survive:
 *
 * - It believes what an overlay says about places in itself (fix-ups), and
 *   reads the usual properties ("compatible", "status") as strings wherever
 *   they end.
 * - Where it fails after it has begun to write down the changes, nobody can
 *   take them back: of_overlay_remove() would revert changes that were never
 *   made. So an overlay stays behind that is neither applied nor gone, and
 *   other overlays cannot be removed any more.
 *
 * So what it would do is done here before, on a copy and without touching the
 * tree. Names are compared as it does: nodes without regard to case,
 * properties with it.
 */

/* Of all strings of "compatible" together, which uevents carry twice */
#define MICRO_COMPATIBLE_MAX	512

/**
 * struct micro_fragment - one part of an overlay
 * @target: the node of the kernel's tree that it changes
 * @overlay: the node with the changes
 */
struct micro_fragment {
	struct device_node *target;
	struct device_node *overlay;
};

/* Nodes of the overlay are not in the kernel's tree, so their lists need no lock */
#define for_each_child(parent, node) \
	for (node = (parent)->child; node; node = node->sibling)

static bool micro_is_one_of(const char *name, const char *const *names, size_t count)
{
	while (count--)
		if (!strcmp(name, names[count]))
			return true;
	return false;
}

static bool micro_is_string(const struct property *prop)
{
	const char *value = prop->value;

	return prop->length > 0 && !value[prop->length - 1];
}

static struct property *micro_find_property(const struct device_node *node, const char *name)
{
	struct property *prop;

	for_each_property_of_node(node, prop)
		if (!strcmp(prop->name, name))
			return prop;
	return NULL;
}

static struct device_node *micro_find_child(const struct device_node *node, const char *name)
{
	struct device_node *child;

	for_each_child(node, child)
		if (!strcasecmp(child->full_name, name))
			return child;
	return NULL;
}

/* The same in the kernel's tree; returns with a reference */
static struct device_node *micro_find_live(const struct device_node *node, const char *name)
{
	struct device_node *child;

	for_each_child_of_node(node, child)
		if (!strcasecmp(kbasename(child->full_name), name))
			return child;
	return NULL;
}

/* Properties that say who a node is, which the kernel leaves alone */
static bool micro_is_identity(const char *name)
{
	static const char *const names[] = { "name", "phandle", "linux,phandle" };

	return micro_is_one_of(name, names, ARRAY_SIZE(names));
}

/* Places in the overlay that are to get the phandle of a node: "path:property:offset" */
static int micro_check_fixup(const struct property *prop)
{
	const char *at = prop->value, *end = at + prop->length;

	if (!micro_is_string(prop))
		return -EINVAL;
	for (; at < end; at += strlen(at) + 1) {
		const char *name = strchr(at, ':');

		/* not to be changed while the kernel reads it */
		if (!name || at[0] != '/' || !strncmp(at, "/__", 3) || strstarts(name, ":name:"))
			return -EINVAL;
	}
	return 0;
}

/* Labels of the kernel's tree that the overlay refers to */
static int micro_check_fixups(const struct device_node *fixups)
{
	struct device_node *symbols __free(micro_of_node) = of_find_node_by_path("/__symbols__");
	struct property *prop;

	for_each_property_of_node(fixups, prop) {
		struct device_node *node __free(micro_of_node) = NULL;
		const char *path;

		if (!strcmp(prop->name, "name"))
			continue;
		if (micro_check_fixup(prop)) {
			pr_err("the blob is damaged: references to '%s'\n", prop->name);
			return -EINVAL;
		}
		if (symbols && !of_property_read_string(symbols, prop->name, &path))
			node = of_find_node_by_path(path);
		if (!node) {
			pr_err("there is no node with the label '%s'\n", prop->name);
			return -ENOENT;
		}
	}
	return 0;
}

/* Places in @node with phandles of the overlay itself, which get other numbers */
static int micro_check_local_fixups(const struct device_node *fixups,
				    const struct device_node *node)
{
	const struct device_node *child, *other;
	struct property *prop, *fixed;
	int i;

	for_each_property_of_node(fixups, prop) {
		const __be32 *offset = prop->value;

		if (micro_is_identity(prop->name))
			continue;
		fixed = micro_find_property(node, prop->name);
		if (!fixed || fixed->length < sizeof(__be32) || !prop->length ||
		    prop->length % sizeof(*offset))
			return -EINVAL;
		for (i = 0; i < prop->length / sizeof(*offset); i++)
			if (be32_to_cpu(offset[i]) > fixed->length - sizeof(__be32))
				return -EINVAL;
	}

	for_each_child(fixups, child) {
		other = micro_find_child(node, child->full_name);
		/* below the root there are nodes that are not to be changed */
		if (!other || (!node->parent && strstarts(other->full_name, "__")) ||
		    micro_check_local_fixups(child, other))
			return -EINVAL;
	}
	return 0;
}

/* What the kernel reads without a look at the length */
static const char *micro_check_value(const struct property *prop)
{
	static const char *const strings[] = {
		"compatible", "device_type", "status", "label", "model", "name"
	};
	static const char *const cells[] = {
		"phandle", "linux,phandle", "ibm,phandle", "interrupt-parent",
		"#address-cells", "#size-cells", "#interrupt-cells"
	};

	if (micro_is_one_of(prop->name, strings, ARRAY_SIZE(strings)) && !micro_is_string(prop))
		return "is no string";
	if (micro_is_one_of(prop->name, cells, ARRAY_SIZE(cells)) &&
	    prop->length != sizeof(__be32))
		return "is no number";
	if (!strcmp(prop->name, "compatible") && prop->length > MICRO_COMPATIBLE_MAX)
		return "is too long";
	return NULL;
}

static int micro_check_nodes(const struct device_node *node)
{
	const struct device_node *child;
	struct property *prop;
	const char *wrong;

	for_each_property_of_node(node, prop) {
		wrong = micro_check_value(prop);
		if (micro_find_property(node, prop->name) != prop)
			wrong = "is there twice";
		if (wrong) {
			pr_err("%pOF: the property '%s' %s\n", node, prop->name, wrong);
			return -EINVAL;
		}
	}

	for_each_child(node, child) {
		if (micro_find_child(node, child->full_name) != child) {
			pr_err("%pOF is there twice\n", child);
			return -EINVAL;
		}
		if (micro_check_nodes(child))
			return -EINVAL;
	}
	return 0;
}

/* What an overlay may not do to nodes that are there */
static int micro_check_changes(const struct device_node *live, const struct device_node *overlay)
{
	const struct device_node *child;
	struct property *prop;

	for_each_property_of_node(overlay, prop) {
		const void *value;
		int len;

		if (strcmp(prop->name, "#address-cells") && strcmp(prop->name, "#size-cells"))
			continue;
		value = of_get_property(live, prop->name, &len);
		if (value && (len != prop->length || memcmp(value, prop->value, len))) {
			pr_err("%s of %pOF cannot be changed\n", prop->name, live);
			return -EINVAL;
		}
	}

	for_each_child(overlay, child) {
		struct device_node *node __free(micro_of_node) =
			micro_find_live(live, child->full_name);

		if (!node)
			continue;
		if (node->phandle && child->phandle) {
			pr_err("%pOF has a phandle that cannot be changed\n", node);
			return -EINVAL;
		}
		if (micro_check_changes(node, child))
			return -EINVAL;
	}
	return 0;
}

/* What two fragments of an overlay may not do: add a node or set a property, both */
static int micro_check_both(const struct device_node *live, const struct device_node *a,
			    const struct device_node *b)
{
	const struct device_node *child, *other;
	struct property *prop;

	for_each_property_of_node(a, prop) {
		if (!micro_is_identity(prop->name) && micro_find_property(b, prop->name)) {
			pr_err("two fragments set the property '%s' of %pOF\n", prop->name, live);
			return -EINVAL;
		}
	}

	for_each_child(a, child) {
		struct device_node *node __free(micro_of_node) = NULL;

		other = micro_find_child(b, child->full_name);
		if (!other)
			continue;
		node = micro_find_live(live, child->full_name);
		if (!node) {
			pr_err("two fragments add a node '%s' to %pOF\n", child->full_name, live);
			return -EINVAL;
		}
		if (micro_check_both(node, child, other))
			return -EINVAL;
	}
	return 0;
}

/* The node in a fragment that changes @live, if there is one */
static const struct device_node *micro_fragment_node(const struct micro_fragment *fragment,
						     const struct device_node *live)
{
	const struct device_node *parent;

	if (live == fragment->target)
		return fragment->overlay;
	if (!live->parent)
		return NULL;
	parent = micro_fragment_node(fragment, live->parent);
	return parent ? micro_find_child(parent, kbasename(live->full_name)) : NULL;
}

static int micro_check_pair(const struct micro_fragment *a, const struct micro_fragment *b)
{
	const struct device_node *node = micro_fragment_node(a, b->target);

	if (node)
		return micro_check_both(b->target, node, b->overlay);
	node = micro_fragment_node(b, a->target);
	return node ? micro_check_both(a->target, a->overlay, node) : 0;
}

/* Labels are paths in the overlay, which the kernel makes paths in its tree */
static int micro_check_symbols(const struct device_node *live, const struct device_node *symbols,
			       const struct device_node *root)
{
	struct property *prop;

	for_each_property_of_node(symbols, prop) {
		const struct device_node *child, *overlay = NULL;
		const char *path = prop->value;
		size_t len;

		if (micro_is_identity(prop->name))
			continue;
		if (of_find_property(live, prop->name, NULL)) {
			pr_err("the label '%s' is taken\n", prop->name);
			return -EINVAL;
		}

		if (micro_is_string(prop) && path[0] == '/') {
			len = strcspn(path + 1, "/:");
			for_each_child(root, child)
				if (strlen(child->full_name) == len &&
				    !strncmp(child->full_name, path + 1, len))
					overlay = micro_find_child(child, "__overlay__");
		}
		if (!overlay || strncmp(path + 1 + len, "/__overlay__", 12)) {
			pr_err("the label '%s' is for no node of the overlay\n", prop->name);
			return -EINVAL;
		}
	}
	return 0;
}

static int micro_find_target(struct micro_fragment *fragment, const struct device_node *node)
{
	const char *path;
	u32 phandle;

	if (!of_property_read_u32(node, "target", &phandle)) {
		fragment->target = of_find_node_by_phandle(phandle);
		if (!fragment->target)
			pr_err("%pOF: there is no target with phandle %#x\n", node, phandle);
	} else if (!of_property_read_string(node, "target-path", &path)) {
		fragment->target = of_find_node_by_path(path);
		if (!fragment->target)
			pr_err("%pOF: there is no target %s\n", node, path);
	} else {
		pr_err("%pOF has no target\n", node);
		return -EINVAL;
	}
	return fragment->target ? 0 : -ENOENT;
}

/* Which node of a child of the root is a part of the overlay, if one is */
static struct device_node *micro_overlay_of(const struct device_node *node)
{
	struct device_node *child;

	if (!strcmp(node->full_name, "__symbols__"))
		return (struct device_node *)node;
	for_each_child(node, child)
		if (!strcmp(child->full_name, "__overlay__"))
			return child;
	return NULL;
}

static int micro_init_fragments(struct micro_fragment *fragments, const struct device_node *root)
{
	const struct device_node *node;
	int err;

	for_each_child(root, node) {
		struct device_node *overlay = micro_overlay_of(node);
		struct micro_fragment *f;

		if (!overlay)
			continue;
		f = fragments++;
		f->overlay = overlay;

		if (overlay != node) {
			err = micro_find_target(f, node);
			if (err)
				return err;
		} else {
			f->target = of_find_node_by_path("/__symbols__");
			if (!f->target) {
				pr_err("the overlay has labels, and the kernel's tree has no /__symbols__\n");
				return -EINVAL;
			}
			err = micro_check_symbols(f->target, node, root);
			if (err)
				return err;
		}
	}
	return 0;
}

static int micro_check_fragments(const struct device_node *root)
{
	struct micro_fragment *fragments;
	const struct device_node *node;
	unsigned int count = 0, i, j;
	int err;

	for_each_child(root, node)
		count += !!micro_overlay_of(node);
	if (!count) {
		pr_err("the blob is no overlay: it has no fragment\n");
		return -EINVAL;
	}

	fragments = kcalloc(count, sizeof(*fragments), GFP_KERNEL);
	if (!fragments)
		return -ENOMEM;

	err = micro_init_fragments(fragments, root);
	for (i = 0; i < count && !err; i++) {
		err = micro_check_changes(fragments[i].target, fragments[i].overlay);
		for (j = 0; j < i && !err; j++)
			err = micro_check_pair(&fragments[i], &fragments[j]);
	}

	for (i = 0; i < count; i++)
		of_node_put(fragments[i].target);
	kfree(fragments);
	return err;
}

static int micro_check_tree(struct device_node *root)
{
	const struct device_node *node;
	int err;

	/* The fix-ups first: they change the rest */
	for_each_child(root, node) {
		err = 0;
		if (of_node_name_eq(node, "__fixups__"))
			err = micro_check_fixups(node);
		if (of_node_name_eq(node, "__local_fixups__")) {
			err = micro_check_local_fixups(node, root);
			if (err)
				pr_err("the blob is damaged: references to its own nodes\n");
		}
		if (err)
			return err;
	}
	err = of_resolve_phandles(root);
	if (err)
		return err;

	return micro_check_nodes(root) ?: micro_check_fragments(root);
}

/**
 * micro_overlay_check() - could this overlay be applied?
 * @blob: a blob that micro_blob_check() found well-formed
 * @size: its size in bytes
 *
 * Context: may sleep. Nobody else may apply or remove overlays until the caller
 * has applied it.
 * Return: 0; -EINVAL; -ENOENT when it is for nodes that are not there; -ENOMEM.
 * The log says why.
 */
int micro_overlay_check(const void *blob, size_t size)
{
	struct device_node *root = NULL;
	void *copy, *nodes;
	int err = -ENOMEM;

	copy = kmemdup(blob, size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	nodes = of_fdt_unflatten_tree(copy, NULL, &root);
	if (nodes)
		err = micro_check_tree(root);

	kfree(nodes);
	kfree(copy);
	return err;
}
