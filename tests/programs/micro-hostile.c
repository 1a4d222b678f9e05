// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-hostile: what if the process that serves a device is an enemy?
 *
 *	micro-hostile SERVER_NODE DEVICE REPLIES SEED
 *
 * Servers come one after the other and give REPLIES answers in all: right ones, random ones, old
 * ones, with wrong ids, slots and lengths, at wrong addresses. Meanwhile they unmap and move what
 * they have mapped, fork, exec, send their descriptor away, are stopped and traced, and end in
 * many ways. Clients use the device: no call may return what it can't, touch what it was
 * not given, or last for ever, and each client can be killed. In the end an honest server
 * comes, and all is well.
 *
 * The same SEED makes the same decisions in each process, though not at the same time.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <uapi/micro_user.h>

#define CLIENTS		6
#define BUFFER		8192
#define GUARD		64		/* bytes behind a buffer that nobody may touch */
#define KNOWN		64		/* requests that a server remembers */
#define AREAS		4
#define NUDGE_MS	2000		/* a client that waits for so long gets a signal */
/* Far more than answer-ms and grace-ms together: only for what hangs */
#define BOUND_MS	120000
#define SERVER_MS	20000		/* a server that lives for so long is killed */

#define CMD_BYTES	_IOWR('h', 1, char[200])
#define CMD_GET		_IOR('h', 2, char[1000])
#define CMD_PUT		_IOW('h', 3, char[64])
#define CMD_NONE	_IO('h', 4)

static struct {
	atomic_long replies, sessions, calls, good;
	atomic_int wrong, stop;
	atomic_int honest;
	atomic_int server;
	atomic_llong began[CLIENTS];
	atomic_int pid[CLIENTS];
	atomic_long ends[10];
} *shared;

static const char *server_node, *device;
static long wanted;
static int me = -1;
static int fds[2];		/* for SCM_RIGHTS */

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2)))
static void complain(const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	n = sprintf(text, "client %d: ", me);
	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - n, format, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "# wrong: %s\n", text);
	shared->wrong++;
}

static bool chance(int one_in)
{
	return rand() % one_in == 0;
}

/* mostly small, at times as large as can be */
static uint64_t any(void)
{
	uint64_t n = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ rand();

	return n >> rand() % 64;
}

static void fill(void *to, size_t size)
{
	unsigned char *p = to;

	while (size--)
		*p++ = chance(3) ? 0 : rand();
}

/* Clients */

static void nothing(int sig)
{
	(void)sig;
}

static void begin(void)
{
	shared->began[me] = now_ms();
}

static void over(long ret, long max, const char *what)
{
	int err = errno;
	long long took = now_ms() - shared->began[me];

	shared->began[me] = 0;
	shared->calls++;
	if (ret >= 0)
		shared->good++;
	if (took > BOUND_MS)
		complain("%s took %lld ms", what, took);
	if (ret > max || ret < -1)
		complain("%s returned %ld, at most %ld was right", what, ret, max);
	if (ret == -1 && (err <= 0 || err >= 512))
		complain("%s failed with errno %d", what, err);
}

static void guarded(const unsigned char *buffer, size_t size, const char *what)
{
	size_t i;

	for (i = 0; i < GUARD; i++) {
		if (buffer[size + i] != 0x5a) {
			complain("%s wrote behind the %zu bytes it was given", what, size);
			return;
		}
	}
}

static _Noreturn void client(int i, int seed)
{
	static const unsigned int commands[] = { CMD_BYTES, CMD_GET, CMD_PUT, CMD_NONE };
	static unsigned char buffer[BUFFER + GUARD];
	struct sigaction act = { .sa_handler = nothing };
	unsigned int cmd;
	struct pollfd p;
	size_t size;
	int fd = -1;
	long ret;

	me = i;
	srand(seed);
	sigaction(SIGUSR1, &act, NULL);
	signal(SIGIO, SIG_IGN);
	while (!shared->stop) {
		if (fd < 0) {
			begin();
			fd = open(device, O_RDWR | O_CLOEXEC | (i % 3 ? 0 : O_NONBLOCK));
			over(fd, INT_MAX, "open");
			if (fd < 0)
				usleep(1000);
			continue;
		}
		size = chance(3) ? rand() % 32 : rand() % BUFFER;
		memset(buffer, 0x5a, sizeof(buffer));
		begin();
		switch (rand() % 12) {
		case 0:
		case 1:
		case 2:
			ret = read(fd, buffer, size);
			over(ret, size, "read");
			guarded(buffer, size, "read");
			break;
		case 3:
		case 4:
			ret = write(fd, buffer, size);
			over(ret, size, "write");
			break;
		case 5:
			ret = pread(fd, buffer, size, any() & LLONG_MAX);
			over(ret, size, "pread");
			guarded(buffer, size, "pread");
			break;
		case 6:
		case 7:
			cmd = commands[rand() % 4];
			ret = ioctl(fd, cmd, buffer);
			over(ret, INT_MAX, "ioctl");
			guarded(buffer, _IOC_SIZE(cmd), "ioctl");
			break;
		case 8:
			ret = lseek(fd, any() & LLONG_MAX, rand() % 3) < 0 ? -1 : 0;
			over(ret, 0, "lseek");
			break;
		case 9:
			p.fd = fd;
			p.events = POLLIN | POLLOUT;
			ret = poll(&p, 1, rand() % 20);
			over(ret, 1, "poll");
			begin();
			fcntl(fd, F_SETFL, (i % 3 ? 0 : O_NONBLOCK) | (chance(2) ? O_ASYNC : 0));
			over(0, 0, "fcntl");
			break;
		case 10:
			/* a bad address */
			ret = read(fd, (void *)8, size);
			over(ret, 0, "read to nowhere");
			break;
		default:
			if (!chance(4)) {
				shared->began[me] = 0;
				break;
			}
			ret = close(fd);
			over(ret, 0, "close");
			fd = -1;
		}
		if (fd >= 0 && chance(4))
			usleep(rand() % 2000);
	}
	_exit(0);
}

static void client_start(int i, int seed)
{
	pid_t pid;

	shared->began[i] = 0;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		client(i, seed);
	}
	shared->pid[i] = pid;
}

/* Killed, whatever it does: it has to end */
static void client_kill(int i)
{
	long long begin = now_ms();
	pid_t pid = shared->pid[i];

	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (now_ms() - begin > BOUND_MS) {
			me = i;
			complain("it can't be killed");
			me = -1;
			return;
		}
		usleep(1000);
	}
}

/* The server */

struct area {
	char *at;
	size_t size;
	off_t offset;
};

static int fd = -1;
static struct micro_user_attach attached;
static struct micro_user_record *records;
static size_t ring_size;
static struct area areas[AREAS];
static struct micro_user_record known[KNOWN];
static unsigned int nr_known;
static long mine;		/* replies */
static int seed_now;

static int attach(unsigned int flags)
{
	memset(&attached, 0, sizeof(attached));
	attached.size = sizeof(attached);
	attached.version = MICRO_USER_VERSION;
	attached.flags = flags;
	attached.rings = 2;
	return ioctl(fd, MICRO_USER_ATTACH, &attached);
}

static void map_ring(void)
{
	void *at = mmap(NULL, attached.ring_size, PROT_READ, MAP_SHARED, fd, attached.ring_offset);

	records = at == MAP_FAILED ? NULL : at;
	ring_size = attached.ring_size;
}

static int next(struct micro_user_reply *replies, unsigned int n, unsigned int max)
{
	struct micro_user_next next = {
		.size = sizeof(next),
		.max = max,
		.nr_replies = n,
		.replies = (uintptr_t)replies,
	};

	shared->replies += n;
	mine += n;
	return ioctl(fd, MICRO_USER_NEXT, &next);
}

static void map_area(const struct micro_user_record *probe)
{
	struct area *area = &areas[rand() % AREAS];
	bool memory = chance(3) && probe->u.probe.memory_size;

	if (area->at)
		munmap(area->at, area->size);
	area->offset = memory ? probe->u.probe.memory_offset : probe->u.probe.data_offset;
	area->size = memory ? probe->u.probe.memory_size : probe->u.probe.data_size;
	area->at = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, area->offset);
	if (area->at == MAP_FAILED)
		area->at = NULL;
}

/* Where it is allowed to be, and where not */
static void *address(void)
{
	struct area *area = &areas[rand() % AREAS];

	switch (rand() % 6) {
	case 0:
		return (void *)(uintptr_t)any();
	case 1:
		return records;
	case 2:
		return records ? (char *)records + ring_size - rand() % 100 : NULL;
	default:
		return area->at ? area->at + rand() % area->size : NULL;
	}
}

static void answer(struct micro_user_reply *reply, const struct micro_user_record *rec)
{
	memset(reply, 0, sizeof(*reply));
	reply->size = sizeof(*reply);
	reply->id = rec->id;
	reply->slot = rec->slot;
	switch (rec->type) {
	case MICRO_USER_READ:
	case MICRO_USER_WRITE:
		reply->result = rec->count;
		break;
	case MICRO_USER_LLSEEK:
		reply->result = rec->u.llseek.offset & LLONG_MAX;
		break;
	}
}

/* One answer, or a few, to a request; returns how many */
static unsigned int lie(struct micro_user_reply *reply, const struct micro_user_record *rec)
{
	const struct micro_user_record *old;
	struct {
		struct micro_user_reply reply;
		char payload[BUFFER];
	} message;

	answer(&reply[0], rec);
	/* what gets no answer ends the session after answer-ms, so it is rare */
	switch (chance(12) ? 7 + rand() % 3 : rand() % 7) {
	case 0:
		reply[0].result = any();
		return 1;
	case 1:
		reply[0].result = -(long long)any();
		reply[0].events = any();
		return 1;
	case 2:
		reply[0].result = -EAGAIN;
		reply[0].events = chance(2) ? 0 : 1;
		return 1;
	case 3:
		/* all of it, and the right one behind it */
		fill(&reply[0], sizeof(reply[0]));
		reply[0].size = sizeof(reply[0]);
		reply[0].flags &= 3;
		answer(&reply[1], rec);
		return 2;
	case 4:
		reply[0].slot ^= 1U << rand() % 32;
		answer(&reply[1], rec);
		reply[1].id ^= 1ULL << rand() % 64;
		return 2;
	case 5:
		if (!nr_known)
			return 1;
		old = &known[rand() % (nr_known < KNOWN ? nr_known : KNOWN)];
		answer(&reply[1], old);
		return 2;
	case 6:
		reply[1] = reply[0];
		return 2;
	case 7:
		/* later, perhaps */
		return !chance(10);
	case 8:
		memset(&message, rand(), sizeof(message));
		message.reply = reply[0];
		if (chance(2))
			message.reply.result = rand() % 100;
		shared->replies++;
		mine++;
		if (write(fd, &message, sizeof(message.reply) +
			  (chance(2) ? rec->room : (unsigned int)rand() % BUFFER)) < 0)
			return !chance(10);
		return 0;
	case 9:
		if (chance(10))
			reply[0].size = any();
		return 1;
	}
	return 1;
}

static void tell_something(void)
{
	struct micro_user_notify notify = { .size = sizeof(notify) };
	struct micro_user_save save = { .size = sizeof(save) };

	if (chance(2)) {
		notify.file = chance(2) ? 0 : any() % 64;
		notify.instance = any() % 4;
		notify.events = any() & 0x7df;
		ioctl(fd, MICRO_USER_NOTIFY, chance(8) ? address() : &notify);
	} else {
		save.file = any() % 64;
		save.flags = rand() % 4;
		ioctl(fd, MICRO_USER_SAVE, chance(8) ? address() : &save);
	}
}

static void odd_calls(void)
{
	char garbage[256];
	int pair[2];

	fill(garbage, sizeof(garbage));
	if (chance(2))
		*(uint32_t *)garbage = sizeof(struct micro_user_next);
	switch (rand() % 8) {
	case 0:
		ioctl(fd, MICRO_USER_NEXT, garbage);
		break;
	case 1:
		ioctl(fd, MICRO_USER_ATTACH, garbage);
		break;
	case 2:
		ioctl(fd, MICRO_USER_NEXT, address());
		break;
	case 3:
		if (write(fd, address(), rand() % 1000) < 0)
			break;
		break;
	case 4:
		ioctl(fd, MICRO_USER_READY);
		break;
	case 5:
		ioctl(fd, any(), garbage);
		break;
	case 6:
		/* what the kernel can't hold on to */
		if (!pipe(pair)) {
			struct iovec iov = { address(), 64 };

			fcntl(pair[1], F_SETFL, O_NONBLOCK);
			vmsplice(pair[1], &iov, 1, SPLICE_F_NONBLOCK);
			splice(fd, NULL, pair[1], NULL, 100, SPLICE_F_NONBLOCK);
			close(pair[0]);
			close(pair[1]);
		}
		break;
	case 7:
		mmap(NULL, any() & 0xffffff, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     any() & ~4095ULL);
		break;
	}
}

static void move_memory(void)
{
	static const int advice[] = { MADV_DONTNEED, MADV_DOFORK, MADV_DODUMP, MADV_WILLNEED,
		MADV_HUGEPAGE, MADV_REMOVE, MADV_FREE };
	struct area *area = &areas[rand() % AREAS];
	void *at;

	if (chance(8)) {
		if (records)
			munmap(records, ring_size);
		map_ring();
	}
	if (!area->at)
		return;
	switch (rand() % 6) {
	case 0:
		munmap(area->at, area->size);
		area->at = NULL;
		break;
	case 1:
		at = mremap(area->at, area->size, area->size + 65536, MREMAP_MAYMOVE);
		if (at != MAP_FAILED) {
			dprintf(STDOUT_FILENO, "# wrong: a mapping has grown\n");
			shared->wrong++;
		}
		break;
	case 2:
		at = mremap(area->at, area->size, area->size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    (char *)0x200000000000 + (rand() % 1000) * 0x10000000L);
		if (at != MAP_FAILED)
			area->at = at;
		break;
	case 3:
		if (area->size > 4096 && !munmap(area->at + 4096, area->size - 4096))
			area->size = 4096;
		break;
	case 4:
		mprotect(area->at, area->size, chance(2) ? PROT_READ : PROT_READ | PROT_WRITE);
		madvise(area->at, area->size, advice[rand() % 7]);
		break;
	case 5:
		mlock(area->at, area->size);
		break;
	}
}

static void scribble(void)
{
	struct area *area = &areas[rand() % AREAS];
	size_t i, from;

	if (!area->at)
		return;
	from = rand() % area->size;
	for (i = from; i < area->size && i < from + 300; i++)
		area->at[i] = rand();
}

/* A child has the descriptor, and nothing else of it */
static void fork_child(void)
{
	struct micro_user_reply reply = { .size = sizeof(reply) };
	struct micro_user_record rec;
	pid_t pid = fork();

	if (pid)
		return;
	alarm(2);
	if (next(&reply, 1, 1) >= 0 || read(fd, &rec, sizeof(rec)) >= 0 ||
	    write(fd, &reply, sizeof(reply)) >= 0) {
		dprintf(STDOUT_FILENO, "# wrong: a child can serve\n");
		shared->wrong++;
	}
	attach(0);
	usleep(rand() % 100000);
	if (chance(2))
		scribble();
	_exit(0);
}

static void send_descriptor(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { "", 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	sendmsg(fds[1], &message, MSG_DONTWAIT);
}

static void exec_self(void)
{
	char text[5][24];

	fcntl(fd, F_SETFD, 0);
	sprintf(text[0], "%d", fd);
	sprintf(text[1], "%ld", mine);
	sprintf(text[2], "%d", seed_now + 1);
	sprintf(text[3], "%d", fds[1]);
	sprintf(text[4], "%ld", wanted);
	execl("/proc/self/exe", "micro-hostile", server_node, device, text[4], text[2], text[0],
	      text[1], text[3], NULL);
}

/* As often as not it is over with the next call, one way or other */
static void end_somehow(void)
{
	int how = rand() % 10;
	int pid;

	shared->ends[how]++;
	switch (how) {
	case 0:
		_exit(0);
	case 1:
		kill(getpid(), SIGKILL);
		break;
	case 2:
		abort();
	case 3:
		*(volatile char *)(uintptr_t)shared->stop = 0;
		break;
	case 4:
		close(fd);
		_exit(0);
	case 5:
		ioctl(fd, MICRO_USER_DETACH);
		attach(0);
		break;
	case 6:
		/* a child has it, and lives on for a while */
		pid = fork();
		if (!pid) {
			alarm(3);
			pause();
		}
		_exit(0);
	case 7:
		raise(SIGSTOP);
		break;
	case 8:
		exec_self();
		break;
	case 9:
		pid = fork();
		if (!pid) {
			/* as another process, which then is the server */
			fd = open(server_node, O_RDWR | O_CLOEXEC);
			alarm(2);
			attach(MICRO_USER_TAKEOVER);
			_exit(0);
		}
		break;
	}
}

static void *second_thread(void *arg)
{
	unsigned int seed = (uintptr_t)arg, i;
	struct micro_user_next n = { .size = sizeof(n), .max = 1 };
	struct area *area;

	for (;;) {
		n.ring = rand_r(&seed) % 3;
		n.max = rand_r(&seed) % 2;
		ioctl(fd, MICRO_USER_NEXT, &n);
		area = &areas[rand_r(&seed) % AREAS];
		/* while the kernel looks at it, and perhaps where it no longer is */
		if (area->at)
			for (i = 0; i < 200 && i < area->size; i++)
				area->at[i] = i;
		usleep(rand_r(&seed) % 5000);
	}
	return NULL;
}

static void be_hostile(long limit)
{
	struct micro_user_reply replies[64];
	struct micro_user_record rec;
	unsigned int n = 0, i;
	int got;

	map_ring();
	while (mine < limit) {
		if (chance(3))
			tell_something();
		if (chance(4))
			odd_calls();
		if (chance(3))
			scribble();
		if (chance(6))
			move_memory();
		if (chance(100))
			fork_child();
		if (chance(60))
			send_descriptor();
		if (chance(400))
			end_somehow();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!records)
			map_ring();
		got = next(chance(200) ? address() : replies, n, 1 + rand() % 8);
		n = 0;
		if (got < 0) {
			if (errno == ESHUTDOWN && attach(0))
				_exit(0);
			else if (errno == EPERM || errno == ENODEV || errno == ENOTCONN)
				_exit(0);
			if (!records)
				map_ring();
			continue;
		}
		if (!got)
			ioctl(fd, MICRO_USER_READY);
		for (i = 0; records && i < (unsigned int)got; i++) {
			/* the kernel does not change it, but the thread's call may */
			rec = records[i];
			if (!rec.id)
				continue;
			if (rec.type == MICRO_USER_PROBE || rec.type == MICRO_USER_RESTORE) {
				if (rec.type == MICRO_USER_PROBE)
					map_area(&rec);
				answer(&replies[n], &rec);
				if (chance(30))
					replies[n].result = -(long long)(rand() % 600);
				n++;
			} else {
				known[nr_known++ % KNOWN] = rec;
				n += lie(&replies[n], &rec);
			}
		}
	}
	end_somehow();
	_exit(0);
}

static void be_honest(void)
{
	struct micro_user_reply replies[64];
	unsigned int n = 0, i;
	int got;

	map_ring();
	for (;;) {
		got = next(replies, n, 8);
		n = 0;
		if (got < 0 && errno != EINTR)
			_exit(0);
		if (!got)
			ioctl(fd, MICRO_USER_READY);
		for (i = 0; got > 0 && i < (unsigned int)got; i++) {
			if (records[i].id)
				answer(&replies[n++], &records[i]);
		}
	}
}

static _Noreturn void serve(int seed)
{
	struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY };
	pthread_t thread;

	seed_now = seed;
	srand(seed);
	setrlimit(RLIMIT_CORE, &core);
	if (fd < 0) {
		fd = open(server_node, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			_exit(1);
		/* the one before may be at its end */
		while (attach(chance(4) ? MICRO_USER_TAKEOVER : 0)) {
			if (errno != EBUSY)
				_exit(1);
			usleep(1000);
		}
		shared->sessions++;
	}
	if (shared->honest)
		be_honest();
	if (chance(3))
		pthread_create(&thread, NULL, second_thread, (void *)(uintptr_t)seed);
	be_hostile(1 + rand() % 400);
	_exit(0);
}

/* A friend of the server: gets its descriptor, stops and traces it */
static void use_descriptor(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct micro_user_reply reply = { .size = sizeof(reply) };

	if (recvmsg(fds[0], &message, MSG_DONTWAIT) != 1 ||
	    control.header.cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	reply.id = any() % 1000;
	if (next(&reply, 1, 1) >= 0) {
		dprintf(STDOUT_FILENO, "# wrong: whoever has the descriptor can serve\n");
		shared->wrong++;
	}
	ioctl(fd, MICRO_USER_DETACH);
	mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	usleep(rand() % 20000);
	close(fd);
}

static _Noreturn void friend(int seed)
{
	int pid, status;

	srand(seed);
	while (!shared->stop) {
		usleep(rand() % 30000);
		use_descriptor();
		pid = shared->server;
		if (shared->honest || pid <= 0)
			continue;
		switch (rand() % 8) {
		case 0:
			kill(pid, SIGSTOP);
			usleep(rand() % (chance(4) ? 1500000 : 50000));
			break;
		case 1:
			if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD))
				break;
			ptrace(PTRACE_INTERRUPT, pid, 0, 0);
			if (waitpid(pid, &status, __WALL) != pid)
				break;
			usleep(rand() % (chance(4) ? 1000000 : 50000));
			if (chance(4))
				kill(pid, SIGKILL);
			else
				ptrace(PTRACE_DETACH, pid, 0, 0);
			break;
		case 2:
			if (chance(10))
				kill(pid, SIGKILL);
			break;
		}
		/* also if it has stopped itself */
		kill(pid, SIGCONT);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	_exit(0);
}

static int seeds;

/* Where a client is, for who has to find out why */
static void show(int pid)
{
	char path[64], text[4096];
	ssize_t n;
	int file;

	sprintf(path, "/proc/%d/stack", pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	n = read(file, text, sizeof(text) - 1);
	close(file);
	for (text[n < 0 ? 0 : n] = 0, n = 0; text[n]; n += strcspn(text + n, "\n") + 1)
		dprintf(STDOUT_FILENO, "# %.*s\n", (int)strcspn(text + n, "\n"), text + n);
}

static void look_at_clients(void)
{
	long long began;
	int i;

	for (i = 0; i < CLIENTS; i++) {
		began = shared->began[i];
		if (began && now_ms() - began > NUDGE_MS)
			kill(shared->pid[i], SIGUSR1);
		if (began && now_ms() - began > BOUND_MS) {
			me = i;
			complain("a call does not end");
			show(shared->pid[i]);
			me = -1;
			shared->began[i] = 0;
		}
		if (chance(300)) {
			client_kill(i);
			client_start(i, seeds++);
		}
	}
}

static void run_server(void)
{
	long long begin = now_ms();
	int pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(seeds);
	}
	seeds++;
	shared->server = pid;
	while (waitpid(pid, NULL, WNOHANG) != pid) {
		usleep(2000);
		look_at_clients();
		if (now_ms() - begin > SERVER_MS)
			kill(pid, SIGKILL);
	}
	shared->server = 0;
}

static void be_well(void)
{
	char text[100];
	int pid, file, i;

	shared->honest = 1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(1);
	}
	file = open(device, O_RDWR | O_CLOEXEC);
	for (i = 0; i < 50; i++) {
		if (file < 0 || read(file, text, sizeof(text)) != sizeof(text) ||
		    write(file, text, 50) != 50 || ioctl(file, CMD_NONE) ||
		    lseek(file, i, SEEK_SET) != i) {
			complain("an honest server after them: errno %d", errno);
			break;
		}
	}
	close(file);
	shared->stop = 1;
	for (i = 0; i < CLIENTS; i++) {
		kill(shared->pid[i], SIGUSR1);
		client_kill(i);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	int map, i, helper;

	if (argc != 5 && argc != 8) {
		fprintf(stderr, "usage: see the head of micro-hostile.c\n");
		return 2;
	}
	server_node = argv[1];
	device = argv[2];
	wanted = atol(argv[3]);
	seeds = atoi(argv[4]);
	/* in a file, so that it is there after exec, too */
	map = open("/tmp/hostile", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (map < 0 || ftruncate(map, sizeof(*shared)))
		return 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (shared == MAP_FAILED)
		return 1;
	close(map);
	if (argc == 8) {
		fd = atoi(argv[5]);
		mine = atol(argv[6]);
		fds[1] = atoi(argv[7]);
		attached.ring_size = sysconf(_SC_PAGESIZE);
		serve(seeds);
	}
	memset(shared, 0, sizeof(*shared));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return 1;
	srand(seeds);
	helper = fork();
	if (!helper) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		friend(seeds);
	}
	for (i = 0; i < CLIENTS; i++)
		client_start(i, seeds++);
	while (shared->replies < wanted && !shared->wrong)
		run_server();
	be_well();
	waitpid(helper, NULL, 0);
	for (i = 0; i < 10; i++)
		printf("# end %d: %ld times\n", i, (long)shared->ends[i]);
	printf("# %ld replies of %ld servers, %ld calls of clients, %ld answered, %d wrong\n",
	       (long)shared->replies, (long)shared->sessions, (long)shared->calls,
	       (long)shared->good, shared->wrong);
	unlink("/tmp/hostile");
	return shared->wrong != 0;
}
