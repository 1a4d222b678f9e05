/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Similar words: what somebody may have meant
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_SIMILAR_H
#define _MICROCTL_SIMILAR_H

#include <stdbool.h>

bool similar(const char *typed, const char *meant);
bool nearly_same(const char *typed, const char *meant);

#endif /* _MICROCTL_SIMILAR_H */
