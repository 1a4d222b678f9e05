// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-fifo: messages from one process to another, through micro_fifo and pipe(2)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench.h"

static const char usage[] =
	"Usage: bench-fifo\n"
	"\n"
	"Prints as CSV (work,n,subject,value,unit,ratio) what a message of n bytes takes\n"
	"from one process to another: written, read, and all switching between the two.\n"
	"Both buffers have 64 KiB. Needs micro_fifo, and no instance with this name.\n";

#define INSTANCE	"/sys/kernel/config/micro/micro_fifo"
#define MESSAGES	4096

static char buffer[4096];

static void send_all(int fd, size_t size)
{
	int i;

	for (i = 0; i < MESSAGES; i++)
		if (write(fd, buffer, size) != (ssize_t)size)
			die("write");
}

static void receive_all(int fd, size_t size)
{
	size_t left = size * MESSAGES;

	while (left) {
		ssize_t n = read(fd, buffer, size);

		if (n <= 0)
			die("read");
		left -= n;
	}
}

static double measure(int in, int out, size_t size)
{
	double best = 0;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		double begin = now();
		double ns;
		pid_t pid = fork();
		int status;

		if (pid < 0)
			die("fork");
		if (!pid) {
			send_all(out, size);
			_exit(0);
		}
		receive_all(in, size);
		if (waitpid(pid, &status, 0) != pid || status)
			die("the writer");
		ns = (now() - begin) / MESSAGES;
		if (!best || ns < best)
			best = ns;
	}
	return best;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 4096 };
	int pipes[2], fifo;
	unsigned int i;

	if (argc != 1) {
		fputs(usage, argv[1][0] == '-' ? stdout : stderr);
		return argv[1][0] == '-' ? 0 : 2;
	}
	if (pipe(pipes))
		die("pipe");
	if (mkdir(INSTANCE, 0755))
		die("mkdir " INSTANCE);
	fifo = open("/dev/micro/micro_fifo", O_RDWR);
	if (fifo < 0)
		die("open");

	settle();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		double ns = measure(pipes[0], pipes[1], sizes[i]);

		print("message", sizes[i], "pipe", ns, "ns", ns);
		print("message", sizes[i], "micro_fifo", measure(fifo, fifo, sizes[i]),
		      "ns", ns);
	}
	close(fifo);
	if (rmdir(INSTANCE))
		die("rmdir " INSTANCE);
	return 0;
}
