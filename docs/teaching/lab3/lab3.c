// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3: a bell. A write rings it; each open file hears each ring once, and a program can
 * wait for several bells with poll().
 */
#include <linux/atomic.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>

struct lab3 {
	wait_queue_head_t rung;
	atomic_t rings;
};

/* An open file */
struct ear {
	atomic_t heard;		/* so many of the rings */
};

static struct lab3 *file_to_lab3(struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static bool lab3_news(struct file *filp)
{
	struct ear *ear = micro_file_get_drvdata(filp);

	return atomic_read(&ear->heard) != atomic_read(&file_to_lab3(filp)->rings);
}

static int lab3_probe(struct micro_device *mdev)
{
	struct lab3 *l = devm_kzalloc(&mdev->dev, sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	init_waitqueue_head(&l->rung);
	micro_set_drvdata(mdev, l);
	return 0;
}

static int lab3_open(struct micro_driver *drv, struct file *filp)
{
	struct ear *ear = kzalloc(sizeof(*ear), GFP_KERNEL);

	if (!ear)
		return -ENOMEM;
	atomic_set(&ear->heard, atomic_read(&file_to_lab3(filp)->rings));
	micro_file_set_drvdata(filp, ear);
	return 0;
}

static int lab3_release(struct micro_driver *drv, struct file *filp)
{
	kfree(micro_file_get_drvdata(filp));
	return 0;
}

static ssize_t lab3_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct lab3 *l = file_to_lab3(filp);
	struct ear *ear = micro_file_get_drvdata(filp);
	char text[32];
	int err, len, rings;

	if (count < sizeof(text))
		return -EINVAL;
	err = micro_wait_event_interruptible(filp, l->rung, lab3_news(filp));
	if (err)
		return err;
	rings = atomic_read(&l->rings);
	atomic_set(&ear->heard, rings);
	len = scnprintf(text, sizeof(text), "%u rings\n", rings);
	return copy_to_user(buf, text, len) ? -EFAULT : len;
}

static ssize_t lab3_write(struct micro_driver *drv, struct file *filp,
			  const char __user *buf, size_t count, loff_t *offset)
{
	struct lab3 *l = file_to_lab3(filp);

	atomic_inc(&l->rings);
	wake_up_interruptible_poll(&l->rung, EPOLLIN | EPOLLRDNORM);
	return count;
}

static __poll_t lab3_poll(struct micro_driver *drv, struct file *filp,
			  struct poll_table_struct *wait)
{
	/* First the queue, then the condition: a ring in between is not lost */
	poll_wait(filp, &file_to_lab3(filp)->rung, wait);
	return EPOLLOUT | EPOLLWRNORM | (lab3_news(filp) ? EPOLLIN | EPOLLRDNORM : 0);
}

static struct micro_driver lab3_driver = {
	.name = "lab3",
	.probe = lab3_probe,
	.open = lab3_open,
	.release = lab3_release,
	.read = lab3_read,
	.write = lab3_write,
	.poll = lab3_poll,
};
module_micro_driver(lab3_driver);

MODULE_DESCRIPTION("Lab 3: poll");
MODULE_LICENSE("GPL");
