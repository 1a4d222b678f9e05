/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records: which devices earlier runs made
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_RECORD_H
#define _MICROCTL_RECORD_H

#include "device.h"

void record_read(const char *file, struct devices *names);
void record_try(const char *file);
void record_write(const char *file, const struct devices *names);

#endif /* _MICROCTL_RECORD_H */
