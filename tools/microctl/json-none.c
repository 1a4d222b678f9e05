// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON in a build without it: WITH_JSON=0
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include "commands.h"
#include "json.h"

/* --json was given */
bool json_option(const char *command)
{
	usage_error(command,
		    "--json is not built into this microctl: build it with \"make tools WITH_JSON=1\", which needs json-c");
}

void json_print_devices(const struct devices *devices)
{
	(void)devices;
}

void json_print_event(const char *event, const char *name, const char *driver,
		      const char *devnode)
{
	(void)event;
	(void)name;
	(void)driver;
	(void)devnode;
}
