// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock: one microctl at a time changes devices
 *
 * It is lent while a driver is waited for, if the command is about one device at a time:
 * one driver that takes its time is to hold up nobody else. A plan for many devices was made
 * from what is there, so that nobody else may change that before it is done.
 *
 * Who may change devices may use it, and nobody else: whoever can open a file can
 * lock it, and keep all others waiting. So it has the group of the directory in
 * configfs, if that directory is the group's to write to.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configfs.h"
#include "interrupt.h"
#include "lock.h"
#include "message.h"

#define LOCK_FILE	"/run/microctl.lock"

static int lock_fd = -1;
static bool may_lend, lent;

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

static int open_lock(void)
{
	int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EACCES)
		die(STATUS_SYSTEM,
		    "no permission to open %s: once %s belongs to your group, root has to run \"microctl apply\" or another command that changes devices",
		    LOCK_FILE, CONFIGFS_MICRO);
	if (fd < 0)
		die(STATUS_SYSTEM, "cannot open %s: %s", LOCK_FILE, strerror(errno));
	return fd;
}

/* Root does that for the group, which has no file of its own in /run */
static void share_lock(int fd)
{
	struct stat file, folder;
	bool shared;
	mode_t mode;
	gid_t group;

	if (fstat(fd, &file) || file.st_uid != geteuid() || stat(CONFIGFS_MICRO, &folder))
		return;
	shared = folder.st_mode & 0020;
	group = shared ? folder.st_gid : getegid();
	mode = shared ? 0660 : 0600;
	if (file.st_gid == group && (file.st_mode & 07777) == mode)
		return;
	if (fchown(fd, -1, group) || fchmod(fd, mode))
		say("cannot change the group of %s: %s", LOCK_FILE, strerror(errno));
}

static void write_holder(int fd)
{
	char text[80];
	int len = snprintf(text, sizeof(text), "process %d\n", getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, len, 0) != len)
		say("cannot write to %s: %s", LOCK_FILE, strerror(errno));
}

/* Held until the process ends, however it does, but for lock_lend() */
void lock_take(bool wait)
{
	int fd = open_lock();
	char text[80];

	share_lock(fd);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			die(STATUS_SYSTEM, "cannot lock %s: %s", LOCK_FILE, strerror(errno));
		if (!wait)
			die(STATUS_LOCKED, "%s is changing devices; try again when it has finished",
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
	write_holder(fd);
	lock_fd = fd;
}

/* The caller has no plan that others could upset */
void lock_may_lend(void)
{
	may_lend = true;
}

/* A driver is waited for: others may go on */
void lock_lend(void)
{
	if (may_lend && !lent)
		lent = !flock(lock_fd, LOCK_UN);
}

/* That is over. After a signal the caller changes nothing any more, and does without it */
void lock_take_back(void)
{
	if (!lent)
		return;
	while (flock(lock_fd, LOCK_EX))
		if (errno != EINTR || interrupt_pending())
			return;
	lent = false;
	write_holder(lock_fd);
}
