// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: what can be done without waiting, as the server has notified
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/poll.h>
#include <linux/signal.h>

#include "user.h"

#define MU_EVENTS	(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM |	\
			 EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND | EPOLLRDHUP)

/* Servers say EPOLLIN and mean both */
static __poll_t mu_events_complete(__poll_t events)
{
	if (events & EPOLLIN)
		events |= EPOLLRDNORM;
	if (events & EPOLLOUT)
		events |= EPOLLWRNORM;
	return events;
}

/**
 * mu_file_events() - what can be done with a file now
 * @file: the file
 *
 * Context: mu_driver.lock is held.
 * Return: EPOLL*, of the file or its device, whichever was notified later.
 */
__poll_t mu_file_events(struct mu_file *file)
{
	struct mu_instance *inst = file->inst;

	return inst->stamp > file->stamp ? inst->events : file->events;
}

/**
 * mu_file_not_now() - the server has said that something is not to be had now
 * @file: the file
 * @events: what
 * @seq: number of the last notification before the server was asked
 *
 * Context: mu_driver.lock is held.
 */
void mu_file_not_now(struct mu_file *file, __poll_t events, u64 seq)
{
	/* It has changed its mind since: that is what counts */
	if (file->stamp > seq || file->inst->stamp > seq)
		return;
	file->events = mu_file_events(file) & ~mu_events_complete(events);
	file->stamp = seq;
}

static void mu_file_wake(struct mu_file *file, __poll_t events)
{
	/* The open file, to which SIGIO would lead, has gone */
	if (file->closed)
		return;
	wake_up_poll(&file->wq, events | EPOLLERR);
	if (likely(!file->fasync))
		return;
	if (events & EPOLLIN)
		kill_fasync(&file->fasync, SIGIO, POLL_IN);
	if (events & EPOLLOUT)
		kill_fasync(&file->fasync, SIGIO, POLL_OUT);
	if (events & EPOLLPRI)
		kill_fasync(&file->fasync, SIGIO, POLL_PRI);
	if (events & EPOLLERR)
		kill_fasync(&file->fasync, SIGIO, POLL_ERR);
	if (events & EPOLLHUP)
		kill_fasync(&file->fasync, SIGIO, POLL_HUP);
}

static int mu_notify_file(struct mu_driver *ud, u64 number, __poll_t events)
{
	struct mu_file *file = mu_file_find(ud, number);

	if (!file || file->closed)
		return -ENOENT;
	file->events = events;
	file->stamp = ++ud->seq;
	mu_file_wake(file, events);
	return 0;
}

static int mu_notify_instance(struct mu_driver *ud, u32 number, __poll_t events)
{
	struct mu_instance *inst = xa_load(&ud->instances, number);
	struct mu_file *file;

	if (!inst || inst->removed)
		return -ENOENT;
	inst->events = events;
	inst->stamp = ++ud->seq;
	list_for_each_entry(file, &inst->files, link)
		mu_file_wake(file, events);
	list_for_each_entry(file, &inst->opening, link)
		mu_file_wake(file, events);
	return 0;
}

/**
 * mu_notify() - the server says what can be done without waiting
 * @s: its session
 * @notify: that; its seq is written
 *
 * Context: any.
 * Return: 0; -EINVAL, -ENOENT, -ESHUTDOWN.
 */
int mu_notify(struct mu_session *s, struct micro_user_notify *notify)
{
	struct mu_driver *ud = s->ud;
	__poll_t events;
	int err;

	if (notify->flags || notify->events & ~(__force u32)MU_EVENTS)
		return -EINVAL;
	events = mu_events_complete((__force __poll_t)notify->events);

	guard(spinlock)(&ud->lock);
	if (s->ended)
		return -ESHUTDOWN;
	if (notify->file)
		err = mu_notify_file(ud, notify->file, events);
	else
		err = mu_notify_instance(ud, notify->instance, events);
	notify->seq = ud->seq;
	return err;
}
