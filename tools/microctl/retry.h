/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls that a signal interrupts are made again
 *
 * glibc has this as TEMP_FAILURE_RETRY(), other C libraries do not.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_RETRY_H
#define _MICROCTL_RETRY_H

#include <errno.h>

#define retry_interrupted(call) ({					\
	long _result;							\
									\
	do {								\
		_result = (call);					\
	} while (_result < 0 && errno == EINTR);			\
	_result;							\
})

#endif /* _MICROCTL_RETRY_H */
