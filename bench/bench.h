/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs that measure have in common
 *
 * They run in the guest of "scripts/vm --icount", where the clock advances one
 * nanosecond for each instruction: what is called ns here is instructions, and
 * for works that sleep, instructions plus the time in which there was nothing
 * to do. Elsewhere it is just time.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _BENCH_H
#define _BENCH_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS		5
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static inline void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	int err = errno;
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	fputc('\n', stderr);
	exit(1);
}

static inline const char *path(const char *format, ...)
{
	static char buf[4][256];
	static unsigned int next;
	char *p = buf[next++ % ARRAY_SIZE(buf)];
	va_list args;

	va_start(args, format);
	vsnprintf(p, sizeof(buf[0]), format, args);
	va_end(args);
	return p;
}

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* What it costs to ask for the time, for works that are measured one by one */
static inline double clock_cost(void)
{
	static double cost;
	int i;

	if (cost)
		return cost;
	for (i = 0; i < 1000; i++) {
		double begin = now();
		double ns = now() - begin;

		if (!cost || ns < cost)
			cost = ns;
	}
	return cost;
}

/* Are there to be marks for qemu/profile.c? Around the last round of each BEST() */
static bool marks;

/* Instructions that do nothing */
static inline void mark(bool end)
{
	if (!marks)
		return;
#ifdef __x86_64__
	if (end)
		asm volatile(".byte 0x0f, 0x1f, 0x80, 'M', 'K', 'S', 1" ::: "memory");
	else
		asm volatile(".byte 0x0f, 0x1f, 0x80, 'M', 'K', 'S', 0" ::: "memory");
#else
	(void)end;
#endif
}

/* For one call of many: the best of all rounds */
#define BEST(nr, call)							\
({									\
	double __best = 1e18;						\
	unsigned int __i, __round;					\
									\
	for (__round = 0; __round < ROUNDS; __round++) {		\
		double __begin, __ns;					\
									\
		if (__round == ROUNDS - 1)				\
			mark(false);					\
		__begin = now();					\
		for (__i = 0; __i < (nr); __i++)			\
			if ((call) < 0)					\
				die("%s", #call);			\
		__ns = (now() - __begin) / (nr);			\
		if (__round == ROUNDS - 1)				\
			mark(true);					\
		if (__ns < __best)					\
			__best = __ns;					\
	}								\
	__best;								\
})

/*
 * A kernel that has just booted still has work of its own, which would be taken
 * for ours: wait until the cheapest system call costs the same all the time.
 */
static inline void settle(void)
{
	double best = 1e18;
	unsigned int same = 0;
	unsigned int tries;

	for (tries = 0; same < 10; tries++) {
		double ns = BEST(2000, getppid());

		if (tries == 300) {
			fprintf(stderr, "never quiet: the figures are rough\n");
			break;
		}
		same = ns < best * 1.002 ? same + 1 : 0;
		if (ns < best)
			best = ns;
	}
}

static inline void print(const char *work, unsigned int n, const char *subject,
			 double value, const char *unit, double reference)
{
	printf("%s,%u,%s,%.1f,%s,%.3f\n", work, n, subject, value, unit,
	       reference ? value / reference : 0);
	fflush(stdout);
}

#endif /* _BENCH_H */
