#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# src/core/compat.h on releases of Linux whose headers are not to be had: it compiles with
# stubs of the declarations that have changed, as each release has them. Prints TAP.
# shellcheck disable=SC2154 # variables of what is sourced
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
fetch need gcc=gcc || exit

mkdir "$work/linux"
for header in cleanup device mm of pm_domain slab splice uaccess version; do
	echo '#include "../stubs.h"' >"$work/linux/$header.h"
done

# "since" is the release with a change; only names that compat.h or its users call are here
cat >"$work/stubs.h" <<'STUBS'
#ifndef STUBS
#define STUBS
#include <stdbool.h>
#include <stddef.h>
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define since(a, b) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

#if since(6, 2)
#define const_6_2 const
#else
#define const_6_2
#endif
#if since(6, 3)
#define const_6_3 const
#else
#define const_6_3
#endif
#if since(6, 4)
#define const_6_4 const
#else
#define const_6_4
#endif
#if since(6, 11)
#define const_6_11 const
#else
#define const_6_11
#endif

typedef unsigned short umode_t;
typedef unsigned long vm_flags_t;
typedef unsigned int u32;
typedef int spinlock_t;
typedef struct { unsigned long pte; } pte_t;
struct module;
#define THIS_MODULE ((struct module *)0)
struct kobj_uevent_env;
struct device_driver;
struct device_node;
struct dentry;
struct fwnode_handle;
struct platform_device;
struct device { void *pm_domain; };
#define DEFINE_FREE(name, type, free) static inline void __free_##name(void *p) { type _T = *(type *)p; free; }
void of_node_put(struct device_node *node);

struct class {
	char *(*devnode)(const_6_2 struct device *dev, umode_t *mode);
	int (*dev_uevent)(const_6_3 struct device *dev, struct kobj_uevent_env *env);
};
struct bus_type {
	int (*match)(struct device *dev, const_6_11 struct device_driver *drv);
	int (*uevent)(const_6_3 struct device *dev, struct kobj_uevent_env *env);
};
struct bus_attribute {
	int (*show)(const_6_4 struct bus_type *bus, char *buf);
};
#if since(6, 4)
struct class *class_create(const char *name);
#else
struct class *__class_create(struct module *owner, const char *name);
#define class_create(owner, name) __class_create(owner, name)
#endif

struct platform_driver {
#if since(6, 11)
	void (*remove)(struct platform_device *pdev);
#else
	int (*remove)(struct platform_device *pdev);
	void (*remove_new)(struct platform_device *pdev);
#endif
};
struct fwnode_operations {
	bool (*property_present)(const struct fwnode_handle *fwnode, const char *name);
#if since(6, 14)
	bool (*property_read_bool)(const struct fwnode_handle *fwnode, const char *name);
#endif
};

#define VM_PAT 1UL
struct vm_area_struct {
	unsigned long vm_start;
#if since(6, 3)
	const vm_flags_t vm_flags;
#else
	vm_flags_t vm_flags;
#endif
};
#if since(6, 3)
void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags);
void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags);
#endif
#if since(6, 12)
struct follow_pfnmap_args { struct vm_area_struct *vma; unsigned long address, pfn; };
int follow_pfnmap_start(struct follow_pfnmap_args *args);
void follow_pfnmap_end(struct follow_pfnmap_args *args);
#elif since(6, 10)
int follow_pte(struct vm_area_struct *vma, unsigned long address, pte_t **ptep, spinlock_t **lock);
#else
int follow_pfn(struct vm_area_struct *vma, unsigned long address, unsigned long *pfn);
#endif
unsigned long pte_pfn(pte_t pte);
pte_t ptep_get(pte_t *ptep);
#define pte_unmap_unlock(pte, lock) ((void)(pte), (void)(lock))
int page_is_ram(unsigned long pfn);

#if since(6, 5)
int copy_splice_read(int fd);
#else
int generic_file_splice_read(int fd);
#endif
#if since(6, 6)
int of_overlay_fdt_apply(const void *fdt, u32 size, int *id, struct device_node *base);
#else
int of_overlay_fdt_apply(const void *fdt, u32 size, int *id);
#endif
#if since(6, 10)
#define __assign_str(dst) strings(#dst)
#else
#define __assign_str(dst, src) strings(#dst src)
#endif
void strings(const char *s);

#if since(6, 17)
#define PD_FLAG_ATTACH_POWER_ON 1
#define PD_FLAG_DETACH_POWER_OFF 2
int dev_pm_domain_attach(struct device *dev, u32 flags);
#else
int dev_pm_domain_attach(struct device *dev, bool power_on);
#endif
void dev_pm_domain_detach(struct device *dev, bool power_off);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data);
#endif
STUBS

# what the sources do with it
cat >"$work/users.c" <<'USERS'
#include "src/core/compat.h"

struct counted { int n; int numbers[] __counted_by(n); };

static char *devnode(micro_devnode_arg(dev), umode_t *mode) { return dev && mode ? NULL : ""; }
static int uevent(micro_uevent_arg(dev), struct kobj_uevent_env *env) { return dev && env; }
static int match(struct device *dev, micro_match_arg(drv)) { return dev && drv; }
static int show(micro_bus_arg(bus), char *buf) { return bus && buf; }
static void remove(struct platform_device *pdev) { (void)pdev; }
static bool read_bool(const struct fwnode_handle *fwnode, const char *name) { return fwnode && name; }

struct class class = { .devnode = devnode, .dev_uevent = uevent };
struct bus_type bus = { .match = match, .uevent = uevent };
struct bus_attribute attribute = { .show = show };
struct platform_driver driver = { .micro_platform_remove = remove };
struct fwnode_operations operations = {
	.property_present = read_bool,
	micro_property_read_bool(read_bool)
};
struct device_node *of_root;

int all(struct device *dev, struct vm_area_struct *vma);
int all(struct device *dev, struct vm_area_struct *vma)
{
	int (*splice)(int fd) = copy_splice_read;
	int id;

	vm_flags_set(vma, 2);
	vm_flags_clear(vma, 2);
	micro_vma_untrack(vma);
	micro_assign_str(name, "text");
	if (!class_create("micro"))
		return splice(0);
	return of_overlay_fdt_apply("", 1, &id, NULL) +
	       dev_pm_domain_attach(dev, PD_FLAG_ATTACH_POWER_ON | PD_FLAG_DETACH_POWER_OFF);
}
USERS

for release in 6.1 6.5 6.6 6.7 6.8 6.9 6.10 6.11 6.12 6.13 6.14 6.15 6.16 6.17 6.18 7.0 7.3; do
	run gcc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -Wno-builtin-declaration-mismatch \
		-DLINUX_VERSION_CODE="KERNEL_VERSION(${release/./, }, 0)" -I"$work" -I"$repo" "$work/users.c"
	ok "$status" "compat.h compiles with the declarations of Linux $release"
done

# each of its branches is needed
run gcc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -include "$work/stubs.h" -DLINUX_VERSION_CODE='KERNEL_VERSION(6, 10, 0)' \
	-I"$work" -I"$repo" -x c <(sed 's|#include "src/core/compat.h"||' "$work/users.c")
[[ $status -ne 0 ]]
ok $? 'without compat.h they do not compile'

done_testing
