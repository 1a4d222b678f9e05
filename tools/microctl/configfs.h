/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our directory in configfs
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_CONFIGFS_H
#define _MICROCTL_CONFIGFS_H

#include <stdbool.h>

#include "device.h"

/* Where it is mounted, and our folder there */
#define CONFIGFS	"/sys/kernel/config"
#define CONFIGFS_MICRO	CONFIGFS "/micro"

bool configfs_is_there(void);
void configfs_open(bool to_change);

/* Paths are relative to our directory. These return 0, or -1 with errno */
int configfs_mkdir(const char *path);
int configfs_rmdir(const char *path);
int configfs_write(const char *path, const char *text, size_t len);

/* The length without a newline at the end, or -1 with errno */
ssize_t configfs_read(const char *path, char *text, size_t room);

/**
 * struct names - of the directories in a directory, in the order of their making
 * @all: the names
 * @count: how many
 */
struct names {
	const char **all;
	size_t count;
};

int configfs_list(const char *path, struct names *names);

struct device *configfs_device(const char *name);
void configfs_state(struct device *device);

#endif /* _MICROCTL_CONFIGFS_H */
