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
 * operations inside. Entering and leaving cost one atomic instruction each, which
 * sets the flag that the branch after it looks at, on a cache line that no other
 * open file's count is on; and nobody waits for a grace period to revoke.
 *
 * Entering counts first and looks at the sign then. Who comes too late is counted
 * for a moment, too, so a revoked count does not tell whether anybody is inside.
 * That is what @owed is for. Revoking is one atomic instruction as well, which
 * returns how many are inside at that moment: exactly those will find the sign set
 * when they leave, as nobody who came later was let in. The revoker adds their
 * number to @owed, each of them takes one off, in whichever order. It is 0 once all
 * of it has happened and not before, and exactly one of them makes it so: the last
 * to leave, or the revoker, if they were all faster. Who came too late touches
 * neither @owed nor anything else, so it is of no account how many such there are,
 * and they can't delay the revoker.
 *
 * Ordering: all of these return values, so they are full barriers, on all machines.
 * What an operation did is before its leave; the revoker has read what that wrote,
 * either from @count, when it revoked, or from @owed, directly or through the last
 * to leave, who tells it with a barrier of its own (micro_binding_left()). So
 * all of it is before anything that the revoker does from then on. What the revoker
 * did before it revoked is seen by whoever enters too late, or reads
 * micro_active_revoked() after a barrier, as sleepers do.
 */

#define MICRO_REVOKED	INT_MIN

/**
 * struct micro_active - an active count
 * @count: MICRO_REVOKED plus the number of operations inside, and of those that
 *	came too late and are about to turn back
 * @owed: the number of operations that the revoker found inside, minus those that
 *	have left since
 * @after: in the place of @owed, for the owner: once revoked, and with nobody inside,
 *	that is 0 and touched by nobody
 */
struct micro_active {
	atomic_t count;
	union {
		atomic_t owed;
		u32 after;
	};
};

/**
 * micro_active_init() - make a live count
 * @a: the count
 * @inside: operations that are inside from the start
 */
static inline void micro_active_init(struct micro_active *a, int inside)
{
	atomic_set(&a->count, inside);
	atomic_set(&a->owed, 0);
}

/**
 * micro_active_enter() - count an operation in
 * @a: the count
 *
 * Context: any. Orders everything inside after it.
 * Return: false, and nothing stays counted, once revoked.
 */
static inline bool micro_active_enter(struct micro_active *a)
{
	if (likely(!atomic_add_negative(1, &a->count)))
		return true;
	atomic_dec(&a->count);
	return false;
}

/**
 * micro_active_leave() - count an operation out
 * @a: the count; the caller must not touch it again unless it knows that the
 *	object it is in stays
 *
 * Context: any. Orders everything inside before it.
 * Return: true once revoked: micro_active_left() has to follow.
 */
static inline bool micro_active_leave(struct micro_active *a)
{
	return unlikely(atomic_add_negative(-1, &a->count));
}

/**
 * micro_active_left() - the second part of leaving a revoked count
 * @a: the count, as for micro_active_leave()
 *
 * Context: any.
 * Return: true for the last one to leave: it tells the revoker.
 */
static inline bool micro_active_left(struct micro_active *a)
{
	return atomic_dec_and_test(&a->owed);
}

/**
 * micro_active_revoke() - let nobody enter any more
 * @a: the count, not revoked yet
 *
 * Context: any.
 * Return: true if somebody is inside: the last of them gets true from
 * micro_active_left(), perhaps before this returns.
 */
static inline bool micro_active_revoke(struct micro_active *a)
{
	int inside = atomic_fetch_add(MICRO_REVOKED, &a->count);

	return inside && atomic_add_return(inside, &a->owed);
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
 * Context: any. Who turns back is counted, too.
 */
static inline int micro_active_inside(const struct micro_active *a)
{
	return atomic_read(&a->count) & ~MICRO_REVOKED;
}

#endif /* _MICRO_ACTIVE_H */
