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
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/of_fdt.h>
#include <linux/sched.h>
#include <linux/security.h>
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
 */

/* The most that configfs hands over at a time */
#define MICRO_PIECE_MAX	4095
/* What programs write at a time is a multiple of this, but for the last time */
#define MICRO_PIECE_UNIT	512

/**
 * struct micro_overlay - an overlay
 * @item: configfs's side, owns this until rmdir
 * @path: what was written there, or NULL
 * @blob: the overlay, or what has come of it, or NULL
 * @size: its size
 * @filled: how much of it has come
 * @id: the kernel's number for it while it is applied, else 0
 * @node: in micro_overlays while it is applied
 * @orphan: configfs has let go of it
 *
 * All but @item is guarded by micro_overlay_lock.
 */
struct micro_overlay {
	struct config_item item;
	char *path;
	void *blob;
	size_t size;
	size_t filled;
	int id;
	struct list_head node;
	bool orphan;
};

/*
 * One change of the tree at a time, as what was checked must still be so when
 * it is applied. Taken inside of configfs's locks, outside of the tree's.
 */
static DEFINE_MUTEX(micro_overlay_lock);

/* Those that are applied, the latest first */
static LIST_HEAD(micro_overlays);

/* Who removes an overlay, to tell what it removes from what others do */
static struct task_struct *micro_overlay_remover;

static struct micro_overlay *to_micro_overlay(struct config_item *item)
{
	return container_of(item, struct micro_overlay, item);
}

static void micro_overlay_forget(struct micro_overlay *ov)
{
	kfree(ov->path);
	ov->path = NULL;
	kvfree(ov->blob);
	ov->blob = NULL;
	ov->size = 0;
	ov->filled = 0;
}

static void micro_overlay_free(struct micro_overlay *ov)
{
	micro_overlay_forget(ov);
	kfree(ov);
}

/*
 * A node that an overlay added is freed with its last reference. But if that is
 * not the overlay's own, the kernel (which calls it a bug) never frees it, unless
 * it was told before that the overlay has no more use for it. Devices may well
 * live a little longer than their node, and with CONFIG_DEBUG_KOBJECT_RELEASE
 * all do.
 */
static int micro_overlay_notify(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct of_reconfig_data *rd = arg;

	if (action == OF_RECONFIG_DETACH_NODE && READ_ONCE(micro_overlay_remover) == current &&
	    of_node_check_flag(rd->dn, OF_OVERLAY))
		of_node_set_flag(rd->dn, OF_OVERLAY_FREE_CSET);
	return NOTIFY_DONE;
}

static struct notifier_block micro_overlay_notifier = {
	.notifier_call = micro_overlay_notify,
};

static int micro_overlay_revert(struct micro_overlay *ov)
{
	int err;

	WRITE_ONCE(micro_overlay_remover, current);
	err = of_overlay_remove(&ov->id);
	WRITE_ONCE(micro_overlay_remover, NULL);
	return err;
}

static int micro_overlay_apply(struct micro_overlay *ov)
{
	int err;

	/* A tree tells drivers of the kernel where to read and write: not even root may say so */
	err = security_locked_down(LOCKDOWN_DEVICE_TREE);
	if (err)
		return err;
	err = micro_blob_check(ov->blob, ov->size) ?: micro_overlay_check(ov->blob, ov->size);
	if (err)
		return err;

	err = of_overlay_fdt_apply(ov->blob, ov->size, &ov->id, NULL);
	if (!err) {
		list_add(&ov->node, &micro_overlays);
		return 0;
	}

	pr_err("the kernel did not apply the overlay: %pe\n", ERR_PTR(err));
	/*
	 * It may be applied nevertheless, and somebody did not like it. But
	 * without memory it may be half written down, see check.c: then what
	 * is left of it is better left alone.
	 */
	if (ov->id && err != -ENOMEM && micro_overlay_revert(ov))
		pr_err("nor could it be removed\n");
	ov->id = 0;
	return err;
}

/* The kernel's answer, unless the overlay is gone whatever the answer is */
static int micro_overlay_remove(struct micro_overlay *ov)
{
	int err = micro_overlay_revert(ov);

	if (ov->id)
		return err;

	if (err)
		pr_warn("the overlay is removed, but somebody objects: %pe\n", ERR_PTR(err));
	list_del(&ov->node);
	return 0;
}

static void micro_overlay_remove_orphans(void)
{
	struct micro_overlay *ov, *next;

	list_for_each_entry_safe(ov, next, &micro_overlays, node)
		if (ov->orphan && !micro_overlay_remove(ov))
			micro_overlay_free(ov);
}

/* @size bytes will come, instead of what was there */
static int micro_overlay_expect(struct micro_overlay *ov, size_t size)
{
	micro_overlay_forget(ov);
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
		pr_err("%zu bytes behind the end of the blob\n", count - (ov->size - ov->filled));
		return -EINVAL;
	}
	memcpy(ov->blob + ov->filled, bytes, count);
	ov->filled += count;
	return ov->filled == ov->size ? micro_overlay_apply(ov) : 0;
}

static ssize_t micro_overlay_path_show(struct config_item *item, char *page)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	guard(mutex)(&micro_overlay_lock);
	return scnprintf(page, PAGE_SIZE, "%s\n", ov->path ?: "");
}

static int micro_overlay_load(struct micro_overlay *ov, char *path)
{
	const struct firmware *fw;
	ssize_t size;
	int err;

	err = request_firmware(&fw, path, NULL);
	if (err) {
		pr_err("could not load '%s': %pe\n", path, ERR_PTR(err));
		return err;
	}

	size = fw->size > MICRO_BLOB_MAX ? -EFBIG : micro_blob_size(fw->data, fw->size);
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
	int err;

	if (!path)
		return -ENOMEM;
	path[strcspn(path, "\n")] = '\0';
	if (!path[0])
		return -EINVAL;

	guard(mutex)(&micro_overlay_lock);
	if (ov->id)
		return -EBUSY;

	err = micro_overlay_load(ov, path);
	if (err) {
		micro_overlay_forget(ov);
		return err;
	}
	ov->path = no_free_ptr(path);
	return count;
}

static ssize_t micro_overlay_dtbo_show(struct config_item *item, char *page)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	guard(mutex)(&micro_overlay_lock);
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
static ssize_t micro_overlay_dtbo_store(struct config_item *item, const char *page, size_t count)
{
	struct micro_overlay *ov = to_micro_overlay(item);
	const __be32 *magic = (const __be32 *)page;
	ssize_t size;
	int err = 0;

	guard(mutex)(&micro_overlay_lock);
	if (ov->id)
		return -EBUSY;

	if (ov->filled == ov->size ||
	    (count >= sizeof(*magic) && be32_to_cpup(magic) == OF_DT_HEADER)) {
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
	if (err) {
		micro_overlay_forget(ov);
		return err;
	}
	return count;
}

static ssize_t micro_overlay_status_show(struct config_item *item, char *page)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	guard(mutex)(&micro_overlay_lock);
	return scnprintf(page, PAGE_SIZE, "%s\n", ov->id ? "applied" : "unapplied");
}

static ssize_t micro_overlay_status_store(struct config_item *item, const char *page,
					  size_t count)
{
	struct micro_overlay *ov = to_micro_overlay(item);
	bool apply;
	int err;

	err = kstrtobool(page, &apply);
	if (err)
		return err;

	guard(mutex)(&micro_overlay_lock);
	if (apply == !!ov->id)
		return count;

	if (!apply) {
		err = micro_overlay_remove(ov);
		micro_overlay_remove_orphans();
	} else if (!ov->size || ov->filled < ov->size) {
		pr_err("no overlay was written, or not all of it\n");
		err = -EINVAL;
	} else {
		err = micro_overlay_apply(ov);
	}
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

	guard(mutex)(&micro_overlay_lock);
	if (ov->id && micro_overlay_remove(ov))
		ov->orphan = true;
	else
		micro_overlay_free(ov);
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
	config_item_init_type_name(&ov->item, name, &micro_overlay_type);
	return &ov->item;
}

static void micro_overlay_drop(struct config_group *group, struct config_item *item)
{
	struct micro_overlay *ov = to_micro_overlay(item);

	scoped_guard(mutex, &micro_overlay_lock) {
		if (ov->id && micro_overlay_remove(ov))
			pr_warn("%s: the overlay stays until those above it are removed\n",
				config_item_name(item));
		micro_overlay_remove_orphans();
	}
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

	err = of_reconfig_notifier_register(&micro_overlay_notifier);
	if (err)
		return err;
	err = configfs_register_subsystem(&micro_overlay_subsys);
	if (err == -EEXIST)
		pr_err("not loaded: the kernel has configfs/device-tree already, please use that\n");
	if (err)
		of_reconfig_notifier_unregister(&micro_overlay_notifier);
	return err;
}
module_init(micro_overlay_init);

static void __exit micro_overlay_exit(void)
{
	struct micro_overlay *ov, *next;

	configfs_unregister_subsystem(&micro_overlay_subsys);

	/* Orphans below an overlay that somebody else applied */
	scoped_guard(mutex, &micro_overlay_lock) {
		micro_overlay_remove_orphans();
		list_for_each_entry_safe(ov, next, &micro_overlays, node) {
			pr_warn("an overlay stays applied, as there is one above it\n");
			list_del(&ov->node);
			micro_overlay_free(ov);
		}
	}
	of_reconfig_notifier_unregister(&micro_overlay_notifier);
}
module_exit(micro_overlay_exit);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Device tree overlays at run time, through configfs");
MODULE_VERSION(MICRO_VERSION);
MODULE_LICENSE("GPL");
