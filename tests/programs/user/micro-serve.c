// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-serve: a user driver made with libmicro, for tests
 *
 *	micro-serve [-t THREADS] [-x] [-k] [-w] [-v] [-u] [-o SECONDS] [-r SECONDS]
 *		    DRIVER
 *						serve; -x: take over from another process; -k: get
 *						SIGTERM in probe(); -w: signals are for a thread
 *						of its own, which calls micro_stop(); -v: say on
 *						stderr what is called for files and devices; -u:
 *						restore no file; -o, -r: open(), read() takes so
 *						long, and with -r there is something to read
 *	micro-serve -c DEVICE			a client: what is wrong with the answers?
 *	micro-serve -m DEVICE THREADS		a client with so many threads, whose requests
 *						have to meet in the server
 *	micro-serve -s DEVICE			a client whose request takes a second
 *	micro-serve -i DEVICE NUMBER ARGUMENT	a client that prints what _IO('T', NUMBER)
 *						returns
 *	micro-serve -f DEVICE COUNT		a client that opens so many files, says so, and
 *						waits
 *
 * Ends with the negative of what micro_serve() returned, or 0.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <fcntl.h>
#include <micro.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <uapi/sample_driver.h>

#define SERVE_COUNT	_IOR('T', 1, uint64_t)		/* operations of this file */
#define SERVE_WHO	_IOR('T', 2, uint32_t[3])	/* pid, uid, gid */
#define SERVE_DOUBLE	_IOWR('T', 3, uint64_t)
#define SERVE_NUMBER	_IO('T', 4)			/* returns the argument */
#define SERVE_MEET	_IO('T', 5)			/* waits until so many are in it */
#define SERVE_READABLE	_IO('T', 6)			/* from now on */
#define SERVE_BIG	_IOR('T', 7, char[1000])
#define SERVE_NOTIFY	_IO('T', 8)			/* notifies the argument */
#define SERVE_SLOW	_IOR('T', 9, char[1000])	/* takes a second */
#define SERVE_MANY	_IO('T', 10)			/* notifies often; the last is EPOLLOUT */
#define SERVE_FORK	_IO('T', 11)			/* a child that waits; returns its pid */
#define SERVE_HANG	_IO('T', 12)			/* takes so many seconds */

/* Threads that are, or were, in SERVE_MEET */
static _Atomic uintptr_t inside;

/* Kept for the next server, as are instructions for it */
struct state {
	uint64_t count;
	uint64_t readable;
};

struct file {
	_Atomic uint64_t count;
	_Atomic bool readable;
};

static bool killed, verbose, restores = true;
static unsigned int open_takes, read_takes;

static void tell(const char *what, struct micro_instance *inst)
{
	if (verbose)
		fprintf(stderr, "%s %s\n", what, micro_instance_name(inst));
}

static int serve_probe(struct micro_instance *inst)
{
	(void)inst;
	if (killed)
		raise(SIGTERM);
	return 0;
}

static void serve_remove(struct micro_instance *inst)
{
	tell("remove", inst);
}

static int serve_open(struct micro_file *file)
{
	struct file *f;

	tell("open", micro_file_instance(file));
	sleep(open_takes);
	if (strstr(micro_instance_name(micro_file_instance(file)), "refuse"))
		return -EBUSY;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	micro_file_set_data(file, f);
	return 0;
}

static int serve_restore(struct micro_file *file)
{
	const struct state *state = micro_file_saved(file);
	int err = restores ? serve_open(file) : -ENOMEM;
	struct file *f = micro_file_data(file);

	if (err)
		return err;
	f->count = state->count;
	f->readable = state->readable;
	return 0;
}

static void serve_release(struct micro_file *file)
{
	tell("release", micro_file_instance(file));
	free(micro_file_data(file));
}

static void count(struct micro_file *file)
{
	struct file *f = micro_file_data(file);
	struct state state = { .count = ++f->count, .readable = f->readable };

	micro_file_save(file, &state, sizeof(state));
}

/* The position, as often as there is room; nothing before SERVE_READABLE */
static ssize_t serve_read(struct micro_file *file, void *buf, size_t size, off_t pos)
{
	struct file *f = micro_file_data(file);

	if (verbose)
		fprintf(stderr, "read %llu %zu\n", (unsigned long long)micro_request_id(), size);
	sleep(read_takes);
	if (!f->readable && !read_takes)
		return -EAGAIN;
	count(file);
	memset(buf, 'a' + pos % 26, size);
	return size;
}

static ssize_t serve_write(struct micro_file *file, const void *buf, size_t size, off_t pos)
{
	const char *bytes = buf;

	(void)pos;
	count(file);
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 'w')
			return -EILSEQ;
	return size > 1 ? size / 2 : size;
}

static off_t serve_llseek(struct micro_file *file, off_t offset, int whence)
{
	count(file);
	return whence == SEEK_SET ? offset : whence == SEEK_END ? 1000 + offset : -EINVAL;
}

static long serve_ioctl(struct micro_file *file, unsigned int cmd, void *arg, size_t size)
{
	uint32_t who[3] = { micro_request_pid(), micro_request_uid(), micro_request_gid() };
	struct file *f = micro_file_data(file);
	uint64_t value;
	uint32_t bits;
	pid_t child;

	switch (cmd) {
	case SERVE_COUNT:
		value = f->count;
		memcpy(arg, &value, size);
		return 0;
	case SERVE_WHO:
		memcpy(arg, who, size);
		return 0;
	case SERVE_DOUBLE:
		memcpy(&value, arg, size);
		value *= 2;
		memcpy(arg, &value, size);
		return 7;
	case SERVE_NUMBER:
		return (uintptr_t)arg;
	case SERVE_MEET:
		inside++;
		for (int i = 0; i < 2000; i++) {
			if (inside >= (uintptr_t)arg)
				return 0;
			usleep(10000);
		}
		return -ETIMEDOUT;
	case SERVE_READABLE:
		f->readable = true;
		count(file);
		micro_notify(file, EPOLLIN);
		return 0;
	case SERVE_BIG:
		/* the rest has to be zeros */
		memcpy(arg, "big", 3);
		return 0;
	case SERVE_NOTIFY:
		micro_notify(file, (uintptr_t)arg);
		/* but no error, which the files of later clients would have, too */
		micro_notify_instance(micro_file_instance(file),
				      (uintptr_t)arg & ~(EPOLLERR | EPOLLHUP));
		return 0;
	case SERVE_MANY:
		for (int i = 0; i < 200; i++)
			micro_notify(file, i < 199 ? EPOLLIN : EPOLLOUT);
		return 0;
	case SERVE_SLOW:
		sleep(1);
		memset(arg, 's', size);
		return 0;
	case SERVE_FORK:
		child = fork();
		if (!child)
			pause();
		return child;
	case SERVE_HANG:
		sleep((uintptr_t)arg);
		/* the session may be over; arg is no address */
		count(file);
		return micro_request_id() ? 0 : -EINVAL;
	case SAMPLE_IOC_LENGTH:
		/* that of a word of the client, in bits; micro-hold can call it in two ways */
		bits = micro_request_compat() ? 32 : 8 * sizeof(long);
		memcpy(arg, &bits, size);
		return 0;
	default:
		return -ENOTTY;
	}
}

static void serve_undelivered(struct micro_file *file, int type, uint64_t id, int64_t result,
			      int64_t taken)
{
	(void)file;
	if (verbose)
		fprintf(stderr, "undelivered %c %llu %lld %lld\n", type, (unsigned long long)id,
			(long long)result, (long long)taken);
}

static void *wait_for_term(void *arg)
{
	int number;

	if (!sigwait(arg, &number))
		micro_stop();
	return NULL;
}

/* As programs do whose signals are for one thread */
static void wait_in_a_thread(void)
{
	static sigset_t all;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&all);
	sigaddset(&all, SIGTERM);
	pthread_create(&thread, NULL, wait_for_term, &all);
}

static int serve(const char *driver, unsigned int threads, bool takeover)
{
	static const struct micro_ops ops = {
		.probe = serve_probe,
		.remove = serve_remove,
		.open = serve_open,
		.restore = serve_restore,
		.release = serve_release,
		.read = serve_read,
		.write = serve_write,
		.llseek = serve_llseek,
		.ioctl = serve_ioctl,
		.undelivered = serve_undelivered,
	};
	struct micro_options options = {
		.size = sizeof(options),
		.threads = threads,
		.takeover = takeover,
	};

	if (!threads && !takeover)
		return -micro_serve(driver, &ops);
	return -micro_serve_with(driver, &ops, &options);
}

static int wrong;

static void check(bool good, const char *what)
{
	if (good)
		return;
	printf("%s (%s)\n", what, strerror(errno));
	wrong = 1;
}

#define CHECK(condition) check(condition, #condition)

static void *wait_and_tell(void *arg)
{
	usleep(200000);
	ioctl(*(int *)arg, SERVE_READABLE);
	return NULL;
}

/* What an operation notifies, the kernel hears after its answer */
static bool becomes(struct pollfd *p, short events)
{
	for (int i = 0; i < 1000; i++) {
		if (poll(p, 1, 0) == 1 && p->revents == events)
			return true;
		usleep(10000);
	}
	return false;
}

static int client(const char *device)
{
	int fd = open(device, O_RDWR), other = open(device, O_RDWR | O_NONBLOCK);
	struct pollfd poll_in = { .fd = fd, .events = POLLIN | POLLOUT };
	uint32_t who[3];
	uint64_t value;
	pthread_t thread;
	char text[1000];

	if (fd < 0 || other < 0) {
		perror(device);
		return 1;
	}
	CHECK(!ioctl(fd, SERVE_COUNT, &value) && value == 0);
	CHECK(!ioctl(fd, SERVE_WHO, who) && who[0] == (uint32_t)getpid() && who[1] == getuid() &&
	      who[2] == getgid());
	value = 21;
	CHECK(ioctl(fd, SERVE_DOUBLE, &value) == 7 && value == 42);
	CHECK(ioctl(fd, SERVE_NUMBER, 1234) == 1234);
	CHECK(ioctl(fd, _IO('T', 99)) == -1 && errno == ENOTTY);
	memset(text, 1, sizeof(text));
	CHECK(!ioctl(fd, SERVE_BIG, text) && !memcmp(text, "big", 3) && !text[3] && !text[999]);

	CHECK(write(fd, "wwww", 4) == 2 && lseek(fd, 0, SEEK_CUR) == 2);
	CHECK(write(fd, "wxww", 4) == -1 && errno == EILSEQ);
	CHECK(lseek(fd, -10, SEEK_END) == 990);
	CHECK(lseek(fd, 1, SEEK_CUR) == 991);

	/* not now: for another file, too, but at once */
	CHECK(read(other, text, 1) == -1 && errno == EAGAIN);
	poll_in.fd = other;
	CHECK(poll(&poll_in, 1, 0) == 1 && poll_in.revents == POLLOUT);
	CHECK(!pthread_create(&thread, NULL, wait_and_tell, &fd));
	CHECK(read(fd, text, 3) == 3 && !memcmp(text, "ddd", 3));
	pthread_join(thread, NULL);
	CHECK(pread(fd, text, 1, 27) == 1 && *text == 'b');
	poll_in.fd = fd;
	CHECK(poll(&poll_in, 1, 0) == 1 && poll_in.revents == POLLIN);
	CHECK(read(other, text, 1) == -1 && errno == EAGAIN);

	/* bits that are no events, and then the server goes on */
	CHECK(!ioctl(fd, SERVE_NOTIFY, POLLNVAL | EPOLLMSG | EPOLLOUT));
	CHECK(becomes(&poll_in, POLLOUT));
	CHECK(!ioctl(fd, SERVE_NOTIFY, -1));
	CHECK(ioctl(fd, SERVE_NUMBER, 1234) == 1234);
	/* the last of many counts */
	CHECK(!ioctl(fd, SERVE_MANY));
	CHECK(becomes(&poll_in, POLLOUT));
	return wrong;
}

struct meeting {
	int fd;
	int threads;
};

static void *meet(void *arg)
{
	struct meeting *m = arg;

	if (ioctl(m->fd, SERVE_MEET, m->threads)) {
		perror("SERVE_MEET");
		wrong = 1;
	}
	return NULL;
}

static int slow(const char *device)
{
	int fd = open(device, O_RDWR);
	char text[1000];

	if (fd < 0 || ioctl(fd, SERVE_SLOW, text))
		printf("%s\n", strerror(errno));
	return 0;
}

static int command(const char *device, int number, unsigned long argument)
{
	int fd = open(device, O_RDWR);
	int result = fd < 0 ? -1 : ioctl(fd, _IO('T', number), argument);

	if (result < 0)
		printf("%s\n", strerror(errno));
	else
		printf("%d\n", result);
	return 0;
}

static int files(const char *device, int n)
{
	struct rlimit limit = { n + 10, n + 10 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	for (int i = 0; i < n; i++)
		if (open(device, O_RDWR) < 0)
			return 1;
	puts("open");
	fflush(stdout);
	return pause();
}

static int meeting(const char *device, int n)
{
	struct meeting m = { open(device, O_RDWR), n };
	pthread_t threads[64];

	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, meet, &m);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return wrong;
}

int main(int argc, char **argv)
{
	unsigned int threads = 0;
	bool takeover = false;
	int option;

	while ((option = getopt(argc, argv, "t:xkwvuo:r:c:m:s:i:f:")) >= 0) {
		switch (option) {
		case 't':
			threads = atoi(optarg);
			break;
		case 'x':
			takeover = true;
			break;
		case 'k':
			killed = true;
			break;
		case 'w':
			wait_in_a_thread();
			break;
		case 'v':
			verbose = true;
			break;
		case 'u':
			restores = false;
			break;
		case 'o':
			open_takes = atoi(optarg);
			break;
		case 'r':
			read_takes = atoi(optarg);
			break;
		case 'i':
			return command(optarg, atoi(argv[optind]), atoi(argv[optind + 1]));
		case 'f':
			return files(optarg, atoi(argv[optind]));
		case 'c':
			return client(optarg);
		case 's':
			return slow(optarg);
		case 'm':
			return meeting(optarg, atoi(argv[optind]));
		default:
			return 2;
		}
	}
	return serve(argv[optind], threads, takeover);
}
