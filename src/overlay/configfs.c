// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_overlay: device tree overlays at run time
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/configfs.h>
#include <linux/firmware.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of_fdt.h>
#include <linux/slab.h>
#include <microkernel_version.h>

#include "overlay.h"

/**
 * DOC: The directory of an overlay
 *
 * /sys/kernel/config/device-tree/overlays/NAME has the files that users know
 * from vendor kernels and from the dtbocfg module. The former apply an overlay
 * when "dtbo" or "path" is written, the latter when "status" is. Here an
 * overlay is applied as soon as it is there, and a "status" that says what is
 * so already is no error; so scripts for both do what they are meant to.
 *
 * "dtbo" is a text attribute to configfs, although it takes bytes: configfs
 * hands the bytes of a binary one over when the file is closed and throws the
 * answer away, so that a refused overlay would look like an applied one. The
 * price is that the blob comes in pieces, see micro_overlay_dtbo_store().
 *
 * The kernel removes an overlay only before those that it is below of. A write
 * to "status" is told so, but rmdir cannot be refused: then the overlay waits,
 * without a directory, until those above it are gone.
 *
 * The functions here take no lock but that of the overlay, and that for moments:
 * what may wait for a driver is a job, see job.c.
 */

/* The most that configfs hands over at a time */
#define MICRO_PIECE_MAX	4095
/* What programs write at a time is a multiple of this, but for the last time */
#define MICRO_PIECE_UNIT	512

static struct micro_overlay *to_micro_overlay(struct config_item *item)
{
	return container_of(item, struct micro_overlay, item);
}

/**
 * micro_overlay_forget() - there is no blob any more
 * @ov: the overlay, not applied
 *
 * Context: may sleep; micro_overlay.lock is held, or nobody else has @ov.
 */
void micro_overlay_forget(struct micro_overlay *ov)
{
	kfree(ov->path);
	ov->path = NULL;
	kvfree(ov->blob);
	ov->blob = NULL;
	ov->size = 0;
	ov->filled = 0;
}

/* @size bytes will come; nothing is there */
static int micro_overlay_expect(struct micro_overlay *ov, size_t size)
{
	ov->blob = kvmalloc(size, GFP_KERNEL);
	if (!ov->blob)
		return -ENOMEM;
	ov->size = size;
	return 0;
}

/* A piece of it, or all */
static int micro_overlay_fill(struct micro_overlay *ov, const void *bytes, size_t count)
{
	if (count > ov->size - ov->filled) {
		pr_err("%zu bytes past the end of the blob\n", count - (ov->size - ov->filled));
		return -EINVAL;
	}
	memcpy(ov->blob + ov->filled, bytes, count);
	ov->filled += count;
	return 0;
}

static ssize_t micro_overlay_path_show(struct config_item *item, char *page)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	guard(mutex)(&ov->lock);
	return scnprintf(page, PAGE_SIZE, "%s\n", ov->path ?: "");
}

/**
 * micro_overlay_load() - read the blob from the file at the overlay's path
 * @ov: the overlay
 *
 * Context: a job of @ov. May sleep as long as the file system with that file likes.
 * Return: 0 or an error. The log says why.
 */
int micro_overlay_load(struct micro_overlay *ov)
{
	const struct firmware *fw;
	ssize_t size;
	int err;

	err = request_firmware(&fw, ov->path, NULL);
	if (err) {
		pr_err("could not load '%s': %pe\n", ov->path, ERR_PTR(err));
		return err;
	}

	size = fw->size > MICRO_BLOB_MAX ? -EFBIG : micro_blob_size(fw->data, fw->size);
	scoped_guard(mutex, &ov->lock)
		err = size < 0 ? size : micro_overlay_expect(ov, size) ?:
					micro_overlay_fill(ov, fw->data, fw->size);
	if (!err && ov->filled < ov->size) {
		pr_err("the blob has %zu bytes, but there are only %zu\n", ov->size, ov->filled);
		err = -EINVAL;
	}
	release_firmware(fw);
	return err;
}

static ssize_t micro_overlay_path_store(struct config_item *item, const char *page, size_t count)
{
	char *path __free(kfree) = kstrndup(page, count, GFP_KERNEL);
	struct micro_overlay *ov = to_micro_overlay(item);
	long left = micro_overlay_patience();
	int err;

	if (!path)
		return -ENOMEM;
	path[strcspn(path, "\n")] = '\0';
	if (!path[0])
		return -EINVAL;

	err = micro_overlay_begin(ov, &left);
	if (err)
		return err;
	if (ov->id) {
		mutex_unlock(&ov->lock);
		return -EBUSY;
	}
	micro_overlay_forget(ov);
	ov->path = no_free_ptr(path);
	return micro_overlay_end(ov, MICRO_OVERLAY_LOAD, left) ?: count;
}

static ssize_t micro_overlay_dtbo_show(struct config_item *item, char *page)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	guard(mutex)(&ov->lock);
	if (ov->filled < ov->size || !ov->size)
		return 0;
	/* configfs shows no more */
	if (ov->size > PAGE_SIZE || ov->size > MICRO_PIECE_MAX + 1)
		return -EFBIG;
	memcpy(page, ov->blob, ov->size);
	return ov->size;
}

/*
 * A piece of the blob. It says in its header how long it is, so its last byte is
 * known, and the write that brings it gets the answer. Where a piece ends before,
 * more comes if configfs cut it off there or if it fills blocks; else it was the
 * end of a truncated blob. One that was truncated between two blocks is noticed
 * when a new one begins.
 */
static int micro_overlay_take_piece(struct micro_overlay *ov, const char *page, size_t count)
{
	const __be32 *magic = (const __be32 *)page;
	ssize_t size;
	int err = 0;

	if (ov->filled == ov->size ||
	    (count >= sizeof(*magic) && be32_to_cpup(magic) == OF_DT_HEADER)) {
		micro_overlay_forget(ov);
		size = micro_blob_size(page, count);
		err = size < 0 ? size : micro_overlay_expect(ov, size);
	}
	if (!err)
		err = micro_overlay_fill(ov, page, count);
	if (!err && ov->filled < ov->size && count != MICRO_PIECE_MAX &&
	    ov->filled % MICRO_PIECE_UNIT) {
		pr_err("the blob ends after %zu of %zu bytes\n", ov->filled, ov->size);
		err = -EINVAL;
	}
	if (err)
		micro_overlay_forget(ov);
	return err;
}

static ssize_t micro_overlay_dtbo_store(struct config_item *item, const char *page, size_t count)
{
	struct micro_overlay *ov = to_micro_overlay(item);
	long left = micro_overlay_patience();
	int err;

	err = micro_overlay_begin(ov, &left);
	if (err)
		return err;
	err = ov->id ? -EBUSY : micro_overlay_take_piece(ov, page, count);
	if (!err && ov->filled == ov->size)
		return micro_overlay_end(ov, MICRO_OVERLAY_APPLY, left) ?: count;
	mutex_unlock(&ov->lock);
	return err ?: count;
}

static ssize_t micro_overlay_status_show(struct config_item *item, char *page)
{
	struct micro_overlay *ov = to_micro_overlay(item);
	const char *status;

	scoped_guard(mutex, &ov->lock) {
		if (ov->job == MICRO_OVERLAY_IDLE)
			status = ov->id ? "applied" : "unapplied";
		else
			status = ov->job < MICRO_OVERLAY_REMOVE ? "applying" : "removing";
	}
	return scnprintf(page, PAGE_SIZE, "%s\n", status);
}

static ssize_t micro_overlay_status_store(struct config_item *item, const char *page,
					  size_t count)
{
	struct micro_overlay *ov = to_micro_overlay(item);
	long left = micro_overlay_patience();
	bool apply;
	int err;

	err = kstrtobool(page, &apply) ?: micro_overlay_begin(ov, &left);
	if (err)
		return err;

	if (apply != !!ov->id) {
		if (!apply)
			return micro_overlay_end(ov, MICRO_OVERLAY_REMOVE, left) ?: count;
		if (ov->size && ov->filled == ov->size)
			return micro_overlay_end(ov, MICRO_OVERLAY_AGAIN, left) ?: count;
		pr_err("no overlay was written, or not all of it\n");
		err = -EINVAL;
	}
	mutex_unlock(&ov->lock);
	return err ?: count;
}

CONFIGFS_ATTR(micro_overlay_, path);
CONFIGFS_ATTR(micro_overlay_, dtbo);
CONFIGFS_ATTR(micro_overlay_, status);

static struct configfs_attribute *micro_overlay_attrs[] = {
	&micro_overlay_attr_path,
	&micro_overlay_attr_dtbo,
	&micro_overlay_attr_status,
	NULL
};

static void micro_overlay_release(struct config_item *item)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	micro_overlay_forget(ov);
	mutex_destroy(&ov->lock);
	kfree(ov);
}

static struct configfs_item_operations micro_overlay_item_ops = {
	.release = micro_overlay_release,
};

static const struct config_item_type micro_overlay_type = {
	.ct_item_ops = &micro_overlay_item_ops,
	.ct_attrs = micro_overlay_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_item *micro_overlay_make(struct config_group *group, const char *name)
{
	struct micro_overlay *ov = kzalloc(sizeof(*ov), GFP_KERNEL);

	if (!ov)
		return ERR_PTR(-ENOMEM);
	micro_overlay_job_init(ov);
	config_item_init_type_name(&ov->item, name, &micro_overlay_type);
	return &ov->item;
}

static void micro_overlay_drop(struct config_group *group, struct config_item *item)
{
	micro_overlay_bury(to_micro_overlay(item));
	config_item_put(item);
}

static struct configfs_group_operations micro_overlay_group_ops = {
	.make_item = micro_overlay_make,
	.drop_item = micro_overlay_drop,
};

static const struct config_item_type micro_overlay_group_type = {
	.ct_group_ops = &micro_overlay_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct config_group micro_overlay_group;

static const struct config_item_type micro_overlay_subsys_type = {
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem micro_overlay_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "device-tree",
			.ci_type = &micro_overlay_subsys_type,
		},
	},
};

static int __init micro_overlay_init(void)
{
	int err;

	config_group_init(&micro_overlay_subsys.su_group);
	mutex_init(&micro_overlay_subsys.su_mutex);
	config_group_init_type_name(&micro_overlay_group, "overlays", &micro_overlay_group_type);
	configfs_add_default_group(&micro_overlay_group, &micro_overlay_subsys.su_group);

	err = micro_overlay_jobs_init();
	if (err)
		return err;
	err = micro_overlay_tree_init();
	if (err)
		goto err_jobs;
	err = configfs_register_subsystem(&micro_overlay_subsys);
	if (err == -EEXIST)
		pr_err("not loaded: the kernel has configfs/device-tree already, please use that\n");
	if (err)
		goto err_tree;
	return 0;

err_tree:
	micro_overlay_tree_exit();
err_jobs:
	micro_overlay_jobs_exit();
	return err;
}
module_init(micro_overlay_init);

static void __exit micro_overlay_exit(void)
{
	configfs_unregister_subsystem(&micro_overlay_subsys);
	micro_overlay_jobs_exit();
	micro_overlay_tree_exit();
}
module_exit(micro_overlay_exit);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Device tree overlays at run time, through configfs");
MODULE_VERSION(MICRO_VERSION);
MODULE_LICENSE("GPL");
