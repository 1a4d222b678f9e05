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

#endif /* _MICROCTL_LOCK_H */
