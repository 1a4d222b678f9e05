// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-user-faults: what if an allocation fails in a system call of a user driver's server, or
 * of one of its clients?
 *
 *	micro-user-faults [--every N] [--first K]
 *
 * As micro-faults does it: each step is tried with the first allocation in it failing, then
 * with the second, until there is none left to fail; copies from and to user space are
 * made to fail the same way. After each, all has to be as if the step had not been tried, or as
 * if nothing had failed: in the end a session begins, and a client is answered.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uapi/micro_user.h>

#include "faults.h"

#define CONFIGFS	"/sys/kernel/config/micro/"
#define DEVICES		"/sys/bus/micro_bus/devices/"
#define DRIVER		"micro_user.uf"
#define DEVICE		"uf.x"
#define SERVER_NODE	"/dev/micro/" DRIVER
#define NODE		"/dev/micro/" DEVICE
#define MAX_NTH		2000
#define BYTES		64
#define CMD_BYTES	_IOWR('f', 1, char[BYTES])

/* what the server does, in a thread of its own; it goes on with another file after a take-over */
static atomic_int server_fd = -1, stop, serving, opens, releases;
static pthread_t thread;
static int client_fd = -1, other_fd = -1;
static struct micro_user_attach attached;

static bool state_is(const char *state)
{
	char text[32] = "";
	int fd = open(DEVICES DRIVER "/state", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return !strcmp(state, "gone");
	if (read(fd, text, sizeof(text) - 1) < 0)
		fatal("state");
	close(fd);
	return !strncmp(text, state, strlen(state));
}

static void wait_state(const char *state)
{
	int i;

	for (i = 0; i < 30000 && !state_is(state); i++)
		usleep(1000);
	if (i == 30000)
		fatal("%s", state);
}

static int attach(int fd, unsigned int flags)
{
	memset(&attached, 0, sizeof(attached));
	attached.size = sizeof(attached);
	attached.version = MICRO_USER_VERSION;
	attached.flags = flags;
	return ioctl(fd, MICRO_USER_ATTACH, &attached);
}

/* The copying mode, as it needs no mappings */
static void *serve(void *unused)
{
	static struct {
		struct micro_user_record rec;
		char data[8192];
	} in;
	static struct {
		struct micro_user_reply reply;
		char data[8192];
	} out;
	size_t size;
	int fd;

	while (!stop) {
		fd = server_fd;
		if (read(fd, &in, sizeof(in)) < 0) {
			if (errno == EAGAIN && !ioctl(fd, MICRO_USER_READY))
				serving++;
			else if (errno != EAGAIN && errno != EINTR)
				usleep(1000);
			continue;
		}
		if (in.rec.type == MICRO_USER_RELEASE || in.rec.type == MICRO_USER_UNDELIVERED)
			releases += in.rec.type == MICRO_USER_RELEASE ||
				    in.rec.u.undelivered.type == MICRO_USER_OPEN;
		if (!in.rec.id)
			continue;
		memset(&out, 0, sizeof(out));
		out.reply.size = sizeof(out.reply);
		out.reply.id = in.rec.id;
		out.reply.slot = in.rec.slot;
		size = sizeof(out.reply);
		if (in.rec.type == MICRO_USER_OPEN)
			opens++;
		if (in.rec.type == MICRO_USER_READ || in.rec.type == MICRO_USER_WRITE)
			out.reply.result = in.rec.count;
		if (in.rec.type == MICRO_USER_READ || in.rec.type == MICRO_USER_IOCTL)
			size += in.rec.room;
		memset(out.data, 'x', sizeof(out.data));
		if (write(fd, &out, size) < 0 && errno != ESHUTDOWN)
			complain("the server can't answer: %s", strerror(errno));
	}
	return unused;
}

static void driver_off(void)
{
	must_put(CONFIGFS DRIVER "/live", "0");
}

static void driver_on(void)
{
	must_put(CONFIGFS DRIVER "/live", "1");
}

static void driver_gone(void)
{
	while (!access("/sys/bus/micro_bus/drivers/uf", F_OK))
		usleep(10000);
}

static void device_make(void)
{
	if (mkdir(CONFIGFS DEVICE, 0755))
		fatal("mkdir");
}

static void device_drop(void)
{
	if (rmdir(CONFIGFS DEVICE))
		fatal("rmdir");
}

static int must_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fatal("%s", path);
	return fd;
}

static void nudge(int sig)
{
	(void)sig;
}

static void server_begin(void)
{
	server_fd = must_open(SERVER_NODE);
	if (attach(server_fd, 0))
		fatal("attach");
	stop = 0;
	pthread_create(&thread, NULL, serve, NULL);
	wait_state("serving");
}

static void server_end(void)
{
	stop = 1;
	while (pthread_kill(thread, SIGUSR1), pthread_tryjoin_np(thread, NULL))
		usleep(1000);
	close(server_fd);
	server_fd = -1;
	wait_state("waiting");
}

/* All is well: a session, a client */
static void prove(void)
{
	char text[BYTES] = "";
	int fd, began = opens, i;
	bool mine = server_fd < 0;

	if (mine)
		server_begin();
	fd = must_open(NODE);
	if (read(fd, text, sizeof(text)) != sizeof(text) || text[0] != 'x' ||
	    write(fd, text, 10) != 10 || ioctl(fd, CMD_BYTES, text))
		complain("a client is not answered: %s", strerror(errno));
	close(fd);
	if (opens != began + 1)
		complain("%d opens", opens - began);
	for (i = 0; i < 30000 && opens != releases; i++)
		usleep(1000);
	if (opens != releases)
		complain("%d opens, %d releases", opens, releases);
	if (mine)
		server_end();
}

/* Steps */

static long bind_driver(void)
{
	int fd = open(CONFIGFS DRIVER "/live", O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -1;
	if (write(fd, "1", 1) < 0)
		err = errno;
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

static void bind_driver_begin(void)
{
	driver_off();
	driver_gone();
}

static void bind_driver_end(long ret)
{
	/* whatever came of it */
	if (ret) {
		driver_off();
		driver_gone();
		driver_on();
	}
	wait_state("waiting");
	prove();
}

static long make_device(void)
{
	return mkdir(CONFIGFS DEVICE, 0755);
}

/* mkdir can work although the device is not bound */
static void make_device_end(long ret)
{
	if (!ret)
		device_drop();
	device_make();
	prove();
}

static long open_server(void)
{
	server_fd = open(SERVER_NODE, O_RDWR | O_CLOEXEC);
	return server_fd;
}

static void open_server_end(long ret)
{
	if (ret >= 0)
		close(server_fd);
	server_fd = -1;
	prove();
}

static void attach_begin(void)
{
	server_fd = must_open(SERVER_NODE);
}

static long attach_step(void)
{
	return attach(server_fd, 0);
}

static void attach_end(long ret)
{
	int fd = server_fd;

	if (ret && !state_is("waiting"))
		complain("it has failed, and there is a session");
	/* the same file may try again */
	if (ret && attach(fd, 0))
		complain("again: %s", strerror(errno));
	close(fd);
	server_fd = -1;
	prove();
}

static void mapped_begin(void)
{
	server_fd = must_open(SERVER_NODE);
	if (attach(server_fd, 0))
		fatal("attach");
}

static long map_step(void)
{
	void *at = mmap(NULL, attached.ring_size, PROT_READ, MAP_SHARED, server_fd,
			attached.ring_offset);

	if (at == MAP_FAILED)
		return -1;
	return munmap(at, attached.ring_size);
}

static void mapped_end(long ret)
{
	(void)ret;
	close(server_fd);
	server_fd = -1;
	prove();
}

static void takeover_begin(void)
{
	server_begin();
	client_fd = must_open(NODE);
	other_fd = must_open(SERVER_NODE);
}

static long takeover(void)
{
	return attach(other_fd, MICRO_USER_TAKEOVER);
}

static void takeover_end(long ret)
{
	char text[BYTES];
	int old = server_fd;

	if (ret && !state_is("waiting") && !state_is("serving"))
		complain("it has failed, and is half done");
	if (ret && !state_is("serving"))
		ret = attach(other_fd, 0);
	if (!ret) {
		server_fd = other_fd;
		/* it reads from the old one, which is over, or will be told */
		pthread_kill(thread, SIGUSR1);
		wait_state("serving");
		close(old);
	} else {
		close(other_fd);
	}
	if (read(client_fd, text, sizeof(text)) != sizeof(text))
		complain("a file from before is not answered: %s", strerror(errno));
	close(client_fd);
	prove();
	server_end();
}

static void client_begin(void)
{
	if (server_fd < 0)
		server_begin();
}

static long client_open(void)
{
	client_fd = open(NODE, O_RDWR | O_CLOEXEC);
	return client_fd;
}

static void client_open_end(long ret)
{
	if (ret >= 0)
		close(client_fd);
	prove();
}

/* A device whose slots have no memory yet */
static void fresh_begin(void)
{
	client_begin();
	device_drop();
	device_make();
	client_fd = must_open(NODE);
}

static char text[BYTES];

static long client_read(void)
{
	return read(client_fd, text, sizeof(text));
}

static long client_write(void)
{
	return write(client_fd, text, sizeof(text));
}

static long client_ioctl(void)
{
	return ioctl(client_fd, CMD_BYTES, text);
}

static long client_fasync(void)
{
	return fcntl(client_fd, F_SETFL, O_ASYNC);
}

static long client_close(void)
{
	return close(client_fd);
}

static void fresh_end(long ret)
{
	(void)ret;
	if (read(client_fd, text, sizeof(text)) != sizeof(text))
		complain("the file is no good any more: %s", strerror(errno));
	close(client_fd);
	prove();
}

static void closed_end(long ret)
{
	(void)ret;
	prove();
}

static const struct step {
	const char *name;
	void (*begin)(void);
	long (*call)(void);
	void (*end)(long ret);
} steps[] = {
	{ "bind the driver", bind_driver_begin, bind_driver, bind_driver_end },
	{ "make a device", device_drop, make_device, make_device_end },
	{ "open the server", NULL, open_server, open_server_end },
	{ "attach", attach_begin, attach_step, attach_end },
	{ "map a ring", mapped_begin, map_step, mapped_end },
	{ "take over", takeover_begin, takeover, takeover_end },
	{ "open", client_begin, client_open, client_open_end },
	{ "read", fresh_begin, client_read, fresh_end },
	{ "write", fresh_begin, client_write, fresh_end },
	{ "ioctl", fresh_begin, client_ioctl, fresh_end },
	{ "fcntl O_ASYNC", fresh_begin, client_fasync, fresh_end },
	{ "close", fresh_begin, client_close, closed_end },
};

static int run(const struct step *s)
{
	int n = 0, failed = 0, err;
	bool hit = true;
	long ret;

	step_name = s->name;
	for (step_nth = first; hit && step_nth < MAX_NTH && wrongs < 20; step_nth += every) {
		if (s->begin)
			s->begin();
		fflush(stdout);
		arm(step_nth);
		ret = s->call();
		err = errno;
		hit = injected();
		arm(0);
		if (ret < 0 && !hit)
			complain("failed without a fault: %s", strerror(err));
		if (ret < 0 && err != ENOMEM && err != EFAULT && err != EAGAIN)
			complain("failed with: %s", strerror(err));
		n += hit;
		failed += hit && ret < 0;
		s->end(ret);
	}
	printf("# %-16s %4d failures injected: %4d made the call fail\n", s->name, n, failed);
	fflush(stdout);
	return n;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = nudge };
	int arg, all = 0;
	size_t i;

	for (arg = 1; arg + 1 < argc; arg += 2) {
		if (!strcmp(argv[arg], "--every"))
			every = atoi(argv[arg + 1]);
		else if (!strcmp(argv[arg], "--first"))
			first = atoi(argv[arg + 1]);
	}
	sigaction(SIGUSR1, &act, NULL);
	faults_start();
	if (mkdir(CONFIGFS DRIVER, 0755))
		fatal(DRIVER);
	must_put(CONFIGFS DRIVER "/live", "0");
	driver_gone();
	if (mkdir(CONFIGFS DRIVER "/properties/data-size", 0755) ||
	    mkdir(CONFIGFS DRIVER "/properties/memory-size", 0755) ||
	    mkdir(CONFIGFS DRIVER "/properties/compatible-list", 0755))
		fatal("properties");
	must_put(CONFIGFS DRIVER "/properties/data-size/u32", "8192");
	must_put(CONFIGFS DRIVER "/properties/memory-size/u32", "8192");
	must_put(CONFIGFS DRIVER "/properties/compatible-list/string", "test,uf\ntest,uf2\n");
	driver_on();
	device_make();

	for (i = 0; i < ARRAY_SIZE(steps) && wrongs < 20; i++) {
		if (server_fd >= 0 && steps[i].begin != client_begin &&
		    steps[i].begin != fresh_begin)
			server_end();
		all += run(&steps[i]);
	}
	if (server_fd >= 0)
		server_end();
	device_drop();
	rmdir(CONFIGFS DRIVER "/properties/data-size");
	rmdir(CONFIGFS DRIVER "/properties/memory-size");
	rmdir(CONFIGFS DRIVER "/properties/compatible-list");
	if (rmdir(CONFIGFS DRIVER))
		fatal("rmdir");
	printf("# %d failures injected into %zu system calls, %d wrong\n", all, i, wrongs);
	return wrongs != 0;
}
