/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmicro: what its files share
 *
 * A server has one ring for each of its threads, instances, and files. A thread takes
 * records from its ring, calls the operations, and gives its answers and notifications
 * to the kernel with the call that asks for the next records.
 *
 * With one thread, nothing is locked. With several, server.lock guards the lists of
 * instances and files, and the fields of them that say so. It is not held while an
 * operation runs.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _LIBMICRO_SERVER_H
#define _LIBMICRO_SERVER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <micro_user.h>

#include "micro.h"

#define RING_THREADS_MAX	MICRO_USER_RINGS
#define RING_NOTIFIES		64
/* Of poll(2)'s events those that a server can notify */
#define RING_EVENTS	(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM |	\
			 EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND | EPOLLRDHUP)

/* What the shared library shows; all else is built with -fvisibility=hidden */
#define PUBLIC __attribute__((visibility("default")))

struct server;

/**
 * struct micro_instance - a device
 * @server: whose it is
 * @next: the next one of the server
 * @number: the kernel's name for it
 * @name: its name
 * @data: the driver's pointer
 * @payload: where requests have their bytes
 * @payload_size: bytes of it
 * @memory: what survives the server, or NULL
 * @memory_size: bytes of it
 * @probed: probe() has returned 0
 * @users: operations that run for files of which the server is not told; locked
 * @going: it is about to be freed, once all its files are; locked
 */
struct micro_instance {
	struct server *server;
	struct micro_instance *next;
	uint32_t number;
	char name[MICRO_USER_NAME];
	void *data;
	char *payload;
	size_t payload_size;
	void *memory;
	size_t memory_size;
	bool probed;
	bool going;
	unsigned int users;
};

/**
 * struct micro_file - an open file
 * @instance: what it is open on
 * @next: the next one in its place of the table
 * @id: the kernel's name for it
 * @data: the driver's pointer
 * @saved: the state that an earlier server saved
 * @flags: O_*
 * @users: operations that run for it; locked
 * @opening: open() or restore() has not returned yet; locked
 * @closing: it is about to be freed, once @users is 0; locked
 * @once: it is not in the table, and goes with the operation
 * @error: what open() or restore() returned
 */
struct micro_file {
	struct micro_instance *instance;
	struct micro_file *next;
	uint64_t id;
	void *data;
	uint8_t saved[MICRO_USER_STATE];
	int flags;
	unsigned int users;
	bool opening;
	bool closing;
	bool once;
	int error;
};

/**
 * struct stopper - how a thread that serves hears that it is to stop
 * @thread: its number, or 0 if this is free
 * @fd: the server node; made non-blocking, so that the thread does not fall asleep
 * @stop: it is to stop
 */
struct stopper {
	_Atomic int thread;
	_Atomic int fd;
	_Atomic bool stop;
};

/**
 * struct ring - a thread that serves
 * @server: for whom
 * @number: of the ring
 * @stopper: see there
 * @thread: the thread, but for the first
 * @records: what the kernel writes
 * @taken: the records that are being dealt with
 * @replies: answers that it has not got yet
 * @nr_replies: so many
 * @notifies: likewise, notifications
 * @nr_notifies: so many
 * @record: what is being dealt with, or NULL
 * @reply: the answer to it, or NULL
 * @result: why the thread ended
 */
struct ring {
	struct server *server;
	unsigned int number;
	struct stopper *stopper;
	pthread_t thread;
	const void *records;
	struct micro_user_record *taken;
	struct micro_user_reply *replies;
	unsigned int nr_replies;
	struct micro_user_notify notifies[RING_NOTIFIES];
	unsigned int nr_notifies;
	const struct micro_user_record *record;
	struct micro_user_reply *reply;
	int result;
};

/**
 * struct server - a process that serves a driver
 * @driver: its name
 * @ops: what it does
 * @fd: the server node
 * @attach: what the kernel said
 * @max: records that a thread takes at a time, at most
 * @rings: its threads
 * @nr_rings: so many
 * @lock: see above
 * @changed: a file or instance has changed; with several threads
 * @instances: all devices
 * @files: all open files, by id
 * @files_mask: places in @files, less one
 * @nr_files: so many files
 */
struct server {
	const char *driver;
	const struct micro_ops *ops;
	int fd;
	struct micro_user_attach attach;
	unsigned int max;
	struct ring *rings;
	unsigned int nr_rings;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct micro_instance *instances;
	struct micro_file **files;
	size_t files_mask;
	size_t nr_files;
};

static inline void server_lock(struct server *server)
{
	if (server->nr_rings > 1)
		pthread_mutex_lock(&server->lock);
}

static inline void server_unlock(struct server *server)
{
	if (server->nr_rings > 1)
		pthread_mutex_unlock(&server->lock);
}

/* ring.c */
extern _Thread_local struct ring *this_ring;
int ring_init(struct ring *ring, struct server *server, unsigned int number);
void ring_free(struct ring *ring);
int ring_next(struct ring *ring, unsigned int max);
int ring_start(struct ring *ring);
int ring_serve(struct ring *ring);
void ring_notify(struct server *server, const struct micro_user_notify *notify);

/* request.c */
void request_handle(struct ring *ring, const struct micro_user_record *record);

/* instance.c */
struct micro_instance *instance_find_locked(struct server *server, uint32_t number);
struct micro_instance *instance_find(struct server *server, uint32_t number);
int instance_add(struct server *server, const struct micro_user_record *record,
		 struct micro_instance **inst);
void instance_remove(struct server *server, struct micro_instance *inst);
void instances_free(struct server *server);

/* file.c */
int files_init(struct server *server);
void files_free(struct server *server);
struct micro_file *file_add(struct server *server, const struct micro_user_record *record);
bool files_are_told(const struct server *server);
struct micro_file *file_get(struct server *server, const struct micro_user_record *record);
void file_put(struct server *server, struct micro_file *file);
void file_opened(struct server *server, struct micro_file *file, int error);
struct micro_file *file_close(struct server *server, const struct micro_user_record *record);
void file_free(struct server *server, struct micro_file *file);
void files_end(struct server *server, struct micro_instance *inst);

/* stop.c */
void stop_begin(sigset_t *mask);
void stop_end(const sigset_t *mask);
struct stopper *stopper_get(int fd);
void stopper_put(struct stopper *stopper);
void stop_server(int fd);

/* say.c */
extern int say_level;
void say_init(void);
void say(const struct server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* _LIBMICRO_SERVER_H */
