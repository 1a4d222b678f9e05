// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: what a run has read stays until it ends
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"

#define BLOCK	(64 * 1024)
#define ALIGN	_Alignof(max_align_t)

/* Never returns NULL; the memory is zero */
void *get_memory(size_t size)
{
	static char *block;
	static size_t left;
	void *memory;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size > BLOCK / 4) {
		memory = calloc(1, size);
		if (!memory)
			die(STATUS_SYSTEM, "out of memory");
		return memory;
	}
	if (size > left) {
		block = calloc(1, BLOCK);
		if (!block)
			die(STATUS_SYSTEM, "out of memory");
		left = BLOCK;
	}
	memory = block;
	block += size;
	left -= size;
	return memory;
}

/* Room for one more element: @array has @count of @size bytes each; a new one each power of two */
void *grow(void *array, size_t count, size_t size)
{
	void *bigger;

	if (count & (count - 1))
		return array;
	bigger = get_memory((count ? 2 * count : 1) * size);
	if (count)
		memcpy(bigger, array, count * size);
	return bigger;
}

/* With a NUL behind it */
char *copy_bytes(const void *bytes, size_t len)
{
	char *copy = get_memory(len + 1);

	memcpy(copy, bytes, len);
	return copy;
}

char *copy_string(const char *s)
{
	return copy_bytes(s, strlen(s));
}

char *format(const char *format, ...)
{
	va_list args;
	char *copy;
	int len;

	va_start(args, format);
	len = vasprintf(&copy, format, args);
	va_end(args);
	if (len < 0)
		die(STATUS_SYSTEM, "out of memory");
	return copy;
}
