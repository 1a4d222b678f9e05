/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settling: drivers that take their time, and how long they are waited for
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_SETTLE_H
#define _MICROCTL_SETTLE_H

#include <stdbool.h>
#include <stddef.h>

#define SETTLE_SECONDS	10	/* unless --timeout says else */

double settle_now(void);
double settle_read_seconds(const char *command, const char *text);
void settle_set_limit(double seconds);
double settle_limit(void);
void settle_start(void);
bool settle_later(void);

bool settle_status(const char *name, char *status, size_t room);
bool settle_gone(const char *name);

#endif /* _MICROCTL_SETTLE_H */
