// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: micro_serve()
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "server.h"

#define NODE "/dev/micro/micro_user."

static int server_open(struct server *server)
{
	char path[PATH_MAX];
	int len;

	len = snprintf(path, sizeof(path), "%s%s", strchr(server->driver, '/') ? "" : NODE,
		       server->driver);
	if (!*server->driver || len >= (int)sizeof(path))
		return -EINVAL;
	server->fd = open(path, O_RDWR | O_CLOEXEC);
	if (server->fd >= 0)
		return 0;
	len = -errno;
	say(server, "%s cannot be opened: %s%s", path, strerror(-len),
	    len == -ENOENT ? ". There is no such user driver; root makes it" : "");
	return len;
}

/* Waits for another server to leave, if it is to take over. 0 also if it is to stop */
static int server_attach(struct server *server, const struct micro_options *options,
			 const struct stopper *stopper)
{
	struct micro_user_attach *attach = &server->attach;
	int err;

	attach->size = sizeof(*attach);
	attach->version = MICRO_USER_VERSION;
	attach->flags = options->takeover ? MICRO_USER_TAKEOVER : 0;
	attach->rings = server->nr_rings;
	do {
		err = ioctl(server->fd, MICRO_USER_ATTACH, attach) ? -errno : 0;
	} while (err == -EINTR && !stopper->stop);
	if (err == -EINTR)
		return 0;
	if (err) {
		say(server, "the kernel refuses it as the server: %s%s", strerror(-err),
		    err == -EBUSY ? ". Another process serves; the kernel's log has its number" :
		    err == -EINVAL ? ". The kernel's log has the reason" : "");
		return err;
	}
	/* Threads are for operations that take long, so nobody waits behind another */
	server->max = server->nr_rings > 1 ? 1 : attach->entries;
	return 0;
}

/* Devices and files that were there before */
static int server_start(struct server *server)
{
	struct ring *ring = &server->rings[0];
	int err;

	do {
		err = ring_start(ring);
		if (err || ring->stopper->stop)
			return err;
		err = ioctl(server->fd, MICRO_USER_READY) ? -errno : 0;
	} while (err == -EBUSY || err == -EINTR);
	return err;
}

static void *thread_main(void *argument)
{
	struct ring *ring = argument;

	ring->stopper = stopper_get(ring->server->fd);
	ring->result = ring->stopper ? ring_serve(ring) : -EMFILE;
	/* one for all: what ends one, but for a signal, ends them all */
	stop_server(ring->server->fd);
	stopper_put(ring->stopper);
	return NULL;
}

static int server_serve(struct server *server)
{
	unsigned int begun;
	int err = 0;

	for (begun = 1; begun < server->nr_rings; begun++) {
		/* It blocks the signals that this one blocks, and so do children of it */
		err = -pthread_create(&server->rings[begun].thread, NULL, thread_main,
				      &server->rings[begun]);
		if (err)
			break;
	}
	if (!err)
		err = ring_serve(&server->rings[0]);
	/*
	 * Until they have ended: one that has not found its stopper yet when the others
	 * are stopped does not sleep, as the node does not block any more, and looks at the
	 * stopper of the first.
	 */
	stop_server(server->fd);
	for (unsigned int i = 1; i < begun; i++) {
		pthread_join(server->rings[i].thread, NULL);
		if (!err)
			err = server->rings[i].result;
	}
	return err;
}

static int server_attached(struct server *server, struct stopper *stopper)
{
	int err;

	err = files_init(server);
	if (err)
		return err;
	server->rings = calloc(server->nr_rings, sizeof(*server->rings));
	if (!server->rings) {
		err = -ENOMEM;
		goto out_files;
	}
	for (unsigned int i = 0; !err && i < server->nr_rings; i++)
		err = ring_init(&server->rings[i], server, i);
	if (err)
		goto out_rings;

	server->rings[0].stopper = stopper;
	say(server, "serving as session %u", server->attach.session);
	err = server_start(server);
	if (!err && !stopper->stop)
		err = server_serve(server);
	say(server, "%s%s", "served until ", err ? strerror(-err) : "it was asked to stop");

out_rings:
	for (unsigned int i = 0; i < server->nr_rings; i++)
		if (server->rings[i].server)
			ring_free(&server->rings[i]);
	free(server->rings);
	instances_free(server);
out_files:
	files_free(server);
	return err;
}

static int server_run(struct server *server, const struct micro_options *options)
{
	struct stopper *stopper;
	sigset_t mask;
	int err;

	err = server_open(server);
	if (err)
		return err;
	/* It may be told to stop from here on */
	stopper = stopper_get(server->fd);
	if (!stopper) {
		err = -EMFILE;
		goto out_close;
	}
	stop_begin(&mask);
	err = server_attach(server, options, stopper);
	if (!err && !stopper->stop)
		err = server_attached(server, stopper);
	stopper_put(stopper);
	stop_end(&mask);
	ioctl(server->fd, MICRO_USER_DETACH);
out_close:
	close(server->fd);
	return err;
}

PUBLIC int micro_serve_with(const char *driver, const struct micro_ops *ops,
			    const struct micro_options *given)
{
	struct micro_options options = { 0 };
	struct server server = {
		.driver = driver,
		.ops = ops,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};

	say_init();
	if (!driver || !ops)
		return -EINVAL;
	if (given) {
		/* a program that was built with a later library has more options */
		if (given->size < sizeof(given->size) || given->size > sizeof(options))
			return -EINVAL;
		memcpy(&options, given, given->size);
	}
	server.nr_rings = options.threads ? options.threads : 1;
	if (server.nr_rings > RING_THREADS_MAX)
		return -EINVAL;
	return server_run(&server, &options);
}

PUBLIC int micro_serve(const char *driver, const struct micro_ops *ops)
{
	return micro_serve_with(driver, ops, NULL);
}
