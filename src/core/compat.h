/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels older than the newest one need. The rest of the code is written
 * for the newest; this file could be deleted one day without touching it.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_COMPAT_H
#define _MICRO_COMPAT_H

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/pm_domain.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uaccess.h>
#include <linux/version.h>

/* came with 6.6, and with a stable release of 6.1 that not all users have */
#ifndef __counted_by
#define __counted_by(member)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
/* class.devnode did not take a const device */
#define micro_devnode_arg(dev)	struct device *dev
#else
#define micro_devnode_arg(dev)	const struct device *dev
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
/* neither did bus_type.uevent; vm_flags were written directly */
#define micro_uevent_arg(dev)	struct device *dev

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#else
#define micro_uevent_arg(dev)	const struct device *dev
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
/* it took the module, and did nothing with it */
static inline struct class *micro_class_create(const char *name)
{
	return class_create(THIS_MODULE, name);
}

#undef class_create
#define class_create	micro_class_create

/* bus attributes did not take a const bus */
#define micro_bus_arg(bus)	struct bus_type *bus

/* it was exported, but declared in a header of fs/ */
struct path;
struct vfsmount;
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt, const char *name,
		    unsigned int flags, struct path *path);
#else
#define micro_bus_arg(bus)	const struct bus_type *bus
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
/* splice from read_iter() has been renamed */
#define copy_splice_read	generic_file_splice_read
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
/* Device-tree overlays were always for the root */
#define of_overlay_fdt_apply(blob, size, id, base)	of_overlay_fdt_apply(blob, size, id)
#endif

/*
 * __free(device_node) came with 6.9, and with stable releases of older ones. Nothing that
 * the preprocessor sees tells whether it is there, so it has a name of ours.
 */
DEFINE_FREE(micro_of_node, struct device_node *, if (_T) of_node_put(_T))

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
/* tracepoints had to be told the string again */
#define micro_assign_str(dst, src)	__assign_str(dst, src)
#else
#define micro_assign_str(dst, src)	__assign_str(dst)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
/* bus_type.match did not take a const driver */
#define micro_match_arg(drv)	struct device_driver *drv
/* platform_driver.remove returned an int, and this stood in for it */
#define micro_platform_remove	remove_new
#else
#define micro_match_arg(drv)	const struct device_driver *drv
#define micro_platform_remove	remove
#endif

#ifdef VM_PAT
/*
 * Until 6.16, x86 notes in a mapping that remap_pfn_range() has filled that the memory
 * type of its range was reserved, and finds out by the page table which range that is:
 * when it is unmapped, when it is zapped, when a process forks. It warns when both of
 * the first happen at once, and cannot fork once the first page of a private mapping
 * was written to. For RAM nothing was reserved, so it need not know.
 */
static inline void micro_vma_untrack(struct vm_area_struct *vma)
{
	unsigned long pfn;

	if (!(vma->vm_flags & VM_PAT))
		return;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	if (follow_pfn(vma, vma->vm_start, &pfn))
		return;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	spinlock_t *lock;
	pte_t *pte;

	if (follow_pte(vma, vma->vm_start, &pte, &lock))
		return;
	pfn = pte_pfn(ptep_get(pte));
	pte_unmap_unlock(pte, lock);
#else
	struct follow_pfnmap_args args = { .vma = vma, .address = vma->vm_start };

	if (follow_pfnmap_start(&args))
		return;
	pfn = args.pfn;
	follow_pfnmap_end(&args);
#endif
	if (page_is_ram(pfn))
		vm_flags_clear(vma, VM_PAT);
}
#else
static inline void micro_vma_untrack(struct vm_area_struct *vma)
{
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
/* a boolean property was one that is present */
#define micro_property_read_bool(fn)
#else
#define micro_property_read_bool(fn)	.property_read_bool = fn,
#endif

#ifndef PD_FLAG_DETACH_POWER_OFF
/* Until 6.17, buses detached power domains themselves, and before devm_* was undone */
#define PD_FLAG_ATTACH_POWER_ON		1
#define PD_FLAG_DETACH_POWER_OFF	1

static inline void micro_pm_domain_detach(void *dev)
{
	dev_pm_domain_detach(dev, true);
}

static inline int micro_pm_domain_attach(struct device *dev)
{
	int err = dev_pm_domain_attach(dev, true);

	if (err || !dev->pm_domain)
		return err;
	return devm_add_action_or_reset(dev, micro_pm_domain_detach, dev);
}

#define dev_pm_domain_attach(dev, flags)	micro_pm_domain_attach(dev)
#endif

/*
 * User copies without the checks of hardened usercopy: where 6.x inlines user copies, as on
 * arm64, it has none to call.
 */
#if defined(INLINE_COPY_FROM_USER) && !defined(_copy_from_user)
#define _copy_from_user(to, from, n)	copy_from_user(to, from, n)
#endif
#if defined(INLINE_COPY_TO_USER) && !defined(_copy_to_user)
#define _copy_to_user(to, from, n)	copy_to_user(to, from, n)
#endif

#endif /* _MICRO_COMPAT_H */
