// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_ram: a piece of memory that all who open an instance share
 *
 * The model to copy for a driver that is mapped. It is read and written at an
 * offset, as a disk is: a read at the end gets 0, a write ENOSPC. What is written
 * within a page is seen whole or not at all. mmap() maps the same memory; touching
 * it past the end raises SIGBUS. The firmware
 * property "size" is the size in bytes, 1 to 1 GiB; pages are allocated when
 * they are first written or mapped.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/property.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include <microkernel.h>

#define RAM_SIZE	SZ_1M	/* bytes, unless "size" says else */
#define RAM_SIZE_MAX	SZ_1G

/**
 * struct ram - an instance
 * @lock: makes what is written within a page atomic for readers. A page of the
 *	user's may take for ever to come, so it is never held over copies to and
 *	from user space; fault() may take it
 * @pages: by index; added by whoever is first, until remove()
 * @size: in bytes
 */
struct ram {
	struct mutex lock;
	struct xarray pages;
	u32 size;
};

static struct ram *file_to_ram(const struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static struct page *ram_page(struct ram *ram, pgoff_t index)
{
	struct page *page = xa_load(&ram->pages, index);
	struct page *old;

	if (page)
		return page;

	/* Paid for by who uses it, and no reason to kill anybody */
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL |
			  __GFP_NOWARN);
	if (!page)
		return NULL;

	old = xa_cmpxchg(&ram->pages, index, NULL, page, GFP_KERNEL_ACCOUNT);
	if (old) {
		__free_page(page);
		page = xa_is_err(old) ? NULL : old;
	}
	return page;
}

/* What of a page lies between @pos and the end */
static size_t ram_piece(const struct ram *ram, loff_t pos)
{
	return min_t(size_t, PAGE_SIZE - offset_in_page(pos), ram->size - pos);
}

/* Megabytes take a while: neither an unplug nor whoever kills us waits for them */
static int ram_go_on(struct file *filp)
{
	cond_resched();
	if (micro_file_revoked(filp))
		return -ENODEV;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static ssize_t ram_read_iter(struct micro_driver *drv, struct kiocb *iocb,
			     struct iov_iter *to)
{
	void *copy __free(kfree) = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct ram *ram = file_to_ram(iocb->ki_filp);
	ssize_t done = 0;
	int err = 0;

	if (!copy)
		return -ENOMEM;

	while (iov_iter_count(to) && iocb->ki_pos < ram->size && !err) {
		struct page *page = xa_load(&ram->pages, iocb->ki_pos >> PAGE_SHIFT);
		size_t len = min(ram_piece(ram, iocb->ki_pos), iov_iter_count(to));

		if (page) {
			scoped_guard(mutex, &ram->lock)
				memcpy(copy, page_address(page) + offset_in_page(iocb->ki_pos),
				       len);
			len = copy_to_iter(copy, len, to);
		} else {
			len = iov_iter_zero(len, to);
		}
		iocb->ki_pos += len;
		done += len;
		err = len ? ram_go_on(iocb->ki_filp) : -EFAULT;
	}
	return done ?: err;
}

static ssize_t ram_write_iter(struct micro_driver *drv, struct kiocb *iocb,
			      struct iov_iter *from)
{
	void *copy __free(kfree) = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct ram *ram = file_to_ram(iocb->ki_filp);
	ssize_t done = 0;
	int err = 0;

	if (!copy)
		return -ENOMEM;

	while (iov_iter_count(from) && !err) {
		struct page *page;
		size_t len;

		if (iocb->ki_pos >= ram->size)
			return done ?: -ENOSPC;
		page = ram_page(ram, iocb->ki_pos >> PAGE_SHIFT);
		if (!page)
			return done ?: -ENOMEM;
		len = copy_from_iter(copy, ram_piece(ram, iocb->ki_pos), from);
		scoped_guard(mutex, &ram->lock)
			memcpy(page_address(page) + offset_in_page(iocb->ki_pos), copy, len);
		iocb->ki_pos += len;
		done += len;
		err = len ? ram_go_on(iocb->ki_filp) : -EFAULT;
	}
	return done ?: err;
}

static loff_t ram_llseek(struct micro_driver *drv, struct file *filp,
			 loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence, file_to_ram(filp)->size);
}

/* Never called once the device goes, so it may look at the instance */
static vm_fault_t ram_fault(struct vm_fault *vmf)
{
	struct ram *ram = file_to_ram(vmf->vma->vm_file);
	struct page *page;

	if (vmf->pgoff >= DIV_ROUND_UP(ram->size, PAGE_SIZE))
		return VM_FAULT_SIGBUS;

	page = ram_page(ram, vmf->pgoff);
	if (!page)
		return VM_FAULT_SIGBUS;

	/* The reference keeps the page for whoever pins it beyond remove() */
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct ram_vm_ops = {
	.fault = ram_fault,
};

static int ram_mmap(struct micro_driver *drv, struct file *filp,
		    struct vm_area_struct *vma)
{
	vma->vm_ops = &ram_vm_ops;
	return 0;
}

static int ram_probe(struct micro_device *mdev)
{
	struct device *dev = &mdev->dev;
	u32 size = RAM_SIZE;
	struct ram *ram;
	int err = 0;

	if (device_property_present(dev, "size"))
		err = device_property_read_u32(dev, "size", &size);
	if (err || !size || size > RAM_SIZE_MAX) {
		dev_err(dev, "size has to be a number, 1 to 1073741824\n");
		return -EINVAL;
	}

	ram = devm_kzalloc(dev, sizeof(*ram), GFP_KERNEL);
	if (!ram)
		return -ENOMEM;

	mutex_init(&ram->lock);
	xa_init(&ram->pages);
	ram->size = size;
	micro_set_drvdata(mdev, ram);
	return 0;
}

static void ram_remove(struct micro_device *mdev)
{
	struct ram *ram = micro_get_drvdata(mdev);
	unsigned long index;
	struct page *page;

	xa_for_each(&ram->pages, index, page) {
		put_page(page);
		cond_resched();
	}
	xa_destroy(&ram->pages);
}

static const struct of_device_id ram_of_match[] = {
	{ .compatible = "microkernel,ram" },
	{ }
};
MODULE_DEVICE_TABLE(of, ram_of_match);

static struct micro_driver ram_driver = {
	.name = "micro_ram",
	.probe = ram_probe,
	.remove = ram_remove,
	.read_iter = ram_read_iter,
	.write_iter = ram_write_iter,
	.llseek = ram_llseek,
	.mmap = ram_mmap,
	.driver.of_match_table = ram_of_match,
};
module_micro_driver(ram_driver);

MODULE_ALIAS_MICRO("micro_ram");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A piece of memory that all who open an instance share");
MODULE_LICENSE("GPL");
