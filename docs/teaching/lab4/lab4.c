// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 4: dice. A read throws them, and ioctls get and set the range of the numbers.
 */
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <microkernel.h>
#include "lab4.h"

struct lab4 {
	spinlock_t lock;	/* guards range: min and max belong together */
	struct lab4_range range;
};

static struct lab4 *file_to_lab4(struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static int lab4_probe(struct micro_device *mdev)
{
	struct lab4 *l = devm_kzalloc(&mdev->dev, sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	spin_lock_init(&l->lock);
	l->range.min = 1;
	l->range.max = 6;
	micro_set_drvdata(mdev, l);
	return 0;
}

static struct lab4_range lab4_get(struct lab4 *l)
{
	struct lab4_range range;

	spin_lock(&l->lock);
	range = l->range;
	spin_unlock(&l->lock);
	return range;
}

static void lab4_set(struct lab4 *l, struct lab4_range range)
{
	spin_lock(&l->lock);
	l->range = range;
	spin_unlock(&l->lock);
}

static ssize_t lab4_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct lab4_range range = lab4_get(file_to_lab4(filp));
	u64 numbers = (u64)range.max - range.min + 1;
	char text[16];
	int len;

	if (count < sizeof(text))
		return -EINVAL;
	len = scnprintf(text, sizeof(text), "%u\n", range.min + (u32)(get_random_u64() % numbers));
	return copy_to_user(buf, text, len) ? -EFAULT : len;
}

/* No lock is held while user space is read or written: its page may take long to come */
static long lab4_ioctl(struct micro_driver *drv, struct file *filp,
		       unsigned int cmd, unsigned long arg)
{
	struct lab4 *l = file_to_lab4(filp);
	void __user *user = (void __user *)arg;
	struct lab4_range range;

	switch (cmd) {
	case LAB4_GET_RANGE:
		range = lab4_get(l);
		return copy_to_user(user, &range, sizeof(range)) ? -EFAULT : 0;
	case LAB4_SET_RANGE:
		if (copy_from_user(&range, user, sizeof(range)))
			return -EFAULT;
		if (range.min > range.max)
			return -EINVAL;
		lab4_set(l, range);
		return 0;
	default:
		return -ENOTTY;
	}
}

static struct micro_driver lab4_driver = {
	.name = "lab4",
	.probe = lab4_probe,
	.read = lab4_read,
	.ioctl = lab4_ioctl,
	/* all arguments are pointers to what is the same for programs of 32 bits */
	.compat_ioctl = micro_compat_ptr_ioctl,
};
module_micro_driver(lab4_driver);

MODULE_DESCRIPTION("Lab 4: ioctl");
MODULE_LICENSE("GPL");
