// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, as libudev has them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "message.h"

static struct udev_monitor *monitor;

/*
 * With udev running, its events are the ones to follow, as they come when the
 * rules have done their work. It is not everywhere.
 */
void events_start(void)
{
	const char *source = access("/run/udev/control", F_OK) ? "kernel" : "udev";
	struct udev *udev = udev_new();

	monitor = udev ? udev_monitor_new_from_netlink(udev, source) : NULL;
	if (!monitor ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor, EVENTS_SUBSYSTEM, NULL) < 0)
		die(STATUS_SYSTEM, "cannot listen to events of the kernel: %s", strerror(errno));
	/* only root may have more than the default, which will do then */
	udev_monitor_set_receive_buffer_size(monitor, EVENTS_BUFFER_SIZE);
	if (udev_monitor_enable_receiving(monitor) < 0)
		die(STATUS_SYSTEM, "cannot listen to events of the kernel: %s", strerror(errno));
}

/**
 * events_next() - the next event
 * @timeout: ms to wait for it, or -1: as long as it takes
 *
 * Return: NULL if none came; errno is ENOBUFS if the kernel has dropped some.
 */
const struct event *events_next(int timeout)
{
	struct pollfd fd = { .fd = udev_monitor_get_fd(monitor), .events = POLLIN };
	static struct udev_device *device;
	static struct event event;
	int ready = poll(&fd, 1, timeout);

	if (ready < 0 && errno != EINTR)
		die(STATUS_SYSTEM, "cannot wait for events: %s", strerror(errno));
	if (ready <= 0)
		return NULL;
	udev_device_unref(device);
	errno = 0;
	device = udev_monitor_receive_device(monitor);
	if (!device)
		return NULL;
	event = (struct event){
		.action = udev_device_get_action(device) ?: "change",
		.name = udev_device_get_sysname(device),
		.driver = udev_device_get_driver(device) ?: "",
	};
	return &event;
}
