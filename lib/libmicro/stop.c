// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: the end of micro_serve(), by a signal or from another thread
 *
 * A thread that serves sleeps in an ioctl. A signal that comes while it does ends that
 * with EINTR, but one that comes just before would be forgotten. So the handler also makes
 * the server node non-blocking, and the ioctl does not sleep then. Threads that did
 * not get the signal are sent one, SIGURG, which nobody minds.
 *
 * A child of the process has the handlers, too, and the server node, but serves nothing: to
 * stop is for the process that serves.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

#define STOPPERS (4 * RING_THREADS_MAX)

static struct stopper stoppers[STOPPERS];

static const int signals[] = { SIGTERM, SIGINT, SIGURG };
#define SIGNALS (sizeof(signals) / sizeof(*signals))

/* The process that serves */
static _Atomic pid_t owner;

/* These guard what the signals did before, while somebody serves */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int servers;
static struct sigaction before[SIGNALS];

/* fd -1: all. A handler calls it, so it is made of atomic fields and system calls */
void stop_server(int fd)
{
	int self = syscall(SYS_gettid), error = errno;

	if (owner != getpid())
		return;
	/* Before the node is non-blocking, as a thread that is not to stop would undo that */
	for (struct stopper *s = stoppers; s < stoppers + STOPPERS; s++)
		if (s->thread && (fd < 0 || fd == s->fd))
			s->stop = true;
	for (struct stopper *s = stoppers; s < stoppers + STOPPERS; s++) {
		int thread = s->thread, own = s->fd;

		if (!thread || (fd >= 0 && fd != own))
			continue;
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
	if (owner != getpid()) {
		/* It comes as soon as this returns */
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	if (number != SIGURG)
		micro_stop();
}

/*
 * Signals that the program has a use for of its own are left alone. To ignore SIGURG is no
 * use, as that is what it does by default; but then it would wake nobody.
 */
static bool is_ours(size_t i)
{
	if (before[i].sa_flags & SA_SIGINFO)
		return false;
	return before[i].sa_handler == SIG_DFL ||
	       (signals[i] == SIGURG && before[i].sa_handler == SIG_IGN);
}

/* @mask: of signals; written: what this thread had blocked */
void stop_begin(sigset_t *mask)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t urgent;

	pthread_mutex_lock(&lock);
	if (!servers++) {
		for (size_t i = 0; i < SIGNALS; i++) {
			sigaction(signals[i], NULL, &before[i]);
			if (is_ours(i))
				sigaction(signals[i], &action, NULL);
		}
	}
	pthread_mutex_unlock(&lock);
	/* Threads that are made later have it from this one */
	sigemptyset(&urgent);
	sigaddset(&urgent, SIGURG);
	pthread_sigmask(SIG_UNBLOCK, &urgent, mask);
}

void stop_end(const sigset_t *mask)
{
	pthread_sigmask(SIG_SETMASK, mask, NULL);
	pthread_mutex_lock(&lock);
	if (!--servers) {
		for (size_t i = 0; i < SIGNALS; i++)
			if (is_ours(i))
				sigaction(signals[i], &before[i], NULL);
	}
	pthread_mutex_unlock(&lock);
}

/* This process is a child of one that serves, and is to serve itself: that is not its own */
static void forget_parent(void)
{
	struct sigaction now;

	memset(stoppers, 0, sizeof(stoppers));
	servers = 0;
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &now);
		if (!(now.sa_flags & SA_SIGINFO) && now.sa_handler == on_signal)
			signal(signals[i], SIG_DFL);
	}
}

/* For this thread; NULL when there are too many */
struct stopper *stopper_get(int fd)
{
	struct stopper *found = NULL;

	pthread_mutex_lock(&lock);
	if (owner != getpid()) {
		if (owner)
			forget_parent();
		owner = getpid();
	}
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
