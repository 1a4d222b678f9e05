// SPDX-License-Identifier: GPL-2.0-only
/*
 * Polling: user space waits on the open file, never on a driver's queue
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "file.h"

/**
 * DOC: Forwarders
 *
 * epoll keeps its entry on a wait queue until the file is closed, but a
 * driver's queue goes with the driver. So the driver's poll() gets a poll table
 * of ours: poll_wait() hangs one forwarder of the open file on the driver's
 * queue, and user space waits on the open file's own queue, which lives as long
 * as the file. A forwarder stays until the driver's release(), before which it
 * is taken off, so that the queue may belong to the file, the instance or the
 * driver.
 *
 * Most files are never waited for, so there is no forwarder before that. As poll()
 * has no way to fail, the allocation must not: there is one for each queue of an
 * open file at most, small, and charged to who polls.
 */

/**
 * struct micro_forward - carries wake-ups from a driver's queue to an open file
 * @wait: the entry on the driver's queue; its private is the open file
 * @head: that queue; NULL while the forwarder is unused
 * @next: further forwarders of the file
 *
 * @head and @next are guarded by micro_poller.lock, except that a queue that
 * goes away early (POLLFREE) resets @head under its own lock.
 */
struct micro_forward {
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
	struct micro_forward *next;
};

/**
 * struct micro_poller - what an open file needs once somebody has polled it
 * @lock: guards the forwarders
 * @forward: the first forwarder; most drivers have one queue
 */
struct micro_poller {
	spinlock_t lock;
	struct micro_forward forward;
};

/**
 * struct micro_poll_table - what a driver's poll_wait() ends up in
 * @pt: what the driver sees
 * @file: the open file
 */
struct micro_poll_table {
	struct poll_table_struct pt;
	struct micro_file *file;
};

/* Called with the lock of the driver's queue held, in any context */
static int micro_forward_wake(struct wait_queue_entry *wait, unsigned int mode,
			      int sync, void *key)
{
	struct micro_forward *fw = container_of(wait, struct micro_forward, wait);
	struct micro_file *f = wait->private;
	__poll_t events = key_to_poll(key);

	/* Our queue is not the one that goes away */
	__wake_up(&f->wq, mode, 1, poll_to_key(events & ~POLLFREE));

	if (events & POLLFREE) {
		list_del_init(&wait->entry);
		/* As epoll does it: pairs with micro_file_unforward_all() */
		smp_store_release(&fw->head, NULL);
	}
	return 0;
}

static struct micro_forward *micro_forward_find(struct micro_poller *p,
						struct wait_queue_head *head)
{
	struct micro_forward *fw;

	for (fw = &p->forward; fw; fw = fw->next)
		if (READ_ONCE(fw->head) == head)
			return fw;
	return NULL;
}

/* Hang a forwarder on @head: one that is there already, a free one, or @new */
static bool micro_forward_hang(struct micro_file *f, struct micro_poller *p,
			       struct wait_queue_head *head, struct micro_forward **new)
{
	struct micro_forward *fw;

	lockdep_assert_held(&p->lock);
	if (micro_forward_find(p, head))
		return true;

	fw = micro_forward_find(p, NULL);
	if (!fw) {
		if (!*new)
			return false;
		fw = *new;
		*new = NULL;
		fw->next = p->forward.next;
		p->forward.next = fw;
	}
	init_waitqueue_func_entry(&fw->wait, micro_forward_wake);
	fw->wait.private = f;
	add_wait_queue(head, &fw->wait);
	/* Last: micro_poll_queue() sees it without the lock, and relies on it */
	smp_store_release(&fw->head, head);
	return true;
}

static struct micro_poller *micro_poller_make(struct micro_file *f)
{
	struct micro_poller *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	struct micro_poller *old;

	spin_lock_init(&p->lock);
	/* The file may have several threads */
	old = cmpxchg(&f->poller, NULL, p);
	if (!old)
		return p;
	kfree(p);
	return old;
}

/* Out of line: the first poll of a file, and those of all but the first queue */
static noinline void micro_poll_queue_slow(struct micro_file *f, struct wait_queue_head *head)
{
	struct micro_forward *new __free(kfree) = NULL;
	/* pairs with micro_poller_make() */
	struct micro_poller *p = smp_load_acquire(&f->poller) ?: micro_poller_make(f);
	bool hung;

	spin_lock(&p->lock);
	hung = micro_forward_hang(f, p, head, &new);
	spin_unlock(&p->lock);
	if (hung)
		return;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	spin_lock(&p->lock);
	micro_forward_hang(f, p, head, &new);
	spin_unlock(&p->lock);
}

static void micro_poll_queue(struct file *filp, struct wait_queue_head *head,
			     struct poll_table_struct *pt)
{
	struct micro_file *f = container_of(pt, struct micro_poll_table, pt)->file;
	/* pairs with micro_poller_make() */
	struct micro_poller *p = smp_load_acquire(&f->poller);

	/* Once hung up it stays there; pairs with micro_forward_hang() */
	if (likely(p && smp_load_acquire(&p->forward.head) == head))
		return;
	micro_poll_queue_slow(f, head);
}

/* Out of line: most polls only ask */
static noinline __poll_t micro_file_poll_wait(struct file *filp,
					      struct poll_table_struct *wait)
{
	struct micro_file *f = filp->private_data;
	struct micro_poll_table table = {
		.pt._qproc = micro_poll_queue,
		.pt._key = wait->_key,
		.file = f,
	};

	poll_wait(filp, &f->wq, wait);
	return micro_file_call(filp, poll, EPOLLHUP | EPOLLERR, filp, &table.pt);
}

/**
 * micro_file_poll() - &file_operations.poll
 * @filp: the open file
 * @wait: the caller's poll table, may be NULL
 *
 * Context: may sleep.
 * Return: the driver's events; EPOLLHUP | EPOLLERR for a revoked file.
 */
__poll_t micro_file_poll(struct file *filp, struct poll_table_struct *wait)
{
	if (wait && wait->_qproc)
		return micro_file_poll_wait(filp, wait);
	return micro_file_call(filp, poll, EPOLLHUP | EPOLLERR, filp, wait);
}

/**
 * micro_file_unforward_all() - take an open file off the driver's queues
 * @f: the file, which has been polled; no operation is inside, or ever will be
 *
 * Context: may sleep.
 */
void micro_file_unforward_all(struct micro_file *f)
{
	struct micro_poller *p = f->poller;
	struct micro_forward *fw, *next;

	f->poller = NULL;
	for (fw = &p->forward; fw; fw = next) {
		struct wait_queue_head *head;

		/* A queue that ends with POLLFREE is freed after a grace period */
		rcu_read_lock();
		/* pairs with micro_forward_wake() */
		head = smp_load_acquire(&fw->head);
		if (head)
			remove_wait_queue(head, &fw->wait);
		rcu_read_unlock();
		next = fw->next;
		if (fw != &p->forward)
			kfree(fw);
	}
	kfree(p);
}
