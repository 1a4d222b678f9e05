// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's tree: overlays are applied to it and removed from it
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/notifier.h>
#include <linux/of_fdt.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/spinlock.h>

#include "overlay.h"

/**
 * DOC: Changes of the tree
 *
 * micro_overlay_tree lets one change be made at a time, as what was checked must
 * still be so when it is applied. A driver may keep who has it waiting for ever, so
 * only workers take it.
 *
 * An overlay that goes has left the tree when the kernel begins to tell others, and
 * with them the drivers of its devices. So its worker lets go of the lock then: an
 * operation that stays inside such a device keeps no other overlay from being applied
 * or removed. With one that comes that is not possible: the kernel has a lock of its
 * own, for all that are being applied.
 *
 * The kernel removes an overlay only before those that it is below of. An overlay
 * without a directory waits for that as an orphan; each removal looks for these.
 */

/**
 * struct micro_remover - a worker that removes an overlay
 * @task: it
 * @unlocked: it has let go of micro_overlay_tree
 * @node: in the list of removers
 */
struct micro_remover {
	struct task_struct *task;
	bool unlocked;
	struct list_head node;
};

static DEFINE_MUTEX(micro_overlay_tree);

/* Those that are applied, the latest first */
static LIST_HEAD(micro_overlays);

/* To tell what workers remove from what others do */
static LIST_HEAD(micro_removers);
static DEFINE_SPINLOCK(micro_removers_lock);

/* What only we ourselves change needs no lock afterwards */
static struct micro_remover *micro_remover_current(void)
{
	struct micro_remover *r;

	guard(spinlock)(&micro_removers_lock);
	list_for_each_entry(r, &micro_removers, node)
		if (r->task == current)
			return r;
	return NULL;
}

/*
 * Called before all others.
 *
 * A node that an overlay added is freed with its last reference. But if that is
 * not the overlay's own, the kernel (which calls it a bug) never frees it, unless
 * it was told before that the overlay has no more use for it. Devices may well
 * live a little longer than their node, and with CONFIG_DEBUG_KOBJECT_RELEASE
 * all do.
 */
static int micro_overlay_notify(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct micro_remover *r = micro_remover_current();
	struct of_reconfig_data *rd = arg;

	if (!r)
		return NOTIFY_DONE;
	if (action == OF_RECONFIG_DETACH_NODE && of_node_check_flag(rd->dn, OF_OVERLAY))
		of_node_set_flag(rd->dn, OF_OVERLAY_FREE_CSET);
	if (!r->unlocked) {
		r->unlocked = true;
		mutex_unlock(&micro_overlay_tree);
	}
	return NOTIFY_DONE;
}

static struct notifier_block micro_overlay_notifier = {
	.notifier_call = micro_overlay_notify,
	.priority = INT_MAX,
};

static void micro_overlay_tree_lock(struct micro_overlay *ov)
{
	WRITE_ONCE(ov->waits, true);
	mutex_lock(&micro_overlay_tree);
	WRITE_ONCE(ov->waits, false);
}

/* May let go of the lock for a time if it succeeds */
static int micro_overlay_revert(struct micro_overlay *ov)
{
	struct micro_remover r = { .task = current };
	int err;

	scoped_guard(spinlock, &micro_removers_lock)
		list_add(&r.node, &micro_removers);
	err = of_overlay_remove(&ov->id);
	scoped_guard(spinlock, &micro_removers_lock)
		list_del(&r.node);
	if (r.unlocked)
		mutex_lock(&micro_overlay_tree);
	return err;
}

static int micro_overlay_apply_locked(struct micro_overlay *ov)
{
	int err;

	err = micro_overlay_check(ov->blob, ov->size);
	if (err)
		return err;
	err = of_overlay_fdt_apply(ov->blob, ov->size, &ov->id, NULL);
	if (!err) {
		list_add(&ov->node, &micro_overlays);
		config_item_get(&ov->item);
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

/**
 * micro_overlay_apply() - apply an overlay
 * @ov: it is not applied, and its blob is there
 *
 * Context: a job of @ov. May sleep as long as drivers like.
 * Return: 0, or an error, and nothing has changed. The log says why.
 */
int micro_overlay_apply(struct micro_overlay *ov)
{
	int err;

	/* A tree tells drivers of the kernel where to read and write: not even root may say so */
	err = security_locked_down(LOCKDOWN_DEVICE_TREE);
	if (!err)
		err = micro_blob_check(ov->blob, ov->size);
	if (err)
		return err;

	micro_overlay_tree_lock(ov);
	err = micro_overlay_apply_locked(ov);
	mutex_unlock(&micro_overlay_tree);
	return err;
}

/* The kernel's answer, unless the overlay is gone whatever the answer is */
static int micro_overlay_remove_locked(struct micro_overlay *ov)
{
	int err;

	/* One is enough to do it */
	ov->orphan = false;
	err = micro_overlay_revert(ov);
	if (ov->id)
		return err;

	if (err)
		pr_warn("the overlay is removed, but somebody objects: %pe\n", ERR_PTR(err));
	list_del(&ov->node);
	config_item_put(&ov->item);
	return 0;
}

static void micro_overlay_remove_orphans(void)
{
	struct micro_overlay *ov;

again:
	list_for_each_entry(ov, &micro_overlays, node) {
		if (!ov->orphan)
			continue;
		if (!micro_overlay_remove_locked(ov))
			goto again;
		ov->orphan = true;
	}
}

/**
 * micro_overlay_remove() - remove an overlay, and orphans that only it kept
 * @ov: it is applied
 * @for_good: it has no directory any more: if it cannot be removed now, it is an
 *	orphan afterwards, and the caller lets go of it
 *
 * Context: a job of @ov. May sleep as long as drivers like.
 * Return: 0, or an error, and nothing has changed.
 */
int micro_overlay_remove(struct micro_overlay *ov, bool for_good)
{
	int err;

	micro_overlay_tree_lock(ov);
	err = micro_overlay_remove_locked(ov);
	if (!err)
		micro_overlay_remove_orphans();
	else if (for_good)
		ov->orphan = true;
	mutex_unlock(&micro_overlay_tree);

	if (err && for_good)
		pr_warn("%s: the overlay stays until those above it are removed\n",
			config_item_name(&ov->item));
	return err;
}

int micro_overlay_tree_init(void)
{
	return of_reconfig_notifier_register(&micro_overlay_notifier);
}

/* There is no directory and no worker any more */
void micro_overlay_tree_exit(void)
{
	struct micro_overlay *ov, *next;

	/* Orphans below an overlay that somebody else applied */
	mutex_lock(&micro_overlay_tree);
	micro_overlay_remove_orphans();
	list_for_each_entry_safe(ov, next, &micro_overlays, node) {
		pr_warn("an overlay stays applied, as there is one above it\n");
		list_del(&ov->node);
		config_item_put(&ov->item);
	}
	mutex_unlock(&micro_overlay_tree);
	of_reconfig_notifier_unregister(&micro_overlay_notifier);
}
