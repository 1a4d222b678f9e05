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

/* WHO: WHAT, below what is printed so far and instead of a progress bar */
static void begin(const char *who)
{
	progress_clear();
	fflush(stdout);
	fprintf(stderr, "%s: ", who);
}

static void end(const char *format, va_list args)
{
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list args;

	begin("microctl");
	va_start(args, format);
	end(format, args);
	va_end(args);
}

/* FILE: PATH: property 'PROPERTY': ...; what is not known is left out */
void say_at(const struct place *at, const char *property, const char *format, ...)
{
	va_list args;

	begin(at->file && !*at->file ? "''" : at->file ?: "microctl");
	if (at->path)
		fprintf(stderr, "%s: ", at->path);
	if (property)
		fprintf(stderr, "property '%s': ", property);
	va_start(args, format);
	end(format, args);
	va_end(args);
}

void die(enum status status, const char *format, ...)
{
	va_list args;

	begin("microctl");
	va_start(args, format);
	end(format, args);
	va_end(args);
	exit(status);
}
