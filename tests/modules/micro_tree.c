// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_tree: a driver whose write() changes the device tree while its device goes
 *
 * What is written is an overlay. write() keeps it until the device is being
 * unplugged, and who unplugs it waits for write(); then it applies the overlay and
 * removes it again, as a driver may do that has other devices come and go.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/err.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include <microkernel.h>
#include "../../src/core/compat.h"

static DECLARE_WAIT_QUEUE_HEAD(tree_never);

/* A device may live longer than its node, as src/overlay/tree.c says */
static int tree_notify(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct of_reconfig_data *rd = arg;

	if (action == OF_RECONFIG_DETACH_NODE && of_node_check_flag(rd->dn, OF_OVERLAY))
		of_node_set_flag(rd->dn, OF_OVERLAY_FREE_CSET);
	return NOTIFY_DONE;
}

static struct notifier_block tree_notifier = {
	.notifier_call = tree_notify,
	.priority = INT_MAX,
};

static int tree_change(void *blob, size_t size)
{
	int err, remove_err, id = 0;

	err = of_overlay_fdt_apply(blob, size, &id, NULL);
	if (!id)
		return err ?: -EIO;
	of_reconfig_notifier_register(&tree_notifier);
	remove_err = of_overlay_remove(&id);
	of_reconfig_notifier_unregister(&tree_notifier);
	return err ?: remove_err;
}

static ssize_t tree_write(struct micro_driver *drv, struct file *filp,
			  const char __user *buf, size_t count, loff_t *offset)
{
	void *blob = count > PAGE_SIZE ? ERR_PTR(-EFBIG) : memdup_user(buf, count);
	int err;

	if (IS_ERR(blob))
		return PTR_ERR(blob);
	err = micro_wait_event_interruptible(filp, tree_never, false);
	if (err == -ENODEV)
		err = tree_change(blob, count);
	kfree(blob);
	return err ?: count;
}

static struct micro_driver tree_driver = {
	.name = "micro_tree",
	.write = tree_write,
};
module_micro_driver(tree_driver);

MODULE_ALIAS_MICRO("micro_tree");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A driver whose write() changes the device tree while its device goes");
MODULE_LICENSE("GPL");
