// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: what users ask of a device, done by a worker while they wait, but not for ever
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "device.h"
#include "main.h"
#include "patience.h"

/**
 * DOC: Jobs
 *
 * A mkdir or rmdir in configfs runs with locks that every other mkdir, rmdir and ls
 * there needs. What it waits for is a driver, or a user of that driver, who may take
 * as long as they like: a probe(), a module that is being loaded, an operation that
 * stays inside, a remove(). So a front end with such locks (micro_front.bounded) never
 * calls a driver. It hands a job over to a worker, and waits at most patience_ms.
 *
 * Who hands over to whom: the front end claims the instance's only slot
 * (micro_instance.job), and with it a reference for the worker. From then on the job
 * is the worker's: it is done even if nobody waits any more. The front end leaves a
 * note where it wants the answer (micro_instance.waiter). Who gives up, because time
 * is over or the process is being killed, takes the note away. Both happen with
 * micro_instance.lock held, so there is an answer, or there is nobody to hear it.
 *
 * rmdir cannot fail, whatever is going on. It dooms the instance: from now on
 * nobody can bind it. If the slot is free, it claims it as others do; else the worker
 * that has it buries the instance when it is done with its job. So an instance is
 * buried once, by the last job there is. Until then our module cannot be unloaded: the
 * directory does not hold it any more, and whoever unloaded it would wait for the job,
 * without a limit and unkillable.
 *
 * A wait is cut short when its process is to be frozen, rather than frozen with the
 * locks held: whoever waited for these could not be frozen then. Workers are not
 * frozen at all, as suspend need not wait for them.
 *
 * Who waits holds up all others that want the same locks, and each of them may wait as
 * long. So one stuck device costs them patience_ms once, and many cost little more: the
 * more jobs are late already, the shorter are further waits.
 *
 * A workqueue runs a limited number of works at a time, and a stuck job is one of them
 * for ever. So while more than a few jobs are in progress, each further one gets
 * a kernel thread of its own.
 *
 * What a driver allocates for a device, with GFP_KERNEL_ACCOUNT, is charged to the memory
 * cgroup of the process that asks for the job, as it would be without a worker.
 *
 * Kernel code makes and destroys its devices itself, in its own context, and has what
 * it asked for when the call returns.
 */

static int patience_ms = 1000;
module_param(patience_ms, int, 0644);
MODULE_PARM_DESC(patience_ms, "how many milliseconds mkdir, rmdir and writes in configfs wait for a driver (default: 1000); -1: they do the work themselves, for ever");

/*
 * So many jobs in progress are left to the workqueue. As many works run at a time on each
 * node of a NUMA machine, however small the node's share of the limit is (WQ_DFL_MIN_ACTIVE).
 */
#define MICRO_JOBS_QUEUED	8

static struct workqueue_struct *micro_jobs;
/* Jobs that a worker or a thread has */
static atomic_t micro_jobs_running;
/* Of these, those that somebody has given up on */
static atomic_t micro_jobs_late;

/*
 * The caller may hold locks that all others need, and each of these waits as long. If there
 * are many stuck devices, that adds up: the more jobs are late, the less it waits, down to
 * a 16th.
 */
static long micro_job_patience(void)
{
	long left = micro_patience(&patience_ms);

	return left > 0 ? max(left >> min(atomic_read(&micro_jobs_late), 4), 1L) : left;
}

/**
 * struct micro_job_waiter - where the answer to a job goes
 * @done: it is here
 * @result: it
 *
 * On the stack of who waits, guarded by micro_instance.lock.
 */
struct micro_job_waiter {
	bool done;
	int result;
};

static bool micro_job_claim(struct micro_instance *mi, enum micro_job job,
			    struct micro_compat *compat, struct micro_job_waiter *w)
{
	guard(spinlock)(&mi->lock);
	if (mi->job != MICRO_JOB_NONE)
		return false;
	mi->job = job;
	mi->job_compat = compat;
	mi->waiter = w;
	/* the worker's */
	get_device(&mi->mdev.dev);
	return true;
}

/* Somebody has given up on its job; @mi->lock is held */
static void micro_job_is_late(struct micro_instance *mi)
{
	if (!mi->late)
		atomic_inc(&micro_jobs_late);
	mi->late = true;
}

static bool micro_job_is_done(struct micro_instance *mi, struct micro_job_waiter *w)
{
	guard(spinlock)(&mi->lock);
	return w->done;
}

/* Answers who waits; returns what is to be done next */
static enum micro_job micro_job_end(struct micro_instance *mi, int result)
{
	enum micro_job next = MICRO_JOB_NONE;

	scoped_guard(spinlock, &mi->lock) {
		if (mi->waiter) {
			mi->waiter->result = result;
			mi->waiter->done = true;
			mi->waiter = NULL;
		}
		if (mi->job == MICRO_JOB_BURY)
			mi->buried = true;
		else if (mi->doomed)
			next = MICRO_JOB_BURY;
		mi->job = next;
		if (mi->late && next == MICRO_JOB_NONE) {
			mi->late = false;
			atomic_dec(&micro_jobs_late);
		}
	}
	wake_up_all(&mi->wq);
	return next;
}

static void micro_job_do(struct micro_instance *mi)
{
	/* Claimed: nobody else changes it */
	enum micro_job job = mi->job;

	do {
		int result = micro_instance_do(mi, job, mi->job_compat);

		/* Before the user is told, who may unload it next: see micro_jobs_exit() */
		if (job == MICRO_JOB_BURY && mi->front->bounded)
			module_put(THIS_MODULE);
		job = micro_job_end(mi, result);
	} while (job != MICRO_JOB_NONE);
	put_device(&mi->mdev.dev);
}

static void micro_job_do_for_other(struct micro_instance *mi)
{
	/* @mi may be gone afterwards */
	struct mem_cgroup *memcg = mi->job_memcg;
	struct mem_cgroup *old = set_active_memcg(memcg);

	micro_job_do(mi);
	set_active_memcg(old);
	mem_cgroup_put(memcg);
	/* The last step, and our text stays until it is over: see micro_objects_exit() */
	if (atomic_dec_and_test(&micro_jobs_running))
		wake_up_var(&micro_jobs_running);
}

static void micro_job_work(struct work_struct *work)
{
	micro_job_do_for_other(container_of(work, struct micro_instance, work));
}

static int micro_job_thread(void *data)
{
	micro_job_do_for_other(data);
	return 0;
}

static void micro_job_start(struct micro_instance *mi, long patience)
{
	if (patience < 0 || !mi->front->bounded) {
		micro_job_do(mi);
		return;
	}
	mi->job_memcg = get_mem_cgroup_from_mm(current->mm);
	if (atomic_inc_return(&micro_jobs_running) > MICRO_JOBS_QUEUED &&
	    !IS_ERR(kthread_run(micro_job_thread, mi, "micro/%s", mi->mdev.name)))
		return;
	/* One of a few, or there is no memory for a thread, or we are being killed */
	queue_work(micro_jobs, &mi->work);
}

/**
 * micro_job_init() - an instance is made
 * @mi: the instance
 *
 * Context: any.
 */
void micro_job_init(struct micro_instance *mi)
{
	INIT_WORK(&mi->work, micro_job_work);
	init_waitqueue_head(&mi->wq);
}

/**
 * micro_job_run() - have a job done, and wait for it
 * @mi: the instance
 * @job: what to do
 * @compat: for MICRO_JOB_MATCH, else NULL; taken over
 *
 * Context: may sleep: as long as patience_ms says if the front end is a bounded one.
 * Return: what micro_instance_do() says; -EINPROGRESS when time was over, and the job
 * goes on; -EBUSY when an earlier job has not ended in that time, -EINTR when the
 * process is being killed meanwhile, and nothing has changed.
 */
int micro_job_run(struct micro_instance *mi, enum micro_job job, struct micro_compat *compat)
{
	long left = micro_job_patience();
	struct micro_job_waiter w = {};

	/* An earlier job is waited for as well: one that is over in time is none at all */
	if (!micro_wait_patiently(mi->wq, left, micro_job_claim(mi, job, compat, &w))) {
		kfree(compat);
		return fatal_signal_pending(current) ? -EINTR : -EBUSY;
	}

	micro_job_start(mi, left);
	micro_wait_patiently(mi->wq, left, micro_job_is_done(mi, &w));

	guard(spinlock)(&mi->lock);
	if (w.done)
		return w.result;
	mi->waiter = NULL;
	micro_job_is_late(mi);
	return -EINPROGRESS;
}

/**
 * micro_job_bury() - remove an instance, now or as soon as that is possible
 * @mi: the instance; the caller lets go of it
 *
 * Context: may sleep: as long as patience_ms says if the front end is a bounded one,
 * else until it is done.
 */
void micro_job_bury(struct micro_instance *mi)
{
	long left = micro_job_patience();
	bool claimed;

	get_device(&mi->mdev.dev);
	/* Whoever buries it lets go of that */
	if (mi->front->bounded)
		__module_get(THIS_MODULE);
	scoped_guard(spinlock, &mi->lock) {
		WRITE_ONCE(mi->doomed, true);
		/* Else the worker will find that when it is done with its job */
		claimed = mi->job == MICRO_JOB_NONE;
		if (claimed) {
			mi->job = MICRO_JOB_BURY;
			/* the worker's */
			get_device(&mi->mdev.dev);
		}
	}
	if (claimed)
		micro_job_start(mi, left);
	if (!micro_wait_patiently(mi->wq, left, READ_ONCE(mi->buried))) {
		guard(spinlock)(&mi->lock);
		if (!mi->buried)
			micro_job_is_late(mi);
	}
	put_device(&mi->mdev.dev);
}

int micro_jobs_init(void)
{
	/*
	 * Stuck jobs must not keep other works of the CPU from being begun, and suspend
	 * must not wait for them: unbound, and not freezable
	 */
	micro_jobs = alloc_workqueue("microkernel", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return micro_jobs ? 0 : -ENOMEM;
}

/* Nobody has a job for us any more; those that are at work are waited for */
void micro_jobs_exit(void)
{
	destroy_workqueue(micro_jobs);
	wait_var_event(&micro_jobs_running, !atomic_read(&micro_jobs_running));
}
