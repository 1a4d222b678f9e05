// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_test_oldest: a driver in the oldest style
 *
 * It has init and exit and file operations, and nothing for each instance: all
 * its devices share one text, which the maker of the first one passes in.
 * Written against the signatures that such drivers have always used, so that it
 * stops building should one of them change.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <microkernel.h>

static int oldest_init(struct micro_driver *drv, void *data)
{
	drv->private_data = kstrdup(data ?: "no data", GFP_KERNEL);
	if (!drv->private_data)
		return -ENOMEM;
	pr_info("oldest: init\n");
	return 0;
}

static void oldest_exit(struct micro_driver *drv)
{
	kfree(drv->private_data);
	pr_info("oldest: exit\n");
}

static int oldest_open(struct micro_driver *drv, struct file *filp)
{
	return 0;
}

static int oldest_release(struct micro_driver *drv, struct file *filp)
{
	return 0;
}

static ssize_t oldest_read(struct micro_driver *drv, struct file *filp,
			   char __user *buf, size_t count, loff_t *offset)
{
	const char *text = drv->private_data;

	return simple_read_from_buffer(buf, count, offset, text, strlen(text));
}

static ssize_t oldest_write(struct micro_driver *drv, struct file *filp,
			    const char __user *buf, size_t count, loff_t *offset)
{
	return -EROFS;
}

static long oldest_ioctl(struct micro_driver *drv, struct file *filp,
			 unsigned int cmd, unsigned long arg)
{
	return cmd == 1 ? 0 : -ENOTTY;
}

static struct micro_driver oldest_driver = {
	.name = "micro_test_oldest",
	.init = oldest_init,
	.exit = oldest_exit,
	.open = oldest_open,
	.release = oldest_release,
	.read = oldest_read,
	.write = oldest_write,
	.ioctl = oldest_ioctl,
};

module_micro_driver(oldest_driver);

MODULE_ALIAS_MICRO("micro_test_oldest");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A driver in the oldest style, for tests");
MODULE_LICENSE("GPL");
