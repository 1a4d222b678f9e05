/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes in /dev: what is at the place where a device's node belongs
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_DEVNODE_H
#define _MICROCTL_DEVNODE_H

#include "device.h"

/* Where devices of configfs have their nodes */
#define DEVNODE_FOLDER	"/dev/micro"

const char *devnode_fault(const struct device *device);
int devnode_clear(const char *name, const struct place *at);

#endif /* _MICROCTL_DEVNODE_H */
