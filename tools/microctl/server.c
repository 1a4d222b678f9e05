// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that serves a user driver, as sysfs shows it
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "memory.h"
#include "server.h"
#include "sysfs.h"

/* Of a device that USER_DRIVER has; NULL when that has gone meanwhile */
const struct server *server_of(const char *device)
{
	const char *state = sysfs_attribute(device, "state");
	struct server *server;

	if (!*state)
		return NULL;
	server = get_memory(sizeof(*server));
	server->state = state;
	server->pid = atoi(sysfs_attribute(device, "server"));
	server->sessions = strtoul(sysfs_attribute(device, "sessions"), NULL, 10);
	server->lost = strtoul(sysfs_attribute(device, "lost"), NULL, 10);
	return server;
}

/* "serving 412", "waiting", or "-" for a device that is no user driver's node */
const char *server_text(const struct server *server)
{
	if (!server)
		return "-";
	return server->pid ? format("%s %d", server->state, server->pid) : server->state;
}
