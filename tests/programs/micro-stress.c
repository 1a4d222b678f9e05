// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-stress: every operation on instances of micro_count, which come and go
 *
 * One process ("chaos") makes, removes, unbinds, rebinds and reloads; others,
 * each with several threads, open the instances and do everything one can do to
 * an open file. Two kinds of promises are checked here: each call has one of the
 * documented results, and a file that said ENODEV once is dead for ever. What
 * happens below is checked by the driver.
 *
 * The supervisor starts them, looks that all of them get on, and has them end.
 * Whoever sleeps in the driver at that time is woken by the last unplug.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../modules/micro_count.h"

#define CONFIGFS		"/sys/kernel/config/micro"
#define DRIVERS			"/sys/bus/micro_bus/drivers"
#define PARAMETERS		"/sys/module/micro_count/parameters"

#define MAX_TASKS		64
#define MAX_INSTANCES		64
#define SLOTS			6
#define STUCK_SECONDS		90
#define DEAD_WORD		(COUNT_POISON * 0x0101010101010101ull)
#define NUMBER			(-1)	/* an option with a number */
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

/* What the openers do; also the rows of the table that is printed */
enum kind {
	OP_OPEN, OP_CLOSE, OP_READ, OP_WRITE, OP_READV, OP_PREAD, OP_IOCTL,
	OP_SLEEP, OP_SPIN, OP_POLL, OP_EPOLL, OP_LSEEK, OP_MMAP, OP_TOUCH,
	OP_MUNMAP, OP_FASYNC, OP_DUP, OP_FORK, OP_PASS, OP_SPLICE, OP_URING,
	OP_MKDIR, OP_RMDIR, OP_BIND, OP_UNBIND, OP_LIVE, OP_COMPAT, OP_DEVICE,
	OP_INSMOD, OP_RMMOD, OP_SHOW, OP_KILL,
	OPS
};

static const char * const op_names[OPS] = {
	"open", "close", "read", "write", "readv", "pread", "ioctl",
	"sleep", "spin", "poll", "epoll", "lseek", "mmap", "touch",
	"munmap", "fasync", "dup", "fork", "pass", "splice", "io_uring",
	"mkdir", "rmdir", "bind", "unbind", "live", "compatible", "device",
	"insmod", "rmmod", "show", "kill",
};

/* Between all processes */
struct shared {
	_Atomic bool stop;		/* no more trouble */
	_Atomic bool leave;		/* nothing more at all */
	_Atomic int errors;
	_Atomic unsigned long steps[MAX_TASKS];
	_Atomic int ended[MAX_TASKS];
	_Atomic int doing[MAX_TASKS];
	_Atomic unsigned long ok[OPS];
	_Atomic unsigned long nodev[OPS];	/* ENODEV, ENXIO, SIGBUS, HUP */
	_Atomic unsigned long other[OPS];
	_Atomic unsigned long sigio;
	_Atomic unsigned long unwaited;		/* writes that went on in the background */
	_Atomic int opened[MAX_INSTANCES];	/* a hint where an unplug is worth it */
};

static struct shared *shared;
static uint64_t seed;
static int instances = 6;
static int processes = 3;
static int threads = 3;
static bool forks = true;
static bool kills;
static int pause_ms = 500;
static int wire[2];
static int module_fd = -1;

/* splitmix64: one sequence of decisions for each task, whatever the others do */
struct task {
	uint64_t random;
	int nr;
	int epoll;
	bool has_uring;
	struct io_uring uring;
	struct slot {
		int fd;
		bool dead;	/* it said ENODEV */
		bool nonblock;
		uint64_t id;	/* 0: unknown */
		volatile uint64_t *map;
		bool map_dead;	/* it was SIGBUS */
	} slots[SLOTS];
};

static uint64_t rnd(struct task *t)
{
	uint64_t z = (t->random += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int below(struct task *t, unsigned int n)
{
	return rnd(t) % n;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

__attribute__((format(printf, 2, 3)))
static void complain(struct task *t, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (atomic_fetch_add(&shared->errors, 1) < 20)
		printf("# wrong: task %d: %s\n", t->nr, text);
}

/* Counts a result; says whether it was not one of those that may be */
static bool result(struct task *t, enum kind op, long ret, const int *may)
{
	int err = errno;

	if (ret >= 0) {
		shared->ok[op]++;
		return true;
	}
	if (err == ENODEV || err == ENXIO)
		shared->nodev[op]++;
	else
		shared->other[op]++;
	if (err == EINPROGRESS)
		shared->unwaited++;
	for (; *may; may++)
		if (*may == err)
			return false;
	complain(t, "%s: %s", op_names[op], strerror(err));
	return false;
}

#define RESULT(t, op, ret, ...)						\
	result(t, op, ret, (const int[]){ __VA_ARGS__, 0 })

/* The same for an operation of an open file: once dead, dead for ever */
static bool file_result(struct task *t, struct slot *s, enum kind op, long ret, const int *may)
{
	int err = errno;
	bool ok;

	if (ret < 0 && err == ENODEV) {
		shared->nodev[op]++;
		s->dead = true;
		return false;
	}
	if (s->dead) {
		complain(t, "%s of a dead file: %ld %s", op_names[op], ret,
			 ret < 0 ? strerror(err) : "");
		return false;
	}
	errno = err;
	ok = result(t, op, ret, may);
	return ok;
}

#define FILE_RESULT(t, s, op, ret, ...)					\
	file_result(t, s, op, ret, (const int[]){ __VA_ARGS__, 0 })

/* SIGBUS at an access that expects it; anywhere else it is the end */
static __thread sigjmp_buf bus_jump;
static __thread volatile sig_atomic_t bus_expected;

static void on_bus(int sig)
{
	if (bus_expected)
		siglongjmp(bus_jump, 1);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void on_io(int sig)
{
	(void)sig;
	shared->sigio++;
}

static __thread volatile sig_atomic_t could_read;

/* Reads, maybe writes; returns false for SIGBUS */
static bool touch(volatile uint64_t *p, bool write, uint64_t *value)
{
	could_read = 0;
	if (sigsetjmp(bus_jump, 1)) {
		bus_expected = 0;
		return false;
	}
	bus_expected = 1;
	*value = p[0];
	could_read = 1;
	if (write)
		p[1] = *value;
	bus_expected = 0;
	return true;
}

/* Openers */

static void slot_unmap(struct task *t, struct slot *s)
{
	if (!s->map)
		return;
	RESULT(t, OP_MUNMAP, munmap((void *)s->map, getpagesize()), 0);
	s->map = NULL;
}

static void do_touch(struct task *t, struct slot *s)
{
	uint64_t value;

	if (!s->map)
		return;
	if (!touch(s->map, below(t, 2), &value)) {
		shared->nodev[OP_TOUCH]++;
		/*
		 * A first write asks the driver (page_mkwrite), which a revoked file
		 * refuses at once; what is mapped can be read until the zap
		 */
		if (!could_read)
			s->map_dead = true;
		return;
	}
	shared->ok[OP_TOUCH]++;
	/* A dead file's mapping works until it is zapped, and that is before remove() */
	if (s->map_dead)
		complain(t, "touched a dead mapping");
	else if (value == DEAD_WORD || (s->id && value != s->id))
		complain(t, "mapping of instance %llu has %llx", (unsigned long long)s->id,
			 (unsigned long long)value);
}

static void do_close(struct task *t, struct slot *s)
{
	/* half of the mappings outlive their file, for a moment */
	if (below(t, 2))
		slot_unmap(t, s);
	RESULT(t, OP_CLOSE, close(s->fd), 0);
	s->fd = -1;
	do_touch(t, s);
	slot_unmap(t, s);
}

static void slot_init(struct task *t, struct slot *s, int fd)
{
	*s = (struct slot){ .fd = fd };
	s->nonblock = fcntl(fd, F_GETFL) & O_NONBLOCK;
	if (FILE_RESULT(t, s, OP_IOCTL, ioctl(fd, COUNT_IOC_ID, &s->id), 0) && !s->id)
		complain(t, "instance without id");
}

static void do_open(struct task *t, struct slot *s)
{
	char path[64];
	unsigned int nr = below(t, instances + 1);
	int flags = O_RDWR | O_CLOEXEC;
	int fd;

	if (below(t, 3))
		flags |= O_NONBLOCK;
	if (!below(t, 16))
		flags |= O_SYNC;
	if (nr == (unsigned int)instances)
		strcpy(path, "/dev/micro_count");
	else
		sprintf(path, "/dev/micro/micro_count.%u", nr);
	fd = open(path, flags);
	if (RESULT(t, OP_OPEN, fd, ENOENT, ENXIO, ENODEV, EBUSY)) {
		if (flags & O_SYNC & ~O_DSYNC)
			complain(t, "open with O_SYNC worked");
		shared->opened[nr] = 1;
		slot_init(t, s, fd);
	} else {
		usleep(below(t, 2000));
	}
}

static void do_read(struct task *t, struct slot *s)
{
	char buf[64];

	FILE_RESULT(t, s, OP_READ, read(s->fd, buf, sizeof(buf)), EAGAIN, EINTR);
}

static void do_write(struct task *t, struct slot *s)
{
	char buf[512] = "";

	FILE_RESULT(t, s, OP_WRITE, write(s->fd, buf, 1 + below(t, sizeof(buf))), EAGAIN, EINTR);
}

static void do_readv(struct task *t, struct slot *s)
{
	char a[16], b[16];
	struct iovec iov[2] = { { a, sizeof(a) }, { b, sizeof(b) } };

	FILE_RESULT(t, s, OP_READV, readv(s->fd, iov, 2), EAGAIN, EINTR);
}

static void do_pread(struct task *t, struct slot *s)
{
	char buf[16];

	FILE_RESULT(t, s, OP_PREAD, pread(s->fd, buf, sizeof(buf), below(t, 100)),
		    EAGAIN, EINTR);
}

static void do_ioctl(struct task *t, struct slot *s)
{
	uint64_t id = 0;

	if (FILE_RESULT(t, s, OP_IOCTL, ioctl(s->fd, COUNT_IOC_ID, &id), 0) &&
	    s->id && id != s->id)
		complain(t, "was instance %llu, is %llu", (unsigned long long)s->id,
			 (unsigned long long)id);
}

static void do_sleep(struct task *t, struct slot *s)
{
	FILE_RESULT(t, s, OP_SLEEP, ioctl(s->fd, COUNT_IOC_SLEEP), EINTR);
}

static void do_spin(struct task *t, struct slot *s)
{
	FILE_RESULT(t, s, OP_SPIN, ioctl(s->fd, COUNT_IOC_SPIN), EINTR);
}

static void do_poll(struct task *t, struct slot *s)
{
	short want = below(t, 3) ? POLLIN | POLLOUT : POLLPRI;
	struct pollfd p = { .fd = s->fd, .events = want };
	int n = poll(&p, 1, below(t, 4) ? 0 : below(t, 20));

	if (!RESULT(t, OP_POLL, n, EINTR))
		return;
	if ((p.revents & (POLLHUP | POLLERR)) == (POLLHUP | POLLERR)) {
		shared->nodev[OP_POLL]++;
		s->dead = true;
	} else if (s->dead || (p.revents & (POLLHUP | POLLERR | POLLNVAL))) {
		complain(t, "poll of a %s file: %#x", s->dead ? "dead" : "live", p.revents);
	}
}

static void do_epoll(struct task *t, struct slot *s)
{
	struct epoll_event ev = { .events = EPOLLIN | (below(t, 2) ? EPOLLET : 0) };
	struct epoll_event evs[4];
	int n;

	if (below(t, 2))
		ev.events |= EPOLLOUT;
	ev.data.fd = s->fd;
	RESULT(t, OP_EPOLL,
	       epoll_ctl(t->epoll, below(t, 4) ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->fd, &ev),
	       EEXIST, ENOENT);
	n = epoll_wait(t->epoll, evs, 4, below(t, 3) ? 0 : below(t, 10));
	RESULT(t, OP_EPOLL, n, EINTR);
	while (n-- > 0)
		if (evs[n].events & EPOLLHUP)
			shared->nodev[OP_EPOLL]++;
}

static void do_lseek(struct task *t, struct slot *s)
{
	FILE_RESULT(t, s, OP_LSEEK, lseek(s->fd, below(t, 4096), SEEK_SET), 0);
}

static void do_mmap(struct task *t, struct slot *s)
{
	static const int at[] = {
		0, 1, 2, COUNT_PAGES - 1, COUNT_AT_INSERT, COUNT_AT_REMAP, COUNT_AT_FAIL,
	};
	int page = at[below(t, ARRAY_SIZE(at))];
	bool private = !below(t, 3);
	void *p;

	slot_unmap(t, s);
	p = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		 private ? MAP_PRIVATE : MAP_SHARED, s->fd, (off_t)page * getpagesize());
	if (!FILE_RESULT(t, s, OP_MMAP, p == MAP_FAILED ? -1 : 0,
			 page == COUNT_AT_FAIL ? EXDEV : 0))
		return;
	if (page == COUNT_AT_FAIL) {
		complain(t, "mmap worked that fails");
		munmap(p, getpagesize());
		return;
	}
	s->map = p;
	s->map_dead = false;
	do_touch(t, s);
}

static void do_munmap(struct task *t, struct slot *s)
{
	slot_unmap(t, s);
}

static void do_fasync(struct task *t, struct slot *s)
{
	int flags = fcntl(s->fd, F_GETFL);

	if (flags < 0) {
		complain(t, "F_GETFL: %s", strerror(errno));
		return;
	}
	fcntl(s->fd, F_SETOWN, getpid());
	if (flags & FASYNC)
		RESULT(t, OP_FASYNC, fcntl(s->fd, F_SETFL, flags & ~FASYNC), 0);
	else
		FILE_RESULT(t, s, OP_FASYNC, fcntl(s->fd, F_SETFL, flags | FASYNC), 0);
}

static void do_dup(struct task *t, struct slot *s)
{
	int fd = dup(s->fd);

	if (!RESULT(t, OP_DUP, fd, 0))
		return;
	/* the copy stays, the number goes */
	RESULT(t, OP_CLOSE, close(s->fd), 0);
	s->fd = fd;
}

static void do_fork(struct task *t, struct slot *s)
{
	uint64_t value;
	int status;
	pid_t pid;

	if (!forks)
		return;
	pid = fork();
	if (!RESULT(t, OP_FORK, pid, EAGAIN))
		return;
	if (!pid) {
		char c = 0;
		int bad = 0;

		if (s->map && touch(s->map, true, &value) &&
		    (value == DEAD_WORD || (s->id && value != s->id)))
			bad = 1;
		if (s->nonblock && write(s->fd, &c, 1) < 0 &&
		    errno != EAGAIN && errno != ENODEV && errno != EINTR)
			bad = 2;
		_exit(bad);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		complain(t, "forked child: status %#x", status);
}

/* Into the wire that all processes have, or out of it */
static void do_pass(struct task *t, struct slot *s)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int fd;

	if (below(t, 2)) {
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &s->fd, sizeof(int));
		RESULT(t, OP_PASS, sendmsg(wire[0], &msg, MSG_DONTWAIT),
		       EAGAIN, EINTR, ETOOMANYREFS, ENOBUFS);
		return;
	}
	if (!RESULT(t, OP_PASS, recvmsg(wire[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC),
		    EAGAIN, EINTR))
		return;
	c = CMSG_FIRSTHDR(&msg);
	if (!c)
		return;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	do_close(t, s);
	slot_init(t, s, fd);
}

static void do_splice(struct task *t, struct slot *s)
{
	int fds[2];
	long ret;

	/* it takes the pipe's flags, not the file's: only who does not block */
	if (!s->nonblock)
		return;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
		return;
	ret = splice(s->fd, NULL, fds[1], NULL, 64, SPLICE_F_NONBLOCK);
	/* what the kernel says without read_iter(), alive or dead */
	if (ret < 0 && errno == EINVAL)
		RESULT(t, OP_SPLICE, ret, EINVAL);
	else
		FILE_RESULT(t, s, OP_SPLICE, ret, EAGAIN, EINTR);
	close(fds[0]);
	close(fds[1]);
}

/* Where there is no io_uring, or it may not be used, the others go on without */
static void uring_init(struct task *t)
{
	t->has_uring = !io_uring_queue_init(4, &t->uring, 0);
}

/* One read or poll, maybe in a worker; waits until it is done */
static void do_uring(struct task *t, struct slot *s)
{
	static char buf[64];
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	bool is_read = below(t, 4);
	int ret;

	if (!t->has_uring)
		return;
	sqe = io_uring_get_sqe(&t->uring);
	if (is_read) {
		/* Not IOSQE_ASYNC: with several readers, the kernel may spin (docs/kernels.md) */
		io_uring_prep_read(sqe, s->fd, buf, sizeof(buf), 0);
	} else {
		io_uring_prep_poll_add(sqe, s->fd, POLLIN);
		if (below(t, 2))
			sqe->flags |= IOSQE_ASYNC;
	}
	do {
		ret = io_uring_submit_and_wait(&t->uring, 1);
	} while (ret == -EINTR || ret == -EAGAIN);
	if (ret >= 0)
		do {
			ret = io_uring_wait_cqe(&t->uring, &cqe);
		} while (ret == -EINTR || ret == -EAGAIN);
	if (ret < 0) {
		complain(t, "io_uring: %s", strerror(-ret));
		return;
	}
	ret = cqe->res;
	io_uring_cqe_seen(&t->uring, cqe);
	errno = ret < 0 ? -ret : 0;
	if (is_read && ret != -ECANCELED) {
		FILE_RESULT(t, s, OP_URING, ret, EAGAIN, EINTR);
	} else {
		/*
		 * ECANCELED is the ring's own answer: no driver and no part of the core gives it,
		 * so it says nothing of the file
		 */
		RESULT(t, OP_URING, ret, ECANCELED);
		if (ret > 0 && (ret & POLLHUP))
			s->dead = true;
	}
}

static const struct {
	void (*call)(struct task *t, struct slot *s);
	enum kind op;
	unsigned int weight;
} open_ops[] = {
	{ do_close, OP_CLOSE, 12 },
	{ do_read, OP_READ, 10 },
	{ do_write, OP_WRITE, 14 },
	{ do_readv, OP_READV, 4 },
	{ do_pread, OP_PREAD, 3 },
	{ do_ioctl, OP_IOCTL, 6 },
	{ do_sleep, OP_SLEEP, 1 },
	{ do_spin, OP_SPIN, 2 },
	{ do_poll, OP_POLL, 8 },
	{ do_epoll, OP_EPOLL, 8 },
	{ do_lseek, OP_LSEEK, 3 },
	{ do_mmap, OP_MMAP, 8 },
	{ do_touch, OP_TOUCH, 12 },
	{ do_munmap, OP_MUNMAP, 2 },
	{ do_fasync, OP_FASYNC, 4 },
	{ do_dup, OP_DUP, 2 },
	{ do_fork, OP_FORK, 1 },
	{ do_pass, OP_PASS, 3 },
	{ do_splice, OP_SPLICE, 2 },
	{ do_uring, OP_URING, 3 },
};

static struct task *task_new(int nr)
{
	struct task *t = calloc(1, sizeof(*t));
	int i;

	if (!t)
		die("calloc");
	t->nr = nr;
	t->random = seed * 0x100000001b3 + nr;
	for (i = 0; i < SLOTS; i++)
		t->slots[i].fd = -1;
	return t;
}

static void *opener(void *arg)
{
	struct task *t = task_new((intptr_t)arg);
	unsigned int sum = 0, i;

	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll < 0)
		die("epoll_create1");
	uring_init(t);
	for (i = 0; i < ARRAY_SIZE(open_ops); i++)
		sum += open_ops[i].weight;

	while (!shared->leave) {
		struct slot *s = &t->slots[below(t, SLOTS)];
		unsigned int pick = below(t, sum);

		shared->steps[t->nr]++;
		if (s->fd < 0) {
			shared->doing[t->nr] = OP_OPEN;
			do_open(t, s);
			continue;
		}
		for (i = 0; pick >= open_ops[i].weight; i++)
			pick -= open_ops[i].weight;
		shared->doing[t->nr] = open_ops[i].op;
		open_ops[i].call(t, s);
	}
	/* Every other task leaves its files to the exit of the process */
	for (i = 0; i < SLOTS && t->nr % 2; i++)
		if (t->slots[i].fd >= 0)
			do_close(t, &t->slots[i]);
	shared->ended[t->nr] = 1;
	return NULL;
}

/* Chaos */

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -1;
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

/* Preferably one with files: an unplug without is no test */
static void instance_name(struct task *t, char *name)
{
	unsigned int nr = below(t, instances);
	int i;

	for (i = 0; i < instances && !shared->opened[nr]; i++)
		nr = (nr + 1) % instances;
	shared->opened[nr] = 0;
	sprintf(name, "micro_count.%u", nr);
}

/*
 * For all changes in configfs: what takes longer than patience_ms goes on (EINPROGRESS),
 * and others have to wait for it (EBUSY)
 */

static void do_mkdir(struct task *t)
{
	char path[96], name[32];

	instance_name(t, name);
	sprintf(path, CONFIGFS "/%s", name);
	RESULT(t, OP_MKDIR, mkdir(path, 0755), EEXIST, EBUSY);
}

static void do_rmdir(struct task *t)
{
	char path[96], name[32];

	instance_name(t, name);
	sprintf(path, CONFIGFS "/%s", name);
	RESULT(t, OP_RMDIR, rmdir(path), ENOENT);
}

/* Gone and back, as often as one can */
static void do_cycle(struct task *t)
{
	char path[96], name[32];

	instance_name(t, name);
	if (below(t, 2)) {
		sprintf(path, CONFIGFS "/%s", name);
		RESULT(t, OP_RMDIR, rmdir(path), ENOENT);
		RESULT(t, OP_MKDIR, mkdir(path, 0755), EEXIST, EBUSY);
	} else {
		sprintf(path, CONFIGFS "/%s/live", name);
		RESULT(t, OP_LIVE, write_to(path, "0"), ENOENT, EIO, EINPROGRESS, EBUSY);
		RESULT(t, OP_LIVE, write_to(path, "1"), ENOENT, EIO, EINPROGRESS, EBUSY);
	}
}

static void do_bind(struct task *t)
{
	const char *driver = below(t, 4) ? "micro_count" : "micro_count_iter";
	bool unbind = below(t, 2);
	char path[96], name[32];

	instance_name(t, name);
	if (!below(t, 10))
		strcpy(name, "micro_count");
	sprintf(path, DRIVERS "/%s/%s", driver, unbind ? "unbind" : "bind");
	/*
	 * The driver may be unloaded, the device gone, bound, off or of another
	 * driver; EAGAIN is for a device that is still being added.
	 */
	RESULT(t, unbind ? OP_UNBIND : OP_BIND, write_to(path, name),
	       ENOENT, ENODEV, EBUSY, EINVAL, EIO, EAGAIN);
}

static void do_live(struct task *t)
{
	char path[96], name[32];

	instance_name(t, name);
	sprintf(path, CONFIGFS "/%s/live", name);
	RESULT(t, OP_LIVE, write_to(path, below(t, 3) ? "1" : "0"),
	       ENOENT, EIO, EINPROGRESS, EBUSY);
}

static void do_compat(struct task *t)
{
	static const char * const compat[] = {
		"microkernel,test-count", "microkernel,test-count-iter",
		"microkernel,test-count-iter\nmicrokernel,test-count",
		"microkernel,test-any", "microkernel,test-count",
		"microkernel,test-count-iter", "microkernel,test-count-fail",
		"microkernel,test-nobody",
	};
	char path[96], name[32];

	instance_name(t, name);
	sprintf(path, CONFIGFS "/%s/compatible", name);
	RESULT(t, OP_COMPAT, write_to(path, compat[below(t, ARRAY_SIZE(compat))]),
	       ENOENT, EIO, EINPROGRESS, EBUSY);
}

static void do_device(struct task *t)
{
	/* EAGAIN: loading or unloading */
	RESULT(t, OP_DEVICE, write_to(PARAMETERS "/device", below(t, 2) ? "1" : "0"),
	       ENOENT, EAGAIN, ENODEV);
}

static void do_show(struct task *t)
{
	static const char * const files[] = {
		CONFIGFS "/%s/status", CONFIGFS "/%s/driver", CONFIGFS "/%s/devnode",
		CONFIGFS "/%s/dev", CONFIGFS "/%s/compatible", CONFIGFS "/%s/live",
		"/sys/bus/micro_bus/devices/%s/modalias",
		"/sys/bus/micro_bus/devices/%s/uevent", "/sys/class/micro/%s/uevent",
	};
	char path[96], name[32], buf[4096];
	int fd, ret, err;

	instance_name(t, name);
	sprintf(path, files[below(t, ARRAY_SIZE(files))], name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = fd;
	err = errno;
	if (fd >= 0) {
		ret = read(fd, buf, sizeof(buf));
		err = errno;
		close(fd);
	}
	errno = err;
	RESULT(t, OP_SHOW, ret, ENOENT, ENODEV);
}

/* Somebody who waits in configfs is killed; what he asked for is done, or not at all */
static void do_kill(struct task *t)
{
	static const char * const files[] = { "live", "live", "compatible" };
	static const char * const texts[] = { "0", "1", "microkernel,test-any" };
	char path[96], name[32];
	unsigned int what = below(t, 5);
	int status;
	pid_t pid;

	if (!kills)
		return;
	instance_name(t, name);
	if (what < 3)
		sprintf(path, CONFIGFS "/%s/%s", name, files[what]);
	else
		sprintf(path, CONFIGFS "/%s", name);
	pid = fork();
	if (!RESULT(t, OP_FORK, pid, EAGAIN))
		return;
	if (!pid) {
		if (what < 3)
			write_to(path, texts[what]);
		else if (what == 3)
			mkdir(path, 0755);
		else
			rmdir(path);
		_exit(0);
	}
	usleep(below(t, 5000));
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		shared->ok[OP_KILL]++;
	else
		shared->other[OP_KILL]++;
}

/*
 * With DEBUG_KOBJECT_RELEASE a driver's folder in sysfs outlives the driver by
 * seconds, and until then the kernel refuses another of that name.
 */
static int load(void)
{
	double end = now() + 20;

	while ((!access(DRIVERS "/micro_count", F_OK) ||
		!access(DRIVERS "/micro_count_iter", F_OK) ||
		!access(DRIVERS "/micro_count_fail", F_OK)) &&
	       access("/sys/module/micro_count", F_OK) && now() < end)
		usleep(20000);
	return syscall(SYS_finit_module, module_fd, "", 0);
}

static void unbind_all(void)
{
	char path[96], name[32];
	int i;

	for (i = 0; i <= instances; i++) {
		sprintf(name, i == instances ? "micro_count" : "micro_count.%d", i);
		sprintf(path, "/sys/bus/micro_bus/devices/%s/driver/unbind", name);
		write_to(path, name);
	}
}

/* The module is in use most of the time, so it takes some tries to get it out */
static void do_reload(struct task *t)
{
	int i;

	for (i = 0; i < 20 && !shared->stop; i++) {
		shared->steps[t->nr]++;
		shared->doing[t->nr] = OP_RMMOD;
		unbind_all();
		if (RESULT(t, OP_RMMOD, syscall(SYS_delete_module, "micro_count", O_NONBLOCK),
			   EAGAIN, EBUSY, ENOENT))
			break;
	}
	shared->doing[t->nr] = OP_INSMOD;
	/* mkdir asks for the module too: EEXIST; or it is on its way out: EBUSY */
	RESULT(t, OP_INSMOD, load(), EEXIST, EBUSY);
	/* in steps, so that the end need not wait for it */
	for (i = 0; i < 20 && !shared->stop; i++) {
		usleep(pause_ms * 1000 / 20);
		shared->steps[t->nr]++;
	}
}

struct chaos {
	void (*call)(struct task *t);
	enum kind op;
	unsigned int weight;
};

static const struct chaos chaos_ops[] = {
	{ do_cycle, OP_RMDIR, 20 },
	{ do_mkdir, OP_MKDIR, 4 },
	{ do_rmdir, OP_RMDIR, 2 },
	{ do_bind, OP_BIND, 12 },
	{ do_live, OP_LIVE, 8 },
	{ do_compat, OP_COMPAT, 8 },
	{ do_device, OP_DEVICE, 4 },
	{ do_show, OP_SHOW, 8 },
	{ do_kill, OP_KILL, 6 },
};

static void *chaos(void *arg)
{
	struct task *t = task_new((intptr_t)arg);
	unsigned int sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(chaos_ops); i++)
		sum += chaos_ops[i].weight;
	while (!shared->stop) {
		unsigned int pick = below(t, sum);

		shared->steps[t->nr]++;
		for (i = 0; pick >= chaos_ops[i].weight; i++)
			pick -= chaos_ops[i].weight;
		shared->doing[t->nr] = chaos_ops[i].op;
		chaos_ops[i].call(t);
		/* let openers in, who need more than one time slice for a file */
		if (below(t, 4))
			usleep(below(t, 2000));
	}
	shared->ended[t->nr] = 1;
	return NULL;
}

static void *reloader(void *arg)
{
	struct task *t = task_new((intptr_t)arg);

	while (!shared->stop)
		do_reload(t);
	shared->ended[t->nr] = 1;
	return NULL;
}

/* Supervisor */

struct stats {
	long opens, releases, unplugs, unplugs_open, probes, removes, calls, bad;
};

static bool stats_get(const char *text, const char *key, long *value)
{
	text = strstr(text, key);
	if (!text)
		return false;
	*value = atol(text + strlen(key));
	return true;
}

static bool stats_parse(const char *text, struct stats *s)
{
	return stats_get(text, "opens=", &s->opens) &&
	       stats_get(text, "releases=", &s->releases) &&
	       stats_get(text, "unplugs=", &s->unplugs) &&
	       stats_get(text, "unplugs_open=", &s->unplugs_open) &&
	       stats_get(text, "probes=", &s->probes) &&
	       stats_get(text, "removes=", &s->removes) &&
	       stats_get(text, "calls=", &s->calls) &&
	       stats_get(text, "bad=", &s->bad);
}

static void stats_add(struct stats *a, const struct stats *b)
{
	a->opens += b->opens;
	a->releases += b->releases;
	a->unplugs += b->unplugs;
	a->unplugs_open += b->unplugs_open;
	a->probes += b->probes;
	a->removes += b->removes;
	a->calls += b->calls;
	a->bad += b->bad;
}

static int kmsg;
static struct stats past;	/* of modules that were unloaded */
static int unloads;
static bool kmsg_lost;

static void kmsg_read(void)
{
	char buf[8192];
	struct stats s;
	ssize_t n;

	while ((n = read(kmsg, buf, sizeof(buf) - 1)) > 0 || errno == EPIPE) {
		if (n < 0) {
			kmsg_lost = true;
			continue;
		}
		buf[n] = '\0';
		if (strstr(buf, "micro_count: unloaded:") && stats_parse(buf, &s)) {
			stats_add(&past, &s);
			unloads++;
		}
	}
}

static struct stats stats_now(void)
{
	struct stats sum, s;
	char buf[512];
	ssize_t n = -1;
	int fd;

	kmsg_read();
	sum = past;
	fd = open(PARAMETERS "/stats", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	if (n > 0) {
		buf[n] = '\0';
		if (stats_parse(buf, &s))
			stats_add(&sum, &s);
	}
	return sum;
}

static void print_file(const char *path, const char *prefix)
{
	char line[256];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		printf("# %s%s", prefix, line);
	if (f)
		fclose(f);
}

static void print_stacks(void)
{
	struct dirent *d, *td;
	char path[600];
	DIR *proc, *task;

	proc = opendir("/proc");
	while (proc && (d = readdir(proc))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		sprintf(path, "/proc/%s/task", d->d_name);
		task = opendir(path);
		while (task && (td = readdir(task))) {
			if (td->d_name[0] == '.')
				continue;
			sprintf(path, "/proc/%s/task/%s/comm", d->d_name, td->d_name);
			printf("# task %s of %s\n", td->d_name, d->d_name);
			print_file(path, "  ");
			sprintf(path, "/proc/%s/task/%s/stack", d->d_name, td->d_name);
			print_file(path, "    ");
		}
		if (task)
			closedir(task);
	}
	if (proc)
		closedir(proc);
	fflush(stdout);
}

static pid_t children[MAX_TASKS];
static int child_count;
static int task_count;
static const char *task_role[MAX_TASKS];

/* A process with some threads; the supervisor itself stays single-threaded */
static void start(const char *role, int count, void *(*first)(void *), void *(*rest)(void *))
{
	pthread_t ids[MAX_TASKS];
	int base = task_count;
	pid_t pid;
	int i;

	if (task_count + count > MAX_TASKS) {
		fprintf(stderr, "too many threads\n");
		exit(2);
	}
	for (i = 0; i < count; i++)
		task_role[base + i] = role;
	task_count += count;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid) {
		children[child_count++] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, role);
	for (i = 0; i < count; i++)
		if (pthread_create(&ids[i], NULL, i ? rest : first, (void *)(intptr_t)(base + i)))
			die("pthread_create");
	for (i = 0; i < count; i++)
		pthread_join(ids[i], NULL);
	exit(0);
}

static bool anybody_stuck(void)
{
	static unsigned long seen[MAX_TASKS];
	static double since[MAX_TASKS];
	bool stuck = false;
	int i;

	for (i = 0; i < task_count; i++) {
		unsigned long steps = shared->steps[i] + shared->ended[i];

		if (!since[i] || steps != seen[i]) {
			seen[i] = steps;
			since[i] = now();
		} else if (!shared->ended[i] && now() - since[i] > STUCK_SECONDS) {
			printf("# wrong: task %d (%s) is at %s for %d s, after %lu steps\n", i,
			       task_role[i], op_names[shared->doing[i]], STUCK_SECONDS, steps);
			stuck = true;
		}
	}
	return stuck;
}

/* True when the last of @children from @first on has ended, or @seconds later */
static bool join(int first, double seconds)
{
	double end = now() + seconds;
	bool all;
	int i, status;

	do {
		all = true;
		for (i = first; i < child_count; i++) {
			if (!children[i])
				continue;
			if (waitpid(children[i], &status, WNOHANG) == children[i]) {
				if (status) {
					printf("# wrong: process %d ended with %#x\n", i, status);
					shared->errors++;
				}
				children[i] = 0;
			} else {
				all = false;
			}
		}
		if (!all)
			usleep(20000);
		stats_now();
	} while (!all && now() < end);
	return all;
}

static int hung(const char *what)
{
	printf("# hang: %s\n", what);
	print_stacks();
	return 3;
}

static void remove_all(void)
{
	char path[96];
	int i;

	for (i = 0; i < instances; i++) {
		sprintf(path, CONFIGFS "/micro_count.%d", i);
		if (rmdir(path) && errno != ENOENT) {
			printf("# wrong: last rmdir: %s\n", strerror(errno));
			shared->errors++;
		}
	}
	write_to(PARAMETERS "/device", "0");
}

/* Files are put some time after close(2) returned, where io_uring had them */
static int unload(const char *name)
{
	double end = now() + 20;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno == ENOENT)
			return 0;
		if (now() > end) {
			printf("# wrong: rmmod %s: %s\n", name, strerror(errno));
			shared->errors++;
			return -1;
		}
		usleep(50000);
	}
	return 0;
}

static bool modprobe_runs(void)
{
	char path[300], comm[32] = "";
	DIR *proc = opendir("/proc");
	struct dirent *d;
	bool runs = false;
	FILE *f;

	while (proc && !runs && (d = readdir(proc))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		sprintf(path, "/proc/%s/comm", d->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		runs = fgets(comm, sizeof(comm), f) && !strcmp(comm, "modprobe\n");
		fclose(f);
	}
	if (proc)
		closedir(proc);
	return runs;
}

/* mkdir does not wait for it, and it would load what is about to be unloaded */
static void no_modprobe(void)
{
	double end = now() + 60;

	write_to("/proc/sys/kernel/modprobe", "\n");
	do
		usleep(100000);
	while (modprobe_runs() && now() < end);
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static void usage(void)
{
	printf("Usage: micro-stress [OPTION]...\n"
	       "  --seed N         for the decisions of each task (default: the time)\n"
	       "  --seconds N      ends after that time (default 10)\n"
	       "  --unplugs N      ends when so many instances were unplugged with files open;\n"
	       "                   an error if --seconds come first\n"
	       "  --processes N    that open files (default %d)\n"
	       "  --threads N      in each of them (default %d)\n"
	       "  --chaos N        threads that unplug (default 3)\n"
	       "  --instances N    (default %d)\n"
	       "  --pause MS       between reloads of the driver's module (default %d)\n"
	       "  --no-reload      never\n"
	       "  --no-fork        in openers: it takes much of the time of a sanitizer kernel\n"
	       "  --kill           those who wait in configfs, at times\n"
	       "  --verbose        results of each operation\n"
	       "Needs microkernel.ko loaded, and micro_count.ko in the current folder.\n",
	       processes, threads, instances, pause_ms);
}

int main(int argc, char **argv)
{
	int chaoses = 3, seconds = 10, unplugs = 0;
	long enough;
	int no_reload = 0, no_fork = 0, kill_some = 0, verbose = 0;
	const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "no-reload", no_argument, &no_reload, 1 },
		{ "no-fork", no_argument, &no_fork, 1 },
		{ "kill", no_argument, &kill_some, 1 },
		{ "verbose", no_argument, &verbose, 1 },
		{ "seconds", required_argument, &seconds, NUMBER },
		{ "unplugs", required_argument, &unplugs, NUMBER },
		{ "processes", required_argument, &processes, NUMBER },
		{ "threads", required_argument, &threads, NUMBER },
		{ "chaos", required_argument, &chaoses, NUMBER },
		{ "instances", required_argument, &instances, NUMBER },
		{ "pause", required_argument, &pause_ms, NUMBER },
		{ }
	};
	struct sigaction bus = { .sa_handler = on_bus, .sa_flags = SA_NODEFER };
	struct sigaction io = { .sa_handler = on_io };
	unsigned long calls = 0;
	struct stats s;
	double begin, end;
	int c, i;

	seed = time(NULL);
	while ((c = getopt_long(argc, argv, "", options, &i)) != -1) {
		if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else if (c == 0) {
			if (options[i].val == NUMBER)
				*options[i].flag = atoi(optarg);
		} else {
			usage();
			return c == 'h' ? 0 : 2;
		}
	}
	forks = !no_fork;
	kills = kill_some;
	if (instances < 1 || instances >= MAX_INSTANCES) {
		usage();
		return 2;
	}
	printf("# seed %llu\n", (unsigned long long)seed);

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	module_fd = open("micro_count.ko", O_RDONLY | O_CLOEXEC);
	if (module_fd < 0)
		die("micro_count.ko");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg");
	if (load() && errno != EEXIST)
		die("loading micro_count.ko");
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, wire))
		die("socketpair");
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGIO, &io, NULL);

	begin = now();
	start("chaos", chaoses + !no_reload, no_reload ? chaos : reloader, chaos);
	for (i = 0; i < processes; i++)
		start("opener", threads, opener, opener);

	do {
		usleep(200000);
		s = stats_now();
		if (anybody_stuck())
			return hung("a task gets nowhere");
		if (waitpid(-1, NULL, WNOHANG | WNOWAIT) > 0)
			break;
		/* while a module goes, its own figures may be there twice */
		enough = no_reload ? s.unplugs_open : past.unplugs_open;
	} while (now() - begin < seconds && !(unplugs && enough >= unplugs) &&
		 !shared->errors && !s.bad);

	shared->stop = true;
	if (!join(0, 0) && children[0]) {
		end = now() + STUCK_SECONDS;
		while (children[0] && now() < end)
			join(0, 0);
		if (children[0])
			return hung("chaos does not end");
	}
	shared->leave = true;
	remove_all();
	close(wire[0]);
	close(wire[1]);
	if (!join(0, STUCK_SECONDS))
		return hung("an opener does not end");

	/* What rmdir did not wait for goes on */
	for (end = now() + STUCK_SECONDS;; usleep(10000)) {
		i = entries("/dev/micro") + entries("/sys/bus/micro_bus/devices") +
		    entries("/sys/class/micro");
		if (!i || now() > end)
			break;
	}
	if (i) {
		printf("# wrong: %d things are left of instances\n", i);
		shared->errors++;
	}
	no_modprobe();
	unload("micro_count");
	unload("microkernel");
	s = stats_now();

	if (verbose)
		for (i = 0; i < OPS; i++)
			printf("# %-10s %9lu ok %9lu gone %9lu other\n", op_names[i],
			       shared->ok[i], shared->nodev[i], shared->other[i]);
	if (kmsg_lost) {
		printf("# wrong: messages of the kernel log were lost\n");
		shared->errors++;
	}
	if (s.opens != s.releases || s.opens != (long)shared->ok[OP_OPEN]) {
		printf("# wrong: %lu files opened, the driver saw %ld opens and %ld releases\n",
		       shared->ok[OP_OPEN], s.opens, s.releases);
		shared->errors++;
	}
	if (s.unplugs != s.removes || s.probes != s.removes) {
		printf("# wrong: %ld probe(), %ld unplug() and %ld remove()\n", s.probes, s.unplugs,
		       s.removes);
		shared->errors++;
	}
	if (s.bad) {
		printf("# wrong: the driver saw %ld things that should not be\n", s.bad);
		shared->errors++;
	}
	if (s.unplugs_open < unplugs) {
		printf("# wrong: %ld unplugs with files open, not %d\n", s.unplugs_open, unplugs);
		shared->errors++;
	}
	for (i = 0; i < OPS; i++)
		calls += shared->ok[i] + shared->nodev[i] + shared->other[i];
	printf("# %.0f s: %ld unplugs, %ld with files open; %ld opens, %ld releases; %d unloads\n",
	       now() - begin, s.unplugs, s.unplugs_open, s.opens, s.releases, unloads);
	printf("# %lu writes were not waited for\n", shared->unwaited);
	printf("# %lu calls, %ld reached the driver; %lu SIGIO; %d wrong\n", calls, s.calls,
	       shared->sigio, shared->errors);
	return shared->errors ? 1 : 0;
}
