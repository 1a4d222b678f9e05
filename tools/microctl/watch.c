// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that follow what happens: watch, wait
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libudev.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "configfs.h"
#include "devnode.h"
#include "json.h"
#include "memory.h"
#include "path.h"
#include "settle.h"
#include "sysfs.h"

#define SUBSYSTEM	"micro_bus"
#define BUFFER_SIZE	(16 << 20)	/* bytes: thousands of devices at once */

/*
 * With udev running, its events are the ones to follow, as they come when the
 * rules have done their work. It is not everywhere.
 */
static struct udev_monitor *start_monitor(void)
{
	const char *source = access("/run/udev/control", F_OK) ? "kernel" : "udev";
	struct udev *udev = udev_new();
	struct udev_monitor *monitor;

	monitor = udev ? udev_monitor_new_from_netlink(udev, source) : NULL;
	if (!monitor ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor, SUBSYSTEM, NULL) < 0)
		die(STATUS_SYSTEM, "cannot listen to events of the kernel: %s", strerror(errno));
	/* only root may have more than the default, which will do then */
	udev_monitor_set_receive_buffer_size(monitor, BUFFER_SIZE);
	if (udev_monitor_enable_receiving(monitor) < 0)
		die(STATUS_SYSTEM, "cannot listen to events of the kernel: %s", strerror(errno));
	return monitor;
}

/* The next event, or NULL after @timeout ms (-1: none). The kernel may have dropped some */
static struct udev_device *next_event(struct udev_monitor *monitor, int timeout)
{
	struct pollfd fd = { .fd = udev_monitor_get_fd(monitor), .events = POLLIN };
	int ready = poll(&fd, 1, timeout);

	if (ready < 0 && errno != EINTR)
		die(STATUS_SYSTEM, "cannot wait for events: %s", strerror(errno));
	if (ready <= 0)
		return NULL;
	errno = 0;
	return udev_monitor_receive_device(monitor);
}

static bool is_named(const char *name, int argc, char **argv)
{
	for (int i = optind; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return true;
	return optind == argc;
}

/* micro/NAME for most, but a module's are at the top. It may be gone already */
static const char *find_node(const char *name, char *text, size_t size)
{
	static const char *const folders[] = { "/dev/micro/", "/dev/" };

	for (int i = 0; i < 2; i++) {
		snprintf(text, size, "%s%s", folders[i], name);
		if (!access(text, F_OK))
			return text;
	}
	return "";
}

static void print_event(struct udev_device *event, const char *name, bool json)
{
	const char *action = udev_device_get_action(event) ?: "change";
	bool bound = !strcmp(action, "bind");
	const char *driver = bound ? udev_device_get_driver(event) ?: "" : "";
	char node[PATH_MAX];

	find_node(name, node, sizeof(node));
	if (!bound)
		*node = '\0';
	if (json)
		json_print_event(action, name, driver, node);
	else
		printf("%-6s  %s%s%s%s%s\n", action, name, *driver ? "  " : "", driver,
		       *node ? "  " : "", node);
	fflush(stdout);
}

int command_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct udev_monitor *monitor;
	struct udev_device *event;
	bool json = false;
	const char *name;

	while (next_option(argc, argv, ":h", options) >= 0)
		json = true;
	monitor = start_monitor();
	while (!ferror(stdout)) {
		event = next_event(monitor, -1);
		if (!event) {
			if (errno == ENOBUFS)
				say("too much happens at once: some events are lost");
			continue;
		}
		name = udev_device_get_sysname(event);
		if (is_named(name, argc, argv))
			print_event(event, name, json);
		udev_device_unref(event);
	}
	return STATUS_SYSTEM;
}

/*
 * The status of the first device that is not bound; NULL when all are. One that is,
 * but has no node, ends the run: nothing that one could wait for will mend it.
 */
static const char *first_unbound(int argc, char **argv, const char **name)
{
	struct device *d;

	for (int i = optind; i < argc; i++) {
		d = find_device(argv[i]);
		*name = argv[i];
		if (!d)
			return "not there";
		if (strcmp(d->status, "bound"))
			return d->status;
		/* twice, as it may have been about to go */
		d = devnode_fault(d) ? find_device(argv[i]) : NULL;
		if (d && devnode_fault(d))
			die(STATUS_NO, "%s is bound, but its node /dev/%s %s", d->name,
			    d->devnode, devnode_fault(d));
	}
	return NULL;
}

int command_wait(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	double timeout = -1, end = 0, left = -1;
	struct udev_monitor *monitor;
	const char *name, *status;
	struct udev_device *event;

	while (next_option(argc, argv, ":ht:", options) >= 0)
		timeout = settle_read_seconds(argv[0], optarg);
	if (optind == argc)
		usage_error(argv[0], "it needs the name of a device");

	configfs_open(false);
	/* first, so that nothing happens between a look and the wait */
	monitor = start_monitor();
	end = settle_now() + timeout;
	while ((status = first_unbound(argc, argv, &name))) {
		if (timeout >= 0) {
			left = end - settle_now();
			if (left <= 0) {
				say("%s is not bound after %g s: it is %s", name, timeout, status);
				return STATUS_NO;
			}
		}
		do {
			event = next_event(monitor, left < 0 ? -1 :
					   left > 3600 ? 3600 * 1000 : (int)ceil(left * 1000));
			if (!event)
				break;
			name = udev_device_get_sysname(event);
			status = is_named(name, argc, argv) ? name : NULL;
			udev_device_unref(event);
			left = timeout < 0 ? -1 : end - settle_now();
		} while (!status && (timeout < 0 || left > 0));
	}
	return STATUS_OK;
}
