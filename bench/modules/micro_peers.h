/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What micro_peers.ko and micro-bench have to agree on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_PEERS_H
#define _MICRO_PEERS_H

#include <linux/ioctl.h>

#define PEER_DATA_SIZE		65536	/* what a read returns at most */

#define PEER_IOC_PING		_IO('P', 1)	/* does nothing */
#define PEER_IOC_SLEEPERS	_IO('P', 2)	/* returns how many reads sleep */
#define PEER_IOC_SYNC_RCU	_IO('P', 3)	/* waits for a grace period */
#define PEER_IOC_SETTLE		_IO('P', 4)	/* until all deferred frees are done */

#endif /* _MICRO_PEERS_H */
