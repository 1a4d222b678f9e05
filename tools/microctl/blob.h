/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blobs: device trees as dtc compiles them (.dtb, .dtbo)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_BLOB_H
#define _MICROCTL_BLOB_H

#include <stdbool.h>

#include "tree.h"

bool blob_is(const void *bytes, size_t size);
bool blob_read(const char *file, const void *blob, size_t size, struct tree_node *root);

#endif /* _MICROCTL_BLOB_H */
