// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans: what has to be done to get what is wanted
 *
 * Only what is compared is read: the names of the devices that there are, and
 * all of those that are wanted.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "configfs.h"
#include "devnode.h"
#include "memory.h"
#include "plan.h"
#include "sysfs.h"

const char *step_name(enum step_kind kind)
{
	static const char * const names[] = {
		[STEP_REMOVE] = "remove",
		[STEP_CHANGE] = "change",
		[STEP_CREATE] = "create",
		[STEP_BIND] = "bind",
		[STEP_MEND] = "mend",
	};

	return names[kind];
}

static void add_step(struct plan *plan, enum step_kind kind, const struct device *want,
		     const struct device *have)
{
	plan->steps = grow(plan->steps, plan->count, sizeof(*plan->steps));
	plan->steps[plan->count++] = (struct step){ .kind = kind, .want = want, .have = have };
}

static void compare(struct plan *plan, const struct device *want)
{
	struct device *have = configfs_device(want->name);

	if (!have) {
		add_step(plan, STEP_CREATE, want, NULL);
		return;
	}
	configfs_state(have);
	if (device_difference(want, have))
		add_step(plan, STEP_CHANGE, want, have);
	else if (status_is_refusal(have->status))
		add_step(plan, STEP_BIND, want, have);
	else if (devnode_fault(have))
		add_step(plan, STEP_MEND, want, have);
	else
		plan->same++;
}

/*
 * What is not in configfs may still be on the bus, made by others. Returns false
 * then, after a message.
 */
static bool check_names(const struct devices *want, const struct devices *present,
			const struct devices *bus)
{
	struct device *d;
	bool good = true;

	for_each_device(d, want) {
		if (devices_find(present, d->name) || !devices_find(bus, d->name) ||
		    sysfs_is_going(d->name))
			continue;
		say_at(&d->at, NULL,
		       "there is a device '%s' already, which the firmware or a module made: take it out of this file, or give it another name",
		       d->name);
		good = false;
	}
	return good;
}

/**
 * plan_make() - compare what is wanted with what there is
 * @want: the devices that are wanted
 * @prune: are others to be removed?
 * @only: if they are among these; NULL: all others
 * @plan: the plan
 *
 * Return: false when it cannot all be had, and why was said; the plan is for the
 * rest then.
 */
bool plan_make(const struct devices *want, bool prune, const struct devices *only,
	       struct plan *plan)
{
	struct devices present = { 0 };
	struct devices nodes = { 0 };
	struct devices bus = { 0 };
	struct device *d;
	struct names names;
	bool good;

	if (configfs_list(".", &names))
		die(STATUS_SYSTEM, "cannot list %s: %s", CONFIGFS_MICRO, strerror(errno));
	for (size_t i = 0; i < names.count; i++) {
		d = get_memory(sizeof(*d));
		d->name = names.all[i];
		devices_add(&present, d);
	}
	*plan = (struct plan){ 0 };
	sysfs_names(&bus);
	good = check_names(want, &present, &bus);

	if (prune) {
		devices_sort(&present);
		for_each_device(d, &present)
			if (!devices_find(want, d->name) && (!only || devices_find(only, d->name)))
				add_step(plan, STEP_REMOVE, NULL, configfs_device(d->name) ?: d);
	}
	/* changes before new devices, which may need what is set free by them */
	for_each_device(d, want)
		if (devices_find(&present, d->name))
			compare(plan, d);
	for_each_device(d, want)
		if (!devices_find(&present, d->name) &&
		    (!devices_find(&bus, d->name) || sysfs_is_going(d->name)))
			add_step(plan, STEP_CREATE, d, NULL);
	list_names(DEVNODE_FOLDER, &nodes);
	for (size_t i = 0; i < plan->count && nodes.count; i++)
		plan->steps[i].obstructed = plan->steps[i].kind == STEP_CREATE &&
					    devices_find(&nodes, plan->steps[i].want->name);
	return good;
}
