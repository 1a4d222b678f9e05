// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: overlays are applied and removed by workers while users wait, but not for ever
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

#include "../core/patience.h"
#include "overlay.h"

/**
 * DOC: Jobs
 *
 * A rmdir runs with locks that every other mkdir, rmdir and ls of overlays needs, and a
 * write with one that a rmdir needs. What they wait for are drivers whose devices come
 * or go with the overlay, and users of these, who may take as long as they like. So no
 * user calls the kernel to apply or remove an overlay. A worker does, and the user waits
 * at most patience_ms, as in configfs's front end of the core.
 *
 * Who hands over to whom: a user claims the overlay's only job with micro_overlay.lock
 * held, and with it a reference and the module for the worker, and leaves a note where
 * it wants the answer (micro_overlay.waiter). From then on the job is the worker's: it is
 * done even if nobody waits any more. Who gives up takes the note away, with the lock
 * held, so there is an answer, or there is nobody to hear it.
 *
 * rmdir cannot fail. It dooms the overlay. If there is no job, it claims one as others
 * do; else the worker buries the overlay when it is done with its job.
 *
 * A wait is cut short when its process is to be frozen, rather than frozen with locks
 * held.
 */

static int patience_ms = 1000;
module_param(patience_ms, int, 0644);
MODULE_PARM_DESC(patience_ms, "how many milliseconds rmdir and writes wait until an overlay is applied or removed (default: 1000); -1: they do the work themselves, for ever");

static struct workqueue_struct *micro_overlay_jobs;

/* A job has ended */
static DECLARE_WAIT_QUEUE_HEAD(micro_overlay_ended);

/**
 * struct micro_overlay_waiter - where the answer to a job goes
 * @done: it is here
 * @result: it
 *
 * On the stack of who waits, guarded by micro_overlay.lock.
 */
struct micro_overlay_waiter {
	bool done;
	int result;
};

/**
 * micro_overlay_patience() - how long a user waits
 *
 * Context: any.
 * Return: jiffies; negative: for ever, and does the work without a worker.
 */
long micro_overlay_patience(void)
{
	return micro_patience(&patience_ms);
}

static bool micro_overlay_is_idle(struct micro_overlay *ov)
{
	return READ_ONCE(ov->job) == MICRO_OVERLAY_IDLE;
}

static int micro_overlay_do(struct micro_overlay *ov, enum micro_overlay_job job)
{
	int err;

	switch (job) {
	case MICRO_OVERLAY_REMOVE:
	case MICRO_OVERLAY_BURY:
		return micro_overlay_remove(ov, job == MICRO_OVERLAY_BURY);
	case MICRO_OVERLAY_AGAIN:
		return micro_overlay_apply(ov);
	case MICRO_OVERLAY_LOAD:
		err = micro_overlay_load(ov) ?: micro_overlay_apply(ov);
		break;
	case MICRO_OVERLAY_APPLY:
		err = micro_overlay_apply(ov);
		break;
	default:
		return 0;
	}

	if (err) {
		guard(mutex)(&ov->lock);
		micro_overlay_forget(ov);
	}
	return err;
}

/* Answers who waits; returns what is to be done next */
static enum micro_overlay_job micro_overlay_answer(struct micro_overlay *ov, int result)
{
	enum micro_overlay_job next = MICRO_OVERLAY_IDLE;

	scoped_guard(mutex, &ov->lock) {
		if (ov->waiter) {
			ov->waiter->result = result;
			WRITE_ONCE(ov->waiter->done, true);
			ov->waiter = NULL;
		}
		if (ov->doomed && ov->job != MICRO_OVERLAY_BURY && ov->id)
			next = MICRO_OVERLAY_BURY;
		WRITE_ONCE(ov->job, next);
	}
	wake_up_all(&micro_overlay_ended);
	return next;
}

static void micro_overlay_work(struct work_struct *work)
{
	struct micro_overlay *ov = container_of(work, struct micro_overlay, work);
	/* Claimed: nobody else changes it */
	enum micro_overlay_job job = ov->job;

	schedule_delayed_work(&ov->watch, MICRO_WARN_FIRST);
	do {
		int result = micro_overlay_do(ov, job);

		job = micro_overlay_answer(ov, result);
	} while (job != MICRO_OVERLAY_IDLE);
	cancel_delayed_work_sync(&ov->watch);
	config_item_put(&ov->item);
	/* Who ends the module waits for this function to return, too */
	module_put(THIS_MODULE);
}

/* Which driver it is, the core says */
static void micro_overlay_complain(struct work_struct *work)
{
	struct micro_overlay *ov = container_of(to_delayed_work(work), struct micro_overlay, watch);
	const char *name = config_item_name(&ov->item);

	if (READ_ONCE(ov->waits))
		pr_warn("%s: the overlay waits for another one, which is being applied\n", name);
	else
		pr_warn("%s: the overlay is still being %s\n", name,
			READ_ONCE(ov->job) < MICRO_OVERLAY_REMOVE ? "applied" : "removed");
	schedule_delayed_work(&ov->watch, MICRO_WARN_AGAIN);
}

/**
 * micro_overlay_job_init() - an overlay is made
 * @ov: the overlay
 *
 * Context: any.
 */
void micro_overlay_job_init(struct micro_overlay *ov)
{
	mutex_init(&ov->lock);
	INIT_WORK(&ov->work, micro_overlay_work);
	INIT_DELAYED_WORK(&ov->watch, micro_overlay_complain);
}

static void micro_overlay_claim(struct micro_overlay *ov, enum micro_overlay_job job,
				struct micro_overlay_waiter *w)
{
	WRITE_ONCE(ov->job, job);
	ov->waiter = w;
	/* the worker's; the caller has both */
	config_item_get(&ov->item);
	__module_get(THIS_MODULE);
}

static void micro_overlay_start(struct micro_overlay *ov, long patience)
{
	if (patience < 0)
		micro_overlay_work(&ov->work);
	else
		queue_work(micro_overlay_jobs, &ov->work);
}

/**
 * micro_overlay_begin() - wait until there is no job
 * @ov: the overlay
 * @left: from micro_overlay_patience(); how much of it is left afterwards
 *
 * Context: may sleep that long.
 * Return: 0 with micro_overlay.lock held, or -EBUSY, or -EINTR.
 */
int micro_overlay_begin(struct micro_overlay *ov, long *left)
{
	for (;;) {
		if (mutex_lock_killable(&ov->lock))
			return -EINTR;
		if (ov->job == MICRO_OVERLAY_IDLE)
			return 0;
		mutex_unlock(&ov->lock);

		if (!micro_wait_patiently(micro_overlay_ended, *left, micro_overlay_is_idle(ov)))
			return fatal_signal_pending(current) ? -EINTR : -EBUSY;
	}
}

/**
 * micro_overlay_end() - have a job done, and wait for it
 * @ov: from micro_overlay_begin()
 * @job: what to do
 * @left: what that has left
 *
 * Context: may sleep that long. Unlocks micro_overlay.lock.
 * Return: the result; -EINPROGRESS when time was over, and the job goes on.
 */
int micro_overlay_end(struct micro_overlay *ov, enum micro_overlay_job job, long left)
{
	struct micro_overlay_waiter w = {};

	micro_overlay_claim(ov, job, &w);
	mutex_unlock(&ov->lock);
	micro_overlay_start(ov, left);
	micro_wait_patiently(micro_overlay_ended, left, READ_ONCE(w.done));

	guard(mutex)(&ov->lock);
	if (w.done)
		return w.result;
	ov->waiter = NULL;
	return -EINPROGRESS;
}

/**
 * micro_overlay_bury() - remove an overlay, now or as soon as that is possible
 * @ov: the overlay, whose directory is gone
 *
 * Context: may sleep as long as patience_ms says.
 */
void micro_overlay_bury(struct micro_overlay *ov)
{
	long left = micro_overlay_patience();
	bool claimed;

	scoped_guard(mutex, &ov->lock) {
		ov->doomed = true;
		/* Else the worker will find that when it is done with its job */
		claimed = ov->job == MICRO_OVERLAY_IDLE && ov->id;
		if (claimed)
			micro_overlay_claim(ov, MICRO_OVERLAY_BURY, NULL);
	}
	if (claimed)
		micro_overlay_start(ov, left);
	micro_wait_patiently(micro_overlay_ended, left, micro_overlay_is_idle(ov));
}

int micro_overlay_jobs_init(void)
{
	/* One that is stuck must not keep others from being begun, and suspend not wait for it */
	micro_overlay_jobs = alloc_workqueue("micro_overlay", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return micro_overlay_jobs ? 0 : -ENOMEM;
}

/* Each has let go of the module; its function may still be about to return */
void micro_overlay_jobs_exit(void)
{
	destroy_workqueue(micro_overlay_jobs);
}
