// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command that looks at files alone: check
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "declare.h"
#include "file.h"
#include "similar.h"

/* Properties that mean something to every device; a driver never sees a mistyped one */
static const char *const known[] = { "compatible", "label", "status", OFF_PROPERTY };

static const char *meant(const char *property)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(property, known[i]))
			return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (nearly_same(property, known[i]))
			return known[i];
	return NULL;
}

/* What is allowed, but hardly meant; returns how much there is of it */
static size_t doubts(const struct device *d)
{
	const char *other;
	size_t count = 0;

	for (size_t i = 0; i < d->root.property_count; i++) {
		other = meant(d->root.properties[i].name);
		if (!other)
			continue;
		say_at(&d->at, d->root.properties[i].name, "did you mean '%s'?", other);
		count++;
	}
	return count;
}

int command_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ "include", required_argument, NULL, 'I' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct devices devices = { 0 };
	size_t doubt_count = 0;
	bool quiet = false;
	struct device *d;
	int option;

	while ((option = next_option(argc, argv, ":hqI:", options)) >= 0) {
		if (option == 'q')
			quiet = true;
		else
			file_include(optarg);
	}
	if (optind == argc)
		usage_error(argv[0], "it needs a file");
	if (!declare_files(&devices, argc - optind, argv + optind, false))
		return STATUS_INPUT;
	for_each_device(d, &devices)
		doubt_count += doubts(d);
	if (!quiet)
		printf("%zu device%s, no errors, %zu doubt%s\n", devices.count,
		       devices.count == 1 ? "" : "s", doubt_count, doubt_count == 1 ? "" : "s");
	return doubt_count ? STATUS_NO : STATUS_OK;
}
