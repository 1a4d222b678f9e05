// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-wait: what micro_wait_event_interruptible() returns (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include "unplug.h"

static atomic_int signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void catch_signal(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	check(!sigaction(SIGUSR1, &action, NULL));
}

static long do_wait(int fd)
{
	return ioctl(fd, EVIL_IOC_WAIT);
}

/* Tokens that are there are taken without sleeping */
static void test_true(void)
{
	int fd = open_node(O_RDWR);

	check_is(write(fd, "xx", 2), 2);
	check_is(ioctl(fd, EVIL_IOC_WAIT), 0);
	check_is(ioctl(fd, EVIL_IOC_WAIT), 0);
	check_is(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	check_fails(ioctl(fd, EVIL_IOC_WAIT), EAGAIN);
	check_is(write(fd, "x", 1), 1);
	check_is(ioctl(fd, EVIL_IOC_WAIT), 0);
	check_fails(ioctl(fd, EVIL_IOC_WAIT), EAGAIN);
	unplug();
	check_fails(ioctl(fd, EVIL_IOC_WAIT), ENODEV);
}

/* A signal that is pending counts only if it would have to sleep */
static void test_pending(void)
{
	int fd = open_node(O_RDWR);

	catch_signal(0);
	check_is(ioctl(fd, EVIL_IOC_SIGNAL, true), 0);
	check_is(signals, 1);
	check_fails(ioctl(fd, EVIL_IOC_SIGNAL, false), EINTR);
	check_is(signals, 2);
	check_is(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	check_fails(ioctl(fd, EVIL_IOC_SIGNAL, true), EAGAIN);
	check_is(signals, 3);
	unplug();
	check_fails(ioctl(fd, EVIL_IOC_WAIT), ENODEV);
}

/* Woken by a signal; with SA_RESTART the kernel calls the operation again */
static void test_signal(void)
{
	int fd = open_node(O_RDWR);
	struct call c;
	int before;

	catch_signal(0);
	begin_call(&c, do_wait, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	check_fails(end_call(&c), EINTR);
	check_is(signals, 1);

	catch_signal(SA_RESTART);
	begin_call(&c, do_wait, fd);
	before = signals;
	check(!pthread_kill(c.thread, SIGUSR1));
	wait_until(signals == before + 1 && task_state(c.tid) == 'S');
	check_is(write(fd, "x", 1), 1);
	check_is(end_call(&c), 0);

	begin_call(&c, do_wait, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	wait_until(signals == before + 2 && task_state(c.tid) == 'S');
	unplug();
	check_fails(end_call(&c), ENODEV);
}

/* Killed, stopped and continued */
static void test_kill(void)
{
	long releases = counter("releases");
	int go[2];
	pid_t killed, stopped;
	int status;

	check(!pipe(go));
	killed = fork();
	check(killed >= 0);
	if (!killed)
		_exit(ioctl(open_node(O_RDWR), EVIL_IOC_WAIT) != 0);
	stopped = fork();
	check(stopped >= 0);
	if (!stopped) {
		int fd = open_node(O_RDWR);

		alarm(TIME_LIMIT_S);
		tell(go[1]);
		check_fails(ioctl(fd, EVIL_IOC_WAIT), ENODEV);
		_exit(0);
	}
	hear(go[0]);
	wait_until(counter("opens") - counter("releases") >= 2);
	wait_until(task_state(killed) == 'S');
	check_is(kill(killed, SIGKILL), 0);
	check(waitpid(killed, &status, 0) == killed);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	check_is(counter("releases"), releases + 1);

	wait_until(task_state(stopped) == 'S');
	check_is(kill(stopped, SIGSTOP), 0);
	wait_until(task_state(stopped) == 'T');
	check_is(kill(stopped, SIGCONT), 0);
	wait_until(task_state(stopped) == 'S');
	unplug();
	end_child(stopped);
	check_is(counter("releases"), releases + 2);
}

static long do_wait_killable(int fd)
{
	return ioctl(fd, EVIL_IOC_KILLABLE);
}

/* micro_wait_event_killable(): neither other signals nor O_NONBLOCK end it */
static void test_killable(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK), status;
	struct call c;
	pid_t pid;

	catch_signal(0);
	begin_call(&c, do_wait_killable, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	usleep(100000);
	check_is(signals, 0);
	check_is(task_state(c.tid), 'D');
	check_is(write(fd, "x", 1), 1);
	check_is(end_call(&c), 0);
	wait_until(signals == 1);

	pid = fork();
	check(pid >= 0);
	if (!pid)
		_exit(ioctl(fd, EVIL_IOC_KILLABLE) != 0);
	wait_until(task_state(pid) == 'D');
	check_is(kill(pid, SIGKILL), 0);
	check(waitpid(pid, &status, 0) == pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

	begin_call(&c, do_wait_killable, fd);
	unplug();
	check_fails(end_call(&c), ENODEV);
	check_fails(ioctl(fd, EVIL_IOC_KILLABLE), ENODEV);
}

/* As many waiters wake for good as there are tokens */
static void test_many(void)
{
	enum { WAITERS = 8 };
	struct call c[WAITERS];
	int i, got = 0, dead = 0;
	int fd = open_node(O_RDWR);

	for (i = 0; i < WAITERS; i++)
		begin_call(&c[i], do_wait, i % 2 ? fd : open_node(O_RDWR));
	check_is(write(fd, "xxx", 3), 3);
	/* taken, so that nobody finds one when the device goes */
	wait_until(poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, 0) == 0);
	unplug();
	for (i = 0; i < WAITERS; i++) {
		long ret = end_call(&c[i]);

		got += ret == 0;
		dead += ret == -1 && errno == ENODEV;
	}
	check_is(got, 3);
	check_is(dead, WAITERS - 3);
}

/*
 * Waiters that take each other's tokens away, just when they wake: none of them
 * sleeps on when there is a token for it.
 */
enum { QUOTA = 500 };

static long do_wait_often(int fd)
{
	int i;

	for (i = 0; i < QUOTA; i++)
		if (ioctl(fd, EVIL_IOC_WAIT))
			return -1;
	return i;
}

static void test_contended(void)
{
	enum { WAITERS = 6 };
	struct call c[WAITERS];
	int fd = open_node(O_RDWR);
	int i;

	for (i = 0; i < WAITERS; i++)
		begin_call(&c[i], do_wait_often, i % 2 ? fd : open_node(O_RDWR));
	for (i = 0; i < WAITERS * QUOTA; i++)
		check_is(write(fd, "x", 1), 1);
	for (i = 0; i < WAITERS; i++)
		check_is(end_call(&c[i]), QUOTA);
	unplug();
}

static const struct test_case cases[] = {
	{ "true", test_true },
	{ "pending", test_pending },
	{ "signal", test_signal },
	{ "kill", test_kill },
	{ "killable", test_killable },
	{ "many", test_many },
	{ "contended", test_contended },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
