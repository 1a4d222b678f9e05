// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes in /dev: what is at the place where a device's node belongs
 *
 * The kernel makes a device's node when a driver is bound, and looks at it no more.
 * Whoever may write to /dev can remove it, and a program that writes to it then
 * makes a regular file in its place, which takes what was meant for the device.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/fs.h>

#include "devnode.h"
#include "memory.h"
#include "path.h"

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a regular file";
	case S_IFDIR:
		return "a folder";
	case S_IFBLK:
		return "a block device";
	case S_IFLNK:
		return "a symbolic link to nothing";
	case S_IFIFO:
		return "a pipe";
	case S_IFSOCK:
		return "a socket";
	}
	return "something else";
}

/**
 * devnode_fault() - look at the node of a device
 * @device: with its state
 *
 * Return: what is wrong with the node, as the end of a sentence that has the node
 * for its subject; NULL if nothing is, or if there should be none.
 */
const char *devnode_fault(const struct device *device)
{
	struct path path = { .len = 0 };
	unsigned int first, second;
	struct stat st;

	if (!*device->devnode || sscanf(device->dev, "%u:%u", &first, &second) != 2)
		return NULL;
	path_add(&path, "/dev/");
	path_add(&path, device->devnode);
	if (stat(path.text, &st) && (errno != ENOENT || lstat(path.text, &st)))
		return errno == ENOENT ? "is gone" : NULL;
	if (!S_ISCHR(st.st_mode))
		return format("is %s", kind(st.st_mode));
	if (st.st_rdev != makedev(first, second))
		return format("is that of another device (%u:%u, not %u:%u)",
			      major(st.st_rdev), minor(st.st_rdev), first, second);
	return NULL;
}

/* Fails if @to exists. Not every C library has a function for this */
static int rename_aside(const char *from, const char *to)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

/**
 * devnode_clear() - make room for the node of a device that is not bound
 * @name: the device's name
 * @at: where it is declared
 *
 * A regular file may have what somebody wrote to the device: it gets another name.
 *
 * Return: 0, also when nothing is there; -1 if that cannot be, which was said.
 */
int devnode_clear(const char *name, const struct place *at)
{
	struct path path = { .len = 0 }, aside = { .len = 0 };
	struct stat st;

	path_add(&path, DEVNODE_FOLDER "/");
	path_add(&path, name);
	if (lstat(path.text, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		say_at(at, NULL, "cannot look at %s: %s", path.text, strerror(errno));
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_size) {
		path_add(&aside, path.text);
		path_add(&aside, "~");
		if (rename_aside(path.text, aside.text)) {
			say_at(at, NULL, "%s is a regular file, which cannot be renamed to %s: %s",
			       path.text, aside.text, strerror(errno));
			return -1;
		}
		say_at(at, NULL, "%s was a regular file: it is %s now", path.text, aside.text);
		return 0;
	}
	if (S_ISDIR(st.st_mode) ? rmdir(path.text) : unlink(path.text)) {
		say_at(at, NULL, "%s is %s, which cannot be removed: %s", path.text,
		       S_ISCHR(st.st_mode) ? "the node of another device" : kind(st.st_mode),
		       strerror(errno));
		return -1;
	}
	return 0;
}
