// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: open files
 *
 * With several threads a file may be needed before the thread that has its OPEN has
 * called open(), and may be closed while a request of a client that was killed
 * is still being answered. So who needs a file waits until it is open, and
 * who closes it waits until nobody uses it.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "server.h"

#define FILES_FIRST 64 /* a power of two */

int files_init(struct server *server)
{
	server->files = calloc(FILES_FIRST, sizeof(*server->files));
	server->files_mask = FILES_FIRST - 1;
	return server->files ? 0 : -ENOMEM;
}

void files_free(struct server *server)
{
	struct micro_file *next;

	for (size_t i = 0; server->files && i <= server->files_mask; i++) {
		for (struct micro_file *file = server->files[i]; file; file = next) {
			next = file->next;
			free(file);
		}
	}
	free(server->files);
	server->files = NULL;
}

/* The kernel numbers files one after the other, so the number is as good as a hash */
static struct micro_file **place(struct server *server, uint64_t id)
{
	return &server->files[id & server->files_mask];
}

static struct micro_file *find(struct server *server, uint64_t id)
{
	struct micro_file *file;

	for (file = *place(server, id); file; file = file->next)
		if (file->id == id)
			break;
	return file;
}

/* Without memory for that, the chains get longer */
static void grow(struct server *server)
{
	size_t old = server->files_mask + 1;
	struct micro_file **files = calloc(2 * old, sizeof(*files));
	struct micro_file **from = server->files, **to, *next;

	if (!files)
		return;
	server->files = files;
	server->files_mask = 2 * old - 1;
	for (size_t i = 0; i < old; i++) {
		for (struct micro_file *file = from[i]; file; file = next) {
			next = file->next;
			to = place(server, file->id);
			file->next = *to;
			*to = file;
		}
	}
	free(from);
}

/* From OPEN or RESTORE, whose operation is to be called then; NULL without memory */
struct micro_file *file_add(struct server *server, const struct micro_user_record *record)
{
	struct micro_file *file = calloc(1, sizeof(*file)), **at;

	if (!file)
		return NULL;
	file->id = record->file;
	file->flags = record->open_flags;
	file->opening = true;
	if (record->type == MICRO_USER_RESTORE)
		memcpy(file->saved, record->u.restore.state, sizeof(file->saved));

	server_lock(server);
	file->instance = instance_find_locked(server, record->instance);
	/* The thread that ends it has looked at all files already, perhaps */
	if (!file->instance || file->instance->going) {
		server_unlock(server);
		free(file);
		return NULL;
	}
	if (++server->nr_files > server->files_mask)
		grow(server);
	at = place(server, file->id);
	file->next = *at;
	*at = file;
	server_unlock(server);
	return file;
}

static void changed(struct server *server)
{
	if (server->nr_rings > 1)
		pthread_cond_broadcast(&server->changed);
}

/* open() or restore() has returned */
void file_opened(struct server *server, struct micro_file *file, int error)
{
	server_lock(server);
	file->error = error;
	file->opening = false;
	changed(server);
	server_unlock(server);
}

/* Until when a thread waits for another one that has a file in hand */
static struct timespec in_a_second(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	return end;
}

/* Is it still to be expected that a file of this device turns up? */
static bool is_there(struct server *server, uint32_t number)
{
	struct micro_instance *inst = instance_find_locked(server, number);

	return inst && !inst->going;
}

/*
 * Another thread may have the record of its OPEN, and not have got so far. When
 * that takes a second, the file was closed before. No UNDELIVERED comes before the answer
 * that it is about, so it waits for nothing.
 */
static struct micro_file *find_opened(struct server *server,
				      const struct micro_user_record *record)
{
	struct micro_file *file = find(server, record->file);
	struct timespec end;
	bool late = false;

	if (server->nr_rings < 2 || record->type == MICRO_USER_UNDELIVERED ||
	    (file && !file->opening))
		return file;
	end = in_a_second();
	while (file ? file->opening : !late && is_there(server, record->instance)) {
		late = pthread_cond_timedwait(&server->changed, &server->lock, &end);
		file = find(server, record->file);
	}
	return file;
}

/* Is the server told of open(2)? If not, a file is there for each operation anew */
bool files_are_told(const struct server *server)
{
	return server->attach.operations & MICRO_USER_OP_OPEN;
}

static struct micro_file *file_for_once(struct server *server,
					const struct micro_user_record *record)
{
	struct micro_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->id = record->file;
	file->instance = instance_find_locked(server, record->instance);
	if (file->instance && !file->instance->going) {
		file->once = true;
		file->instance->users++;
		return file;
	}
	free(file);
	return NULL;
}

/* For an operation, until file_put(); NULL if there is no such file */
struct micro_file *file_get(struct server *server, const struct micro_user_record *record)
{
	struct micro_file *file;

	server_lock(server);
	if (files_are_told(server))
		file = find_opened(server, record);
	else
		file = find(server, record->file) ?: file_for_once(server, record);
	if (file && file->closing)
		file = NULL;
	if (file)
		file->users++;
	server_unlock(server);
	return file;
}

void file_put(struct server *server, struct micro_file *file)
{
	server_lock(server);
	if (file->once) {
		file->instance->users--;
		free(file);
	} else {
		file->users--;
	}
	changed(server);
	server_unlock(server);
}

/*
 * The file is closed: the caller is the last that uses it, and frees it. NULL if the thread that
 * has the end of its device does so
 */
struct micro_file *file_close(struct server *server, const struct micro_user_record *record)
{
	struct micro_file *file;

	server_lock(server);
	file = find_opened(server, record);
	if (file && file->closing)
		file = NULL;
	if (file) {
		file->closing = true;
		while (file->users)
			pthread_cond_wait(&server->changed, &server->lock);
	}
	server_unlock(server);
	return file;
}

static void free_locked(struct server *server, struct micro_file *file)
{
	struct micro_file **at = place(server, file->id);

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	server->nr_files--;
	free(file);
}

void file_free(struct server *server, struct micro_file *file)
{
	if (!file)
		return;
	server_lock(server);
	free_locked(server, file);
	changed(server);
	server_unlock(server);
}

static struct micro_file *file_of(struct server *server, struct micro_instance *inst)
{
	for (size_t i = 0; i <= server->files_mask; i++)
		for (struct micro_file *file = server->files[i]; file; file = file->next)
			if (file->instance == inst)
				return file;
	return NULL;
}

/*
 * The device goes, and all its files. This waits for the operations that other threads run on
 * them, but for no record, as the thread that would take it may wait here, too, for
 * another device. So a file that no thread uses is released here: its RELEASE is in the hands of
 * a thread that has not got so far, or there is none, as with an OPEN whose client has left.
 */
void files_end(struct server *server, struct micro_instance *inst)
{
	bool told = server->attach.operations & MICRO_USER_OP_RELEASE;
	struct micro_file *file;

	server_lock(server);
	inst->going = true;
	changed(server);
	while ((file = file_of(server, inst))) {
		if (file->users || file->opening || file->closing) {
			pthread_cond_wait(&server->changed, &server->lock);
			continue;
		}
		file->closing = true;
		if (told && !file->error && server->ops->release) {
			server_unlock(server);
			server->ops->release(file);
			server_lock(server);
		}
		free_locked(server, file);
	}
	while (inst->users)
		pthread_cond_wait(&server->changed, &server->lock);
	server_unlock(server);
}

PUBLIC struct micro_instance *micro_file_instance(struct micro_file *file)
{
	return file->instance;
}

PUBLIC int micro_file_flags(struct micro_file *file)
{
	return file->flags;
}

PUBLIC void micro_file_set_data(struct micro_file *file, void *data)
{
	file->data = data;
}

PUBLIC void *micro_file_data(struct micro_file *file)
{
	return file->data;
}

PUBLIC const void *micro_file_saved(struct micro_file *file)
{
	return file->saved;
}

PUBLIC int micro_file_save(struct micro_file *file, const void *state, size_t size)
{
	struct ring *ring = this_ring;
	struct micro_user_save save = {
		.size = sizeof(save),
		.flags = MICRO_USER_SAVED,
		.file = file->id,
	};

	if (size > MICRO_STATE_MAX)
		return -EINVAL;
	/* With the answer, if this is an operation of the file */
	if (ring && ring->server == file->instance->server && ring->reply &&
	    ring->record->file == file->id) {
		memset(ring->reply->state, 0, sizeof(ring->reply->state));
		memcpy(ring->reply->state, state, size);
		ring->reply->flags |= MICRO_USER_SAVED;
		return 0;
	}
	memcpy(save.state, state, size);
	return ioctl(file->instance->server->fd, MICRO_USER_SAVE, &save) ? -errno : 0;
}

PUBLIC void micro_notify(struct micro_file *file, short events)
{
	struct micro_user_notify notify = {
		.size = sizeof(notify),
		.file = file->id,
		.events = (unsigned short)events,
	};

	ring_notify(file->instance->server, &notify);
}
