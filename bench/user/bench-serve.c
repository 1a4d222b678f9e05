// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-serve: what bench-user measures, a server of the user driver micro_bench_user
 *
 * It does as little as the server for CUSE: what is read is there already, and is zeros.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <micro.h>
#include <string.h>

#include "../modules/micro_floor.h"

static char data[FLOOR_DATA];

static ssize_t serve_read(struct micro_file *file, void *buf, size_t count, off_t pos)
{
	(void)file;
	(void)buf;
	(void)pos;
	return count;
}

static ssize_t serve_write(struct micro_file *file, const void *buf, size_t count, off_t pos)
{
	(void)file;
	(void)pos;
	memcpy(data, buf, count);
	return count;
}

static long serve_ioctl(struct micro_file *file, unsigned int cmd, void *arg, size_t size)
{
	(void)file;
	(void)arg;
	(void)size;
	return cmd == FLOOR_IOC ? 0 : -ENOTTY;
}

int main(void)
{
	static const struct micro_ops ops = {
		.read = serve_read,
		.write = serve_write,
		.ioctl = serve_ioctl,
	};

	return -micro_serve("micro_bench_user", &ops);
}
