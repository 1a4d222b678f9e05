/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* Lab 4: what the driver and its programs have in common */
#ifndef LAB4_H
#define LAB4_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The same size and layout for programs of 32 and of 64 bits, without holes */
struct lab4_range {
	__u32 min;
	__u32 max;
};

#define LAB4_GET_RANGE	_IOR('L', 1, struct lab4_range)
#define LAB4_SET_RANGE	_IOW('L', 2, struct lab4_range)

#endif
