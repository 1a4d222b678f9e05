// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for events, wherever they are from
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>

#include "events.h"
#include "message.h"

static struct pollfd source = { .events = POLLIN };

void events_start(void)
{
	source.fd = events_open();
}

/**
 * events_next() - the next event
 * @timeout: ms to wait for it, or -1: as long as it takes
 *
 * Return: NULL if none came; errno is ENOBUFS if the kernel has dropped some.
 */
const struct event *events_next(int timeout)
{
	int ready = poll(&source, 1, timeout);

	if (ready < 0 && errno != EINTR)
		die(STATUS_SYSTEM, "cannot wait for events: %s", strerror(errno));
	if (ready <= 0)
		return NULL;
	errno = 0;
	return events_receive();
}
