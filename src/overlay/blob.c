// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flattened device trees: is this one, and can it be read without surprises?
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "overlay.h"

/**
 * DOC: Blobs
 *
 * The kernel's own code for flattened trees was made for what a boot loader
 * hands over, not for what somebody writes into a file: it tolerates a lot and
 * goes on with the rest. So a blob is read from end to end here before the
 * kernel sees it, by the rules of the Devicetree Specification (version 17 of
 * the format), and with limits on what the specification leaves open, as names
 * end up in sysfs and nodes are walked by recursive functions.
 */

/* "Flattened Devicetree (DTB) Format" in the specification */
#define FDT_MAGIC	0xd00dfeed
#define FDT_VERSION	17
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4
#define FDT_END		9

struct fdt_header {
	__be32 magic;
	__be32 totalsize;
	__be32 off_dt_struct;
	__be32 off_dt_strings;
	__be32 off_mem_rsvmap;
	__be32 version;
	__be32 last_comp_version;
	__be32 boot_cpuid_phys;
	__be32 size_dt_strings;
	__be32 size_dt_struct;
};

/* The root is level 1. No known overlay has more than 10 */
#define MICRO_BLOB_LEVELS	24
/* The specification says 31, which real ones exceed */
#define MICRO_BLOB_NAME_MAX	127

/**
 * micro_blob_size() - how many bytes a blob has, going by its first ones
 * @blob: its beginning, any alignment
 * @size: how much of it there is
 *
 * Context: any.
 * Return: the size; -EINVAL when it is no blob, -EFBIG for one that is too big.
 */
ssize_t micro_blob_size(const void *blob, size_t size)
{
	struct fdt_header h;
	u32 total;

	if (size < sizeof(h)) {
		pr_err("%zu bytes are too few for a blob\n", size);
		return -EINVAL;
	}
	memcpy(&h, blob, sizeof(h));
	if (be32_to_cpu(h.magic) != FDT_MAGIC) {
		pr_err("no device tree blob: it begins with %08x\n", be32_to_cpu(h.magic));
		return -EINVAL;
	}
	total = be32_to_cpu(h.totalsize);
	if (total > MICRO_BLOB_MAX) {
		pr_err("the blob has %u bytes, more than %u\n", total, MICRO_BLOB_MAX);
		return -EFBIG;
	}
	if (total < sizeof(h)) {
		pr_err("the blob claims to have %u bytes\n", total);
		return -EINVAL;
	}
	return total;
}

/* A part that has not been read yet */
struct micro_span {
	const u8 *at;
	u32 left;
};

static bool micro_span_of(struct micro_span *span, const void *blob, u32 total,
			  __be32 offset, __be32 size)
{
	u32 start = be32_to_cpu(offset);

	span->at = blob + start;
	span->left = be32_to_cpu(size);
	return start >= sizeof(struct fdt_header) && start <= total &&
	       span->left <= total - start;
}

/* The next @size bytes, and what pads them; NULL if there are not so many */
static const void *micro_span_take(struct micro_span *span, u32 size)
{
	const void *at = span->at;

	/* in this order, as aligning a size near U32_MAX gives 0 */
	if (size > span->left || ALIGN(size, 4) > span->left)
		return NULL;
	span->at += ALIGN(size, 4);
	span->left -= ALIGN(size, 4);
	return at;
}

static bool micro_span_take_u32(struct micro_span *span, u32 *value)
{
	const __be32 *at = micro_span_take(span, sizeof(*at));

	if (at)
		*value = be32_to_cpup(at);
	return at;
}

/* Is there a string that ends within @size bytes, and could it be a name? */
static bool micro_name_ok(const char *name, u32 size, const char *first)
{
	u32 len = strnlen(name, size), i;

	if (!len || len == size || len > MICRO_BLOB_NAME_MAX)
		return false;
	if (!isalnum(name[0]) && !strchr(first, name[0]))
		return false;
	for (i = 1; i < len; i++)
		if (!isalnum(name[i]) && !strchr(",._+*?#@-", name[i]))
			return false;
	return true;
}

static const char *micro_blob_take_node(struct micro_span *tree, bool root)
{
	const char *name = tree->at;
	u32 len = strnlen(name, tree->left);

	/* len is less than what is left when there is a NUL */
	if (!micro_span_take(tree, len + 1))
		return "a name ends nowhere";
	if (root ? len : !micro_name_ok(name, len + 1, "_"))
		return "a node has a bad name";
	return NULL;
}

static const char *micro_blob_take_property(struct micro_span *tree,
					    const struct micro_span *strings)
{
	u32 size, name;

	if (!micro_span_take_u32(tree, &size) || !micro_span_take_u32(tree, &name))
		return "it ends within a property";
	if (name >= strings->left ||
	    !micro_name_ok(strings->at + name, strings->left - name, "_#,+?*"))
		return "a property has a bad name";
	if (!micro_span_take(tree, size))
		return "a property is longer than the blob";
	return NULL;
}

/* Returns what is wrong with the structure block, NULL if nothing is */
static const char *micro_blob_walk(struct micro_span *tree, const struct micro_span *strings)
{
	bool had_root = false, properties = false;
	const char *wrong = NULL;
	unsigned int level = 0;
	u32 token;

	while (!wrong) {
		if (!micro_span_take_u32(tree, &token))
			return "it has no end";

		switch (token) {
		case FDT_NOP:
			break;
		case FDT_BEGIN_NODE:
			if (!level && had_root)
				return "it has two roots";
			if (level == MICRO_BLOB_LEVELS)
				return "its nodes are too deep";
			wrong = micro_blob_take_node(tree, !level);
			had_root = true;
			properties = true;
			level++;
			break;
		case FDT_PROP:
			/* The kernel would overlook one behind a child node */
			if (!properties)
				return "a property is at a wrong place";
			wrong = micro_blob_take_property(tree, strings);
			break;
		case FDT_END_NODE:
			if (!level)
				return "a node ends that did not begin";
			properties = false;
			level--;
			break;
		case FDT_END:
			return had_root && !level ? NULL : "it ends within a node";
		default:
			return "it has an unknown token";
		}
	}
	return wrong;
}

/**
 * micro_blob_check() - is this a well-formed flattened device tree?
 * @blob: the bytes, aligned to 8
 * @size: how many there are
 *
 * Context: any.
 * Return: 0, or -EINVAL or -EFBIG, and the log says what is wrong.
 */
int micro_blob_check(const void *blob, size_t size)
{
	const struct fdt_header *h = blob;
	struct micro_span tree, strings;
	ssize_t total = micro_blob_size(blob, size);
	const char *wrong;

	if (total < 0)
		return total;
	if (total != size) {
		pr_err("the blob has %zd bytes, but there are %zu\n", total, size);
		return -EINVAL;
	}

	if (be32_to_cpu(h->version) < FDT_VERSION ||
	    be32_to_cpu(h->last_comp_version) > FDT_VERSION)
		wrong = "its version is not 17";
	else if (!micro_span_of(&tree, blob, total, h->off_dt_struct, h->size_dt_struct) ||
		 !IS_ALIGNED(be32_to_cpu(h->off_dt_struct), 4) ||
		 !micro_span_of(&strings, blob, total, h->off_dt_strings, h->size_dt_strings) ||
		 be32_to_cpu(h->off_mem_rsvmap) < sizeof(*h) ||
		 be32_to_cpu(h->off_mem_rsvmap) > total)
		wrong = "its parts are not within it";
	else
		wrong = micro_blob_walk(&tree, &strings);

	if (wrong) {
		pr_err("the blob is damaged: %s\n", wrong);
		return -EINVAL;
	}
	return 0;
}
