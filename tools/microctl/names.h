/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names: the rules of the kernel module
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_NAMES_H
#define _MICROCTL_NAMES_H

#include <stddef.h>

#define NODE_NAME_MAX		31	/* in a device tree, without the unit address */
#define COMPATIBLE_MAX		128	/* characters in a compatible string */
#define COMPATIBLE_COUNT_MAX	16	/* strings of one device */
#define DEPTH_MAX		16	/* of child nodes */

const char *device_name_check(const char *name);
const char *part_name_check(const char *name);
const char *compatible_check(const char *strings, size_t size);

#endif /* _MICROCTL_NAMES_H */
