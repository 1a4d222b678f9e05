/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source of device trees, as dtc writes it
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_DTS_H
#define _MICROCTL_DTS_H

#include <stdbool.h>

#include "tree.h"

bool dts_read(struct tree_node *root, const char *dts);

#endif /* _MICROCTL_DTS_H */
