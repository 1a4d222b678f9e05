/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments of overlays, applied to a tree
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_FRAGMENTS_H
#define _MICROCTL_FRAGMENTS_H

#include <stdbool.h>

#include "tree.h"

bool fragments_apply(const char *file, struct tree_node *root, struct tree_node *merged);

#endif /* _MICROCTL_FRAGMENTS_H */
