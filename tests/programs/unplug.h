/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs have in common that use a device while it goes
 *
 *	PROGRAM CASE NODE COMMAND
 *
 * CASE opens NODE, uses it, has COMMAND executed by the shell, which takes the
 * device away, and looks at what came of it. The exit status says whether all
 * was as it should be; else the first thing that was not is on stderr.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef UNPLUG_H
#define UNPLUG_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../modules/micro_evil.h"

/*
 * Nothing here holds an unplug up, so it takes milliseconds; but emulated, with
 * sanitizers, on a busy machine, they become seconds.
 */
#define PROMPTLY_MS		30000
/* Only for what hangs */
#define TIME_LIMIT_S		600

static const char *node;
static const char *unplug_command;

#define __noreturn	__attribute__((__noreturn__))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

static inline __noreturn __printf(3, 4)
void fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s:%d: ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	_exit(1);
}

/* The condition holds */
#define check(condition)						\
do {									\
	if (!(condition))						\
		fail(__FILE__, __LINE__, "not so: %s (errno: %s)",	\
		     #condition, strerror(errno));			\
} while (0)

/* A pointer, as mmap() returns it, is as long as a long */
#define number_of(call)							\
	((long long)__builtin_choose_expr(__builtin_types_compatible_p(__typeof__(call), void *), \
					  (long)(call), (call)))

/* The call returns this number */
#define check_is(call, want)						\
do {									\
	long long __want = (want);					\
	long long __got;						\
									\
	errno = 0;							\
	__got = number_of(call);					\
	if (__got != __want)						\
		fail(__FILE__, __LINE__, "%s: %lld (%s), not %lld",	\
		     #call, __got, strerror(errno), __want);		\
} while (0)

/* The call returns -1 and this errno */
#define check_fails(call, want)						\
do {									\
	long long __got;						\
									\
	errno = 0;							\
	__got = number_of(call);					\
	if (__got != -1 || errno != (want))				\
		fail(__FILE__, __LINE__, "%s: %lld (%s), not %s",	\
		     #call, __got, strerror(errno), #want);		\
} while (0)

static inline long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* For what can only be looked at again and again */
#define wait_until(condition)						\
do {									\
	long long __end = now_ms() + TIME_LIMIT_S * 1000;		\
									\
	while (!(condition)) {						\
		if (now_ms() > __end)					\
			fail(__FILE__, __LINE__, "never so: %s",	\
			     #condition);				\
		usleep(2000);						\
	}								\
} while (0)

static inline int open_node(int flags)
{
	int fd = open(node, flags | O_CLOEXEC);

	if (fd < 0)
		fail(__FILE__, __LINE__, "%s: %s", node, strerror(errno));
	return fd;
}

/* A driver's name is in its node's */
static inline bool node_is(const char *driver)
{
	const char *base = strrchr(node, '/') + 1;
	size_t len = strcspn(base, ".");

	return strlen(driver) == len && !strncmp(base, driver, len);
}

static inline pid_t unplug_begin(void)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		execl("/bin/sh", "sh", "-c", unplug_command, NULL);
		_exit(127);
	}
	return pid;
}

static inline void unplug_end(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid);
	if (status)
		fail(__FILE__, __LINE__, "'%s' failed: %#x", unplug_command, status);
}

static inline void unplug(void)
{
	long long begin = now_ms();

	unplug_end(unplug_begin());
	check(now_ms() - begin < PROMPTLY_MS);
}

/* One of the numbers in micro_evil's folder in debugfs */
static inline long counter(const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/micro_evil/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	check(fd >= 0);
	check(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}

static inline void evil_write(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/micro_evil/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	check(fd >= 0);
	check_is(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The state of a task, as ps shows it */
static inline char task_state(pid_t tid)
{
	char path[64], text[512] = "", *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 'X';
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	p = strrchr(text, ')');
	return p ? p[2] : 'X';
}

/*
 * A call that another thread makes, and that sleeps; begin_call() returns when
 * it does.
 */
struct call {
	long (*fn)(int fd);
	int fd;
	pthread_t thread;
	atomic_int tid;
	long ret;
	int err;
};

static inline void *call_thread(void *arg)
{
	struct call *c = arg;

	c->tid = gettid();
	errno = 0;
	c->ret = c->fn(c->fd);
	c->err = errno;
	return NULL;
}

static inline void begin_call_awake(struct call *c, long (*fn)(int fd), int fd)
{
	memset(c, 0, sizeof(*c));
	c->fn = fn;
	c->fd = fd;
	check(!pthread_create(&c->thread, NULL, call_thread, c));
}

static inline void begin_call(struct call *c, long (*fn)(int fd), int fd)
{
	begin_call_awake(c, fn, fd);
	wait_until(c->tid && strchr("SD", task_state(c->tid)));
}

static inline long end_call(struct call *c)
{
	check(!pthread_join(c->thread, NULL));
	errno = c->err;
	return c->ret;
}

/* What a child process finds out; it exits with 0, or fail()s */
static inline void end_child(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid);
	if (status)
		fail(__FILE__, __LINE__, "the child process failed: %#x", status);
}

/* A byte through a pipe: to let a child go on, or to say that it has */
static inline void tell(int fd)
{
	check_is(write(fd, "", 1), 1);
}

static inline void hear(int fd)
{
	char byte;

	check_is(read(fd, &byte, 1), 1);
}

struct test_case {
	const char *name;
	void (*run)(void);
};

static inline int run_case(int argc, char **argv, const struct test_case *cases, size_t count)
{
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < count; i++)
			puts(cases[i].name);
		return 0;
	}
	for (i = 0; argc == 4 && i < count; i++) {
		if (strcmp(cases[i].name, argv[1]))
			continue;
		node = argv[2];
		unplug_command = argv[3];
		alarm(TIME_LIMIT_S);
		cases[i].run();
		return 0;
	}
	fprintf(stderr, "Usage: %s CASE NODE COMMAND, or --list\n", argv[0]);
	return 2;
}

#endif /* UNPLUG_H */
