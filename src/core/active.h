/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The active count: who is inside, and whether anybody may still enter
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_ACTIVE_H
#define _MICRO_ACTIVE_H

#include <linux/atomic.h>
#include <linux/limits.h>

/**
 * DOC: Active count
 *
 * One atomic per open file: its sign bit says "revoked", the rest counts the
 * operations inside. Entering and leaving cost one atomic instruction each, on
 * a cache line that no other open file uses, and nobody waits for a grace
 * period to revoke. The sign bit makes "enter unless revoked" the kernel's
 * atomic_inc_unless_negative(), as for kernfs's active references.
 */

#define MICRO_REVOKED	INT_MIN

/**
 * struct micro_active - an active count
 * @count: MICRO_REVOKED plus the number of operations inside
 */
struct micro_active {
	atomic_t count;
};

/**
 * micro_active_init() - make a live count
 * @a: the count
 * @inside: operations that are inside from the start
 */
static inline void micro_active_init(struct micro_active *a, int inside)
{
	atomic_set(&a->count, inside);
}

/**
 * micro_active_enter() - count an operation in
 * @a: the count
 *
 * Context: any. Orders everything inside after it.
 * Return: false, and nothing is counted, once revoked.
 */
static inline bool micro_active_enter(struct micro_active *a)
{
	return atomic_inc_unless_negative(&a->count);
}

/**
 * micro_active_leave() - count an operation out
 * @a: the count; the caller must not touch it again unless it knows that the
 *	object it is in stays
 *
 * Context: any. Orders everything inside before it.
 * Return: true for the last one to leave a revoked count: it tells the revoker.
 */
static inline bool micro_active_leave(struct micro_active *a)
{
	return atomic_dec_return(&a->count) == MICRO_REVOKED;
}

/**
 * micro_active_revoke() - let nobody enter any more
 * @a: the count, not revoked yet
 *
 * Context: any.
 * Return: how many are inside; the last of them gets true from
 * micro_active_leave() if there are any.
 */
static inline int micro_active_revoke(struct micro_active *a)
{
	return atomic_fetch_or(MICRO_REVOKED, &a->count);
}

/**
 * micro_active_revoked() - is it revoked?
 * @a: the count
 *
 * Context: any.
 */
static inline bool micro_active_revoked(const struct micro_active *a)
{
	return atomic_read(&a->count) < 0;
}

/**
 * micro_active_inside() - how many are inside, for messages
 * @a: the count
 *
 * Context: any.
 */
static inline int micro_active_inside(const struct micro_active *a)
{
	return atomic_read(&a->count) & ~MICRO_REVOKED;
}

#endif /* _MICRO_ACTIVE_H */
