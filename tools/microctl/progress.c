// SPDX-License-Identifier: GPL-2.0-only
/*
 * Progress: a line on the terminal while many devices are worked on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

#define PROGRESS_FROM	100	/* devices; fewer are made before anybody looks */

static const char *progress_label;
static size_t progress_total;
static size_t progress_percent;
static bool progress_shown;

/* @label: comes before each name */
void progress_start(const char *label, size_t total)
{
	progress_label = label;
	if (total > PROGRESS_FROM && isatty(STDERR_FILENO))
		progress_total = total;
	progress_percent = -1;
}

/* A new line each percent is enough, and costs nothing */
void progress_show(size_t done, const char *name)
{
	size_t percent;

	if (!progress_total)
		return;
	percent = 100 * done / progress_total;
	if (percent == progress_percent)
		return;
	progress_percent = percent;
	fprintf(stderr, "\r\033[K%3zu%%  %zu of %zu  %s%s", percent, done, progress_total,
		progress_label, name);
	progress_shown = true;
}

/* Makes room for a message */
void progress_clear(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

void progress_end(void)
{
	progress_clear();
	progress_total = 0;
}
