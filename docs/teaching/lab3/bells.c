// SPDX-License-Identifier: GPL-2.0-only
/* bells FILE...: prints what poll() says of each, until all devices are gone */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define MAX 16

/* returns whether the device is gone */
static int show(const char *name, struct pollfd *fd)
{
	char text[64];
	ssize_t len;

	if (fd->revents & POLLHUP) {
		printf("%s: POLLHUP%s\n", name, fd->revents & POLLERR ? " POLLERR" : "");
		close(fd->fd);
		fd->fd = -1;	/* poll() ignores it */
		return 1;
	}
	len = read(fd->fd, text, sizeof(text));
	if (len < 0)
		perror(name);
	else
		printf("%s: POLLIN, %.*s", name, (int)len, text);
	return 0;
}

int main(int argc, char **argv)
{
	struct pollfd fds[MAX];
	int i, n = argc - 1, open_files = n;

	if (n < 1 || n > MAX) {
		fprintf(stderr, "Usage: bells FILE... (up to %d)\n", MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < n; i++) {
		fds[i].events = POLLIN;
		fds[i].fd = open(argv[i + 1], O_RDONLY);
		if (fds[i].fd < 0) {
			perror(argv[i + 1]);
			return 1;
		}
	}
	printf("watching\n");
	while (open_files) {
		if (poll(fds, n, -1) < 0) {
			perror("poll");
			return 1;
		}
		for (i = 0; i < n; i++) {
			if (fds[i].fd >= 0 && fds[i].revents)
				open_files -= show(argv[i + 1], &fds[i]);
		}
	}
	return 0;
}
