// SPDX-License-Identifier: GPL-2.0-only
/*
 * Input: a file with a device tree, in whichever form
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <string.h>

#include "blob.h"
#include "dts.h"
#include "file.h"
#include "input.h"
#include "message.h"

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
static bool read_source(const char *file, struct content *source, struct tree_node *root)
{
	const struct place at = { .file = file };
	struct tree_node bytes = { .name = "" };
	struct content blob, dts;
	bool good;

	if (!file_preprocess(file, source) || !compile_source(file, source, "dts", &dts))
		return false;
	good = dts_read(root, dts.bytes);
	if (good && strstr(dts.bytes, "\\xffffff"))
		good = compile_source(file, source, "dtb", &blob) &&
		       blob_read(file, blob.bytes, blob.size, &bytes) &&
		       take_bytes(root, &bytes);
	if (!good)
		say_at(&at, NULL,
		       "the output of dtc has an unknown form: compile the file, and use the blob");
	return good;
}

/* Any of .dts, .dtso, .dtb and .dtbo. Says what is wrong, and returns false then */
bool input_read(const char *file, struct tree_node *root)
{
	const struct place at = { .file = file };
	struct content content;

	*root = (struct tree_node){ .name = "" };
	if (!file_read(file, &content))
		return false;
	if (blob_is(content.bytes, content.size))
		return blob_read(file, content.bytes, content.size, root);
	if (is_source(file))
		return read_source(file, &content, root);
	say_at(&at, NULL,
	       "not a device tree: neither a blob (.dtb, .dtbo) nor, by its name, a source (.dts, .dtso)");
	return false;
}
