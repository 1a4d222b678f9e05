// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGINT and SIGTERM: the device at hand is finished first
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

#include "interrupt.h"
#include "message.h"

static volatile sig_atomic_t interrupt_signal;

static void note(int sig)
{
	interrupt_signal = sig;
}

/* From now on these signals end nothing by themselves */
void interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* without SA_RESTART: waiting for the lock ends with them */
	struct sigaction action = { .sa_handler = note };
	struct sigaction old;

	/* whoever reads our messages may end, as head(1) does, when a device is half made */
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		/* nohup and shells' background jobs ignore them */
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

/* The signal that came, or 0 */
int interrupt_pending(void)
{
	return interrupt_signal;
}

/* For where nothing is to be finished */
void interrupt_check(void)
{
	if (interrupt_signal)
		die(STATUS_SIGNAL + interrupt_signal, "interrupted; nothing was changed");
}
