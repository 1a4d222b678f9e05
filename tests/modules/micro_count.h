/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What micro_count and the programs that use it agree on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_COUNT_H
#define _MICRO_COUNT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define COUNT_IOC_ID		_IOR('C', 0, __u64)	/* the instance's number */
#define COUNT_IOC_SLEEP		_IO('C', 1)	/* sleeps until unplug() */
#define COUNT_IOC_SPIN		_IO('C', 2)	/* stays until the revocation, a few ms at most */

/* At which page of the file which kind of mapping begins */
#define COUNT_PAGES		4	/* that fault() and page_mkwrite() map, from page 0 */
#define COUNT_AT_INSERT		16	/* one that vm_insert_page() has mapped */
#define COUNT_AT_REMAP		32	/* one that remap_pfn_range() has mapped */
#define COUNT_AT_FAIL		48	/* mmap() fails half way */

/* What memory is overwritten with when its time is over */
#define COUNT_POISON		0xdd

#endif /* _MICRO_COUNT_H */
