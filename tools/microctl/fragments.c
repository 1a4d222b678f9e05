// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overlays: what a tree looks like with their fragments applied
 *
 * The tree that they would be applied to is not here, and need not be: what
 * they add to it is enough. Fragments with the path of their target are put
 * together into one tree; one with a label, of a node that only the other tree
 * knows, becomes a node of its own, named as the label.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "fragments.h"
#include "memory.h"
#include "message.h"

/* "path:property:offset" of __fixups__: there goes the phandle of the node @label */
static bool mark_reference(struct tree_node *root, const char *label, const char *where)
{
	const char *name = strchr(where, ':');
	const char *offset = name ? strchr(name + 1, ':') : NULL;
	struct tree_property *p;
	struct tree_node *node;

	if (!offset)
		return false;
	node = tree_walk(root, where, name - where);
	p = node ? tree_property(node, copy_bytes(name + 1, offset - name - 1)) : NULL;
	if (!p)
		return false;
	p->reference = label;
	return true;
}

static bool mark_fixups(struct tree_node *root, const struct tree_node *fixups)
{
	const struct tree_property *p;
	const char *where;

	for (size_t i = 0; i < fixups->property_count; i++) {
		p = &fixups->properties[i];
		if (!p->len || p->bytes[p->len - 1])
			return false;
		for (where = p->bytes; where < p->bytes + p->len; where += strlen(where) + 1)
			if (!mark_reference(root, p->name, where))
				return false;
	}
	return true;
}

/* __local_fixups__ is a tree with the same nodes, of the properties in question */
static bool mark_local(struct tree_node *node, const struct tree_node *fixups)
{
	struct tree_property *p;
	struct tree_node *child;

	for (size_t i = 0; i < fixups->property_count; i++) {
		p = tree_property(node, fixups->properties[i].name);
		if (!p)
			return false;
		if (!p->reference)
			p->reference = "";
	}
	for (size_t i = 0; i < fixups->child_count; i++) {
		child = tree_child(node, fixups->children[i]->name);
		if (!child || !mark_local(child, fixups->children[i]))
			return false;
	}
	return true;
}

/* Adds what @from has; whatever is there twice afterwards is for unite() */
static void add_content(struct tree_node *to, const struct tree_node *from)
{
	to->mixed = to->property_count || to->child_count;
	for (size_t i = 0; i < from->property_count; i++) {
		to->properties = grow(to->properties, to->property_count, sizeof(*to->properties));
		to->properties[to->property_count++] = from->properties[i];
	}
	for (size_t i = 0; i < from->child_count; i++) {
		to->children = grow(to->children, to->child_count, sizeof(*to->children));
		to->children[to->child_count++] = from->children[i];
	}
}

/* A later property of the same name wins */
static void unite_properties(struct tree_node *node)
{
	size_t kept = 0, j;

	for (size_t i = 0; i < node->property_count; i++) {
		for (j = 0; j < kept; j++)
			if (!strcmp(node->properties[j].name, node->properties[i].name))
				break;
		node->properties[j] = node->properties[i];
		if (j == kept)
			kept++;
	}
	node->property_count = kept;
}

/**
 * struct rank - a child node while the children are sorted
 * @node: the child
 * @index: its position before
 */
struct rank {
	struct tree_node *node;
	size_t index;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *one = a, *other = b;
	int order = strcmp(one->node->name, other->node->name);

	return order ?: one->index < other->index ? -1 : 1;
}

/* Nodes of the same name from several fragments are one node */
static void unite(struct tree_node *node)
{
	struct rank *ranks;
	size_t kept = 0;

	unite_properties(node);
	ranks = get_memory((node->child_count + 1) * sizeof(*ranks));
	for (size_t i = 0; i < node->child_count; i++)
		ranks[i] = (struct rank){ .node = node->children[i], .index = i };
	qsort(ranks, node->child_count, sizeof(*ranks), compare_ranks);
	for (size_t i = 1, first = 0; i < node->child_count; i++) {
		if (strcmp(ranks[first].node->name, ranks[i].node->name)) {
			first = i;
			continue;
		}
		add_content(ranks[first].node, ranks[i].node);
		ranks[first].node->mixed = true;
		node->children[ranks[i].index] = NULL;
	}
	for (size_t i = 0; i < node->child_count; i++)
		if (node->children[i])
			node->children[kept++] = node->children[i];
	node->child_count = kept;
	node->mixed = false;
	for (size_t i = 0; i < node->child_count; i++)
		if (node->children[i]->mixed)
			unite(node->children[i]);
}

static void unite_mixed(struct tree_node *node)
{
	if (node->mixed)
		unite(node);
	for (size_t i = 0; i < node->child_count; i++)
		unite_mixed(node->children[i]);
}

/* The node of @merged for a target, made if need be */
static struct tree_node *target_node(struct tree_node *merged, const struct tree_node *fragment)
{
	const char *path = tree_string(fragment, "target-path");
	struct tree_property *target = tree_property(fragment, "target");
	struct tree_node *node = merged, *child;
	const char *name;
	size_t len;

	if (!path) {
		if (!target || !target->reference || !*target->reference)
			return NULL;
		name = format("&%s", target->reference);
		return tree_child(merged, name) ?: tree_add_child(merged, name);
	}
	for (;;) {
		path += strspn(path, "/");
		if (!*path)
			return node;
		len = strcspn(path, "/");
		name = copy_bytes(path, len);
		child = tree_child(node, name);
		node = child ?: tree_add_child(node, name);
		path += len;
	}
}

/**
 * fragments_apply() - make one tree of an overlay
 * @file: for messages
 * @root: as read; references are marked in it
 * @merged: what the fragments add; all of @root if that is no overlay
 *
 * Return: false when that was not possible, and what is wrong was said.
 */
bool fragments_apply(const char *file, struct tree_node *root, struct tree_node *merged)
{
	const struct tree_node *fixups = tree_child(root, "__fixups__");
	const struct tree_node *local = tree_child(root, "__local_fixups__");
	struct place at = { .file = file };
	const struct tree_node *content;
	struct tree_node *target;
	bool is_overlay = false;

	if ((fixups && !mark_fixups(root, fixups)) || (local && !mark_local(root, local))) {
		say_at(&at, NULL,
		       "a damaged overlay: it has references in places that it does not have");
		return false;
	}

	*merged = (struct tree_node){ .name = "" };
	for (size_t i = 0; i < root->child_count; i++) {
		content = tree_child(root->children[i], "__overlay__");
		if (!content)
			continue;
		is_overlay = true;
		target = target_node(merged, root->children[i]);
		if (!target) {
			at.path = format("/%s", root->children[i]->name);
			say_at(&at, NULL,
			       "this fragment has no target: it needs target-path, or a label as its target");
			return false;
		}
		add_content(target, content);
	}
	if (is_overlay)
		unite_mixed(merged);
	else
		*merged = *root;
	return true;
}
