/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share: the objects, and who may call what
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_H
#define _MICRO_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <microkernel.h>

#include "active.h"
#include "compat.h"
#include "match.h"
#include "statistics.h"

struct micro_instance;

/**
 * DOC: Objects and locks
 *
 * One direction only: a front end knows its micro_instance, an instance knows
 * its binding, a binding knows its files. A front end never touches a binding,
 * and the file path never touches a front end.
 *
 * Lock order, outermost first:
 *
 * 1. what a front end holds (configfs: inode locks, su_mutex, micro_cfs.lock;
 *    firmware: micro_fw_lock)
 * 2. the device lock of micro_device.dev: bind, unbind, revocation; inside it
 *    micro_cfs.tree_lock, while a tree is copied, and micro_statistics_lock
 * 3. micro_driver_core.lock: init and exit of a driver
 * 4. mmap_lock of a process: mmap and faults call into files
 * 5. micro_debugfs_lock: the list of devices; then micro_binding.lock: the list
 *    of open files
 * 6. i_mmap_rwsem (zapping), micro_poller.lock, then a driver's wait queue,
 *    then micro_file.wq
 * 7. micro_instance.lock: match strings and what attributes show
 *
 * No driver code is ever called with a lock from 4 on held by the framework.
 * The active count of an open file is not a lock, but whoever waits for it to
 * drop behaves as if it were: micro_binding.dep_map tells lockdep so. It is
 * taken (for write) between 2 and 3, with everything an operation takes inside.
 */

/**
 * struct micro_front - what a front end is asked while one of its devices exists
 * @name: what users know it by
 * @bind: a driver is about to be bound; the device lock is held. May give the
 *	device its firmware node. An error fails the bind. May be NULL
 */
struct micro_front {
	const char *name;
	int (*bind)(struct micro_instance *mi);
};

/**
 * struct micro_instance_info - what a front end says of a new device
 * @name: its name
 * @base: what the name of its driver is looked for in, up to a dot, if that is not
 *	@name; else NULL
 * @data: for micro_device.private_data
 * @fwnode: its firmware node; may be NULL. A reference is taken
 * @front: the front end
 * @front_data: the front end's own
 * @kernel: kernel code makes it: its node is directly below /dev
 */
struct micro_instance_info {
	const char *name;
	const char *base;
	void *data;
	struct fwnode_handle *fwnode;
	const struct micro_front *front;
	void *front_data;
	bool kernel;
};

/**
 * struct micro_instance - the framework's side of a micro_device
 * @mdev: what drivers see
 * @hash: node in the table of names
 * @lock: guards mdev.driver, @binding, @ending and @generation for attributes,
 *	which do not take the device lock; whoever changes them holds both. Also
 *	@adder and @missed
 * @base: what drivers are matched with up to its first dot: mdev.name, or a copy
 * @compat: compatible strings, NULL without any; read under RCU, changed by the
 *	front end with the device lock held
 * @binding: the current binding, NULL while unbound
 * @ending: the binding that is being revoked, else NULL
 * @adder: the task in device_add(), while it is
 * @missed: a driver was turned away meanwhile
 * @refusals: drivers whose probe() said that the device is none of theirs, since it
 *	was last asked to be bound; guarded by @lock
 * @attacher: the task in micro_instance_attach(), while it is
 * @error: why the last attempt to bind failed: a negative errno, or 0; changed
 *	by the front end and by who binds
 * @generation: how many times it has been bound
 * @fwnode: the firmware node that it was made for; may be NULL. Until the device is
 *	removed, then it becomes NULL with @lock held
 * @front: the front end
 * @front_data: the front end's own
 * @stats: what closed files have counted, if anything; guarded by the lock of the
 *	binding
 * @entry: in the list of debugfs
 * @live: may be bound; changed like @compat
 * @kernel: made by kernel code: its node is directly below /dev
 */
struct micro_instance {
	struct micro_device mdev;
	struct rhash_head hash;
	spinlock_t lock;
	const char *base;
	struct micro_compat __rcu *compat;
	struct micro_binding *binding;
	struct micro_binding *ending;
	struct task_struct *adder;
	bool missed;
	struct micro_refusal *refusals;
	struct task_struct *attacher;
	int error;
	unsigned int generation;
	struct fwnode_handle *fwnode;
	const struct micro_front *front;
	void *front_data;
	struct micro_statistics *stats;
#ifdef CONFIG_DEBUG_FS
	struct list_head entry;
#endif
	bool live;
	bool kernel;
};

#define to_micro_instance(m) container_of_const(m, struct micro_instance, mdev)

static inline struct micro_instance *dev_to_instance(struct device *dev)
{
	return to_micro_instance(to_micro_device(dev));
}

/**
 * struct micro_driver_core - the framework's side of a micro_driver
 * @lock: guards @users; held over init() and exit()
 * @users: bindings that hold the driver initialized
 * @number: no other registration has had it
 * @fops: what the VFS sees of the driver's files; lives until the core goes
 * @key: lockdep class of the active counts of its files
 */
struct micro_driver_core {
	struct mutex lock;
	unsigned int users;
	u64 number;
	const struct file_operations *fops;
	struct lock_class_key key;
};

/**
 * struct micro_binding - a driver bound to a device, from bind to unbind
 * @dev: the class device, which owns this
 * @refs: together they hold one reference to @dev: the bus has one until unbind,
 *	each open file one until it is closed
 * @mdev: the device; valid as long as the binding
 * @drv: the driver; valid until unbind has returned
 * @lock: guards @files, @revoked and the state of each file
 * @files: open files whose release() nobody has begun
 * @revoked: unbind has begun; no file may be added
 * @listed: its class device may have a directory for statistics, and
 *	@has_statistics, it has one; both guarded by micro_statistics_lock
 * @has_statistics: see @listed
 * @busy: what the revoker waits for: files with operations inside, that count
 *	being complete once all files are marked, and those that close(2) claimed
 * @wq: the revoker waits here for @busy to reach 0, and close(2) for a
 *	release() that the revoker has begun
 * @vma_ops: wrappers of the vm_operations that the driver used, guarded by @lock
 * @spare: a file that was closed, for the next open(); whoever takes it out with
 *	xchg() owns it
 * @dep_map: the active counts of all files, for lockdep
 * @rcu: lookups by number are lockless
 */
struct micro_binding {
	struct device dev;
	refcount_t refs;
	struct micro_device *mdev;
	struct micro_driver *drv;
	struct mutex lock;
	struct hlist_head files;
	bool revoked;
	bool listed;
	bool has_statistics;
	atomic_t busy;
	wait_queue_head_t wq;
	struct list_head vma_ops;
	struct micro_file *spare;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct lockdep_map dep_map;
#endif
	struct rcu_head rcu;
};

/**
 * enum micro_file_state - who releases an open file
 * @MICRO_FILE_OPEN: nobody yet
 * @MICRO_FILE_RELEASING: release() is running, or about to
 * @MICRO_FILE_RELEASED: it has run
 */
enum micro_file_state {
	MICRO_FILE_OPEN,
	MICRO_FILE_RELEASING,
	MICRO_FILE_RELEASED,
};

/**
 * struct micro_forward - carries wake-ups from a driver's queue to an open file
 * @wait: the entry on the driver's queue; its private is the open file
 * @head: that queue; NULL while the forwarder is unused
 * @next: further forwarders of the file
 *
 * @head and @next are guarded by micro_poller.lock, except that a queue that
 * goes away early (POLLFREE) resets @head under its own lock.
 */
struct micro_forward {
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
	struct micro_forward *next;
};

/**
 * struct micro_poller - what an open file needs once somebody has polled it
 * @lock: guards the forwarders
 * @forward: the first forwarder; most drivers have one queue
 */
struct micro_poller {
	spinlock_t lock;
	struct micro_forward forward;
};

/**
 * struct micro_file - one open(2)
 * @active: operations inside, and whether the file is revoked
 * @state: an enum micro_file_state, changed under micro_binding.lock
 * @mapped: it has been mapped; guarded by micro_binding.lock
 * @subscribed: the driver's fasync() was called; set by who is inside
 * @pid: the process that opened it
 * @drv: the driver; only touched by who is inside, or releases the file
 * @binding: holds a reference
 * @drvdata: the driver's
 * @filp: the VFS's side, which owns this object
 * @wq: user space that polls, and operations that may be revoked, sleep here
 * @node: in micro_binding.files
 * @fasync: user space that wants SIGIO; changed by who is inside
 * @poller: NULL until it is polled; made by who is inside, and freed before the
 *	driver's release()
 * @mmaps: mmap calls that may not have linked their mapping yet, guarded by
 *	micro_binding.lock
 * @stats: what it has counted, NULL if nothing; made by who is inside, and left
 *	to the instance when the file leaves micro_binding.files
 *
 * There may be many, so what most files never need is a pointer.
 */
struct micro_file {
	struct micro_active active;
	u8 state;
	bool mapped;
	bool subscribed;
	pid_t pid;
	struct micro_driver *drv;
	struct micro_binding *binding;
	void *drvdata;
	struct file *filp;
	wait_queue_head_t wq;
	struct hlist_node node;
	struct fasync_struct *fasync;
	struct micro_poller *poller;
	struct micro_mmap *mmaps;
	struct micro_statistics *stats;
};

/* uevents have 2 KiB for everything; the least specific strings are left out */
#define MICRO_MODALIAS_MAX	1024

/* bus.c */
extern struct bus_type micro_bus;

int micro_bus_init(void);
void micro_bus_exit(void);
size_t micro_modalias(struct micro_instance *mi, char *buf, size_t size);
void micro_request_driver(struct micro_instance *mi, bool wait);
bool micro_refused(struct micro_instance *mi);
void micro_forget_refusals(struct micro_instance *mi);

/* device.c */
int micro_devices_init(void);
void micro_devices_exit(void);
struct micro_instance *micro_instance_create(const struct micro_instance_info *info);
void micro_instance_destroy(struct micro_instance *mi);
int micro_instance_attach(struct micro_instance *mi);
int micro_instance_set_live(struct micro_instance *mi, bool live);
int micro_instance_set_compat(struct micro_instance *mi, const char *text,
			      size_t len);
void micro_object_get(void);
void micro_object_put(void);

/* driver.c */
int micro_driver_use(struct micro_driver *drv, void *data);
void micro_driver_unuse(struct micro_driver *drv);

/* binding.c */
int micro_bindings_init(void);
void micro_bindings_exit(void);
struct micro_binding *micro_binding_create(struct micro_instance *mi,
					   struct micro_driver *drv);
int micro_binding_publish(struct micro_binding *b);
void micro_binding_revoke(struct micro_binding *b);
void micro_binding_put(struct micro_binding *b);
struct micro_binding *micro_binding_find(unsigned int minor);
void micro_binding_left(struct micro_binding *b);

void micro_binding_count(struct micro_binding *b, unsigned int *files,
			 unsigned int *operations);
int micro_bindings_for_each(int (*fn)(struct device *dev, void *data));

static inline struct micro_binding *dev_to_binding(const struct device *dev)
{
	return container_of(dev, struct micro_binding, dev);
}

static inline struct lockdep_map *micro_dep_map(struct micro_binding *b)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return &b->dep_map;
#else
	return NULL;
#endif
}

/* file.c */
extern const struct file_operations micro_bootstrap_fops;

int micro_files_init(void);
void micro_files_exit(void);
const struct file_operations *micro_fops_for(const struct micro_driver *drv);
void micro_file_unplug(struct micro_file *f);
void micro_file_release_driver(struct micro_file *f);
void micro_binding_free_spare(struct micro_binding *b);
s64 micro_file_left(struct micro_file *f, s64 ret);

/**
 * micro_file_enter() - begin an operation of an open file
 * @f: the open file
 *
 * Context: task, may sleep until micro_file_leave().
 * Return: false when the file is revoked: nothing of the driver may be touched.
 */
static inline bool micro_file_enter(struct micro_file *f)
{
	if (unlikely(!micro_active_enter(&f->active)))
		return false;
	/* kernfs's idea: a trylock, as entering never waits */
	rwsem_acquire_read(micro_dep_map(f->binding), 0, 1, _RET_IP_);
	return true;
}

/**
 * micro_file_leave() - end an operation of an open file
 * @f: the open file
 */
static inline void micro_file_leave(struct micro_file *f)
{
	rwsem_release(micro_dep_map(f->binding), _RET_IP_);
	if (micro_active_leave(&f->active))
		micro_file_left(f, 0);
}

/*
 * An operation between enter and leave; @dead is what a revoked file answers.
 * The driver is known to be there only inside.
 */
#define micro_file_call(filp, op, dead, ...)				\
({									\
	struct micro_file *__f = (filp)->private_data;			\
	typeof(__f->drv->op(__f->drv, __VA_ARGS__)) __ret = (dead);	\
									\
	if (likely(micro_file_enter(__f))) {				\
		__ret = __f->drv->op(__f->drv, __VA_ARGS__);		\
		__ret = micro_count_##op(__f, __ret);			\
		rwsem_release(micro_dep_map(__f->binding), _RET_IP_);	\
		/* As micro_file_leave(), but without keeping __ret */	\
		if (micro_active_leave(&__f->active))			\
			__ret = (__force typeof(__ret))			\
				micro_file_left(__f, (__force s64)__ret); \
	}								\
	__ret;								\
})

/**
 * micro_file_unlist() - take an open file off its binding's list
 * @f: the file; its binding's lock is held, and no operation is inside
 *
 * Context: may sleep.
 */
static inline void micro_file_unlist(struct micro_file *f)
{
	hlist_del(&f->node);
	if (unlikely(f->stats))
		micro_statistics_fold(f);
}

/* poll.c */
__poll_t micro_file_poll(struct file *filp, struct poll_table_struct *wait);
void micro_file_unforward_all(struct micro_file *f);

/**
 * micro_file_unforward() - take an open file off the driver's queues, if it is on any
 * @f: the file; no operation is inside, or ever will be
 *
 * Context: may sleep.
 */
static inline void micro_file_unforward(struct micro_file *f)
{
	if (f->poller)
		micro_file_unforward_all(f);
}

/* vma.c */
int micro_file_mmap(struct file *filp, struct vm_area_struct *vma);
void micro_binding_zap(struct micro_binding *b);
void micro_binding_free_vma_ops(struct micro_binding *b);
void micro_file_free_mmaps(struct micro_file *f);

/* debugfs.c */
#ifdef CONFIG_DEBUG_FS
int micro_debugfs_init(void);
void micro_debugfs_exit(void);
void micro_debugfs_add(struct micro_instance *mi);
void micro_debugfs_del(struct micro_instance *mi);
#else
static inline int micro_debugfs_init(void)
{
	return 0;
}

static inline void micro_debugfs_exit(void)
{
}

static inline void micro_debugfs_add(struct micro_instance *mi)
{
}

static inline void micro_debugfs_del(struct micro_instance *mi)
{
}
#endif

/* errname.c */
const char *micro_errname(int err);

/* configfs.c */
int micro_configfs_init(void);
void micro_configfs_exit(void);

/* firmware.c */
int micro_firmware_init(void);
void micro_firmware_exit(void);

#endif /* _MICRO_H */
