// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages, and the exit status that goes with them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "message.h"
#include "progress.h"

void say(const char *format, ...)
{
	va_list args;

	progress_clear();
	fflush(stdout);
	fputs("microctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* FILE: PATH: property 'PROPERTY': ...; what is not known is left out */
void say_at(const struct place *at, const char *property, const char *format, ...)
{
	va_list args;

	progress_clear();
	fflush(stdout);
	fprintf(stderr, "%s: ", at->file ?: "microctl");
	if (at->path)
		fprintf(stderr, "%s: ", at->path);
	if (property)
		fprintf(stderr, "property '%s': ", property);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void die(enum status status, const char *format, ...)
{
	va_list args;

	progress_clear();
	fflush(stdout);
	fputs("microctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}
