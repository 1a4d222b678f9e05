// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files of clients
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/slab.h>

#include "user.h"

/**
 * mu_file_alloc() - make one that nobody sees yet
 * @inst: the device
 * @filp: the open file
 *
 * Context: may sleep.
 * Return: it, or NULL without memory.
 */
struct mu_file *mu_file_alloc(struct mu_instance *inst, struct file *filp)
{
	struct mu_driver *ud = inst->ud;
	struct mu_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return NULL;

	INIT_LIST_HEAD(&file->link);
	INIT_LIST_HEAD(&file->post.link);
	INIT_LIST_HEAD(&file->release.link);
	init_waitqueue_head(&file->wq);
	file->inst = inst;
	file->filp = filp;
	file->uid = current_euid();
	file->gid = current_egid();
	/* Until the server says otherwise */
	file->events = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
	scoped_guard(spinlock, &ud->lock) {
		/* An index of an xarray is a long */
		file->number = ++ud->file;
		file->stamp = ud->seq;
		if (inst->stamp) {
			file->events = inst->events;
			file->stamp = inst->stamp;
		}
	}
	if (xa_insert(&ud->files, (unsigned long)file->number, file, GFP_KERNEL_ACCOUNT)) {
		kfree(file);
		return NULL;
	}
	return file;
}

/**
 * mu_file_find() - an open file, or one that the server is to be told is closed
 * @ud: the driver
 * @number: of the file
 *
 * Context: mu_driver.lock is held.
 * Return: it, or NULL.
 */
struct mu_file *mu_file_find(struct mu_driver *ud, u64 number)
{
	return number == (unsigned long)number ? xa_load(&ud->files, number) : NULL;
}

/**
 * mu_file_free() - forget a file
 * @file: the file, released
 *
 * Context: mu_driver.lock is held.
 */
void mu_file_free(struct mu_file *file)
{
	struct mu_driver *ud = file->inst->ud;
	struct mu_session *s = ud->session;

	if (file->told == MU_TELLING && s) {
		/* The answer will be one to nothing */
		s->telling--;
		mu_session_less(s);
	}
	if (file->closed) {
		WRITE_ONCE(file->inst->closing, file->inst->closing - 1);
		wake_up(&file->inst->closing_wq);
	}
	list_del(&file->link);
	list_del(&file->post.link);
	list_del(&file->release.link);
	xa_erase(&ud->files, (unsigned long)file->number);
	kfree(file);
}

/**
 * mu_file_drop() - a file is released, tell the server if it knows of it
 * @file: the file; may be gone afterwards
 *
 * Context: mu_driver.lock is held.
 */
void mu_file_drop(struct mu_file *file)
{
	struct mu_instance *inst = file->inst;
	struct mu_driver *ud = inst->ud;

	file->filp = NULL;
	if (file->told == MU_UNTOLD || !ud->session || file->error ||
	    !(ud->p.operations & MICRO_USER_OP_RELEASE)) {
		mu_file_free(file);
		return;
	}
	file->closed = true;
	WRITE_ONCE(inst->closing, inst->closing + 1);
	/* It comes last: while a thread of the server is at the file, its answer is first */
	if (!file->orphans)
		mu_post(inst, &file->release, MICRO_USER_RELEASE);
}

/**
 * mu_file_restore() - the device's new server is to be told of an open file
 * @file: the file, in mu_instance.files
 *
 * Context: mu_driver.lock is held.
 */
void mu_file_restore(struct mu_file *file)
{
	/* One that waits to be opened is not known from before */
	if (file->told != MU_UNTOLD || !list_empty(&file->post.link))
		return;
	if (file->restores >= file->inst->ud->p.attempts) {
		file->error = true;
		mu_request_refuse_all(file->inst);
		return;
	}
	mu_post(file->inst, &file->post, MICRO_USER_RESTORE);
}
