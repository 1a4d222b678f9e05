// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-kills: clients count while their servers, and all else they depend on, are killed
 *
 *	micro-kills WHAT NUMBER SEED
 *
 * Two user drivers serve eleven clients. user-fifo is a pipe that keeps a journal; three pairs
 * of clients write numbers to it and read them: blocking, with poll(), and with SIGIO. The other
 * server is this program; its clients use ioctl() with a journal and without one, write()
 * without one, read(), lseek(), open() and close(). Each client knows which number comes next.
 *
 * WHAT says what happens NUMBER times:
 *	deaths	a server is killed, 1 to 20 ms after it was started or had begun to serve
 *	clients	a client is killed, and another one takes its place
 *	unplugs	a device goes (rmdir, "live", unbind through sysfs) and comes back
 *	drivers	a user driver goes, and another one takes over its devices
 *	unloads	all goes, both modules are unloaded and loaded again
 * In all but the first the servers are killed, too, though less often.
 *
 * In the first two no client may lose its file, or see any error.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <micro.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONFIGFS	"/sys/kernel/config/micro/"
#define DEVICES		"/sys/bus/micro_bus/devices/"
#define DRIVERS		"/sys/bus/micro_bus/drivers/"

#define PIPES		3
#define BATCH		16	/* numbers that one write has at most */
#define TAKE		64	/* numbers that one read asks for at most */
#define EPOCHS		65536	/* writers that one pipe may have */
#define NAMES		64	/* debug kernels keep the name of a driver for some seconds */
/* Only for what hangs: a machine may be slow */
#define IDLE_S		60
#define STUCK_S		600

#define NEXT_NUMBER	_IOWR('K', 1, uint64_t)	/* the journal counts */
#define THIS_NUMBER	_IOWR('K', 2, uint64_t)	/* the file's state counts */

enum driver { FIFO, TALLY, NR_DRIVERS };

static const char * const kinds[] = {
	"write", "read", "write, poll", "read, poll", "write", "read, SIGIO", "ioctl, journal",
	"ioctl, state", "write, no journal", "read", "open",
};

#define CLIENTS	((int)(sizeof(kinds) / sizeof(kinds[0])))

/**
 * struct pipe - what is known of a pipe's numbers
 * @epoch: of its writer; each writer has another one
 * @written: how many numbers of an epoch are known to have been written
 * @last: the last number that was read, with its epoch
 * @lossy: a reader was killed since, which may have had numbers in its hands
 */
struct pipe {
	atomic_ullong epoch;
	atomic_ullong written[EPOCHS];
	atomic_ullong last;
	atomic_int lossy;
};

static struct {
	struct pipe pipes[PIPES];
	atomic_int steady;		/* nobody may lose a file */
	atomic_int stop_writers, stop, over;
	atomic_int wrong;
	atomic_int deaths, rate;
	atomic_int up[NR_DRIVERS], generation[NR_DRIVERS];
	atomic_int server[NR_DRIVERS];
	atomic_ulong calls[CLIENTS];
	atomic_ulong reopened, repeats;
	atomic_int pid[CLIENTS];
} *shared;

static const char * const device[CLIENTS] = {
	"kf0", "kf0", "kf1", "kf1", "kf2", "kf2", "kt0", "kt0", "kt0", "kt0", "kt0",
};

static const char * const devices[] = { "kf0", "kf1", "kf2", "kt0" };

static const char * const compatible[NR_DRIVERS] = { "test,kill-fifo", "test,kill-tally" };

static const char *what;
static int me = -1;	/* which client */

static long now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

__attribute__((format(printf, 1, 2)))
static void complain(const char *format, ...)
{
	char text[512];
	va_list args;
	int n = 0;

	if (me >= 0)
		n = sprintf(text, "client %d (%s, %s): ", me, kinds[me], device[me]);
	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - n, format, args);
	va_end(args);
	/* at once, as lines of several processes are not to be mixed */
	dprintf(STDOUT_FILENO, "# wrong: %s\n", text);
	shared->wrong++;
}

__attribute__((format(printf, 1, 2)))
static _Noreturn void fatal(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	complain("%s (%s)", text, strerror(errno));
	_exit(1);
}

/* The server without a journal, and with one */

/**
 * struct tally - memory of the device
 * @now: which of @journal is valid
 * @journal: of NEXT_NUMBER: the number, and the request that got it
 * @written: the last number that was written; no journal
 */
struct tally {
	_Atomic uint32_t now;
	struct {
		uint64_t number;
		uint64_t id;
	} journal[2];
	uint64_t written;
};

static pthread_mutex_t tally_lock = PTHREAD_MUTEX_INITIALIZER;

static struct tally *tally_get(struct micro_file *file)
{
	return micro_memory(micro_file_instance(file), NULL);
}

static ssize_t tally_read(struct micro_file *file, void *buf, size_t count, off_t pos)
{
	uint64_t number = pos / sizeof(number);

	(void)file;
	if (count != sizeof(number) || pos % sizeof(number))
		return -EINVAL;
	memcpy(buf, &number, sizeof(number));
	return sizeof(number);
}

/* 0 begins anew. A number that comes again was delivered twice, one that is too high has a gap */
static ssize_t tally_write(struct micro_file *file, const void *buf, size_t count, off_t pos)
{
	struct tally *t = tally_get(file);
	uint64_t number;
	ssize_t ret = count;

	(void)pos;
	if (count != sizeof(number))
		return -EINVAL;
	memcpy(&number, buf, sizeof(number));
	pthread_mutex_lock(&tally_lock);
	if (!number || number == t->written + 1)
		t->written = number;
	else if (number == t->written && micro_request_attempt())
		shared->repeats++;
	else
		ret = -EILSEQ;
	pthread_mutex_unlock(&tally_lock);
	return ret;
}

static long tally_ioctl(struct micro_file *file, unsigned int cmd, void *arg, size_t size)
{
	struct tally *t = tally_get(file);
	uint64_t number, last;
	uint8_t state[MICRO_STATE_MAX];
	uint32_t now;

	if (size != sizeof(number))
		return -ENOTTY;
	memcpy(&number, arg, size);
	switch (cmd) {
	case NEXT_NUMBER:
		pthread_mutex_lock(&tally_lock);
		now = t->now & 1;
		if (t->journal[now].id != micro_request_id()) {
			t->journal[!now].number = t->journal[now].number + 1;
			t->journal[!now].id = micro_request_id();
			atomic_store(&t->now, !now);
			now = !now;
		}
		memcpy(arg, &t->journal[now].number, size);
		pthread_mutex_unlock(&tally_lock);
		return 0;
	case THIS_NUMBER:
		/* what is saved is saved with the answer, so the client can't see it twice */
		last = (uintptr_t)micro_file_data(file);
		if (number != last + 1) {
			memcpy(arg, &last, size);
			return 1;
		}
		memset(state, 0, sizeof(state));
		memcpy(state, &number, sizeof(number));
		micro_file_save(file, state, sizeof(state));
		micro_file_set_data(file, (void *)(uintptr_t)number);
		return 0;
	}
	return -ENOTTY;
}

static int tally_restore(struct micro_file *file)
{
	uint64_t number;

	memcpy(&number, micro_file_saved(file), sizeof(number));
	micro_file_set_data(file, (void *)(uintptr_t)number);
	return 0;
}

static off_t tally_llseek(struct micro_file *file, off_t offset, int whence)
{
	(void)file;
	return whence == SEEK_SET && offset >= 0 ? offset : -EINVAL;
}

static _Noreturn void tally_serve(const char *node, unsigned int threads)
{
	static const struct micro_ops ops = {
		.read = tally_read,
		.write = tally_write,
		.ioctl = tally_ioctl,
		.llseek = tally_llseek,
		.restore = tally_restore,
	};
	struct micro_options options = { .size = sizeof(options), .threads = threads };

	_exit(-micro_serve_with(node, &ops, &options));
}

/* Clients */

static volatile sig_atomic_t nudged;

static void nudge(int sig)
{
	(void)sig;
	nudged = 1;
}

static int client_open(int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/micro/%s", device[me]);
	for (;;) {
		fd = open(path, O_RDWR | O_CLOEXEC | flags);
		if (fd >= 0)
			return fd;
		if (shared->stop)
			_exit(0);
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN && flags & O_NONBLOCK) {
			usleep(1000);
			continue;
		}
		if (shared->steady || (errno != ENOENT && errno != ENXIO && errno != ENODEV))
			fatal("open");
		usleep(5000);
	}
}

/* The file is good for nothing any more, which is right if the device has gone */
static void client_reopen(int *fd, int flags)
{
	if (shared->steady)
		fatal("the file is lost");
	if (errno != ENODEV)
		fatal("after a device has gone");
	close(*fd);
	shared->reopened++;
	*fd = client_open(flags);
}

static unsigned long long pack(unsigned long long epoch, unsigned long long number)
{
	return epoch << 40 | number;
}

static void wait_for_events(int fd, short events, bool *idle)
{
	struct pollfd p = { .fd = fd, .events = events };
	long begin = now_s();
	int n;

	do {
		n = poll(&p, 1, 1000);
		if (n < 0 && errno != EINTR)
			fatal("poll");
	} while (n <= 0 && !nudged && now_s() - begin < IDLE_S);
	*idle = n <= 0 && !nudged;
}

static void wait_for_sigio(bool *idle)
{
	struct timespec second = { 1, 0 };
	long begin = now_s();
	sigset_t set;
	int n;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	do {
		n = sigtimedwait(&set, NULL, &second);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			fatal("sigtimedwait");
	} while (n <= 0 && !nudged && now_s() - begin < IDLE_S);
	*idle = n <= 0 && !nudged;
}

static void subscribe(int fd)
{
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC)) {
		/* its device may have gone in this moment */
		if (shared->steady || errno != ENODEV)
			fatal("fcntl");
	}
	/* what has happened before is not told */
	kill(getpid(), SIGIO);
}

static void write_numbers(struct pipe *pipe, bool polls)
{
	int flags = polls ? O_NONBLOCK : 0, fd = client_open(flags), i, n;
	unsigned long long batch[BATCH], epoch = ++pipe->epoch, next = 0;
	bool idle = false;
	ssize_t put;

	while (!shared->stop_writers) {
		if (epoch >= EPOCHS)
			fatal("too many writers");
		n = 1 + rand() % BATCH;
		for (i = 0; i < n; i++)
			batch[i] = pack(epoch, next + i);
		nudged = 0;
		put = write(fd, batch, n * sizeof(batch[0]));
		if (put > 0) {
			if (put % sizeof(batch[0]) || put > (ssize_t)(n * sizeof(batch[0])))
				fatal("%zd bytes of %zd were written", put, n * sizeof(batch[0]));
			next += put / sizeof(batch[0]);
			pipe->written[epoch] = next;
			shared->calls[me]++;
			if (idle)
				complain("there is room, and poll() has not said so");
			idle = false;
		} else if (put < 0 && errno == EAGAIN && polls) {
			idle = false;
			wait_for_events(fd, POLLOUT, &idle);
			usleep(500);
		} else if (put < 0 && errno == EINTR) {
			idle = false;
		} else if (put < 0 && errno == ENODEV) {
			client_reopen(&fd, flags);
			epoch = ++pipe->epoch;
			next = 0;
			idle = false;
		} else {
			fatal("write returned %zd", put);
		}
	}
}

/* The next number that was read; @reopened: it is the first of another device */
static void number_read(struct pipe *pipe, unsigned long long got, bool reopened, bool first)
{
	unsigned long long last = pipe->last, epoch = last >> 40;
	unsigned long long number = last & ((1ULL << 40) - 1);
	unsigned long long gap = first && pipe->lossy ? TAKE : 0, written;
	unsigned long long new_epoch = got >> 40, new_number = got & ((1ULL << 40) - 1);

	if (reopened) {
		if (new_epoch <= epoch || new_number > gap)
			complain("the first is %llu:%llu, and before it was %llu:%llu", new_epoch,
				 new_number, epoch, number);
	} else if (new_epoch == epoch) {
		if (new_number <= number || new_number > number + 1 + gap)
			complain("%llu:%llu comes after %llu", epoch, new_number, number);
	} else {
		written = epoch < EPOCHS ? pipe->written[epoch] : 0;
		if (new_epoch < epoch || new_number > gap)
			complain("%llu:%llu comes after %llu:%llu", new_epoch, new_number, epoch,
				 number);
		else if (epoch && written && number + 1 + gap < written)
			complain("%llu:%llu is the last one, and %llu were written", epoch, number,
				 written);
	}
	pipe->last = got;
	if (first)
		pipe->lossy = 0;
}

static bool read_all(struct pipe *pipe)
{
	unsigned long long epoch = pipe->epoch, last = pipe->last;

	while (epoch && !pipe->written[epoch])
		epoch--;
	return last >= pack(epoch, pipe->written[epoch] ? pipe->written[epoch] - 1 : 0);
}

static void read_numbers(struct pipe *pipe, bool polls, bool sigio)
{
	int flags = polls || sigio ? O_NONBLOCK : 0, fd = client_open(flags);
	bool idle = false, reopened = !shared->steady, first = true;
	unsigned long long got[TAKE];
	ssize_t n;
	int i;

	if (sigio)
		subscribe(fd);
	while (!shared->stop && !(shared->stop_writers == 2 && read_all(pipe))) {
		nudged = 0;
		n = read(fd, got, sizeof(got[0]) * (1 + rand() % TAKE));
		if (n > 0 && n % sizeof(got[0]) == 0) {
			for (i = 0; i < (int)(n / sizeof(got[0])); i++) {
				/* as the reader before it knows, if it is the same device */
				number_read(pipe, got[i],
					    reopened && got[i] >> 40 != pipe->last >> 40, first);
				reopened = false;
				first = false;
			}
			shared->calls[me]++;
			if (idle)
				complain("there are numbers, and nobody has said so");
			idle = false;
		} else if (n < 0 && errno == EAGAIN && flags) {
			idle = false;
			if (sigio)
				wait_for_sigio(&idle);
			else
				wait_for_events(fd, POLLIN, &idle);
			usleep(500);
		} else if (n < 0 && errno == EINTR) {
			idle = false;
		} else if (n < 0 && errno == ENODEV) {
			client_reopen(&fd, flags);
			if (sigio)
				subscribe(fd);
			reopened = true;
			idle = false;
		} else {
			fatal("read returned %zd", n);
		}
	}
}

static void ask_numbers(unsigned int cmd)
{
	uint64_t number = 0, got = 0;
	int fd = client_open(0), ret;
	bool first = true;

	while (!shared->stop) {
		number++;
		got = number;
		ret = ioctl(fd, cmd, &got);
		if (!ret) {
			/* the journal goes on where another client was killed */
			if (cmd == NEXT_NUMBER && first)
				number = got;
			if (got != number)
				fatal("%llu comes after %llu", (unsigned long long)got,
				      (unsigned long long)number - 1);
			shared->calls[me]++;
			first = false;
		} else if (ret < 0 && errno == EINTR) {
			number--;
		} else if (ret < 0 && errno == ENODEV) {
			client_reopen(&fd, 0);
			number = 0;
			first = true;
		} else {
			fatal("ioctl returned %d: %llu comes after %llu", ret,
			      (unsigned long long)number, (unsigned long long)got);
		}
	}
}

/* Numbers for the server that has no journal, or from it: none is lost or repeated */
static void move_plain(bool writes)
{
	int fd = client_open(0);
	uint64_t number = 0, moved;
	ssize_t n;

	while (!shared->stop) {
		moved = number;
		n = writes ? write(fd, &moved, sizeof(moved)) : read(fd, &moved, sizeof(moved));
		if (n == sizeof(moved)) {
			if (moved != number)
				fatal("read %llu at %llu", (unsigned long long)moved,
				      (unsigned long long)number);
			number++;
			shared->calls[me]++;
		} else if (n < 0 && errno == ENODEV) {
			client_reopen(&fd, 0);
			number = 0;
		} else if (n >= 0 || errno != EINTR) {
			fatal("%s at %llu returned %zd", writes ? "write" : "read",
			      (unsigned long long)number, n);
		}
	}
}

static void open_and_close(void)
{
	off_t at;
	int fd;

	while (!shared->stop) {
		fd = client_open(0);
		do {
			at = lseek(fd, 4096, SEEK_SET);
		} while (at < 0 && errno == EINTR && !shared->stop);
		if (at != 4096 && !shared->stop && (shared->steady || errno != ENODEV))
			fatal("lseek returned %lld", (long long)at);
		if (close(fd))
			fatal("close");
		shared->calls[me]++;
	}
}

static void client_start(int i)
{
	struct sigaction act = { .sa_handler = nudge };
	sigset_t set;
	pid_t pid = fork();

	if (pid < 0)
		fatal("fork");
	if (pid) {
		shared->pid[i] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	me = i;
	srand(getpid());
	sigaction(SIGUSR1, &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	switch (i) {
	case 0:
	case 2:
	case 4:
		write_numbers(&shared->pipes[i / 2], i == 2);
		break;
	case 1:
	case 3:
	case 5:
		read_numbers(&shared->pipes[i / 2], i == 3, i == 5);
		break;
	case 6:
		ask_numbers(NEXT_NUMBER);
		break;
	case 7:
		ask_numbers(THIS_NUMBER);
		break;
	case 8:
	case 9:
		move_plain(i == 8);
		break;
	default:
		open_and_close();
	}
	_exit(0);
}

/* Devices and drivers */

__attribute__((format(printf, 2, 3)))
static void put(const char *text, const char *format, ...)
{
	char path[256];
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fatal("'%s' to %s", text, path);
	close(fd);
}

static void make(const char *path)
{
	if (mkdir(path, 0755))
		fatal("mkdir %s", path);
}

/* configfs lets a property's folder go with the instance */
static void drop(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS "%s", name);
	if (rmdir(path))
		fatal("rmdir %s", path);
}

static void property(const char *node, const char *name, const char *type, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS "%s/properties/%s", node, name);
	make(path);
	put(value, "%s/%s", path, type);
}

static void node_name(enum driver d, int generation, char *name)
{
	sprintf(name, "k%c-%d", d == FIFO ? 'f' : 't', generation);
}

static void driver_make(enum driver d)
{
	int generation = shared->generation[d] + 1;
	char node[64], name[64], path[128];

	node_name(d, generation, node);
	sprintf(name, "kill%c%d", d == FIFO ? 'f' : 't', generation % NAMES);
	snprintf(path, sizeof(path), DRIVERS "%s", name);
	while (!access(path, F_OK))
		usleep(10000);
	snprintf(path, sizeof(path), CONFIGFS "%s", node);
	make(path);
	property(node, "driver-name", "string", name);
	property(node, "compatible-list", "string", compatible[d]);
	property(node, "memory-size", "u32", d == FIFO ? "524288" : "4096");
	property(node, "again", "string", "open\nrelease\nread\nwrite\nioctl\nllseek\n");
	property(node, "attempts", "u32", "1000");
	property(node, "grace-ms", "u32", "2000000000");
	property(node, "answer-ms", "u32", "600000");
	put("microkernel,user-driver", "%s/compatible", path);
	shared->generation[d] = generation;
	shared->up[d] = 1;
}

static void driver_drop(enum driver d)
{
	char node[64], path[128];
	static const char * const names[] = { "driver-name", "compatible-list", "memory-size",
		"again", "attempts", "grace-ms", "answer-ms" };

	shared->up[d] = 0;
	node_name(d, shared->generation[d], node);
	/* half of them without a warning */
	if (rand() % 2)
		put("0", CONFIGFS "%s/live", node);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), CONFIGFS "%s/properties/%s", node, names[i]);
		rmdir(path);
	}
	drop(node);
}

static void device_make(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), CONFIGFS "%s", name);
	make(path);
	put(compatible[name[1] == 'f' ? FIFO : TALLY], "%s/compatible", path);
}

static void device_again(const char *name)
{
	char driver[128], link[128], text[128] = "";
	ssize_t n;

	switch (rand() % 3) {
	case 0:
		drop(name);
		device_make(name);
		break;
	case 1:
		put("0", CONFIGFS "%s/live", name);
		usleep(rand() % 3000);
		put("1", CONFIGFS "%s/live", name);
		break;
	case 2:
		snprintf(link, sizeof(link), DEVICES "%s/driver", name);
		n = readlink(link, text, sizeof(text) - 1);
		if (n < 0)
			fatal("%s has no driver", name);
		snprintf(driver, sizeof(driver), DRIVERS "%s", strrchr(text, '/') + 1);
		put(name, "%s/unbind", driver);
		usleep(rand() % 3000);
		put(name, "%s/bind", driver);
		break;
	}
}

/* Servers */

static pid_t server_start(enum driver d, int round)
{
	char node[64], path[128];
	pid_t pid;

	node_name(d, shared->generation[d], node);
	snprintf(path, sizeof(path), "/dev/micro/%s", node);
	pid = fork();
	if (pid < 0)
		fatal("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (d == TALLY)
			tally_serve(path, 1 + round % 3);
		/* what it says when its driver has gone is not worth reading */
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execlp("user-fifo", "user-fifo", path, NULL);
		_exit(127);
	}
	return pid;
}

static bool is_serving(enum driver d)
{
	char node[64], path[128], text[16] = "";
	int fd;

	node_name(d, shared->generation[d], node);
	snprintf(path, sizeof(path), DEVICES "%s/state", node);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return !strcmp(text, "serving\n");
}

/* Starts the server again and again, and kills it, until all is over */
static void guard(enum driver d, int seed)
{
	int generation, round, status, us;
	long begin;
	pid_t pid;

	srand(seed + d);
	for (round = 0; !shared->over; round++) {
		while (!shared->up[d] && !shared->over)
			usleep(1000);
		generation = shared->generation[d];
		pid = server_start(d, round);
		shared->server[d] = pid;
		begin = now_s();
		us = 1000 + rand() % 19000;
		/* half of them before they serve, or few would live to serve on a slow machine */
		while (((round % 2 || !shared->rate) && !is_serving(d)) || us > 0) {
			if (waitpid(pid, &status, WNOHANG) == pid) {
				pid = 0;
				break;
			}
			if (shared->over)
				break;
			/* it was stopped from becoming ready by what came up meanwhile */
			if (us > 0 && now_s() - begin > STUCK_S)
				fatal("a server does not serve");
			usleep(us > 1000 || us <= 0 ? 1000 : us);
			if (us > 0 && shared->rate)
				us -= 1000;
			else if (us > 0 && !(rand() % 200))
				us = 0;
		}
		if (pid) {
			kill(pid, SIGKILL);
			if (waitpid(pid, &status, 0) != pid)
				fatal("waitpid");
			if (!shared->over)
				shared->deaths++;
		}
		if (!WIFSIGNALED(status) && shared->up[d] && shared->generation[d] == generation)
			fatal("server %d ends by itself: %#x", d, status);
		/* SIGBUS is for who is at work when the driver goes */
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
		    (WTERMSIG(status) != SIGBUS || (shared->up[d] &&
						    shared->generation[d] == generation)))
			fatal("server %d crashes: %#x", d, status);
	}
	_exit(0);
}

static void modules_again(void)
{
	static const char * const modules[] = { "micro_user", "microkernel" };
	long begin = now_s();
	int fd, i;

	for (i = 0; i < 2; i++) {
		while (syscall(SYS_delete_module, modules[i], O_NONBLOCK)) {
			/* until clients have closed what is of no use any more */
			if ((errno != EAGAIN && errno != EBUSY && errno != EWOULDBLOCK) ||
			    now_s() - begin > STUCK_S)
				fatal("unloading %s", modules[i]);
			usleep(2000);
		}
	}
	for (i = 1; i >= 0; i--) {
		char path[64];

		/* names of what went may be there for some seconds */
		if (i)
			while (!access("/sys/bus/micro_bus", F_OK) ||
			       !access("/sys/class/micro", F_OK) ||
			       !access("/sys/module/microkernel", F_OK) ||
			       !access("/sys/devices/micro", F_OK) ||
			       !access("/sys/bus/platform/drivers/microkernel-bus", F_OK))
				usleep(5000);
		snprintf(path, sizeof(path), "/root/%s.ko", modules[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		/* a guest that is slow is not stuck */
		if (fd < 0 || syscall(SYS_finit_module, fd, i ? "patience_ms=60000" : "", 0))
			fatal("loading %s", modules[i]);
		close(fd);
	}
}

static void all_again(void)
{
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		drop(devices[i]);
	driver_drop(FIFO);
	driver_drop(TALLY);
	modules_again();
	driver_make(TALLY);
	driver_make(FIFO);
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		device_make(devices[i]);
}

static void client_kill(int i)
{
	int status;

	kill(shared->pid[i], SIGKILL);
	if (waitpid(shared->pid[i], &status, 0) != shared->pid[i] || !WIFSIGNALED(status))
		fatal("client %d has ended: %#x", i, status);
	if (i < 6 && i % 2)
		shared->pipes[i / 2].lossy = 1;
	client_start(i);
}

/* Does each client still get on? */
static void look(void)
{
	static unsigned long before[CLIENTS];
	static long when[CLIENTS];
	int i, status;

	for (i = 0; i < CLIENTS; i++) {
		if (!when[i] || shared->calls[i] != before[i]) {
			before[i] = shared->calls[i];
			when[i] = now_s();
		} else if (now_s() - when[i] > STUCK_S) {
			me = i;
			complain("it is stuck");
			me = -1;
			when[i] = now_s();
		}
		if (shared->pid[i] && waitpid(shared->pid[i], &status, WNOHANG) == shared->pid[i]) {
			complain("client %d has ended: %#x", i, status);
			shared->pid[i] = 0;
		}
	}
}

static void once(void)
{
	int i = rand() % CLIENTS;
	enum driver d;

	/* a signal takes back what no server has begun, and nothing else */
	if (shared->pid[i])
		kill(shared->pid[i], SIGUSR1);
	if (!strcmp(what, "deaths")) {
		usleep(5000);
	} else if (!strcmp(what, "clients")) {
		usleep(rand() % 10000);
		client_kill(rand() % CLIENTS);
	} else if (!strcmp(what, "unplugs")) {
		usleep(rand() % 10000);
		device_again(devices[rand() % 4]);
	} else if (!strcmp(what, "drivers")) {
		usleep(rand() % 10000);
		d = rand() % NR_DRIVERS;
		driver_drop(d);
		usleep(rand() % 3000);
		driver_make(d);
	} else {
		usleep(rand() % 10000);
		all_again();
	}
}

/* Until all of them have done something on what is there now */
static void settle(void)
{
	unsigned long before[CLIENTS];
	long begin = now_s();
	int i;

	for (i = 0; i < CLIENTS; i++)
		before[i] = shared->calls[i];
	for (i = 0; i < CLIENTS && !shared->wrong; usleep(1000)) {
		while (i < CLIENTS && shared->calls[i] > before[i] + 1)
			i++;
		if (now_s() - begin > STUCK_S)
			fatal("client %d (%s) does not get on", i, kinds[i]);
		look();
	}
}

static void wait_for_clients(int from, int step)
{
	long begin = now_s();
	int i, status, n;

	do {
		for (i = from, n = 0; i < CLIENTS; i += step) {
			if (step == 2 && i > 5)
				break;
			if (!shared->pid[i])
				continue;
			kill(shared->pid[i], SIGUSR1);
			if (waitpid(shared->pid[i], &status, WNOHANG) == shared->pid[i])
				shared->pid[i] = 0;
			else
				n++;
		}
		usleep(5000);
		if (now_s() - begin > STUCK_S)
			fatal("clients do not end");
	} while (n && !shared->wrong);
}

int main(int argc, char **argv)
{
	pid_t guards[NR_DRIVERS];
	int n, i, d, done = 0;
	size_t k;

	if (argc != 4) {
		fprintf(stderr, "usage: see the head of micro-kills.c\n");
		return 2;
	}
	what = argv[1];
	n = atoi(argv[2]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	srand(atoi(argv[3]));
	/* clients that are not ready for it */
	signal(SIGUSR1, SIG_IGN);
	shared->steady = !strcmp(what, "deaths") || !strcmp(what, "clients");
	shared->rate = !strcmp(what, "deaths");
	driver_make(FIFO);
	driver_make(TALLY);
	for (k = 0; k < sizeof(devices) / sizeof(devices[0]); k++)
		device_make(devices[k]);
	for (d = 0; d < NR_DRIVERS; d++) {
		guards[d] = fork();
		if (!guards[d]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			guard(d, atoi(argv[3]));
		}
	}
	for (i = 0; i < CLIENTS; i++)
		client_start(i);

	while (!shared->wrong && done < n) {
		once();
		done = shared->rate ? shared->deaths : done + 1;
		look();
	}
	settle();
	/* as servers are still killed, and then less often */
	shared->steady = 0;
	shared->stop_writers = 1;
	wait_for_clients(0, 2);
	shared->rate = 0;
	shared->stop_writers = 2;
	wait_for_clients(1, 2);
	for (i = 0; i < PIPES; i++)
		if (!shared->wrong && !read_all(&shared->pipes[i]))
			complain("not all of what was written to pipe %d was read", i);
	shared->stop = 1;
	if (!shared->wrong)
		wait_for_clients(0, 1);
	shared->over = 1;
	for (d = 0; d < NR_DRIVERS; d++)
		waitpid(guards[d], NULL, 0);
	for (i = 0; i < CLIENTS; i++) {
		if (shared->pid[i]) {
			kill(shared->pid[i], SIGKILL);
			waitpid(shared->pid[i], NULL, 0);
		}
		printf("# %s, %s: %lu calls\n", device[i], kinds[i],
		       (unsigned long)shared->calls[i]);
	}
	for (k = 0; k < sizeof(devices) / sizeof(devices[0]); k++)
		drop(devices[k]);
	driver_drop(FIFO);
	driver_drop(TALLY);
	printf("# %s %d: %d deaths of servers, %lu files opened again, %lu numbers came twice, ",
	       what, done, shared->deaths, (unsigned long)shared->reopened,
	       (unsigned long)shared->repeats);
	printf("%d wrong\n", shared->wrong);
	return shared->wrong != 0;
}
