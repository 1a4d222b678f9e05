// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: a driver and a device, their character device, and its end
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/cdev.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/xarray.h>

#include "file.h"
#include "main.h"
#include "match.h"
#include "node.h"
#include "patience.h"
#include "trace.h"

/**
 * DOC: Who ends a binding
 *
 * Steps 1 to 4 of what follows are micro_binding_revoke(), steps 5 and 6
 * micro_binding_end(). The first does not need the device lock, and whoever begins
 * the end for a front end does not hold it: an operation may stay inside as long as a
 * user likes, and suspend takes the lock of each device. The second is called with it,
 * from the bus's remove(). One party revokes: the one that moves the binding from
 * micro_instance.binding to micro_instance.ending. Whoever else unbinds meanwhile,
 * through sysfs or by unregistering the driver, waits for it.
 *
 * While a bind or an unbind is at work a watch runs, which says in the log what it is
 * that takes long, after 10 s and then each minute.
 */

/**
 * DOC: Bindings and revocation
 *
 * A binding lives from bind to unbind: one driver, one device, one character
 * device, and the files that were opened on it. Ending it is what the framework
 * exists for. In this order:
 *
 * 1. No new opens: the node goes, the number is not found any more, and an open
 *    that found it earlier is turned away under the binding's lock.
 * 2. Every open file is marked revoked: no operation enters any more.
 * 3. Sleepers are woken, then the driver is asked to wake its own (unplug()).
 * 4. Wait until no operation is inside.
 * 5. Zap the mappings; touching them raises SIGBUS from now on.
 * 6. The driver's release() for each file that is still open; wait for those
 *    that close(2) has begun.
 * 7. The driver's remove(), by the caller; after that the driver can be
 *    unloaded, while dead files stay open.
 *
 * Nobody waits for an RCU grace period, and nothing that two open files share
 * is written on the I/O path: operations are counted in their open file. Only
 * when a file is revoked are its operations, if there are any, accounted to the
 * binding (micro_binding.busy), so that one wait covers them all.
 *
 * The last close(2) of a file is such an operation, too: from inside, it calls the
 * driver's release() and takes the file off the list. So a revoker waits for it, or
 * does not know the file. Files that close after they were revoked release
 * themselves as well; then, whoever moves a file out of MICRO_FILE_OPEN calls the
 * driver's release(), so that happens once.
 */

/*
 * One cdev covers all numbers, and this finds the binding: a cdev for each
 * binding would cost a lookup that is linear in the number of bindings. A number
 * belongs to an instance as long as that exists, bound or not; then all others have
 * their turn first, as somebody may have kept a node with it: a container, a chroot.
 * Who kept it over a reload of the core is not known here, so the numbers begin at a
 * random one. The indexes begin at 0, as the lookup of large ones takes longer.
 */
static DEFINE_XARRAY_ALLOC(micro_minors);
static u32 micro_first_minor;
static u32 micro_next_index;
static struct cdev *micro_cdev;
static dev_t micro_devt;
static struct class *micro_class;

static char *micro_class_devnode(micro_devnode_arg(dev), umode_t *mode)
{
	struct micro_binding *b = dev_to_binding(dev);

	if (mode)
		*mode = b->drv->mode ?: 0600;
	if (b->flat)
		return NULL;
	/* Without memory it would be a node of /dev itself, as no name is an error here */
	return kasprintf(GFP_KERNEL | __GFP_NOFAIL, "micro/%s", dev_name(dev));
}

/* For udev rules; what they match by DRIVERS for devices with such a parent */
static int micro_class_uevent(micro_uevent_arg(dev), struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MICRO_DRIVER=%s", dev_to_binding(dev)->drv->name);
}

static void micro_binding_watch(struct work_struct *work);

static void micro_binding_release(struct device *dev)
{
	struct micro_binding *b = dev_to_binding(dev);

	micro_binding_free_vma_ops(b);
	micro_binding_free_spare(b);
	put_device(&b->mdev->dev);
	/* micro_binding_find() may be looking */
	kfree_rcu(b, rcu);
	micro_object_put();
}

static unsigned long micro_minor_index(u32 minor)
{
	return (minor - micro_first_minor) & MINORMASK;
}

/**
 * micro_number_get() - a device number for an instance
 * @minor: where to put it
 *
 * Context: may sleep.
 * Return: 0, -ENOSPC when all are taken, or -ENOMEM.
 */
int micro_number_get(u32 *minor)
{
	u32 index;
	int err;

	/* It leads nowhere yet */
	err = xa_alloc_cyclic(&micro_minors, &index, NULL, XA_LIMIT(0, MINORMASK),
			      &micro_next_index, GFP_KERNEL);
	if (err < 0)
		return err == -EBUSY ? -ENOSPC : err;
	*minor = (micro_first_minor + index) & MINORMASK;
	return 0;
}

/**
 * micro_number_put() - undo micro_number_get()
 * @minor: the number, which no binding uses any more
 *
 * Context: any.
 */
void micro_number_put(u32 minor)
{
	xa_erase(&micro_minors, micro_minor_index(minor));
}

/**
 * micro_binding_create() - make a binding that nobody sees yet
 * @mdev: the device
 * @drv: the driver
 * @minor: its number, from micro_number_get()
 *
 * The caller sets @flat and @stats before it is published.
 *
 * Context: may sleep; the device lock is held.
 * Return: the binding, for micro_binding_put(); or ERR_PTR(-ENOMEM).
 */
struct micro_binding *micro_binding_create(struct micro_device *mdev,
					   struct micro_driver *drv, u32 minor)
{
	struct micro_binding *b;
	int err;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);

	micro_object_get();
	b->mdev = mdev;
	get_device(&b->mdev->dev);
	b->drv = drv;
	refcount_set(&b->refs, 1);
	mutex_init(&b->lock);
	INIT_HLIST_HEAD(&b->files);
	INIT_HLIST_HEAD(&b->dead);
	INIT_LIST_HEAD(&b->vma_ops);
#ifdef CONFIG_DEBUG_FS
	INIT_LIST_HEAD(&b->ended);
#endif
	init_waitqueue_head(&b->wq);
	INIT_DELAYED_WORK(&b->watch, micro_binding_watch);
	lockdep_init_map(micro_dep_map(b), drv->name, &drv->core->key, 0);
	lockdep_init_map(micro_device_map(b), "micro_device", &drv->core->device_key, 0);

	/*
	 * No parent: the driver core would make a directory between the two
	 * devices and look through all such directories of the class each time.
	 * The "device" link says what the parent would.
	 */
	device_initialize(&b->dev);
	b->dev.class = micro_class;
	b->dev.devt = MKDEV(MAJOR(micro_devt), minor);
	b->dev.release = micro_binding_release;
	device_set_pm_not_required(&b->dev);
	dev_set_uevent_suppress(&b->dev, true);

	err = dev_set_name(&b->dev, "%s", mdev->name);
	if (err) {
		put_device(&b->dev);
		return ERR_PTR(err);
	}
	return b;
}

/**
 * micro_binding_put() - drop a reference
 * @b: the binding
 *
 * Context: may sleep.
 */
void micro_binding_put(struct micro_binding *b)
{
	if (!refcount_dec_and_test(&b->refs))
		return;
	/* Not left to the release function: debugfs may call that, with its lock held */
	micro_debugfs_forget(b);
	put_device(&b->dev);
}

/**
 * micro_binding_find() - look up by device number
 * @minor: the minor number
 *
 * Context: any.
 * Return: the binding, for micro_binding_put(), or NULL. It may be about to be
 * revoked; whoever adds a file to it checks.
 */
struct micro_binding *micro_binding_find(unsigned int minor)
{
	XA_STATE(xas, &micro_minors, micro_minor_index(minor));
	struct micro_binding *b;

	rcu_read_lock();
	/* xa_load(), which would lock RCU once more */
	do {
		b = xas_load(&xas);
		if (xa_is_zero(b))
			b = NULL;
	} while (xas_retry(&xas, b));
	if (b && !refcount_inc_not_zero(&b->refs))
		b = NULL;
	rcu_read_unlock();
	return b;
}

static bool micro_binding_lacks_node(struct micro_binding *b)
{
	char name[sizeof("micro/") + MICRO_NAME_MAX];

	snprintf(name, sizeof(name), "%s%s",
		 b->flat ? "" : "micro/", dev_name(&b->dev));
	return micro_node_missing(name, b->dev.devt);
}

/* devtmpfs tells nobody when a file is in the way */
static void micro_binding_check_node(struct micro_binding *b)
{
	if (micro_binding_lacks_node(b))
		dev_warn(&b->mdev->dev, "/dev/%s%s is not its node: something else was there\n",
			 b->flat ? "" : "micro/", dev_name(&b->dev));
}

/**
 * micro_binding_is_shown() - is its node there, or will it never be?
 * @b: the binding, which is found by its instance
 *
 * Context: may sleep.
 */
bool micro_binding_is_shown(struct micro_binding *b)
{
	return READ_ONCE(b->published) || !micro_binding_lacks_node(b);
}

/**
 * micro_binding_publish() - let user space find a binding
 * @b: the binding
 *
 * Opens may come before this returns.
 *
 * Context: may sleep; the device lock is held.
 * Return: 0 or a negative errno, commonly -ENOMEM: then the caller revokes it, as it
 * may have been opened.
 */
int micro_binding_publish(struct micro_binding *b)
{
	int err;

	/* There is an entry, so this needs no memory */
	xa_store(&micro_minors, micro_minor_index(MINOR(b->dev.devt)), b, GFP_KERNEL);
	err = device_add(&b->dev);
	if (!err)
		err = sysfs_create_link(&b->dev.kobj, &b->mdev->dev.kobj, "device");
	if (!err)
		err = micro_statistics_publish(b);
	if (err)
		return err;

	micro_binding_check_node(b);
	dev_set_uevent_suppress(&b->dev, false);
	kobject_uevent(&b->dev.kobj, KOBJ_ADD);
	return 0;
}

static void micro_binding_unpublish(struct micro_binding *b)
{
	if (device_is_registered(&b->dev)) {
		micro_statistics_unpublish(b);
		sysfs_remove_link(&b->dev.kobj, "device");
		device_del(&b->dev);
	}
	/* Not found any more, and not free either: it is the instance's */
	xa_store(&micro_minors, micro_minor_index(MINOR(b->dev.devt)), XA_ZERO_ENTRY,
		 GFP_KERNEL);
}

/**
 * micro_binding_left() - a file that the revoker waits for is done
 * @b: the binding
 *
 * Context: any. The caller has a reference to @b through its file.
 */
void micro_binding_left(struct micro_binding *b)
{
	/* pairs with micro_binding_drain(); the lock in wake_up() with its queueing */
	if (atomic_dec_and_test(&b->busy))
		wake_up(&b->wq);
}

static void micro_binding_mark(struct micro_binding *b)
{
	struct micro_file *f;

	guard(mutex)(&b->lock);
	b->revoked = true;
	hlist_for_each_entry(f, &b->files, node) {
		/* They may leave before they are counted: nobody waits yet */
		if (micro_active_revoke(&f->active))
			atomic_inc(&b->busy);
		micro_file_unplug(f);
		cond_resched();
	}
}

/**
 * micro_binding_count() - how much is going on?
 * @b: the binding
 * @files: files that are open
 * @operations: operations that are inside them
 *
 * Context: may sleep.
 */
void micro_binding_count(struct micro_binding *b, unsigned int *files,
			 unsigned int *operations)
{
	struct micro_file *f;

	*files = 0;
	*operations = 0;
	guard(mutex)(&b->lock);
	hlist_for_each_entry(f, &b->files, node) {
		(*files)++;
		*operations += micro_active_inside(&f->active);
	}
}

/**
 * micro_file_comm() - the name of the process that has opened a file
 * @f: the file
 * @comm: written; left alone if the process is gone
 *
 * Context: any.
 */
void micro_file_comm(const struct micro_file *f, char comm[TASK_COMM_LEN])
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(f->pid, PIDTYPE_TGID);
	if (task)
		/* as get_task_comm() does, which wants to see an array */
		strscpy(comm, task->comm, TASK_COMM_LEN);
}

/*
 * Who has opened the first file that an operation is inside: 0 if there is none any more.
 * Its name is that of now, as the file may have been passed on.
 */
static pid_t micro_binding_holder(struct micro_binding *b, char comm[TASK_COMM_LEN])
{
	struct micro_file *f;

	strscpy(comm, "-", TASK_COMM_LEN);
	guard(mutex)(&b->lock);
	hlist_for_each_entry(f, &b->files, node) {
		if (!micro_active_inside(&f->active))
			continue;
		micro_file_comm(f, comm);
		return pid_nr(f->pid);
	}
	return 0;
}

/* Who keeps whom waiting; a driver that is at fault is to be found by its name */
static void micro_binding_complain(struct micro_binding *b)
{
	static const char * const what[] = {
		[MICRO_PHASE_INIT] = "from being bound: init() or exit() has not returned",
		[MICRO_PHASE_PROBE] = "from being bound: probe() has not returned",
		[MICRO_PHASE_UNPLUG] = "from going: unplug() has not returned",
		[MICRO_PHASE_ATTRIBUTE] =
			"from going: somebody is inside one of its attributes in sysfs",
		[MICRO_PHASE_RELEASE] = "from going: release() or fasync() has not returned",
		[MICRO_PHASE_CLOSE] =
			"from going: release() or fasync() has not returned to close()",
		[MICRO_PHASE_REMOVE] = "from going: remove() has not returned",
		[MICRO_PHASE_EXIT] = "from going: init() or exit() has not returned",
		[MICRO_PHASE_DEVM] =
			"from going: the release of its devm resources has not returned",
	};
	enum micro_phase phase = READ_ONCE(b->phase);
	const char *driver = b->drv->name;
	unsigned int files, operations;
	char comm[TASK_COMM_LEN];
	pid_t pid;

	switch (phase) {
	case MICRO_PHASE_DRAIN:
		micro_binding_count(b, &files, &operations);
		pid = micro_binding_holder(b, comm);
		dev_warn(&b->mdev->dev,
			 "driver %s keeps the device from going: %u operations inside, %u files not done; process %d (%s) has opened one\n",
			 driver, operations, atomic_read(&b->busy), pid, comm);
		break;
	case MICRO_PHASE_ZAP:
		dev_warn(&b->mdev->dev,
			 "driver %s: a process that has mapped the device is busy with its mappings, and keeps the device from going\n",
			 driver);
		break;
	default:
		dev_warn(&b->mdev->dev, "driver %s keeps the device %s\n", driver,
			 what[phase] ?: "waiting: the device is locked by somebody else");
	}
}

static void micro_binding_watch(struct work_struct *work)
{
	struct micro_binding *b = container_of(to_delayed_work(work), struct micro_binding, watch);

	micro_binding_complain(b);
	schedule_delayed_work(&b->watch, MICRO_WARN_AGAIN);
}

/**
 * micro_binding_watch_begin() - a bind or an unbind begins: say so if it takes long
 * @b: the binding; its driver stays until micro_binding_watch_end()
 *
 * Context: any.
 */
void micro_binding_watch_begin(struct micro_binding *b)
{
	micro_binding_phase(b, MICRO_PHASE_NONE);
	schedule_delayed_work(&b->watch, MICRO_WARN_FIRST);
}

/**
 * micro_binding_watch_end() - and it is over
 * @b: the binding
 *
 * Context: may sleep.
 */
void micro_binding_watch_end(struct micro_binding *b)
{
	/* The first is enough, unless it is complaining just now */
	if (!cancel_delayed_work(&b->watch))
		cancel_delayed_work_sync(&b->watch);
}

/*
 * All bindings of a driver are one class for lockdep, or two: the active counts of its
 * files, and what the end of its devices calls. Who is in one of these may nevertheless
 * end another instance of its driver (as the control device of loop does), which is a
 * class of its own; but not its own instance.
 */
static unsigned int micro_binding_nesting(struct micro_binding *b, bool files)
{
	unsigned int nesting = 0;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	int i;

	for (i = 0; i < current->lockdep_depth; i++) {
		const struct lockdep_map *held = current->held_locks[i].instance;

		if (held == micro_device_map(b) || (files && held == micro_dep_map(b)))
			return 0;
		if (held->key == micro_device_map(b)->key ||
		    (files && held->key == micro_dep_map(b)->key))
			nesting++;
	}
#endif
	return min_t(unsigned int, nesting, MAX_LOCKDEP_SUBCLASSES - 1);
}

static void micro_binding_dep_acquire(struct micro_binding *b)
{
	unsigned int subclass __maybe_unused = micro_binding_nesting(b, true);

	rwsem_acquire(micro_dep_map(b), subclass, 0, _RET_IP_);
}

static void micro_binding_call_begin(struct micro_binding *b)
{
	unsigned int subclass __maybe_unused = micro_binding_nesting(b, false);

	rwsem_acquire(micro_device_map(b), subclass, 0, _RET_IP_);
}

static void micro_binding_call_end(struct micro_binding *b)
{
	rwsem_release(micro_device_map(b), _RET_IP_);
}

/**
 * micro_binding_might_end() - a driver destroys a device
 * @b: its binding
 *
 * Reports to lockdep a caller that holds what the driver's unplug(), release() or
 * remove() take, or that is in one of them, before it waits for them.
 *
 * Context: may sleep.
 */
void micro_binding_might_end(struct micro_binding *b)
{
	micro_binding_call_begin(b);
	micro_binding_call_end(b);
}

/**
 * micro_binding_unplug() - the driver's unplug(), if it has one
 * @b: the binding
 *
 * Context: may sleep, with or without the device lock.
 */
void micro_binding_unplug(struct micro_binding *b)
{
	micro_binding_phase(b, MICRO_PHASE_UNPLUG);
	if (!b->drv->unplug)
		return;
	micro_binding_call_begin(b);
	b->drv->unplug(b->mdev);
	micro_binding_call_end(b);
}

/**
 * micro_binding_remove() - its remove(), likewise
 * @b: the binding, which has ended
 *
 * Context: may sleep; the device lock is held.
 */
void micro_binding_remove(struct micro_binding *b)
{
	micro_binding_phase(b, MICRO_PHASE_REMOVE);
	if (!b->drv->remove)
		return;
	micro_binding_call_begin(b);
	b->drv->remove(b->mdev);
	micro_binding_call_end(b);
}

static void micro_binding_drain(struct micro_binding *b, enum micro_phase phase)
{
	unsigned int busy = atomic_read(&b->busy);
	u64 begin = 0;

	micro_binding_phase(b, phase);
	if (busy && trace_micro_drain_begin_enabled()) {
		unsigned int files, operations;

		micro_binding_count(b, &files, &operations);
		trace_micro_drain_begin(b, busy, operations, 0);
	}
	if (busy && trace_micro_drain_end_enabled())
		begin = ktime_get_ns();

	/* Report a caller that is inside, or holds what operations need, first */
	micro_binding_dep_acquire(b);
	/*
	 * What micro_binding_left() comes after is before what we do from here on. Idle,
	 * as our own message is better than that of a hung task
	 */
	wait_event_idle(b->wq, !atomic_read_acquire(&b->busy));
	lock_acquired(micro_dep_map(b), _RET_IP_);
	rwsem_release(micro_dep_map(b), _RET_IP_);
	if (begin)
		trace_micro_drain_end(b, busy, 0, ktime_get_ns() - begin);
}

/*
 * A file that is closed now releases itself, without waiting for others: it may
 * be gone from the list and still have the driver's release() running.
 */
static unsigned int micro_binding_release_files(struct micro_binding *b)
{
	unsigned int files = 0;
	struct micro_file *f;

	mutex_lock(&b->lock);
	while ((f = hlist_entry_safe(b->files.first, struct micro_file, node))) {
		micro_statistics_count(&f->stats, MICRO_STAT_REVOCATIONS, 0);
		micro_file_unlist(f);
		f->active.after = MICRO_FILE_RELEASING;
		mutex_unlock(&b->lock);

		micro_binding_call_begin(b);
		micro_file_release_driver(f);
		micro_binding_call_end(b);

		mutex_lock(&b->lock);
		hlist_add_head(&f->node, &b->dead);
		/* pairs with micro_file_release(), which may free it once it has the lock */
		smp_store_release(&f->active.after, MICRO_FILE_RELEASED);
		wake_up_all(&b->wq);
		files++;
	}
	mutex_unlock(&b->lock);
	return files;
}

/**
 * micro_binding_revoke() - steps 1 to 4 of the end of a binding
 * @b: the binding, which nobody else revokes
 *
 * Context: may sleep, until the operations that are running have returned. With or
 * without the device lock.
 */
void micro_binding_revoke(struct micro_binding *b)
{
	if (trace_micro_revoke_begin_enabled()) {
		unsigned int files, operations;

		micro_binding_count(b, &files, &operations);
		trace_micro_revoke_begin(b, files, operations, 0);
	}
	if (trace_micro_revoke_end_enabled())
		b->revoke_ns = ktime_get_ns();

	micro_binding_unpublish(b);
	micro_binding_mark(b);
	micro_binding_unplug(b);
	micro_binding_drain(b, MICRO_PHASE_DRAIN);
	micro_binding_phase(b, MICRO_PHASE_NONE);
	/* pairs with micro_binding_wait_revoked() */
	smp_store_release(&b->drained, true);
	wake_up_all(&b->wq);
}

/**
 * micro_binding_wait_revoked() - wait for who has begun to revoke it
 * @b: the binding
 *
 * Context: may sleep, as micro_binding_revoke().
 */
void micro_binding_wait_revoked(struct micro_binding *b)
{
	micro_binding_dep_acquire(b);
	/* pairs with micro_binding_revoke() */
	wait_event_idle(b->wq, smp_load_acquire(&b->drained));
	lock_acquired(micro_dep_map(b), _RET_IP_);
	rwsem_release(micro_dep_map(b), _RET_IP_);
}

/**
 * micro_binding_end() - steps 5 and 6
 * @b: the binding, revoked and drained
 *
 * Context: may sleep, until release() has been called for each file; the device lock
 * is held.
 */
void micro_binding_end(struct micro_binding *b)
{
	unsigned int files;

	micro_binding_phase(b, MICRO_PHASE_ZAP);
	micro_binding_zap(b);
	micro_binding_phase(b, MICRO_PHASE_RELEASE);
	files = micro_binding_release_files(b);
	micro_debugfs_end(b);
	micro_binding_drain(b, MICRO_PHASE_CLOSE);

	if (b->revoke_ns)
		trace_micro_revoke_end(b, files, 0, ktime_get_ns() - b->revoke_ns);
}

/**
 * micro_bindings_for_each() - call a function for every class device
 * @fn: gets it; ends this by returning something else than 0
 *
 * Context: may sleep; bindings may come and go meanwhile.
 * Return: what @fn has returned last.
 */
int micro_bindings_for_each(int (*fn)(struct device *dev, void *data))
{
	return class_for_each_device(micro_class, NULL, NULL, fn);
}

int micro_bindings_init(void)
{
	int err;

	micro_first_minor = get_random_u32() & MINORMASK;

	/*
	 * Neither the class nor the cdev is a static one: the driver core may look
	 * at them for the last time after we went
	 */
	micro_class = class_create("micro");
	if (IS_ERR(micro_class))
		return PTR_ERR(micro_class);
	micro_class->devnode = micro_class_devnode;
	micro_class->dev_uevent = micro_class_uevent;

	err = alloc_chrdev_region(&micro_devt, 0, MICRO_MINORS, "micro");
	if (err)
		goto err_class;

	err = -ENOMEM;
	micro_cdev = cdev_alloc();
	if (!micro_cdev)
		goto err_region;
	micro_cdev->ops = &micro_bootstrap_fops;
	micro_cdev->owner = THIS_MODULE;
	err = cdev_add(micro_cdev, micro_devt, MICRO_MINORS);
	if (err)
		goto err_cdev;
	return 0;

err_cdev:
	kobject_put(&micro_cdev->kobj);
err_region:
	unregister_chrdev_region(micro_devt, MICRO_MINORS);
err_class:
	class_destroy(micro_class);
	return err;
}

void micro_bindings_exit(void)
{
	cdev_del(micro_cdev);
	unregister_chrdev_region(micro_devt, MICRO_MINORS);
	class_destroy(micro_class);
	xa_destroy(&micro_minors);
}
