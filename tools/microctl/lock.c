// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock: one microctl at a time changes devices
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "interrupt.h"
#include "lock.h"
#include "message.h"

#define LOCK_FILE	"/run/microctl.lock"

/* The process that has it wrote its number; it may be about to */
static const char *holder(int fd, char *text, size_t size)
{
	ssize_t len = pread(fd, text, size - 1, 0);

	if (len <= 0)
		return "another microctl";
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* Held until the process ends, however it does */
void lock_take(bool wait)
{
	int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char text[80];
	int len;

	if (fd < 0)
		die(STATUS_SYSTEM, "cannot open %s: %s", LOCK_FILE, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			die(STATUS_SYSTEM, "cannot lock %s: %s", LOCK_FILE, strerror(errno));
		if (!wait)
			die(STATUS_LOCKED, "%s is changing devices; try again when it is through",
			    holder(fd, text, sizeof(text)));
		say("%s is changing devices; waiting for it", holder(fd, text, sizeof(text)));
		while (flock(fd, LOCK_EX)) {
			interrupt_check();
			if (errno != EINTR)
				die(STATUS_SYSTEM,
				    "cannot lock %s: %s",
				    LOCK_FILE, strerror(errno));
		}
	}
	len = snprintf(text, sizeof(text), "process %d\n", getpid());
	if (ftruncate(fd, 0) || pwrite(fd, text, len, 0) != len)
		say("cannot write to %s: %s", LOCK_FILE, strerror(errno));
}
