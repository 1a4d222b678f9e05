/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Progress: a line on the terminal while many devices are worked on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_PROGRESS_H
#define _MICROCTL_PROGRESS_H

#include <stddef.h>

void progress_start(const char *label, size_t total);
void progress_show(size_t done, const char *name);
void progress_clear(void);
void progress_end(void);

#endif /* _MICROCTL_PROGRESS_H */
