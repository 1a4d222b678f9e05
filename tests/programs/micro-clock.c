// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-clock: what a command costs, and a command to compare others with
 *
 *	micro-clock run COMMAND ARGUMENT...
 *	micro-clock pipes COUNT
 *
 * "run" prints how long COMMAND took, in nanoseconds: with --icount, these are
 * instructions. "pipes" makes so many pipes in configfs, with the system calls
 * that this takes and nothing else.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int run(char **argv)
{
	long long start = now();
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		die(argv[0]);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	printf("%lld\n", now() - start);
	return status ? 1 : 0;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static int pipes(int count)
{
	char path[256];
	int len;

	if (chdir("/sys/kernel/config/micro"))
		die("/sys/kernel/config/micro");
	for (int i = 0; i < count; i++) {
		len = sprintf(path, "pipe-%d", i);
		if (mkdir(path, 0755))
			die(path);
		strcpy(path + len, "/properties/fifo-size");
		if (mkdir(path, 0755))
			die(path);
		strcpy(path + len, "/properties/fifo-size/u32");
		put(path, "64");
		strcpy(path + len, "/compatible");
		put(path, "microkernel,fifo");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "pipes"))
		return pipes(atoi(argv[2]));
	fprintf(stderr, "usage: micro-clock run COMMAND... | pipes COUNT\n");
	return 2;
}
