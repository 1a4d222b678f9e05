// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the server to the kernel: answers
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/poll.h>
#include <linux/limits.h>

#include "user.h"

#define MU_ERRNO_MAX	511	/* those above are the kernel's own */

/**
 * mu_reply_check() - is it an answer at all?
 * @reply: the kernel's copy of it
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int mu_reply_check(const struct micro_user_reply *reply)
{
	return reply->flags & ~(MICRO_USER_COOKIE | MICRO_USER_SAVED) ? -EINVAL : 0;
}

static void mu_file_save(struct mu_file *file, u32 flags, u64 cookie, const u8 *state)
{
	if (flags & MICRO_USER_COOKIE)
		file->cookie = cookie;
	if (flags & MICRO_USER_SAVED)
		memcpy(file->state, state, sizeof(file->state));
}

/**
 * mu_save() - store a file's cookie or state
 * @s: the session
 * @save: what
 *
 * Context: any.
 * Return: 0; -EINVAL, -ENOENT, -ESHUTDOWN.
 */
int mu_save(struct mu_session *s, const struct micro_user_save *save)
{
	struct mu_driver *ud = s->ud;
	struct mu_file *file;

	if (save->flags & ~(MICRO_USER_COOKIE | MICRO_USER_SAVED))
		return -EINVAL;
	guard(spinlock)(&ud->lock);
	if (s->ended)
		return -ESHUTDOWN;
	file = mu_file_find(ud, save->file);
	if (!file)
		return -ENOENT;
	mu_file_save(file, save->flags, save->cookie, save->state);
	return 0;
}

/**
 * mu_session_less() - there is one record less that the server has to answer
 * @s: the session
 *
 * Context: mu_driver.lock is held.
 */
void mu_session_less(struct mu_session *s)
{
	struct mu_driver *ud = s->ud;

	WRITE_ONCE(s->outstanding, s->outstanding - 1);
	if (s->outstanding)
		return;
	/* What goes to the server alone may wait for this; while it starts that can be a RESTORE */
	if (unlikely(ud->suspects || s->suspect || !ud->serving))
		mu_session_kick(s);
	if (unlikely(s->leaving))
		wake_up(&ud->wq);
}

static void mu_answered(struct mu_session *s, const struct mu_handed *handed)
{
	s->progress = jiffies;
	if (likely(handed->batch == handed->ring->batch))
		handed->ring->answered = jiffies;
	mu_session_less(s);
}

static struct mu_instance *mu_reply_instance(struct mu_session *s,
					     const struct micro_user_reply *reply)
{
	return xa_load(&s->ud->instances, reply->slot >> 16);
}

static bool mu_reply_probe(struct mu_session *s, const struct micro_user_reply *reply)
{
	struct mu_instance *inst = mu_reply_instance(s, reply);
	struct mu_file *file;

	if (!inst || reply->id != (MU_ID_PROBE | inst->number) || inst->told != MU_TELLING)
		return false;
	inst->told = MU_TOLD;
	inst->error = reply->result < -MU_ERRNO_MAX || reply->result > 0 ? -EIO : reply->result;
	s->telling--;
	if (inst->error) {
		/* It hears nothing of requests and files that were there before it */
		mu_request_refuse_all(inst);
	} else {
		list_for_each_entry(file, &inst->files, link)
			mu_file_restore(file);
	}
	mu_answered(s, &inst->handed);
	mu_instance_kick(inst);
	return true;
}

static bool mu_reply_restore(struct mu_session *s, const struct micro_user_reply *reply)
{
	u64 number = reply->id & ~MU_ID_RESTORE;
	struct mu_file *file;

	file = mu_file_find(s->ud, number);
	if (!file || reply->id != (MU_ID_RESTORE | number) || file->told != MU_TELLING ||
	    file->inst->number != reply->slot >> 16)
		return false;
	file->told = MU_TOLD;
	file->error = reply->result;
	file->restores = 0;
	file->suspect = false;
	if (file->error)
		mu_request_refuse_all(file->inst);
	mu_file_save(file, reply->flags, reply->cookie, reply->state);
	s->telling--;
	mu_answered(s, &file->handed);
	return true;
}

/**
 * mu_reply_slot() - which slot is answered?
 * @s: the session
 * @reply: the answer
 *
 * Context: mu_driver.lock is held.
 * Return: the slot, which the server has; or NULL.
 */
struct mu_slot *mu_reply_slot(struct mu_session *s, const struct micro_user_reply *reply)
{
	u32 index = reply->slot & 0xffff;
	struct mu_instance *inst;
	struct mu_slot *slot;

	if (s->ended)
		return NULL;
	/* Mostly, the oldest is answered first: that spares us the search */
	slot = list_first_entry_or_null(&s->served, struct mu_slot, link);
	if (likely(slot && slot->id == reply->id && slot->index == index &&
		   slot->inst->number == reply->slot >> 16))
		return slot;

	inst = mu_reply_instance(s, reply);
	if (!inst || index >= s->ud->p.depth)
		return NULL;
	slot = &inst->slots[index];
	if ((slot->state != MU_SLOT_SERVED && slot->state != MU_SLOT_ORPHAN) ||
	    slot->id != reply->id)
		return NULL;
	return slot;
}

/* What the client is told, whatever the server says */
static s64 mu_result(const struct mu_request *req, s64 result)
{
	s64 max = 0;

	switch (req->type) {
	case MICRO_USER_READ:
	case MICRO_USER_WRITE:
		max = req->count;
		break;
	case MICRO_USER_IOCTL:
		max = INT_MAX;
		break;
	case MICRO_USER_LLSEEK:
		max = LLONG_MAX;
		break;
	}
	return result < -MU_ERRNO_MAX || result > max ? -EIO : result;
}

static void mu_reply_client(struct mu_slot *slot, const struct micro_user_reply *reply)
{
	struct mu_request *req = slot->req;
	struct mu_file *file = req->file;

	list_del_init(&slot->link);
	slot->state = MU_SLOT_CLIENT;
	/* It may have written more than it says */
	slot->used = max(slot->used, req->room);
	mu_file_save(file, reply->flags, reply->cookie, reply->state);
	req->result = mu_result(req, reply->result);
	if (req->result == -EAGAIN) {
		req->events = (__force __poll_t)reply->events;
		if (!req->events && req->type == MICRO_USER_READ)
			req->events = EPOLLIN | EPOLLRDNORM;
		if (!req->events && req->type == MICRO_USER_WRITE)
			req->events = EPOLLOUT | EPOLLWRNORM;
		mu_file_not_now(file, req->events, req->seq);
		/* It waits for the events of its device, which has not got it among its files */
		if (req->type == MICRO_USER_OPEN)
			list_move_tail(&file->link, &slot->inst->opening);
	}
	/* The next server will be told of it, even if the client has not noticed yet */
	if (req->type == MICRO_USER_OPEN && !req->result) {
		list_move_tail(&file->link, &slot->inst->files);
		file->told = MU_TOLD;
	}
	mu_request_settle(req);
}

static void mu_reply_nobody(struct mu_slot *slot, const struct micro_user_reply *reply)
{
	struct mu_instance *inst = slot->inst;
	struct mu_file *file = mu_file_find(inst->ud, slot->file);

	list_del_init(&slot->link);
	/* The file need not have gone with the client: another process may have it, too */
	if (file)
		mu_file_save(file, reply->flags, reply->cookie, reply->state);
	if (reply->flags & MICRO_USER_COOKIE)
		slot->cookie = reply->cookie;
	if (reply->result < 0 || slot->type == MICRO_USER_RELEASE)
		mu_slot_free(slot);
	else
		mu_post_undelivered(slot, reply->result, 0);
	/* What comes last may have waited for this answer */
	if (file && !--file->orphans && file->closed)
		mu_post(inst, &file->release, MICRO_USER_RELEASE);
	if (!--inst->orphans && inst->removed)
		mu_post(inst, &inst->post, MICRO_USER_REMOVE);
}

/**
 * mu_reply() - take an answer
 * @s: the session
 * @reply: it, checked
 *
 * Context: mu_driver.lock is held.
 */
void mu_reply(struct mu_session *s, const struct micro_user_reply *reply)
{
	struct mu_slot *slot;
	bool good = false;

	if (s->ended) {
		good = true;
	} else if ((reply->slot & 0xffff) == MU_SLOT_PROBE) {
		good = mu_reply_probe(s, reply);
	} else if ((reply->slot & 0xffff) == MU_SLOT_RESTORE) {
		good = mu_reply_restore(s, reply);
	} else {
		slot = mu_reply_slot(s, reply);
		if (slot) {
			if (slot->state == MU_SLOT_SERVED)
				mu_reply_client(slot, reply);
			else
				mu_reply_nobody(slot, reply);
			mu_answered(s, &slot->handed);
			good = true;
		}
	}
	if (!good)
		WRITE_ONCE(s->ud->stale, s->ud->stale + 1);
}
