// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_count: a driver that has every operation, and counts what it is called for
 *
 * It believes nothing it is promised: each call checks that probe is over, that
 * remove has not begun, that the file was opened and not released. What it finds
 * is a WARN and counted in the module parameter "stats". Memory is poisoned when
 * its time is over, so that late users are found without a sanitizer too.
 *
 * Drivers: micro_count (read and write), micro_count_iter (read_iter and
 * write_iter), micro_count_fail (its probe fails). In all of them
 *
 * - read takes what write gave, both block;
 * - open with O_SYNC fails with EBUSY;
 * - ioctls are in micro_count.h, and at which offset which kind of mapping is;
 * - the first word of each page that can be mapped is the instance's number.
 *
 * Writing 1 and 0 to the parameter "device" makes and destroys the kernel's own
 * instance /dev/micro_count.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <microkernel.h>
#include "micro_count.h"

#define COUNT_ROOM		4096
#define COUNT_SIZE		(64 << PAGE_SHIFT)

#define COUNT_PROBING		0x10101010
#define COUNT_LIVE		0x600d600d
#define COUNT_GOING		0x20202020
#define COUNT_RELEASED		0x0bad0bad

/**
 * struct count - an instance
 * @magic: COUNT_PROBING, COUNT_LIVE, COUNT_GOING
 * @id: unlike that of any other instance since the module was loaded
 * @lock: guards @bytes
 * @bytes: written and not yet read
 * @readers: wait queue for data
 * @writers: wait queue for room
 * @elsewhere: where the framework cannot wake
 * @gone: 1 after unplug(); not a bool, see mu_ring.busy
 * @inside: operations
 * @files: opened and not released
 * @fasync: subscribers
 * @pages: what can be mapped
 */
struct count {
	u32 magic;
	u64 id;
	spinlock_t lock;	/* guards bytes */
	size_t bytes;
	wait_queue_head_t readers;
	wait_queue_head_t writers;
	wait_queue_head_t elsewhere;
	u32 gone;
	atomic_t inside;
	atomic_t files;
	struct fasync_struct *fasync;
	struct page *pages[COUNT_PAGES];
};

/**
 * struct count_file - an open file
 * @magic: COUNT_LIVE, COUNT_RELEASED
 * @inside: operations
 * @c: the instance
 */
struct count_file {
	atomic_t magic;
	atomic_t inside;
	struct count *c;
};

static struct {
	atomic_long_t opens;
	atomic_long_t releases;
	atomic_long_t unplugs;
	atomic_long_t unplugs_open;	/* ... with files open */
	atomic_long_t probes;
	atomic_long_t removes;
	atomic_long_t calls;
	atomic_long_t bad;
} count_stats;

static bool count_bad(bool bad)
{
	if (unlikely(bad))
		atomic_long_inc(&count_stats.bad);
	return bad;
}

/* True for what should not be. One stack tells enough; the number says how often. */
#define count_check(ok, what)	WARN_ONCE(count_bad(!(ok)), "micro_count: " what "\n")

/*
 * Where KASAN does not look, the dead are kept for a while, for their poison to
 * be found.
 */
static void *count_dead[1024];
static atomic_t count_next_dead;

static void count_bury(void *dead, size_t size)
{
	unsigned int i;

	memset(dead, COUNT_POISON, size);
	if (!IS_ENABLED(CONFIG_KASAN)) {
		i = (unsigned int)atomic_inc_return(&count_next_dead) % ARRAY_SIZE(count_dead);
		dead = xchg(&count_dead[i], dead);
	}
	kfree(dead);
}

static struct count_file *count_enter(struct file *filp)
{
	struct count_file *cf = micro_file_get_drvdata(filp);
	struct count *c = micro_get_drvdata(micro_file_device(filp));

	atomic_long_inc(&count_stats.calls);
	if (count_check(cf && atomic_read(&cf->magic) == COUNT_LIVE, "file not open"))
		return NULL;
	if (count_check(c == cf->c, "file of another instance"))
		return NULL;
	if (count_check(READ_ONCE(c->magic) == COUNT_LIVE, "instance not live"))
		return NULL;
	atomic_inc(&cf->inside);
	atomic_inc(&c->inside);
	return cf;
}

static void count_leave(struct count_file *cf)
{
	struct count *c = cf->c;

	count_check(atomic_read(&cf->magic) == COUNT_LIVE, "released meanwhile");
	count_check(READ_ONCE(c->magic) == COUNT_LIVE, "removed meanwhile");
	count_check(atomic_dec_return(&cf->inside) >= 0, "left twice");
	count_check(atomic_dec_return(&c->inside) >= 0, "left twice");
}

static int count_open(struct micro_driver *drv, struct file *filp)
{
	struct count *c = micro_get_drvdata(micro_file_device(filp));
	struct count_file *cf;

	atomic_long_inc(&count_stats.calls);
	if (count_check(c && READ_ONCE(c->magic) == COUNT_LIVE, "open: instance not live"))
		return -EIO;
	if (count_check(!micro_file_get_drvdata(filp), "opened twice"))
		return -EIO;
	if (filp->f_flags & __O_SYNC)
		return -EBUSY;

	cf = kzalloc(sizeof(*cf), GFP_KERNEL);
	if (!cf)
		return -ENOMEM;
	cf->c = c;
	atomic_set(&cf->magic, COUNT_LIVE);
	micro_file_set_drvdata(filp, cf);
	atomic_inc(&c->files);
	atomic_long_inc(&count_stats.opens);
	count_check(READ_ONCE(c->magic) == COUNT_LIVE, "open: removed meanwhile");
	return 0;
}

static int count_release(struct micro_driver *drv, struct file *filp)
{
	struct count_file *cf = micro_file_get_drvdata(filp);
	struct count *c;

	if (count_check(cf, "release without open"))
		return 0;
	if (count_check(atomic_cmpxchg(&cf->magic, COUNT_LIVE, COUNT_RELEASED) == COUNT_LIVE,
			"released twice"))
		return 0;
	c = micro_get_drvdata(micro_file_device(filp));
	count_check(c == cf->c, "release: file of another instance");
	count_check(READ_ONCE(cf->c->magic) == COUNT_LIVE, "release: instance not live");
	count_check(!atomic_read(&cf->inside), "release with operations inside");
	count_check(atomic_dec_return(&cf->c->files) >= 0, "release: too many");
	atomic_long_inc(&count_stats.releases);
	count_bury(cf, sizeof(*cf));
	return 0;
}

static size_t count_bytes(struct count *c)
{
	size_t bytes;

	spin_lock(&c->lock);
	bytes = c->bytes;
	spin_unlock(&c->lock);
	return bytes;
}

static size_t count_take(struct count *c, size_t want)
{
	spin_lock(&c->lock);
	want = min(want, c->bytes);
	c->bytes -= want;
	spin_unlock(&c->lock);
	return want;
}

static size_t count_give(struct count *c, size_t want)
{
	spin_lock(&c->lock);
	want = min(want, COUNT_ROOM - c->bytes);
	c->bytes += want;
	spin_unlock(&c->lock);
	return want;
}

static void count_gave(struct count *c)
{
	wake_up_interruptible_poll(&c->readers, EPOLLIN | EPOLLRDNORM);
	kill_fasync(&c->fasync, SIGIO, POLL_IN);
}

static void count_took(struct count *c)
{
	wake_up_interruptible_poll(&c->writers, EPOLLOUT | EPOLLWRNORM);
}

/* Takes some of @want bytes, once there are any; the request is NULL in a plain read() */
static ssize_t count_wait_take(struct count *c, struct file *filp, struct kiocb *iocb,
			       size_t want)
{
	ssize_t ret = 0;
	size_t n = 0;

	while (want && !ret && !n) {
		ret = iocb ? micro_wait_event_iocb(iocb, c->readers, count_bytes(c)) :
			     micro_wait_event_interruptible(filp, c->readers, count_bytes(c));
		if (!ret)
			n = count_take(c, want);
	}
	if (!n)
		return ret;
	count_took(c);
	return n;
}

static ssize_t count_wait_give(struct count *c, struct file *filp, struct kiocb *iocb,
			       size_t want)
{
	ssize_t ret = 0;
	size_t n = 0;

	while (want && !ret && !n) {
		ret = iocb ? micro_wait_event_iocb(iocb, c->writers,
						   count_bytes(c) < COUNT_ROOM) :
			     micro_wait_event_interruptible(filp, c->writers,
							    count_bytes(c) < COUNT_ROOM);
		if (!ret)
			n = count_give(c, want);
	}
	if (!n)
		return ret;
	count_gave(c);
	return n;
}

static ssize_t count_read(struct micro_driver *drv, struct file *filp,
			  char __user *buf, size_t count, loff_t *offset)
{
	struct count_file *cf = count_enter(filp);
	ssize_t ret;

	if (!cf)
		return -EIO;
	ret = count_wait_take(cf->c, filp, NULL, min_t(size_t, count, COUNT_ROOM));
	if (ret > 0 && clear_user(buf, ret))
		ret = -EFAULT;
	count_leave(cf);
	return ret;
}

static ssize_t count_write(struct micro_driver *drv, struct file *filp,
			   const char __user *buf, size_t count, loff_t *offset)
{
	struct count_file *cf = count_enter(filp);
	ssize_t ret;

	if (!cf)
		return -EIO;
	ret = fault_in_readable(buf, count) ? -EFAULT :
	      count_wait_give(cf->c, filp, NULL, count);
	count_leave(cf);
	return ret;
}

static ssize_t count_read_iter(struct micro_driver *drv, struct kiocb *iocb,
			       struct iov_iter *to)
{
	struct count_file *cf = count_enter(iocb->ki_filp);
	ssize_t ret;

	if (!cf)
		return -EIO;
	ret = count_wait_take(cf->c, NULL, iocb, iov_iter_count(to));
	if (ret > 0)
		ret = iov_iter_zero(ret, to) ?: -EFAULT;
	count_leave(cf);
	return ret;
}

static ssize_t count_write_iter(struct micro_driver *drv, struct kiocb *iocb,
				struct iov_iter *from)
{
	struct count_file *cf = count_enter(iocb->ki_filp);
	ssize_t ret;

	if (!cf)
		return -EIO;
	ret = count_wait_give(cf->c, NULL, iocb, iov_iter_count(from));
	if (ret > 0)
		iov_iter_advance(from, ret);
	count_leave(cf);
	return ret;
}

static long count_ioctl(struct micro_driver *drv, struct file *filp,
			unsigned int cmd, unsigned long arg)
{
	struct count_file *cf = count_enter(filp);
	long ret = 0;
	int i;

	if (!cf)
		return -EIO;
	switch (cmd) {
	case COUNT_IOC_ID:
		ret = put_user(cf->c->id, (u64 __user *)arg);
		break;
	case COUNT_IOC_SLEEP:
		ret = wait_event_interruptible(cf->c->elsewhere, READ_ONCE(cf->c->gone));
		if (!ret)
			ret = -ENODEV;
		break;
	case COUNT_IOC_SPIN:
		for (i = 0; i < 10 && !micro_file_revoked(filp); i++)
			usleep_range(100, 500);
		break;
	default:
		ret = -ENOTTY;
	}
	count_leave(cf);
	return ret;
}

static __poll_t count_poll(struct micro_driver *drv, struct file *filp,
			   struct poll_table_struct *wait)
{
	struct count_file *cf = count_enter(filp);
	__poll_t events = 0;
	size_t bytes;

	if (!cf)
		return EPOLLERR;
	poll_wait(filp, &cf->c->readers, wait);
	poll_wait(filp, &cf->c->writers, wait);
	bytes = count_bytes(cf->c);
	if (bytes)
		events |= EPOLLIN | EPOLLRDNORM;
	if (bytes < COUNT_ROOM)
		events |= EPOLLOUT | EPOLLWRNORM;
	count_leave(cf);
	return events;
}

static loff_t count_llseek(struct micro_driver *drv, struct file *filp,
			   loff_t offset, int whence)
{
	struct count_file *cf = count_enter(filp);
	loff_t ret;

	if (!cf)
		return -EIO;
	ret = fixed_size_llseek(filp, offset, whence, COUNT_SIZE);
	count_leave(cf);
	return ret;
}

static int count_fasync(struct micro_driver *drv, int fd, struct file *filp, int on)
{
	struct count_file *cf = count_enter(filp);
	int ret;

	if (!cf)
		return -EIO;
	ret = fasync_helper(fd, filp, on, &cf->c->fasync);
	count_leave(cf);
	return ret;
}

static void count_vma_open(struct vm_area_struct *vma)
{
	struct count_file *cf = count_enter(vma->vm_file);

	if (cf)
		count_leave(cf);
}

static void count_vma_close(struct vm_area_struct *vma)
{
	struct count_file *cf = count_enter(vma->vm_file);

	if (cf)
		count_leave(cf);
}

static vm_fault_t count_vma_fault(struct vm_fault *vmf)
{
	struct count_file *cf = count_enter(vmf->vma->vm_file);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	if (!cf)
		return ret;
	if (vmf->pgoff < COUNT_PAGES) {
		vmf->page = cf->c->pages[vmf->pgoff];
		get_page(vmf->page);
		ret = 0;
	}
	count_leave(cf);
	return ret;
}

static vm_fault_t count_vma_page_mkwrite(struct vm_fault *vmf)
{
	struct count_file *cf = count_enter(vmf->vma->vm_file);

	if (!cf)
		return VM_FAULT_SIGBUS;
	lock_page(vmf->page);
	count_leave(cf);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct count_vm_ops = {
	.open = count_vma_open,
	.close = count_vma_close,
	.fault = count_vma_fault,
	.page_mkwrite = count_vma_page_mkwrite,
};

static int count_do_mmap(struct count *c, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start;
	int err;

	switch (vma->vm_pgoff) {
	case 0 ... COUNT_PAGES - 1:
		vma->vm_ops = &count_vm_ops;
		return 0;
	case COUNT_AT_INSERT:
		return vm_insert_page(vma, addr, c->pages[0]);
	case COUNT_AT_REMAP:
		return remap_pfn_range(vma, addr, page_to_pfn(c->pages[1]),
				       vma->vm_end - vma->vm_start, vma->vm_page_prot);
	case COUNT_AT_FAIL:
		err = vm_insert_page(vma, addr, c->pages[0]);
		vma->vm_ops = &count_vm_ops;
		return err ?: -EXDEV;
	default:
		return -EINVAL;
	}
}

static int count_mmap(struct micro_driver *drv, struct file *filp,
		      struct vm_area_struct *vma)
{
	struct count_file *cf = count_enter(filp);
	int ret = -EINVAL;

	if (!cf)
		return -EIO;
	if (vma_pages(vma) == 1)
		ret = count_do_mmap(cf->c, vma);
	count_leave(cf);
	return ret;
}

static void count_free(struct count *c)
{
	int i;

	for (i = 0; i < COUNT_PAGES; i++) {
		if (!c->pages[i])
			continue;
		/* Who still maps it, sees this */
		memset(page_address(c->pages[i]), COUNT_POISON, PAGE_SIZE);
		put_page(c->pages[i]);
	}
	count_bury(c, sizeof(*c));
}

static int count_probe(struct micro_device *mdev)
{
	static atomic_long_t ids;
	struct count *c;
	int i;

	count_check(!micro_get_drvdata(mdev), "probe: bound already");
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->magic = COUNT_PROBING;
	c->id = (u64)atomic_long_inc_return(&ids);
	spin_lock_init(&c->lock);
	init_waitqueue_head(&c->readers);
	init_waitqueue_head(&c->writers);
	init_waitqueue_head(&c->elsewhere);
	for (i = 0; i < COUNT_PAGES; i++) {
		c->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!c->pages[i]) {
			count_free(c);
			return -ENOMEM;
		}
		*(u64 *)page_address(c->pages[i]) = c->id;
	}
	micro_set_drvdata(mdev, c);
	/* A chance for who comes too early */
	cond_resched();
	atomic_long_inc(&count_stats.probes);
	WRITE_ONCE(c->magic, COUNT_LIVE);
	return 0;
}

static int count_probe_fail(struct micro_device *mdev)
{
	int err = count_probe(mdev);

	if (err)
		return err;
	atomic_long_dec(&count_stats.probes);
	count_free(micro_get_drvdata(mdev));
	micro_set_drvdata(mdev, NULL);
	return -EIO;
}

static void count_unplug(struct micro_device *mdev)
{
	struct count *c = micro_get_drvdata(mdev);

	if (count_check(c && READ_ONCE(c->magic) == COUNT_LIVE, "unplug: not live"))
		return;
	count_check(!xchg(&c->gone, 1), "unplugged twice");
	atomic_long_inc(&count_stats.unplugs);
	if (atomic_read(&c->files))
		atomic_long_inc(&count_stats.unplugs_open);
	wake_up_interruptible(&c->elsewhere);
}

static void count_remove(struct micro_device *mdev)
{
	struct count *c = micro_get_drvdata(mdev);

	if (count_check(c && cmpxchg(&c->magic, COUNT_LIVE, COUNT_GOING) == COUNT_LIVE,
			"remove: not live"))
		return;
	count_check(READ_ONCE(c->gone), "remove without unplug");
	count_check(!atomic_read(&c->inside), "remove with operations inside");
	count_check(!atomic_read(&c->files), "remove with files open");
	count_check(!c->fasync, "remove with fasync entries");
	/* nobody may come or go any more, so these need no barrier */
	count_check(!waitqueue_active(&c->readers), "remove with readers queued");
	/* as above */
	count_check(!waitqueue_active(&c->writers), "remove with writers queued");
	/* as above */
	count_check(!waitqueue_active(&c->elsewhere), "remove with sleepers queued");
	atomic_long_inc(&count_stats.removes);
	count_free(c);
}

/*
 * A driver with this function has a file more in sysfs. The driver core makes it last, and
 * takes the bind back if that fails.
 */
static void count_sync_state(struct device *dev)
{
}

/* Making it may fail when probe() is over */
static ssize_t id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct count *c = micro_get_drvdata(to_micro_device(dev));

	return sysfs_emit(buf, "%llu\n", c->id);
}
static DEVICE_ATTR_RO(id);

static struct attribute *count_attrs[] = {
	&dev_attr_id.attr,
	NULL
};
ATTRIBUTE_GROUPS(count);

#define COUNT_OPS							\
	.remove = count_remove,						\
	.unplug = count_unplug,						\
	.open = count_open,						\
	.release = count_release,					\
	.ioctl = count_ioctl,						\
	.compat_ioctl = count_ioctl,					\
	.poll = count_poll,						\
	.llseek = count_llseek,						\
	.mmap = count_mmap,						\
	.fasync = count_fasync

static const struct of_device_id count_of_match[] = {
	{ .compatible = "microkernel,test-count" },
	{ .compatible = "microkernel,test-any" },
	{ }
};
MODULE_DEVICE_TABLE(of, count_of_match);

static const struct of_device_id count_iter_of_match[] = {
	{ .compatible = "microkernel,test-count-iter" },
	{ .compatible = "microkernel,test-any" },
	{ }
};
MODULE_DEVICE_TABLE(of, count_iter_of_match);

static const struct of_device_id count_fail_of_match[] = {
	{ .compatible = "microkernel,test-count-fail" },
	{ }
};
MODULE_DEVICE_TABLE(of, count_fail_of_match);

static struct micro_driver count_drivers[] = {
	{
		.name = "micro_count",
		.probe = count_probe,
		.read = count_read,
		.write = count_write,
		.driver.of_match_table = count_of_match,
		.driver.dev_groups = count_groups,
		.driver.sync_state = count_sync_state,
		COUNT_OPS,
	}, {
		.name = "micro_count_iter",
		.probe = count_probe,
		.read_iter = count_read_iter,
		.write_iter = count_write_iter,
		.driver.of_match_table = count_iter_of_match,
		COUNT_OPS,
	}, {
		.name = "micro_count_fail",
		.probe = count_probe_fail,
		.read = count_read,
		.driver.of_match_table = count_fail_of_match,
		COUNT_OPS,
	},
};

static DEFINE_MUTEX(count_device_lock);
static struct micro_device *count_device;
static bool count_device_wanted;	/* the module is up */

static int count_device_set(const char *val, const struct kernel_param *kp)
{
	struct micro_device *mdev;
	bool want;
	int err;

	err = kstrtobool(val, &want);
	if (err)
		return err;

	guard(mutex)(&count_device_lock);
	if (!count_device_wanted)
		return -EAGAIN;
	if (want == !!count_device)
		return 0;
	if (want) {
		mdev = micro_create_device("micro_count", &count_stats);
		if (IS_ERR(mdev))
			return PTR_ERR(mdev);
		count_device = mdev;
	} else {
		micro_destroy_device(count_device);
		count_device = NULL;
	}
	return 0;
}

static int count_device_get(char *buf, const struct kernel_param *kp)
{
	guard(mutex)(&count_device_lock);
	return sysfs_emit(buf, "%d\n", !!count_device);
}

static const struct kernel_param_ops count_device_ops = {
	.set = count_device_set,
	.get = count_device_get,
};
module_param_cb(device, &count_device_ops, NULL, 0600);
MODULE_PARM_DESC(device, "is there a /dev/micro_count?");

static int count_print(char *buf, size_t size)
{
	return scnprintf(buf, size,
			 "opens=%ld releases=%ld unplugs=%ld unplugs_open=%ld probes=%ld removes=%ld calls=%ld bad=%ld",
			 atomic_long_read(&count_stats.opens),
			 atomic_long_read(&count_stats.releases),
			 atomic_long_read(&count_stats.unplugs),
			 atomic_long_read(&count_stats.unplugs_open),
			 atomic_long_read(&count_stats.probes),
			 atomic_long_read(&count_stats.removes),
			 atomic_long_read(&count_stats.calls),
			 atomic_long_read(&count_stats.bad));
}

static int count_stats_get(char *buf, const struct kernel_param *kp)
{
	int len = count_print(buf, PAGE_SIZE - 1);

	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops count_stats_ops = {
	.get = count_stats_get,
};
module_param_cb(stats, &count_stats_ops, NULL, 0400);
MODULE_PARM_DESC(stats, "what was counted since the module was loaded");

static void count_unregister(size_t count)
{
	while (count--)
		micro_unregister_driver(&count_drivers[count]);
}

static int __init count_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(count_drivers); i++) {
		err = micro_register_driver(&count_drivers[i]);
		if (err) {
			count_unregister(i);
			return err;
		}
	}
	guard(mutex)(&count_device_lock);
	count_device_wanted = true;
	return 0;
}
module_init(count_init);

static void __exit count_exit(void)
{
	char text[256];
	size_t i;

	scoped_guard(mutex, &count_device_lock) {
		count_device_wanted = false;
		micro_destroy_device(count_device);
	}
	count_unregister(ARRAY_SIZE(count_drivers));

	count_check(atomic_long_read(&count_stats.opens) ==
		    atomic_long_read(&count_stats.releases), "exit: opens and releases differ");
	count_check(atomic_long_read(&count_stats.probes) ==
		    atomic_long_read(&count_stats.removes), "exit: probes and removes differ");
	for (i = 0; i < ARRAY_SIZE(count_dead); i++)
		kfree(count_dead[i]);
	/* The stress test adds these up over module reloads */
	count_print(text, sizeof(text));
	pr_info("micro_count: unloaded: %s\n", text);
}
module_exit(count_exit);

MODULE_ALIAS_MICRO("micro_count");
MODULE_ALIAS_MICRO("micro_count_iter");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Test driver that counts and checks what it is called for");
MODULE_LICENSE("GPL");
