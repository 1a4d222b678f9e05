// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files as a whole, and what dtc makes of them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "retry.h"

#define FILE_MAX	(256 << 20)	/* bytes; no device tree has so many */

static bool read_all(int fd, struct content *content)
{
	size_t room = 0;
	ssize_t got;

	*content = (struct content){ 0 };
	do {
		if (content->size == room) {
			room = room ? 2 * room : 64 * 1024;
			content->bytes = realloc(content->bytes, room + 1);
			if (!content->bytes)
				die(STATUS_SYSTEM, "out of memory");
		}
		while ((got = read(fd, content->bytes + content->size, room - content->size)) < 0 &&
		       errno == EINTR)
			interrupt_check();
		if (got > 0)
			content->size += got;
	} while (got > 0 && content->size <= FILE_MAX);
	content->bytes[content->size] = '\0';
	if (got > 0)
		errno = EFBIG;
	return !got;
}

/* "-" is the standard input. Says what is wrong, and returns false then */
bool file_read(const char *file, struct content *content)
{
	const struct place at = { .file = file };
	int fd = STDIN_FILENO;
	bool good;
	int err;

	if (strcmp(file, "-")) {
		while ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR)
			interrupt_check();
		if (fd < 0) {
			say_at(&at, NULL, "cannot read it: %s", strerror(errno));
			return false;
		}
	}
	good = read_all(fd, content);
	err = errno;
	if (fd != STDIN_FILENO)
		close(fd);
	if (!good)
		say_at(&at, NULL, "cannot read it: %s", strerror(err));
	return good;
}

extern char **environ;

/* Without a check that compares each node with all of its siblings, only to warn */
static int run_dtc(const char *file, int in, int out, const char *output)
{
	const char *const argv[] = {
		"dtc", "-@", "-q", "-W", "no-unique_unit_address",
		"-I", "dts", "-O", output, "-o", "-",
		*file == '-' && file[1] ? format("./%s", file) : file, NULL
	};
	posix_spawn_file_actions_t actions;
	int status, err;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		errno = err;
		return -1;
	}
	if (retry_interrupted(waitpid(pid, &status, 0)) < 0)
		return -1;
	interrupt_check();
	return status;
}

/**
 * compile_source() - compile the source of a device tree
 * @file: its name; the files that it includes are looked for beside it
 * @source: what is in it, for one from the standard input
 * @format: "dtb" or "dts", as of dtc's -O
 * @result: what came of it
 *
 * Return: false when that was not possible, and what is wrong was said.
 */
bool compile_source(const char *file, const struct content *source, const char *format,
		    struct content *result)
{
	const struct place at = { .file = file };
	int in = memfd_create("source", MFD_CLOEXEC);
	int out = memfd_create("result", MFD_CLOEXEC);
	bool good = false;
	int status;

	if (in < 0 || out < 0)
		die(STATUS_SYSTEM, "no temporary files: %s", strerror(errno));
	if (write(in, source->bytes, source->size) != (ssize_t)source->size)
		die(STATUS_SYSTEM, "no room for temporary files");
	lseek(in, 0, SEEK_SET);

	status = run_dtc(file, in, out, format);
	if (status < 0 && errno == ENOENT) {
		say_at(&at, NULL,
		       "reading a source takes dtc, which is not there: install the package device-tree-compiler, or compile the file elsewhere with \"dtc -@\"");
	} else if (status < 0) {
		say_at(&at, NULL, "cannot run dtc: %s", strerror(errno));
	} else if (status) {
		say_at(&at, NULL, "dtc cannot compile it; its messages are above");
	} else {
		lseek(out, 0, SEEK_SET);
		good = read_all(out, result);
	}
	close(in);
	close(out);
	return good;
}
