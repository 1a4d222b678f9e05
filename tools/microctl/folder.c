// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folders of device-tree files, such as /etc/micro.d
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "memory.h"
#include "message.h"

/* Editors leave other files beside them, whose names end in something else */
static int is_device_tree(const struct dirent *entry)
{
	static const char * const ends[] = { ".dts", ".dtso", ".dtb", ".dtbo" };
	const char *end = strrchr(entry->d_name, '.');

	if (!end || end == entry->d_name || *entry->d_name == '.')
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(end, ends[i]))
			return 1;
	return 0;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add(struct files *files, const char *path)
{
	files->all = grow(files->all, files->count, sizeof(*files->all));
	files->all[files->count++] = path;
}

/* A folder stands for the device-tree files in it, in the order of their names */
void files_add(struct files *files, const char *path)
{
	const char *slash = path[strlen(path) - !!*path] == '/' ? "" : "/";
	struct dirent **entries;
	struct stat st;
	int count;

	if (!strcmp(path, "-") || stat(path, &st) || !S_ISDIR(st.st_mode)) {
		add(files, path);
		return;
	}
	count = scandir(path, &entries, is_device_tree, compare_entries);
	if (count < 0)
		die(STATUS_INPUT, "cannot read the folder %s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		add(files, format("%s%s%s", path, slash, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
}
