// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: the end of micro_serve(), by a signal or from another thread
 *
 * A thread that serves sleeps in an ioctl. A signal that comes while it does ends that
 * with EINTR, but one that comes just before would be forgotten. So the handler also makes
 * the server node non-blocking, and the ioctl does not sleep then. Threads that did
 * not get the signal are sent one, SIGURG, which nobody minds.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

#define STOPPERS (4 * RING_THREADS_MAX)

static struct stopper stoppers[STOPPERS];

static const int signals[] = { SIGTERM, SIGINT, SIGURG };
#define SIGNALS (sizeof(signals) / sizeof(*signals))

/* These guard what the signals did before, while somebody serves */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int servers;
static struct sigaction before[SIGNALS];

/* fd -1: all. A handler calls it, so it is made of atomic fields and system calls */
void stop_server(int fd)
{
	int self = syscall(SYS_gettid), error = errno;

	for (struct stopper *s = stoppers; s < stoppers + STOPPERS; s++) {
		int thread = s->thread, own = s->fd;

		if (!thread || (fd >= 0 && fd != own))
			continue;
		s->stop = true;
		fcntl(own, F_SETFL, O_RDWR | O_NONBLOCK);
		if (thread != self)
			syscall(SYS_tgkill, getpid(), thread, SIGURG);
	}
	errno = error;
}

PUBLIC void micro_stop(void)
{
	stop_server(-1);
}

static void on_signal(int number)
{
	if (number != SIGURG)
		micro_stop();
}

/* Signals that the program has a use for of its own are left alone */
void stop_begin(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	pthread_mutex_lock(&lock);
	if (!servers++) {
		for (size_t i = 0; i < SIGNALS; i++) {
			sigaction(signals[i], NULL, &before[i]);
			if (!(before[i].sa_flags & SA_SIGINFO) && before[i].sa_handler == SIG_DFL)
				sigaction(signals[i], &action, NULL);
		}
	}
	pthread_mutex_unlock(&lock);
}

void stop_end(void)
{
	pthread_mutex_lock(&lock);
	if (!--servers) {
		for (size_t i = 0; i < SIGNALS; i++)
			if (!(before[i].sa_flags & SA_SIGINFO) && before[i].sa_handler == SIG_DFL)
				sigaction(signals[i], &before[i], NULL);
	}
	pthread_mutex_unlock(&lock);
}

/* For this thread; NULL when there are too many */
struct stopper *stopper_get(int fd)
{
	struct stopper *found = NULL;

	pthread_mutex_lock(&lock);
	for (struct stopper *s = stoppers; s < stoppers + STOPPERS; s++) {
		if (s->thread)
			continue;
		s->stop = false;
		s->fd = fd;
		s->thread = syscall(SYS_gettid);
		found = s;
		break;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

void stopper_put(struct stopper *stopper)
{
	if (stopper)
		stopper->thread = 0;
}
