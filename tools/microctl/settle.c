// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settling: drivers that take their time, and how long they are waited for
 *
 * The kernel answers after a second, whatever a driver does. A bind or unbind that
 * takes longer goes on without us, and the device's status tells when it is done:
 * no event does.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "configfs.h"
#include "interrupt.h"
#include "lock.h"
#include "path.h"
#include "settle.h"
#include "sysfs.h"

#define LOOK_US	20000	/* from one look at a status to the next */

static double limit = SETTLE_SECONDS;
static double end;

double settle_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The value of --timeout */
double settle_read_seconds(const char *command, const char *text)
{
	char *rest;
	double seconds = strtod(text, &rest);

	if (rest == text || *rest || !(seconds >= 0) || isinf(seconds))
		usage_error(command, "'%s' is not a number of seconds", text);
	return seconds;
}

void settle_set_limit(double seconds)
{
	limit = seconds;
}

double settle_limit(void)
{
	return limit;
}

/* From now on, so many seconds */
void settle_start(void)
{
	end = settle_now() + limit;
}

/* Some time later; false when there is none left, or a signal has come */
bool settle_later(void)
{
	if (interrupt_pending() || settle_now() >= end)
		return false;
	lock_lend();
	usleep(LOOK_US);
	return true;
}

/**
 * settle_status() - the status of a device when no bind or unbind is on its way
 * @name: the device
 * @status: the status, "" if it has gone; also when false is returned
 * @room: bytes there
 *
 * Return: false when it took longer than allowed since settle_start(), or a signal came.
 */
bool settle_status(const char *name, char *status, size_t room)
{
	struct path path = { .len = 0 };
	bool over;

	path_add(&path, name);
	path_add(&path, "/status");
	do {
		if (configfs_read(path.text, status, room) < 0)
			*status = '\0';
		over = strcmp(status, "binding") && strcmp(status, "unbinding");
	} while (!over && settle_later());
	lock_take_back();
	return over;
}

/* Is it gone, after its directory is? Likewise. Another command may have made it again meanwhile */
bool settle_gone(const char *name)
{
	struct path path = { .len = 0 };
	char live[8];
	bool over;

	path_add(&path, name);
	path_add(&path, "/live");
	do {
		over = !sysfs_exists(name) || configfs_read(path.text, live, sizeof(live)) >= 0;
	} while (!over && settle_later());
	lock_take_back();
	return over;
}
