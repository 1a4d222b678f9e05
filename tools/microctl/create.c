// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands for single devices: create, remove
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <string.h>

#include "commands.h"
#include "configfs.h"
#include "execute.h"
#include "interrupt.h"
#include "lock.h"
#include "memory.h"
#include "names.h"
#include "progress.h"
#include "settle.h"
#include "sysfs.h"
#include "udev.h"

/* The child node @path of the device, made if need be */
static struct node *child_node(struct node *node, const char *command, const char *path)
{
	unsigned int depth = 0;
	const char *wrong;
	struct node *child;
	const char *name;
	size_t len;

	for (; *path; path += len + !!path[len]) {
		len = strcspn(path, "/");
		name = copy_bytes(path, len);
		wrong = part_name_check(name);
		if (wrong)
			usage_error(command, "child node '%s': %s", name, wrong);
		if (++depth > DEPTH_MAX)
			usage_error(command, "child nodes may be nested %d levels deep", DEPTH_MAX);
		child = (struct node *)node_child(node, name);
		node = child ?: node_add_child(node, name);
	}
	return node;
}

/* [CHILD/...]PROPERTY[=TYPE:VALUE] */
static void set_property(struct device *device, const char *command, const char *arg)
{
	const char *equals = strchr(arg, '=');
	const char *text = equals ? equals + 1 : "bool";
	const char *colon = strchr(text, ':');
	char *path = copy_bytes(arg, equals ? (size_t)(equals - arg) : strlen(arg));
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct node *node = &device->root;
	struct property *p;
	const char *wrong;
	enum type type;

	if (slash) {
		*slash = '\0';
		node = child_node(node, command, path);
	}
	wrong = part_name_check(name);
	if (wrong)
		usage_error(command, "property '%s': %s", name, wrong);
	if (node == &device->root && !strcmp(name, "compatible"))
		usage_error(command, "compatible strings are set with --compatible");
	if (node_property(node, name))
		usage_error(command, "property '%s' is set twice", name);
	if (!type_find(colon ? copy_bytes(text, colon - text) : text, &type) ||
	    (!colon && type != TYPE_BOOL))
		usage_error(command,
			    "property '%s': TYPE:VALUE is missing; TYPE is u8, u16, u32, u64 or string",
			    name);
	text = colon ? colon + 1 : "";
	p = node_add_property(node, name);
	wrong = value_from_text(&p->value, type, text, strlen(text)) ?: value_check(&p->value);
	if (wrong)
		usage_error(command, "property '%s': '%s': %s", name, text, wrong);
}

static void add_compatible(struct device *device, const char *string)
{
	size_t size = device->compatible_size, len = strlen(string) + 1;
	char *all = get_memory(size + len);

	if (size)
		memcpy(all, device->compatible, size);
	memcpy(all + size, string, len);
	device->compatible = all;
	device->compatible_size = size + len;
}

enum { OPTION_CHILD = 256, OPTION_NO_WAIT, OPTION_OFF };

/* A signal that ended a wait is told to who waits for us */
static int final_status(enum status status)
{
	return interrupt_pending() ? STATUS_SIGNAL + interrupt_pending() : (int)status;
}

int command_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "compatible", required_argument, NULL, 'c' },
		{ "set", required_argument, NULL, 's' },
		{ "child", required_argument, NULL, OPTION_CHILD },
		{ "off", no_argument, NULL, OPTION_OFF },
		{ "no-wait", no_argument, NULL, OPTION_NO_WAIT },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct device *device = get_memory(sizeof(*device));
	bool wait = true;
	const char *wrong;
	int option;

	device->live = true;
	while ((option = next_option(argc, argv, ":hc:s:t:", options)) >= 0) {
		switch (option) {
		case 'c':
			add_compatible(device, optarg);
			break;
		case 's':
			set_property(device, argv[0], optarg);
			break;
		case OPTION_CHILD:
			child_node(&device->root, argv[0], optarg);
			break;
		case OPTION_OFF:
			device->live = false;
			break;
		case OPTION_NO_WAIT:
			wait = false;
			break;
		case 't':
			settle_set_limit(settle_read_seconds(argv[0], optarg));
			break;
		}
	}
	if (argc - optind != 1)
		usage_error(argv[0], "it needs the name of one device");
	device->name = argv[optind];
	device->at.path = device->name;
	wrong = device_name_check(device->name);
	if (wrong)
		usage_error(argv[0], "'%s': %s", device->name, wrong);
	wrong = device->compatible ?
		compatible_check(device->compatible, device->compatible_size) : NULL;
	if (wrong)
		usage_error(argv[0], "compatible: %s", wrong);

	configfs_open(true);
	interrupt_catch();
	lock_take(wait);
	lock_may_lend();
	if (sysfs_exists(device->name) && !sysfs_is_going(device->name))
		die(STATUS_NO, "there is a device '%s' already", device->name);
	udev_start();
	if (execute_create(device))
		return final_status(STATUS_NO);
	settle_start();
	switch (execute_outcome(device)) {
	case OUTCOME_UNBOUND:
		say("%s: the device exists, but no driver is bound to it yet", device->name);
		break;
	case OUTCOME_REFUSED:
	case OUTCOME_NO_NODE:
		execute_remove(device->name, &device->at);
		return STATUS_NO;
	case OUTCOME_BUSY:
		return final_status(STATUS_NO);
	case OUTCOME_BOUND:
		if (device->live && !udev_wait(device->name, 0))
			return final_status(STATUS_NO);
		break;
	}
	return STATUS_OK;
}

int command_remove(int argc, char **argv)
{
	static const struct option options[] = {
		{ "no-wait", no_argument, NULL, OPTION_NO_WAIT },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct devices list = { 0 };
	enum status status = STATUS_OK;
	struct device *d;
	bool wait = true;
	size_t done = 0;
	int option;

	while ((option = next_option(argc, argv, ":ht:", options)) >= 0) {
		if (option == 't')
			settle_set_limit(settle_read_seconds(argv[0], optarg));
		else
			wait = false;
	}
	if (optind == argc)
		usage_error(argv[0], "it needs the name of a device");

	configfs_open(true);
	interrupt_catch();
	lock_take(wait);
	lock_may_lend();
	for (int i = optind; i < argc; i++) {
		d = find_device(argv[i]);
		if (!d)
			say("there is no device '%s'", argv[i]);
		else if (d->origin != ORIGIN_CONFIGFS)
			say("%s: the %s made it; only it can remove it", d->name,
			    d->origin == ORIGIN_KERNEL ? "kernel" : "firmware");
		else
			devices_add(&list, d);
		if (!d || d->origin != ORIGIN_CONFIGFS)
			status = STATUS_NO;
	}
	/* a name that is wrong may be the wrong name for another one */
	if (status)
		return status;
	progress_start("", list.count);
	for_each_device(d, &list) {
		if (interrupt_pending()) {
			say("interrupted; %zu of %zu are removed, '%s' is the next", done,
			    list.count, d->name);
			return STATUS_SIGNAL + interrupt_pending();
		}
		progress_show(done, d->name);
		if (execute_remove(d->name, &d->at))
			status = STATUS_NO;
		done++;
	}
	progress_end();
	return final_status(status);
}
