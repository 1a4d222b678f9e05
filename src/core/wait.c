// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping in an operation, until an event, a signal, or the unplug
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "file.h"

/**
 * DOC: Revocable waits
 *
 * A task that sleeps in an operation is on two wait queues at once: the
 * driver's, for the event, and the open file's, for the unplug. The driver's
 * queue is not shared with user space (see forwarders), the open file's not
 * with other files.
 */

/**
 * micro_wait_begin() - queue up to sleep, see micro_wait_event_interruptible()
 * @waiter: on the stack
 * @filp: the open file
 * @wq_head: the driver's wait queue
 *
 * Context: may sleep, inside an operation of @filp.
 */
void micro_wait_begin(struct micro_waiter *waiter, struct file *filp,
		      struct wait_queue_head *wq_head)
{
	struct micro_file *f = filp->private_data;

	might_sleep();
	waiter->filp = filp;
	waiter->wq_head = wq_head;
	/*
	 * Entries that stay queued until the end: one that a wake-up removes, as
	 * prepare_to_wait() uses them, would be missing from one queue after a
	 * wake-up through it, while queueing on the other puts us to sleep
	 */
	init_waitqueue_entry(&waiter->event, current);
	init_waitqueue_entry(&waiter->revoke, current);
	add_wait_queue(wq_head, &waiter->event);
	add_wait_queue(&micro_file_need_more(f)->wq, &waiter->revoke);
}
EXPORT_SYMBOL_GPL(micro_wait_begin);

/**
 * micro_wait_prepare() - see whether to sleep at all
 * @waiter: from micro_wait_begin()
 * @mode: the state to sleep in, see micro_wait_event_mode()
 *
 * Context: as micro_wait_begin(); the task is in @mode afterwards.
 * Return: 0; -ENODEV when the file is revoked; -ERESTARTSYS with a signal pending
 * that ends @mode, which counts only while the condition is false.
 */
int micro_wait_prepare(struct micro_waiter *waiter, unsigned int mode)
{
	struct micro_file *f = waiter->filp->private_data;

	/* Before the checks, so that a wake-up after them is not lost */
	set_current_state(mode);

	if (micro_active_revoked(&f->active))
		return -ENODEV;
	return signal_pending_state(mode, current) ? -ERESTARTSYS : 0;
}
EXPORT_SYMBOL_GPL(micro_wait_prepare);

/**
 * micro_wait_end() - leave both queues
 * @waiter: from micro_wait_begin()
 *
 * Context: as micro_wait_begin().
 */
void micro_wait_end(struct micro_waiter *waiter)
{
	struct micro_file *f = waiter->filp->private_data;

	__set_current_state(TASK_RUNNING);
	remove_wait_queue(waiter->wq_head, &waiter->event);
	remove_wait_queue(&micro_file_get_more(f)->wq, &waiter->revoke);
}
EXPORT_SYMBOL_GPL(micro_wait_end);
