/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page that does not come: whoever touches it sleeps until it is brought
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef USERFAULT_H
#define USERFAULT_H

#include <linux/userfaultfd.h>

#include "unplug.h"

/**
 * struct absent - memory whose pages do not come
 * @at: where it is
 * @size: bytes, whole pages
 * @fd: readable once somebody waits for one of them
 */
struct absent {
	char *at;
	size_t size;
	int fd;
};

static inline struct absent absent_new(int pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct absent a;

	a.size = (size_t)pages * getpagesize();
	a.fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	check(a.fd >= 0);
	check(!ioctl(a.fd, UFFDIO_API, &api));
	a.at = mmap(NULL, a.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(a.at != MAP_FAILED);
	area.range.start = (uintptr_t)a.at;
	area.range.len = a.size;
	check(!ioctl(a.fd, UFFDIO_REGISTER, &area));
	return a;
}

/* Until somebody waits for a page */
static inline void absent_wanted(struct absent *a)
{
	struct pollfd p = { .fd = a->fd, .events = POLLIN };

	check_is(poll(&p, 1, TIME_LIMIT_S * 1000), 1);
}

/* All pages come, full of zeroes */
static inline void absent_bring(struct absent *a)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)a->at, .len = a->size },
	};

	check(!ioctl(a->fd, UFFDIO_ZEROPAGE, &zero));
}

#endif /* USERFAULT_H */
