/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of micro_overlay share
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_OVERLAY_H
#define _MICRO_OVERLAY_H

#include <linux/of.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "../core/compat.h"

/* A blob: bytes that claim to be a flattened device tree */
#define MICRO_BLOB_MAX	SZ_1M

/* blob.c */
ssize_t micro_blob_size(const void *blob, size_t size);
int micro_blob_check(const void *blob, size_t size);

/* check.c */
int micro_overlay_check(const void *blob, size_t size);

/* Exported by the kernel, although its headers do not declare it */
int of_resolve_phandles(struct device_node *tree);

#endif /* _MICRO_OVERLAY_H */
