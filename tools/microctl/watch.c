// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that follow what happens: watch, wait
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "configfs.h"
#include "devnode.h"
#include "events.h"
#include "json.h"
#include "memory.h"
#include "names.h"
#include "path.h"
#include "settle.h"
#include "sysfs.h"
#include "udev.h"

/* What can be no device's name, as the path of a node, would be waited for in vain */
static void check_names(int argc, char **argv)
{
	const char *wrong;

	for (int i = optind; i < argc; i++) {
		wrong = device_name_check(argv[i]);
		if (wrong)
			usage_error(argv[0], "'%s': %s", argv[i], wrong);
	}
}

static bool is_named(const char *name, int argc, char **argv)
{
	for (int i = optind; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return true;
	return optind == argc;
}

/* micro/NAME for most, but a module's are at the top. "" if it is gone already */
static void find_node(const char *name, char *text, size_t size)
{
	static const char *const folders[] = { "/dev/micro/", "/dev/" };

	for (int i = 0; i < 2; i++) {
		snprintf(text, size, "%s%s", folders[i], name);
		if (!access(text, F_OK))
			return;
	}
	*text = '\0';
}

static void print_event(const struct event *event, bool json)
{
	bool bound = !strcmp(event->action, "bind");
	const char *driver = bound ? event->driver : "";
	char node[PATH_MAX] = "";

	if (bound)
		find_node(event->name, node, sizeof(node));
	if (json)
		json_print_event(event->action, event->name, driver, node);
	else
		printf("%-6s  %s%s%s%s%s\n", event->action, event->name, *driver ? "  " : "",
		       driver, *node ? "  " : "", node);
	fflush(stdout);
}

int command_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const struct event *event;
	bool json = false;

	while (next_option(argc, argv, ":h", options) >= 0)
		json = json_option(argv[0]);
	check_names(argc, argv);
	events_start();
	while (!ferror(stdout)) {
		event = events_next(-1);
		if (!event) {
			if (errno == ENOBUFS)
				say("too much happens at once: some events are lost");
			continue;
		}
		if (is_named(event->name, argc, argv))
			print_event(event, json);
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
	const struct event *event;
	const char *name, *status;

	while (next_option(argc, argv, ":ht:", options) >= 0)
		timeout = settle_read_seconds(argv[0], optarg);
	if (optind == argc)
		usage_error(argv[0], "it needs the name of a device");
	check_names(argc, argv);

	configfs_open(false);
	/* first, so that nothing happens between a look and the wait */
	events_start();
	udev_start();
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
			event = events_next(left < 0 ? -1 : left > 3600 ? 3600 * 1000 :
					    (int)ceil(left * 1000));
			if (!event)
				break;
			status = is_named(event->name, argc, argv) ? event->name : NULL;
			left = timeout < 0 ? -1 : end - settle_now();
		} while (!status && (timeout < 0 || left > 0));
	}
	for (int i = optind; i < argc; i++)
		if (!udev_wait(argv[i], timeout < 0 ? 0 : end))
			return STATUS_NO;
	return STATUS_OK;
}
