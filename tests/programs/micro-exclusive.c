// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-exclusive: whom a wake-up reaches (usage: unplug.h)
 *
 * For nodes of the module micro_wake. What is checked is what a misc device does.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "unplug.h"

#include "../modules/micro_wake.h"

#define MANY	6

static atomic_int woken;

static int watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLIN, .data.fd = fd };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	check(ep >= 0);
	check_is(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
	return ep;
}

static long wait_forever(int ep)
{
	struct epoll_event event;
	int ret = epoll_wait(ep, &event, 1, -1);

	check_is(ret, 1);
	woken++;
	return event.events;
}

/* So many of those who sleep wake up, and no more */
static void wakes(int fd, unsigned long cmd, int count)
{
	woken = 0;
	check_is(ioctl(fd, cmd), 0);
	wait_until(woken >= count);
	/* a wake-up too many is as fast as the others */
	usleep(200000);
	check_is(woken, count);
}

/* @plain and @exclusive epoll instances watch one file, or each a file of its own */
static int sleep_on(int plain, int exclusive, bool apart)
{
	static struct call calls[2 * MANY];
	int fd = open_node(O_RDWR);
	int i;

	for (i = 0; i < plain + exclusive; i++) {
		int own = apart ? open_node(O_RDWR) : fd;

		begin_call(&calls[i], wait_forever, watch(own, i < plain ? 0 : EPOLLEXCLUSIVE));
	}
	return fd;
}

static void test_shared_one(void)
{
	wakes(sleep_on(0, MANY, false), WAKE_IOC_ONE, 1);
}

static void test_shared_all(void)
{
	wakes(sleep_on(0, MANY, false), WAKE_IOC_ALL, MANY);
}

static void test_apart_one(void)
{
	wakes(sleep_on(0, MANY, true), WAKE_IOC_ONE, 1);
}

static void test_apart_all(void)
{
	wakes(sleep_on(0, MANY, true), WAKE_IOC_ALL, MANY);
}

/* wake_up() wakes all who are not exclusive as well */
static void test_mixed_one(void)
{
	wakes(sleep_on(3, MANY, false), WAKE_IOC_ONE, 3 + 1);
}

static void test_mixed_all(void)
{
	wakes(sleep_on(3, MANY, false), WAKE_IOC_ALL, 3 + MANY);
}

static void test_other_queue(void)
{
	wakes(sleep_on(3, MANY, false), WAKE_IOC_OTHER, 3 + MANY);
}

/* One after the other is asleep, and wakes */
static void test_one_by_one(void)
{
	int fd = sleep_on(0, MANY, false);
	int i;

	woken = 0;
	for (i = 1; i <= MANY; i++) {
		check_is(ioctl(fd, WAKE_IOC_ONE), 0);
		wait_until(woken >= i);
	}
	usleep(200000);
	check_is(woken, MANY);
}

/* Two threads wait in one epoll instance: each instance is woken for one */
static void test_threads(void)
{
	int fd = open_node(O_RDWR);
	int first = watch(fd, EPOLLEXCLUSIVE | EPOLLET);
	int second = watch(fd, EPOLLEXCLUSIVE | EPOLLET);
	struct call c[3];

	begin_call(&c[0], wait_forever, first);
	begin_call(&c[1], wait_forever, first);
	begin_call(&c[2], wait_forever, second);
	wakes(fd, WAKE_IOC_ALL, 2);
}

/* Those who came and went leave nothing that counts */
static void test_came_and_went(void)
{
	int fd = open_node(O_RDWR);
	struct call c[3];
	int i;

	for (i = 0; i < 100; i++) {
		int ep[3] = {
			watch(fd, EPOLLEXCLUSIVE),
			watch(fd, EPOLLEXCLUSIVE),
			watch(fd, 0),
		};

		check_is(close(ep[i % 3]), 0);
		check_is(close(ep[(i + 1) % 3]), 0);
		check_is(close(ep[(i + 2) % 3]), 0);
	}
	for (i = 0; i < 3; i++)
		begin_call(&c[i], wait_forever, watch(fd, EPOLLEXCLUSIVE));
	wakes(fd, WAKE_IOC_ONE, 1);
	wakes(fd, WAKE_IOC_ALL, 2);
}

/* The end is for all of them */
static void test_end(void)
{
	sleep_on(3, MANY, false);
	woken = 0;
	unplug();
	wait_until(woken == 3 + MANY);
}

static const struct test_case cases[] = {
	{ "shared-one", test_shared_one },
	{ "shared-all", test_shared_all },
	{ "apart-one", test_apart_one },
	{ "apart-all", test_apart_all },
	{ "mixed-one", test_mixed_one },
	{ "mixed-all", test_mixed_all },
	{ "other-queue", test_other_queue },
	{ "one-by-one", test_one_by_one },
	{ "threads", test_threads },
	{ "came-and-went", test_came_and_went },
	{ "end", test_end },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
