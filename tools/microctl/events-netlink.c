// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, as the kernel sends them, for systems without libudev
 *
 * A message is "ACTION@/devices/.../NAME" and then KEY=VALUE, each with its NUL.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "events.h"
#include "message.h"

#define KERNEL_GROUP	1
#define MESSAGE_SIZE	8192	/* bytes; the kernel's have up to 2048 of KEY=VALUE */

static int events_fd = -1;

int events_open(void)
{
	const struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int size = EVENTS_BUFFER_SIZE;

	events_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   NETLINK_KOBJECT_UEVENT);
	if (events_fd < 0 || bind(events_fd, (const struct sockaddr *)&all, sizeof(all)))
		die(STATUS_SYSTEM, "cannot listen to events of the kernel: %s", strerror(errno));
	/* only root may have more than the default, which will do then */
	setsockopt(events_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return events_fd;
}

/* The value of KEY= in a message; NULL if it is not there */
static const char *value_of(const char *message, const char *end, const char *key)
{
	size_t len = strlen(key);

	for (; message < end; message += strlen(message) + 1)
		if (!strncmp(message, key, len) && message[len] == '=')
			return message + len + 1;
	return NULL;
}

/* Fills @text with a message of the kernel; its length, 0 for any other, or -1 */
static ssize_t receive(char *text, size_t room)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	struct iovec part = { .iov_base = text, .iov_len = room - 1 };
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	ssize_t len = recvmsg(events_fd, &message, 0);

	if (len < 0)
		return -1;
	text[len] = '\0';
	/* programs may send messages, too */
	return from.nl_pid || (message.msg_flags & MSG_TRUNC) ? 0 : len;
}

const struct event *events_receive(void)
{
	static char text[MESSAGE_SIZE];
	static struct event event;
	const char *subsystem, *path, *slash, *end;
	ssize_t len = receive(text, sizeof(text));

	if (len <= 0)
		return NULL;
	end = text + len;
	subsystem = value_of(text, end, "SUBSYSTEM");
	path = value_of(text, end, "DEVPATH");
	slash = path ? strrchr(path, '/') : NULL;
	if (!slash || !subsystem || strcmp(subsystem, EVENTS_SUBSYSTEM))
		return NULL;
	event = (struct event){
		.action = value_of(text, end, "ACTION") ?: "change",
		.name = slash + 1,
		.driver = value_of(text, end, "DRIVER") ?: "",
	};
	return &event;
}
