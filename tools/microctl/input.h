/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Input: a file with a device tree, in whichever form
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_INPUT_H
#define _MICROCTL_INPUT_H

#include <stdbool.h>

#include "tree.h"

bool input_read(const char *file, struct tree_node *root);

#endif /* _MICROCTL_INPUT_H */
