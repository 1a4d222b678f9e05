/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices as JSON
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_JSON_H
#define _MICROCTL_JSON_H

#include <stdbool.h>

#include "device.h"

bool json_option(const char *command);
void json_print_devices(const struct devices *devices);
void json_print_event(const char *event, const char *name, const char *driver,
		      const char *devnode);

#endif /* _MICROCTL_JSON_H */
