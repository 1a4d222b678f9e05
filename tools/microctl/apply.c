// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands for what files declare: apply, diff
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "configfs.h"
#include "declare.h"
#include "devnode.h"
#include "execute.h"
#include "file.h"
#include "interrupt.h"
#include "lock.h"
#include "memory.h"
#include "plan.h"
#include "progress.h"
#include "record.h"
#include "settle.h"
#include "source.h"
#include "sysfs.h"
#include "udev.h"

#define LEFT_MAX	10	/* names that are told of after an interruption */

/**
 * struct settings - of a command line
 * @prune: remove what is not declared
 * @dry_run: change nothing
 * @keep_going: leave out files with errors
 * @verbose: say what is done
 * @quiet: say only what is wrong
 * @wait: for another microctl
 * @record: file with the devices that earlier runs made; NULL: none is kept
 */
struct settings {
	bool prune;
	bool dry_run;
	bool keep_going;
	bool verbose;
	bool quiet;
	bool wait;
	const char *record;
};

/**
 * struct counts - what was done
 * @done: steps of each kind
 * @unbound: devices without a driver
 * @bad: devices that are not as they should be
 */
struct counts {
	size_t done[STEP_MEND + 1];
	size_t unbound;
	size_t bad;
};

static void print_step(const struct step *step)
{
	const struct device *d = step->want ?: step->have;
	const char *difference = NULL;

	if (step->kind == STEP_CHANGE)
		difference = device_difference(step->want, step->have);
	else if (step->kind == STEP_BIND)
		difference = step->have->status;
	else if (step->kind == STEP_MEND)
		difference = format("its node %s", devnode_fault(step->have) ?: "is there again");
	printf("%s %s%s%s%s\n", step_name(step->kind), d->name, difference ? " (" : "",
	       difference ?: "", difference ? ")" : "");
}

static void print_summary(const struct plan *plan, const struct counts *counts)
{
	printf("%zu created, %zu changed, %zu removed, %zu unchanged",
	       counts->done[STEP_CREATE], counts->done[STEP_CHANGE] + counts->done[STEP_BIND] +
	       counts->done[STEP_MEND],
	       counts->done[STEP_REMOVE], plan->same);
	if (counts->unbound)
		printf("; %zu without a driver yet", counts->unbound);
	if (counts->bad)
		printf("; %zu with errors", counts->bad);
	putchar('\n');
}

static void say_left(const struct plan *plan, size_t from)
{
	const struct step *step;
	const char *left = "";

	for (size_t i = from; i < plan->count && i < from + LEFT_MAX; i++) {
		step = &plan->steps[i];
		left = format("%s%s %s %s", left, i > from ? "," : "", step_name(step->kind),
			      (step->want ?: step->have)->name);
	}
	if (plan->count - from > LEFT_MAX)
		left = format("%s, and %zu more", left, plan->count - from - LEFT_MAX);
	say("interrupted after %zu of %zu steps; left:%s", from, plan->count, left);
}

/*
 * What has become of the devices. Those that are bound are all in one folder: to
 * read that is far less than to read the status of each device.
 */
static void look_back(const struct plan *plan, size_t done, struct counts *counts)
{
	struct devices bound = { 0 };
	const struct device *want;

	settle_start();
	sysfs_bound_names(&bound);
	for (size_t i = 0; i < done; i++) {
		want = plan->steps[i].want;
		if (!want || !want->live || plan->steps[i].failed ||
		    (devices_find(&bound, want->name) && !plan->steps[i].obstructed))
			continue;
		switch (execute_outcome(want)) {
		case OUTCOME_UNBOUND:
			counts->unbound++;
			break;
		case OUTCOME_REFUSED:
		case OUTCOME_BUSY:
		case OUTCOME_NO_NODE:
			counts->bad++;
			break;
		case OUTCOME_BOUND:
			break;
		}
	}
}

/* The nodes of all that is wanted get their groups and links, also of what stayed as it was */
static void wait_for_udev(const struct devices *wanted, const struct plan *plan,
			  const struct settings *settings, struct counts *counts)
{
	struct devices bound = { 0 }, failed = { 0 };
	struct device *d;
	size_t done = 0;

	if (!udev_runs())
		return;
	sysfs_bound_names(&bound);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].failed && plan->steps[i].want)
			devices_add(&failed, (struct device *)plan->steps[i].want);
	if (!settings->quiet)
		progress_start("udev: ", wanted->count);
	for_each_device(d, wanted) {
		progress_show(done++, d->name);
		if (d->live && devices_find(&bound, d->name) && !devices_find(&failed, d->name) &&
		    !udev_wait(d->name, 0)) {
			counts->bad++;
			/* one message is enough */
			if (interrupt_pending())
				break;
		}
	}
	progress_end();
}

static int run_plan(const struct devices *wanted, const struct plan *plan,
		    const struct settings *settings)
{
	struct counts counts = { 0 };
	struct step *step;
	size_t i;

	if (!settings->quiet)
		progress_start("", plan->count);
	for (i = 0; i < plan->count && !interrupt_pending(); i++) {
		step = &plan->steps[i];
		progress_show(i, (step->want ?: step->have)->name);
		if (settings->verbose) {
			progress_clear();
			print_step(step);
		}
		step->failed = execute_step(step);
		if (step->failed)
			counts.bad++;
		else
			counts.done[step->kind]++;
	}
	progress_end();
	look_back(plan, i, &counts);
	if (i < plan->count) {
		say_left(plan, i);
		return STATUS_SIGNAL + interrupt_pending();
	}
	wait_for_udev(wanted, plan, settings, &counts);
	if (!settings->quiet)
		print_summary(plan, &counts);
	if (!counts.bad)
		return STATUS_OK;
	/* one that ended the wait for a driver */
	return interrupt_pending() ? STATUS_SIGNAL + interrupt_pending() : STATUS_NO;
}

enum { OPTION_NO_WAIT = 256, OPTION_RECORD };

static void read_options(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{ "prune", no_argument, NULL, 'p' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "keep-going", no_argument, NULL, 'k' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "no-wait", no_argument, NULL, OPTION_NO_WAIT },
		{ "record", required_argument, NULL, OPTION_RECORD },
		{ "include", required_argument, NULL, 'I' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = next_option(argc, argv, ":hpnkvqt:I:", options)) >= 0) {
		switch (option) {
		case 'p':
			settings->prune = true;
			break;
		case 'n':
			settings->dry_run = true;
			break;
		case 'k':
			settings->keep_going = true;
			break;
		case 'v':
			settings->verbose = true;
			/* who follows it in a log wants to see each step as it is taken */
			setvbuf(stdout, NULL, _IOLBF, 0);
			break;
		case 'q':
			settings->quiet = true;
			break;
		case OPTION_NO_WAIT:
			settings->wait = false;
			break;
		case OPTION_RECORD:
			settings->record = optarg;
			break;
		case 'I':
			file_include(optarg);
			break;
		case 't':
			settle_set_limit(settle_read_seconds(argv[0], optarg));
			break;
		}
	}
	/* without a file, all that a record has is to go */
	if (optind == argc && !(settings->prune && settings->record))
		usage_error(argv[0], "it needs a file");
}

/* Where there are no devices, the files declare new ones: checks them, and makes the plan */
static bool plan_elsewhere(int argc, char **argv, bool keep_going, struct plan *plan)
{
	struct devices devices = { 0 };
	struct device *d;
	bool good;

	say("the module microkernel is not loaded here: only the files are checked");
	good = declare_files(&devices, argc - optind, argv + optind, keep_going);
	*plan = (struct plan){ .steps = get_memory((devices.count + 1) * sizeof(*plan->steps)) };
	if (!good && !keep_going)
		return false;
	for_each_device(d, &devices)
		plan->steps[plan->count++] = (struct step){ .kind = STEP_CREATE, .want = d };
	return good;
}

static int print_plan(const struct plan *plan, bool good)
{
	for (size_t i = 0; i < plan->count; i++)
		print_step(&plan->steps[i]);
	return good ? STATUS_OK : STATUS_INPUT;
}

int command_apply(int argc, char **argv)
{
	struct settings settings = { .wait = true };
	struct devices devices = { 0 };
	struct devices ours = { 0 };
	struct device *d;
	struct plan plan;
	int status;
	bool good;

	read_options(argc, argv, &settings);
	/* what a file says can be seen anywhere */
	if (settings.dry_run && !configfs_is_there()) {
		good = plan_elsewhere(argc, argv, settings.keep_going, &plan);
		return print_plan(&plan, good);
	}
	configfs_open(!settings.dry_run);
	if (!settings.dry_run) {
		interrupt_catch();
		lock_take(settings.wait);
	}
	if (settings.record)
		record_read(settings.record, &ours);
	good = declare_files(&devices, argc - optind, argv + optind, settings.keep_going);
	if (!good && !settings.keep_going)
		die(STATUS_INPUT, "nothing was changed");
	/* what a file with errors would have declared is not known */
	if (!good && settings.prune)
		say("nothing is removed, as not all files could be read");
	if (!plan_make(&devices, settings.prune && good, settings.record ? &ours : NULL, &plan)) {
		if (!settings.keep_going)
			die(STATUS_INPUT, "nothing was changed");
		good = false;
	}

	if (settings.dry_run)
		return print_plan(&plan, good);
	if (settings.record)
		record_try(settings.record);
	udev_start();
	status = run_plan(&devices, &plan, &settings);
	if (settings.record) {
		for_each_device(d, &devices)
			devices_add(&ours, d);
		record_write(settings.record, &ours);
	}
	return good || status > STATUS_SIGNAL ? status : STATUS_INPUT;
}

static void print_diff(const struct step *step)
{
	switch (step->kind) {
	case STEP_REMOVE:
		source_device('-', 0, step->have->name, step->have);
		break;
	case STEP_CREATE:
		source_device('+', 0, step->want->name, step->want);
		break;
	case STEP_CHANGE:
		source_change(step->want, step->have);
		break;
	case STEP_BIND:
		printf(" /* %s: %s; its driver would be asked again */\n", step->have->name,
		       step->have->status);
		break;
	case STEP_MEND:
		printf(" /* %s: its node /dev/%s %s; it would be bound again */\n",
		       step->have->name, step->have->devnode,
		       devnode_fault(step->have) ?: "is there again");
		break;
	}
}

static int print_all(const struct plan *plan, int argc, char **argv, bool good)
{
	printf("--- %s\n+++", CONFIGFS_MICRO);
	for (int i = optind; i < argc; i++)
		printf(" %s", argv[i]);
	putchar('\n');
	for (size_t i = 0; i < plan->count; i++)
		print_diff(&plan->steps[i]);
	return good ? STATUS_NO : STATUS_INPUT;
}

int command_diff(int argc, char **argv)
{
	static const struct option options[] = {
		{ "prune", no_argument, NULL, 'p' },
		{ "keep-going", no_argument, NULL, 'k' },
		{ "record", required_argument, NULL, OPTION_RECORD },
		{ "include", required_argument, NULL, 'I' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct settings settings = { 0 };
	struct devices devices = { 0 };
	struct devices ours = { 0 };
	struct plan plan;
	int option;
	bool good;

	while ((option = next_option(argc, argv, ":hpkI:", options)) >= 0) {
		switch (option) {
		case 'p':
			settings.prune = true;
			break;
		case 'k':
			settings.keep_going = true;
			break;
		case OPTION_RECORD:
			settings.record = optarg;
			break;
		case 'I':
			file_include(optarg);
			break;
		}
	}
	if (optind == argc && !(settings.prune && settings.record))
		usage_error(argv[0], "it needs a file");
	if (!configfs_is_there()) {
		good = plan_elsewhere(argc, argv, settings.keep_going, &plan);
		if (plan.count)
			return print_all(&plan, argc, argv, good);
		return good ? STATUS_OK : STATUS_INPUT;
	}
	configfs_open(false);
	if (settings.record)
		record_read(settings.record, &ours);
	good = declare_files(&devices, argc - optind, argv + optind, settings.keep_going);
	if (!good && !settings.keep_going)
		return STATUS_INPUT;
	good = plan_make(&devices, settings.prune && good, settings.record ? &ours : NULL, &plan) &&
	       good;
	if (!good && !settings.keep_going)
		return STATUS_INPUT;
	if (!plan.count)
		return good ? STATUS_OK : STATUS_INPUT;

	return print_all(&plan, argc, argv, good);
}
