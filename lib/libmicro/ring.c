// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: a thread that serves
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "server.h"

/* How long answers may wait for each other, in nanoseconds */
#define RING_QUICK	10000000

/* That of this thread, if it serves */
_Thread_local struct ring *this_ring;

int ring_init(struct ring *ring, struct server *server, unsigned int number)
{
	const struct micro_user_attach *attach = &server->attach;
	void *records;

	ring->server = server;
	ring->number = number;
	ring->replies = calloc(attach->entries, sizeof(*ring->replies));
	ring->taken = calloc(attach->entries, sizeof(*ring->taken));
	if (!ring->replies || !ring->taken)
		return -ENOMEM;
	records = mmap(NULL, attach->ring_size, PROT_READ, MAP_SHARED, server->fd,
		       attach->ring_offset + (uint64_t)number * attach->ring_size);
	if (records == MAP_FAILED)
		return -errno;
	ring->records = records;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (ring->records)
		munmap((void *)ring->records, ring->server->attach.ring_size);
	free(ring->taken);
	free(ring->replies);
}

/* To a tick, in a tenth of the instructions of a clock that is exact */
static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/*
 * They are copied first: when an operation has taken too long the session is over, and with it
 * the mappings, while the record is still needed for micro_request_id() and the answer.
 *
 * Nobody's answer waits for slow operations of others that came together with it.
 */
static int ring_handle(struct ring *ring, int n)
{
	const struct micro_user_record *first = ring->records;
	int64_t began = n > 1 ? now() : 0;
	size_t size;
	int err;

	for (int i = 0; i < n; i++) {
		size = first->size < sizeof(*first) ? first->size : sizeof(*first);
		memcpy(&ring->taken[i], ring->records + (size_t)i * first->size, size);
	}
	for (int i = 0; i < n; i++) {
		request_handle(ring, &ring->taken[i]);
		if (i + 1 == n || now() - began < RING_QUICK)
			continue;
		err = ring_next(ring, 0);
		/* The session is over */
		if (err < 0 && err != -EINTR)
			return err;
		began = now();
	}
	return n;
}

/*
 * Gives answers and notifications to the kernel, takes up to @max records and deals
 * with them. Returns how many it were, or -errno.
 */
int ring_next(struct ring *ring, unsigned int max)
{
	struct micro_user_next next = {
		.size = sizeof(next),
		.ring = ring->number,
		.max = max,
		.nr_replies = ring->nr_replies,
		.nr_notifies = ring->nr_notifies,
		.replies = (uintptr_t)ring->replies,
		.notifies = (uintptr_t)ring->notifies,
	};
	int n = ioctl(ring->server->fd, MICRO_USER_NEXT, &next);
	int err = n < 0 ? -errno : 0;

	/* taken, also when the call was interrupted */
	ring->nr_replies = 0;
	ring->nr_notifies = 0;
	return err ?: ring_handle(ring, n);
}

/* Until the kernel has nothing to tell any more before the devices are served */
int ring_start(struct ring *ring)
{
	int n;

	this_ring = ring;
	do {
		n = ring_next(ring, ring->server->max);
		if (ring->stopper->stop)
			break;
	} while (n > 0 || n == -EINTR);
	/* asked to stop in between: what is in hand is answered */
	if (n > 0)
		n = ring_next(ring, 0);
	this_ring = NULL;
	return n == -EAGAIN || n == -EINTR ? 0 : n;
}

/* All threads are to stop together, and the first one has its stopper from the beginning */
static bool is_stopped(const struct ring *ring)
{
	return ring->server->rings[0].stopper->stop;
}

/* Until it is to stop, which is 0, or -errno */
int ring_serve(struct ring *ring)
{
	int n = 0;

	this_ring = ring;
	while (n >= 0 && !is_stopped(ring)) {
		n = ring_next(ring, ring->server->max);
		/* any signal */
		if (n == -EINTR)
			n = 0;
		if (n == -EAGAIN) {
			/*
			 * The node was made non-blocking. A child of this process can do that,
			 * too, as it shares the open file, but does not decide when this
			 * one stops. stop_server() does it after it has set what
			 * is_stopped() reads.
			 */
			if (!is_stopped(ring))
				fcntl(ring->server->fd, F_SETFL, O_RDWR);
			n = 0;
		}
	}
	if (n >= 0)
		n = ring_next(ring, 0);
	this_ring = NULL;
	return n == -EAGAIN || n == -EINTR || n > 0 ? 0 : n;
}

void ring_notify(struct server *server, const struct micro_user_notify *notify)
{
	struct ring *ring = this_ring;
	struct micro_user_notify copy = *notify;

	/* With any other, the kernel would refuse the whole call that has it */
	copy.events &= RING_EVENTS;
	if (!ring || ring->server != server || !ring->record) {
		ioctl(server->fd, MICRO_USER_NOTIFY, &copy);
		return;
	}
	/* The last one for a file counts, so none may overtake another */
	if (ring->nr_notifies == RING_NOTIFIES) {
		for (unsigned int i = 0; i < RING_NOTIFIES; i++)
			ioctl(server->fd, MICRO_USER_NOTIFY, &ring->notifies[i]);
		ring->nr_notifies = 0;
	}
	ring->notifies[ring->nr_notifies++] = copy;
}
