// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, as libudev has them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libudev.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "message.h"

static struct udev_monitor *monitor;

/*
 * With udev running, its events are the ones to follow, as they come when the
 * rules have done their work. It is not everywhere.
 */
int events_open(void)
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
	return udev_monitor_get_fd(monitor);
}

const struct event *events_receive(void)
{
	static struct udev_device *device;
	static struct event event;

	udev_device_unref(device);
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
