/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ioctls of sample_driver
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _UAPI_SAMPLE_DRIVER_H
#define _UAPI_SAMPLE_DRIVER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Make the message empty; needs a file opened for writing, else EBADF */
#define SAMPLE_IOC_CLEAR	_IO(0xF5, 0x00)

/* Get the length of the message in bytes */
#define SAMPLE_IOC_LENGTH	_IOR(0xF5, 0x01, __u32)

#endif /* _UAPI_SAMPLE_DRIVER_H */
