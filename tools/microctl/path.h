/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths that grow and shrink while a tree is walked
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_PATH_H
#define _MICROCTL_PATH_H

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "message.h"

/**
 * struct path - a path
 * @text: the path
 * @len: its length
 */
struct path {
	char text[PATH_MAX];
	size_t len;
};

static inline void path_cut(struct path *path, size_t len)
{
	path->len = len;
	path->text[len] = '\0';
}

/* Returns the length before, for path_cut() */
static inline size_t path_add(struct path *path, const char *part)
{
	size_t before = path->len, len = strlen(part);

	if (before + len >= sizeof(path->text))
		die(STATUS_INPUT, "%s: the path is too long", path->text);
	memcpy(path->text + before, part, len + 1);
	path->len += len;
	return before;
}

#endif /* _MICROCTL_PATH_H */
