// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the frequency of this machine's time stamp counter, in kHz, which is that
 * of QEMU's guests, too. Prints nothing where there is none.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <stdio.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Both clocks at one moment, as close as it gets: the machine may be busy */
static void both(long long *ns, unsigned long long *ticks)
{
	long long best = -1;
	int i;

	for (i = 0; i < 1000; i++) {
		long long before = now();
		unsigned long long tsc = __rdtsc();
		long long took = now() - before;

		if (best >= 0 && took >= best)
			continue;
		best = took;
		*ns = before + took / 2;
		*ticks = tsc;
	}
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	unsigned long long ticks[2];
	long long ns[2];

	both(&ns[0], &ticks[0]);
	nanosleep(&pause, NULL);
	both(&ns[1], &ticks[1]);
	printf("%.0f\n", (ticks[1] - ticks[0]) * 1e6 / (ns[1] - ns[0]));
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
