/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations: the devices that files ask for
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_DECLARE_H
#define _MICROCTL_DECLARE_H

#include "device.h"

#define BUS_COMPATIBLE	"microkernel,bus"

/* Says of a device that is disabled that it is to exist, but not to be bound */
#define OFF_PROPERTY	"microctl,off"

bool declare_file(const char *file, struct devices *devices);
bool declare_files(struct devices *all, int count, char **names, bool keep_going);

#endif /* _MICROCTL_DECLARE_H */
