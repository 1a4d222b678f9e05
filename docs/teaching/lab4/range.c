// SPDX-License-Identifier: GPL-2.0-only
/* range FILE [MIN MAX]: sets the range of dice, and prints it; and two calls that fail */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "lab4.h"

int main(int argc, char **argv)
{
	struct lab4_range range;
	int fd;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "Usage: range FILE [MIN MAX]\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4) {
		range.min = strtoul(argv[2], NULL, 0);
		range.max = strtoul(argv[3], NULL, 0);
		if (ioctl(fd, LAB4_SET_RANGE, &range) < 0)
			perror("LAB4_SET_RANGE");
	}
	if (ioctl(fd, LAB4_GET_RANGE, &range) < 0) {
		perror("LAB4_GET_RANGE");
		return 1;
	}
	printf("%u to %u\n", range.min, range.max);
	if (argc == 2) {
		if (ioctl(fd, LAB4_GET_RANGE, NULL) < 0)
			perror("with a bad pointer");
		if (ioctl(fd, _IO('L', 99)) < 0)
			perror("with an unknown command");
	}
	return 0;
}
