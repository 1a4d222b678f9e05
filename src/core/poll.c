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
 * Whom a wake-up reaches is a contract, too: wake_up() wakes one of those who wait
 * exclusively (EPOLLEXCLUSIVE), whichever file they wait on, and wake_up_all() all.
 * The driver's queue does the counting, so each of them has forwarders of its own
 * there, which are exclusive as well, and a queue of its own to wait on: what comes
 * through goes to nobody else, and whether it has woken somebody is told to the
 * driver's queue. All others share the forwarders of the file, and its queue.
 *
 * Most files are never waited for, so there is no forwarder before that. As poll()
 * has no way to fail, the allocation must not: there is one for each queue of an
 * open file at most, and of each exclusive waiter, small, and charged to who polls.
 */

/**
 * struct micro_forward - carries wake-ups from a driver's queue to one of ours
 * @wait: the entry on the driver's queue; its private is our queue
 * @head: the driver's queue; NULL while the forwarder is unused
 * @next: further forwarders to our queue
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
 * struct micro_poller - the forwarders to one of our queues
 * @lock: guards them
 * @forward: the first one; most drivers have one queue
 */
struct micro_poller {
	spinlock_t lock;
	struct micro_forward forward;
};

/**
 * struct micro_exclusive - what one exclusive waiter needs
 * @poller: its forwarders
 * @wq: it waits here, and nobody else
 * @claimed: somebody is about to wait here. Who has given up waiting tells nobody;
 *	then @wq is empty, and the next one takes this
 * @next: the others of the open file; they stay as long as that
 */
struct micro_exclusive {
	struct micro_poller poller;
	wait_queue_head_t wq;
	atomic_t claimed;
	struct micro_exclusive *next;
};

/**
 * struct micro_poll_table - what a driver's poll_wait() ends up in
 * @pt: what the driver sees
 * @more: what the open file has for those who wait
 * @exclusive: whose forwarders they are, NULL for those of the file
 */
struct micro_poll_table {
	struct poll_table_struct pt;
	struct micro_file_more *more;
	struct micro_exclusive *exclusive;
};

/* A queue that is about to go says so: off it. As epoll does it */
static void micro_forward_pollfree(struct wait_queue_entry *wait, __poll_t events)
{
	struct micro_forward *fw = container_of(wait, struct micro_forward, wait);

	if (events & POLLFREE) {
		list_del_init(&wait->entry);
		/* pairs with micro_poller_unforward() */
		smp_store_release(&fw->head, NULL);
	}
}

/* Called with the lock of the driver's queue held, in any context */
static int micro_forward_wake(struct wait_queue_entry *wait, unsigned int mode,
			      int sync, void *key)
{
	struct wait_queue_head *wq = wait->private;
	__poll_t events = key_to_poll(key);

	/* Our queue is not the one that goes away; who is on it is not exclusive */
	__wake_up(wq, mode, 1, poll_to_key(events & ~POLLFREE));
	micro_forward_pollfree(wait, events);
	return 0;
}

/* Likewise, and tells whether somebody woke up */
static int micro_forward_wake_exclusive(struct wait_queue_entry *wait, unsigned int mode,
					int sync, void *key)
{
	struct wait_queue_head *wq = wait->private;
	__poll_t events = key_to_poll(key);
	struct wait_queue_entry *waiter, *next;
	unsigned long flags;
	int woken = 0;

	/* __wake_up(), which does not tell on all kernels */
	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry_safe(waiter, next, &wq->head, entry)
		if (waiter->func(waiter, mode, sync, poll_to_key(events & ~POLLFREE)) > 0)
			woken = 1;
	spin_unlock_irqrestore(&wq->lock, flags);
	micro_forward_pollfree(wait, events);
	return woken;
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
static bool micro_forward_hang(struct micro_poll_table *table, struct micro_poller *p,
			       struct wait_queue_head *head, struct micro_forward **new)
{
	struct micro_exclusive *x = table->exclusive;
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
	if (x) {
		init_waitqueue_func_entry(&fw->wait, micro_forward_wake_exclusive);
		fw->wait.private = &x->wq;
		add_wait_queue_exclusive(head, &fw->wait);
	} else {
		init_waitqueue_func_entry(&fw->wait, micro_forward_wake);
		fw->wait.private = &table->more->wq;
		add_wait_queue(head, &fw->wait);
	}
	/* Last: micro_poll_queue() sees it without the lock, and relies on it */
	smp_store_release(&fw->head, head);
	return true;
}

static struct micro_poller *micro_poller_make(struct micro_file_more *more)
{
	struct micro_poller *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	struct micro_poller *old;

	spin_lock_init(&p->lock);
	/* The file may have several threads */
	old = cmpxchg(&more->poller, NULL, p);
	if (!old)
		return p;
	kfree(p);
	return old;
}

/* Out of line: the first poll of a file, and those of all but the first queue */
static noinline void micro_poll_queue_slow(struct micro_poll_table *table,
					   struct wait_queue_head *head)
{
	struct micro_forward *new __free(kfree) = NULL;
	struct micro_file_more *more = table->more;
	struct micro_poller *p;
	bool hung;

	if (table->exclusive)
		p = &table->exclusive->poller;
	else
		/* pairs with micro_poller_make() */
		p = smp_load_acquire(&more->poller) ?: micro_poller_make(more);

	spin_lock(&p->lock);
	hung = micro_forward_hang(table, p, head, &new);
	spin_unlock(&p->lock);
	if (hung)
		return;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	spin_lock(&p->lock);
	micro_forward_hang(table, p, head, &new);
	spin_unlock(&p->lock);
}

static void micro_poll_queue(struct file *filp, struct wait_queue_head *head,
			     struct poll_table_struct *pt)
{
	struct micro_poll_table *table = container_of(pt, struct micro_poll_table, pt);
	/* pairs with micro_poller_make() */
	struct micro_poller *p = smp_load_acquire(&table->more->poller);

	/* Once hung up it stays there; pairs with micro_forward_hang() */
	if (likely(p && smp_load_acquire(&p->forward.head) == head))
		return;
	micro_poll_queue_slow(table, head);
}

static void micro_poll_queue_exclusive(struct file *filp, struct wait_queue_head *head,
				       struct poll_table_struct *pt)
{
	micro_poll_queue_slow(container_of(pt, struct micro_poll_table, pt), head);
}

/* Claim one that nobody waits on, or make one */
static struct micro_exclusive *micro_exclusive_claim(struct micro_file_more *more)
{
	struct micro_exclusive *x;

	/* pairs with the cmpxchg() below */
	for (x = smp_load_acquire(&more->exclusives); x; x = x->next) {
		if (atomic_cmpxchg(&x->claimed, 0, 1))
			continue;
		/* Who leaves it just now is not in the way of anybody else */
		if (!wq_has_sleeper(&x->wq))
			return x;
		atomic_set_release(&x->claimed, 0);
	}

	x = kzalloc(sizeof(*x), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	spin_lock_init(&x->poller.lock);
	init_waitqueue_head(&x->wq);
	atomic_set(&x->claimed, 1);
	x->next = READ_ONCE(more->exclusives);
	while (!try_cmpxchg(&more->exclusives, &x->next, x))
		;
	return x;
}

/* Out of line: only EPOLLEXCLUSIVE, of epoll and io_uring, comes here */
static noinline __poll_t micro_file_poll_exclusive(struct file *filp,
						   struct poll_table_struct *wait)
{
	struct micro_file_more *more = micro_file_need_more(filp->private_data);
	struct micro_exclusive *x = micro_exclusive_claim(more);
	struct micro_poll_table table = {
		.pt._qproc = micro_poll_queue_exclusive,
		.pt._key = wait->_key,
		.more = more,
		.exclusive = x,
	};

	poll_wait(filp, &x->wq, wait);
	atomic_set_release(&x->claimed, 0);
	return micro_file_call(filp, poll, EPOLLHUP | EPOLLERR, filp, &table.pt);
}

/* Out of line: most polls only ask */
static noinline __poll_t micro_file_poll_wait(struct file *filp,
					      struct poll_table_struct *wait)
{
	struct micro_file_more *more = micro_file_need_more(filp->private_data);
	struct micro_poll_table table;

	/* Not an initializer: that would clear the rest, which costs as much again */
	table.pt._qproc = micro_poll_queue;
	table.pt._key = wait->_key;
	table.more = more;
	table.exclusive = NULL;
	/* poll_wait(), of which the caller has looked at @wait, and whose barrier is in enter */
	wait->_qproc(filp, &more->wq, wait);
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
	if (wait && wait->_qproc) {
		if (unlikely(wait->_key & EPOLLEXCLUSIVE))
			return micro_file_poll_exclusive(filp, wait);
		return micro_file_poll_wait(filp, wait);
	}
	return micro_file_call(filp, poll, EPOLLHUP | EPOLLERR, filp, wait);
}

static void micro_poller_unforward(struct micro_poller *p)
{
	struct micro_forward *fw, *next;

	for (fw = &p->forward; fw; fw = next) {
		struct wait_queue_head *head;

		/* A queue that ends with POLLFREE is freed after a grace period */
		rcu_read_lock();
		/* pairs with micro_forward_pollfree() */
		head = smp_load_acquire(&fw->head);
		if (head)
			remove_wait_queue(head, &fw->wait);
		rcu_read_unlock();
		next = fw->next;
		if (fw != &p->forward)
			kfree(fw);
		cond_resched();
	}
}

/**
 * micro_file_unforward_all() - take an open file off the driver's queues
 * @more: what the file has for those who wait; no operation is inside, or ever will be
 *
 * User space may still wait on our queues.
 *
 * Context: may sleep.
 */
void micro_file_unforward_all(struct micro_file_more *more)
{
	struct micro_poller *p = more->poller;
	struct micro_exclusive *x;

	more->poller = NULL;
	if (p) {
		micro_poller_unforward(p);
		kfree(p);
	}
	for (x = READ_ONCE(more->exclusives); x; x = x->next)
		micro_poller_unforward(&x->poller);
}

/**
 * micro_file_wake_exclusives() - wake all who wait exclusively, for the end
 * @more: that of a file that has been revoked
 *
 * Context: any.
 */
void micro_file_wake_exclusives(struct micro_file_more *more)
{
	struct micro_exclusive *x;

	for (x = READ_ONCE(more->exclusives); x; x = x->next)
		__wake_up(&x->wq, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | EPOLLERR));
}

/**
 * micro_file_free_exclusives() - the last step
 * @more: that of a file that is closed: nobody waits any more
 *
 * Context: any.
 */
void micro_file_free_exclusives(struct micro_file_more *more)
{
	struct micro_exclusive *x, *next;

	for (x = more->exclusives; x; x = next) {
		next = x->next;
		kfree(x);
	}
}
