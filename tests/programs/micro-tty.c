// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-tty: runs a command on a terminal of its own, and prints what it prints
 *
 *	micro-tty COMMAND ARGUMENT...
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[4096];
	int tty, status;
	ssize_t got;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: micro-tty COMMAND...\n");
		return 2;
	}
	pid = forkpty(&tty, NULL, NULL, NULL);
	if (pid < 0) {
		perror("micro-tty");
		return 2;
	}
	if (!pid) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	/* the end is an error, EIO */
	while ((got = read(tty, text, sizeof(text))) > 0)
		if (write(STDOUT_FILENO, text, got) != got)
			return 2;
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 2;
	return WEXITSTATUS(status);
}
