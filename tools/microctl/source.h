/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices as source of a device tree
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_SOURCE_H
#define _MICROCTL_SOURCE_H

#include "device.h"

void source_device(char sign, int depth, const char *node, const struct device *device);
void source_change(const struct device *want, const struct device *have);

#endif /* _MICROCTL_SOURCE_H */
