/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that serves a user driver
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_SERVER_H
#define _MICROCTL_SERVER_H

#define USER_DRIVER	"micro_user"	/* the driver of the nodes that servers open */

/**
 * struct server - of a user driver's node
 * @state: "waiting", "starting", "serving"
 * @pid: its process; 0 if there is none, or another pid namespace has it
 * @sessions: how many there were
 * @lost: how many of them died or hung
 */
struct server {
	const char *state;
	int pid;
	unsigned int sessions;
	unsigned int lost;
};

const struct server *server_of(const char *device);
const char *server_text(const struct server *server);

#endif /* _MICROCTL_SERVER_H */
