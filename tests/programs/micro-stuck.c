// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-stuck: a user whose memory does not come, and the others (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <uapi/sample_driver.h>

#include "userfault.h"

static char bytes[16];
static void *buffer = bytes;

static long do_read(int fd)
{
	return read(fd, buffer, sizeof(bytes));
}

static long do_write(int fd)
{
	return write(fd, buffer, sizeof(bytes));
}

static long do_length(int fd)
{
	return ioctl(fd, SAMPLE_IOC_LENGTH, buffer);
}

/* A process that is in this call, and waits for its memory there */
static pid_t stuck_begin(long (*fn)(int fd))
{
	int asleep[2];
	pid_t pid;

	check(!pipe(asleep));
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		struct absent memory = absent_new(1);
		struct call c;

		/* so that a failure of this test is not one of those behind it */
		alarm(TIME_LIMIT_S);
		buffer = memory.at;
		begin_call_awake(&c, fn, open_node(O_RDWR));
		absent_wanted(&memory);
		tell(asleep[1]);
		pause();
	}
	hear(asleep[0]);
	close(asleep[0]);
	close(asleep[1]);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	check(!kill(pid, SIGKILL));
	check_is(waitpid(pid, &status, 0), pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static long do_everything(int fd)
{
	long ret = write(fd, "everything", 10);

	if (ret != 10)
		return -1;
	if (pread(fd, bytes, sizeof(bytes), 0) < 10 || memcmp(bytes, "everything", 10))
		return -1;
	return lseek(fd, 0, SEEK_END);
}

/* While one is stuck, the others read and write */
static void others_go_on(long (*fn)(int fd))
{
	pid_t pid = stuck_begin(fn);
	struct call c;

	begin_call_awake(&c, do_everything, open_node(O_RDWR));
	check(end_call(&c) >= 10);
	end(pid);
	begin_call_awake(&c, do_everything, open_node(O_RDWR));
	check(end_call(&c) >= 10);
	unplug();
}

static void test_read(void)
{
	others_go_on(do_read);
}

static void test_write(void)
{
	others_go_on(do_write);
}

static void test_length(void)
{
	others_go_on(do_length);
}

/* While one is stuck with a lock, those who wait for it can be killed */
static void test_killed(void)
{
	pid_t pid = stuck_begin(do_write), other;

	other = fork();
	check(other >= 0);
	if (!other) {
		do_write(open_node(O_RDWR));
		pause();
	}
	wait_until(strchr("SD", task_state(other)));
	end(other);
	end(pid);
	check_is(do_write(open_node(O_RDWR)), sizeof(bytes));
	unplug();
}

/* One that is stuck until somebody kills it, once it has said so */
static void test_forever(void)
{
	struct absent memory = absent_new(1);
	struct call c;

	alarm(0);
	buffer = memory.at;
	begin_call_awake(&c, do_read, open_node(O_RDWR));
	absent_wanted(&memory);
	puts("stuck");
	fflush(stdout);
	pause();
}

static const struct test_case cases[] = {
	{ "forever", test_forever },
	{ "read", test_read },
	{ "write", test_write },
	{ "length", test_length },
	{ "killed", test_killed },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
