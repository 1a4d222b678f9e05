// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: each read takes a ticket with a number of its own, however many programs read at
 * the same time.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>

struct lab5 {
	struct mutex lock;	/* guards last */
	u32 last;
};

static int lab5_probe(struct micro_device *mdev)
{
	struct lab5 *l = devm_kzalloc(&mdev->dev, sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	mutex_init(&l->lock);
	micro_set_drvdata(mdev, l);
	return 0;
}

static u32 lab5_take(struct lab5 *l)
{
	u32 ticket;

	mutex_lock(&l->lock);
	ticket = l->last + 1;
	/* A printer would take this long */
	usleep_range(20, 50);
	l->last = ticket;
	mutex_unlock(&l->lock);
	return ticket;
}

static ssize_t lab5_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct lab5 *l = micro_get_drvdata(micro_file_device(filp));
	char text[16];
	int len;

	if (count < sizeof(text))
		return -EINVAL;
	/* The lock is free again before user memory is touched, which may take long */
	len = scnprintf(text, sizeof(text), "%u\n", lab5_take(l));
	return copy_to_user(buf, text, len) ? -EFAULT : len;
}

static struct micro_driver lab5_driver = {
	.name = "lab5",
	.probe = lab5_probe,
	.read = lab5_read,
};
module_micro_driver(lab5_driver);

MODULE_DESCRIPTION("Lab 5: two readers and a lock");
MODULE_LICENSE("GPL");
