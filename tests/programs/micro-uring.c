// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-uring: io_uring on a file whose device goes (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <liburing.h>

#include "unplug.h"

#define ENTRIES		16

static char bytes[ENTRIES];

static struct io_uring ring_new(void)
{
	struct io_uring ring;

	check_is(io_uring_queue_init(ENTRIES, &ring, 0), 0);
	return ring;
}

/* What there is to a completion */
struct done {
	uint64_t id;
	int res;
	unsigned int flags;
};

/* The next completion; sleeps for it */
static struct done ring_wait(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	struct done done;

	check_is(io_uring_wait_cqe(ring, &cqe), 0);
	done = (struct done){ cqe->user_data, cqe->res, cqe->flags };
	io_uring_cqe_seen(ring, cqe);
	return done;
}

static bool ring_empty(struct io_uring *ring)
{
	return !io_uring_cq_ready(ring);
}

static struct io_uring_sqe *ring_entry(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	check(sqe);
	return sqe;
}

/* Hands one request in; its completion has @id */
static void submit(struct io_uring *ring, struct io_uring_sqe *sqe, int id, int flags)
{
	sqe->flags |= flags;
	io_uring_sqe_set_data64(sqe, id);
	check_is(io_uring_submit(ring), 1);
}

static void submit_read(struct io_uring *ring, int fd, int id, int flags)
{
	struct io_uring_sqe *sqe = ring_entry(ring);

	io_uring_prep_read(sqe, fd, &bytes[id], 1, -1);
	submit(ring, sqe, id, flags);
}

static void submit_write(struct io_uring *ring, int fd, int id, int flags)
{
	struct io_uring_sqe *sqe = ring_entry(ring);

	io_uring_prep_write(sqe, fd, &bytes[id], 1, -1);
	submit(ring, sqe, id, flags);
}

static void submit_poll(struct io_uring *ring, int fd, int id, bool multi)
{
	struct io_uring_sqe *sqe = ring_entry(ring);

	if (multi)
		io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	else
		io_uring_prep_poll_add(sqe, fd, POLLIN);
	submit(ring, sqe, id, 0);
}

static void submit_cancel(struct io_uring *ring, int which, int id)
{
	struct io_uring_sqe *sqe = ring_entry(ring);

	io_uring_prep_cancel64(sqe, which, 0);
	submit(ring, sqe, id, 0);
}

/* How many threads, io workers among them, sleep in the driver's read */
static int sleepers(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	check(dir);
	while ((entry = readdir(dir))) {
		char path[300], text[64] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/self/task/%s/wchan", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0 && !strncmp(text, "evil_read", 9))
			count++;
		close(fd);
	}
	closedir(dir);
	return count;
}

/* A read that a worker of io_uring sleeps in */
static void test_worker(void)
{
	int fd = open_node(O_RDWR);
	struct io_uring r = ring_new();
	struct done done;

	submit_read(&r, fd, 1, 0);
	wait_until(sleepers() == 1);
	check_is(write(fd, "x", 1), 1);
	done = ring_wait(&r);
	check_is(done.res, 1);

	submit_read(&r, fd, 2, IOSQE_ASYNC);
	wait_until(sleepers() == 1);
	unplug();
	done = ring_wait(&r);
	check_is(done.id, 2);
	check_is(done.res, -ENODEV);
	check_fails(read(fd, bytes, 1), ENODEV);
}

/* Several, of one file and of two, and threads besides */
static long do_read(int fd)
{
	char c;

	return read(fd, &c, 1);
}

static void test_workers(void)
{
	enum { READS = 8 };
	int fd = open_node(O_RDWR);
	int other = open_node(O_RDWR);
	struct io_uring r = ring_new();
	struct call c;
	int i;

	for (i = 0; i < READS; i++)
		submit_read(&r, i % 2 ? fd : other, i, IOSQE_ASYNC);
	begin_call(&c, do_read, fd);
	wait_until(sleepers() == READS + 1);
	unplug();
	for (i = 0; i < READS; i++)
		check_is(ring_wait(&r).res, -ENODEV);
	check_fails(end_call(&c), ENODEV);
	check(ring_empty(&r));
}

/* Where the driver has poll(), io_uring polls instead of sleeping */
static void test_armed(void)
{
	int fd = open_node(O_RDWR);
	struct io_uring r = ring_new();

	submit_read(&r, fd, 1, 0);
	check(ring_empty(&r));
	check_is(write(fd, "x", 1), 1);
	check_is(ring_wait(&r).res, 1);
	submit_read(&r, fd, 2, 0);
	submit_read(&r, fd, 3, IOSQE_ASYNC);
	unplug();
	check_is(ring_wait(&r).res, -ENODEV);
	check_is(ring_wait(&r).res, -ENODEV);
	submit_read(&r, fd, 4, 0);
	check_is(ring_wait(&r).res, -ENODEV);
	submit_write(&r, fd, 5, 0);
	check_is(ring_wait(&r).res, -ENODEV);
}

static void test_poll(void)
{
	int fd = open_node(O_RDWR);
	struct io_uring once = ring_new(), multi = ring_new();
	struct done done;

	submit_poll(&once, fd, 1, false);
	submit_poll(&multi, fd, 2, true);
	check_is(write(fd, "x", 1), 1);
	check_is(ring_wait(&once).res, POLLIN);
	done = ring_wait(&multi);
	check_is(done.res, POLLIN);
	check(done.flags & IORING_CQE_F_MORE);
	check_is(read(fd, bytes, 1), 1);

	submit_poll(&once, fd, 3, false);
	check(ring_empty(&once));
	unplug();
	check_is(ring_wait(&once).res, POLLHUP | POLLERR);
	check_is(ring_wait(&multi).res, POLLHUP | POLLERR);
	submit_poll(&once, fd, 4, false);
	check_is(ring_wait(&once).res, POLLHUP | POLLERR);
	check_is(close(fd), 0);
	io_uring_queue_exit(&multi);
}

/* A file that only the ring knows is as open as any */
static void test_registered(void)
{
	long releases = counter("releases");
	struct io_uring r = ring_new();
	int fd = open_node(O_RDWR);
	int fds[2] = { fd, -1 };

	check_is(io_uring_register_files(&r, fds, 2), 0);
	check_is(write(fd, "x", 1), 1);
	check_is(close(fd), 0);
	submit_read(&r, 0, 1, IOSQE_FIXED_FILE);
	check_is(ring_wait(&r).res, 1);
	submit_read(&r, 0, 2, IOSQE_FIXED_FILE | IOSQE_ASYNC);
	wait_until(sleepers() == 1);
	check_is(counter("releases"), releases);

	unplug();
	check_is(ring_wait(&r).res, -ENODEV);
	check_is(counter("releases"), releases + 1);
	submit_write(&r, 0, 3, IOSQE_FIXED_FILE);
	check_is(ring_wait(&r).res, -ENODEV);
	check_is(io_uring_unregister_files(&r), 0);
	submit_read(&r, 0, 4, IOSQE_FIXED_FILE);
	check_is(ring_wait(&r).res, -EBADF);
	io_uring_queue_exit(&r);
	check_is(counter("releases"), releases + 1);
}

/* Taken back, or left behind by a process that ends: the worker leaves too */
static void test_given_up(void)
{
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	struct io_uring r = ring_new();
	pid_t child;
	int i;

	submit_read(&r, fd, 1, IOSQE_ASYNC);
	wait_until(sleepers() == 1);
	submit_cancel(&r, 1, 2);
	for (i = 0; i < 2; i++) {
		struct done done = ring_wait(&r);

		if (done.id == 1)
			check(done.res == -EINTR || done.res == -ECANCELED);
		else
			/* the kernel looks twice, and the worker may have left in between */
			check(!done.res || done.res == -EALREADY || done.res == -ENOENT);
	}

	child = fork();
	check(child >= 0);
	if (!child) {
		struct io_uring own = ring_new();
		int own_fd = open_node(O_RDWR);

		alarm(TIME_LIMIT_S);
		submit_read(&own, own_fd, 1, IOSQE_ASYNC);
		wait_until(sleepers() == 1);
		_exit(0);
	}
	end_child(child);
	wait_until(counter("releases") == releases + 1);
	unplug();
	check_is(counter("releases"), releases + 2);
}

static const struct test_case cases[] = {
	{ "worker", test_worker },
	{ "workers", test_workers },
	{ "armed", test_armed },
	{ "poll", test_poll },
	{ "registered", test_registered },
	{ "given-up", test_given_up },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
