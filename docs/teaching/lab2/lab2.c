// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 2: a mailbox. A write leaves a message; a read sleeps until there is one, and
 * takes it away.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>

#define LAB2_MAX 256

struct message {
	size_t len;
	char text[LAB2_MAX];
};

struct lab2 {
	wait_queue_head_t filled;
	struct message *message;	/* NULL if the mailbox is empty */
};

static int lab2_probe(struct micro_device *mdev)
{
	struct lab2 *l = devm_kzalloc(&mdev->dev, sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	init_waitqueue_head(&l->filled);
	micro_set_drvdata(mdev, l);
	return 0;
}

static void lab2_remove(struct micro_device *mdev)
{
	struct lab2 *l = micro_get_drvdata(mdev);

	/* No operation runs any more: no lock is needed */
	kfree(l->message);
}

static ssize_t lab2_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct lab2 *l = micro_get_drvdata(micro_file_device(filp));
	struct message *m = NULL;
	ssize_t ret;

	/* The one of several readers that takes it has it; the others sleep again */
	ret = micro_wait_event_interruptible(filp, l->filled, (m = xchg(&l->message, NULL)));
	if (ret)
		return ret;
	ret = min(count, m->len);
	if (copy_to_user(buf, m->text, ret))
		ret = -EFAULT;
	kfree(m);
	return ret;
}

static ssize_t lab2_write(struct micro_driver *drv, struct file *filp,
			  const char __user *buf, size_t count, loff_t *offset)
{
	struct lab2 *l = micro_get_drvdata(micro_file_device(filp));
	struct message *m;

	if (count > LAB2_MAX)
		return -EMSGSIZE;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->len = count;
	if (copy_from_user(m->text, buf, count)) {
		kfree(m);
		return -EFAULT;
	}
	/* A message that nobody has read is replaced */
	kfree(xchg(&l->message, m));
	wake_up_interruptible(&l->filled);
	return count;
}

static struct micro_driver lab2_driver = {
	.name = "lab2",
	.probe = lab2_probe,
	.remove = lab2_remove,
	.read = lab2_read,
	.write = lab2_write,
};
module_micro_driver(lab2_driver);

MODULE_DESCRIPTION("Lab 2: a read that sleeps, and an unplug");
MODULE_LICENSE("GPL");
