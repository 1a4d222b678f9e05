/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as a whole, and what dtc makes of them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_FILE_H
#define _MICROCTL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct content - of a file
 * @bytes: the bytes, with a NUL behind them
 * @size: how many, without that
 * @in_memory: it is nowhere else: from a pipe, which cannot be read again, or what the C
 *	preprocessor makes of the file
 */
struct content {
	char *bytes;
	size_t size;
	bool in_memory;
};

void file_include(const char *folder);
bool file_preprocess(const char *file, struct content *source);
bool file_read(const char *file, struct content *content);
bool compile_source(const char *file, const struct content *source, const char *format,
		    struct content *result);

#endif /* _MICROCTL_FILE_H */
