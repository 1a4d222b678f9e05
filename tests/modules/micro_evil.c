// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_evil: a driver that is in the middle of something when its device goes
 *
 * Two drivers: micro_evil, and micro_evil_nopoll which has no poll and fasync,
 * so that io_uring has a worker sleep in its read. Each read takes a token that
 * a write has brought, or sleeps until one comes. What else an operation does
 * is chosen with the ioctls, and the kind of mapping with its offset (below).
 * A device whose name ends in "parent" makes a child in probe, and then fails.
 * One called micro_evil.lock-STAGE takes evil_lock for a moment in unplug, release
 * or remove.
 *
 * In /sys/kernel/debug/micro_evil:
 *
 *	command		register, unregister: the drivers
 *			create NAME, destroy NAME: a device from kernel code
 *			destroy-locked NAME: the same, with evil_lock held
 *			hold: devices called micro_evil.slow-STAGE stay in probe,
 *			unplug, release, remove, devm (an action of devm_add_action())
 *			or attribute (its file "lock")
 *			hold init, hold exit: so do init() and exit() of micro_evil
 *			go: ends that, and the deaf operation
 *
 *	fail_open	open() fails with this (positive) errno
 *	the others	number of calls
 *
 * Parameters:
 *	hold	1: as if "hold" had been written before any device is bound
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <microkernel.h>
#include "../../src/core/compat.h"
#include "micro_evil.h"

/**
 * struct evil - an instance
 * @wq: woken when tokens come
 * @other: another queue that poll() names
 * @elsewhere: where EVIL_IOC_ELSEWHERE sleeps, which the framework does not know
 * @fasync: who wants SIGIO
 * @tokens: what reads take
 * @unplugged: unplug() was called
 * @page: EVIL_PAGES of them
 * @vmalloc: as many bytes
 */
struct evil {
	wait_queue_head_t wq;
	wait_queue_head_t other;
	wait_queue_head_t elsewhere;
	struct fasync_struct *fasync;
	atomic_t tokens;
	bool unplugged;
	struct page *page[EVIL_PAGES];
	void *vmalloc;
};

static struct {
	atomic_t probes, removes, unplugs, opens, failed_opens, releases;
	atomic_t faults, mkwrites, vm_opens, vm_closes, fasyncs;
	atomic_t holding;	/* release() that wait now */
} evil_count;

static u32 evil_fail_open;
static bool evil_go;
static bool evil_hold;
module_param_named(hold, evil_hold, bool, 0);
MODULE_PARM_DESC(hold, "begin as after the command hold");
static bool evil_hold_init;
static bool evil_hold_exit;
static unsigned long evil_let;
static DECLARE_WAIT_QUEUE_HEAD(evil_go_wq);
static DEFINE_MUTEX(evil_lock);

/*
 * A device that hangs is locked for ever, and shutting down would wait for that
 * lock: a guest that has one is ended at once.
 */
static int evil_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	emergency_restart();
	return NOTIFY_DONE;
}

static struct notifier_block evil_reboot_nb = {
	.notifier_call = evil_reboot,
};

/* Two may be about to hang, and the kernel warns of a second registration */
static void evil_hang_ahead(void)
{
	static atomic_t registered;

	if (!atomic_xchg(&registered, 1))
		register_reboot_notifier(&evil_reboot_nb);
}

/* Is the device called micro_evil.slow-STAGE? Then it stays in there until "go" */
static void evil_slow(struct micro_device *mdev, const char *stage)
{
	const char *slow = strstr(mdev->name, ".slow-");

	if (slow && !strcmp(slow + strlen(".slow-"), stage))
		wait_event_idle(evil_go_wq, !READ_ONCE(evil_hold));
}

static void evil_slow_devm(void *mdev)
{
	evil_slow(mdev, "devm");
}

static int evil_init_driver(struct micro_driver *drv, void *data)
{
	wait_event_idle(evil_go_wq, !READ_ONCE(evil_hold_init));
	return 0;
}

static void evil_exit_driver(struct micro_driver *drv)
{
	wait_event_idle(evil_go_wq, !READ_ONCE(evil_hold_exit));
}

/* Is it called micro_evil.lock-STAGE? */
static void evil_take_lock(struct micro_device *mdev, const char *stage)
{
	const char *lock = strstr(mdev->name, ".lock-");

	if (lock && !strcmp(lock + strlen(".lock-"), stage)) {
		mutex_lock(&evil_lock);
		mutex_unlock(&evil_lock);
	}
}

static int evil_destroy(const char *name, bool locked);

static struct evil *file_to_evil(const struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static bool evil_take(struct evil *e)
{
	return atomic_dec_if_positive(&e->tokens) >= 0;
}

static int evil_open(struct micro_driver *drv, struct file *filp)
{
	u32 err = READ_ONCE(evil_fail_open);

	if (err) {
		atomic_inc(&evil_count.failed_opens);
		return -(int)err;
	}
	atomic_inc(&evil_count.opens);
	return 0;
}

static int evil_release(struct micro_driver *drv, struct file *filp)
{
	unsigned long slot = (unsigned long)micro_file_get_drvdata(filp);

	evil_slow(micro_file_device(filp), "release");
	evil_take_lock(micro_file_device(filp), "release");
	if (slot) {
		atomic_inc(&evil_count.holding);
		wait_event(evil_go_wq, test_and_clear_bit(slot, &evil_let));
		atomic_dec(&evil_count.holding);
	}
	/* a use after free, should it come after remove() */
	WARN_ON(!file_to_evil(filp)->page[0]);
	atomic_inc(&evil_count.releases);
	return 0;
}

static ssize_t evil_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct evil *e = file_to_evil(filp);
	int err;

	if (!count)
		return 0;
	err = micro_wait_event_interruptible(filp, e->wq, evil_take(e));
	if (err)
		return err;
	return put_user('!', buf) ?: 1;
}

static ssize_t evil_write(struct micro_driver *drv, struct file *filp,
			  const char __user *buf, size_t count, loff_t *offset)
{
	struct evil *e = file_to_evil(filp);

	atomic_add(count, &e->tokens);
	wake_up_poll(&e->wq, EPOLLIN | EPOLLRDNORM);
	kill_fasync(&e->fasync, SIGIO, POLL_IN);
	return count;
}

/* A condition that is false at first; when it is looked at again, there is a signal */
static bool evil_signalled(unsigned int *looks, bool again)
{
	if ((*looks)++)
		return again;
	send_sig(SIGUSR1, current, 0);
	return false;
}

static long evil_ioctl(struct micro_driver *drv, struct file *filp,
		       unsigned int cmd, unsigned long arg)
{
	struct evil *e = file_to_evil(filp);
	unsigned int looks = 0;

	switch (cmd) {
	case EVIL_IOC_NOTHING:
		return 0;
	case EVIL_IOC_WAIT:
		return micro_wait_event_interruptible(filp, e->wq, evil_take(e));
	case EVIL_IOC_KILLABLE:
		return micro_wait_event_killable(filp, e->wq, evil_take(e));
	case EVIL_IOC_SIGNAL:
		return micro_wait_event_interruptible(filp, e->wq,
						      evil_signalled(&looks, arg));
	case EVIL_IOC_ELSEWHERE:
		if (wait_event_interruptible(e->elsewhere, READ_ONCE(e->unplugged)))
			return -ERESTARTSYS;
		return -ESHUTDOWN;
	case EVIL_IOC_DEAF:
		WRITE_ONCE(evil_go, false);
		wait_event(evil_go_wq, READ_ONCE(evil_go));
		return 0;
	case EVIL_IOC_SUICIDE:
		evil_hang_ahead();
		micro_destroy_device(micro_file_device(filp));
		return 0;
	case EVIL_IOC_LOCK_LATER:
		evil_hang_ahead();
		wait_event(evil_go_wq, mutex_is_locked(&evil_lock));
		fallthrough;
	case EVIL_IOC_LOCK:
		mutex_lock(&evil_lock);
		mutex_unlock(&evil_lock);
		return 0;
	case EVIL_IOC_WAIT_LOCKED:
		mutex_lock(&evil_lock);
		arg = micro_wait_event_interruptible(filp, e->wq, evil_take(e));
		mutex_unlock(&evil_lock);
		return arg;
	case EVIL_IOC_SIBLING:
		return evil_destroy("micro_evil.sibling", false);
	case EVIL_IOC_HOLD:
		micro_file_set_drvdata(filp, (void *)(arg % 10));
		return 0;
	default:
		return -ENOTTY;
	}
}

static __poll_t evil_poll(struct micro_driver *drv, struct file *filp,
			  struct poll_table_struct *wait)
{
	struct evil *e = file_to_evil(filp);
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	poll_wait(filp, &e->wq, wait);
	poll_wait(filp, &e->other, wait);
	if (atomic_read(&e->tokens))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

static int evil_fasync(struct micro_driver *drv, int fd, struct file *filp, int on)
{
	atomic_inc(&evil_count.fasyncs);
	return fasync_helper(fd, filp, on, &file_to_evil(filp)->fasync);
}

static loff_t evil_llseek(struct micro_driver *drv, struct file *filp,
			  loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence, EVIL_PAGES * PAGE_SIZE);
}

static struct page *evil_fault_page(struct vm_fault *vmf)
{
	struct evil *e = file_to_evil(vmf->vma->vm_file);

	atomic_inc(&evil_count.faults);
	return e->page[vmf->pgoff % EVIL_PAGES];
}

static vm_fault_t evil_vm_fault(struct vm_fault *vmf)
{
	vmf->page = evil_fault_page(vmf);
	get_page(vmf->page);
	return 0;
}

static vm_fault_t evil_vm_pfn_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(evil_fault_page(vmf)));
}

static vm_fault_t evil_vm_page_mkwrite(struct vm_fault *vmf)
{
	atomic_inc(&evil_count.mkwrites);
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static void evil_vm_open(struct vm_area_struct *vma)
{
	atomic_inc(&evil_count.vm_opens);
}

static void evil_vm_close(struct vm_area_struct *vma)
{
	atomic_inc(&evil_count.vm_closes);
}

static int evil_vm_mprotect(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, unsigned long flags)
{
	return flags & VM_EXEC ? -EPERM : 0;
}

static const struct vm_operations_struct evil_vm_ops[] = {
	[EVIL_MAP_FAULT] = {
		.open = evil_vm_open,
		.close = evil_vm_close,
		.mprotect = evil_vm_mprotect,
		.fault = evil_vm_fault,
	},
	[EVIL_MAP_MKWRITE] = {
		.open = evil_vm_open,
		.close = evil_vm_close,
		.mprotect = evil_vm_mprotect,
		.fault = evil_vm_fault,
		.page_mkwrite = evil_vm_page_mkwrite,
	},
	[EVIL_MAP_PFN_FAULT] = {
		.open = evil_vm_open,
		.close = evil_vm_close,
		.mprotect = evil_vm_mprotect,
		.fault = evil_vm_pfn_fault,
	},
};

/* The first @count pages, which are in one piece */
static int evil_remap(struct evil *e, struct vm_area_struct *vma, int count)
{
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(e->page[0]),
			       count * PAGE_SIZE, vma->vm_page_prot);
}

static int evil_mmap(struct micro_driver *drv, struct file *filp,
		     struct vm_area_struct *vma)
{
	struct evil *e = file_to_evil(filp);
	int count = vma_pages(vma);
	int i, err = 0;

	if (vma->vm_pgoff % EVIL_PAGES || count > EVIL_PAGES)
		return -EINVAL;

	switch (vma->vm_pgoff / EVIL_PAGES) {
	case EVIL_MAP_PFN_FAULT:
		/* the kernel forbids vmf_insert_pfn() for private mappings */
		if (!(vma->vm_flags & VM_SHARED))
			return -EINVAL;
		vm_flags_set(vma, VM_PFNMAP);
		fallthrough;
	case EVIL_MAP_FAULT:
	case EVIL_MAP_MKWRITE:
		vma->vm_ops = &evil_vm_ops[vma->vm_pgoff / EVIL_PAGES];
		return 0;
	case EVIL_MAP_REMAP:
		return evil_remap(e, vma, count);
	case EVIL_MAP_VMALLOC:
		return remap_vmalloc_range(vma, e->vmalloc, 0);
	case EVIL_MAP_INSERT:
		for (i = 0; i < count && !err; i++)
			err = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, e->page[i]);
		return err;
	case EVIL_MAP_EMPTY:
		return 0;
	case EVIL_MAP_HALF:
		for (i = 0; i < count / 2 && !err; i++)
			err = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, e->page[i]);
		return err ?: -ENOBUFS;
	default:
		return -EINVAL;
	}
}

static void evil_free(struct evil *e)
{
	int i;

	vfree(e->vmalloc);
	for (i = 0; i < EVIL_PAGES; i++) {
		if (e->page[i])
			put_page(e->page[i]);
		e->page[i] = NULL;
	}
	kfree(e);
}

static int evil_parent(struct micro_device *mdev)
{
	char *name __free(kfree) = kasprintf(GFP_KERNEL, "micro_evil_nopoll.%s-child",
					     mdev->name);
	struct micro_device *child;

	if (!name)
		return -ENOMEM;
	child = micro_create_device(name, NULL);
	if (IS_ERR(child))
		return PTR_ERR(child);
	micro_destroy_device(child);
	return -EIO;
}

static int evil_probe(struct micro_device *mdev)
{
	struct page *pages;
	struct evil *e;
	int i, err;

	if (str_has_prefix(mdev->name, "micro_evil.parent"))
		return evil_parent(mdev);
	if (strstr(mdev->name, ".slow-devm")) {
		err = devm_add_action(&mdev->dev, evil_slow_devm, mdev);
		if (err)
			return err;
	}

	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;

	init_waitqueue_head(&e->wq);
	init_waitqueue_head(&e->other);
	init_waitqueue_head(&e->elsewhere);
	e->vmalloc = vmalloc_user(EVIL_PAGES * PAGE_SIZE);
	if (!e->vmalloc)
		goto err_free;
	pages = alloc_pages(GFP_KERNEL, order_base_2(EVIL_PAGES));
	if (!pages)
		goto err_free;
	split_page(pages, order_base_2(EVIL_PAGES));
	for (i = 0; i < EVIL_PAGES; i++) {
		e->page[i] = pages + i;
		memset(page_address(e->page[i]), 'a' + i, PAGE_SIZE);
		memset(e->vmalloc + i * PAGE_SIZE, 'a' + i, PAGE_SIZE);
	}
	micro_set_drvdata(mdev, e);
	evil_slow(mdev, "probe");
	atomic_inc(&evil_count.probes);
	return 0;

err_free:
	evil_free(e);
	return -ENOMEM;
}

static void evil_remove(struct micro_device *mdev)
{
	struct evil *e = micro_get_drvdata(mdev);

	/* when this is freed nobody sleeps, and epoll and fasync are off the lists */
	WARN_ON(!list_empty(&e->wq.head));
	WARN_ON(!list_empty(&e->other.head));
	WARN_ON(e->fasync);
	evil_slow(mdev, "remove");
	evil_take_lock(mdev, "remove");
	atomic_inc(&evil_count.removes);
	evil_free(e);
}

static void evil_unplug(struct micro_device *mdev)
{
	struct evil *e = micro_get_drvdata(mdev);

	evil_slow(mdev, "unplug");
	evil_take_lock(mdev, "unplug");
	atomic_inc(&evil_count.unplugs);
	WRITE_ONCE(e->unplugged, true);
	wake_up_all(&e->elsewhere);
}

/* Its store waits for a lock that an operation may hold; its show, for "go" */
static ssize_t lock_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	mutex_lock(&evil_lock);
	mutex_unlock(&evil_lock);
	return count;
}

static ssize_t lock_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	evil_slow(to_micro_device(dev), "attribute");
	return sysfs_emit(buf, "shown\n");
}
static DEVICE_ATTR_RW(lock);

static struct attribute *evil_attrs[] = {
	&dev_attr_lock.attr,
	NULL
};
ATTRIBUTE_GROUPS(evil);

static struct micro_driver evil_driver = {
	.driver.dev_groups = evil_groups,
	.name = "micro_evil",
	.init = evil_init_driver,
	.exit = evil_exit_driver,
	.probe = evil_probe,
	.remove = evil_remove,
	.unplug = evil_unplug,
	.open = evil_open,
	.release = evil_release,
	.read = evil_read,
	.write = evil_write,
	.ioctl = evil_ioctl,
	.llseek = evil_llseek,
	.mmap = evil_mmap,
	.poll = evil_poll,
	.fasync = evil_fasync,
};

static struct micro_driver evil_nopoll_driver = {
	.name = "micro_evil_nopoll",
	.probe = evil_probe,
	.remove = evil_remove,
	.unplug = evil_unplug,
	.open = evil_open,
	.release = evil_release,
	.read = evil_read,
	.write = evil_write,
};

static int evil_register(void)
{
	int err = micro_register_driver(&evil_driver);

	if (err)
		return err;
	err = micro_register_driver(&evil_nopoll_driver);
	if (err)
		micro_unregister_driver(&evil_driver);
	return err;
}

static void evil_unregister(void)
{
	micro_unregister_driver(&evil_nopoll_driver);
	micro_unregister_driver(&evil_driver);
}

/* Devices from kernel code, by name; what is done with one needs no lock */
struct evil_device {
	struct list_head node;
	struct micro_device *mdev;
};

static LIST_HEAD(evil_devices);
static DEFINE_MUTEX(evil_devices_lock);

static int evil_create(const char *name)
{
	struct evil_device *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->mdev = micro_create_device(name, NULL);
	if (IS_ERR(d->mdev)) {
		int err = PTR_ERR(d->mdev);

		kfree(d);
		return err;
	}
	guard(mutex)(&evil_devices_lock);
	list_add(&d->node, &evil_devices);
	return 0;
}

static struct micro_device *evil_take_device(const char *name)
{
	struct evil_device *d;

	guard(mutex)(&evil_devices_lock);
	list_for_each_entry(d, &evil_devices, node) {
		struct micro_device *mdev = d->mdev;

		if (!strcmp(mdev->name, name)) {
			list_del(&d->node);
			kfree(d);
			return mdev;
		}
	}
	return NULL;
}

static int evil_destroy(const char *name, bool locked)
{
	struct micro_device *mdev = evil_take_device(name);

	if (!mdev)
		return -ENOENT;
	if (locked) {
		mutex_lock(&evil_lock);
		wake_up_all(&evil_go_wq);
	}
	micro_destroy_device(mdev);
	if (locked)
		mutex_unlock(&evil_lock);
	return 0;
}

static int evil_do(const char *verb, const char *name)
{
	if (!strcmp(verb, "register"))
		return evil_register();
	if (!strcmp(verb, "unregister")) {
		evil_unregister();
		return 0;
	}
	if (!strcmp(verb, "hold")) {
		WRITE_ONCE(evil_hold, !name);
		WRITE_ONCE(evil_hold_init, name && !strcmp(name, "init"));
		WRITE_ONCE(evil_hold_exit, name && !strcmp(name, "exit"));
		return 0;
	}
	if (!strcmp(verb, "go")) {
		WRITE_ONCE(evil_go, true);
		WRITE_ONCE(evil_hold, false);
		WRITE_ONCE(evil_hold_init, false);
		WRITE_ONCE(evil_hold_exit, false);
		wake_up_all(&evil_go_wq);
		return 0;
	}
	if (!strcmp(verb, "let") && name && isdigit(*name)) {
		set_bit(*name - '0', &evil_let);
		wake_up_all(&evil_go_wq);
		return 0;
	}
	if (!strcmp(verb, "create") && name)
		return evil_create(name);
	if (!strcmp(verb, "destroy") && name)
		return evil_destroy(name, false);
	if (!strcmp(verb, "destroy-locked") && name)
		return evil_destroy(name, true);
	return -EINVAL;
}

static ssize_t evil_command(struct file *filp, const char __user *buf,
			    size_t count, loff_t *offset)
{
	char *text __free(kfree) = count > PAGE_SIZE ? ERR_PTR(-E2BIG) :
						       memdup_user_nul(buf, count);
	char *name, *verb;
	int err;

	if (IS_ERR(text))
		return PTR_ERR(no_free_ptr(text));

	name = strim(text);
	verb = strsep(&name, " ");
	err = evil_do(verb, name);
	return err ?: count;
}

static const struct file_operations evil_command_fops = {
	.owner = THIS_MODULE,
	.write = evil_command,
};

static struct dentry *evil_dir;

static int __init evil_init(void)
{
	int err = evil_register();

	if (err)
		return err;

	evil_dir = debugfs_create_dir("micro_evil", NULL);
	debugfs_create_file("command", 0200, evil_dir, NULL, &evil_command_fops);
	debugfs_create_u32("fail_open", 0600, evil_dir, &evil_fail_open);
#define EVIL_COUNT(name) \
	debugfs_create_atomic_t(#name, 0400, evil_dir, &evil_count.name)
	EVIL_COUNT(probes);
	EVIL_COUNT(removes);
	EVIL_COUNT(unplugs);
	EVIL_COUNT(opens);
	EVIL_COUNT(failed_opens);
	EVIL_COUNT(releases);
	EVIL_COUNT(faults);
	EVIL_COUNT(mkwrites);
	EVIL_COUNT(vm_opens);
	EVIL_COUNT(vm_closes);
	EVIL_COUNT(fasyncs);
	EVIL_COUNT(holding);
	return 0;
}
module_init(evil_init);

static void __exit evil_exit(void)
{
	struct evil_device *d, *next;

	debugfs_remove(evil_dir);
	list_for_each_entry_safe(d, next, &evil_devices, node) {
		micro_destroy_device(d->mdev);
		kfree(d);
	}
	evil_unregister();
}
module_exit(evil_exit);

MODULE_ALIAS_MICRO("micro_evil");
MODULE_ALIAS_MICRO("micro_evil_nopoll");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A driver that is in the middle of something when its device goes");
MODULE_LICENSE("GPL");
