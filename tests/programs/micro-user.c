// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-user: a device that a process serves, used while that process answers, dies, hangs
 * or lies (usage: unplug.h; NODE is /dev/micro/DRIVER.x, COMMAND takes it away)
 *
 * Both sides are here. What the server does with a request is written in memory that the
 * test shares with it, and what it has seen, too.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>
#include <sys/epoll.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <linux/netlink.h>

#include <uapi/micro_user.h>

#include "unplug.h"
#include "userfault.h"

#define DEVICES		64
#define BYTES		64
#define CMD_TURN	_IOWR('u', 1, char[BYTES])	/* each byte + 1 */
#define CMD_ARG		_IO('u', 2)			/* returns the argument */
#define CMD_ERROR	_IO('u', 3)			/* answers with minus the argument */
#define CMD_ATTEMPT	_IO('u', 4)			/* which attempt is it? */
#define CMD_DIE		_IO('u', 5)			/* dies in the first attempts */
#define CMD_WHO		_IO('u', 7)			/* notes who asks */
#define CMD_NOTE	_IO('u', 8)			/* notes the file */
#define CMD_BIG		_IOWR('u', 9, char[200])
#define CMD_GET		_IOR('u', 6, char[BYTES])	/* answers, and writes nothing */

enum what {
	ANSWER,
	HOLD,		/* take it, and do not answer, see held_end */
	DIE,
	NOT_NOW,
	BLANK,		/* answer, and write nothing */
	SHORT,		/* write all, and answer that it is one byte */
};

struct served {
	atomic_int pid;
	atomic_int ready;
	atomic_int seen[16];
	atomic_int reads;
	atomic_int what;		/* with READ */
	atomic_int slow_ms;		/* before each answer to READ */
	atomic_int dies;		/* CMD_DIE: while attempt is lower */
	atomic_int restored;
	atomic_int end;			/* of NEXT: which errno */
	atomic_ullong cookie, first_id, last_id;
	atomic_int attempt;
	atomic_ullong undelivered;
	atomic_llong undelivered_result, undelivered_taken;
	atomic_ullong last_file;
	atomic_int instance;
	atomic_int pid_seen, uid_seen, gid_seen;
	atomic_ullong notes[4];
	atomic_int noted;
	char state[MICRO_USER_STATE];
	atomic_int restore_error, probe_error, probes_held, restores_held, later;
	atomic_ullong poison;		/* the file whose RESTORE kills the server */
	atomic_int held_end;		/* what was held is answered, too late */
	atomic_int leaves;		/* with the first attempt of CMD_TURN, while it writes */
};

static struct served *shared;
static char server_node[128];

struct device {
	unsigned int instance;
	char *data, *memory;
	unsigned long memory_size;
};

struct server {
	int fd;
	struct micro_user_attach attach;
	bool copying;
	unsigned int ring, max;
	struct micro_user_record *records;
};

static int attach(int fd, unsigned int flags, unsigned int rings, struct micro_user_attach *a)
{
	memset(a, 0, sizeof(*a));
	a->size = sizeof(*a);
	a->version = MICRO_USER_VERSION;
	a->flags = flags;
	a->rings = rings;
	return ioctl(fd, MICRO_USER_ATTACH, a);
}

static int next(int fd, unsigned int ring, unsigned int max, struct micro_user_reply *replies,
		unsigned int n)
{
	struct micro_user_next next = {
		.size = sizeof(next),
		.ring = ring,
		.max = max,
		.nr_replies = n,
		.replies = (uintptr_t)replies,
	};

	return ioctl(fd, MICRO_USER_NEXT, &next);
}

static int notify(int fd, uint64_t file, uint32_t instance, uint32_t events)
{
	struct micro_user_notify n = {
		.size = sizeof(n),
		.file = file,
		.instance = instance,
		.events = events,
	};

	return ioctl(fd, MICRO_USER_NOTIFY, &n);
}

/* Of the server's process: PROBE comes before the rest, so there are no races for one */
static struct device devices[DEVICES];

static struct device *device(const struct micro_user_record *rec)
{
	int i;

	for (i = 0; i < DEVICES - 1 && devices[i].instance; i++)
		if (devices[i].instance == rec->instance)
			break;
	return &devices[i];
}

static void probed(struct server *s, const struct micro_user_record *rec)
{
	struct device *d = device(rec);

	if (d->instance)
		return;
	d->data = mmap(NULL, rec->u.probe.data_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		       rec->u.probe.data_offset);
	check(d->data != MAP_FAILED);
	if (rec->u.probe.memory_size) {
		d->memory = mmap(NULL, rec->u.probe.memory_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				 s->fd, rec->u.probe.memory_offset);
		check(d->memory != MAP_FAILED);
		d->memory_size = rec->u.probe.memory_size;
	}
	d->instance = rec->instance;
}

static __noreturn void *write_on(void *data)
{
	for (;;)
		memset(data, 'X', BYTES);
}

/* One thread ends the session, and another does not stop to write, until there is SIGBUS */
static __noreturn void leave(int fd, char *data)
{
	pthread_t thread;
	int i;

	/* Many pages make it last: those with lower offsets are taken away first */
	for (i = 0; i < DEVICES; i++)
		if (devices[i].memory)
			memset(devices[i].memory, 1, devices[i].memory_size);
	check(!pthread_create(&thread, NULL, write_on, data));
	usleep(1000);
	check_is(ioctl(fd, MICRO_USER_DETACH), 0);
	pthread_join(thread, NULL);
	_exit(0);
}

/* Returns whether to answer */
static bool handle(const struct micro_user_record *rec, char *data,
		   struct micro_user_reply *reply)
{
	unsigned int i;

	memset(reply, 0, sizeof(*reply));
	reply->size = sizeof(*reply);
	reply->id = rec->id;
	reply->slot = rec->slot;
	if (rec->type < 16)
		shared->seen[rec->type]++;
	switch (rec->type) {
	case MICRO_USER_PROBE:
		shared->instance = rec->instance;
		reply->result = -shared->probe_error;
		if (shared->probes_held)
			return false;
		break;
	case MICRO_USER_RESTORE:
		shared->cookie = rec->cookie;
		memcpy(shared->state, rec->u.restore.state, sizeof(shared->state));
		shared->last_file = rec->file;
		if (rec->file == shared->poison)
			kill(getpid(), SIGKILL);
		if (shared->restores_held)
			return false;
		reply->result = -shared->restore_error;
		shared->restored++;
		break;
	case MICRO_USER_OPEN:
		shared->last_file = rec->file;
		shared->pid_seen = rec->pid;
		shared->uid_seen = rec->uid;
		reply->flags = MICRO_USER_COOKIE;
		reply->cookie = 1000 + rec->file;
		break;
	case MICRO_USER_READ:
		shared->first_id = shared->first_id ?: rec->id;
		shared->last_id = rec->id;
		shared->attempt = rec->attempt;
		if (shared->slow_ms)
			usleep(shared->slow_ms * 1000);
		switch (shared->what) {
		case HOLD:
			return false;
		case DIE:
			kill(getpid(), SIGKILL);
			break;
		case NOT_NOW:
			reply->result = -EAGAIN;
			return true;
		}
		reply->result = rec->count < BYTES ? rec->count : BYTES;
		if (data && shared->what != BLANK)
			memset(data, 'a' + shared->reads % 26, reply->result);
		if (shared->what == SHORT)
			reply->result = 1;
		shared->reads++;
		break;
	case MICRO_USER_WRITE:
		reply->result = rec->count;
		if (rec->count && data[0] == 'S') {
			reply->flags = MICRO_USER_SAVED;
			memcpy(reply->state, data, rec->count < 32 ? rec->count : 32);
		}
		break;
	case MICRO_USER_IOCTL:
		shared->attempt = rec->attempt;
		switch (rec->u.ioctl.cmd) {
		case CMD_TURN:
			for (i = 0; i < rec->count; i++)
				data[i]++;
			break;
		case CMD_ARG:
			reply->result = rec->u.ioctl.arg;
			break;
		case CMD_ERROR:
			reply->result = -(long long)rec->u.ioctl.arg;
			break;
		case CMD_ATTEMPT:
			reply->result = rec->attempt;
			break;
		case CMD_DIE:
			if (rec->attempt < (unsigned int)shared->dies)
				kill(getpid(), SIGKILL);
			reply->result = rec->attempt;
			break;
		case CMD_WHO:
			shared->pid_seen = rec->pid;
			shared->uid_seen = rec->uid;
			shared->gid_seen = rec->gid;
			break;
		case CMD_NOTE:
			shared->notes[shared->noted++ % 4] = rec->file;
			break;
		case CMD_GET:
			break;
		default:
			reply->result = -ENOTTY;
		}
		break;
	case MICRO_USER_LLSEEK:
		reply->result = rec->u.llseek.whence == SEEK_SET ? rec->u.llseek.offset : -EINVAL;
		break;
	case MICRO_USER_UNDELIVERED:
		shared->undelivered = rec->u.undelivered.id;
		shared->undelivered_result = rec->u.undelivered.result;
		shared->undelivered_taken = rec->u.undelivered.taken;
		break;
	}
	return rec->id;
}

static void serve_ring(struct server *s)
{
	struct micro_user_reply replies[64], held[16];
	unsigned int n = 0, nr_held = 0;
	int got, i;

	for (;;) {
		while (nr_held && shared->held_end)
			replies[n++] = held[--nr_held];
		got = next(s->fd, s->ring, s->max, replies, n);
		n = 0;
		if (got < 0) {
			shared->end = errno;
			if (errno == EINTR)
				continue;
			return;
		}
		if (!got) {
			if (!ioctl(s->fd, MICRO_USER_READY))
				shared->ready++;
			else
				usleep(1000);
			continue;
		}
		for (i = 0; i < got; i++) {
			struct micro_user_record *rec = &s->records[i];

			check_is(rec->size, sizeof(*rec));
			if (rec->type == MICRO_USER_PROBE)
				probed(s, rec);
			if (rec->type == MICRO_USER_IOCTL && rec->u.ioctl.cmd == CMD_TURN &&
			    !rec->attempt && shared->leaves)
				leave(s->fd, device(rec)->data + rec->data);
			if (handle(rec, device(rec)->data + rec->data, &replies[n]))
				n++;
			else if (rec->id && nr_held < 16)
				held[nr_held++] = replies[n];
		}
	}
}

static void serve_copying(struct server *s)
{
	static struct {
		struct micro_user_record rec;
		char data[1 << 17];
	} in;
	static struct {
		struct micro_user_reply reply;
		char data[1 << 17];
	} out;

	for (;;) {
		ssize_t got = read(s->fd, &in, sizeof(in));
		size_t size = sizeof(out.reply);

		if (got < 0 && errno == EAGAIN) {
			if (!ioctl(s->fd, MICRO_USER_READY))
				shared->ready++;
			continue;
		}
		if (got < 0) {
			shared->end = errno;
			if (errno == EINTR)
				continue;
			return;
		}
		check(got >= (ssize_t)sizeof(in.rec));
		memcpy(out.data, in.data, got - sizeof(in.rec));
		if (!handle(&in.rec, out.data, &out.reply))
			continue;
		if (in.rec.type == MICRO_USER_READ && out.reply.result > 0)
			size += out.reply.result;
		if (in.rec.type == MICRO_USER_IOCTL && out.reply.result >= 0)
			size += in.rec.room;
		check_is(write(s->fd, &out, size), size);
	}
}

static void *serve_thread(void *arg)
{
	serve_ring(arg);
	return NULL;
}

static __noreturn void serve(unsigned int flags, bool copying, unsigned int rings, unsigned int max)
{
	struct server s[8] = { };
	pthread_t thread;
	unsigned int i;

	s[0].fd = open(server_node, O_RDWR | O_CLOEXEC);
	check(s[0].fd >= 0);
	check_is(attach(s[0].fd, flags, rings, &s[0].attach), 0);
	s[0].copying = copying;
	s[0].max = max;
	for (i = 0; i < rings && !copying; i++) {
		if (i)
			s[i] = s[0];
		s[i].ring = i;
		s[i].records = mmap(NULL, s[0].attach.ring_size, PROT_READ, MAP_SHARED, s[0].fd,
				    s[0].attach.ring_offset + i * s[0].attach.ring_size);
		check(s[i].records != MAP_FAILED);
	}
	for (i = 1; i < rings; i++)
		check(!pthread_create(&thread, NULL, serve_thread, &s[i]));
	if (copying)
		serve_copying(&s[0]);
	else
		serve_ring(&s[0]);
	exit(0);
}

/* A child that does not outlive the test, whose output somebody waits for */
static pid_t child(void)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void halt(pid_t pid)
{
	check_is(kill(pid, SIGSTOP), 0);
	wait_until(task_state(pid) == 'T');
}

static pid_t launch(unsigned int flags, bool copying, unsigned int rings, unsigned int max)
{
	pid_t pid = child();

	if (!pid) {
		/* A client's file that it held would not be closed when the client closes it */
		close_range(3, ~0U, 0);
		serve(flags, copying, rings, max);
	}
	return pid;
}

static pid_t start_with(unsigned int flags, bool copying, unsigned int rings, unsigned int max)
{
	int ready = shared->ready;
	pid_t pid = launch(flags, copying, rings, max);

	if (shared->probes_held)
		return pid;
	wait_until(shared->ready > ready);
	return pid;
}

static pid_t start(void)
{
	return start_with(0, false, 1, 8);
}

static void stop(pid_t pid)
{
	check_is(kill(pid, SIGKILL), 0);
	check_is(waitpid(pid, NULL, 0), pid);
}

/* What sysfs says of the server */
static void attribute(const char *name, char *text, size_t size)
{
	const char *base = strrchr(server_node, '/') + 1;
	char path[256];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/micro_bus/devices/%s/%s", base, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	check(fd >= 0);
	len = read(fd, text, size - 1);
	check(len > 0);
	text[len - 1] = 0;
	close(fd);
}

static bool state_is(const char *state)
{
	char text[32];

	attribute("state", text, sizeof(text));
	return !strcmp(text, state);
}

static long number(const char *name)
{
	char text[32];

	attribute(name, text, sizeof(text));
	return atol(text);
}

static long do_read(int fd)
{
	char text[BYTES];

	return read(fd, text, sizeof(text));
}

static long do_write(int fd)
{
	return write(fd, "bytes", 5);
}

static long do_die(int fd)
{
	return ioctl(fd, CMD_DIE);
}

static long do_attempt(int fd)
{
	return ioctl(fd, CMD_ATTEMPT);
}

static long do_turn(int fd)
{
	char text[BYTES];
	long ret;
	int i;

	memset(text, 'a', sizeof(text));
	ret = ioctl(fd, CMD_TURN, text);
	for (i = 0; i < BYTES; i++)
		check(text[i] == (ret ? 'a' : 'b'));
	return ret;
}

static long do_note(int fd)
{
	return ioctl(fd, CMD_NOTE);
}

static long do_open(int fd)
{
	(void)fd;
	return open(node, O_RDWR | O_CLOEXEC);
}

static void nothing(int sig)
{
	(void)sig;
}

static void expect_in_hand(int type, int n)
{
	wait_until(shared->seen[type] >= n);
}

/* All operations, answered */
static void use(void)
{
	char text[BYTES + 1] = "", zero[BYTES] = "";
	int fd = open_node(O_RDWR);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	char *volatile bad = (char *)8;
	int i;

	check_is(shared->pid_seen, getpid());
	shared->reads = 0;
	check_is(read(fd, text, 3), 3);
	check(!strcmp(text, "aaa"));
	check_is(read(fd, text, sizeof(text)), BYTES);
	check(text[0] == 'b' && text[BYTES - 1] == 'b');
	check_is(write(fd, "hello", 5), 5);
	check_is(write(fd, "", 0), 0);
	for (i = 0; i < BYTES; i++)
		text[i] = i;
	check_is(ioctl(fd, CMD_TURN, text), 0);
	for (i = 0; i < BYTES; i++)
		check(text[i] == (char)(i + 1));
	memset(text, 1, sizeof(text));
	check_is(ioctl(fd, CMD_GET, text), 0);
	check(!memcmp(text, zero, BYTES));
	check_fails(ioctl(fd, CMD_TURN, NULL), EFAULT);
	check_fails(ioctl(fd, CMD_GET, NULL), EFAULT);
	check_is(ioctl(fd, CMD_ARG, 77), 77);
	check_fails(ioctl(fd, CMD_ERROR, EXDEV), EXDEV);
	/* what is not for programs */
	check_fails(ioctl(fd, CMD_ERROR, 512), EIO);
	check_fails(ioctl(fd, CMD_ERROR, 5000), EIO);
	check_fails(ioctl(fd, _IO('u', 99)), ENOTTY);
	check_is(lseek(fd, 100, SEEK_SET), 100);
	check_is(lseek(fd, 5, SEEK_CUR), 105);
	check_fails(lseek(fd, 0, SEEK_END), EINVAL);
	check_is(poll(&p, 1, 0), 1);
	check_is(p.revents, POLLIN | POLLOUT);
	/* a bad address: the server hears that its answer was not taken */
	check_fails(read(fd, bad, 7), EFAULT);
	expect_in_hand(MICRO_USER_UNDELIVERED, 1);
	check_fails(write(fd, bad, 7), EFAULT);
	i = shared->seen[MICRO_USER_RELEASE];
	check_is(close(fd), 0);
	expect_in_hand(MICRO_USER_RELEASE, i + 1);
}

/* The server is told who asks, which need not be who opened the file */
static void test_who(void)
{
	pid_t server = start(), pid;
	int fd = open_node(O_RDWR);

	check_is(shared->uid_seen, 0);
	pid = child();
	if (!pid) {
		check_is(setgid(1234), 0);
		check_is(setuid(5678), 0);
		check_is(ioctl(fd, CMD_WHO), 0);
		check_is(shared->pid_seen, getpid());
		check_is(shared->uid_seen, 5678);
		check_is(shared->gid_seen, 1234);
		_exit(0);
	}
	end_child(pid);
	check_is(ioctl(fd, CMD_WHO), 0);
	check_is(shared->uid_seen, 0);
	check_is(shared->gid_seen, 0);
	stop(server);
}

/* "operations" has read alone: for the others there are the VFS's own answers */
static void test_few(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	struct stat st;

	check_is(fstat(fd, &st), 0);
	check_is(st.st_mode & 07777, 0640);
	check_is(do_read(fd), BYTES);
	check_fails(do_write(fd), EINVAL);
	check_fails(ioctl(fd, CMD_ARG, 1), ENOTTY);
	check_fails(lseek(fd, 0, SEEK_SET), ESPIPE);
	check_is(poll(&p, 1, 0), 1);
	check_is(p.revents, POLLIN | POLLOUT);
	check_is(close(fd), 0);
	check_is(do_read(open_node(O_RDONLY)), BYTES);
	check_is(shared->seen[MICRO_USER_READ], 2);
	check_is(shared->seen[MICRO_USER_OPEN] + shared->seen[MICRO_USER_RELEASE] +
		 shared->seen[MICRO_USER_WRITE] + shared->seen[MICRO_USER_IOCTL] +
		 shared->seen[MICRO_USER_LLSEEK], 0);
	stop(server);
}

/* "data-size" is 100: longer ioctls fail, and longer reads are cut */
static void test_big(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	char text[200] = "";

	check_fails(ioctl(fd, CMD_BIG, text), E2BIG);
	check_is(shared->seen[MICRO_USER_IOCTL], 0);
	check_is(write(fd, text, sizeof(text)), 100);
	check_is(ioctl(fd, CMD_TURN, text), 0);
	stop(server);
}

static void expect_zeros(int fd)
{
	char text[BYTES];
	int i;

	shared->what = BLANK;
	memset(text, 'y', sizeof(text));
	check_is(read(fd, text, BYTES), BYTES);
	for (i = 0; i < BYTES; i++)
		check_is(text[i], 0);
}

/* What the server does not write are zeros, whoever had the memory before */
static void test_blank(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR), other = open_node(O_RDWR);
	char text[BYTES];

	memset(text, 'x', sizeof(text));
	check_is(write(fd, text, BYTES), BYTES);
	check_is(do_read(fd), BYTES);
	expect_zeros(other);
	/* nor is it there for the next one if it has written more than it said */
	shared->what = SHORT;
	check_is(do_read(fd), 1);
	expect_zeros(other);
	stop(server);
}

static void test_use(void)
{
	pid_t pid = start();

	use();
	stop(pid);
}

static void test_copying(void)
{
	pid_t pid = start_with(0, true, 1, 1);

	use();
	stop(pid);
}

static void *use_thread(void *arg)
{
	int i, fd = open_node(O_RDWR);
	char text[BYTES];

	(void)arg;
	for (i = 0; i < 150; i++) {
		check_is(ioctl(fd, CMD_ARG, i), i);
		memset(text, i, sizeof(text));
		check_is(ioctl(fd, CMD_TURN, text), 0);
		check(text[0] == (char)(i + 1) && text[BYTES - 1] == (char)(i + 1));
	}
	close(fd);
	return NULL;
}

static void many(unsigned int rings, unsigned int max)
{
	pid_t pid = start_with(0, false, rings, max);
	pthread_t threads[12];
	unsigned int i;

	for (i = 0; i < 12; i++)
		check(!pthread_create(&threads[i], NULL, use_thread, NULL));
	for (i = 0; i < 12; i++)
		check(!pthread_join(threads[i], NULL));
	stop(pid);
}

static void test_many(void)
{
	many(1, 8);
}

/* Does the kernel's log have it? */
static bool logged(const char *text)
{
	static char log[1 << 18];
	int len = klogctl(3, log, sizeof(log) - 1);

	check(len > 0);
	log[len] = 0;
	return strstr(log, text);
}

/* A struct that ends with its page: no byte behind it is read, or logged */
static void attach_short(int fd)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int *a;

	check(page != MAP_FAILED);
	check_is(mprotect(page + 4096, 4096, PROT_NONE), 0);
	a = (unsigned int *)(page + 4096 - 8);
	a[0] = 8;
	a[1] = 9;
	check_fails(ioctl(fd, MICRO_USER_ATTACH, a), EINVAL);
	check(logged("attach: a struct of 8 bytes, version 9, flags 0x0;"));
	a[1] = 4;
	check_fails(ioctl(fd, MICRO_USER_ATTACH, &a[1]), EINVAL);
	check(logged("attach: a struct of 4 bytes, version 0, flags 0x0;"));
	a[0] = sizeof(struct micro_user_attach);
	check_fails(ioctl(fd, MICRO_USER_ATTACH, a), EFAULT);
	check_is(munmap(page, 8192), 0);
}

/* Good answers before a bad one count */
static void reply_bad(int fd, const struct micro_user_record *ring)
{
	struct micro_user_reply replies[3] = { };
	struct call c[3];
	int i;

	for (i = 0; i < 3; i++) {
		begin_call(&c[i], do_open, 0);
		/* one after the other, each in a record of its own */
		check_is(next(fd, 0, 1, NULL, 0), 1);
		check_is(ring->type, MICRO_USER_OPEN);
		replies[i].size = sizeof(replies[i]);
		replies[i].id = ring->id;
		replies[i].slot = ring->slot;
	}
	replies[1].flags = 128;
	check_fails(next(fd, 0, 0, replies, 3), EINVAL);
	check_is(close(end_call(&c[0])), 0);
	check_is(next(fd, 0, 1, NULL, 0), 1);
	check_is(ring->type, MICRO_USER_RELEASE);
	check(strchr("SD", task_state(c[1].tid)) && strchr("SD", task_state(c[2].tid)));
	replies[1].flags = 0;
	check_is(next(fd, 0, 0, replies + 1, 2), 0);
	for (i = 1; i < 3; i++) {
		check_is(close(end_call(&c[i])), 0);
		check_is(next(fd, 0, 1, NULL, 0), 1);
	}
}

/* What the server says wrongly, and what is not for everybody */
static void test_abi(void)
{
	struct micro_user_attach a;
	struct micro_user_reply reply = { .size = sizeof(reply) };
	struct micro_user_record rec;
	char text[128];
	int fd, second;
	void *p;
	pid_t pid;

	fd = open(server_node, O_RDWR | O_CLOEXEC);
	check(fd >= 0);
	check_fails(next(fd, 0, 1, NULL, 0), ENOTCONN);
	check_fails(ioctl(fd, MICRO_USER_READY), ENOTCONN);
	check_fails(read(fd, &rec, sizeof(rec)), ENOTCONN);
	check_fails(write(fd, &reply, sizeof(reply)), ENOTCONN);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	check(p == MAP_FAILED && errno == ENOTCONN);
	check_fails(attach(fd, 8, 1, &a), EINVAL);
	check_fails(attach(fd, 0, 65, &a), EINVAL);
	attach(fd, 8, 1, &a);
	a.flags = 0;
	a.version = 2;
	check_fails(ioctl(fd, MICRO_USER_ATTACH, &a), EINVAL);
	snprintf(text, sizeof(text), "attach: a struct of %zu bytes, version 2, flags 0x0; this is",
		 sizeof(a));
	check(logged(text));
	check(logged("attach: at most 64 rings of 256 entries"));
	a.version = 1;
	a.size = 8;
	check_fails(ioctl(fd, MICRO_USER_ATTACH, &a), EINVAL);
	check_fails(ioctl(fd, MICRO_USER_ATTACH, NULL), EFAULT);
	attach_short(fd);
	check(state_is("waiting"));

	check_is(attach(fd, 0, 2, &a), 0);
	check(state_is("starting"));
	check_is(number("server"), getpid());
	check_fails(attach(fd, 0, 1, &a), EALREADY);
	second = open(server_node, O_RDWR | O_CLOEXEC);
	check_fails(attach(second, 0, 1, &a), EBUSY);
	snprintf(text, sizeof(text), "attach: process %d serves already", getpid());
	check(logged(text));
	check_fails(ioctl(second, MICRO_USER_READY), ENOTCONN);

	/* there is the device to hear of */
	check_fails(ioctl(fd, MICRO_USER_READY), EBUSY);
	check_fails(next(fd, 2, 1, NULL, 0), EINVAL);
	check_fails(next(fd, 0, 33, NULL, 0), EINVAL);
	check_fails(next(fd, 0, 1, NULL, 1), EFAULT);
	check_is(read(fd, &rec, sizeof(rec)), sizeof(rec));
	check_is(rec.type, MICRO_USER_PROBE);
	check(!strcmp(rec.u.probe.name, strrchr(node, '/') + 1));
	check_fails(ioctl(fd, MICRO_USER_READY), EBUSY);
	reply.id = rec.id + 1;
	reply.slot = rec.slot;
	check_is(write(fd, &reply, sizeof(reply)), sizeof(reply));
	check_is(number("stale"), 1);
	reply.id = rec.id;
	reply.flags = 128;
	check_fails(write(fd, &reply, sizeof(reply)), EINVAL);
	reply.flags = 0;
	check_fails(write(fd, &reply, 8), EINVAL);
	check_is(write(fd, &reply, sizeof(reply)), sizeof(reply));
	check_fails(read(fd, &rec, sizeof(rec)), EAGAIN);
	check_is(ioctl(fd, MICRO_USER_READY), 0);
	check_fails(ioctl(fd, MICRO_USER_READY), EALREADY);
	check(state_is("serving"));
	check_fails(read(fd, &rec, 8), EMSGSIZE);
	check_fails(notify(fd, 12345, 0, EPOLLIN), ENOENT);
	check_fails(notify(fd, 0, 12345, EPOLLIN), ENOENT);
	check_fails(notify(fd, 0, rec.instance, EPOLLET), EINVAL);
	check_fails(ioctl(fd, _IO(0xbd, 77)), ENOTTY);

	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(p == MAP_FAILED && errno == EACCES);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	check(p == MAP_FAILED && errno == EINVAL);
	p = mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, fd, 0);
	check(p == MAP_FAILED && errno == EINVAL);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	check(p != MAP_FAILED);
	check_fails(mprotect(p, 4096, PROT_READ | PROT_WRITE), EACCES);
	check_is(*(volatile char *)p, 0);
	reply_bad(fd, p);

	/* a child has nothing of it */
	pid = child();
	if (!pid) {
		check_fails(next(fd, 0, 1, NULL, 0), EPERM);
		check_fails(read(fd, &rec, sizeof(rec)), EPERM);
		check_fails(ioctl(fd, MICRO_USER_DETACH), EPERM);
		p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		check(p == MAP_FAILED && errno == EPERM);
		_exit(0);
	}
	end_child(pid);
	check_is(ioctl(fd, MICRO_USER_DETACH), 0);
	check(state_is("waiting"));
	check_fails(next(fd, 0, 1, NULL, 0), ESHUTDOWN);
	check_fails(ioctl(fd, MICRO_USER_DETACH), ESHUTDOWN);
	pid = child();
	if (!pid) {
		signal(SIGBUS, _exit);
		_exit(*(volatile char *)p);
	}
	check_is(waitpid(pid, NULL, 0), pid);
	check_is(attach(second, 0, 1, &a), 0);
	check_is(ioctl(second, MICRO_USER_DETACH), 0);
	check_is(attach(fd, 0, 1, &a), 0);
	check_is(number("sessions"), 3);
	check_is(number("lost"), 0);
	/* a mapping holds the file, as always */
	check_is(munmap(p, 4096), 0);
	check_is(close(fd), 0);
	check_is(number("lost"), 1);
}

/* "Not now" sleeps in the kernel until an event, on each of the ways */
static void test_not_now(void)
{
	pid_t pid = start();
	int fd = open_node(O_RDWR);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct call c;

	shared->what = NOT_NOW;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	check_fails(do_read(fd), EAGAIN);
	check_is(poll(&p, 1, 0), 0);
	p.events = POLLOUT;
	check_is(poll(&p, 1, 0), 1);
	fcntl(fd, F_SETFL, 0);
	begin_call(&c, do_read, fd);
	expect_in_hand(MICRO_USER_READ, 2);
	usleep(20000);

	/* the server is needed for nothing meanwhile, and another may say that it is time */
	stop(pid);
	wait_until(state_is("waiting"));
	shared->what = ANSWER;
	start();
	check_is(shared->restored, 1);
	{
		struct micro_user_attach a;
		struct micro_user_record rec;
		struct micro_user_reply reply = { .size = sizeof(reply), .result = 1 };
		struct { struct micro_user_reply reply; char c; } answer;
		int server = open(server_node, O_RDWR);

		check_is(attach(server, MICRO_USER_TAKEOVER, 1, &a), 0);
		for (;;) {
			if (read(server, &rec, sizeof(rec)) < 0) {
				check(errno == EAGAIN);
				break;
			}
			reply.result = 0;
			reply.id = rec.id;
			reply.slot = rec.slot;
			check_is(write(server, &reply, sizeof(reply)), sizeof(reply));
		}
		check_is(ioctl(server, MICRO_USER_READY), 0);
		p.events = POLLIN;
		check_is(poll(&p, 1, 0), 0);
		check_is(notify(server, 0, rec.instance, EPOLLIN), 0);
		check_is(read(server, &rec, sizeof(rec)), sizeof(rec));
		check_is(rec.type, MICRO_USER_READ);
		check_is(poll(&p, 1, 0), 1);
		/* an event after it was asked counts more than what it answers then */
		reply.id = rec.id;
		reply.slot = rec.slot;
		reply.result = -EAGAIN;
		check_is(notify(server, rec.file, 0, EPOLLIN), 0);
		check_is(write(server, &reply, sizeof(reply)), sizeof(reply));
		check_is(read(server, &rec, sizeof(rec)), sizeof(rec));
		check(rec.id != reply.id);
		answer.reply = reply;
		answer.reply.id = rec.id;
		answer.reply.slot = rec.slot;
		answer.reply.result = 1;
		answer.c = 'x';
		check_is(write(server, &answer, sizeof(reply) + 1), sizeof(reply) + 1);
		check_is(end_call(&c), 1);
		check_is(ioctl(server, MICRO_USER_DETACH), 0);
	}
}

static atomic_int sigios;

static void count_sigio(int sig)
{
	(void)sig;
	sigios++;
}

/* In the copying mode, payload that the request has no place for, or that does not fit */
static void read_too_much(int server, int fd)
{
	struct {
		struct micro_user_reply reply;
		char text[BYTES + 1];
	} answer = { .reply.size = sizeof(answer.reply) };
	struct micro_user_record rec;
	const size_t size = sizeof(answer.reply);
	struct call c;

	begin_call(&c, do_read, fd);
	check_is(read(server, &rec, sizeof(rec)), sizeof(rec));
	check_is(rec.type, MICRO_USER_READ);
	check_is(rec.room, BYTES);
	answer.reply.id = rec.id;
	answer.reply.slot = rec.slot;
	answer.reply.result = BYTES + 1;
	check_fails(write(server, &answer, size + BYTES + 1), EINVAL);
	answer.reply.result = 10;
	check_fails(write(server, &answer, size + 11), EINVAL);
	check_fails(write(server, &answer, size + 9), EINVAL);
	/* none of these was taken */
	check_is(write(server, &answer, size + 10), size + 10);
	check_is(end_call(&c), 10);
	check_is(number("stale"), 0);
}

static void test_sigio(void)
{
	struct micro_user_attach a;
	struct micro_user_record rec;
	struct micro_user_reply reply = { .size = sizeof(reply) };
	int server = open(server_node, O_RDWR), fd;
	struct call c;

	signal(SIGIO, count_sigio);
	check_is(attach(server, 0, 1, &a), 0);
	check_is(read(server, &rec, sizeof(rec)), sizeof(rec));
	reply.id = rec.id;
	reply.slot = rec.slot;
	check_is(write(server, &reply, sizeof(reply)), sizeof(reply));
	check_is(ioctl(server, MICRO_USER_READY), 0);
	begin_call(&c, do_open, 0);
	check_is(read(server, &rec, sizeof(rec)), sizeof(rec));
	reply.id = rec.id;
	reply.slot = rec.slot;
	check_is(write(server, &reply, sizeof(reply)), sizeof(reply));
	fd = end_call(&c);
	check(fd >= 0);
	read_too_much(server, fd);
	check_is(fcntl(fd, F_SETOWN, getpid()), 0);
	check_is(fcntl(fd, F_SETFL, O_ASYNC), 0);
	check_is(notify(server, 0, rec.instance, EPOLLIN), 0);
	wait_until(sigios == 1);
	check_is(notify(server, rec.file, 0, EPOLLOUT), 0);
	wait_until(sigios == 2);
	unplug();
	wait_until(sigios == 3);
	close(fd);
}

/* A server in this process, which takes records one by one: the next is of this type */
static void take(int server, struct micro_user_record *rec, int type)
{
	struct {
		struct micro_user_record rec;
		char data[BYTES];
	} in;
	struct pollfd p = { .fd = server, .events = POLLIN };

	check_is(poll(&p, 1, TIME_LIMIT_S * 1000), 1);
	check(read(server, &in, sizeof(in)) >= (ssize_t)sizeof(in.rec));
	*rec = in.rec;
	check_is(rec->type, type);
}

static void give(int server, const struct micro_user_record *rec, struct micro_user_reply reply)
{
	reply.size = sizeof(reply);
	reply.id = rec->id;
	reply.slot = rec->slot;
	check_is(write(server, &reply, sizeof(reply)), sizeof(reply));
}

/* There is a device, and no file is open on it. Returns the server's file */
static int serve_here(void)
{
	const struct micro_user_reply good = { };
	struct micro_user_attach a;
	struct micro_user_record rec;
	int server = open(server_node, O_RDWR | O_CLOEXEC);

	check_is(attach(server, 0, 1, &a), 0);
	take(server, &rec, MICRO_USER_PROBE);
	give(server, &rec, good);
	check_is(ioctl(server, MICRO_USER_READY), 0);
	return server;
}

/* The device that COMMAND has made */
static int open_other(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s", node);
	path[strlen(path) - 1] = 'y';
	fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0);
	return fd;
}

static int open_here(int server)
{
	const struct micro_user_reply good = { };
	struct micro_user_record rec;
	struct call c;

	begin_call(&c, do_open, 0);
	take(server, &rec, MICRO_USER_OPEN);
	give(server, &rec, good);
	return end_call(&c);
}

/* open() may be told "not now", too, and waits for events of its device */
static void test_opening(void)
{
	const struct micro_user_reply not_now = { .result = -EAGAIN, .events = EPOLLIN };
	const struct micro_user_reply good = { };
	struct micro_user_record rec;
	int server = serve_here(), i;
	struct call c;

	begin_call(&c, do_open, 0);
	for (i = 0; i < 3; i++) {
		take(server, &rec, MICRO_USER_OPEN);
		give(server, &rec, not_now);
		/* until it sleeps again; if it does not yet, it must not miss the event either */
		usleep(i * 100000);
		check_is(notify(server, 0, rec.instance, EPOLLIN), 0);
	}
	take(server, &rec, MICRO_USER_OPEN);
	give(server, &rec, good);
	check(end_call(&c) >= 0);
	check_is(ioctl(server, MICRO_USER_DETACH), 0);
}

/* "Not now" in spite of an earlier hangup: the client is not asked to ask again and again */
static void test_hangup(void)
{
	const struct micro_user_reply not_now = { .result = -EAGAIN };
	struct micro_user_record rec;
	int server = serve_here(), fd = open_here(server);
	struct pollfd p = { .fd = server, .events = POLLIN };
	struct call c;

	begin_call(&c, do_read, fd);
	take(server, &rec, MICRO_USER_READ);
	/* it may have come while the server had the request: that is news */
	check_is(notify(server, 0, rec.instance, EPOLLHUP), 0);
	give(server, &rec, not_now);
	take(server, &rec, MICRO_USER_READ);
	give(server, &rec, not_now);
	check_is(poll(&p, 1, 300), 0);
	check_is(notify(server, rec.file, 0, EPOLLHUP), 0);
	take(server, &rec, MICRO_USER_READ);
	give(server, &rec, not_now);
	check_is(poll(&p, 1, 300), 0);
	check_is(ioctl(server, MICRO_USER_DETACH), 0);
	unplug();
	check_fails(end_call(&c), ENODEV);
}

/* A client is killed with a request in hand, and its file is open in another process */
static void test_shared(void)
{
	struct micro_user_reply saved = {
		.flags = MICRO_USER_COOKIE | MICRO_USER_SAVED,
		.result = 5,
		.cookie = 77,
		.state = "saved",
	};
	struct micro_user_attach a;
	struct micro_user_record rec;
	int server = serve_here(), fd = open_here(server);
	pid_t pid = child();

	if (!pid) {
		do_write(fd);
		_exit(0);
	}
	take(server, &rec, MICRO_USER_WRITE);
	stop(pid);
	give(server, &rec, saved);
	take(server, &rec, MICRO_USER_UNDELIVERED);
	check_is(rec.cookie, 77);

	check_is(ioctl(server, MICRO_USER_DETACH), 0);
	check_is(attach(server, 0, 1, &a), 0);
	take(server, &rec, MICRO_USER_PROBE);
	saved.flags = 0;
	saved.result = 0;
	give(server, &rec, saved);
	take(server, &rec, MICRO_USER_RESTORE);
	check_is(rec.cookie, 77);
	check(!strcmp((char *)rec.u.restore.state, "saved"));
	check_is(ioctl(server, MICRO_USER_DETACH), 0);
	check_is(close(fd), 0);
}

/* What is the last record about a file or a device is not given before the answers are there */
static void test_late(void)
{
	const struct micro_user_reply good = { }, five = { .result = 5 };
	struct micro_user_record rec;
	int server = serve_here(), fd;
	struct pollfd p = { .fd = server, .events = POLLIN };
	struct call c;
	pid_t pid;

	/* the client is killed with a request in hand: its file is closed then */
	pid = child();
	if (!pid) {
		do_read(open_node(O_RDWR));
		_exit(1);
	}
	take(server, &rec, MICRO_USER_OPEN);
	give(server, &rec, good);
	take(server, &rec, MICRO_USER_READ);
	stop(pid);
	check_is(poll(&p, 1, 100), 0);
	give(server, &rec, five);
	take(server, &rec, MICRO_USER_UNDELIVERED);
	take(server, &rec, MICRO_USER_RELEASE);

	/* its device goes */
	fd = open_here(server);
	begin_call(&c, do_read, fd);
	take(server, &rec, MICRO_USER_READ);
	unplug();
	check_fails(end_call(&c), ENODEV);
	check_is(poll(&p, 1, 100), 0);
	give(server, &rec, five);
	take(server, &rec, MICRO_USER_UNDELIVERED);
	take(server, &rec, MICRO_USER_RELEASE);
	take(server, &rec, MICRO_USER_REMOVE);
	check_is(poll(&p, 1, 100), 0);
	check_is(close(fd), 0);
	check_is(number("stale"), 0);
	check_is(ioctl(server, MICRO_USER_DETACH), 0);
}

static struct absent absent;

static long do_write_absent(int fd)
{
	return write(fd, absent.at, absent.size);
}

/*
 * A server writes to a slot that no request of it is in, while a client fills it, and then goes:
 * the next server gets what the client has given
 */
static void test_filling(void)
{
	const struct micro_user_reply good = { };
	size_t page = getpagesize(), i;
	struct uffdio_copy copy = { .len = page };
	static struct {
		struct micro_user_record rec;
		char data[1 << 17];
	} in;
	int server = serve_here(), fd = open_here(server);
	struct pollfd p = { .fd = server, .events = POLLIN };
	struct micro_user_attach a;
	struct micro_user_record rec;
	struct call c;
	char *data, *text;

	begin_call(&c, do_write, fd);
	take(server, &rec, MICRO_USER_WRITE);
	data = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, server,
		    ((off_t)rec.instance << 27) + rec.data);
	check(data != MAP_FAILED);
	check(!memcmp(data, "bytes", 5));
	give(server, &rec, (struct micro_user_reply){ .result = 5 });
	check_is(end_call(&c), 5);

	/* the last page that it is filled from does not come yet */
	absent = absent_new(2);
	text = malloc(page);
	memset(text, 'a', page);
	copy.dst = (uintptr_t)absent.at;
	copy.src = (uintptr_t)text;
	check_is(ioctl(absent.fd, UFFDIO_COPY, &copy), 0);
	begin_call(&c, do_write_absent, fd);
	absent_wanted(&absent);
	check_is(data[1], 'a');
	memset(data, 'X', page);
	check_is(ioctl(server, MICRO_USER_DETACH), 0);

	check_is(attach(server, 0, 1, &a), 0);
	take(server, &rec, MICRO_USER_PROBE);
	give(server, &rec, good);
	take(server, &rec, MICRO_USER_RESTORE);
	give(server, &rec, good);
	check_is(ioctl(server, MICRO_USER_READY), 0);
	copy.dst += page;
	check_is(ioctl(absent.fd, UFFDIO_COPY, &copy), 0);
	check_is(poll(&p, 1, TIME_LIMIT_S * 1000), 1);
	check_is(read(server, &in, sizeof(in)), sizeof(in.rec) + absent.size);
	for (i = 0; i < absent.size; i++)
		check_is(in.data[i], 'a');
	give(server, &in.rec, (struct micro_user_reply){ .result = 5 });
	check_is(end_call(&c), 5);
	check_is(ioctl(server, MICRO_USER_DETACH), 0);
}

static void signal_to(struct call *c)
{
	struct sigaction sa = { .sa_handler = nothing };

	sigaction(SIGUSR1, &sa, NULL);
	check_is(tgkill(getpid(), c->tid, SIGUSR1), 0);
}

/* Without a server, asleep, and in its hands */
static void test_signal(void)
{
	pid_t pid = start();
	int fd = open_node(O_RDWR);
	struct call c;
	int before;

	stop(pid);
	wait_until(state_is("waiting"));
	begin_call(&c, do_read, fd);
	signal_to(&c);
	check_fails(end_call(&c), EINTR);

	pid = start();
	check_is(shared->seen[MICRO_USER_READ], 0);
	shared->what = NOT_NOW;
	begin_call(&c, do_read, fd);
	expect_in_hand(MICRO_USER_READ, 1);
	usleep(100000);
	signal_to(&c);
	check_fails(end_call(&c), EINTR);

	/* in its hands: the answer is what counts */
	shared->what = ANSWER;
	shared->slow_ms = 500;
	before = shared->seen[MICRO_USER_READ];
	begin_call(&c, do_read, fd);
	expect_in_hand(MICRO_USER_READ, before + 1);
	signal_to(&c);
	check_is(end_call(&c), BYTES);
	stop(pid);
}

/* A client that is killed leaves at once, and the server hears of it */
static void test_kill(void)
{
	pid_t server = start(), pid;
	long long begin;
	int fd;

	shared->slow_ms = 2000;
	pid = child();
	if (!pid) {
		fd = open_node(O_RDWR);
		do_read(fd);
		_exit(1);
	}
	expect_in_hand(MICRO_USER_READ, 1);
	begin = now_ms();
	stop(pid);
	check(now_ms() - begin < 1500);
	wait_until(shared->seen[MICRO_USER_UNDELIVERED] == 1);
	check_is(shared->undelivered, shared->first_id);
	check_is(shared->undelivered_result, BYTES);
	check_is(shared->undelivered_taken, 0);
	wait_until(shared->seen[MICRO_USER_RELEASE] == 1);
	shared->slow_ms = 0;
	fd = open_node(O_RDWR);
	check_is(do_read(fd), BYTES);
	stop(server);
}

/* All slots are held by clients that were killed: the next waits, and can be killed */
static void test_slots(void)
{
	pid_t server = start(), pids[16];
	int fd, i, n = 8;
	struct call c;

	fd = open_node(O_RDWR);
	shared->what = HOLD;
	for (i = 0; i < n; i++) {
		pids[i] = child();
		if (!pids[i]) {
			do_read(fd);
			_exit(1);
		}
		expect_in_hand(MICRO_USER_READ, i + 1);
	}
	for (i = 0; i < n; i++)
		stop(pids[i]);
	begin_call(&c, do_read, fd);
	usleep(50000);
	check_is(shared->seen[MICRO_USER_READ], n);
	signal_to(&c);
	check_fails(end_call(&c), EINTR);
	begin_call(&c, do_read, fd);
	shared->what = ANSWER;
	stop(server);
	server = start();
	check_is(end_call(&c), BYTES);
	stop(server);
}

/* COMMAND makes another device, t.y, of which this one's clients take nothing away */
static void test_other(void)
{
	pid_t server = start(), pids[2];
	int fd, i;

	fd = open_node(O_RDWR);
	shared->what = HOLD;
	for (i = 0; i < 2; i++) {
		pids[i] = child();
		if (!pids[i]) {
			do_read(fd);
			_exit(1);
		}
		expect_in_hand(MICRO_USER_READ, i + 1);
	}
	shared->what = ANSWER;
	unplug();
	fd = open_other();
	check_is(do_read(fd), BYTES);
	check_is(ioctl(fd, CMD_ARG, 3), 3);
	for (i = 0; i < 2; i++)
		stop(pids[i]);
	stop(server);
}

/* Without a server: a client is killed, and the others have their turns in their order */
static void test_queued(void)
{
	static const int order[] = { 2, 0, 1 };
	unsigned long long files[3];
	pid_t server = start(), pid;
	struct call c[3];
	long long begin;
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = open_node(O_RDWR);
		files[i] = shared->last_file;
	}
	stop(server);
	wait_until(state_is("waiting"));
	pid = child();
	if (!pid) {
		do_read(fd[0]);
		_exit(1);
	}
	wait_until(task_state(pid) == 'S');
	for (i = 0; i < 3; i++) {
		begin_call(&c[i], do_note, fd[order[i]]);
		usleep(50000);
	}
	begin = now_ms();
	stop(pid);
	check(now_ms() - begin < PROMPTLY_MS);
	server = start();
	for (i = 0; i < 3; i++)
		check_is(end_call(&c[i]), 0);
	check_is(shared->noted, 3);
	for (i = 0; i < 3; i++)
		check(shared->notes[i] == files[order[i]]);
	check_is(shared->seen[MICRO_USER_READ], 0);
	stop(server);
}

#define FILES	300

/* Who opens and closes faster than the server is told of it has to wait */
static void test_closing(void)
{
	pid_t server = start();
	int fd[FILES], i;
	struct call c;

	for (i = 0; i < FILES; i++)
		fd[i] = open_node(O_RDWR);
	halt(server);
	/* that never fails, and never waits */
	for (i = 0; i < FILES; i++)
		check_is(close(fd[i]), 0);
	check_fails(open(node, O_RDWR | O_NONBLOCK), EAGAIN);
	begin_call(&c, do_open, 0);
	usleep(50000);
	signal_to(&c);
	check_fails(end_call(&c), EINTR);
	begin_call(&c, do_open, 0);
	check_is(kill(server, SIGCONT), 0);
	check(end_call(&c) >= 0);
	wait_until(shared->seen[MICRO_USER_RELEASE] == FILES);
	stop(server);
}

/* "open" is "post": nothing is kept of files that the server was never told of */
static void test_posted(void)
{
	pid_t server = start();
	int i, fd;

	halt(server);
	for (i = 0; i < FILES; i++)
		check_is(close(open_node(O_RDWR)), 0);
	check_is(kill(server, SIGCONT), 0);
	fd = open_node(O_RDWR);
	check_is(do_read(fd), BYTES);
	check_is(shared->seen[MICRO_USER_OPEN], 1);
	check_is(shared->seen[MICRO_USER_RELEASE], 0);
	stop(server);
}

/* The server refuses the device, and clients wait for it already */
static void test_refused(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct call reading, opening;

	stop(server);
	wait_until(state_is("waiting"));
	begin_call(&reading, do_read, fd);
	begin_call(&opening, do_open, 0);
	shared->probe_error = ENXIO;
	server = start();
	check_fails(end_call(&reading), EIO);
	check_fails(end_call(&opening), ENXIO);
	check_fails(do_read(fd), EIO);
	check_fails(do_open(0), ENXIO);
	/* it has heard of none */
	check_is(shared->seen[MICRO_USER_OPEN], 1);
	check_is(shared->seen[MICRO_USER_READ], 0);
	check_is(shared->restored, 0);

	/* the next one takes it */
	stop(server);
	shared->probe_error = 0;
	server = start();
	check_is(shared->restored, 1);
	check_is(do_read(fd), BYTES);
	stop(server);
}

/* The same, where nobody asks the server whether a file may be opened */
static void test_refused_unasked(void)
{
	pid_t server;

	shared->probe_error = ENXIO;
	server = start();
	check_fails(do_open(0), ENXIO);
	check_is(shared->seen[MICRO_USER_OPEN], 0);
	stop(server);
	shared->probe_error = 0;
	server = start();
	check_is(do_read(open_node(O_RDWR)), BYTES);
	stop(server);
}

static long do_next_absent(int server)
{
	return next(server, 0, 0, (struct micro_user_reply *)absent.at, 1);
}

static long do_attach_absent(int server)
{
	return ioctl(server, MICRO_USER_ATTACH, absent.at);
}

/* A process is inside an operation of the server node, and waits for a page that does not come */
static void unplug_absent(long (*fn)(int server), bool detach)
{
	pid_t pid = child();
	struct call c;
	int status;

	if (!pid) {
		int server = fn == do_attach_absent ? open(server_node, O_RDWR) : serve_here();

		absent = absent_new(1);
		begin_call(&c, fn, server);
		absent_wanted(&absent);
		if (detach)
			check_is(ioctl(server, MICRO_USER_DETACH), 0);
		shared->ready++;
		end_call(&c);
		_exit(0);
	}
	wait_until(shared->ready);
	unplug();
	check_is(waitpid(pid, &status, 0), pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_unplug_absent(void)
{
	unplug_absent(do_next_absent, false);
}

static void test_unplug_absent_detach(void)
{
	unplug_absent(do_next_absent, true);
}

static void test_unplug_absent_attach(void)
{
	unplug_absent(do_attach_absent, false);
}

/* The device goes, with a request in each state */
static void test_unplug(void)
{
	pid_t server = start();
	struct call calls[4];
	int fd[4], i;

	for (i = 0; i < 4; i++)
		fd[i] = open_node(O_RDWR);
	shared->what = NOT_NOW;
	begin_call(&calls[0], do_read, fd[0]);
	expect_in_hand(MICRO_USER_READ, 1);
	usleep(20000);
	shared->what = HOLD;
	begin_call(&calls[1], do_read, fd[1]);
	expect_in_hand(MICRO_USER_READ, 2);
	begin_call(&calls[2], do_read, fd[2]);
	expect_in_hand(MICRO_USER_READ, 3);
	shared->held_end = 1;
	unplug();
	for (i = 0; i < 3; i++)
		check_fails(end_call(&calls[i]), ENODEV);
	check_fails(do_read(fd[3]), ENODEV);
	/* with the user driver the server has gone, too */
	if (!access(server_node, F_OK)) {
		expect_in_hand(MICRO_USER_REMOVE, 1);
		check_is(shared->seen[MICRO_USER_RELEASE], 4);
		check_is(shared->seen[MICRO_USER_UNDELIVERED], 2);
	} else {
		wait_until(shared->end == ENODEV);
	}
	stop(server);
}

/* ... and without a server */
static void test_unplug_waiting(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct call c;

	stop(server);
	wait_until(state_is("waiting"));
	begin_call(&c, do_read, fd);
	unplug();
	check_fails(end_call(&c), ENODEV);
}

/* ... and with one that was stopped: it takes no part */
static void test_unplug_stopped(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct call c;

	halt(server);
	begin_call(&c, do_read, fd);
	unplug();
	check_fails(end_call(&c), ENODEV);
	kill(server, SIGCONT);
	stop(server);
}

/* The server dies: "again" is not said of read; requests that wait go on, in their order */
static void test_death(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR), other = open_node(O_RDWR | O_NONBLOCK);
	struct call served, queued, asleep;

	shared->what = NOT_NOW;
	begin_call(&asleep, do_read, fd);
	expect_in_hand(MICRO_USER_READ, 1);
	usleep(20000);
	shared->what = HOLD;
	begin_call(&served, do_read, fd);
	expect_in_hand(MICRO_USER_READ, 2);
	halt(server);
	begin_call(&queued, do_write, fd);
	usleep(20000);
	stop(server);
	check_fails(end_call(&served), EIO);
	check_fails(do_read(other), EAGAIN);
	shared->what = ANSWER;
	check_is(shared->seen[MICRO_USER_WRITE], 0);
	server = start();
	check_is(end_call(&queued), 5);
	check_is(shared->restored, 2);
	check_is(shared->seen[MICRO_USER_READ], 2);
	check_is(number("lost"), 1);
	signal_to(&asleep);
	check_fails(end_call(&asleep), EINTR);
	check_is(do_read(fd), BYTES);
	stop(server);
}

/* "again" has ioctl: the same request, the same id, until there were too many */
static void test_again(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct call c, innocent;

	shared->dies = 2;
	begin_call(&c, do_die, fd);
	check_is(waitpid(server, NULL, 0), server);
	server = start();
	check_is(waitpid(server, NULL, 0), server);
	server = start();
	check_is(end_call(&c), 2);
	check_is(number("lost"), 2);

	/* poison: it alone fails */
	shared->dies = 1000;
	begin_call(&c, do_die, fd);
	begin_call(&innocent, do_attempt, fd);
	check_is(waitpid(server, NULL, 0), server);
	server = start();
	check_is(waitpid(server, NULL, 0), server);
	server = start();
	check_is(waitpid(server, NULL, 0), server);
	check_fails(end_call(&c), EIO);
	server = start();
	check(end_call(&innocent) >= 0);
	check_is(do_read(fd), BYTES);
	stop(server);
}

/* What is stored for a file is there for the next server, and so is the memory */
static void test_restore(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR), gone = open_node(O_RDWR);
	unsigned long long cookie;
	struct call c;

	check_is(write(fd, "State of the file", 17), 17);
	close(gone);
	wait_until(shared->seen[MICRO_USER_RELEASE] == 1);
	cookie = 1000 + shared->last_file - 1;
	stop(server);
	server = start();
	check_is(shared->restored, 1);
	check_is(shared->cookie, cookie);
	check(!strcmp(shared->state, "State of the file"));
	check_is(do_read(fd), BYTES);

	/* one that can't be restored is broken while that server is there, also for who waits */
	stop(server);
	wait_until(state_is("waiting"));
	begin_call(&c, do_read, fd);
	shared->restore_error = ENOMEM;
	server = start();
	check_fails(end_call(&c), EIO);
	check_fails(do_read(fd), EIO);
	check_is(shared->seen[MICRO_USER_READ], 1);
	stop(server);
	shared->restore_error = 0;
	server = start();
	check_is(do_read(fd), BYTES);
	check_is(close(fd), 0);
	wait_until(shared->seen[MICRO_USER_RELEASE] == 2);
	stop(server);

	/* the same with a device */
	shared->probe_error = ENXIO;
	server = start();
	check_fails(do_open(0), ENXIO);
	shared->probe_error = 0;
	stop(server);
}

/* A bug in restore() of one file: the others are as good as ever, and it is once that is mended */
static void test_restore_poison(void)
{
	pid_t server = start();
	int fd[3], i, ready;
	struct call c;

	for (i = 0; i < 3; i++) {
		fd[i] = open_node(O_RDWR);
		if (i == 1)
			shared->poison = shared->last_file;
	}
	stop(server);
	wait_until(state_is("waiting"));
	begin_call(&c, do_read, fd[1]);
	for (i = 0; i < 2; i++) {
		/* as systemd does it; one that gets on without the file gives the next one try */
		int deaths = 0;

		for (ready = shared->ready; shared->ready == ready; deaths++) {
			check(deaths < 20);
			server = launch(0, false, 1, 32);
			wait_until(shared->ready > ready ||
				   waitpid(server, NULL, WNOHANG) == server);
		}
		check_is(deaths - 1, i ? 1 : 3);
		if (!i)
			check_fails(end_call(&c), EIO);
		check_is(do_read(fd[0]), BYTES);
		check_fails(do_read(fd[1]), EIO);
		check_is(do_read(fd[2]), BYTES);
		stop(server);
	}
	shared->poison = 0;
	server = start();
	for (i = 0; i < 3; i++)
		check_is(do_read(fd[i]), BYTES);
	stop(server);
}

/* Servers are killed while they start, and not by a file: none is lost */
static void test_restore_killed(void)
{
	pid_t server = start();
	int fd[3], i, seen;

	for (i = 0; i < 3; i++)
		fd[i] = open_node(O_RDWR);
	stop(server);
	shared->restores_held = 1;
	for (i = 0; i < 3; i++) {
		seen = shared->seen[MICRO_USER_RESTORE];
		server = launch(0, false, 1, 32);
		expect_in_hand(MICRO_USER_RESTORE, seen + (i ? 1 : 3));
		stop(server);
	}
	/* from the second on they had one of them alone */
	check_is(shared->seen[MICRO_USER_RESTORE], 5);
	shared->restores_held = 0;
	server = start();
	check_fails(do_read(fd[0]), EIO);
	check_is(do_read(fd[1]), BYTES);
	check_is(do_read(fd[2]), BYTES);
	stop(server);
	server = start();
	for (i = 0; i < 3; i++)
		check_is(do_read(fd[i]), BYTES);
	stop(server);
}

static void test_takeover(void)
{
	pid_t old = start(), new;
	int fd = open_node(O_RDWR);
	struct call c;

	shared->slow_ms = 500;
	begin_call(&c, do_read, fd);
	expect_in_hand(MICRO_USER_READ, 1);
	new = start_with(MICRO_USER_TAKEOVER, false, 1, 8);
	check_is(end_call(&c), BYTES);
	check_is(waitpid(old, NULL, 0), old);
	check_is(shared->end, ESHUTDOWN);
	check_is(shared->restored, 1);
	check_is(number("lost"), 0);
	check_is(number("sessions"), 2);
	check_is(do_read(fd), BYTES);
	stop(new);
}

/*
 * The last record that the old server has in hand is one of a file that is closed meanwhile, of
 * which it need not hear, as "operations" has no release
 */
static void test_takeover_closed(void)
{
	const struct micro_user_reply good = { };
	struct micro_user_attach a;
	struct micro_user_record rec;
	int server = serve_here(), fd = open_here(server);
	struct pollfd p = { .fd = server, .events = POLLIN };
	pid_t pid;

	check_is(ioctl(server, MICRO_USER_DETACH), 0);
	check_is(attach(server, 0, 1, &a), 0);
	take(server, &rec, MICRO_USER_PROBE);
	give(server, &rec, good);
	take(server, &rec, MICRO_USER_RESTORE);

	pid = child();
	if (!pid) {
		int own = open(server_node, O_RDWR | O_CLOEXEC);

		check_is(close(fd), 0);
		check_is(attach(own, MICRO_USER_TAKEOVER, 1, &a), 0);
		check_is(ioctl(own, MICRO_USER_DETACH), 0);
		_exit(0);
	}
	/* until it is asked to leave */
	check_is(poll(&p, 1, TIME_LIMIT_S * 1000), 1);
	check_is(close(fd), 0);
	end_child(pid);
	check_is(number("lost"), 0);
	check_is(number("sessions"), 3);
}

static long do_take_over(int server)
{
	struct micro_user_attach a;

	return attach(server, MICRO_USER_TAKEOVER, 1, &a);
}

/* The old server has taken a notice: nobody takes over before it wants the next record */
static void test_takeover_notice(void)
{
	const struct micro_user_reply five = { .result = 5 };
	struct micro_user_record rec;
	int server = serve_here(), fd = open_here(server), own = open(server_node, O_RDWR);
	struct pollfd p = { .fd = server, .events = POLLIN };
	pid_t pid = child();
	struct call c;

	if (!pid) {
		do_write(fd);
		_exit(0);
	}
	take(server, &rec, MICRO_USER_WRITE);
	stop(pid);
	give(server, &rec, five);
	take(server, &rec, MICRO_USER_UNDELIVERED);
	begin_call_awake(&c, do_take_over, own);
	check_is(poll(&p, 1, TIME_LIMIT_S * 1000), 1);
	usleep(300000);
	check_is(number("sessions"), 1);
	check_fails(read(server, &rec, sizeof(rec)), ESHUTDOWN);
	check_is(end_call(&c), 0);
	check_is(number("sessions"), 2);
	check_is(number("lost"), 0);
	check_is(ioctl(own, MICRO_USER_DETACH), 0);
}

/* "grace-ms" is short: who waits for a server gets EIO, and the file is still good */
static void test_grace(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);

	stop(server);
	check_fails(do_read(fd), EIO);
	check_fails(do_open(0), EIO);
	/* one that does not become ready does not count */
	shared->probes_held = 1;
	server = start();
	check_fails(do_read(fd), EIO);
	shared->probes_held = 0;
	stop(server);
	server = start();
	check_is(do_read(fd), BYTES);
	stop(server);
}

/* "answer-ms" is short: a server that answers for one device, and not to PROBE of another */
static void test_probe_held(void)
{
	long long end = now_ms() + TIME_LIMIT_S * 1000;
	pid_t server = start();
	int fd = open_node(O_RDWR | O_NONBLOCK);

	shared->probes_held = 1;
	unplug();
	while (!number("lost")) {
		check(now_ms() < end);
		ioctl(fd, CMD_ARG, 1);
		usleep(10000);
	}
	shared->probes_held = 0;
	check_is(waitpid(server, NULL, 0), server);
	server = start();
	check_is(ioctl(fd, CMD_ARG, 3), 3);
	stop(server);
}

/* "answer-ms" is short: a server that answers ioctl(), and no read() */
static void test_held(void)
{
	long long end = now_ms() + TIME_LIMIT_S * 1000;
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct call c;

	shared->what = HOLD;
	begin_call(&c, do_read, open_node(O_RDWR));
	while (!number("lost")) {
		check(now_ms() < end);
		ioctl(fd, CMD_ARG, 1);
		usleep(10000);
	}
	check_fails(end_call(&c), EIO);
	check_is(waitpid(server, NULL, 0), server);
}

/* Two writes of five bytes, which one NEXT gives to the server, and answers to them */
static void begin_two(int server, const int *files, struct call *calls,
		      const struct micro_user_record *records, struct micro_user_reply *replies)
{
	int i;

	for (i = 0; i < 2; i++) {
		begin_call(&calls[i], do_write, files[i]);
		wait_until(calls[i].tid && task_state(calls[i].tid) == 'S');
	}
	check_is(next(server, 0, 8, NULL, 0), 2);
	for (i = 0; i < 2; i++)
		replies[i] = (struct micro_user_reply){ .size = sizeof(*replies),
			.id = records[i].id, .slot = records[i].slot, .result = 5 };
}

/* One NEXT gives the server two requests, each of which takes nearly as long as "answer-ms" is */
static void test_batch(void)
{
	struct micro_user_reply replies[2];
	struct micro_user_record *records;
	struct call calls[2];
	int server = serve_here(), files[2], i;

	/* the offset of the rings of each server so far */
	records = mmap(NULL, 4096, PROT_READ, MAP_SHARED, server, 0);
	check(records != MAP_FAILED);
	for (i = 0; i < 2; i++)
		files[i] = open_here(server);
	begin_two(server, files, calls, records, replies);
	for (i = 0; i < 2; i++) {
		usleep(2000000);
		check_is(next(server, 0, 0, &replies[i], 1), 0);
		check_is(end_call(&calls[i]), 5);
	}
	check_is(number("lost"), 0);

	/* two again, and no answer to the second */
	begin_two(server, files, calls, records, replies);
	check_is(next(server, 0, 0, &replies[0], 1), 0);
	check_is(end_call(&calls[0]), 5);
	check_fails(end_call(&calls[1]), EIO);
	check_is(number("lost"), 1);
}

/* The same with what a new server is told: the PROBE of one device, the RESTOREs of another */
static void test_batch_restore(void)
{
	const struct micro_user_reply good = { };
	struct micro_user_record *records, rec;
	struct micro_user_attach a;
	int server = serve_here(), i;

	for (i = 0; i < 2; i++)
		open_here(server);
	check_is(ioctl(server, MICRO_USER_DETACH), 0);
	check_is(attach(server, 0, 1, &a), 0);
	records = mmap(NULL, 4096, PROT_READ, MAP_SHARED, server, 0);
	check(records != MAP_FAILED);
	take(server, &rec, MICRO_USER_PROBE);
	unplug();
	give(server, &rec, good);
	check_is(next(server, 0, 8, NULL, 0), 3);
	for (i = 0; i < 3; i++) {
		/* the PROBE is the first of them, and answered last */
		struct micro_user_record *r = &records[(i + 1) % 3];
		struct micro_user_reply reply = { .size = sizeof(reply), .id = r->id,
						  .slot = r->slot };

		check_is(r->type, i < 2 ? MICRO_USER_RESTORE : MICRO_USER_PROBE);
		usleep(2000000);
		check_is(next(server, 0, 0, &reply, 1), 0);
	}
	check_is(ioctl(server, MICRO_USER_READY), 0);
	check_is(number("lost"), 0);
}

/* "answer-ms" is 10 s: it begins when there is something to answer, not when the server was seen */
static void test_idle(void)
{
	pid_t server = start();
	struct call c;

	sleep(7);
	halt(server);
	begin_call(&c, do_open, 0);
	sleep(5);
	check_is(number("lost"), 0);
	check_is(kill(server, SIGCONT), 0);
	check(end_call(&c) >= 0);
	stop(server);
}

/* "answer-ms" is short */
static void test_hang(void)
{
	pid_t server = start(), second;
	int fd = open_node(O_RDWR), status;

	shared->what = HOLD;
	check_fails(do_read(fd), EIO);
	check(!state_is("serving"));
	check_is(number("lost"), 1);
	/* its NEXT says so; with on-hang "kill" it is dead */
	check_is(waitpid(server, &status, 0), server);
	shared->what = ANSWER;
	server = start();
	check_is(do_read(fd), BYTES);

	/* stopped: it does not even take the request, which waits for the next one */
	halt(server);
	second = child();
	if (!second) {
		wait_until(state_is("waiting"));
		serve(0, false, 1, 8);
	}
	check_is(do_read(fd), BYTES);
	check_is(number("lost"), 2);
	kill(server, SIGCONT);
	check_is(waitpid(server, NULL, 0), server);
	stop(second);
}

/*
 * A session ends while its server still writes to a client's bytes: the next server gets them
 * as the client gave them
 */
static void test_writing(void)
{
	struct call c;
	pid_t server;
	int i, status, fd;

	unplug();
	for (i = 0; i < 20; i++) {
		server = start();
		fd = open_other();
		shared->leaves = 1;
		begin_call(&c, do_turn, fd);
		check_is(waitpid(server, &status, 0), server);
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
		shared->leaves = 0;
		server = start();
		check_is(end_call(&c), 0);
		close(fd);
		stop(server);
	}
}

static int hang_status(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR), status;

	shared->what = HOLD;
	check_fails(do_read(fd), EIO);
	check_is(waitpid(server, &status, 0), server);
	return status;
}

/* on-hang is "detach": the server hears of it, and may end by itself */
static void test_hang_detach(void)
{
	check_is(hang_status(), 0);
	check_is(shared->end, ESHUTDOWN);
}

/* on-hang is "kill" */
static void test_hang_kill(void)
{
	int status = hang_status();

	check(WIFSIGNALED(status));
	check_is(WTERMSIG(status), SIGKILL);
}

/* answer-ms is 0: it may take as long as it likes, also to take its records */
static void test_patient(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	struct call c;

	shared->slow_ms = 1500;
	check_is(do_read(fd), BYTES);
	halt(server);
	begin_call(&c, do_write, fd);
	usleep(1500000);
	check(state_is("serving"));
	check_is(kill(server, SIGCONT), 0);
	check_is(end_call(&c), 5);
	check_is(number("lost"), 0);
	stop(server);
}

/* on-hang is "log" */
static void test_log(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR);
	char text[128];

	shared->slow_ms = 2500;
	check_is(do_read(fd), BYTES);
	check_is(number("lost"), 0);
	snprintf(text, sizeof(text), "server, process %d: it does not answer for 700 ms", server);
	check(logged(text));
	stop(server);
}

/* The descriptor lives on in a child, and in another process: the session does not */
static void test_holders(void)
{
	int pair[2], fd, ready = shared->ready;
	pid_t server, holder;

	check_is(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	server = child();
	if (!server) {
		struct server s = { .max = 8 };

		s.fd = open(server_node, O_RDWR);
		check_is(attach(s.fd, 0, 1, &s.attach), 0);
		holder = child();
		if (!holder) {
			/* says who it is, and holds the descriptor until it is told, or we end */
			pid_t self = getpid();

			prctl(PR_SET_PDEATHSIG, 0);
			close(pair[0]);
			check_is(write(pair[1], &self, sizeof(self)), sizeof(self));
			hear(pair[1]);
			_exit(0);
		}
		s.records = mmap(NULL, s.attach.ring_size, PROT_READ, MAP_SHARED, s.fd, 0);
		serve_ring(&s);
		_exit(0);
	}
	check_is(read(pair[0], &holder, sizeof(holder)), sizeof(holder));
	wait_until(shared->ready > ready);
	fd = open_node(O_RDWR);
	check_is(do_read(fd), BYTES);
	stop(server);
	wait_until(state_is("waiting"));
	/* it is there, and not only its name */
	check(task_state(holder) != 'Z');
	check_is(kill(holder, 0), 0);
	server = start();
	check_is(do_read(fd), BYTES);
	stop(server);
	tell(pair[0]);
}

static bool uevent(int fd, const char *what)
{
	char text[4096];
	ssize_t len, at;

	len = recv(fd, text, sizeof(text) - 1, 0);
	check(len > 0);
	text[len] = 0;
	for (at = 0; at < len; at += strlen(text + at) + 1)
		if (!strcmp(text + at, what))
			return true;
	return false;
}

/* Whoever starts servers hears that one is wanted, once, and that one was lost */
static void test_uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	long long asked;
	struct call c[2];
	pid_t pid;
	int fd;

	check_is(bind(events, (struct sockaddr *)&address, sizeof(address)), 0);
	asked = now_ms();
	/* when who waited for it has given up, the next one is to be heard, too */
	begin_call(&c[0], do_open, 0);
	while (!uevent(events, "MICRO_USER=wanted"))
		;
	signal_to(&c[0]);
	check_fails(end_call(&c[0]), EINTR);
	begin_call(&c[0], do_open, 0);
	begin_call(&c[1], do_open, 0);
	while (!uevent(events, "MICRO_USER=wanted"))
		;
	/* who begins and gives up in a loop must not flood user space */
	check(now_ms() - asked >= 900);
	pid = start();
	fd = end_call(&c[0]);
	check(fd >= 0 && end_call(&c[1]) >= 0);
	stop(pid);
	/* the next one is not another "wanted" */
	while (!uevent(events, "MICRO_USER=lost"))
		check(!uevent(events, "MICRO_USER=wanted"));
	check_is(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	check_fails(do_read(fd), EAGAIN);
	while (!uevent(events, "MICRO_USER=wanted"))
		;
}

/* COMMAND suspends the machine, with a request in each state: they go on as if nothing was */
static void test_suspend(void)
{
	pid_t server = start();
	int fd = open_node(O_RDWR), other = open_node(O_RDWR);
	struct pollfd p = { .fd = other, .events = POLLOUT };
	struct call asleep, served, queued;

	shared->what = NOT_NOW;
	begin_call(&asleep, do_read, fd);
	expect_in_hand(MICRO_USER_READ, 1);
	usleep(100000);
	shared->what = ANSWER;
	shared->slow_ms = 1000;
	begin_call(&served, do_read, other);
	expect_in_hand(MICRO_USER_READ, 2);
	begin_call(&queued, do_write, other);
	unplug();
	check_is(end_call(&served), BYTES);
	check_is(end_call(&queued), 5);
	check_is(number("lost"), 0);
	check_is(poll(&p, 1, 0), 1);
	signal_to(&asleep);
	check_fails(end_call(&asleep), EINTR);

	/* without a server; and one that comes up meanwhile finds it */
	stop(server);
	begin_call(&queued, do_write, fd);
	unplug();
	shared->slow_ms = 0;
	server = start();
	check_is(end_call(&queued), 5);
	check_is(do_read(fd), BYTES);
	stop(server);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(fd >= 0);
	check_is(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check_is(sched_setaffinity(0, sizeof(set), &set), 0);
}

static long do_read_here(int fd)
{
	run_on(0);
	return do_read(fd);
}

/*
 * The server says that it can be read, and "not now" when it is, and is always faster than the
 * client: that hears of its signal all the same
 */
static void test_insistent(void)
{
	pid_t server = child();
	struct call c;

	if (!server) {
		const struct micro_user_reply good = { }, not_now = { .result = -EAGAIN };
		const struct sched_param first = { .sched_priority = 1 };
		int fd = serve_here(), after = 0;
		struct micro_user_record rec;

		run_on(0);
		check_is(sched_setscheduler(0, SCHED_FIFO, &first), 0);
		shared->ready++;
		take(fd, &rec, MICRO_USER_OPEN);
		give(fd, &rec, good);
		for (;;) {
			check_is(read(fd, &rec, sizeof(rec)), sizeof(rec));
			if (!rec.id)
				continue;
			shared->reads++;
			after += shared->later;
			if (after < 1000)
				check_is(notify(fd, rec.file, 0, EPOLLIN), 0);
			give(fd, &rec, after < 1000 ? not_now : good);
		}
	}
	wait_until(shared->ready);
	begin_call_awake(&c, do_read_here, open_node(O_RDWR));
	wait_until(shared->reads > 10);
	signal_to(&c);
	shared->later = 1;
	check_fails(end_call(&c), EINTR);
	stop(server);
}

static long do_write_later(int fd)
{
	while (!shared->later)
		sched_yield();
	return do_write(fd);
}

/* It sleeps, is killed, and gets a request, in this order, before it runs again */
static void test_killed(void)
{
	struct sched_param fifo = { .sched_priority = 1 }, normal = { };
	cpu_set_t all;
	pid_t server;
	struct call c;
	int fd;

	check_is(sched_getaffinity(0, sizeof(all), &all), 0);
	run_on(0);
	server = start();
	fd = open_node(O_RDWR);
	run_on(1);
	begin_call_awake(&c, do_write_later, fd);
	wait_until(c.tid);
	wait_until(task_state(server) == 'S');
	/* now it can't run, until we sleep */
	run_on(0);
	check_is(sched_setscheduler(0, SCHED_FIFO, &fifo), 0);
	check_is(kill(server, SIGKILL), 0);
	shared->later = 1;
	while (!strchr("SD", task_state(c.tid)))
		;
	check_is(sched_setscheduler(0, SCHED_OTHER, &normal), 0);
	check_is(sched_setaffinity(0, sizeof(all), &all), 0);
	check_is(waitpid(server, NULL, 0), server);

	/* it was not given to the dead one */
	server = start();
	check_is(end_call(&c), 5);
	check_is(number("lost"), 1);
	stop(server);
}

/* One that dumps core is lost before that has ended, also with nothing to do */
static void test_core(void)
{
	pid_t server = start();

	/* reads nothing, so that the dump waits for it */
	write_to("/proc/sys/kernel/core_pattern", "|/bin/sleep 10");
	check_is(kill(server, SIGABRT), 0);
	wait_until(state_is("waiting"));
	check_is(number("lost"), 1);
	check_is(waitpid(server, NULL, WNOHANG), 0);
	check_is(waitpid(server, NULL, 0), server);
	write_to("/proc/sys/kernel/core_pattern", "core");
}

/* The server is in namespaces of its own: clients have the numbers that they have there */
static void test_namespaces(void)
{
	int ready = shared->ready, fd, result[2], pair[2];
	pid_t outer, server, pid;

	check_is(pipe(result), 0);
	check_is(pipe(pair), 0);
	outer = child();
	if (!outer) {
		check_is(unshare(CLONE_NEWUSER | CLONE_NEWPID), 0);
		write_to("/proc/self/uid_map", "5 0 1");
		server = child();
		if (!server) {
			close(result[1]);
			close(pair[0]);
			serve(0, false, 1, 8);
		}
		hear(pair[0]);
		/* a client in there, too, as the second process */
		pid = child();
		if (!pid) {
			pid = getpid();
			fd = open_node(O_RDWR);
			check_is(write(result[1], &pid, sizeof(pid)), sizeof(pid));
			_exit(0);
		}
		end_child(pid);
		hear(pair[0]);
		stop(server);
		_exit(0);
	}
	wait_until(shared->ready > ready);
	shared->pid_seen = -1;
	fd = open_node(O_RDWR);
	check_is(shared->pid_seen, 0);
	check_is(shared->uid_seen, 5);
	check_is(do_read(fd), BYTES);
	tell(pair[1]);
	check_is(read(result[0], &pid, sizeof(pid)), sizeof(pid));
	check_is(pid, 2);
	check_is(shared->pid_seen, 2);
	tell(pair[1]);
	end_child(outer);

	/* and the other way round */
	server = start();
	pid = child();
	if (!pid) {
		check_is(unshare(CLONE_NEWPID), 0);
		pid = child();
		if (!pid) {
			char text[32];

			check_is(getpid(), 1);
			fd = open_node(O_RDWR);
			/* the server has no number in here */
			attribute("server", text, sizeof(text));
			check_is(text[0], 0);
			_exit(0);
		}
		/* as it is called out here is what clone() does not tell in there */
		check(pid > 1);
		end_child(pid);
		check_is(shared->pid_seen, pid);
		_exit(0);
	}
	end_child(pid);
	stop(server);
}

/* COMMAND is a memory cgroup with a limit: what a server asks the kernel for counts there */
static void test_memory(void)
{
	pid_t server = start(), pid;
	int fd = open_node(O_RDWR), status, second;
	struct micro_user_attach a;
	char path[256];

	check_is(do_read(fd), BYTES);
	stop(server);
	wait_until(state_is("waiting"));
	snprintf(path, sizeof(path), "%s/cgroup.procs", unplug_command);
	pid = child();
	if (!pid) {
		write_to(path, "0");
		second = open(server_node, O_RDWR | O_CLOEXEC);
		check(second >= 0);
		memset(&a, 0, sizeof(a));
		a.size = sizeof(a);
		a.version = MICRO_USER_VERSION;
		a.rings = MICRO_USER_RINGS;
		a.entries = MICRO_USER_ENTRIES;
		if (ioctl(second, MICRO_USER_ATTACH, &a))
			_exit(errno);
		_exit(0);
	}
	check_is(waitpid(pid, &status, 0), pid);
	/* 3 MB for rings are too much for it: it is told so, and nobody is killed for it */
	check_is(status, ENOMEM << 8);
	check(state_is("waiting"));
	/* who is outside of it goes on */
	server = start_with(0, false, 8, 32);
	check_is(do_read(fd), BYTES);
	stop(server);
}

/* A server of several threads, one of which is killed with all the others */
static void test_threads(void)
{
	many(4, 1);
}

/* Sessions one after the other under load: a ioctl, which is "again", never fails */
static atomic_int stress_end;
static atomic_long stress_calls;

static void *stress_thread(void *arg)
{
	int fd = open_node(O_RDWR);
	char text[BYTES];
	long n = 0;

	(void)arg;
	while (!stress_end) {
		check_is(ioctl(fd, CMD_ARG, n & 0xffff), n & 0xffff);
		memset(text, n, sizeof(text));
		check_is(ioctl(fd, CMD_TURN, text), 0);
		check(text[0] == (char)(n + 1) && text[BYTES - 1] == (char)(n + 1));
		n++;
		stress_calls++;
	}
	close(fd);
	return NULL;
}

static void *stress_poll_thread(void *arg)
{
	struct pollfd p = { .fd = open_node(O_RDWR), .events = POLLIN };

	(void)arg;
	while (!stress_end)
		check(poll(&p, 1, 1) >= 0);
	close(p.fd);
	return NULL;
}

static void test_deaths(void)
{
	const char *rounds = getenv("ROUNDS");
	int i, n = rounds ? atoi(rounds) : 200;
	pthread_t threads[8];
	pid_t server = start();

	alarm(0);
	for (i = 0; i < 8; i++)
		check(!pthread_create(&threads[i], NULL, i < 6 ? stress_thread :
				      stress_poll_thread, NULL));
	srand(n);
	for (i = 0; i < n; i++) {
		int ready = shared->ready;

		usleep(1000 + rand() % 19000);
		stop(server);
		server = launch(0, false, 1 + i % 3, 1 + i % 8);
		/* On a slow kernel most would be dead before they serve: every other one may */
		if (i % 2)
			wait_until(shared->ready > ready);
	}
	stress_end = 1;
	for (i = 0; i < 8; i++)
		check(!pthread_join(threads[i], NULL));
	stop(server);
	/* half of them served for a while */
	check(stress_calls > n / 10);
	printf("%d deaths, %ld calls\n", n, stress_calls * 2);
}

/* Clients are killed in whatever they do, and the slots are all there afterwards */
static void test_clients(void)
{
	const char *rounds = getenv("ROUNDS");
	int i, n = rounds ? atoi(rounds) : 200;
	pid_t server = start(), pids[4] = { };

	alarm(0);
	srand(n);
	for (i = 0; i < n; i++) {
		pid_t *pid = &pids[i % 4];

		if (*pid)
			stop(*pid);
		*pid = child();
		if (!*pid) {
			int fd = open_node(O_RDWR);

			for (;;) {
				do_read(fd);
				ioctl(fd, CMD_ARG, 1);
				close(open_node(O_RDWR));
			}
		}
		usleep(rand() % 3000);
	}
	for (i = 0; i < 4; i++)
		if (pids[i])
			stop(pids[i]);
	stop(server);
	server = start_with(0, false, 2, 4);
	use_thread(NULL);
	use_thread(NULL);
	stop(server);
}

/* The server answers with whatever comes to its mind */
static __noreturn void serve_lies(unsigned int seed, int replies)
{
	struct micro_user_reply reply[16];
	struct server s = { .max = 8 };
	int n = 0, i, got;

	srand(seed);
	s.fd = open(server_node, O_RDWR | O_CLOEXEC);
	check_is(attach(s.fd, 0, 1, &s.attach), 0);
	s.records = mmap(NULL, s.attach.ring_size, PROT_READ, MAP_SHARED, s.fd, 0);
	while (replies > 0) {
		got = next(s.fd, 0, 8, reply, n);
		n = 0;
		if (got < 0)
			break;
		if (!got)
			ioctl(s.fd, MICRO_USER_READY);
		for (i = 0; i < got; i++) {
			struct micro_user_record *rec = &s.records[i];
			char *p = (char *)&reply[n];
			size_t b;

			if (rec->type == MICRO_USER_PROBE)
				probed(&s, rec);
			handle(rec, device(rec)->data + rec->data, &reply[n]);
			if (!rec->id)
				continue;
			if (rec->type == MICRO_USER_PROBE || rec->type == MICRO_USER_RESTORE) {
				n++;
				continue;
			}
			if (rand() % 4 == 0 && device(rec)->data && rec->room)
				memset(device(rec)->data + rec->data, rand(), rec->room);
			switch (rand() % 8) {
			case 0:
				reply[n].result = (long long)rand() << (rand() % 33);
				break;
			case 1:
				reply[n].result = -(long long)(rand() % 5000);
				break;
			case 2:
				/* another one first */
				reply[n].id += rand() % 3;
				reply[n].slot ^= rand() % 16;
				reply[n + 1] = reply[n];
				reply[n + 1].id = rec->id;
				reply[n + 1].slot = rec->slot;
				n++;
				break;
			case 3:
				reply[n + 1] = reply[n];
				n++;
				break;
			case 4:
				for (b = 4; b < sizeof(reply[n]); b++)
					p[b] = rand();
				reply[n].flags &= 3;
				reply[n + 1] = (struct micro_user_reply){
					.size = sizeof(reply[n]), .id = rec->id, .slot = rec->slot,
					.result = rand() % 100 };
				n++;
				break;
			case 5:
				notify(s.fd, rand() % 20, rand() % 4, rand() & 0x1f);
				break;
			}
			n++;
			replies--;
			if (n > 12) {
				next(s.fd, 0, 0, reply, n);
				n = 0;
			}
		}
	}
	_exit(0);
}

static void *lied_to_thread(void *arg)
{
	int fd = -1;
	char text[4096];
	ssize_t got;

	(void)arg;
	while (!stress_end) {
		if (fd < 0)
			fd = open(node, O_RDWR | O_NONBLOCK);
		if (fd < 0)
			continue;
		got = read(fd, text, sizeof(text));
		check(got <= (ssize_t)sizeof(text));
		got = write(fd, text, 100);
		check(got <= 100);
		ioctl(fd, CMD_TURN, text);
		lseek(fd, 1, SEEK_SET);
		if (!(rand() % 8)) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void test_lies(void)
{
	const char *rounds = getenv("ROUNDS");
	int n = rounds ? atoi(rounds) : 5000, seed = 0;
	pthread_t threads[4];
	pid_t server;
	int i, status;

	alarm(0);
	for (i = 0; i < 4; i++)
		check(!pthread_create(&threads[i], NULL, lied_to_thread, NULL));
	for (; n > 0; n -= 1000) {
		server = child();
		if (!server)
			serve_lies(seed, 1000);
		check_is(waitpid(server, &status, 0), server);
		check_is(status, 0);
		seed++;
	}
	stress_end = 1;
	server = start();
	for (i = 0; i < 4; i++)
		check(!pthread_join(threads[i], NULL));
	use_thread(NULL);
	stop(server);
}

static const struct test_case cases[] = {
	{ "use", test_use },
	{ "who", test_who },
	{ "few", test_few },
	{ "big", test_big },
	{ "blank", test_blank },
	{ "copying", test_copying },
	{ "many", test_many },
	{ "threads", test_threads },
	{ "abi", test_abi },
	{ "not-now", test_not_now },
	{ "sigio", test_sigio },
	{ "opening", test_opening },
	{ "hangup", test_hangup },
	{ "shared", test_shared },
	{ "late", test_late },
	{ "filling", test_filling },
	{ "signal", test_signal },
	{ "kill", test_kill },
	{ "slots", test_slots },
	{ "other", test_other },
	{ "queued", test_queued },
	{ "closing", test_closing },
	{ "posted", test_posted },
	{ "refused", test_refused },
	{ "refused-unasked", test_refused_unasked },
	{ "unplug", test_unplug },
	{ "unplug-waiting", test_unplug_waiting },
	{ "unplug-absent", test_unplug_absent },
	{ "unplug-absent-detach", test_unplug_absent_detach },
	{ "unplug-absent-attach", test_unplug_absent_attach },
	{ "unplug-stopped", test_unplug_stopped },
	{ "death", test_death },
	{ "killed", test_killed },
	{ "insistent", test_insistent },
	{ "again", test_again },
	{ "restore", test_restore },
	{ "restore-poison", test_restore_poison },
	{ "restore-killed", test_restore_killed },
	{ "takeover", test_takeover },
	{ "takeover-closed", test_takeover_closed },
	{ "takeover-notice", test_takeover_notice },
	{ "holders", test_holders },
	{ "core", test_core },
	{ "uevents", test_uevents },
	{ "grace", test_grace },
	{ "writing", test_writing },
	{ "hang", test_hang },
	{ "idle", test_idle },
	{ "probe-held", test_probe_held },
	{ "held", test_held },
	{ "batch", test_batch },
	{ "batch-restore", test_batch_restore },
	{ "hang-detach", test_hang_detach },
	{ "hang-kill", test_hang_kill },
	{ "patient", test_patient },
	{ "log", test_log },
	{ "suspend", test_suspend },
	{ "namespaces", test_namespaces },
	{ "memory", test_memory },
	{ "deaths", test_deaths },
	{ "clients", test_clients },
	{ "lies", test_lies },
};

int main(int argc, char **argv)
{
	if (argc == 4) {
		const char *base = strrchr(argv[2], '/') + 1;

		snprintf(server_node, sizeof(server_node), "/dev/micro/micro_user.%.*s",
			 (int)strcspn(base, "."), base);
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	check(shared != MAP_FAILED);
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
