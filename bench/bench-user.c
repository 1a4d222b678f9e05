// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-user: what it costs to be served by a process
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench.h"
#include "modules/micro_floor.h"

static const char usage[] =
	"Usage: bench-user [OPTION]...\n"
	"\n"
	"Measures operations on a device that a process serves, and its peers: a plain misc\n"
	"device, the floor (micro_floor.ko) and CUSE. Prints  work,n,subject,value,unit,ratio\n"
	"where the ratio is to CUSE, with one thread or several, whichever is better.\n"
	"Needs micro_user, micro_floor, cuse, bench-serve and bench-cuse.\n"
	"\n"
	"  -c N       calls in a round (400)\n"
	"  -m         mark what is measured, for bench/profile\n"
	"  -s NAME,.. subjects: cuse, cuse-mt, misc, floor, floor-resched,\n"
	"             floor-client, floor-both, micro\n";

#define CONFIGFS	"/sys/kernel/config/micro"
#define DRIVER		CONFIGFS "/micro_user.micro_bench_user"
#define DEVICE		CONFIGFS "/micro_bench_user"
#define CLIENTS		8

/* Works, in the order in which they are measured */
enum {
	READ, WRITE, IOCTL, OPEN, POLL, READ_64K, MANY, WORKS,
};

static const struct {
	const char *name;
	unsigned int n;
} works[WORKS] = {
	[READ] = { "user-read-1", 1 },
	[WRITE] = { "user-write-1", 1 },
	[IOCTL] = { "user-ioctl-64", 1 },
	[OPEN] = { "user-open-close", 1 },
	[POLL] = { "user-poll", 1 },
	[READ_64K] = { "user-read-64k", 1 },
	[MANY] = { "user-clients", CLIENTS },
};

static unsigned int calls = 400;

static pid_t run(const char *program, const char *arg1, const char *arg2)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp(program, program, arg1, arg2, NULL);
	die("%s", program);
}

static void end(pid_t pid)
{
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		die("kill");
}

/* CUSE's is there before it can be opened */
static void wait_node(const char *node)
{
	unsigned int i;
	int fd;

	for (i = 0; (fd = open(node, O_RDWR)) < 0; i++) {
		if (i == 2000)
			die("%s", node);
		usleep(10000);
	}
	close(fd);
}

static pid_t cuse_start(void)
{
	return run("bench-cuse", "-f", "-s");
}

static pid_t cuse_mt_start(void)
{
	return run("bench-cuse", "-f", NULL);
}

static pid_t floor_begin(unsigned int mode)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open("/dev/floor_server", O_RDWR);
	if (fd < 0 || ioctl(fd, FLOOR_IOC_MODE, mode))
		die("/dev/floor_server");
	while (!ioctl(fd, FLOOR_IOC_NEXT))
		;
	die("/dev/floor_server");
}

static pid_t floor_start(void)
{
	return floor_begin(0);
}

static pid_t floor_resched_start(void)
{
	return floor_begin(FLOOR_RESCHED);
}

static pid_t floor_client_start(void)
{
	return floor_begin(FLOOR_CLIENT);
}

static pid_t floor_both_start(void)
{
	return floor_begin(FLOOR_CLIENT | FLOOR_SERVER);
}

static pid_t micro_start(void)
{
	if (mkdir(DRIVER, 0755) || mkdir(DEVICE, 0755))
		die("mkdir " DEVICE);
	return run("bench-serve", NULL, NULL);
}

static void micro_stop(void)
{
	if (rmdir(DEVICE) || rmdir(DRIVER))
		die("rmdir " DRIVER);
}

static const struct subject {
	const char *name;
	const char *node;
	pid_t (*start)(void);
	void (*stop)(void);
	unsigned int lacks;	/* works */
} subjects[] = {
	{ "cuse", "/dev/bench_cuse", cuse_start, NULL, 0 },
	{ "cuse-mt", "/dev/bench_cuse", cuse_mt_start, NULL, 0 },
	{ "misc", "/dev/floor_plain", NULL, NULL, 0 },
	{ "floor", "/dev/floor", floor_start, NULL, 1 << MANY },
	{ "floor-resched", "/dev/floor", floor_resched_start, NULL, 1 << MANY },
	{ "floor-client", "/dev/floor", floor_client_start, NULL, 1 << MANY },
	{ "floor-both", "/dev/floor", floor_both_start, NULL, 1 << MANY },
	{ "micro", "/dev/micro/micro_bench_user", micro_start, micro_stop, 0 },
};

static int xopen(const char *node)
{
	int fd = open(node, O_RDWR);

	if (fd < 0)
		die("open %s", node);
	return fd;
}

static int open_close(const char *node)
{
	int fd = open(node, O_RDWR);

	return fd < 0 ? fd : close(fd);
}

/* One of the clients: waits for the start, and says when it is through */
static void __attribute__((noreturn)) client(const char *node, int start, int done)
{
	int fd = xopen(node);
	unsigned int i;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(done, "", 1) != 1 || read(start, &byte, 1) != 1)
		die("pipe");
	for (i = 0; i < calls / CLIENTS; i++)
		if (read(fd, &byte, 1) != 1)
			die("read");
	if (write(done, "", 1) != 1)
		die("pipe");
	pause();
	_exit(1);
}

static void wait_clients(int done)
{
	unsigned int i;
	char byte;

	for (i = 0; i < CLIENTS; i++)
		if (read(done, &byte, 1) != 1)
			die("pipe");
}

/* Each request, while the others are at it as well */
static double measure_many(const char *node)
{
	double best = 1e18;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		int start[2], done[2];
		pid_t pids[CLIENTS];
		double begin, ns;

		if (pipe(start) || pipe(done))
			die("pipe");
		for (i = 0; i < CLIENTS; i++) {
			pids[i] = fork();
			if (pids[i] < 0)
				die("fork");
			if (!pids[i])
				client(node, start[0], done[1]);
		}
		wait_clients(done[0]);
		if (round == ROUNDS - 1)
			mark(false);
		begin = now();
		if (write(start[1], "12345678", CLIENTS) != CLIENTS)
			die("pipe");
		wait_clients(done[0]);
		ns = (now() - begin) / (calls / CLIENTS * CLIENTS);
		if (round == ROUNDS - 1)
			mark(true);
		if (ns < best)
			best = ns;
		for (i = 0; i < CLIENTS; i++)
			end(pids[i]);
		close(start[0]);
		close(start[1]);
		close(done[0]);
		close(done[1]);
	}
	return best;
}

static void measure(const struct subject *s, double *result)
{
	static char buf[FLOOR_DATA];
	struct pollfd pfd = { .events = POLLIN };
	int fd = xopen(s->node);

	pfd.fd = fd;
	result[READ] = BEST(calls, read(fd, buf, 1));
	result[WRITE] = BEST(calls, write(fd, buf, 1));
	result[IOCTL] = BEST(calls, ioctl(fd, FLOOR_IOC, buf));
	result[OPEN] = BEST(calls / 2, open_close(s->node));
	result[POLL] = BEST(calls, poll(&pfd, 1, 0));
	result[READ_64K] = BEST(calls / 20, read(fd, buf, sizeof(buf)));
	if (!(s->lacks & 1 << MANY))
		result[MANY] = measure_many(s->node);
	close(fd);
}

/* From SIGKILL to the next answer, with a server that is started once the last one is dead */
static void measure_restart(const struct subject *s)
{
	double best = 1e18;
	pid_t pid = s->start();
	unsigned int round;
	char byte;
	int fd;

	wait_node(s->node);
	fd = xopen(s->node);
	for (round = 0; round < 4 * ROUNDS; round++) {
		double begin, ns;

		if (read(fd, &byte, 1) != 1)
			die("read");
		begin = now();
		end(pid);
		pid = run("bench-serve", NULL, NULL);
		if (read(fd, &byte, 1) != 1)
			die("read");
		ns = now() - begin;
		if (ns < best)
			best = ns;
	}
	print("user-restart", 1, s->name, best, "ns", 0);
	close(fd);
	end(pid);
	s->stop();
}

static bool wanted(const char *list, const char *name)
{
	size_t size = strlen(name);
	const char *at;

	for (at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, size) && (!at[size] || at[size] == ','))
			return true;
	}
	return !list;
}

int main(int argc, char **argv)
{
	double result[ARRAY_SIZE(subjects)][WORKS] = { 0 };
	const char *list = NULL;
	bool mark_wanted = false;
	unsigned int i, w;
	int opt;

	while ((opt = getopt(argc, argv, "c:ms:")) != -1) {
		switch (opt) {
		case 'c':
			calls = atoi(optarg);
			break;
		case 'm':
			mark_wanted = true;
			break;
		case 's':
			list = optarg;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc || calls < 40) {
		fputs(usage, stderr);
		return 2;
	}

	clock_cost();
	settle();
	marks = mark_wanted;
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		const struct subject *s = &subjects[i];
		pid_t pid = 0;

		if (!wanted(list, s->name))
			continue;
		if (s->start)
			pid = s->start();
		wait_node(s->node);
		measure(s, result[i]);
		if (pid)
			end(pid);
		if (s->stop)
			s->stop();
		/* and its node, where that goes with it */
		while (pid && !s->stop && strstr(s->node, "cuse") && !access(s->node, F_OK))
			usleep(10000);
	}
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		for (w = 0; w < WORKS; w++) {
			double cuse = result[0][w];

			if (!cuse || (result[1][w] && result[1][w] < cuse))
				cuse = result[1][w];
			if (result[i][w])
				print(works[w].name, works[w].n, subjects[i].name, result[i][w],
				      "ns", cuse);
		}
	}
	marks = false;
	if (wanted(list, "micro"))
		measure_restart(&subjects[ARRAY_SIZE(subjects) - 1]);
	return 0;
}
