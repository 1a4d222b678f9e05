// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blobs: device trees as dtc compiles them (.dtb, .dtbo)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <libfdt.h>

#include "blob.h"
#include "message.h"

#define MAGIC_SIZE	4
#define OLDEST_VERSION	16	/* of 2005 */
#define DEPTH_MAX_TREE	64	/* of nodes; the kernel's limit, too */

/* Does it begin as one? */
bool blob_is(const void *bytes, size_t size)
{
	return size >= MAGIC_SIZE && fdt_magic(bytes) == FDT_MAGIC;
}

/* False for what libfdt 1.6.1 overlooks: a length over 2 GB that brings it back into the blob */
static bool read_properties(const void *blob, int offset, struct tree_node *node)
{
	const char *end = (const char *)blob + fdt_totalsize(blob);
	struct tree_property *p;
	const char *name;
	int at, len;

	fdt_for_each_property_offset(at, blob, offset) {
		const char *bytes = fdt_getprop_by_offset(blob, at, &name, &len);

		if (!bytes || len < 0 || len > end - bytes)
			return false;
		p = tree_add_property(node, name);
		p->bytes = bytes;
		p->len = len;
	}
	return true;
}

static bool say_damaged(const char *file, int err)
{
	const struct place at = { .file = file };

	say_at(&at, NULL, "not a device tree, or a damaged one: %s", fdt_strerror(err));
	return false;
}

/* @blob has to stay as long as @root. Says what is wrong, and returns false then */
bool blob_read(const char *file, const void *blob, size_t size, struct tree_node *root)
{
	struct tree_node *parents[DEPTH_MAX_TREE + 1] = { root };
	const struct place at = { .file = file };
	int offset = 0, depth = 0, err;
	struct tree_node *node;
	const char *name;

	/* of older ones, libfdt takes names for paths, and falls over those that are none */
	if (size >= FDT_V1_SIZE && fdt_version(blob) < OLDEST_VERSION)
		err = -FDT_ERR_BADVERSION;
	else
		err = fdt_check_full(blob, size);
	if (err)
		return say_damaged(file, err);
	/* one pass, as finding a parent or a path would start at the root each time */
	while (offset >= 0 && depth >= 0) {
		if (depth > DEPTH_MAX_TREE) {
			say_at(&at, NULL, "its nodes are nested more than %d levels deep",
			       DEPTH_MAX_TREE);
			return false;
		}
		node = root;
		name = fdt_get_name(blob, offset, NULL);
		if (!name)
			return say_damaged(file, -FDT_ERR_BADSTRUCTURE);
		if (depth)
			node = tree_add_child(parents[depth - 1], name);
		parents[depth] = node;
		if (!read_properties(blob, offset, node))
			return say_damaged(file, -FDT_ERR_BADSTRUCTURE);
		offset = fdt_next_node(blob, offset, &depth);
	}
	return true;
}
