/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory: what a run has read stays until it ends
 *
 * A run is short, and everything that it reads is of use until its end: so
 * nothing is freed, and running out of memory ends the run.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_MEMORY_H
#define _MICROCTL_MEMORY_H

#include <stddef.h>

void *get_memory(size_t size);
void *grow(void *array, size_t count, size_t size);
char *copy_bytes(const void *bytes, size_t len);
char *copy_string(const char *s);
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* _MICROCTL_MEMORY_H */
