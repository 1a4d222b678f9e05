/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All devices of the bus, whoever made them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_SYSFS_H
#define _MICROCTL_SYSFS_H

#include "device.h"

bool sysfs_exists(const char *name);
const char *sysfs_attribute(const char *device, const char *attribute);
bool sysfs_is_going(const char *name);
void list_names(const char *path, struct devices *list);
void sysfs_names(struct devices *list);
void sysfs_bound_names(struct devices *list);
struct device *find_device(const char *name);
void find_all_devices(struct devices *list);

#endif /* _MICROCTL_SYSFS_H */
