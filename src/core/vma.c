// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings: the driver's until the unplug, SIGBUS after it
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "file.h"

/**
 * DOC: Mappings
 *
 * A mapping outlives every operation, so it needs more than enter and leave:
 *
 * - The vm_operations are wrapped: the driver's are called inside an operation
 *   of the open file that was mapped, and never once it is revoked. A mapping
 *   holds its open file, so files with mappings are on the binding's list even
 *   after close(2), and so are those of forked processes.
 * - The unplug zaps all page tables, after which each touch is a fault, which
 *   the wrapper answers with SIGBUS, as the kernel does without a fault().
 *   Pages that the process still uses are kept by their reference counts.
 * - A page that the driver's fault() returns is entered into the page table by
 *   the wrapper, while still inside. If the kernel did it later, as usual, that
 *   could be after the zap.
 * - Pages that mmap() itself enters have the same problem: the mapping cannot
 *   be found by the zap until mmap(2) has linked it, some time after we have
 *   left. As all of that happens with the mmap lock held for writing, the unplug
 *   takes that lock of each process that may be at it, once.
 */

/**
 * struct micro_vma_ops - the wrapper of one set of vm_operations
 * @ours: what the mapping points at: has what @theirs has
 * @theirs: the driver's, may be NULL; not to be touched unless inside
 * @node: in micro_binding.vma_ops; lives as long as the binding
 */
struct micro_vma_ops {
	struct vm_operations_struct ours;
	const struct vm_operations_struct *theirs;
	struct list_head node;
};

/**
 * struct micro_mmap - a process in which mmap() may not be over
 * @mm: its address space (the struct, not the mappings)
 * @next: of the same open file
 */
struct micro_mmap {
	struct mm_struct *mm;
	struct micro_mmap *next;
};

static const struct vm_operations_struct *micro_vma_theirs(struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct micro_vma_ops, ours)->theirs;
}

/* A call of the driver's vm_operations, or what a revoked mapping answers */
#define micro_vma_call(vma, op, dead, ...)				\
({									\
	struct micro_file *__f = (vma)->vm_file->private_data;		\
	typeof(micro_vma_theirs(vma)->op(__VA_ARGS__)) __ret = (dead);	\
									\
	if (micro_file_enter(__f)) {					\
		__ret = micro_vma_theirs(vma)->op(__VA_ARGS__);		\
		micro_file_leave(__f);					\
	}								\
	__ret;								\
})

static void micro_vma_open(struct vm_area_struct *vma)
{
	struct micro_file *f = vma->vm_file->private_data;

	if (micro_file_enter(f)) {
		micro_vma_theirs(vma)->open(vma);
		micro_file_leave(f);
	}
}

static void micro_vma_close(struct vm_area_struct *vma)
{
	struct micro_file *f = vma->vm_file->private_data;

	if (micro_file_enter(f)) {
		micro_vma_theirs(vma)->close(vma);
		micro_file_leave(f);
	}
}

static int micro_vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return micro_vma_call(vma, may_split, 0, vma, addr);
}

static int micro_vma_mremap(struct vm_area_struct *vma)
{
	return micro_vma_call(vma, mremap, -ENODEV, vma);
}

static int micro_vma_access(struct vm_area_struct *vma, unsigned long addr,
			    void *buf, int len, int write)
{
	return micro_vma_call(vma, access, -ENODEV, vma, addr, buf, len, write);
}

static int micro_vma_mprotect(struct vm_area_struct *vma, unsigned long start,
			      unsigned long end, unsigned long flags)
{
	return micro_vma_call(vma, mprotect, 0, vma, start, end, flags);
}

/* After these two the kernel looks whether the page table has changed: a zap wins */
static vm_fault_t micro_vma_page_mkwrite(struct vm_fault *vmf)
{
	return micro_vma_call(vmf->vma, page_mkwrite, VM_FAULT_SIGBUS, vmf);
}

static vm_fault_t micro_vma_pfn_mkwrite(struct vm_fault *vmf)
{
	return micro_vma_call(vmf->vma, pfn_mkwrite, VM_FAULT_SIGBUS, vmf);
}

/* What the kernel does with a page that fault() returns, but now */
static vm_fault_t micro_vma_insert(struct vm_fault *vmf, vm_fault_t ret)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page = vmf->page;
	int err = -EINVAL;

	if (page && PageHWPoison(page))
		err = -EHWPOISON;
	else if (!WARN_ON_ONCE(!page || !(vma->vm_flags & VM_MIXEDMAP)))
		err = vm_insert_page(vma, vmf->address, page);

	vmf->page = NULL;
	if (ret & VM_FAULT_LOCKED)
		unlock_page(page);
	if (page)
		put_page(page);

	/* -EBUSY: another thread was faster, which is as good */
	if (!err || err == -EBUSY)
		return VM_FAULT_NOPAGE | (ret & VM_FAULT_MAJOR);
	if (err == -EHWPOISON)
		return VM_FAULT_HWPOISON;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

static vm_fault_t micro_vma_fault(struct vm_fault *vmf)
{
	const vm_fault_t done = VM_FAULT_ERROR | VM_FAULT_NOPAGE |
				VM_FAULT_RETRY | VM_FAULT_DONE_COW;
	/* A fault() that drops the mmap lock may lose the mapping and the file */
	struct file *filp = get_file(vmf->vma->vm_file);
	struct micro_file *f = filp->private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	if (micro_file_enter(f)) {
		ret = micro_vma_theirs(vmf->vma)->fault(vmf);
		if (!(ret & done))
			ret = micro_vma_insert(vmf, ret);
		micro_file_leave(f);
	}
	fput(filp);
	return ret;
}

static void micro_vma_ops_init(struct micro_vma_ops *ops,
			       const struct vm_operations_struct *theirs)
{
	ops->theirs = theirs;
	if (!theirs)
		return;
	/*
	 * Not for those without: the kernel knows that an entry of theirs may be
	 * missing for a moment only, while it is copied or moved
	 */
	ops->ours.fault = theirs->fault ? micro_vma_fault : NULL;
	ops->ours.open = theirs->open ? micro_vma_open : NULL;
	ops->ours.close = theirs->close ? micro_vma_close : NULL;
	ops->ours.may_split = theirs->may_split ? micro_vma_may_split : NULL;
	ops->ours.mprotect = theirs->mprotect ? micro_vma_mprotect : NULL;
	ops->ours.mremap = theirs->mremap ? micro_vma_mremap : NULL;
	ops->ours.page_mkwrite = theirs->page_mkwrite ? micro_vma_page_mkwrite : NULL;
	ops->ours.pfn_mkwrite = theirs->pfn_mkwrite ? micro_vma_pfn_mkwrite : NULL;
	ops->ours.access = theirs->access ? micro_vma_access : NULL;
}

/*
 * Our caller holds @mm's mmap lock for writing, so no earlier mmap() of @mm is
 * still at work; nor is one in a process whose lock is to be had.
 */
static struct micro_mmap *micro_file_note_mmap(struct micro_file *f,
					       struct mm_struct *mm,
					       struct micro_mmap *new)
{
	struct micro_file_more *more = micro_file_get_more(f);
	struct micro_mmap *m;

	lockdep_assert_held(&f->binding->lock);
	for (m = more->mmaps; m; m = m->next) {
		if (m->mm == mm)
			return new;
		if (mmap_read_trylock(m->mm)) {
			mmap_read_unlock(m->mm);
			mmdrop(m->mm);
			m->mm = mm;
			mmgrab(mm);
			return new;
		}
	}
	new->mm = mm;
	mmgrab(mm);
	new->next = more->mmaps;
	more->mmaps = new;
	return NULL;
}

static void micro_mmaps_free(struct micro_mmap *m)
{
	while (m) {
		struct micro_mmap *next = m->next;

		mmdrop(m->mm);
		kfree(m);
		m = next;
	}
}

/* Put a wrapper under a new mapping; returns @new if it was not needed */
static struct micro_vma_ops *micro_vma_wrap(struct vm_area_struct *vma,
					    struct micro_binding *b,
					    struct micro_vma_ops *new)
{
	const struct vm_operations_struct *theirs = vma->vm_ops;
	struct micro_vma_ops *ops;

	lockdep_assert_held(&b->lock);
	/* For micro_vma_insert() */
	if (theirs && theirs->fault && !(vma->vm_flags & VM_PFNMAP))
		vm_flags_set(vma, VM_MIXEDMAP);

	list_for_each_entry(ops, &b->vma_ops, node) {
		if (ops->theirs == theirs) {
			vma->vm_ops = &ops->ours;
			return new;
		}
	}
	micro_vma_ops_init(new, theirs);
	list_add(&new->node, &b->vma_ops);
	vma->vm_ops = &new->ours;
	return NULL;
}

/**
 * micro_file_mmap() - &file_operations.mmap
 * @filp: the open file
 * @vma: the new mapping
 *
 * Context: may sleep; the mmap lock is held for writing.
 * Return: 0, the driver's error, -ENODEV once revoked, -ENOMEM; -EINVAL when
 * the driver maps another file instead, which could not be revoked.
 */
int micro_file_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct micro_vma_ops *ops __free(kfree) = kzalloc(sizeof(*ops), GFP_KERNEL);
	struct micro_mmap *mmap __free(kfree) = kzalloc(sizeof(*mmap), GFP_KERNEL);
	struct micro_file *f = filp->private_data;
	struct micro_file_more *more;
	int err;

	if (!ops || !mmap)
		return -ENOMEM;
	more = micro_file_need_more(f);
	if (!micro_file_enter(f))
		return -ENODEV;

	err = f->drv->mmap(f->drv, filp, vma);
	if (!err)
		micro_vma_untrack(vma);
	if (!err && vma->vm_file != filp) {
		dev_warn_once(&f->binding->mdev->dev,
			      "driver %s maps another file: refused, it could not be revoked\n",
			      f->drv->name);
		err = -EINVAL;
	}
	scoped_guard(mutex, &f->binding->lock) {
		/* Also after an error: the caller has yet to take the pages out */
		if (vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP))
			mmap = micro_file_note_mmap(f, vma->vm_mm, mmap);
		if (!err) {
			more->mapped = true;
			ops = micro_vma_wrap(vma, f->binding, ops);
		}
	}
	micro_file_leave(f);
	return err;
}

/**
 * micro_binding_zap() - end all mappings of a binding
 * @b: the binding, revoked and drained
 *
 * Context: may sleep.
 */
void micro_binding_zap(struct micro_binding *b)
{
	struct address_space *zapped = NULL;
	struct micro_mmap *mmaps = NULL;
	struct micro_mmap **tail = &mmaps;
	struct micro_mmap *m;
	struct micro_file *f;

	scoped_guard(mutex, &b->lock) {
		hlist_for_each_entry(f, &b->files, node) {
			struct micro_file_more *more = micro_file_get_more(f);

			if (!more)
				continue;
			*tail = more->mmaps;
			more->mmaps = NULL;
			while (*tail)
				tail = &(*tail)->next;
		}
	}
	/* Another file's mmap(), say of a network file system, may hold it for long */
	for (m = mmaps; m; m = m->next) {
		mmap_read_lock(m->mm);
		mmap_read_unlock(m->mm);
	}
	micro_mmaps_free(mmaps);

	/* Files of one node share its address_space: once is enough for them */
	guard(mutex)(&b->lock);
	hlist_for_each_entry(f, &b->files, node) {
		struct micro_file_more *more = micro_file_get_more(f);
		struct address_space *mapping = f->filp->f_mapping;

		if (more && more->mapped && mapping != zapped) {
			unmap_mapping_range(mapping, 0, 0, 1);
			zapped = mapping;
		}
	}
}

/**
 * micro_binding_free_vma_ops() - free the wrappers
 * @b: the binding; no file, and so no mapping, is left
 *
 * Context: any.
 */
void micro_binding_free_vma_ops(struct micro_binding *b)
{
	struct micro_vma_ops *ops, *next;

	list_for_each_entry_safe(ops, next, &b->vma_ops, node)
		kfree(ops);
}

/**
 * micro_file_free_mmaps() - forget which processes mapped a file
 * @more: what belongs to the file, which nobody uses any more
 *
 * Context: any.
 */
void micro_file_free_mmaps(struct micro_file_more *more)
{
	micro_mmaps_free(more->mmaps);
}
