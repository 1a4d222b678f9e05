/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock: one microctl at a time changes devices
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_LOCK_H
#define _MICROCTL_LOCK_H

#include <stdbool.h>

void lock_take(bool wait);
void lock_may_lend(void);
void lock_lend(void);
void lock_take_back(void);

#endif /* _MICROCTL_LOCK_H */
