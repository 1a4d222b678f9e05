// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files: from open(2) to close(2), alive or dead
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "file.h"
#include "main.h"
#include "trace.h"

/**
 * DOC: Open files
 *
 * Each open(2) makes a micro_file, which belongs to one binding for ever. Every
 * operation is a short wrapper: enter the open file, call the driver, leave.
 * Once the file is revoked nobody enters, so nothing that came from the driver
 * is touched any more, however long the file stays open.
 *
 * The operations table that the VFS sees has just what the driver provides.
 * Dead files still point at it, so it can't be freed with the driver; tables
 * hold nothing but our own functions, so drivers that provide the same
 * operations share one, and all of them stay until the core is unloaded, which
 * open files prevent.
 */

/**
 * struct micro_fops - an operations table
 * @fops: what the VFS sees
 * @ops: what the drivers that share it provide, as micro_ops_of() says
 * @node: in the list of all tables
 */
struct micro_fops {
	struct file_operations fops;
	unsigned int ops;
	struct list_head node;
};

static LIST_HEAD(micro_fops_list);
static DEFINE_MUTEX(micro_fops_lock);
static struct kmem_cache *micro_file_cache;

static ssize_t micro_file_read(struct file *filp, char __user *buf, size_t count,
			       loff_t *offset)
{
	return micro_file_call_aside(filp, read, -ENODEV,
				     micro_aside(filp, buf, count, offset),
				     filp, buf, count, offset);
}

static ssize_t micro_file_write(struct file *filp, const char __user *buf,
				size_t count, loff_t *offset)
{
	return micro_file_call_aside(filp, write, -ENODEV,
				     micro_aside(filp, buf, count, offset),
				     filp, buf, count, offset);
}

static ssize_t micro_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return micro_file_call(iocb->ki_filp, read_iter, -ENODEV, iocb, to);
}

static ssize_t micro_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return micro_file_call(iocb->ki_filp, write_iter, -ENODEV, iocb, from);
}

static long micro_file_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return micro_file_call(filp, ioctl, -ENODEV, filp, cmd, arg);
}

#ifdef CONFIG_COMPAT
static long micro_file_compat_ioctl(struct file *filp, unsigned int cmd,
				    unsigned long arg)
{
	return micro_file_call(filp, compat_ioctl, -ENODEV, filp, cmd, arg);
}
#else
#define micro_file_compat_ioctl NULL
#endif

static loff_t micro_file_llseek(struct file *filp, loff_t offset, int whence)
{
	return micro_file_call(filp, llseek, -ENODEV, filp, offset, whence);
}

/*
 * A driver's list of subscribers dies with the driver, so the file keeps one of
 * its own too: for the last POLL_HUP, and to know that the driver has an entry.
 */
static int micro_file_fasync(int fd, struct file *filp, int on)
{
	struct micro_file *f = filp->private_data;
	struct micro_file_more *more = micro_file_need_more(f);
	int err;

	if (!micro_file_enter(f))
		return on ? -ENODEV : fasync_helper(fd, filp, 0, &more->fasync);

	err = f->drv->fasync(f->drv, fd, filp, on);
	if (err >= 0) {
		WRITE_ONCE(more->subscribed, true);
		err = fasync_helper(fd, filp, on, &more->fasync);
		if (err < 0)
			f->drv->fasync(f->drv, -1, filp, 0);
		/* Either we see the revocation, or the revoker sees our entry */
		smp_mb();
		if (err >= 0 && on && micro_active_revoked(&f->active))
			kill_fasync(&more->fasync, SIGIO, POLL_HUP);
	}
	micro_file_leave(f);
	return err;
}

/* One bit for each operation that can be missing in a table */
static unsigned int micro_ops_of(const struct micro_driver *drv)
{
	const bool has[] = {
		drv->read, drv->write, drv->read_iter, drv->write_iter, drv->ioctl,
		drv->compat_ioctl, drv->poll, drv->llseek, drv->mmap, drv->fasync,
	};
	unsigned int ops = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(has); i++)
		ops |= has[i] << i;
	return ops;
}

/**
 * micro_fops_for() - the operations table for a driver
 * @drv: the driver
 *
 * Context: may sleep.
 * Return: the table, which stays as long as this module; NULL without memory.
 */
const struct file_operations *micro_fops_for(const struct micro_driver *drv)
{
	unsigned int ops = micro_ops_of(drv);
	struct micro_fops *table;

	guard(mutex)(&micro_fops_lock);
	list_for_each_entry(table, &micro_fops_list, node)
		if (table->ops == ops)
			return &table->fops;

	table = kmalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return NULL;

	table->ops = ops;
	table->fops = (struct file_operations) {
		.owner = THIS_MODULE,
		.release = micro_bootstrap_fops.release,
		.read = drv->read ? micro_file_read : NULL,
		.write = drv->write ? micro_file_write : NULL,
		.read_iter = drv->read_iter ? micro_file_read_iter : NULL,
		.write_iter = drv->write_iter ? micro_file_write_iter : NULL,
		.splice_read = drv->read_iter ? copy_splice_read : NULL,
		.splice_write = drv->write_iter ? iter_file_splice_write : NULL,
		.unlocked_ioctl = drv->ioctl ? micro_file_ioctl : NULL,
		.compat_ioctl = drv->compat_ioctl ? micro_file_compat_ioctl : NULL,
		.poll = drv->poll ? micro_file_poll : NULL,
		.llseek = drv->llseek ? micro_file_llseek : NULL,
		.mmap = drv->mmap ? micro_file_mmap : NULL,
		.fasync = drv->fasync ? micro_file_fasync : NULL,
	};
	list_add(&table->node, &micro_fops_list);
	return &table->fops;
}

/*
 * To allocate a file and to free it were two fifths of what open(2) and close(2)
 * cost more than those of an unguarded device, so a binding keeps one. Nothing is
 * easier to get wrong for that: the file changes hands where it would be freed.
 * KASAN shall find out who uses it after that, and can't if it is not freed.
 */
static struct micro_file *micro_file_alloc(struct micro_binding *b)
{
	struct micro_file *f = NULL;

	if (READ_ONCE(b->spare))
		f = xchg(&b->spare, NULL);
	if (f)
		return f;

	/* A constructor would need memory in each file */
	return kmem_cache_zalloc(micro_file_cache, GFP_KERNEL);
}

/**
 * micro_file_make_more() - what micro_file_need_more() calls the first time
 * @f: the open file
 *
 * poll() and fasync(0) have no way to fail, and small allocations do not.
 *
 * Context: may sleep.
 * Return: what is in @f->more from now on.
 */
noinline struct micro_file_more *micro_file_make_more(struct micro_file *f)
{
	struct micro_file_more *more = kzalloc(sizeof(*more), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	struct micro_file_more *old;

	init_waitqueue_head(&more->wq);
	/* The file may have several threads. A full barrier, too: see micro_file_unplug() */
	old = cmpxchg(&f->more, NULL, more);
	if (!old)
		return more;
	kfree(more);
	return old;
}

static void micro_file_free_more(struct micro_file *f, struct micro_file_more *more)
{
	if (more->fasync)
		fasync_helper(-1, f->filp, 0, &more->fasync);
	micro_file_free_mmaps(more);
	micro_file_free_exclusives(more);
	kfree(more);
	f->more = NULL;
}

static void micro_file_destroy(struct micro_file *f)
{
	put_pid(f->pid);
	kmem_cache_free(micro_file_cache, f);
}

static void micro_file_free(struct micro_file *f, struct micro_binding *b)
{
	if (f->more)
		micro_file_free_more(f, f->more);
	if (IS_ENABLED(CONFIG_KASAN) || cmpxchg(&b->spare, NULL, f))
		micro_file_destroy(f);
}

/**
 * micro_binding_free_spare() - free the spare file
 * @b: the binding, which nobody uses any more
 *
 * Context: any.
 */
void micro_binding_free_spare(struct micro_binding *b)
{
	if (b->spare)
		micro_file_destroy(b->spare);
}

/* The rest is as in a new file when one is freed, but for @pid */
static void micro_file_init(struct micro_file *f, struct file *filp,
			    struct micro_binding *b)
{
	struct pid *pid = task_tgid(current);

	/* A spare file comes with the one who had it before, often the same one */
	if (f->pid != pid) {
		put_pid(f->pid);
		f->pid = get_pid(pid);
	}
	/* open() itself is the first operation inside */
	micro_active_init(&f->active, 1);
	f->head.device = b->mdev;
	f->head.drvdata = NULL;
	f->binding = b;
	f->filp = filp;
}

static int micro_file_attach(struct micro_file *f, struct micro_binding *b)
{
	guard(mutex)(&b->lock);
	if (b->revoked || !try_module_get(b->drv->driver.owner))
		return -ENXIO;

	f->drv = b->drv;
	hlist_add_head(&f->node, &b->files);
	return 0;
}

/**
 * micro_file_left() - the second part of leaving a revoked file
 * @f: the file
 * @ret: what the operation returns
 *
 * Context: any.
 * Return: @ret, which spares the caller to keep it over a call that hardly ever
 * happens.
 */
noinline s64 micro_file_left(struct micro_file *f, s64 ret)
{
	if (micro_active_left(&f->active))
		micro_binding_left(f->binding);
	return ret;
}

/*
 * Who is inside takes the file away from the binding: after a failed open(), or
 * close(2). In this order: a revoker that finds the file will wait for us, and one
 * that does not find it any more does not have to, as we are done with the driver,
 * its module included. It never finds a file that we have left.
 */
static void micro_file_detach(struct micro_file *f)
{
	/* First, as lockdep's class for it belongs to the driver */
	rwsem_release(micro_dep_map(f->binding), _RET_IP_);
	scoped_guard(mutex, &f->binding->lock)
		micro_file_unlist(f);
	if (micro_active_leave(&f->active))
		micro_file_left(f, 0);
}

static int micro_file_open(struct inode *inode, struct file *filp)
{
	struct micro_binding *b;
	struct micro_file *f;
	int err;

	b = micro_binding_find(iminor(inode));
	if (!b)
		return -ENXIO;

	f = micro_file_alloc(b);
	if (!f) {
		err = -ENOMEM;
		goto err_put;
	}
	micro_file_init(f, filp, b);

	err = micro_file_attach(f, b);
	if (err)
		goto err_free;
	rwsem_acquire_read(micro_dep_map(b), 0, 1, _RET_IP_);

	filp->private_data = f;
	if (f->drv->open)
		err = f->drv->open(f->drv, filp);
	trace_micro_open(f, err);
	micro_statistics_count(&f->stats, MICRO_STAT_OPENS, err);
	if (err)
		goto err_detach;
	/*
	 * The VFS looks at the table only after open. Its owner is this module
	 * as before, so the reference to it stays the same.
	 */
	filp->f_op = f->drv->core->fops;
	micro_file_leave(f);
	return 0;

err_detach:
	module_put(f->drv->driver.owner);
	micro_file_detach(f);
err_free:
	micro_file_free(f, b);
err_put:
	micro_binding_put(b);
	return err;
}

/**
 * micro_file_unplug() - wake whoever sleeps on a file that has been revoked
 * @f: the file; its binding's lock is held
 *
 * Context: may sleep.
 */
void micro_file_unplug(struct micro_file *f)
{
	/* Who makes it just now sees the revocation: both are full barriers */
	struct micro_file_more *more = micro_file_get_more(f);

	if (!more)
		return;
	__wake_up(&more->wq, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | EPOLLERR));
	micro_file_wake_exclusives(more);
	kill_fasync(&more->fasync, SIGIO, POLL_HUP);
}

/**
 * micro_file_release_driver() - the driver's part of the end of a file
 * @f: the file; no operation is inside, except for the close(2) that calls this
 *
 * Context: may sleep. The device lock is held when the unplug calls this, and no lock
 * when close(2) does.
 */
void micro_file_release_driver(struct micro_file *f)
{
	struct micro_file_more *more = micro_file_get_more(f);
	struct micro_driver *drv = f->drv;
	int result = 0;

	micro_file_unforward(f);
	if (more && more->subscribed)
		drv->fasync(drv, -1, f->filp, 0);
	if (drv->release)
		result = drv->release(drv, f->filp);
	trace_micro_release(f, result);
	module_put(drv->driver.owner);
}

/* Does close(2) of a revoked file release it? Else the revoker does, or has done */
static bool micro_file_claim(struct micro_file *f)
{
	struct micro_binding *b = f->binding;

	guard(mutex)(&b->lock);
	if (f->active.after != MICRO_FILE_OPEN)
		return false;
	f->active.after = MICRO_FILE_RELEASING;
	micro_file_unlist(f);
	atomic_inc(&b->busy);
	return true;
}

/* Out of line: most files are closed before they are revoked */
static noinline void micro_file_release_revoked(struct micro_file *f)
{
	struct micro_binding *b = f->binding;

	if (micro_file_claim(f)) {
		rwsem_acquire_read(micro_dep_map(b), 0, 1, _RET_IP_);
		micro_file_release_driver(f);
		rwsem_release(micro_dep_map(b), _RET_IP_);
		micro_binding_left(b);
	} else {
		/*
		 * The revoker needs us until the driver's release() is over;
		 * the barrier pairs with micro_binding_release_files()
		 */
		wait_event(b->wq, smp_load_acquire(&f->active.after) == MICRO_FILE_RELEASED);
		scoped_guard(mutex, &b->lock)
			hlist_del(&f->node);
	}
}

static int micro_file_release(struct inode *inode, struct file *filp)
{
	struct micro_file *f = filp->private_data;
	struct micro_binding *b = f->binding;

	if (likely(micro_file_enter(f))) {
		/* As any operation: the revoker waits for us */
		micro_file_release_driver(f);
		micro_file_detach(f);
	} else {
		micro_file_release_revoked(f);
	}
	micro_file_free(f, b);
	micro_binding_put(b);
	return 0;
}

/* What a file has until it is known whose it is */
const struct file_operations micro_bootstrap_fops = {
	.owner = THIS_MODULE,
	.open = micro_file_open,
	.release = micro_file_release,
};

/**
 * micro_file_revoked() - is the device going away?
 * @filp: the open file
 *
 * For operations that loop for long without sleeping: they should return when
 * this becomes true.
 *
 * Context: as micro_file_device().
 */
bool micro_file_revoked(const struct file *filp)
{
	const struct micro_file *f = filp->private_data;

	return micro_active_revoked(&f->active);
}
EXPORT_SYMBOL_GPL(micro_file_revoked);

int micro_files_init(void)
{
	/* User space decides how many there are, so they are charged to it */
	micro_file_cache = kmem_cache_create("micro_file", sizeof(struct micro_file),
					     0, SLAB_ACCOUNT, NULL);
	return micro_file_cache ? 0 : -ENOMEM;
}

void micro_files_exit(void)
{
	struct micro_fops *table, *next;

	list_for_each_entry_safe(table, next, &micro_fops_list, node)
		kfree(table);
	kmem_cache_destroy(micro_file_cache);
}
