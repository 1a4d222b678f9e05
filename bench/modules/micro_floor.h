/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What micro_floor.ko, bench-user and its servers have to agree on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_FLOOR_H
#define _MICRO_FLOOR_H

#include <linux/ioctl.h>

#define FLOOR_DATA	65536	/* what a read returns at most */
#define FLOOR_BYTES	64	/* what the ioctl carries, in and out */

#define FLOOR_IOC	_IOC(_IOC_READ | _IOC_WRITE, 'F', 1, FLOOR_BYTES)
#define FLOOR_IOC_NEXT	_IO('F', 2)	/* the server: answer, wait for the next request */
#define FLOOR_IOC_MODE	_IO('F', 3)	/* the server: who lets the other one run, and when */

#define FLOOR_RESCHED	0x01	/* the client, before it sleeps, if the kernel wants that */
#define FLOOR_CLIENT	0x02	/* the client, once before it sleeps */
#define FLOOR_SERVER	0x04	/* the server, once before it sleeps */

#endif /* _MICRO_FLOOR_H */
