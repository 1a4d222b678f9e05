// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-ioctl32: an ioctl of a 32-bit program, for micro-hold
 *
 *	micro-ioctl32 FD COMMAND
 *
 * Prints the result, errno, and what a 32-bit argument is afterwards.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

static_assert(sizeof(long) == 4, "this has to be a 32-bit program");

int main(int argc, char **argv)
{
	unsigned int arg = 0;
	int result;

	if (argc != 3)
		return 2;
	errno = 0;
	result = ioctl(atoi(argv[1]), strtoul(argv[2], NULL, 0), &arg);
	return printf("%d %d %u\n", result, errno, arg) < 0;
}
