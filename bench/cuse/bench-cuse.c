// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-cuse: what bench-user measures user drivers against, a server for CUSE
 *
 * Usage: bench-cuse -f [-s]: serves /dev/bench_cuse, with -s in one thread. It has all that
 * the servers of the others have: nothing is computed or copied that need not be.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define FUSE_USE_VERSION 31
#include <cuse_lowlevel.h>
#include <errno.h>
#include <fuse_opt.h>
#include <poll.h>
#include <string.h>

#include "../modules/micro_floor.h"

static char data[FLOOR_DATA];

static void serve_open(fuse_req_t req, struct fuse_file_info *fi)
{
	fuse_reply_open(req, fi);
}

static void serve_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)off;
	(void)fi;
	fuse_reply_buf(req, data, size);
}

static void serve_write(fuse_req_t req, const char *buf, size_t size, off_t off,
			struct fuse_file_info *fi)
{
	(void)off;
	(void)fi;
	memcpy(data, buf, size);
	fuse_reply_write(req, size);
}

static void serve_ioctl(fuse_req_t req, int cmd, void *arg, struct fuse_file_info *fi,
			unsigned int flags, const void *in, size_t in_size, size_t out_size)
{
	(void)arg;
	(void)fi;
	(void)flags;
	(void)in_size;
	if (cmd == (int)FLOOR_IOC)
		fuse_reply_ioctl(req, 0, in, out_size);
	else
		fuse_reply_err(req, ENOTTY);
}

static void serve_poll(fuse_req_t req, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	(void)fi;
	if (ph)
		fuse_pollhandle_destroy(ph);
	fuse_reply_poll(req, POLLIN);
}

int main(int argc, char **argv)
{
	static const struct cuse_lowlevel_ops ops = {
		.open = serve_open,
		.read = serve_read,
		.write = serve_write,
		.ioctl = serve_ioctl,
		.poll = serve_poll,
	};
	const char *name = "DEVNAME=bench_cuse";
	const struct cuse_info info = { .dev_info_argc = 1, .dev_info_argv = &name };

	return cuse_lowlevel_main(argc, argv, &info, &ops, NULL);
}
