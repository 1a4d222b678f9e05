/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One allocation, or copy from or to user space, that fails in a system call
 *
 * /proc/thread-self/fail-nth of CONFIG_FAULT_INJECTION. Its users try each step of theirs
 * with the first one failing, then with the second, until there is none left to fail.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char *step_name = "start";
static int step_nth, wrongs, fail_nth;
/* which of the allocations in a step: the "first", the one "every" later, and so on */
static int every = 1, first = 1;

__attribute__((format(printf, 1, 2)))
static void complain(const char *format, ...)
{
	va_list args;

	printf("# wrong: %s, fault %d: ", step_name, step_nth);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	wrongs++;
}

__attribute__((format(printf, 1, 2)))
static _Noreturn void fatal(const char *format, ...)
{
	va_list args;

	printf("# wrong: %s, fault %d: ", step_name, step_nth);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(errno));
	exit(1);
}

/* One write(2), which is the call under test where it is one: 0, or -1 with errno */
static inline long put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

static inline void must_put(const char *path, const char *text)
{
	if (put(path, text))
		fatal("%s", path);
}

/* Has to come first, in the thread whose system calls are to fail */
static inline void faults_start(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		fatal("/proc/thread-self/fail-nth");
	must_put("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	must_put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	must_put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	must_put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
}

/* The @nth allocation from here on is to fail; 0: none */
static inline void arm(int nth)
{
	char text[16];

	sprintf(text, "%d", nth);
	if (pwrite(fail_nth, text, strlen(text), 0) < 0 && nth)
		fatal("fail-nth");
}

/* Was the fault injected? That reading the answer may fail is an answer, too. */
static inline bool injected(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		return false;
	return atoi(text) == 0;
}

#endif /* FAULTS_H */
