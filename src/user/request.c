// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a request, in its client's thread
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "user.h"

/**
 * DOC: Four places to sleep
 *
 * 1. For a slot, and 2. queued: the server knows nothing yet, so a signal takes the request
 *    back. Not if a server was lost with it: that may have done it, which only the
 *    answer of the next one tells.
 * 3. While the server has it: only a fatal signal ends that, and the unplug. The slot becomes
 *    an orphan, which its answer frees.
 * 4. After "not now": until an event. No slot is held, and the server knows nothing.
 *
 * When the server is lost, 1 and 4 sleep on; 2 and 3 are woken to fill their slots again, as what
 * is in them was within the server's reach, and queue up where they were. They do so when the
 * server's pages are away, as its threads may run on. So does who fills a slot when that happens.
 */

#define MU_INTERRUPTIBLE	(TASK_INTERRUPTIBLE | TASK_FREEZABLE_UNSAFE)
#define MU_KILLABLE		(TASK_KILLABLE | TASK_FREEZABLE_UNSAFE)

/**
 * mu_request_init() - begin a request
 * @req: on the stack
 * @file: the open file
 * @type: enum micro_user_type
 *
 * Context: any.
 */
void mu_request_init(struct mu_request *req, struct mu_file *file, u8 type)
{
	memset(req, 0, sizeof(*req));
	req->file = file;
	req->type = type;
	req->pid = task_tgid(current);
	req->uid = current_euid();
	req->gid = current_egid();
	INIT_LIST_HEAD(&req->link);
	init_waitqueue_head(&req->wq);
}

/**
 * mu_request_settle() - there is something to do for a request's thread
 * @req: the request
 *
 * Context: mu_driver.lock is held, and @req must not be touched once it is not.
 */
void mu_request_settle(struct mu_request *req)
{
	/* pairs with mu_request_sleep(); what is to be done is read under the lock */
	WRITE_ONCE(req->settled, true);
	if (wq_has_sleeper(&req->wq))
		wake_up(&req->wq);
}

static int mu_request_sleep(struct file *filp, struct mu_request *req, unsigned int mode)
{
	return micro_wait_event_mode(filp, req->wq, READ_ONCE(req->settled), mode);
}

/**
 * mu_slot_free() - a slot is free: for who waits longest, else for the next
 * @slot: the slot, in no list
 *
 * Context: mu_driver.lock is held.
 */
void mu_slot_free(struct mu_slot *slot)
{
	struct mu_instance *inst = slot->inst;
	struct mu_request *req;

	slot->req = NULL;
	req = list_first_entry_or_null(&inst->waiters, struct mu_request, link);
	if (!req) {
		slot->state = MU_SLOT_FREE;
		/* The last one used is the one that is in the caches */
		list_add(&slot->link, &inst->free);
		return;
	}
	list_del_init(&req->link);
	slot->state = MU_SLOT_CLIENT;
	slot->req = req;
	req->slot = slot;
	mu_request_settle(req);
}

/**
 * mu_request_want() - is a server needed that is not there? Then say so
 * @ud: the driver
 * @waits: for a request that waits for it
 *
 * When the last request that waits has given up, the start has come to nothing, so that the
 * next one says it again. Whoever begins and gives up in a loop must not flood user
 * space: the watchdog says it later then. A non-blocking request does not wait; there may
 * be many of them, so they say it now and then.
 *
 * Context: may sleep.
 */
void mu_request_want(struct mu_driver *ud, bool waits)
{
	u32 ask_ms = min_t(u32, MU_ASK_MS, ud->p.grace_ms);

	scoped_guard(spinlock, &ud->lock) {
		if (ud->session || ud->wanted)
			return;
		if (ud->asked && !mu_late(ud->asked_at, waits ? ask_ms : ud->p.grace_ms)) {
			ud->deferred |= waits;
			return;
		}
		ud->wanted = waits;
		ud->deferred = false;
		ud->asked = true;
		ud->asked_at = jiffies;
	}
	mu_driver_uevent(ud, "wanted");
}

/* The request is over, whatever came of it */
static void mu_request_end(struct mu_driver *ud)
{
	if (!--ud->requests && unlikely(!ud->session)) {
		ud->wanted = false;
		ud->deferred = false;
	}
}

static int mu_request_begin(struct file *filp, struct mu_request *req)
{
	struct mu_instance *inst = req->file->inst;
	struct mu_driver *ud = inst->ud;
	int err;

	if (unlikely(!READ_ONCE(ud->session)))
		mu_request_want(ud, !__micro_file_nonblock(filp));
	scoped_guard(spinlock, &ud->lock) {
		if (!ud->serving && __micro_file_nonblock(filp))
			return -EAGAIN;
		req->id = ++ud->id;
		req->order = ++ud->order;
		req->since = jiffies;
		req->settled = false;
		ud->requests++;
		mu_watch(ud);
		req->slot = list_first_entry_or_null(&inst->free, struct mu_slot, link);
		if (req->slot) {
			list_del_init(&req->slot->link);
			req->slot->state = MU_SLOT_CLIENT;
			req->slot->req = req;
			return 0;
		}
		list_add_tail(&req->link, &inst->waiters);
	}
	err = mu_request_sleep(filp, req, MU_INTERRUPTIBLE);
	guard(spinlock)(&ud->lock);
	list_del_init(&req->link);
	if (req->slot && !err)
		return 0;
	if (req->slot)
		mu_slot_free(req->slot);
	mu_request_end(ud);
	return err ?: req->error;
}

/* The slot is ours, so nobody else looks at its payload but the server, who may */
static int mu_request_fill(struct mu_request *req)
{
	struct mu_slot *slot = req->slot;
	struct mu_driver *ud = slot->inst->ud;
	u32 zero = max(req->room, req->count);
	struct iov_iter from;
	void *data;

	if (unlikely(READ_ONCE(slot->exposed))) {
		/* The one who ends the session has it until the pages are away */
		if (down_read_killable(&ud->map_sem))
			return -EINTR;
		WRITE_ONCE(slot->exposed, false);
		up_read(&ud->map_sem);
		slot->used = ud->p.data_size;
	}
	if (!zero)
		return 0;
	if (unlikely(!slot->data)) {
		data = __vmalloc(ud->stride, GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
				 __GFP_NORETRY);
		if (!data)
			return -ENOMEM;
		/* pairs with mu_vma_page() */
		smp_store_release(&slot->data, data);
		slot->used = 0;
	}
	/* What the server leaves alone are zeros, not bytes of others */
	zero = min(zero, slot->used);
	memset(slot->data, 0, zero);
	if (zero == slot->used)
		slot->used = 0;

	if (req->type == MICRO_USER_WRITE) {
		from = *req->iter;
		/* The limits are ours, and hardened usercopy would look for the vmalloc area */
		req->count = _copy_from_iter(slot->data, req->count, &from);
		slot->used = max(slot->used, req->count);
		if (!req->count)
			return -EFAULT;
	} else if (req->type == MICRO_USER_IOCTL && _IOC_DIR(req->cmd) & _IOC_WRITE) {
		slot->used = max(slot->used, req->count);
		if (_copy_from_user(slot->data, (void __user *)req->arg, req->count))
			return -EFAULT;
	}
	return 0;
}

/* Before those that began later; who has lost a server goes first */
static void mu_request_enqueue(struct mu_instance *inst, struct mu_request *req)
{
	struct list_head *before = &inst->queue;
	struct mu_slot *slot;

	if (req->attempt) {
		list_for_each_entry(slot, &inst->queue, link) {
			if (!slot->req->attempt || slot->req->order > req->order) {
				before = &slot->link;
				break;
			}
		}
	} else {
		list_for_each_entry_reverse(slot, &inst->queue, link) {
			if (slot->req->attempt || slot->req->order < req->order)
				break;
			before = &slot->link;
		}
	}
	list_add_tail(&req->slot->link, before);
}

/* Can't go on, also with the file in good order? */
static int mu_request_error(struct mu_request *req)
{
	struct mu_instance *inst = req->file->inst;

	if (likely(!inst->error && !req->file->error))
		return 0;
	return inst->error && req->type == MICRO_USER_OPEN ? inst->error : -EIO;
}

/**
 * mu_request_refuse_all() - the server does not serve a device, or a file of it
 * @inst: the device; mu_instance.error is set, or mu_file.error
 *
 * Those that come later fail when they are submitted.
 *
 * Context: mu_driver.lock is held.
 */
void mu_request_refuse_all(struct mu_instance *inst)
{
	struct mu_slot *slot, *next;

	list_for_each_entry_safe(slot, next, &inst->queue, link) {
		struct mu_request *req = slot->req;
		int err = mu_request_error(req);

		if (!err)
			continue;
		mu_request_unqueue(req);
		req->error = err;
		mu_request_settle(req);
	}
}

static int mu_request_submit(struct mu_request *req)
{
	struct mu_slot *slot = req->slot;
	struct mu_instance *inst = slot->inst;
	struct mu_driver *ud = inst->ud;
	int err;

	scoped_guard(spinlock, &ud->lock) {
		err = mu_request_error(req);
		if (err)
			return err;
		/* A server has gone that could write to it after we had filled it: once more */
		req->again = slot->exposed;
		req->settled = slot->exposed;
		if (unlikely(slot->exposed))
			return 0;
		slot->id = req->id;
		slot->type = req->type;
		slot->state = MU_SLOT_QUEUED;
		if (req->attempt)
			ud->suspects++;
		mu_request_enqueue(inst, req);
		mu_instance_kick(inst);
	}
	if (unlikely(!READ_ONCE(ud->session)))
		mu_request_want(ud, true);
	/*
	 * Let the server run if the kernel wants that anyway: the answer may be there before
	 * we would sleep, which spares both the way through the scheduler
	 */
	cond_resched();
	return 0;
}

/**
 * mu_request_unqueue() - nobody is to serve a request that waits for that
 * @req: in the queue of its device
 *
 * Context: mu_driver.lock is held.
 */
void mu_request_unqueue(struct mu_request *req)
{
	struct mu_slot *slot = req->slot;
	struct mu_driver *ud = slot->inst->ud;

	list_del_init(&slot->link);
	slot->state = MU_SLOT_CLIENT;
	/* The last suspect kept all others waiting */
	if (req->attempt && !--ud->suspects && ud->session)
		mu_session_kick(ud->session);
}

/* The client leaves before the answer. Returns false if the server may have seen to it */
static bool mu_request_take_back(struct mu_request *req, int err)
{
	if (req->slot->state != MU_SLOT_QUEUED)
		return false;
	if (req->attempt && err == -ERESTARTSYS && !fatal_signal_pending(current))
		return false;
	mu_request_unqueue(req);
	return true;
}

static void mu_request_leave(struct mu_request *req)
{
	struct mu_slot *slot = req->slot;

	slot->state = MU_SLOT_ORPHAN;
	slot->req = NULL;
	/* The server may fill it yet */
	slot->used = max(slot->used, req->room);
	slot->file = req->file->number;
	slot->cookie = req->file->cookie;
	slot->inst->orphans++;
	req->file->orphans++;
	mu_request_end(slot->inst->ud);
	req->slot = NULL;
}

/*
 * Returns 0 with the answer in the request; an error, with the slot still the
 * request's if it has one; and if mu_request.again is set, it was neither.
 */
static int mu_request_wait(struct file *filp, struct mu_request *req)
{
	struct mu_driver *ud = req->file->inst->ud;
	int err;

	err = mu_request_sleep(filp, req, MU_INTERRUPTIBLE);
	if (err) {
		scoped_guard(spinlock, &ud->lock) {
			if (mu_request_take_back(req, err))
				return err;
		}
		/* It is being served: it will not be long, and the answer must not be lost */
		if (err == -ERESTARTSYS)
			err = mu_request_sleep(filp, req, MU_KILLABLE);
	}
	guard(spinlock)(&ud->lock);
	if (req->settled)
		return req->error;
	/* It may have been lost and queued again meanwhile? No: that is for us to do */
	if (!mu_request_take_back(req, err))
		mu_request_leave(req);
	return err;
}

/**
 * mu_request_run() - get an answer from the server
 * @filp: the open file
 * @req: the request
 *
 * Context: may sleep, in an operation of @filp.
 * Return: 0 with the answer in @req, which goes on with mu_request_done(); or an error
 * that is not the server's, and nothing else is to be done.
 */
int mu_request_run(struct file *filp, struct mu_request *req)
{
	struct mu_driver *ud = req->file->inst->ud;
	int err;

	err = mu_request_begin(filp, req);
	if (err)
		return err;
	do {
		err = mu_request_fill(req) ?: mu_request_submit(req) ?:
		      mu_request_wait(filp, req);
	} while (!err && req->again);
	if (!err)
		return 0;
	if (req->slot) {
		scoped_guard(spinlock, &ud->lock) {
			mu_slot_free(req->slot);
			mu_request_end(ud);
		}
	}
	return err;
}

/**
 * mu_request_done() - the answer is with the client
 * @req: the request
 * @taken: bytes of it that are
 *
 * Context: may sleep.
 */
void mu_request_done(struct mu_request *req, s64 taken)
{
	struct mu_slot *slot = req->slot;
	struct mu_driver *ud = slot->inst->ud;

	guard(spinlock)(&ud->lock);
	mu_request_end(ud);
	if (likely(taken >= req->result) || !ud->session) {
		mu_slot_free(slot);
		return;
	}
	slot->req = NULL;
	slot->file = req->file->number;
	slot->cookie = req->file->cookie;
	/* The file is not closed yet, and the device not removed */
	mu_post_undelivered(slot, req->result, max(taken, 0LL));
}

/**
 * mu_request_lost() - the server of a request is lost
 * @slot: its slot
 * @served: the server had it
 *
 * Context: mu_driver.lock is held.
 */
void mu_request_lost(struct mu_slot *slot, bool served)
{
	struct mu_request *req = slot->req;
	struct mu_driver *ud = slot->inst->ud;

	list_del_init(&slot->link);
	slot->state = MU_SLOT_CLIENT;
	if (!served && req->attempt)
		ud->suspects--;
	/* One that another server had may be done already: it stays, as after a signal */
	if (!served && !req->attempt && __micro_file_nonblock(req->file->filp))
		req->error = -EAGAIN;
	if (served) {
		req->attempt++;
		if (!(ud->p.again & mu_operation(req->type)) ||
		    req->attempt >= ud->p.attempts)
			req->error = -EIO;
	}
	if (ud->going)
		req->error = -ENODEV;
	/* A server that does not know the file need not hear that it was closed */
	if (!served && req->type == MICRO_USER_RELEASE)
		req->error = -EIO;
	req->delivered = false;
	if (served || !req->attempt)
		req->since = jiffies;
	req->again = true;
	mu_request_settle(req);
}
