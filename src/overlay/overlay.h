/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of micro_overlay share
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_OVERLAY_H
#define _MICRO_OVERLAY_H

#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../core/compat.h"

struct micro_overlay_waiter;

/* A blob: bytes that claim to be a flattened device tree */
#define MICRO_BLOB_MAX	SZ_1M

/**
 * enum micro_overlay_job - what a worker is to do with an overlay
 * @MICRO_OVERLAY_IDLE: nothing
 * @MICRO_OVERLAY_LOAD: read the blob from the file at its path, and apply it
 * @MICRO_OVERLAY_APPLY: apply the blob that has been written; forget it if that fails
 * @MICRO_OVERLAY_AGAIN: apply the blob that is there, and keep it
 * @MICRO_OVERLAY_REMOVE: remove it
 * @MICRO_OVERLAY_BURY: remove it after rmdir, now or when those above it are removed
 */
enum micro_overlay_job {
	MICRO_OVERLAY_IDLE,
	MICRO_OVERLAY_LOAD,
	MICRO_OVERLAY_APPLY,
	MICRO_OVERLAY_AGAIN,
	MICRO_OVERLAY_REMOVE,
	MICRO_OVERLAY_BURY,
};

/**
 * struct micro_overlay - an overlay
 * @item: configfs's side. References: the directory's, one while it is applied, the
 *	worker's
 * @lock: guards @path to @waiter. Held for moments only
 * @path: what was written there, or NULL
 * @blob: the overlay, or what has come of it, or NULL
 * @size: its size
 * @filled: how much of it has come
 * @job: what a worker does with it, who then owns @id; nobody else changes @blob either
 * @doomed: its directory is gone
 * @waiter: where the answer goes, or NULL
 * @work: for the worker
 * @watch: says so if that takes long
 * @waits: the worker waits for another one, which changes the tree
 * @id: the kernel's number for it while it is applied, else 0
 * @node: in the list of those that are applied; guarded by micro_overlay_tree
 * @orphan: it is to be removed as soon as that is possible; guarded by the same
 */
struct micro_overlay {
	struct config_item item;
	struct mutex lock;
	char *path;
	void *blob;
	size_t size;
	size_t filled;
	enum micro_overlay_job job;
	bool doomed;
	struct micro_overlay_waiter *waiter;
	struct work_struct work;
	struct delayed_work watch;
	bool waits;
	int id;
	struct list_head node;
	bool orphan;
};

/* blob.c */
ssize_t micro_blob_size(const void *blob, size_t size);
int micro_blob_check(const void *blob, size_t size);

/* check.c */
int micro_overlay_check(const void *blob, size_t size);

/* configfs.c */
void micro_overlay_forget(struct micro_overlay *ov);
int micro_overlay_load(struct micro_overlay *ov);

/* tree.c */
int micro_overlay_apply(struct micro_overlay *ov);
int micro_overlay_remove(struct micro_overlay *ov, bool for_good);
int micro_overlay_tree_init(void);
void micro_overlay_tree_exit(void);

/* job.c */
void micro_overlay_job_init(struct micro_overlay *ov);
long micro_overlay_patience(void);
int micro_overlay_begin(struct micro_overlay *ov, long *left);
int micro_overlay_end(struct micro_overlay *ov, enum micro_overlay_job job, long left);
void micro_overlay_bury(struct micro_overlay *ov);
int micro_overlay_jobs_init(void);
void micro_overlay_jobs_exit(void);

/* Exported by the kernel, although its headers do not declare it */
int of_resolve_phandles(struct device_node *tree);

#endif /* _MICRO_OVERLAY_H */
