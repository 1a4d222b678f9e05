/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What micro_wake and the program that uses it agree on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_WAKE_H
#define _MICRO_WAKE_H

#include <linux/ioctl.h>

/* From now on poll() says that there is something to read, and who waits is told */
#define WAKE_IOC_ONE	_IO('W', 0)	/* wake_up() */
#define WAKE_IOC_ALL	_IO('W', 1)	/* wake_up_all() */
#define WAKE_IOC_OTHER	_IO('W', 2)	/* wake_up_all() of the second queue */

#endif /* _MICRO_WAKE_H */
