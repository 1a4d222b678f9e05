/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: what an instance was used for, counted while somebody wants to know
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_STATISTICS_H
#define _MICRO_STATISTICS_H

#include <linux/atomic.h>
#include <linux/jump_label.h>
#include <linux/types.h>

struct micro_binding;
struct micro_file;

/**
 * enum micro_statistic - what is counted
 * @MICRO_STAT_OPENS: calls of open() that the driver has answered
 * @MICRO_STAT_READS: likewise of read() and read_iter()
 * @MICRO_STAT_WRITES: likewise of write() and write_iter()
 * @MICRO_STAT_IOCTLS: likewise of ioctl() and compat_ioctl()
 * @MICRO_STAT_BYTES_READ: what the reads have returned
 * @MICRO_STAT_BYTES_WRITTEN: what the writes have taken
 * @MICRO_STAT_ERRORS: calls of these that have failed
 * @MICRO_STAT_REVOCATIONS: open files that an unbind has ended
 * @MICRO_STAT_NR: how many there are
 */
enum micro_statistic {
	MICRO_STAT_OPENS,
	MICRO_STAT_READS,
	MICRO_STAT_WRITES,
	MICRO_STAT_IOCTLS,
	MICRO_STAT_BYTES_READ,
	MICRO_STAT_BYTES_WRITTEN,
	MICRO_STAT_ERRORS,
	MICRO_STAT_REVOCATIONS,
	MICRO_STAT_NR,
};

/**
 * struct micro_statistics - counters of an open file, or of closed ones
 * @count: by enum micro_statistic; several threads may use one file
 */
struct micro_statistics {
	atomic64_t count[MICRO_STAT_NR];
};

extern const struct attribute_group *micro_statistics_bus_groups[];

DECLARE_STATIC_KEY_FALSE(micro_statistics_key);

int micro_statistics_publish(struct micro_binding *b);
void micro_statistics_unpublish(struct micro_binding *b);
s64 __micro_statistics_count(struct micro_statistics **slot, enum micro_statistic what,
			     s64 ret);
void micro_statistics_fold(struct micro_file *f);

/**
 * micro_statistics_count() - count an operation, if anything is counted
 * @slot: the open file's counters; the caller is inside
 * @what: which one: its number of calls
 * @ret: what the driver has answered
 *
 * While it is off, this is one instruction that does nothing; while it is on, at
 * most 8, except for the first operation of a file and those that fail.
 *
 * Context: may sleep.
 * Return: @ret, as micro_file_left().
 */
static __always_inline s64 micro_statistics_count(struct micro_statistics **slot,
						  enum micro_statistic what, s64 ret)
{
	if (static_branch_unlikely(&micro_statistics_key)) {
		struct micro_statistics *stats = READ_ONCE(*slot);

		if (unlikely(!stats || ret < 0))
			return __micro_statistics_count(slot, what, ret);
		atomic64_inc(&stats->count[what]);
		if (what == MICRO_STAT_READS)
			atomic64_add(ret, &stats->count[MICRO_STAT_BYTES_READ]);
		if (what == MICRO_STAT_WRITES)
			atomic64_add(ret, &stats->count[MICRO_STAT_BYTES_WRITTEN]);
	}
	return ret;
}

/* for micro_file_call(): what to count for each operation */
#define micro_count_read(f, ret)	micro_statistics_count(&(f)->stats, MICRO_STAT_READS, ret)
#define micro_count_read_iter(f, ret)	micro_statistics_count(&(f)->stats, MICRO_STAT_READS, ret)
#define micro_count_write(f, ret)	micro_statistics_count(&(f)->stats, MICRO_STAT_WRITES, ret)
#define micro_count_write_iter(f, ret)	micro_statistics_count(&(f)->stats, MICRO_STAT_WRITES, ret)
#define micro_count_ioctl(f, ret)	micro_statistics_count(&(f)->stats, MICRO_STAT_IOCTLS, ret)
#define micro_count_compat_ioctl(f, ret) micro_statistics_count(&(f)->stats, MICRO_STAT_IOCTLS, ret)

static inline __poll_t micro_count_poll(struct micro_file *f, __poll_t ret)
{
	return ret;
}

static inline loff_t micro_count_llseek(struct micro_file *f, loff_t ret)
{
	return ret;
}

#endif /* _MICRO_STATISTICS_H */
