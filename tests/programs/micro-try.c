// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-try: makes one system call and prints how it ended
 *
 *	micro-try mkdir PATH			micro-try open r|w|rw PATH
 *	micro-try rmdir PATH			micro-try write PATH TEXT|-
 *	micro-try insmod FILE [PARAMETERS]	micro-try rmmod MODULE
 *
 * Prints "ok" or the name of the errno, which the messages of busybox do not
 * tell. TEXT goes out in one write(2), "-" is the standard input.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return close(fd);
}

static int try_write(const char *path, const char *text)
{
	static char input[1 << 20];
	size_t size = strlen(text);
	ssize_t done;
	int fd;

	if (!strcmp(text, "-")) {
		size = fread(input, 1, sizeof(input), stdin);
		text = input;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;

	done = write(fd, text, size);
	if (done < 0)
		return -1;
	if ((size_t)done != size) {
		printf("only %zd of %zu bytes\n", done, size);
		exit(1);
	}
	return close(fd);
}

static int try_insmod(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return syscall(SYS_finit_module, fd, parameters, 0);
}

static int make_call(const char *op, const char *arg, const char *more)
{
	if (!strcmp(op, "mkdir"))
		return mkdir(arg, 0755);
	if (!strcmp(op, "rmdir"))
		return rmdir(arg);
	if (!strcmp(op, "insmod"))
		return try_insmod(arg, more ?: "");
	if (!strcmp(op, "rmmod"))
		return syscall(SYS_delete_module, arg, O_NONBLOCK);
	if (!more) {
		fprintf(stderr, "micro-try: %s needs more arguments\n", op);
		exit(2);
	}
	if (!strcmp(op, "write"))
		return try_write(arg, more);
	if (!strcmp(op, "open") && !strcmp(arg, "r"))
		return try_open(more, O_RDONLY);
	if (!strcmp(op, "open") && !strcmp(arg, "w"))
		return try_open(more, O_WRONLY);
	if (!strcmp(op, "open") && !strcmp(arg, "rw"))
		return try_open(more, O_RDWR);

	fprintf(stderr, "micro-try: no such command: %s %s\n", op, arg);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: micro-try COMMAND ARGUMENT...\n");
		return 2;
	}
	if (make_call(argv[1], argv[2], argv[3])) {
		puts(strerrorname_np(errno) ?: "unknown errno");
		return 1;
	}
	puts("ok");
	return 0;
}
