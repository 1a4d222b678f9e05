/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for udev, which gives nodes their groups and links
 *
 * There are two forms, of which the build takes one: udev.c, or udev-none.c with
 * WITH_UDEV=0.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_UDEV_H
#define _MICROCTL_UDEV_H

#include <stdbool.h>

void udev_start(void);
bool udev_runs(void);
void udev_expect(const char *name);
bool udev_wait(const char *name, double end);

#endif /* _MICROCTL_UDEV_H */
