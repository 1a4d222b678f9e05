// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmicro: devices
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "server.h"

/* A driver has few devices: most have one */
struct micro_instance *instance_find_locked(struct server *server, uint32_t number)
{
	struct micro_instance *inst;

	for (inst = server->instances; inst; inst = inst->next)
		if (inst->number == number)
			break;
	return inst;
}

struct micro_instance *instance_find(struct server *server, uint32_t number)
{
	struct micro_instance *inst;

	server_lock(server);
	inst = instance_find_locked(server, number);
	server_unlock(server);
	return inst;
}

static int map(struct server *server, void **area, uint64_t offset, uint64_t size)
{
	void *address;

	*area = NULL;
	if (!size)
		return 0;
	address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, server->fd, offset);
	if (address == MAP_FAILED)
		return -errno;
	*area = address;
	return 0;
}

static void instance_free(struct micro_instance *inst)
{
	if (inst->payload)
		munmap(inst->payload, inst->payload_size);
	if (inst->memory)
		munmap(inst->memory, inst->memory_size);
	free(inst);
}

/* From MICRO_USER_PROBE. Returns 0 or -errno */
int instance_add(struct server *server, const struct micro_user_record *record,
		 struct micro_instance **result)
{
	struct micro_instance *inst = calloc(1, sizeof(*inst));
	void *payload;
	int err;

	if (!inst)
		return -ENOMEM;
	inst->server = server;
	inst->number = record->instance;
	memcpy(inst->name, record->u.probe.name, sizeof(inst->name) - 1);
	inst->payload_size = record->u.probe.data_size;
	inst->memory_size = record->u.probe.memory_size;
	err = map(server, &payload, record->u.probe.data_offset, inst->payload_size);
	inst->payload = payload;
	if (!err)
		err = map(server, &inst->memory, record->u.probe.memory_offset, inst->memory_size);
	if (err) {
		say(server, "mapping the memory of %s failed: %s", inst->name, strerror(-err));
		instance_free(inst);
		return err;
	}
	server_lock(server);
	inst->next = server->instances;
	server->instances = inst;
	server_unlock(server);
	*result = inst;
	return 0;
}

void instance_remove(struct server *server, struct micro_instance *inst)
{
	struct micro_instance **at;

	server_lock(server);
	for (at = &server->instances; *at != inst; at = &(*at)->next)
		;
	*at = inst->next;
	server_unlock(server);
	instance_free(inst);
}

void instances_free(struct server *server)
{
	while (server->instances)
		instance_remove(server, server->instances);
}

PUBLIC const char *micro_instance_name(struct micro_instance *inst)
{
	return inst->name;
}

PUBLIC void micro_instance_set_data(struct micro_instance *inst, void *data)
{
	inst->data = data;
}

PUBLIC void *micro_instance_data(struct micro_instance *inst)
{
	return inst->data;
}

PUBLIC void *micro_memory(struct micro_instance *inst, size_t *size)
{
	if (size)
		*size = inst->memory ? inst->memory_size : 0;
	return inst->memory;
}

PUBLIC void micro_notify_instance(struct micro_instance *inst, short events)
{
	struct micro_user_notify notify = {
		.size = sizeof(notify),
		.instance = inst->number,
		.events = (unsigned short)events,
	};

	ring_notify(inst->server, &notify);
}
