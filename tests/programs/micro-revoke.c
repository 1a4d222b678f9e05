// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-revoke: system calls on a file whose device goes (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "unplug.h"

static char byte;
static const struct iovec iov = { &byte, 1 };

static long do_read(int fd)
{
	char c;

	return read(fd, &c, 1);
}

static long do_wait(int fd)
{
	return ioctl(fd, EVIL_IOC_WAIT);
}

static long do_elsewhere(int fd)
{
	return ioctl(fd, EVIL_IOC_ELSEWHERE);
}

static long do_deaf(int fd)
{
	return ioctl(fd, EVIL_IOC_DEAF);
}

/* Every operation of a file whose device has gone */
static void check_dead(int fd)
{
	const bool evil = node_is("micro_evil");
	const bool fifo = node_is("micro_fifo");
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	/* without poll() a driver is always ready, as anywhere */
	const short polled = evil || fifo ? POLLHUP | POLLERR : POLLIN | POLLOUT;
	struct stat st;

	check_fails(read(fd, &byte, 1), ENODEV);
	check_fails(write(fd, &byte, 1), ENODEV);
	check_fails(readv(fd, &iov, 1), ENODEV);
	check_fails(writev(fd, &iov, 1), ENODEV);
	check_fails(pread(fd, &byte, 1, 0), fifo ? ESPIPE : ENODEV);
	check_fails(pwrite(fd, &byte, 1, 0), fifo ? ESPIPE : ENODEV);
	check_fails(ioctl(fd, EVIL_IOC_NOTHING), evil ? ENODEV : ENOTTY);
	check_fails(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	check_fails(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	if (evil || node_is("micro_ram"))
		check_fails(lseek(fd, 0, SEEK_SET), ENODEV);
	check_is(poll(&p, 1, -1), 1);
	check_is(p.revents, polled);
	if (evil || fifo)
		check_fails(fcntl(fd, F_SETFL, O_ASYNC), ENODEV);
	check_is(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	check_fails(read(fd, &byte, 1), ENODEV);
	check_is(fcntl(fd, F_SETFL, 0), 0);
	check_is(fstat(fd, &st), 0);
}

/* Before: all of it works; after: none */
static void test_after(void)
{
	int fd = open_node(O_RDWR);
	int again;

	if (node_is("micro_evil")) {
		struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

		check_is(poll(&p, 1, 0), 1);
		check_is(p.revents, POLLOUT);
		check_is(ioctl(fd, EVIL_IOC_NOTHING), 0);
		check_is(lseek(fd, 1, SEEK_SET), 1);
		check_is(fcntl(fd, F_SETFL, O_ASYNC), 0);
		check_is(fcntl(fd, F_SETFL, 0), 0);
		check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	}
	check_is(write(fd, &byte, 1), 1);
	if (node_is("micro_ram"))
		check_is(lseek(fd, 0, SEEK_SET), 0);
	check_is(read(fd, &byte, 1), 1);

	unplug();
	check_dead(fd);
	again = open(node, O_RDWR);
	check(again < 0 && (errno == ENOENT || errno == ENXIO));
	check_is(close(fd), 0);
}

/* O_NONBLOCK makes no difference */
static void test_after_nonblock(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);

	check_fails(read(fd, &byte, 1), EAGAIN);
	unplug();
	check_fails(read(fd, &byte, 1), ENODEV);
	check_is(close(fd), 0);
}

static void asleep(long (*fn)(int fd), int want)
{
	int fd = open_node(O_RDWR);
	struct call c;

	begin_call(&c, fn, fd);
	unplug();
	if (want)
		check_fails(end_call(&c), want);
	else
		check_is(end_call(&c), 0);
	check_dead(fd);
	check_is(close(fd), 0);
}

static void test_asleep_read(void)
{
	asleep(do_read, ENODEV);
}

static void test_asleep_ioctl(void)
{
	asleep(do_wait, ENODEV);
}

/* Its own queue, which unplug() wakes */
static void test_asleep_elsewhere(void)
{
	asleep(do_elsewhere, ESHUTDOWN);
}

static long do_fill(int fd)
{
	static char room[1 << 20];

	return write(fd, room, sizeof(room));
}

/* A write that has begun returns what it has written, as everywhere; then dead */
static void test_asleep_write(void)
{
	int fd = open_node(O_RDWR);
	struct call c, next;

	begin_call(&c, do_fill, fd);
	begin_call(&next, do_fill, fd);
	unplug();
	check_is(end_call(&c), 65536);
	check_fails(end_call(&next), ENODEV);
	check_dead(fd);
}

/* Threads and processes, on one file and on files of their own */
static void test_asleep_many(void)
{
	enum { THREADS = 16, CHILDREN = 8 };
	struct call calls[THREADS];
	pid_t children[CHILDREN];
	int fd = open_node(O_RDWR);
	int i;

	for (i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		check(children[i] >= 0);
		if (!children[i]) {
			int own = i % 2 ? open_node(O_RDWR) : fd;

			alarm(TIME_LIMIT_S);
			check_fails(read(own, &byte, 1), ENODEV);
			check_dead(own);
			_exit(0);
		}
	}
	for (i = 0; i < THREADS; i++)
		begin_call(&calls[i], do_read, i % 2 ? open_node(O_RDWR) : fd);
	for (i = 0; i < CHILDREN; i++)
		wait_until(task_state(children[i]) == 'S');

	unplug();
	for (i = 0; i < THREADS; i++)
		check_fails(end_call(&calls[i]), ENODEV);
	for (i = 0; i < CHILDREN; i++)
		end_child(children[i]);
}

/* Threads that are at it while the device goes */
static atomic_int racers_ready;

static long race_read(int fd)
{
	char c;
	long ret;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	racers_ready++;
	do
		ret = read(fd, &c, 1);
	while (ret >= 0 || errno == EAGAIN);
	return ret;
}

static long race_write(int fd)
{
	long ret;

	racers_ready++;
	do
		ret = write(fd, "", 1);
	while (ret >= 0 || errno == EAGAIN || errno == ENOSPC);
	return ret;
}

static long race_ioctl(int fd)
{
	long ret;

	racers_ready++;
	do
		ret = ioctl(fd, EVIL_IOC_NOTHING);
	while (ret >= 0);
	return ret;
}

static long race_lseek(int fd)
{
	long ret;

	racers_ready++;
	do
		ret = lseek(fd, 0, SEEK_SET);
	while (ret >= 0);
	return ret;
}

static long race_mmap(int fd)
{
	void *map;

	racers_ready++;
	while ((map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0)) != MAP_FAILED)
		munmap(map, 4096);
	return -1;
}

static long race_poll(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	racers_ready++;
	do
		poll(&p, 1, 0);
	while (!(p.revents & POLLHUP));
	errno = p.revents == (POLLHUP | POLLERR) ? ENODEV : 0;
	return -1;
}

static long race_fasync(int fd)
{
	long ret;

	racers_ready++;
	do {
		ret = fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
		fcntl(fd, F_SETFL, O_NONBLOCK);
	} while (ret >= 0);
	return ret;
}

static void test_race(void)
{
	static long (*const race[])(int) = {
		race_read, race_write, race_ioctl, race_lseek, race_mmap, race_poll,
		race_fasync,
	};
	enum { RACERS = sizeof(race) / sizeof(race[0]) };
	struct call calls[2 * RACERS];
	int shared = open_node(O_RDWR | O_NONBLOCK);
	int i;

	signal(SIGIO, SIG_IGN);
	for (i = 0; i < 2 * RACERS; i++)
		begin_call_awake(&calls[i], race[i % RACERS],
				 i < RACERS ? shared : open_node(O_RDWR | O_NONBLOCK));
	wait_until(racers_ready == 2 * RACERS);
	/* not unplug(): with so many at work it may take its time */
	unplug_end(unplug_begin());
	for (i = 0; i < 2 * RACERS; i++)
		check_fails(end_call(&calls[i]), ENODEV);
}

/* Openers and closers while the device goes: every open() has its release() */
static long race_open(int unused)
{
	(void)unused;
	racers_ready++;
	for (;;) {
		int fd = open(node, O_RDWR);

		if (fd < 0)
			return -1;
		close(fd);
	}
}

static long race_close(int fd)
{
	racers_ready++;
	wait_until(racers_ready < 0);
	return close(fd);
}

static void test_race_close(void)
{
	enum { OPENERS = 4, CLOSERS = 60 };
	long opens = counter("opens") - counter("releases");
	struct call open_calls[OPENERS], close_calls[CLOSERS];
	pid_t pid;
	int i;

	check_is(opens, 0);
	for (i = 0; i < CLOSERS; i++)
		begin_call_awake(&close_calls[i], race_close, open_node(O_RDWR));
	for (i = 0; i < OPENERS; i++)
		begin_call_awake(&open_calls[i], race_open, -1);
	wait_until(racers_ready == OPENERS + CLOSERS);

	pid = unplug_begin();
	racers_ready = -1000;
	for (i = 0; i < CLOSERS; i++)
		check_is(end_call(&close_calls[i]), 0);
	for (i = 0; i < OPENERS; i++) {
		check_is(end_call(&open_calls[i]), -1);
		check(errno == ENOENT || errno == ENXIO);
	}
	unplug_end(pid);
	check_is(counter("opens") - counter("releases"), 0);
}

/* One open file, however many know it: one release */
static void test_dup(void)
{
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	int other = dup(fd);

	check(other >= 0);
	check_is(close(fd), 0);
	check_is(counter("releases"), releases);
	unplug();
	check_is(counter("releases"), releases + 1);
	check_dead(other);
	check_is(close(other), 0);
	check_is(counter("releases"), releases + 1);
}

static void test_fork(void)
{
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	int go[2], ready[2];
	pid_t child;

	check(!pipe(go) && !pipe(ready));
	child = fork();
	check(child >= 0);
	if (!child) {
		alarm(TIME_LIMIT_S);
		check_is(write(fd, &byte, 1), 1);
		tell(ready[1]);
		hear(go[0]);
		check_dead(fd);
		check_is(close(fd), 0);
		_exit(0);
	}
	hear(ready[0]);
	check_is(read(fd, &byte, 1), 1);
	check_is(close(fd), 0);
	check_is(counter("releases"), releases);
	unplug();
	check_is(counter("releases"), releases + 1);
	tell(go[1]);
	end_child(child);
	check_is(counter("releases"), releases + 1);
}

/* Nobody but a message on its way holds the file when the device goes */
static void test_scm(void)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	struct cmsghdr *cmsg;
	int sockets[2];

	check_is(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	memset(&control, 0, sizeof(control));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	check_is(sendmsg(sockets[0], &msg, 0), 1);
	check_is(close(fd), 0);
	check_is(counter("releases"), releases);

	unplug();
	check_is(counter("releases"), releases + 1);

	check_is(recvmsg(sockets[1], &msg, 0), 1);
	cmsg = CMSG_FIRSTHDR(&msg);
	check(cmsg && cmsg->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	check_dead(fd);
	check_is(close(fd), 0);
	check_is(counter("releases"), releases + 1);
}

static void test_open_fails(void)
{
	long opens = counter("opens"), releases = counter("releases");
	long failed = counter("failed_opens");
	int fd;

	evil_write("fail_open", "28");
	fd = open(node, O_RDWR);
	check(fd < 0 && errno == ENOSPC);
	evil_write("fail_open", "0");
	check_is(counter("failed_opens"), failed + 1);
	check_is(counter("releases"), releases);
	fd = open_node(O_RDWR);
	check_is(counter("opens"), opens + 1);

	unplug();
	check_is(counter("releases"), releases + 1);
	check_is(close(fd), 0);
}

/* Nobody opened it: nothing to release, and remove is called once */
static void test_unused(void)
{
	long releases = counter("releases");
	long removes = counter("removes");
	long unplugs = counter("unplugs");

	unplug();
	check_is(counter("releases"), releases);
	check_is(counter("unplugs"), unplugs + 1);
	check_is(counter("removes"), removes + 1);
}

/* Lines of the kernel log from now on, until one has @text in it */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);

	check(fd >= 0 && lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

static void log_wait(int fd, const char *text)
{
	char line[8192];
	ssize_t len;

	do {
		len = read(fd, line, sizeof(line) - 1);
		check(len > 0 || errno == EPIPE);
		line[len > 0 ? len : 0] = '\0';
	} while (!strstr(line, text));
}

/* An operation that does not hear: the unplug waits, says so, and ends with it */
static void test_deaf(void)
{
	long removes = counter("removes");
	int fd = open_node(O_RDWR);
	int other = open_node(O_RDWR);
	int closed = open_node(O_RDWR);
	long releases = counter("releases");
	int log = log_open();
	char text[128];
	struct call c;
	pid_t pid;

	begin_call(&c, do_deaf, fd);
	pid = unplug_begin();

	/* the others need not wait for it */
	wait_until(read(other, &byte, 1) < 0 && errno == ENODEV);
	check_dead(other);
	check_dead(fd);
	check_is(close(closed), 0);
	check_is(counter("releases"), releases + 1);

	snprintf(text, sizeof(text), "%s: driver micro_evil keeps the device from going: 1 op",
		 strrchr(node, '/') + 1);
	log_wait(log, text);
	check_is(waitpid(pid, NULL, WNOHANG), 0);
	check_is(counter("removes"), removes);
	check_is(counter("releases"), releases + 1);

	evil_write("command", "go");
	check_is(end_call(&c), 0);
	unplug_end(pid);
	check_is(counter("removes"), removes + 1);
	check_is(counter("releases"), releases + 3);
	check_dead(fd);
}

/* What may hang for ever by design: the test does not wait for these */
static void test_suicide(void)
{
	ioctl(open_node(O_RDWR), EVIL_IOC_SUICIDE);
	fail(__FILE__, __LINE__, "it was possible");
}

static void test_lock(void)
{
	check_is(ioctl(open_node(O_RDWR), EVIL_IOC_LOCK), 0);
}

static long do_lock_later(int fd)
{
	return ioctl(fd, EVIL_IOC_LOCK_LATER);
}

static void test_lock_held(void)
{
	struct call c;

	begin_call(&c, do_lock_later, open_node(O_RDWR));
	unplug();
	fail(__FILE__, __LINE__, "it was possible");
}

/*
 * close(2) begins a release() while the unplug is busy with that of another
 * file: remove() comes after both.
 */
static long do_close(int fd)
{
	return close(fd);
}

static void test_close_late(void)
{
	long removes = counter("removes"), releases = counter("releases");
	/* the unplug begins with the file that was opened last */
	int second = open_node(O_RDWR), first = open_node(O_RDWR);
	struct call c;
	pid_t pid;
	int i;

	check_is(ioctl(first, EVIL_IOC_HOLD, 1), 0);
	check_is(ioctl(second, EVIL_IOC_HOLD, 2), 0);
	pid = unplug_begin();
	wait_until(counter("holding") == 1);
	begin_call(&c, do_close, second);
	wait_until(counter("holding") == 2);
	evil_write("command", "let 1");
	wait_until(counter("releases") == releases + 1);

	/* nothing tells that it does not come; so give it some time */
	for (i = 0; i < 100; i++) {
		check_is(counter("removes"), removes);
		usleep(5000);
	}
	check_is(waitpid(pid, NULL, WNOHANG), 0);
	evil_write("command", "let 2");
	check_is(end_call(&c), 0);
	unplug_end(pid);
	check_is(counter("releases"), releases + 2);
	check_is(counter("removes"), removes + 1);
	check_dead(first);
}

/* ... and close(2) of the file whose release() the unplug has begun waits */
static void test_close_same(void)
{
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	struct call c;
	pid_t pid;

	check_is(ioctl(fd, EVIL_IOC_HOLD, 3), 0);
	pid = unplug_begin();
	wait_until(counter("holding") == 1);
	begin_call(&c, do_close, fd);
	check_is(counter("holding"), 1);
	check_is(counter("releases"), releases);
	evil_write("command", "let 3");
	check_is(end_call(&c), 0);
	unplug_end(pid);
	check_is(counter("releases"), releases + 1);
}

/* The same file descriptor stays dead when the device comes back */
static void test_rebind(void)
{
	int old = open_node(O_RDWR);
	int fd;

	unplug();
	check_dead(old);
	/* the command has bound it again */
	fd = open_node(O_RDWR);
	check_is(write(fd, &byte, 1), 1);
	check_is(read(fd, &byte, 1), 1);
	check_dead(old);
	check_is(close(old), 0);
	check_is(write(fd, &byte, 1), 1);
	check_is(close(fd), 0);
}

static const struct test_case cases[] = {
	{ "after", test_after },
	{ "after-nonblock", test_after_nonblock },
	{ "asleep-read", test_asleep_read },
	{ "asleep-ioctl", test_asleep_ioctl },
	{ "asleep-elsewhere", test_asleep_elsewhere },
	{ "asleep-write", test_asleep_write },
	{ "asleep-many", test_asleep_many },
	{ "race", test_race },
	{ "race-close", test_race_close },
	{ "dup", test_dup },
	{ "fork", test_fork },
	{ "scm", test_scm },
	{ "open-fails", test_open_fails },
	{ "unused", test_unused },
	{ "deaf", test_deaf },
	{ "rebind", test_rebind },
	{ "suicide", test_suicide },
	{ "lock", test_lock },
	{ "lock-held", test_lock_held },
	{ "close-late", test_close_late },
	{ "close-same", test_close_same },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
