/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long users wait for drivers, for the core and micro_overlay
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_PATIENCE_H
#define _MICRO_PATIENCE_H

#include <linux/compiler.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/wait.h>

/* When the log says what takes long, and when again */
#define MICRO_WARN_FIRST	(10 * HZ)
#define MICRO_WARN_AGAIN	(60 * HZ)

/**
 * micro_patience() - how long a user waits
 * @ms: the module parameter patience_ms
 *
 * Context: any.
 * Return: jiffies; negative: for ever, and does the work without a worker.
 */
static inline long micro_patience(const int *ms)
{
	int patience = READ_ONCE(*ms);

	return patience < 0 ? -1 : (long)msecs_to_jiffies(patience);
}

/*
 * Until @condition is true, @left jiffies are over, or the process is to be killed or
 * frozen. Looks once a second for the latter, which does not wake it. @left is what is left
 * then; one that is negative stays so, and is for ever.
 */
#define micro_wait_patiently(wq, left, condition)				\
({										\
	bool __done = (condition);						\
	long __rest;								\
										\
	while (!__done && (left) && !freezing(current)) {			\
		long __slice = (left) < 0 ? HZ : min_t(long, left, HZ);		\
										\
		__rest = wait_event_killable_timeout(wq, condition, __slice);	\
		if (__rest < 0)							\
			break;							\
		__done = __rest > 0;						\
		if ((left) > 0)							\
			(left) -= __slice - __rest;				\
	}									\
	__done;									\
})

#endif /* _MICRO_PATIENCE_H */
