// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_floor: the least that it can cost to be served by a process
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "micro_floor.h"

/**
 * DOC: What bench-user measures user drivers against
 *
 * /dev/floor_plain
 *	a misc device that answers by itself
 * /dev/floor
 *	each operation but poll() is handed to the process that has /dev/floor_server
 *	open, and waits until it comes back. There is one request at a time, no
 *	payload of more than the module has itself, no queue, and nobody may die
 */

static u8 floor_data[FLOOR_DATA];
static DECLARE_WAIT_QUEUE_HEAD(floor_server_wq);
static DECLARE_WAIT_QUEUE_HEAD(floor_client_wq);
static bool floor_asked;
static bool floor_posted;
static bool floor_answered;
static unsigned int floor_mode;

/* The client's way to the process and back */
static int floor_call(void)
{
	floor_answered = false;
	/* pairs with floor_next() */
	smp_store_release(&floor_asked, true);
	wake_up_interruptible(&floor_server_wq);
	if (floor_mode & FLOOR_RESCHED)
		cond_resched();
	if (floor_mode & FLOOR_CLIENT)
		yield();
	/* pairs with floor_next() */
	return wait_event_interruptible(floor_client_wq, smp_load_acquire(&floor_answered));
}

static bool floor_work(void)
{
	/* pairs with floor_call() */
	return smp_load_acquire(&floor_asked) || floor_posted;
}

/* The server's: the answer to the last request, and the next one */
static int floor_next(void)
{
	int err;

	/* pairs with floor_call() */
	smp_store_release(&floor_answered, true);
	wake_up_interruptible(&floor_client_wq);
	if (floor_mode & FLOOR_SERVER && !floor_work())
		yield();
	err = wait_event_interruptible(floor_server_wq, floor_work());
	if (err)
		return err;
	floor_asked = false;
	floor_posted = false;
	return 0;
}

static ssize_t plain_read(struct file *filp, char __user *buf, size_t count, loff_t *offset)
{
	count = min_t(size_t, count, FLOOR_DATA);
	if (count == 1)
		return put_user(floor_data[0], buf) ?: 1;
	return copy_to_user(buf, floor_data, count) ? -EFAULT : count;
}

static ssize_t plain_write(struct file *filp, const char __user *buf, size_t count,
			   loff_t *offset)
{
	count = min_t(size_t, count, FLOOR_DATA);
	if (count == 1)
		return get_user(floor_data[0], buf) ?: 1;
	return copy_from_user(floor_data, buf, count) ? -EFAULT : count;
}

static long plain_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	u8 bytes[FLOOR_BYTES];

	if (cmd != FLOOR_IOC)
		return -ENOTTY;
	if (copy_from_user(bytes, (void __user *)arg, sizeof(bytes)))
		return -EFAULT;
	return copy_to_user((void __user *)arg, bytes, sizeof(bytes)) ? -EFAULT : 0;
}

static __poll_t plain_poll(struct file *filp, struct poll_table_struct *wait)
{
	poll_wait(filp, &floor_client_wq, wait);
	return EPOLLIN | EPOLLRDNORM;
}

static int floor_open(struct inode *inode, struct file *filp)
{
	return floor_call();
}

static int floor_release(struct inode *inode, struct file *filp)
{
	floor_posted = true;
	wake_up_interruptible(&floor_server_wq);
	return 0;
}

static ssize_t floor_read(struct file *filp, char __user *buf, size_t count, loff_t *offset)
{
	return floor_call() ?: plain_read(filp, buf, count, offset);
}

static ssize_t floor_write(struct file *filp, const char __user *buf, size_t count,
			   loff_t *offset)
{
	return floor_call() ?: plain_write(filp, buf, count, offset);
}

static long floor_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return floor_call() ?: plain_ioctl(filp, cmd, arg);
}

static long floor_server_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case FLOOR_IOC_NEXT:
		return floor_next();
	case FLOOR_IOC_MODE:
		floor_mode = arg;
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations floor_fops[] = {
	{
		.owner = THIS_MODULE,
		.read = plain_read,
		.write = plain_write,
		.unlocked_ioctl = plain_ioctl,
		.poll = plain_poll,
	}, {
		.owner = THIS_MODULE,
		.open = floor_open,
		.release = floor_release,
		.read = floor_read,
		.write = floor_write,
		.unlocked_ioctl = floor_ioctl,
		.poll = plain_poll,
	}, {
		.owner = THIS_MODULE,
		.unlocked_ioctl = floor_server_ioctl,
	},
};

static struct miscdevice floor_misc[] = {
	{ .minor = MISC_DYNAMIC_MINOR, .name = "floor_plain", .fops = &floor_fops[0] },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "floor_server", .fops = &floor_fops[2] },
};

/* No misc device: its open() holds a lock of all misc devices, the server's too */
static struct class floor_class = { .name = "floor" };
static int floor_major;

static int __init floor_init(void)
{
	struct device *dev;
	int err;

	err = class_register(&floor_class);
	if (err)
		return err;
	floor_major = register_chrdev(0, "floor", &floor_fops[1]);
	if (floor_major < 0) {
		err = floor_major;
		goto err_class;
	}
	dev = device_create(&floor_class, NULL, MKDEV(floor_major, 0), NULL, "floor");
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto err_chrdev;
	}
	err = misc_register(&floor_misc[0]);
	if (err)
		goto err_device;
	err = misc_register(&floor_misc[1]);
	if (err)
		goto err_misc;
	return 0;

err_misc:
	misc_deregister(&floor_misc[0]);
err_device:
	device_destroy(&floor_class, MKDEV(floor_major, 0));
err_chrdev:
	unregister_chrdev(floor_major, "floor");
err_class:
	class_unregister(&floor_class);
	return err;
}
module_init(floor_init);

static void __exit floor_exit(void)
{
	misc_deregister(&floor_misc[1]);
	misc_deregister(&floor_misc[0]);
	device_destroy(&floor_class, MKDEV(floor_major, 0));
	unregister_chrdev(floor_major, "floor");
	class_unregister(&floor_class);
}
module_exit(floor_exit);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("The least that it can cost to be served by a process");
MODULE_LICENSE("GPL");
