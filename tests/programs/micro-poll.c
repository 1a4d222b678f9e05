// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-poll: poll, epoll and SIGIO on a file whose device goes (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/select.h>

#include "unplug.h"

#define DEAD	(EPOLLHUP | EPOLLERR)

/* What poll() says now, waiting for at most @ms */
static int polled(int fd, short events, int ms)
{
	struct pollfd p = { fd, events, 0 };
	int ret = poll(&p, 1, ms);

	check(ret >= 0);
	return p.revents;
}

static long poll_forever(int fd)
{
	return polled(fd, POLLIN, -1);
}

/* POLLHUP and POLLERR are not for asking: they come */
static long poll_nothing_forever(int fd)
{
	return polled(fd, 0, -1);
}

static long select_forever(int fd)
{
	fd_set in, out, err;
	int ret;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	out = in;
	err = in;
	FD_CLR(fd, &out);
	ret = select(fd + 1, &in, &out, &err, NULL);
	return ret > 0 && FD_ISSET(fd, &in) ? ret : -1;
}

/* poll() wakes for what it asked for, and for the end */
static void test_poll(void)
{
	int fd = open_node(O_RDWR);
	struct call in, nothing, sel;

	check_is(polled(fd, POLLIN, 0), 0);
	check_is(polled(fd, POLLIN | POLLOUT, 0), POLLOUT);

	begin_call(&in, poll_forever, fd);
	check_is(write(fd, "x", 1), 1);
	check_is(end_call(&in), POLLIN);
	check_is(polled(fd, POLLIN | POLLRDNORM, 0), POLLIN | POLLRDNORM);
	check_is(read(fd, (char[1]) {}, 1), 1);
	check_is(polled(fd, POLLIN, 0), 0);

	begin_call(&in, poll_forever, fd);
	begin_call(&nothing, poll_nothing_forever, fd);
	begin_call(&sel, select_forever, fd);
	unplug();
	check_is(end_call(&in), POLLHUP | POLLERR);
	check_is(end_call(&nothing), POLLHUP | POLLERR);
	check_is(end_call(&sel), 1);
	check_is(polled(fd, POLLIN | POLLOUT, -1), POLLHUP | POLLERR);
	check_is(select_forever(fd), 1);
}

static int watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	check(ep >= 0);
	check_is(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
	return ep;
}

/* The events of the one file that is watched, waiting for at most @ms */
static long watched(int ep, int ms)
{
	struct epoll_event event = {};
	int ret = epoll_wait(ep, &event, 1, ms);

	check(ret >= 0);
	return ret ? event.events : 0;
}

static long watch_forever(int ep)
{
	return watched(ep, -1);
}

static void rearm(int ep, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	check_is(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event), 0);
}

static const uint32_t modes[] = { 0, EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE };

#define MODES	(sizeof(modes) / sizeof(modes[0]))

/* Each mode, with a waiter asleep: an event of the driver, then the end */
static void test_epoll_waiting(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);
	struct call c[MODES];
	int ep[MODES];
	size_t i;

	for (i = 0; i < MODES; i++) {
		ep[i] = watch(fd, EPOLLIN | modes[i]);
		check_is(watched(ep[i], 0), 0);
		begin_call(&c[i], watch_forever, ep[i]);
		check_is(write(fd, "x", 1), 1);
		check_is(end_call(&c[i]), EPOLLIN);
		/* level-triggered: again until it is read; edge and one shot: not */
		check_is(watched(ep[i], 0),
			 modes[i] & (EPOLLET | EPOLLONESHOT) ? 0 : EPOLLIN);
		check_is(read(fd, (char[1]) {}, 1), 1);
		if (modes[i] == EPOLLONESHOT)
			rearm(ep[i], fd, EPOLLIN | EPOLLONESHOT);
		check_is(watched(ep[i], 0), 0);
	}

	for (i = 0; i < MODES; i++)
		begin_call(&c[i], watch_forever, ep[i]);
	unplug();
	for (i = 0; i < MODES; i++) {
		check_is(end_call(&c[i]), DEAD);
		check_is(watched(ep[i], 0), modes[i] & (EPOLLET | EPOLLONESHOT) ? 0 : DEAD);
	}
	rearm(ep[2], fd, EPOLLIN | EPOLLONESHOT);
	check_is(watched(ep[2], -1), DEAD);
	check_is(close(fd), 0);
	for (i = 0; i < MODES; i++)
		check_is(watched(ep[i], 0), 0);
}

/* Nobody waits while the device goes; who looks later sees it */
static void test_epoll_idle(void)
{
	int fd = open_node(O_RDWR);
	int ep[MODES], spent;
	size_t i;

	for (i = 0; i < MODES; i++)
		ep[i] = watch(fd, EPOLLIN | modes[i]);
	spent = watch(fd, EPOLLOUT | EPOLLONESHOT);
	check_is(watched(spent, 0), EPOLLOUT);

	unplug();
	for (i = 0; i < MODES; i++)
		check_is(watched(ep[i], 0), DEAD);
	check_is(watched(spent, 0), 0);
	rearm(spent, fd, EPOLLIN | EPOLLONESHOT);
	check_is(watched(spent, 0), DEAD);
	check_is(epoll_ctl(ep[0], EPOLL_CTL_DEL, fd, NULL), 0);
	check_is(watched(ep[0], 0), 0);
	for (i = 0; i < MODES; i++)
		check_is(close(ep[i]), 0);
	check_is(close(fd), 0);
}

/* The epoll instance, or the file, goes first */
static void test_epoll_closed(void)
{
	int fd = open_node(O_RDWR);
	int other = open_node(O_RDWR);
	int ep = watch(fd, EPOLLIN);
	int ep2 = watch(other, EPOLLIN);

	check_is(close(ep), 0);
	check_is(close(other), 0);
	check_is(watched(ep2, 0), 0);
	unplug();
	check_is(watched(ep2, 0), 0);
	check_is(polled(fd, POLLIN, -1), POLLHUP | POLLERR);
	check_is(close(fd), 0);
}

/* Watched only after the end */
static void test_epoll_later(void)
{
	int fd = open_node(O_RDWR);
	size_t i;

	unplug();
	for (i = 0; i < MODES; i++) {
		int ep = watch(fd, EPOLLIN | modes[i]);

		check_is(watched(ep, -1), DEAD);
	}
}

/* An epoll instance that watches the epoll instance */
static void test_epoll_nested(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);
	int inner = watch(fd, EPOLLIN | EPOLLET);
	int outer = watch(inner, EPOLLIN);
	struct call c;

	begin_call(&c, watch_forever, outer);
	check_is(write(fd, "x", 1), 1);
	check_is(end_call(&c), EPOLLIN);
	check_is(watched(inner, 0), EPOLLIN);
	check_is(watched(outer, 0), 0);

	begin_call(&c, watch_forever, outer);
	unplug();
	check_is(end_call(&c), EPOLLIN);
	check_is(watched(inner, 0), DEAD);
}

/* Two that wait for one event exclusively: the end is for both */
static void test_epoll_exclusive(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);
	int ep[2] = {
		watch(fd, EPOLLIN | EPOLLEXCLUSIVE),
		watch(fd, EPOLLIN | EPOLLEXCLUSIVE),
	};
	struct call c[2];
	int i;

	for (i = 0; i < 2; i++)
		begin_call(&c[i], watch_forever, ep[i]);
	unplug();
	for (i = 0; i < 2; i++)
		check_is(end_call(&c[i]), DEAD);
}

/* Other processes wait, and one inherited the epoll instance */
static void test_epoll_processes(void)
{
	int fd = open_node(O_RDWR);
	int shared = watch(fd, EPOLLIN);
	pid_t children[4];
	int i;

	for (i = 0; i < 4; i++) {
		children[i] = fork();
		check(children[i] >= 0);
		if (!children[i]) {
			alarm(TIME_LIMIT_S);
			check_is(watched(i ? watch(fd, EPOLLIN) : shared, -1), DEAD);
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		wait_until(task_state(children[i]) == 'S');
	unplug();
	for (i = 0; i < 4; i++)
		end_child(children[i]);
}

/* poll and epoll begin and end all the time */
static atomic_bool racing;

static long race_epoll(int fd)
{
	long events;

	racing = true;
	do {
		int ep = watch(fd, EPOLLIN | EPOLLET);

		events = watched(ep, 0);
		close(ep);
	} while (!(events & EPOLLHUP));
	return events;
}

static long race_poll(int fd)
{
	long events;

	do
		events = polled(fd, POLLIN, 1);
	while (!(events & POLLHUP));
	return events;
}

static long race_write(int fd)
{
	while (write(fd, "x", 1) == 1 || errno == EAGAIN)
		;
	return -1;
}

static void test_epoll_race(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);
	int other = open_node(O_RDWR | O_NONBLOCK);
	struct call c[6];
	int i;

	begin_call_awake(&c[0], race_epoll, fd);
	begin_call_awake(&c[1], race_epoll, fd);
	begin_call_awake(&c[2], race_epoll, other);
	begin_call_awake(&c[3], race_poll, fd);
	begin_call_awake(&c[4], race_poll, other);
	begin_call_awake(&c[5], race_write, other);
	wait_until(racing);
	/* not unplug(): with so many at work it may take its time */
	unplug_end(unplug_begin());
	for (i = 0; i < 5; i++)
		check_is(end_call(&c[i]), DEAD);
	check_fails(end_call(&c[5]), ENODEV);
}

/*
 * The command unloads the driver's module as well. Each way of watching is
 * still there then, used, and given up.
 */
static void test_module_gone(void)
{
	int fd = open_node(O_RDWR);
	int level = watch(fd, EPOLLIN);
	int edge = watch(fd, EPOLLIN | EPOLLET);
	int once = watch(fd, EPOLLIN | EPOLLONESHOT | EPOLLET);
	struct call c, asleep;

	check_is(fcntl(fd, F_SETFL, O_ASYNC), 0);
	check_is(fcntl(fd, F_SETOWN, getpid()), 0);
	signal(SIGIO, SIG_IGN);
	begin_call(&c, watch_forever, once);
	begin_call(&asleep, poll_forever, fd);
	unplug();
	check_is(end_call(&c), DEAD);
	check_is(end_call(&asleep), POLLHUP | POLLERR);
	check_is(watched(level, 0), DEAD);
	check_is(watched(edge, 0), DEAD);
	rearm(once, fd, EPOLLIN);
	check_is(watched(once, 0), DEAD);
	check_fails(read(fd, (char[1]) {}, 1), ENODEV);
	check_is(fcntl(fd, F_SETFL, 0), 0);
	check_is(close(level), 0);
	check_is(close(fd), 0);
	check_is(watched(edge, 0), 0);
}

/* Signals. They are blocked all the time, and taken one by one. */
#define SIG	(SIGRTMIN + 1)

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIG);
	sigaddset(&set, SIGIO);
	check(!pthread_sigmask(SIG_BLOCK, &set, NULL));
}

static bool signal_pending(int sig)
{
	sigset_t set;

	check(!sigpending(&set));
	return sigismember(&set, sig);
}

/* The next signal; fails if none comes */
static siginfo_t next_signal(int sig)
{
	const struct timespec limit = { TIME_LIMIT_S / 2, 0 };
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	check_is(sigtimedwait(&set, &info, &limit), sig);
	return info;
}

static void subscribe(int fd, pid_t who, int sig)
{
	check_is(fcntl(fd, F_SETOWN, who), 0);
	check_is(fcntl(fd, F_SETSIG, sig), 0);
	check_is(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC), 0);
}

/* Each event is a signal that says which, and the last one is POLL_HUP */
static void test_sigio(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);
	int writer = open_node(O_RDWR);
	siginfo_t info;

	block_signals();
	subscribe(fd, getpid(), SIG);
	check_is(write(writer, "x", 1), 1);
	info = next_signal(SIG);
	check_is(info.si_code, POLL_IN);
	check_is(info.si_fd, fd);
	check(info.si_band & POLLIN);
	check(!signal_pending(SIG));

	unplug();
	info = next_signal(SIG);
	check_is(info.si_code, POLL_HUP);
	check_is(info.si_fd, fd);
	check_is(info.si_band, POLLHUP | POLLERR);
	check(!signal_pending(SIG));

	/* the subscription is over, and can be given up, not renewed */
	check_fails(fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC), ENODEV);
	check_is(fcntl(fd, F_SETFL, 0), 0);
	check_fails(fcntl(fd, F_SETFL, O_ASYNC), ENODEV);
	check_is(close(fd), 0);
	check(!signal_pending(SIG));
}

/* Without F_SETSIG it is SIGIO, with nothing in it */
static void test_sigio_plain(void)
{
	int fd = open_node(O_RDWR);

	block_signals();
	subscribe(fd, getpid(), 0);
	unplug();
	next_signal(SIGIO);
	check(!signal_pending(SIGIO));
}

/* Who gave it up, or has closed the file, hears nothing */
static void test_sigio_over(void)
{
	int fd = open_node(O_RDWR);
	int closed = open_node(O_RDWR);
	int both = open_node(O_RDWR);

	block_signals();
	subscribe(fd, getpid(), SIG);
	subscribe(closed, getpid(), SIG);
	check_is(fcntl(fd, F_SETFL, 0), 0);
	check_is(close(closed), 0);
	/* twice is once */
	subscribe(both, getpid(), SIGIO);
	subscribe(both, getpid(), SIGIO);
	unplug();
	next_signal(SIGIO);
	check(!signal_pending(SIGIO));
	check(!signal_pending(SIG));
}

/* Subscribed for another process; several files, one of which is duplicated */
static void test_sigio_many(void)
{
	enum { FILES = 5 };
	int fds[FILES], ready[2];
	pid_t child;
	int i, other;

	block_signals();
	check(!pipe(ready));
	child = fork();
	check(child >= 0);
	if (!child) {
		bool seen[64] = {};

		alarm(TIME_LIMIT_S);
		for (i = 0; i < FILES; i++) {
			siginfo_t info = next_signal(SIG);

			check_is(info.si_code, POLL_HUP);
			check(info.si_fd < 64 && !seen[info.si_fd]);
			seen[info.si_fd] = true;
		}
		tell(ready[1]);
		check(!signal_pending(SIG));
		_exit(0);
	}
	for (i = 0; i < FILES; i++) {
		fds[i] = open_node(O_RDWR);
		subscribe(fds[i], child, SIG);
	}
	other = dup(fds[0]);
	check(other >= 0);
	check_is(close(fds[0]), 0);
	unplug();
	hear(ready[0]);
	end_child(child);
	check(!signal_pending(SIG));
}

static const struct test_case cases[] = {
	{ "poll", test_poll },
	{ "epoll-waiting", test_epoll_waiting },
	{ "epoll-idle", test_epoll_idle },
	{ "epoll-closed", test_epoll_closed },
	{ "epoll-later", test_epoll_later },
	{ "epoll-nested", test_epoll_nested },
	{ "epoll-exclusive", test_epoll_exclusive },
	{ "epoll-processes", test_epoll_processes },
	{ "epoll-race", test_epoll_race },
	{ "module-gone", test_module_gone },
	{ "sigio", test_sigio },
	{ "sigio-plain", test_sigio_plain },
	{ "sigio-over", test_sigio_over },
	{ "sigio-many", test_sigio_many },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
