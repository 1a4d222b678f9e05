// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the kernel to the server: which record is next
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "user.h"

/**
 * DOC: What the server is told, and in which order
 *
 * Of each device: PROBE, and nothing else until it has answered; then notices and RESTORE, in
 * the order in which they came up; then requests, in the order in which they began, once the
 * server has said that it is ready. Devices take turns, so that the clients of one
 * can't keep out those of another.
 *
 * Requests that have lost a server already (suspects) go first, and alone: none is
 * delivered while the server has any other, and nothing while it has one, so that the next
 * loss is put down to it. A RESTORE that has lost a server goes alone, too, but in its turn.
 *
 * A thread does the records of one call one after another. So each of them has its own
 * time (answer-ms): it begins again with the answer to another one of that call.
 *
 * A thread that has nothing to do is in mu_session.idle. Who has something takes one
 * off and wakes it; one that does not take all of it wakes the next.
 */

/**
 * DOC: Who lets whom run
 *
 * Both sides sleep, and are woken. The client lets the server run before that, if the
 * kernel wants it to: the answer may be there before it would sleep.
 *
 * It would be a quarter cheaper if both called yield() once before they sleep: while they go on
 * neither sleeps. But whoever yields goes behind all others that want the CPU, and since
 * 6.6 falls back by a slice of time with each call, also with nobody else there: it has
 * to make up for all of them as soon as there is. docs/performance.md has figures.
 */

/* Is there something that @inst's server could be told now? */
static bool mu_instance_deliverable(struct mu_session *s, struct mu_instance *inst)
{
	struct mu_driver *ud = s->ud;
	struct mu_post *post;
	struct mu_slot *slot;

	if (unlikely(s->suspect && s->outstanding))
		return false;
	if (inst->told == MU_UNTOLD)
		return true;
	if (inst->told == MU_TELLING)
		return false;
	post = list_first_entry_or_null(&inst->posts, struct mu_post, link);
	if (post)
		return post->type != MICRO_USER_RESTORE || !s->outstanding ||
		       !container_of(post, struct mu_file, post)->suspect;
	if (!ud->serving || list_empty(&inst->queue))
		return false;
	if (likely(!ud->suspects))
		return true;

	/* They are the oldest of their device */
	slot = list_first_entry(&inst->queue, struct mu_slot, link);
	return slot->req->attempt && !s->outstanding;
}

static struct mu_instance *mu_next_instance(struct mu_session *s)
{
	struct mu_instance *inst, *next;

	if (s->ended || s->leaving)
		return NULL;
	list_for_each_entry_safe(inst, next, &s->ud->ready, ready) {
		if (mu_instance_deliverable(s, inst))
			return inst;
		/* Taken back, or there was nothing: the watchdog is not to wait for it */
		if (inst->told == MU_TOLD && list_empty(&inst->posts) && list_empty(&inst->queue))
			list_del_init(&inst->ready);
	}
	return NULL;
}

/**
 * mu_deliverable() - is there something for the server?
 * @s: its session
 *
 * Context: mu_driver.lock is held.
 */
bool mu_deliverable(struct mu_session *s)
{
	return mu_next_instance(s);
}

static void mu_wake_ring(struct mu_session *s)
{
	struct mu_ring *ring;

	ring = list_first_entry_or_null(&s->idle, struct mu_ring, idle);
	if (ring) {
		list_del_init_careful(&ring->idle);
		wake_up(&ring->wq);
	}
	/* pairs with the barrier in poll(): it has queued itself before it looked */
	if (waitqueue_active(&s->server->wq))
		wake_up_poll(&s->server->wq, EPOLLIN | EPOLLRDNORM);
}

/**
 * mu_session_kick() - the session's threads have to look again
 * @s: the session
 *
 * Context: mu_driver.lock is held.
 */
void mu_session_kick(struct mu_session *s)
{
	struct mu_ring *ring, *next;

	list_for_each_entry_safe(ring, next, &s->idle, idle) {
		list_del_init_careful(&ring->idle);
		wake_up(&ring->wq);
	}
	/* As in mu_wake_ring() */
	if (!s->ended && waitqueue_active(&s->server->wq))
		wake_up_poll(&s->server->wq, EPOLLIN | EPOLLRDNORM);
}

/**
 * mu_instance_kick() - there may be something for the server
 * @inst: the device that has it
 *
 * Context: mu_driver.lock is held.
 */
void mu_instance_kick(struct mu_instance *inst)
{
	struct mu_driver *ud = inst->ud;

	if (list_empty(&inst->ready)) {
		if (ud->session && list_empty(&ud->ready))
			ud->session->progress = jiffies;
		list_add_tail(&inst->ready, &ud->ready);
	}
	if (ud->session)
		mu_wake_ring(ud->session);
}

/**
 * mu_post() - queue a notice
 * @inst: the device that it is about
 * @post: it, not queued
 * @type: enum micro_user_type
 *
 * Context: mu_driver.lock is held.
 */
void mu_post(struct mu_instance *inst, struct mu_post *post, u8 type)
{
	post->type = type;
	list_add_tail(&post->link, &inst->posts);
	mu_instance_kick(inst);
	mu_watch(inst->ud);
}

/**
 * mu_post_undelivered() - the server is to hear that nobody took its answer
 * @slot: which has no client
 * @result: of the answer
 * @taken: bytes of it that the client has
 *
 * Context: mu_driver.lock is held.
 */
void mu_post_undelivered(struct mu_slot *slot, s64 result, s64 taken)
{
	slot->state = MU_SLOT_UNDELIVERED;
	slot->result = result;
	slot->taken = taken;
	mu_post(slot->inst, &slot->post, MICRO_USER_UNDELIVERED);
}

static void mu_record_file(struct micro_user_record *rec, struct mu_file *file)
{
	rec->file = file->number;
	rec->cookie = file->cookie;
	if (file->filp)
		rec->open_flags = READ_ONCE(file->filp->f_flags);
}

static void mu_record_who(struct micro_user_record *rec, kuid_t uid, kgid_t gid)
{
	struct user_namespace *ns = current_user_ns();

	/* Most servers are in the namespace where nothing is to be looked up */
	if (likely(ns == &init_user_ns)) {
		rec->uid = __kuid_val(uid);
		rec->gid = __kgid_val(gid);
		return;
	}
	rec->uid = from_kuid_munged(ns, uid);
	rec->gid = from_kgid_munged(ns, gid);
}

static void mu_record_opener(struct micro_user_record *rec, struct mu_file *file)
{
	mu_record_file(rec, file);
	mu_record_who(rec, file->uid, file->gid);
}

static void mu_hand(struct mu_ring *ring, struct mu_handed *handed)
{
	handed->since = jiffies;
	handed->ring = ring;
	handed->batch = ring->batch;
}

static void mu_take_probe(struct mu_session *s, struct mu_ring *ring, struct mu_instance *inst,
			  struct micro_user_record *rec)
{
	struct mu_driver *ud = s->ud;
	u64 area = (u64)inst->number << MU_AREA_SHIFT;

	rec->type = MICRO_USER_PROBE;
	rec->id = MU_ID_PROBE | inst->number;
	rec->slot = inst->number << 16 | MU_SLOT_PROBE;
	strscpy(rec->u.probe.name, inst->name, sizeof(rec->u.probe.name));
	rec->u.probe.data_offset = area;
	rec->u.probe.data_size = (u64)ud->stride * ud->p.depth;
	rec->u.probe.memory_offset = area + MU_AREA_HALF;
	rec->u.probe.memory_size = ud->p.memory_size;
	inst->told = MU_TELLING;
	s->suspect = false;
	mu_hand(ring, &inst->handed);
	WRITE_ONCE(s->outstanding, s->outstanding + 1);
	s->telling++;
}

/* Nothing answers a notice: the thread has done it when it wants the next record */
static void mu_notice(struct mu_session *s, struct mu_ring *ring)
{
	if (ring->noticing)
		return;
	ring->noticing = true;
	WRITE_ONCE(s->noticing, s->noticing + 1);
}

static void mu_noticed(struct mu_session *s, struct mu_ring *ring)
{
	ring->noticing = false;
	WRITE_ONCE(s->noticing, s->noticing - 1);
	if (unlikely(s->leaving))
		wake_up(&s->ud->wq);
}

/* The post is off its list afterwards; a RELEASE's file is freed */
static void mu_take_post(struct mu_session *s, struct mu_ring *ring, struct mu_instance *inst,
			 struct micro_user_record *rec)
{
	struct mu_post *post = list_first_entry(&inst->posts, struct mu_post, link);
	struct mu_file *file;
	struct mu_slot *slot;

	list_del_init(&post->link);
	rec->type = post->type;
	if (post->type != MICRO_USER_RESTORE)
		mu_notice(s, ring);
	switch (post->type) {
	case MICRO_USER_RESTORE:
		file = container_of(post, struct mu_file, post);
		mu_record_opener(rec, file);
		rec->id = MU_ID_RESTORE | file->number;
		rec->slot = inst->number << 16 | MU_SLOT_RESTORE;
		memcpy(rec->u.restore.state, file->state, sizeof(file->state));
		file->told = MU_TELLING;
		s->suspect = file->suspect;
		mu_hand(ring, &file->handed);
		WRITE_ONCE(s->outstanding, s->outstanding + 1);
		s->telling++;
		break;
	case MICRO_USER_OPEN:
		file = container_of(post, struct mu_file, post);
		mu_record_opener(rec, file);
		file->told = MU_TOLD;
		break;
	case MICRO_USER_RELEASE:
		file = container_of(post, struct mu_file, release);
		mu_record_opener(rec, file);
		mu_file_free(file);
		break;
	case MICRO_USER_UNDELIVERED:
		slot = container_of(post, struct mu_slot, post);
		rec->file = slot->file;
		rec->cookie = slot->cookie;
		rec->u.undelivered.id = slot->id;
		rec->u.undelivered.type = slot->type;
		rec->u.undelivered.result = slot->result;
		rec->u.undelivered.taken = slot->taken;
		mu_slot_free(slot);
		break;
	case MICRO_USER_REMOVE:
		list_add_tail(&inst->dead, &ring->dead);
		break;
	}
}

static void mu_take_request(struct mu_session *s, struct mu_ring *ring, struct mu_instance *inst,
			    struct micro_user_record *rec)
{
	struct mu_slot *slot = list_first_entry(&inst->queue, struct mu_slot, link);
	struct mu_request *req = slot->req;
	struct mu_driver *ud = s->ud;

	list_move_tail(&slot->link, &s->served);
	slot->state = MU_SLOT_SERVED;
	mu_hand(ring, &slot->handed);
	req->seq = ud->seq;
	req->delivered = true;
	WRITE_ONCE(s->outstanding, s->outstanding + 1);
	s->suspect = req->attempt;
	if (req->attempt)
		ud->suspects--;

	rec->type = req->type;
	rec->flags = req->flags;
	rec->id = req->id;
	rec->slot = inst->number << 16 | slot->index;
	rec->attempt = req->attempt;
	mu_record_file(rec, req->file);
	mu_record_who(rec, req->uid, req->gid);
	rec->data = slot->index * ud->stride;
	rec->count = req->count;
	rec->room = req->room;
	rec->pid = pid_vnr(req->pid);
	switch (req->type) {
	case MICRO_USER_READ:
	case MICRO_USER_WRITE:
		rec->u.rw.pos = req->pos;
		break;
	case MICRO_USER_LLSEEK:
		rec->u.llseek.offset = req->pos;
		rec->u.llseek.whence = req->whence;
		break;
	case MICRO_USER_IOCTL:
		rec->u.ioctl.cmd = req->cmd;
		rec->u.ioctl.arg = req->count ? 0 : req->arg;
		break;
	}
}

/* What of a request travels behind its record in the copying mode */
static size_t mu_payload(struct mu_instance *inst, const void **data)
{
	struct mu_slot *slot;

	if (inst->told != MU_TOLD || !list_empty(&inst->posts))
		return 0;
	slot = list_first_entry(&inst->queue, struct mu_slot, link);
	*data = slot->data;
	switch (slot->type) {
	case MICRO_USER_WRITE:
	case MICRO_USER_IOCTL:
		return slot->req->count;
	default:
		return 0;
	}
}

/**
 * mu_batch() - a thread of the server takes records, from here on
 * @s: its session
 * @ring: for which ring
 *
 * Context: mu_driver.lock is held.
 */
void mu_batch(struct mu_session *s, struct mu_ring *ring)
{
	ring->batch++;
	ring->answered = jiffies;
	if (ring->noticing)
		mu_noticed(s, ring);
}

/**
 * mu_take() - hand the server its next record
 * @s: its session
 * @ring: the ring that it is for
 * @rec: where to write it
 * @payload: NULL; or how much payload may be copied behind it, and then how much was, or
 *	would have been
 *
 * Context: mu_driver.lock is held; in the server's process.
 * Return: false if there is none, or it has more payload.
 */
bool mu_take(struct mu_session *s, struct mu_ring *ring, struct micro_user_record *rec,
	     size_t *payload)
{
	struct mu_instance *inst = mu_next_instance(s);
	struct mu_driver *ud = s->ud;
	const void *data = NULL;

	if (!inst) {
		if (payload)
			*payload = 0;
		return false;
	}
	if (payload) {
		size_t size = mu_payload(inst, &data);
		bool fits = size <= *payload;

		*payload = size;
		if (!fits)
			return false;
		memcpy(rec + 1, data, size);
	}
	memset(rec, 0, sizeof(*rec));
	rec->size = sizeof(*rec);
	rec->instance = inst->number;
	rec->seq = ud->seq;
	s->progress = jiffies;

	if (inst->told == MU_UNTOLD)
		mu_take_probe(s, ring, inst, rec);
	else if (!list_empty(&inst->posts))
		mu_take_post(s, ring, inst, rec);
	else
		mu_take_request(s, ring, inst, rec);

	if (list_empty(&inst->posts) && list_empty(&inst->queue))
		list_del_init(&inst->ready);
	else
		list_move_tail(&inst->ready, &ud->ready);
	return true;
}

static u32 mu_take_all(struct mu_session *s, struct mu_ring *ring, u32 max)
{
	u32 n = 0;

	mu_batch(s, ring);
	while (n < max && mu_take(s, ring, &ring->records[n], NULL))
		n++;
	/* Somebody else can have the rest */
	if (n && !list_empty(&s->idle) && mu_deliverable(s))
		mu_wake_ring(s);
	return n;
}

/**
 * mu_sleep() - wait until there may be a record
 * @filp: the server's open file
 * @s: its session
 * @ring: the ring of the thread, which found none
 *
 * Context: may sleep.
 * Return: 1: look again; 0: the session is starting, do not wait; -EAGAIN: O_NONBLOCK; -EINTR;
 * -ESHUTDOWN; -ENODEV.
 */
int mu_sleep(struct file *filp, struct mu_session *s, struct mu_ring *ring)
{
	struct mu_driver *ud = s->ud;
	int err;

	scoped_guard(spinlock, &ud->lock) {
		if (s->ended || s->leaving)
			return -ESHUTDOWN;
		if (mu_deliverable(s))
			return 1;
		if (!ud->serving)
			return 0;
		if (__micro_file_nonblock(filp))
			return -EAGAIN;
		/* The one that has slept for the shortest time is woken first */
		list_add(&ring->idle, &s->idle);
	}
	err = micro_wait_event_mode(filp, ring->wq, list_empty_careful(&ring->idle),
				    TASK_INTERRUPTIBLE | TASK_FREEZABLE_UNSAFE);
	scoped_guard(spinlock, &ud->lock) {
		/* Woken for something that we shall not take */
		if (err && list_empty(&ring->idle) && mu_deliverable(s))
			mu_wake_ring(s);
		list_del_init(&ring->idle);
		/* Perhaps it is about to dump core, which we can't see yet */
		if (err)
			mu_watch(ud);
	}
	if (!err)
		return 1;
	if (err != -ERESTARTSYS)
		return err;
	return mu_session_killed(s) ?: -EINTR;
}

/**
 * mu_next() - give a thread of the server records, wait for one if there is none
 * @filp: the server's open file
 * @s: its session
 * @ring: where to write them
 * @max: how many
 *
 * Context: may sleep.
 * Return: how many; or as mu_sleep().
 */
int mu_next(struct file *filp, struct mu_session *s, struct mu_ring *ring, u32 max)
{
	int ret;

	do {
		ret = mu_session_killed(s);
		if (ret)
			return ret;
		scoped_guard(spinlock, &s->ud->lock)
			ret = mu_take_all(s, ring, max);
		if (ret)
			return ret;
		ret = mu_sleep(filp, s, ring);
	} while (ret > 0);
	return ret;
}
