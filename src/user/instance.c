// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of a user driver
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "user.h"

static struct mu_instance *mu_instance_alloc(struct mu_driver *ud, const char *name)
{
	struct mu_instance *inst;
	u32 i;

	inst = kvzalloc(struct_size(inst, slots, ud->p.depth), GFP_KERNEL_ACCOUNT);
	if (!inst)
		return NULL;

	inst->ud = ud;
	strscpy(inst->name, name, sizeof(inst->name));
	INIT_LIST_HEAD(&inst->ready);
	INIT_LIST_HEAD(&inst->posts);
	INIT_LIST_HEAD(&inst->queue);
	INIT_LIST_HEAD(&inst->waiters);
	INIT_LIST_HEAD(&inst->free);
	INIT_LIST_HEAD(&inst->files);
	INIT_LIST_HEAD(&inst->opening);
	INIT_LIST_HEAD(&inst->dead);
	INIT_LIST_HEAD(&inst->post.link);
	init_waitqueue_head(&inst->closing_wq);
	for (i = 0; i < ud->p.depth; i++) {
		struct mu_slot *slot = &inst->slots[i];

		slot->inst = inst;
		slot->index = i;
		INIT_LIST_HEAD(&slot->post.link);
		list_add_tail(&slot->link, &inst->free);
	}
	if (ud->p.memory_size) {
		inst->memory = __vmalloc(PAGE_ALIGN(ud->p.memory_size),
					 GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
		if (!inst->memory) {
			kvfree(inst);
			return NULL;
		}
	}
	return inst;
}

/**
 * mu_instance_free() - free a device that no server knows
 * @inst: the device, not in mu_driver.instances any more
 *
 * Context: may sleep.
 */
void mu_instance_free(struct mu_instance *inst)
{
	u32 i;

	mu_unmap_instance(inst);
	for (i = 0; i < inst->ud->p.depth; i++)
		vfree(inst->slots[i].data);
	vfree(inst->memory);
	kvfree(inst);
}

/**
 * mu_instances_free() - free a list of them
 * @dead: linked by mu_instance.dead
 *
 * Context: may sleep.
 */
void mu_instances_free(struct list_head *dead)
{
	struct mu_instance *inst, *next;

	list_for_each_entry_safe(inst, next, dead, dead)
		mu_instance_free(inst);
}

/**
 * mu_instance_probe() - a device of a user driver is bound
 * @mdev: the device
 *
 * It does not wait for the server, and its answer matters to clients only.
 *
 * Context: may sleep; the device lock is held.
 * Return: 0; -ENOMEM; -ENOSPC with too many.
 */
int mu_instance_probe(struct micro_device *mdev)
{
	struct mu_driver *ud = mu_from_drv(mdev->driver);
	struct mu_instance *inst;
	int err;

	inst = mu_instance_alloc(ud, mdev->name);
	if (!inst)
		return -ENOMEM;

	err = xa_alloc_cyclic(&ud->instances, &inst->number, inst, XA_LIMIT(1, MU_INSTANCES),
			      &ud->next_instance, GFP_KERNEL);
	if (err < 0) {
		mu_instance_free(inst);
		return err == -EBUSY ? -ENOSPC : err;
	}
	micro_set_drvdata(mdev, inst);
	scoped_guard(spinlock, &ud->lock)
		mu_instance_kick(inst);
	return 0;
}

/**
 * mu_instance_remove() - it is unbound
 * @mdev: the device
 *
 * No client is inside and all files were released. What the server has of it, it may
 * keep until it has heard.
 *
 * Context: may sleep; the device lock is held.
 */
void mu_instance_remove(struct micro_device *mdev)
{
	struct mu_instance *inst = micro_get_drvdata(mdev);
	struct mu_driver *ud = inst->ud;

	scoped_guard(spinlock, &ud->lock) {
		inst->removed = true;
		if (ud->session && inst->told != MU_UNTOLD) {
			/* A thread of the server may be at its memory */
			if (!inst->orphans)
				mu_post(inst, &inst->post, MICRO_USER_REMOVE);
			return;
		}
		mu_instance_forget(inst);
		xa_erase(&ud->instances, inst->number);
	}
	mu_instance_free(inst);
}

/**
 * mu_instance_forget() - the server is gone, or the device for it
 * @inst: the device; if it is just that which went, the server has nothing of it in hand
 *
 * Context: mu_driver.lock is held.
 */
void mu_instance_forget(struct mu_instance *inst)
{
	struct mu_driver *ud = inst->ud;
	struct mu_file *file, *next_file;
	struct mu_post *post, *next;
	u32 i;

	inst->told = MU_UNTOLD;
	inst->error = 0;
	list_del_init(&inst->ready);
	inst->orphans = 0;
	list_for_each_entry_safe(file, next_file, &inst->files, link) {
		if (file->closed) {
			mu_file_free(file);
			continue;
		}
		file->orphans = 0;
		if (file->told == MU_TELLING) {
			file->restores++;
			file->suspect = true;
		} else if (ud->serving && file->restores >= ud->p.attempts) {
			/* Given up for a server that got on without it: the next may try again */
			file->restores--;
		}
		file->told = MU_UNTOLD;
		file->error = false;
	}
	list_for_each_entry_safe(post, next, &inst->posts, link) {
		/* The next server is to hear of this one all the same */
		if (post->type == MICRO_USER_OPEN)
			continue;
		list_del_init(&post->link);
		if (post->type == MICRO_USER_UNDELIVERED)
			mu_slot_free(container_of(post, struct mu_slot, post));
	}
	for (i = 0; i < ud->p.depth; i++) {
		struct mu_slot *slot = &inst->slots[i];

		/* Also one that a client has begun to fill: it is open to this server until then */
		WRITE_ONCE(slot->exposed, true);
		switch (slot->state) {
		case MU_SLOT_QUEUED:
			mu_request_lost(slot, false);
			break;
		case MU_SLOT_SERVED:
			mu_request_lost(slot, true);
			break;
		case MU_SLOT_ORPHAN:
			list_del_init(&slot->link);
			mu_slot_free(slot);
			break;
		}
	}
}
