// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-step: a server of a user driver dies at each of its instructions
 *
 *	micro-step NODE DEVICE FIRST LAST STEP COMMAND...
 *
 * For each number from FIRST to LAST in steps of STEP, COMMAND is started as the server,
 * a client writes eight bytes to DEVICE, which has to be a pipe, and reads them again, and
 * the server is killed that many instructions after it went on. The next server, which
 * lives as long as the client needs, ends what the first has begun. All that the client
 * sees is that it takes longer: bytes that are lost or repeated are an error.
 *
 * Prints how many servers were killed with a request in hand. If the machine has no single
 * steps, as 32-bit ARM, it ends with 3.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *state_path, *device;
static char **command;
static int client_fd;
static uint64_t number;
static volatile bool client_done;

static void fail(const char *what)
{
	fprintf(stderr, "micro-step: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static bool serving(void)
{
	char text[16] = "";
	int fd = open(state_path, O_RDONLY);

	if (fd < 0)
		fail(state_path);
	if (read(fd, text, sizeof(text) - 1) < 0)
		fail(state_path);
	close(fd);
	return !strncmp(text, "serving", 7);
}

static pid_t server_start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		/* one that outlives this program keeps its output open */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(command[0], command);
		_exit(127);
	}
	while (!serving()) {
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			fprintf(stderr, "micro-step: the server has ended\n");
			exit(1);
		}
		pause_ms(1);
	}
	return pid;
}

static void server_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) > 0)
		;
}

/* What it writes, it reads again; and nothing else is there then */
static void *client(void *unused)
{
	uint64_t got[2] = { 0 };
	char *next = (char *)got;
	ssize_t n;

	n = write(client_fd, &number, sizeof(number));
	if (n != sizeof(number)) {
		fprintf(stderr, "micro-step: write returned %zd: %m\n", n);
		exit(1);
	}
	while (next < (char *)(got + 1)) {
		n = read(client_fd, next, sizeof(got) - (next - (char *)got));
		if (n <= 0) {
			fprintf(stderr, "micro-step: read returned %zd: %m\n", n);
			exit(1);
		}
		next += n;
	}
	if (next != (char *)(got + 1) || got[0] != number) {
		fprintf(stderr, "micro-step: wrote %llu, read %zd bytes: %llu\n",
			(unsigned long long)number, next - (char *)got, (unsigned long long)got[0]);
		exit(1);
	}
	client_done = true;
	return unused;
}

/* False: it sleeps and has nothing to do, or has ended */
static bool stopped(pid_t pid)
{
	int status, tries = 0;
	pid_t got;

	for (;;) {
		got = waitpid(pid, &status, WNOHANG | __WALL);
		if (got == pid)
			return WIFSTOPPED(status);
		if (client_done && ++tries > 3)
			return false;
		if (!client_done)
			sched_yield();
		else
			pause_ms(1);
	}
}

/* Returns whether it was still at it */
static bool step(pid_t pid, long instructions)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		fail("ptrace");
	if (waitpid(pid, NULL, __WALL) != pid)
		fail("waitpid");
	for (long i = 0; i < instructions; i++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0)) {
			if (errno == EIO)
				exit(3);
			fail("ptrace");
		}
		if (!stopped(pid))
			return false;
	}
	return !client_done;
}

int main(int argc, char **argv)
{
	long first, last, by, in_hand = 0;
	pthread_t thread;
	char path[256];
	bool busy;
	pid_t pid;

	if (argc < 7) {
		fprintf(stderr, "Usage: micro-step NODE DEVICE FIRST LAST STEP COMMAND...\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/sys/bus/micro_bus/devices/%s/state", argv[1]);
	state_path = path;
	device = argv[2];
	first = atol(argv[3]);
	last = atol(argv[4]);
	by = atol(argv[5]);
	command = argv + 6;
	/* one that is only there for open() */
	pid = server_start();
	client_fd = open(device, O_RDWR);
	if (client_fd < 0)
		fail(device);
	server_kill(pid);

	for (long n = first; n <= last; n += by) {
		if (getenv("MICRO_STEP_SHOW"))
			fprintf(stderr, "micro-step: %ld, %ld in hand\n", n, in_hand);
		number = 0x0102030400000000ull + n;
		client_done = false;
		pid = server_start();
		if (pthread_create(&thread, NULL, client, NULL))
			fail("pthread_create");
		busy = step(pid, n);
		in_hand += busy;
		server_kill(pid);
		if (!client_done) {
			pid = server_start();
			pthread_join(thread, NULL);
			server_kill(pid);
		} else {
			pthread_join(thread, NULL);
		}
	}
	printf("%ld\n", in_hand);
	return 0;
}
