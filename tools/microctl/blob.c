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
#define DEPTH_MAX_TREE	64	/* of nodes; the kernel's limit, too */

/* Does it begin as one? */
bool blob_is(const void *bytes, size_t size)
{
	return size >= MAGIC_SIZE && fdt_magic(bytes) == FDT_MAGIC;
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
bool blob_read(const char *file, const void *blob, size_t size, struct tree_node *root)
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
