/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * microkernel: a driver framework whose devices come and go at run time
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROKERNEL_H
#define _MICROKERNEL_H

#include <linux/compat.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <linux/wait.h>

struct fwnode_handle;
struct iov_iter;
struct kiocb;
struct micro_driver_core;
struct vm_area_struct;

/**
 * DOC: Writing a driver
 *
 * A driver is a &struct micro_driver, registered once with
 * micro_register_driver() or, when there is nothing else to do at load time,
 * with module_micro_driver(). Its instances are &struct micro_device objects on
 * the bus "micro_bus". A user makes them with mkdir below
 * /sys/kernel/config/micro, or firmware declares them, or kernel code calls
 * micro_create_device(). While a driver is bound to a device the device has a
 * character device node, and the driver's file operations serve it.
 *
 * A device can be taken away at any moment. A driver needs no code for that:
 * the framework stops its operations, waits until none is running, zaps its
 * mappings, calls release() for each file that is still open, and only then
 * calls remove(). Afterwards the open files answer -ENODEV by themselves.
 * Two rules make that work:
 *
 * - an operation that sleeps for something that may never come uses
 *   micro_wait_event_interruptible(), or provides unplug() to be woken;
 * - when an operation has returned, nothing that it has started (a work item,
 *   an unfinished kiocb) uses the instance, unless release() or remove() stops
 *   that.
 */

/**
 * struct micro_device - one instance, a device on micro_bus
 * @name: its name, the same string as dev_name(&dev)
 * @driver: the driver that is bound to it, NULL while it is unbound. Stable in
 *	everything that the framework calls on behalf of that driver
 * @dev: the device of the driver model. Properties are read from here, and
 *	device-managed resources (devm_*) belong here: the kernel frees them after
 *	remove()
 * @private_data: what micro_create_device() was given, NULL for devices that
 *	user space or firmware made
 *
 * Made by the framework only. The memory is reference counted through @dev.
 */
struct micro_device {
	const char *name;
	struct micro_driver *driver;
	struct device dev;
	void *private_data;
};

/* Linux 6.1 has it since a stable release, 6.1.176 or before; it keeps a const */
#ifndef container_of_const
#define container_of_const(ptr, type, member)	container_of(ptr, type, member)
#endif

#define to_micro_device(d) container_of_const(d, struct micro_device, dev)

/**
 * struct micro_driver - what a driver author fills in
 * @name: name of the driver, 1 to 63 characters of [A-Za-z0-9._:@+-]. Devices
 *	without compatible strings match it with the part of their name before
 *	the first dot
 * @init: called before the first device binds, with that device's
 *	&micro_device.private_data. Returns 0, or a negative errno that fails the
 *	bind (the next bind tries again). May sleep
 * @exit: called after the last device has unbound, once for each successful
 *	@init. May sleep
 * @probe: an instance is bound. Returns 0 or a negative errno; -EPROBE_DEFER
 *	works as on any bus, and after -ENODEV or -ENXIO the next best driver is
 *	asked. The node appears after @probe. May sleep; the device lock is held
 * @remove: an instance is unbound. No operation of the instance is running or
 *	will ever run again and every opened file was released. May sleep; the
 *	device lock is held
 * @unplug: the unplug has begun. Wake the operations that sleep elsewhere
 *	than in micro_wait_event_interruptible(). Called once before @remove,
 *	while operations may still be running, after their files were revoked.
 *	May sleep. The device lock is held if the unbind comes through sysfs
 *	or from the end of the driver, if the bind fails after @probe, and if the
 *	device is removed before its bind has ended. In all other cases the lock is
 *	not held
 * @open: a file is opened. Returns 0 or a negative errno that open(2) returns;
 *	there is no @release for a failed @open. All file operations may sleep and
 *	are called without a lock, except those that the unplug calls: see @release
 * @release: the counterpart of a successful @open, exactly once for each and
 *	never after @remove: from the last close(2), or from the unplug of the
 *	device while the file stays open in the process. Each unplug holds the
 *	device lock then, also for @fasync with @on 0. The framework ignores the
 *	return value, as the VFS does
 * @read: as &file_operations.read. Excludes @read_iter
 * @write: as &file_operations.write. Excludes @write_iter
 * @ioctl: as &file_operations.unlocked_ioctl
 * @compat_ioctl: as &file_operations.compat_ioctl: for programs of 32 bits, which get
 *	-ENOTTY without it. If @arg is a pointer, convert it with compat_ptr(), as
 *	micro_compat_ptr_ioctl() does
 * @poll: as &file_operations.poll. poll_wait() is used as usual; user space is
 *	nevertheless never queued on the driver's own wait queue, so it may be
 *	freed in @release or @remove
 * @llseek: as &file_operations.llseek
 * @mmap: as &file_operations.mmap; pages may be inserted here or in
 *	&vm_operations_struct.fault. The vm_ops given here are called until the
 *	unplug and never after it, so @remove must not wait for their close().
 *	Of them huge_fault, map_pages, name, pagesize and the NUMA policies are not used.
 *	Called with the mmap lock held for writing
 * @fasync: as &file_operations.fasync, commonly fasync_helper(). The framework
 *	calls it with @on 0 before @release when the device is unbound
 * @read_iter: as &file_operations.read_iter. Must not return -EIOCBQUEUED
 *	unless @unplug completes the queued requests
 * @write_iter: as &file_operations.write_iter, likewise
 * @mode: permissions of the node in /dev; 0 means 0600
 * @driver: the driver of the driver model: of_match_table, dev_groups, pm and
 *	probe_type go here; the framework sets name, bus, owner and mod_name
 * @private_data: the driver's own
 * @core: private to the framework
 *
 * Operations that are NULL do not appear in the file operations that the VFS
 * sees, so user space gets the VFS's own answer for them. Every operation gets
 * the driver; micro_file_device() tells the instance.
 */
struct micro_driver {
	const char *name;

	int (*init)(struct micro_driver *drv, void *data);
	void (*exit)(struct micro_driver *drv);

	int (*probe)(struct micro_device *mdev);
	void (*remove)(struct micro_device *mdev);
	void (*unplug)(struct micro_device *mdev);

	int (*open)(struct micro_driver *drv, struct file *filp);
	int (*release)(struct micro_driver *drv, struct file *filp);
	ssize_t (*read)(struct micro_driver *drv, struct file *filp,
			char __user *buf, size_t count, loff_t *offset);
	ssize_t (*write)(struct micro_driver *drv, struct file *filp,
			 const char __user *buf, size_t count, loff_t *offset);
	long (*ioctl)(struct micro_driver *drv, struct file *filp,
		      unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct micro_driver *drv, struct file *filp,
			     unsigned int cmd, unsigned long arg);
	__poll_t (*poll)(struct micro_driver *drv, struct file *filp,
			 struct poll_table_struct *wait);
	loff_t (*llseek)(struct micro_driver *drv, struct file *filp,
			 loff_t offset, int whence);
	int (*mmap)(struct micro_driver *drv, struct file *filp,
		    struct vm_area_struct *vma);
	int (*fasync)(struct micro_driver *drv, int fd, struct file *filp, int on);
	ssize_t (*read_iter)(struct micro_driver *drv, struct kiocb *iocb,
			     struct iov_iter *to);
	ssize_t (*write_iter)(struct micro_driver *drv, struct kiocb *iocb,
			      struct iov_iter *from);

	umode_t mode;
	struct device_driver driver;
	void *private_data;

	/* private: */
	struct micro_driver_core *core;
};

#define to_micro_driver(d) container_of_const(d, struct micro_driver, driver)

/*
 * To be raised with each change of what drivers are compiled with: a struct above or
 * below, an inline function, a macro, the type of an exported function. Without
 * MODVERSIONS, only this number shows that a driver was built with an older header.
 */
#define MICRO_DRIVER_ABI	2

int __micro_register_driver(struct micro_driver *driver, struct module *owner,
			    const char *mod_name, size_t size, unsigned int abi);

/**
 * micro_register_driver() - register a driver with micro_bus
 * @driver: the driver, filled in; it must stay until
 *	micro_unregister_driver() has returned
 *
 * Devices that match and have no driver are bound before this returns (unless
 * the driver asks for asynchronous probing).
 *
 * Context: may sleep. Must not be called from a probe, remove or file operation
 * of the same driver.
 * Return: 0; -EINVAL for a driver without a proper name, or with both @read and
 * @read_iter or both @write and @write_iter, or for one that was built with another
 * microkernel.h; -EBUSY if a driver of this name, or this driver, is registered
 * already; -ENOMEM. The log says why.
 */
#define micro_register_driver(driver) \
	__micro_register_driver(driver, THIS_MODULE, KBUILD_MODNAME,	\
				sizeof(struct micro_driver), MICRO_DRIVER_ABI)

void micro_unregister_driver(struct micro_driver *driver);

/**
 * module_micro_driver() - boilerplate of a module that only registers a driver
 * @drv: the &struct micro_driver
 *
 * Defines the module's init and exit functions.
 */
#define module_micro_driver(drv) \
	module_driver(drv, micro_register_driver, micro_unregister_driver)

/**
 * MODULE_ALIAS_MICRO() - let the module be loaded for devices by name
 * @name: the driver's name, a string literal
 *
 * Drivers with an of_match_table add MODULE_DEVICE_TABLE(of, ...) to be loaded
 * by compatible string too.
 */
#define MODULE_ALIAS_MICRO(name) MODULE_ALIAS("micro:" name)

struct micro_device *micro_create_device(const char *name, void *data);
struct micro_device *micro_create_device_node(const char *name, void *data,
					      struct fwnode_handle *fwnode);
void micro_destroy_device(struct micro_device *device);

/**
 * micro_get_drvdata() - the driver's data of an instance
 * @mdev: the instance
 *
 * Context: any.
 * Return: what micro_set_drvdata() stored, NULL before that and after unbind.
 */
static inline void *micro_get_drvdata(const struct micro_device *mdev)
{
	return dev_get_drvdata(&mdev->dev);
}

/**
 * micro_set_drvdata() - store the driver's data of an instance
 * @mdev: the instance
 * @data: the driver's own; the framework forgets it at unbind
 *
 * Context: any; commonly from probe(), before the first open.
 */
static inline void micro_set_drvdata(struct micro_device *mdev, void *data)
{
	dev_set_drvdata(&mdev->dev, data);
}

/**
 * struct micro_file_head - the fields of an open file that each operation reads
 * @device: the instance
 * @drvdata: the driver's
 *
 * &file.private_data points at it; it is the first part of an object of the framework.
 * With it, the functions below are a load or two, and no calls into another module.
 */
struct micro_file_head {
	struct micro_device *device;
	void *drvdata;
};

/**
 * micro_file_device() - which instance was opened?
 * @filp: the open file
 *
 * Context: any, from an operation of @filp, its open() and release().
 * Return: the instance.
 */
static inline struct micro_device *micro_file_device(const struct file *filp)
{
	const struct micro_file_head *head = filp->private_data;

	return head->device;
}

/**
 * micro_file_get_drvdata() - the driver's data of an open file
 * @filp: the open file
 *
 * Context: as micro_file_device().
 * Return: what micro_file_set_drvdata() stored, else NULL.
 */
static inline void *micro_file_get_drvdata(const struct file *filp)
{
	const struct micro_file_head *head = filp->private_data;

	return head->drvdata;
}

/**
 * micro_file_set_drvdata() - store the driver's data of an open file
 * @filp: the open file; &file.private_data is the framework's
 * @data: what to store, commonly in open(); release() frees it
 *
 * Context: as micro_file_device().
 */
static inline void micro_file_set_drvdata(struct file *filp, void *data)
{
	struct micro_file_head *head = filp->private_data;

	head->drvdata = data;
}

bool micro_file_revoked(const struct file *filp);

/**
 * struct micro_waiter - a task that sleeps for an event or for the unplug
 * @filp: the open file it works for
 * @wq_head: the driver's wait queue
 * @event: its entry on @wq_head
 * @revoke: its entry on the wait queue of the open file
 *
 * Lives on the stack of micro_wait_event_interruptible().
 */
struct micro_waiter {
	struct file *filp;
	struct wait_queue_head *wq_head;
	struct wait_queue_entry event;
	struct wait_queue_entry revoke;
};

void micro_wait_begin(struct micro_waiter *waiter, struct file *filp,
		      struct wait_queue_head *wq_head);
int micro_wait_prepare(struct micro_waiter *waiter, unsigned int mode);
void micro_wait_end(struct micro_waiter *waiter);

/* fcntl() may change it at any time, as for all drivers: either answer is right */
#define __micro_file_nonblock(filp)	(data_race((filp)->f_flags) & O_NONBLOCK)

/* The loop of ___wait_event(), on two queues and with a third way out */
#define __micro_wait_event(filp, wq_head, condition, nonblock, mode)	\
({									\
	int __ret = 0;							\
									\
	if (micro_file_revoked(filp)) {					\
		__ret = -ENODEV;					\
	} else if (!(condition)) {					\
		struct micro_waiter __waiter;				\
									\
		if (nonblock) {						\
			__ret = -EAGAIN;				\
		} else {						\
			micro_wait_begin(&__waiter, filp, &(wq_head));	\
			for (;;) {					\
				__ret = micro_wait_prepare(&__waiter, mode); \
				if (__ret == -ENODEV)			\
					break;				\
				if (condition) {			\
					__ret = 0;			\
					break;				\
				}					\
				if (__ret)				\
					break;				\
				schedule();				\
			}						\
			micro_wait_end(&__waiter);			\
		}							\
	}								\
	__ret;								\
})

/**
 * micro_wait_event_interruptible() - sleep until a condition is true, or unplug
 * @filp: the open file on whose behalf the operation runs
 * @wq_head: the driver's wait queue (not a pointer, as for wait_event());
 *	code that makes @condition true wakes it
 * @condition: a C expression, evaluated again after each wake-up
 *
 * It makes a sleeping operation revocable: the unplug wakes it, too, and it
 * should return the error at once. On a file with O_NONBLOCK it does not sleep.
 *
 * Context: may sleep. Only from within an operation of @filp, without a lock
 * that unplug() takes.
 * Return: 0 when @condition is true, -EAGAIN where it would have to sleep and
 * must not, -ERESTARTSYS after a signal, -ENODEV as soon as @filp is revoked.
 */
#define micro_wait_event_interruptible(filp, wq_head, condition)	\
	__micro_wait_event(filp, wq_head, condition,			\
			   __micro_file_nonblock(filp), TASK_INTERRUPTIBLE)

/**
 * micro_wait_event_iocb() - the same for read_iter() and write_iter()
 * @iocb: the request; neither sleeps when it has IOCB_NOWAIT
 * @wq_head: as for micro_wait_event_interruptible()
 * @condition: likewise
 *
 * Context: as micro_wait_event_interruptible().
 * Return: likewise.
 */
#define micro_wait_event_iocb(iocb, wq_head, condition)			\
	__micro_wait_event((iocb)->ki_filp, wq_head, condition,		\
			   ((iocb)->ki_flags & IOCB_NOWAIT) ||		\
			   __micro_file_nonblock((iocb)->ki_filp),	\
			   TASK_INTERRUPTIBLE)

/**
 * micro_wait_event_mode() - sleep in another state, whatever O_NONBLOCK says
 * @filp: the open file on whose behalf the operation runs
 * @wq_head: as for micro_wait_event_interruptible(). Use wake_up().
 *	wake_up_interruptible() does not wake a thread in TASK_KILLABLE
 * @condition: as for micro_wait_event_interruptible()
 * @mode: TASK_INTERRUPTIBLE or TASK_KILLABLE: which signals end it; with
 *	TASK_FREEZABLE_UNSAFE the sleeper is frozen where it is when the machine
 *	suspends, and not woken. ("Unsafe" is for lockdep, which treats an operation
 *	as a lock that its thread holds. Only the thread that revokes the file waits
 *	for the operation, commonly a worker, which is not frozen. The driver must
 *	not hold a lock of its own.)
 *
 * For an operation that a signal must not interrupt, such as one that waits for an
 * answer.
 *
 * Context: as micro_wait_event_interruptible().
 * Return: 0 when @condition is true, -ERESTARTSYS after a signal that ends @mode,
 * -ENODEV as soon as @filp is revoked.
 */
#define micro_wait_event_mode(filp, wq_head, condition, mode)		\
	__micro_wait_event(filp, wq_head, condition, false, mode)

/**
 * micro_wait_event_killable() - sleep until a condition is true, SIGKILL, or unplug
 * @filp: as for micro_wait_event_mode()
 * @wq_head: likewise
 * @condition: likewise
 *
 * Context: as micro_wait_event_mode().
 * Return: likewise.
 */
#define micro_wait_event_killable(filp, wq_head, condition)		\
	micro_wait_event_mode(filp, wq_head, condition,			\
			      TASK_KILLABLE | TASK_FREEZABLE_UNSAFE)

#ifdef CONFIG_COMPAT
/**
 * micro_compat_ptr_ioctl() - a compat_ioctl() for drivers whose arguments are pointers
 * @drv: the driver
 * @filp: the open file
 * @cmd: the command
 * @arg: the argument of a 32-bit program
 *
 * As compat_ptr_ioctl() of the VFS: 32-bit pointers have bits that mean nothing on
 * some architectures, and what they point to has to be the same for both.
 *
 * Context: as the driver's ioctl().
 * Return: what the driver's ioctl() returns.
 */
static inline long micro_compat_ptr_ioctl(struct micro_driver *drv, struct file *filp,
					  unsigned int cmd, unsigned long arg)
{
	return drv->ioctl(drv, filp, cmd, (unsigned long)compat_ptr(arg));
}
#else
#define micro_compat_ptr_ioctl	NULL
#endif

#endif /* _MICROKERNEL_H */
