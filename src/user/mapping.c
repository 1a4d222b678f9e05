// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server maps: rings, payloads, memory
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "user.h"

/**
 * DOC: Mappings of a server
 *
 * All of it is the kernel's memory, and outlives the server. Pages are entered one by
 * one, as they are touched, without a reference: get_user_pages() has no way to them, so
 * a server that is gone can't keep any in a pipe, a registered buffer or a child. They are
 * taken away when the session ends, and before the memory of a device is freed.
 *
 * The threads of a server may run on while its session ends, and write to all slots. So
 * mu_driver.map_sem is held for writing from before the end until the pages are away. A client
 * takes it for a moment before it fills a slot for the first time after that, and the next session
 * before it enters a page. Who has filled one meanwhile sees that when it submits, and fills it
 * again.
 *
 * Area 0 of the node's offsets has the rings, area n the device number n: first payloads, then
 * memory.
 */

/* The kernel's address of a page of a mapping, or NULL */
static void *mu_vma_page(struct mu_session *s, u64 offset)
{
	struct mu_driver *ud = s->ud;
	u64 at = offset & ((1UL << MU_AREA_SHIFT) - 1);
	u64 area = offset >> MU_AREA_SHIFT;
	struct mu_instance *inst;
	u32 index;

	if (!area) {
		index = div_u64(at, s->ring_size);
		if (index >= s->nr_rings)
			return NULL;
		return (void *)s->rings[index].records + (at - (u64)index * s->ring_size);
	}
	inst = area <= MU_INSTANCES ? xa_load(&ud->instances, area) : NULL;
	if (!inst)
		return NULL;
	if (at >= MU_AREA_HALF) {
		at -= MU_AREA_HALF;
		return at < PAGE_ALIGN(ud->p.memory_size) ? inst->memory + at : NULL;
	}
	index = div_u64(at, ud->stride);
	if (index >= ud->p.depth)
		return NULL;
	at -= (u64)index * ud->stride;
	/* pairs with mu_request_fill() */
	return smp_load_acquire(&inst->slots[index].data) ?
	       inst->slots[index].data + at : NULL;
}

static vm_fault_t mu_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mu_server *server = micro_file_get_drvdata(vma->vm_file);
	struct mu_driver *ud = server->ud;
	struct mu_session *s;
	void *page = NULL;

	/* Nothing is taken away before we have entered it */
	guard(rwsem_read)(&ud->map_sem);
	if (ud->mapping != vma->vm_file->f_mapping)
		return VM_FAULT_SIGBUS;
	scoped_guard(spinlock, &ud->lock) {
		s = server->session;
		if (s && !s->ended && vma->vm_private_data == (void *)(unsigned long)s->number)
			page = mu_vma_page(s, (u64)vmf->pgoff << PAGE_SHIFT);
	}
	if (!page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vma, vmf->address, vmalloc_to_pfn(page));
}

static const struct vm_operations_struct mu_vma_ops = {
	.fault = mu_vma_fault,
};

/* Bytes that can be mapped from @offset on */
static u64 mu_mappable(struct mu_session *s, u64 offset)
{
	u64 at = offset & ((1UL << MU_AREA_SHIFT) - 1);
	struct mu_driver *ud = s->ud;
	u64 end;

	if (offset < 1UL << MU_AREA_SHIFT)
		end = (u64)s->ring_size * s->nr_rings;
	else if (at < MU_AREA_HALF)
		end = (u64)ud->stride * ud->p.depth;
	else
		end = MU_AREA_HALF + PAGE_ALIGN(ud->p.memory_size);
	return at < end ? end - at : 0;
}

int mu_server_mmap(struct micro_driver *drv, struct file *filp, struct vm_area_struct *vma)
{
	struct mu_session *s = mu_session_get(micro_file_get_drvdata(filp));
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	int err = 0;

	if (IS_ERR(s))
		return PTR_ERR(s);
	if (READ_ONCE(s->ended))
		err = -ESHUTDOWN;
	else if (!(vma->vm_flags & VM_SHARED) ||
		 vma->vm_end - vma->vm_start > mu_mappable(s, offset))
		err = -EINVAL;
	else if (offset < 1UL << MU_AREA_SHIFT && vma->vm_flags & VM_WRITE)
		err = -EACCES;
	if (err)
		goto out;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	if (offset < 1UL << MU_AREA_SHIFT)
		vm_flags_clear(vma, VM_MAYWRITE);
	vma->vm_private_data = (void *)(unsigned long)s->number;
	vma->vm_ops = &mu_vma_ops;
out:
	mu_session_put(s);
	return err;
}

/**
 * mu_map_begin() - a session has begun: pages may be entered
 * @s: the session
 * @mapping: of the node through which it did
 *
 * Context: may sleep.
 */
void mu_map_begin(struct mu_session *s, struct address_space *mapping)
{
	guard(rwsem_write)(&s->ud->map_sem);
	/* If it is over already, another may have begun */
	if (!READ_ONCE(s->ended))
		s->ud->mapping = mapping;
}

/**
 * mu_unmap_all() - a session has ended: take all pages away
 * @ud: the driver
 *
 * Context: may sleep; mu_driver.map_sem is held for writing.
 */
void mu_unmap_all(struct mu_driver *ud)
{
	if (!ud->mapping)
		return;
	unmap_mapping_range(ud->mapping, 0, 0, 1);
	ud->mapping = NULL;
}

/**
 * mu_unmap_instance() - take a device's pages away before they are freed
 * @inst: the device, not in mu_driver.instances any more
 *
 * Context: may sleep.
 */
void mu_unmap_instance(struct mu_instance *inst)
{
	struct mu_driver *ud = inst->ud;

	guard(rwsem_write)(&ud->map_sem);
	if (ud->mapping)
		unmap_mapping_range(ud->mapping, (loff_t)inst->number << MU_AREA_SHIFT,
				    1UL << MU_AREA_SHIFT, 1);
}
