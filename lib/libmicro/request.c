// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: from a record to an operation, and back to an answer
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <string.h>

#include "server.h"

static int probe(struct server *server, const struct micro_user_record *record)
{
	struct micro_instance *inst;
	int err = instance_add(server, record, &inst);

	if (err)
		return err;
	err = server->ops->probe ? server->ops->probe(inst) : 0;
	inst->probed = !err;
	if (err)
		say(server, "the driver refuses the device %s: %s", inst->name, strerror(-err));
	return err;
}

static void remove_instance(struct server *server, const struct micro_user_record *record)
{
	struct micro_instance *inst = instance_find(server, record->instance);

	if (!inst)
		return;
	files_end(server, inst);
	if (inst->probed && server->ops->remove)
		server->ops->remove(inst);
	instance_remove(server, inst);
}

static int open_file(struct server *server, const struct micro_user_record *record)
{
	int (*call)(struct micro_file *file) = server->ops->open;
	struct micro_file *file;
	int err;

	/* It would be told of a file that was there before, but not of its end */
	if (!files_are_told(server) && !server->ops->restore)
		return 0;
	file = file_add(server, record);
	if (!file)
		return -ENOMEM;
	if (record->type == MICRO_USER_RESTORE && server->ops->restore)
		call = server->ops->restore;
	/* An open() that is posted may have come before the driver has refused the device */
	if (!file->instance->probed)
		err = -EIO;
	else
		err = call ? call(file) : 0;
	/* After an error the kernel does not mention it again, unless nobody waited for it */
	if (err && record->id)
		file_free(server, file);
	else
		file_opened(server, file, err);
	return err;
}

static void release_file(struct server *server, const struct micro_user_record *record)
{
	struct micro_file *file = file_close(server, record);

	if (file && !file->error && server->ops->release)
		server->ops->release(file);
	file_free(server, file);
}

static void undelivered(struct server *server, const struct micro_user_record *record)
{
	static const char types[] = {
		[MICRO_USER_READ] = 'r',
		[MICRO_USER_WRITE] = 'w',
		[MICRO_USER_IOCTL] = 'i',
		[MICRO_USER_LLSEEK] = 'l',
	};
	uint32_t type = record->u.undelivered.type;
	struct micro_file *file;

	if (type == MICRO_USER_OPEN) {
		release_file(server, record);
		return;
	}
	if (type >= sizeof(types) || !types[type] || !server->ops->undelivered)
		return;
	file = file_get(server, record);
	if (!file)
		return;
	if (!file->error)
		server->ops->undelivered(file, types[type], record->u.undelivered.id,
					 record->u.undelivered.result, record->u.undelivered.taken);
	file_put(server, file);
}

/* What a kernel driver without the operation would answer */
static int64_t absent(const struct micro_user_record *record)
{
	switch (record->type) {
	case MICRO_USER_IOCTL:
		return -ENOTTY;
	case MICRO_USER_LLSEEK:
		return -ESPIPE;
	default:
		return -EINVAL;
	}
}

static int64_t operate(struct micro_file *file, const struct micro_user_record *record)
{
	const struct micro_ops *ops = file->instance->server->ops;
	void *data = file->instance->payload + record->data, *arg = data;

	switch (record->type) {
	case MICRO_USER_READ:
		if (ops->read)
			return ops->read(file, data, record->count, record->u.rw.pos);
		break;
	case MICRO_USER_WRITE:
		if (ops->write)
			return ops->write(file, data, record->count, record->u.rw.pos);
		break;
	case MICRO_USER_IOCTL:
		if (!record->count)
			arg = (void *)(uintptr_t)record->u.ioctl.arg;
		if (ops->ioctl)
			return ops->ioctl(file, record->u.ioctl.cmd, arg, record->count);
		break;
	case MICRO_USER_LLSEEK:
		if (ops->llseek)
			return ops->llseek(file, record->u.llseek.offset, record->u.llseek.whence);
		break;
	}
	return absent(record);
}

static int64_t use_file(struct server *server, const struct micro_user_record *record)
{
	struct micro_file *file = file_get(server, record);
	int64_t result;

	/* it is closed already, and so nobody hears the answer */
	if (!file)
		return -EIO;
	file->flags = record->open_flags;
	result = file->error ? file->error : operate(file, record);
	file_put(server, file);
	return result;
}

static int64_t handle(struct server *server, const struct micro_user_record *record)
{
	switch (record->type) {
	case MICRO_USER_PROBE:
		return probe(server, record);
	case MICRO_USER_REMOVE:
		remove_instance(server, record);
		return 0;
	case MICRO_USER_RESTORE:
	case MICRO_USER_OPEN:
		return open_file(server, record);
	case MICRO_USER_RELEASE:
		release_file(server, record);
		return 0;
	case MICRO_USER_UNDELIVERED:
		undelivered(server, record);
		return 0;
	case MICRO_USER_READ:
	case MICRO_USER_WRITE:
	case MICRO_USER_IOCTL:
	case MICRO_USER_LLSEEK:
		return use_file(server, record);
	default:
		return -EOPNOTSUPP;
	}
}

static void show(struct server *server, const struct micro_user_record *record, int64_t result)
{
	static const char *const types[] = {
		[MICRO_USER_PROBE] = "probe",
		[MICRO_USER_REMOVE] = "remove",
		[MICRO_USER_RESTORE] = "restore",
		[MICRO_USER_OPEN] = "open",
		[MICRO_USER_RELEASE] = "release",
		[MICRO_USER_READ] = "read",
		[MICRO_USER_WRITE] = "write",
		[MICRO_USER_IOCTL] = "ioctl",
		[MICRO_USER_LLSEEK] = "llseek",
		[MICRO_USER_UNDELIVERED] = "undelivered",
	};
	const char *type = "?";

	if (record->type < sizeof(types) / sizeof(*types) && types[record->type])
		type = types[record->type];
	say(server, "%s, request %llu, attempt %u, device %u, file %llu, %u bytes: %lld", type,
	    (unsigned long long)record->id, record->attempt, record->instance,
	    (unsigned long long)record->file, record->count, (long long)result);
}

/* Calls the operation, and puts the answer to those for the kernel */
void request_handle(struct ring *ring, const struct micro_user_record *record)
{
	struct micro_user_reply *reply = NULL;
	int64_t result;

	if (record->id) {
		reply = &ring->replies[ring->nr_replies++];
		memset(reply, 0, sizeof(*reply));
		reply->size = sizeof(*reply);
		reply->id = record->id;
		reply->slot = record->slot;
	}
	ring->record = record;
	ring->reply = reply;
	result = handle(ring->server, record);
	if (reply)
		reply->result = result;
	ring->record = NULL;
	ring->reply = NULL;
	if (say_level > 1)
		show(ring->server, record, result);
}

static const struct micro_user_record *record_now(void)
{
	static const struct micro_user_record none;

	return this_ring && this_ring->record ? this_ring->record : &none;
}

PUBLIC uint64_t micro_request_id(void)
{
	return record_now()->id;
}

PUBLIC unsigned int micro_request_attempt(void)
{
	return record_now()->attempt;
}

PUBLIC pid_t micro_request_pid(void)
{
	return record_now()->pid;
}

PUBLIC uid_t micro_request_uid(void)
{
	return record_now()->uid;
}

PUBLIC gid_t micro_request_gid(void)
{
	return record_now()->gid;
}

PUBLIC bool micro_request_compat(void)
{
	return record_now()->flags & MICRO_USER_COMPAT;
}
