/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what the kernel tells of devices as they come, change and go
 *
 * There are two sources, of which the build takes one: events-udev.c, or
 * events-netlink.c with WITH_UDEV=0.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_EVENTS_H
#define _MICROCTL_EVENTS_H

#define EVENTS_SUBSYSTEM	"micro_bus"
#define EVENTS_BUFFER_SIZE	(16 << 20)	/* bytes: thousands of devices at once */

/**
 * struct event - an event; it is valid until the next call of events_next()
 * @action: "add", "bind", "change", ...
 * @name: of the device
 * @driver: that is bound, or ""
 */
struct event {
	const char *action;
	const char *name;
	const char *driver;
};

void events_start(void);
const struct event *events_next(int timeout);

/* What a source has: the file to poll, and the event that is there, or NULL, with errno */
int events_open(void);
const struct event *events_receive(void);

#endif /* _MICROCTL_EVENTS_H */
