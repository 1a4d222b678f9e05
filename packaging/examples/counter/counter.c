// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter: each read gives the next number, and each instance counts for itself.
 * A driver that lives outside of the framework's source; copy this folder.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/atomic.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>

struct counter {
	atomic_t next;
};

static int counter_probe(struct micro_device *mdev)
{
	struct counter *c = devm_kzalloc(&mdev->dev, sizeof(*c), GFP_KERNEL);
	u32 start = 0;
	int err;

	if (!c)
		return -ENOMEM;
	/* Absent is fine, anything else that is no number is the user's mistake */
	err = device_property_read_u32(&mdev->dev, "start", &start);
	if (err && err != -EINVAL)
		return err;
	atomic_set(&c->next, start);
	micro_set_drvdata(mdev, c);
	return 0;
}

static ssize_t counter_read(struct micro_driver *drv, struct file *filp,
			    char __user *buf, size_t count, loff_t *offset)
{
	struct counter *c = micro_get_drvdata(micro_file_device(filp));
	char text[16];
	int len;

	/* One number for each open file, and then its end: what cat(1) expects */
	if (*offset)
		return 0;
	len = scnprintf(text, sizeof(text), "%u\n", (u32)atomic_inc_return(&c->next));
	if (count < len)
		return -EINVAL;
	if (copy_to_user(buf, text, len))
		return -EFAULT;
	*offset += len;
	return len;
}

static const struct of_device_id counter_of_match[] = {
	{ .compatible = "example,counter" },
	{ }
};
MODULE_DEVICE_TABLE(of, counter_of_match);

static struct micro_driver counter_driver = {
	.name = "counter",
	.probe = counter_probe,
	.read = counter_read,
	.mode = 0444,
	.driver.of_match_table = counter_of_match,
};
module_micro_driver(counter_driver);

MODULE_ALIAS_MICRO("counter");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Counts reads");
MODULE_LICENSE("GPL");
