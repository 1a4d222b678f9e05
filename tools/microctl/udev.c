// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for udev, which gives nodes their groups and links
 *
 * The kernel makes a node when a driver binds a device. udev hears of it a little
 * later, and changes the node's group and mode then, and makes links. udev tells of
 * a device when it has done all that, with the number that the kernel gave to the
 * event. So an event counts if its number is higher than the last one was before
 * the driver was bound: a device that is bound again has its old entry in udev's
 * database until udev has heard that it was gone.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <poll.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "settle.h"
#include "udev.h"

#define UDEV_CONTROL	"/run/udev/control"
#define LAST_EVENT	"/sys/kernel/uevent_seqnum"
#define CLASS		"micro"

#define LOOK_MS		200	/* from one look at the rest of the world to the next */

/**
 * struct binding - a device that a driver is bound to in this run
 * @name: of the device
 * @after: the number of the last event before that
 * @ready: udev has told of an event that came later
 */
struct binding {
	const char *name;
	unsigned long long after;
	bool ready;
};

static struct udev *context;
static struct udev_monitor *monitor;	/* NULL where udev does not run */
static void *bindings;			/* for tfind(3) */
static bool lost;			/* events */
static bool silent;			/* udev was waited for once, in vain */

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct binding *)a)->name, ((const struct binding *)b)->name);
}

static struct binding *find_binding(const char *name)
{
	struct binding key = { .name = name };
	struct binding **found = tfind(&key, &bindings, compare_names);

	return found ? *found : NULL;
}

/* The number of the last event that the kernel sent; 0 if it does not tell */
static unsigned long long last_event(void)
{
	static int fd = -1;
	char text[32];
	ssize_t len;

	if (fd < 0)
		fd = open(LAST_EVENT, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (len < 0)
		return 0;
	text[len] = '\0';
	return strtoull(text, NULL, 10);
}

/**
 * udev_start() - hear what udev has done from now on
 *
 * Comes before the first device is changed. Where udev does not run, nobody waits.
 */
void udev_start(void)
{
	if (access(UDEV_CONTROL, F_OK))
		return;
	context = udev_new();
	monitor = context ? udev_monitor_new_from_netlink(context, "udev") : NULL;
	if (!monitor || udev_monitor_enable_receiving(monitor) < 0)
		die(STATUS_SYSTEM, "cannot listen to udev: %s", strerror(errno));
	/* only root may have more than the default; others may lose events */
	udev_monitor_set_receive_buffer_size(monitor, EVENTS_BUFFER_SIZE);
}

/* Is there something to wait for? */
bool udev_runs(void)
{
	return monitor;
}

static void take_event(struct udev_device *event)
{
	const char *subsystem = udev_device_get_subsystem(event);
	const char *action = udev_device_get_action(event);
	struct binding *b;

	if (!subsystem || strcmp(subsystem, CLASS))
		return;
	b = find_binding(udev_device_get_sysname(event));
	if (b && udev_device_get_seqnum(event) > b->after)
		b->ready = !action || strcmp(action, "remove");
}

/* Takes all events that are there; false if none is */
static bool take_events(void)
{
	struct udev_device *event;
	bool some = false;

	for (;;) {
		errno = 0;
		event = udev_monitor_receive_device(monitor);
		if (event)
			take_event(event);
		else if (errno == ENOBUFS)
			lost = true;
		else if (errno != EINTR)
			return some;
		udev_device_unref(event);
		some = true;
	}
}

/* A driver is about to be bound to the device: what udev has done before does not count */
void udev_expect(const char *name)
{
	struct binding *b;

	if (!monitor)
		return;
	/* there is no room for those of thousands of devices */
	take_events();
	b = find_binding(name);
	if (!b) {
		b = get_memory(sizeof(*b));
		b->name = name;
		if (!tsearch(b, &bindings, compare_names))
			die(STATUS_SYSTEM, "out of memory");
	}
	b->after = last_event();
	b->ready = false;
}

/* Has udev's database the device? Also true when the device has gone */
static bool is_known(const char *name)
{
	struct udev_device *device = udev_device_new_from_subsystem_sysname(context, CLASS, name);
	bool known = !device || udev_device_get_is_initialized(device);

	udev_device_unref(device);
	return known;
}

static bool is_gone(const char *name)
{
	return access(format("/sys/class/" CLASS "/%s", name), F_OK);
}

static bool is_ready(const char *name)
{
	const struct binding *b = find_binding(name);

	if (b && b->ready)
		return true;
	/* one that was bound before this run, or whose event may be among the lost ones */
	if (!b || !b->after || lost)
		return is_known(name);
	return is_gone(name);
}

/**
 * udev_wait() - wait until udev has given a bound device's node its group and links
 * @name: of the device
 * @end: wait no longer than until then, in the time of settle_now(); 0: just as long
 *	as udev does something, and --timeout after that
 *
 * Return: false if udev has not, which was said, for the first device.
 */
bool udev_wait(const char *name, double end)
{
	double now = settle_now(), heard = now;
	struct pollfd source;

	if (!monitor || !settle_limit())
		return true;
	source = (struct pollfd){ .fd = udev_monitor_get_fd(monitor), .events = POLLIN };
	for (;;) {
		if (take_events())
			heard = now;
		if (is_ready(name))
			return true;
		if (interrupt_pending()) {
			say("%s: interrupted; udev has not set its node's group and links yet",
			    name);
			return false;
		}
		if (silent)
			return false;
		if (end ? now >= end : now - heard >= settle_limit())
			break;
		poll(&source, 1, LOOK_MS);
		now = settle_now();
	}
	silent = true;
	say("%s is bound, but udev has not set its node's group and links yet: is udev stuck?",
	    name);
	return false;
}
