// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-uring: io_uring on a file whose device goes (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/io_uring.h>

#include "unplug.h"

#define ENTRIES		16

struct ring {
	int fd;
	struct io_uring_params params;
	unsigned char *sq, *cq;
	struct io_uring_sqe *sqes;
};

#define RING_FIELD(map, offset)	((atomic_uint *)((map) + (offset)))

static struct ring ring_new(void)
{
	struct ring r = {};

	r.fd = syscall(__NR_io_uring_setup, ENTRIES, &r.params);
	check(r.fd >= 0);
	r.sq = mmap(NULL, r.params.sq_off.array + ENTRIES * sizeof(unsigned int),
		    PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, IORING_OFF_SQ_RING);
	r.cq = mmap(NULL, r.params.cq_off.cqes +
		    r.params.cq_entries * sizeof(struct io_uring_cqe),
		    PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, IORING_OFF_CQ_RING);
	r.sqes = mmap(NULL, ENTRIES * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
		      MAP_SHARED, r.fd, IORING_OFF_SQES);
	check(r.sq != MAP_FAILED && r.cq != MAP_FAILED && r.sqes != MAP_FAILED);
	return r;
}

static void ring_submit(struct ring *r, struct io_uring_sqe sqe)
{
	unsigned int tail = *RING_FIELD(r->sq, r->params.sq_off.tail);
	unsigned int i = tail % ENTRIES;

	r->sqes[i] = sqe;
	*RING_FIELD(r->sq, r->params.sq_off.array + i * sizeof(unsigned int)) = i;
	*RING_FIELD(r->sq, r->params.sq_off.tail) = tail + 1;
	check_is(syscall(__NR_io_uring_enter, r->fd, 1, 0, 0, NULL, 0), 1);
}

/* What there is to a completion */
struct done {
	uint64_t id;
	int res;
	unsigned int flags;
};

/* The next completion; sleeps for it */
static struct done ring_wait(struct ring *r)
{
	atomic_uint *head = RING_FIELD(r->cq, r->params.cq_off.head);
	struct io_uring_cqe *cqes = (void *)(r->cq + r->params.cq_off.cqes);
	struct io_uring_cqe *cqe;
	struct done done;

	while (*head == *RING_FIELD(r->cq, r->params.cq_off.tail))
		check_is(syscall(__NR_io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS,
				 NULL, 0), 0);
	cqe = &cqes[*head % r->params.cq_entries];
	done = (struct done){ cqe->user_data, cqe->res, cqe->flags };
	++*head;
	return done;
}

static bool ring_empty(struct ring *r)
{
	return *RING_FIELD(r->cq, r->params.cq_off.head) ==
	       *RING_FIELD(r->cq, r->params.cq_off.tail);
}

static char bytes[ENTRIES];

static struct io_uring_sqe sqe_rw(int opcode, int fd, int id, int flags)
{
	return (struct io_uring_sqe) {
		.opcode = opcode,
		.flags = flags,
		.fd = fd,
		.off = -1,
		.addr = (uintptr_t)&bytes[id],
		.len = 1,
		.user_data = id,
	};
}

static struct io_uring_sqe sqe_poll(int fd, int id, bool multi)
{
	return (struct io_uring_sqe) {
		.opcode = IORING_OP_POLL_ADD,
		.fd = fd,
		.len = multi ? IORING_POLL_ADD_MULTI : 0,
		.poll32_events = POLLIN,
		.user_data = id,
	};
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
	struct ring r = ring_new();
	struct done done;

	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 1, 0));
	wait_until(sleepers() == 1);
	check_is(write(fd, "x", 1), 1);
	done = ring_wait(&r);
	check_is(done.res, 1);

	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 2, IOSQE_ASYNC));
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
	struct ring r = ring_new();
	struct call c;
	int i;

	for (i = 0; i < READS; i++)
		ring_submit(&r, sqe_rw(IORING_OP_READ, i % 2 ? fd : other, i, IOSQE_ASYNC));
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
	struct ring r = ring_new();

	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 1, 0));
	check(ring_empty(&r));
	check_is(write(fd, "x", 1), 1);
	check_is(ring_wait(&r).res, 1);
	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 2, 0));
	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 3, IOSQE_ASYNC));
	unplug();
	check_is(ring_wait(&r).res, -ENODEV);
	check_is(ring_wait(&r).res, -ENODEV);
	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 4, 0));
	check_is(ring_wait(&r).res, -ENODEV);
	ring_submit(&r, sqe_rw(IORING_OP_WRITE, fd, 5, 0));
	check_is(ring_wait(&r).res, -ENODEV);
}

static void test_poll(void)
{
	int fd = open_node(O_RDWR);
	struct ring once = ring_new(), multi = ring_new();
	struct done done;

	ring_submit(&once, sqe_poll(fd, 1, false));
	ring_submit(&multi, sqe_poll(fd, 2, true));
	check_is(write(fd, "x", 1), 1);
	check_is(ring_wait(&once).res, POLLIN);
	done = ring_wait(&multi);
	check_is(done.res, POLLIN);
	check(done.flags & IORING_CQE_F_MORE);
	check_is(read(fd, bytes, 1), 1);

	ring_submit(&once, sqe_poll(fd, 3, false));
	check(ring_empty(&once));
	unplug();
	check_is(ring_wait(&once).res, POLLHUP | POLLERR);
	check_is(ring_wait(&multi).res, POLLHUP | POLLERR);
	ring_submit(&once, sqe_poll(fd, 4, false));
	check_is(ring_wait(&once).res, POLLHUP | POLLERR);
	check_is(close(fd), 0);
	check_is(close(multi.fd), 0);
}

/* A file that only the ring knows is as open as any */
static void test_registered(void)
{
	long releases = counter("releases");
	struct ring r = ring_new();
	int fd = open_node(O_RDWR);
	int fds[2] = { fd, -1 };

	check_is(syscall(__NR_io_uring_register, r.fd, IORING_REGISTER_FILES, fds, 2), 0);
	check_is(write(fd, "x", 1), 1);
	check_is(close(fd), 0);
	ring_submit(&r, sqe_rw(IORING_OP_READ, 0, 1, IOSQE_FIXED_FILE));
	check_is(ring_wait(&r).res, 1);
	ring_submit(&r, sqe_rw(IORING_OP_READ, 0, 2, IOSQE_FIXED_FILE | IOSQE_ASYNC));
	wait_until(sleepers() == 1);
	check_is(counter("releases"), releases);

	unplug();
	check_is(ring_wait(&r).res, -ENODEV);
	check_is(counter("releases"), releases + 1);
	ring_submit(&r, sqe_rw(IORING_OP_WRITE, 0, 3, IOSQE_FIXED_FILE));
	check_is(ring_wait(&r).res, -ENODEV);
	check_is(syscall(__NR_io_uring_register, r.fd, IORING_UNREGISTER_FILES, NULL, 0), 0);
	ring_submit(&r, sqe_rw(IORING_OP_READ, 0, 4, IOSQE_FIXED_FILE));
	check_is(ring_wait(&r).res, -EBADF);
	check_is(close(r.fd), 0);
	check_is(counter("releases"), releases + 1);
}

/* Taken back, or left behind by a process that ends: the worker leaves too */
static void test_given_up(void)
{
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	struct ring r = ring_new();
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 1,
		.user_data = 2,
	};
	pid_t child;
	int i;

	ring_submit(&r, sqe_rw(IORING_OP_READ, fd, 1, IOSQE_ASYNC));
	wait_until(sleepers() == 1);
	ring_submit(&r, cancel);
	for (i = 0; i < 2; i++) {
		struct done done = ring_wait(&r);

		if (done.id == 1)
			check(done.res == -EINTR || done.res == -ECANCELED);
		else
			check(!done.res || done.res == -EALREADY);
	}

	child = fork();
	check(child >= 0);
	if (!child) {
		struct ring own = ring_new();
		int own_fd = open_node(O_RDWR);

		alarm(TIME_LIMIT_S);
		ring_submit(&own, sqe_rw(IORING_OP_READ, own_fd, 1, IOSQE_ASYNC));
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
