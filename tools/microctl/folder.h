/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folders of device-tree files, such as /etc/micro.d
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_FOLDER_H
#define _MICROCTL_FOLDER_H

#include <stddef.h>

/**
 * struct files - files that were named, one by one or by their folder
 * @all: their paths
 * @count: how many
 */
struct files {
	const char **all;
	size_t count;
};

void files_add(struct files *files, const char *path);

#endif /* _MICROCTL_FOLDER_H */
