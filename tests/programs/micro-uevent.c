// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-uevent: what somebody sees who looks at a device when its node is announced
 *
 *	micro-uevent DIRECTORY ROUNDS [FILE TEXT]
 *
 * DIRECTORY is a device's in configfs, which is bound or can be. In each round it is
 * unbound, and bound again by another process; meanwhile this one waits for the kernel's
 * message, as udev does, and then reads "status" and the node at once. Prints what
 * that said, a line for each round: "bound ok".
 *
 * With FILE it does not wait for the message, but reads that file of DIRECTORY over and
 * over until its first line is TEXT; if that is "", until it is anything else.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS	300000

static char dir[256];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void set_live(const char *value)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/live", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, 1) != 1)
		die(path);
	close(fd);
}

/* Until there is a node of that name */
static void wait_for_add(int sock, const char *devname)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	char buf[8192];
	ssize_t len;
	char *s;

	for (;;) {
		bool add = false, ours = false;

		if (poll(&p, 1, TIMEOUT_MS) != 1) {
			fprintf(stderr, "no message of %s\n", devname);
			exit(1);
		}
		len = recv(sock, buf, sizeof(buf) - 1, 0);
		if (len < 0)
			die("recv");
		buf[len] = '\0';
		for (s = buf; s < buf + len; s += strlen(s) + 1) {
			add |= !strcmp(s, "ACTION=add");
			ours |= !strncmp(s, "DEVNAME=", 8) && !strcmp(s + 8, devname);
		}
		if (add && ours)
			return;
	}
}

/* The first line of a file of the device */
static const char *contents(const char *file)
{
	static char text[256];
	char path[320];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		die(path);
	close(fd);
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void wait_for_text(const char *file, const char *text)
{
	time_t end = time(NULL) + TIMEOUT_MS / 1000;

	while (!strcmp(contents(file), text) == !*text) {
		if (time(NULL) > end) {
			fprintf(stderr, "%s is '%s'\n", file, contents(file));
			exit(1);
		}
	}
}

static void look(const char *devname)
{
	const char *status = contents("status");
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", devname);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	printf("%s %s\n", status, fd < 0 ? strerror(errno) : "ok");
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int sock = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	char devname[300];
	int rounds, status;
	pid_t pid;

	if ((argc != 3 && argc != 5) || strlen(argv[1]) >= sizeof(dir)) {
		fprintf(stderr, "Usage: micro-uevent DIRECTORY ROUNDS [FILE TEXT]\n");
		return 2;
	}
	strcpy(dir, argv[1]);
	snprintf(devname, sizeof(devname), "micro/%s", basename(argv[1]));
	if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)))
		die("netlink");

	for (rounds = atoi(argv[2]); rounds > 0; rounds--) {
		set_live("0");
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid) {
			set_live("1");
			_exit(0);
		}
		if (argc == 3)
			wait_for_add(sock, devname);
		else
			wait_for_text(argv[3], argv[4]);
		look(devname);
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}
