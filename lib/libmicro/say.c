// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: sentences for who asked for them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "server.h"

/* 0: nothing; 1: sentences; 2: each record, too */
int say_level;

void say_init(void)
{
	const char *level = getenv("MICRO_DEBUG");

	say_level = level ? atoi(level) : 0;
}

void say(const struct server *server, const char *format, ...)
{
	char text[256];
	va_list args;

	if (say_level < 1)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "libmicro: %s: %s\n", server->driver, text);
}
