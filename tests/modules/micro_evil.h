/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What micro_evil and the programs that use it agree on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_EVIL_H
#define _MICRO_EVIL_H

#include <linux/ioctl.h>

#define EVIL_IOC_NOTHING	_IO('E', 0)	/* 0 */
#define EVIL_IOC_WAIT		_IO('E', 1)	/* what the wait for a token returns */
#define EVIL_IOC_ELSEWHERE	_IO('E', 2)	/* sleeps until unplug(), then ESHUTDOWN */
#define EVIL_IOC_DEAF		_IO('E', 3)	/* sleeps until "go", then 0 */
#define EVIL_IOC_SUICIDE	_IO('E', 4)	/* destroys its own device */
#define EVIL_IOC_LOCK		_IO('E', 5)	/* takes evil_lock for a moment */
#define EVIL_IOC_SIGNAL		_IO('E', 6)	/* waits for ARG, with a signal pending */
#define EVIL_IOC_LOCK_LATER	_IO('E', 7)	/* as LOCK, when somebody else has it */
#define EVIL_IOC_HOLD		_IO('E', 8)	/* release() will wait for "let SLOT" */
#define EVIL_IOC_WAIT_LOCKED	_IO('E', 9)	/* as WAIT, with evil_lock held */
#define EVIL_IOC_SIBLING	_IO('E', 10)	/* destroys the device micro_evil.sibling */

#define EVIL_IOC_KILLABLE	_IO('E', 16)	/* as WAIT, but only SIGKILL ends it */

/* Each kind of mapping has so many pages; they contain 'a', 'b', 'c' and 'd' */
#define EVIL_PAGES		4

/* The kinds: mapping KIND begins at page KIND * EVIL_PAGES of the file */
enum evil_map {
	EVIL_MAP_FAULT,		/* fault() returns the page */
	EVIL_MAP_MKWRITE,	/* and page_mkwrite() is asked */
	EVIL_MAP_PFN_FAULT,	/* fault() enters the page itself */
	EVIL_MAP_REMAP,		/* remap_pfn_range() */
	EVIL_MAP_VMALLOC,	/* remap_vmalloc_range() */
	EVIL_MAP_INSERT,	/* vm_insert_page() */
	EVIL_MAP_EMPTY,		/* nothing at all */
	EVIL_MAP_HALF,		/* fails after half of the pages: ENOBUFS */
	EVIL_MAP_KINDS,
};

#endif /* _MICRO_EVIL_H */
