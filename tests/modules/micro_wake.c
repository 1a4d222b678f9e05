// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_wake: a misc device and a driver of the framework whose poll() is the same
 *
 * Whom a wake-up reaches is the kernel's contract with programs: the misc device
 * /dev/micro_wake_misc shows it, and instances of the driver micro_wake have to be
 * like that. poll() queues on two queues; ioctls are in micro_wake.h. Each open
 * begins with nothing to read.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/miscdevice.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include <microkernel.h>
#include "micro_wake.h"

static DECLARE_WAIT_QUEUE_HEAD(wake_first);
static DECLARE_WAIT_QUEUE_HEAD(wake_second);
static atomic_t wake_ready;

static int wake_open(void)
{
	atomic_set(&wake_ready, 0);
	return 0;
}

static __poll_t wake_poll(struct file *filp, struct poll_table_struct *wait)
{
	poll_wait(filp, &wake_first, wait);
	poll_wait(filp, &wake_second, wait);
	return atomic_read(&wake_ready) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long wake_ioctl(unsigned int cmd)
{
	atomic_set(&wake_ready, 1);
	switch (cmd) {
	case WAKE_IOC_ONE:
		wake_up_interruptible_poll(&wake_first, EPOLLIN | EPOLLRDNORM);
		return 0;
	case WAKE_IOC_ALL:
		wake_up_all(&wake_first);
		return 0;
	case WAKE_IOC_OTHER:
		wake_up_all(&wake_second);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int wake_misc_open(struct inode *inode, struct file *filp)
{
	return wake_open();
}

static long wake_misc_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return wake_ioctl(cmd);
}

static const struct file_operations wake_misc_fops = {
	.owner = THIS_MODULE,
	.open = wake_misc_open,
	.poll = wake_poll,
	.unlocked_ioctl = wake_misc_ioctl,
};

static struct miscdevice wake_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "micro_wake_misc",
	.fops = &wake_misc_fops,
};

static int wake_micro_open(struct micro_driver *drv, struct file *filp)
{
	return wake_open();
}

static __poll_t wake_micro_poll(struct micro_driver *drv, struct file *filp,
				struct poll_table_struct *wait)
{
	return wake_poll(filp, wait);
}

static long wake_micro_ioctl(struct micro_driver *drv, struct file *filp, unsigned int cmd,
			     unsigned long arg)
{
	return wake_ioctl(cmd);
}

static struct micro_driver wake_driver = {
	.name = "micro_wake",
	.open = wake_micro_open,
	.poll = wake_micro_poll,
	.ioctl = wake_micro_ioctl,
};

static int __init micro_wake_init(void)
{
	int err = misc_register(&wake_misc);

	if (err)
		return err;
	err = micro_register_driver(&wake_driver);
	if (err)
		misc_deregister(&wake_misc);
	return err;
}
module_init(micro_wake_init);

static void __exit micro_wake_exit(void)
{
	micro_unregister_driver(&wake_driver);
	misc_deregister(&wake_misc);
}
module_exit(micro_wake_exit);

MODULE_ALIAS_MICRO("micro_wake");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A misc device and a driver with the same poll(), for tests");
MODULE_LICENSE("GPL");
