// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watchdog: who waits too long, and which server is to blame
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "user.h"

/**
 * DOC: The watchdog
 *
 * A work item that looks every now and then while there is anything to look at: a
 * request, a notice, a server that starts or leaves. An idle driver costs nothing. So no
 * request needs a timer.
 *
 * It also kills a process that holds up the unbind of the server node: memory of
 * its own does not come while the kernel copies it.
 *
 * It is frozen with the processes when the machine is suspended. The time in which it did
 * not look counts for nobody, as the server could not answer then.
 */

/**
 * mu_watch() - there is something to look at from now on
 * @ud: the driver
 *
 * Context: mu_driver.lock is held.
 */
void mu_watch(struct mu_driver *ud)
{
	if (likely(ud->watching))
		return;
	ud->watching = true;
	ud->looked = jiffies;
	queue_delayed_work(system_freezable_wq, &ud->watch, MU_TICK);
}

/* Everything was frozen, or has got no processor, for so long */
static void mu_forgive(struct mu_driver *ud, unsigned long gap)
{
	struct mu_instance *inst;
	struct mu_request *req;
	struct mu_file *file;
	struct mu_slot *slot;
	unsigned long index;
	u32 i;

	ud->since += gap;
	ud->going_since += gap;
	if (ud->session) {
		ud->session->progress += gap;
		for (i = 0; i <= ud->session->nr_rings; i++)
			ud->session->rings[i].answered += gap;
		list_for_each_entry(slot, &ud->session->served, link)
			slot->handed.since += gap;
	}
	xa_for_each(&ud->instances, index, inst) {
		inst->handed.since += gap;
		list_for_each_entry(file, &inst->files, link)
			file->handed.since += gap;
		list_for_each_entry(slot, &inst->queue, link)
			slot->req->since += gap;
		list_for_each_entry(req, &inst->waiters, link)
			req->since += gap;
	}
}

static void mu_expire(struct mu_driver *ud, struct mu_request *req)
{
	unsigned long since = req->since;

	/*
	 * The time without a server counts, not the time that one let it wait. But with one that
	 * a lost server had, which no signal takes back, all the time until the next has it.
	 */
	if (!req->attempt) {
		if (ud->serving)
			return;
		if (time_after(ud->since, since))
			since = ud->since;
	}
	if (!mu_late(since, ud->p.grace_ms))
		return;
	if (req->slot)
		mu_request_unqueue(req);
	else
		list_del_init(&req->link);
	req->error = -EIO;
	/* Whoever was asked to start a server has not: the next request asks again */
	ud->wanted = false;
	mu_request_settle(req);
}

static void mu_expire_all(struct mu_driver *ud)
{
	struct mu_request *req, *next_req;
	struct mu_slot *slot, *next_slot;
	struct mu_instance *inst;
	unsigned long index;

	xa_for_each(&ud->instances, index, inst) {
		list_for_each_entry_safe(slot, next_slot, &inst->queue, link)
			mu_expire(ud, slot->req);
		list_for_each_entry_safe(req, next_req, &inst->waiters, link)
			mu_expire(ud, req);
	}
}

/* One is not late while its thread answers others that it got with it */
static bool mu_overdue(const struct mu_handed *handed, u32 ms)
{
	if (likely(!mu_late(handed->since, ms)))
		return false;
	return handed->batch != handed->ring->batch || mu_late(handed->ring->answered, ms);
}

/* Is there a record that it has for too long? It may be busy with others */
static bool mu_any_overdue(struct mu_session *s, u32 ms)
{
	struct mu_instance *inst;
	struct mu_file *file;
	struct mu_slot *slot;
	unsigned long index;

	list_for_each_entry(slot, &s->served, link) {
		if (mu_overdue(&slot->handed, ms))
			return true;
	}
	if (likely(!s->telling))
		return false;
	xa_for_each(&s->ud->instances, index, inst) {
		if (inst->told == MU_TELLING && mu_overdue(&inst->handed, ms))
			return true;
		list_for_each_entry(file, &inst->files, link)
			if (file->told == MU_TELLING && mu_overdue(&file->handed, ms))
				return true;
	}
	return false;
}

/* on-hang is "log": that is not said again for each of them, and not at each look */
static void mu_renew(struct mu_session *s)
{
	struct mu_instance *inst;
	struct mu_file *file;
	struct mu_slot *slot;
	unsigned long index;

	list_for_each_entry(slot, &s->served, link)
		slot->handed.since = jiffies;
	xa_for_each(&s->ud->instances, index, inst) {
		inst->handed.since = jiffies;
		list_for_each_entry(file, &inst->files, link)
			file->handed.since = jiffies;
	}
}

/* What is wrong with the server? NULL: nothing */
static const char *mu_hangs(struct mu_session *s)
{
	struct mu_driver *ud = s->ud;
	u32 ms = ud->p.answer_ms;

	if (s->leaving)
		return mu_late(s->progress, ms ?: 5000) ? "it does not leave" : NULL;
	if (!ms)
		return NULL;

	if (mu_any_overdue(s, ms)) {
		mu_renew(s);
		return "it does not answer";
	}
	if (!mu_late(s->progress, ms))
		return NULL;
	s->progress = jiffies;
	if (s->telling)
		return "it does not answer";
	if (!ud->serving)
		return "it does not become ready";
	return mu_deliverable(s) ? "it does not take its records" : NULL;
}

/* The unbind of the server node waits for whoever is inside: not for longer than for an answer */
static void mu_evict(struct mu_driver *ud)
{
	struct mu_guest *guest;

	if (likely(!ud->going) || !mu_late(ud->going_since, ud->p.answer_ms ?: 5000))
		return;
	ud->going_since = jiffies;
	list_for_each_entry(guest, &ud->guests, link) {
		if (!mu_guest_inside(guest))
			continue;
		dev_warn(&ud->mdev->dev, "process %d holds up the unbind: it is killed\n",
			 pid_nr(guest->pid));
		kill_pid(guest->pid, SIGKILL, 1);
	}
}

static bool mu_watched(struct mu_driver *ud)
{
	struct mu_session *s = ud->session;

	return ud->requests || (ud->going && !list_empty(&ud->guests)) ||
	       (s && (!ud->serving || s->leaving || s->outstanding ||
		      !list_empty(&ud->ready)));
}

/**
 * mu_watchdog() - look
 * @work: mu_driver.watch
 *
 * Context: may sleep.
 */
void mu_watchdog(struct work_struct *work)
{
	struct mu_driver *ud = container_of(to_delayed_work(work), struct mu_driver, watch);
	struct mu_session *s = NULL;
	const char *why = NULL;
	bool late = false;

	scoped_guard(spinlock, &ud->lock) {
		if (jiffies - ud->looked > HZ)
			mu_forgive(ud, jiffies - ud->looked);
		ud->looked = jiffies;
		if (!ud->serving || ud->suspects)
			mu_expire_all(ud);
		mu_evict(ud);
		late = ud->deferred && ud->requests;
		if (ud->session) {
			s = ud->session;
			kref_get(&s->ref);
			why = mu_session_dying(s) ? "it is dying" : mu_hangs(s);
		}
	}
	if (why && ud->p.on_hang == MU_HANG_LOG && !s->leaving && !mu_session_dying(s)) {
		dev_warn(&ud->mdev->dev, "server, process %d: %s for %u ms\n", pid_nr(s->guest.pid),
			 why, ud->p.answer_ms);
	} else if (why) {
		if (ud->p.on_hang == MU_HANG_KILL && !mu_session_dying(s))
			kill_pid(s->guest.pid, SIGKILL, 1);
		mu_session_end(s, true, why);
	}
	if (s)
		mu_session_put(s);
	else if (late)
		mu_request_want(ud, true);

	guard(spinlock)(&ud->lock);
	ud->watching = mu_watched(ud);
	if (ud->watching)
		queue_delayed_work(system_freezable_wq, &ud->watch, MU_TICK);
}
