/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bindings and open files: the protocol of revocation
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_FILE_H
#define _MICRO_FILE_H

#include <linux/atomic.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <microkernel.h>

#include "active.h"
#include "compat.h"
#include "statistics.h"

struct micro_exclusive;
struct micro_mmap;
struct micro_poller;

/**
 * DOC: The wall around the protocol
 *
 * What is here lets a driver go while its files are open. It knows a driver, a
 * struct device and the files that were opened on it; not where devices come
 * from, how they match, or who wants them to go. binding.c begins and ends it,
 * file.c, poll.c, wait.c and vma.c are its parts.
 */

/**
 * struct micro_driver_core - the framework's side of a micro_driver
 * @number: no other registration has had it
 * @fops: what the VFS sees of the driver's files; lives until the core goes
 * @groups: its driver.dev_groups, which are added and removed by who binds
 * @key: lockdep class of the active counts of its files
 * @device_key: lockdep class of what the end of its devices calls
 */
struct micro_driver_core {
	u64 number;
	const struct file_operations *fops;
	/* newer kernels have one more const there */
	typeof_member(struct device_driver, dev_groups) groups;
	struct lock_class_key key;
	struct lock_class_key device_key;
};

/**
 * enum micro_phase - what a bind or unbind is waiting for, for who asks
 * @MICRO_PHASE_NONE: nobody but ourselves
 * @MICRO_PHASE_INIT: the driver's init(), or another bind that is in it
 * @MICRO_PHASE_PROBE: its probe()
 * @MICRO_PHASE_UNPLUG: its unplug()
 * @MICRO_PHASE_DRAIN: operations
 * @MICRO_PHASE_ATTRIBUTE: who uses one of its attributes in sysfs
 * @MICRO_PHASE_ZAP: the mmap lock of a process
 * @MICRO_PHASE_RELEASE: its release(), called by the unplug
 * @MICRO_PHASE_CLOSE: its release(), called by close(2)
 * @MICRO_PHASE_REMOVE: its remove()
 * @MICRO_PHASE_EXIT: its exit(), or another bind that is in init()
 * @MICRO_PHASE_DEVM: the undoing of what devm_* functions have made
 */
enum micro_phase {
	MICRO_PHASE_NONE,
	MICRO_PHASE_INIT,
	MICRO_PHASE_PROBE,
	MICRO_PHASE_UNPLUG,
	MICRO_PHASE_DRAIN,
	MICRO_PHASE_ATTRIBUTE,
	MICRO_PHASE_ZAP,
	MICRO_PHASE_RELEASE,
	MICRO_PHASE_CLOSE,
	MICRO_PHASE_REMOVE,
	MICRO_PHASE_EXIT,
	MICRO_PHASE_DEVM,
};

/**
 * struct micro_binding - a driver bound to a device, from bind to unbind
 * @dev: the class device, which owns this
 * @refs: together they hold one reference to @dev: the bus has one until unbind,
 *	each open file one until it is closed
 * @mdev: the device; valid as long as the binding
 * @drv: the driver; valid until unbind has returned
 * @flat: its node is directly below /dev
 * @lock: guards @files, @revoked and the state of each file
 * @files: open files whose release() nobody has begun
 * @dead: those that the revoker has released, until they are closed
 * @revoked: unbind has begun; no file may be added
 * @published: micro_binding_publish() is over; the bus's
 * @phase: an enum micro_phase
 * @drained: revoked, and no operation is inside; whoever waits for that sleeps in @wq
 * @watch: says in the log what it is that takes long
 * @revoke_ns: when the revocation has begun, if it is traced
 * @listed: its class device may have a directory for statistics, and
 *	@has_statistics, it has one; both guarded by micro_statistics_lock
 * @has_statistics: see @listed
 * @busy: what the revoker waits for: files with operations inside, that count
 *	being complete once all files are marked, and those that close(2) claimed
 * @wq: the revoker waits here for @busy to reach 0, and close(2) for a
 *	release() that the revoker has begun
 * @vma_ops: wrappers of the vm_operations that the driver used, guarded by @lock
 * @stats: where closed files leave what they have counted: the instance's, which
 *	the next binding goes on with; what it points at is guarded by @lock
 * @spare: a file that was closed, for the next open(); whoever takes it out with
 *	xchg() owns it
 * @dep_map: the active counts of all files, for lockdep
 * @device_map: held while its end calls the driver, for lockdep, which does not check
 *	the device lock
 * @ended: in the list of debugfs, once it has
 * @rcu: lookups by number are lockless
 */
struct micro_binding {
	struct device dev;
	refcount_t refs;
	struct micro_device *mdev;
	struct micro_driver *drv;
	bool flat;
	struct mutex lock;
	struct hlist_head files;
	struct hlist_head dead;
	bool revoked;
	bool published;
	u8 phase;
	bool drained;
	bool listed;
	bool has_statistics;
	atomic_t busy;
	wait_queue_head_t wq;
	struct list_head vma_ops;
	struct delayed_work watch;
	u64 revoke_ns;
	struct micro_statistics **stats;
	struct micro_file *spare;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	struct lockdep_map dep_map;
	struct lockdep_map device_map;
#endif
#ifdef CONFIG_DEBUG_FS
	struct list_head ended;
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
 * struct micro_file_more - what an open file needs when it is waited for or mapped
 * @wq: user space that polls, and operations that may be revoked, sleep here
 * @poller: NULL until it is polled; made by who is inside, and freed before the
 *	driver's release()
 * @exclusives: who polls exclusively, or has done; added to by who polls
 * @fasync: user space that wants SIGIO; changed by who is inside
 * @mmaps: mmap calls that may not have linked their mapping yet, guarded by
 *	micro_binding.lock
 * @mapped: it has been mapped; guarded by micro_binding.lock
 * @subscribed: the driver's fasync() was called; set by who is inside
 */
struct micro_file_more {
	wait_queue_head_t wq;
	struct micro_poller *poller;
	struct micro_exclusive *exclusives;
	struct fasync_struct *fasync;
	struct micro_mmap *mmaps;
	bool mapped;
	bool subscribed;
};

/**
 * struct micro_file - one open(2)
 * @head: what drivers see
 * @active: operations inside, and whether the file is revoked; after that, an enum
 *	micro_file_state, changed under micro_binding.lock
 * @drv: the driver; only touched by who is inside, or releases the file
 * @binding: holds a reference
 * @filp: the VFS's side, which owns this object
 * @node: in micro_binding.files, or micro_binding.dead
 * @pid: the process that opened it
 * @more: NULL until it is needed, see micro_file_need_more(); stays as long as the file
 * @stats: what it has counted, NULL if nothing; made by who is inside, and left
 *	to the instance when the file leaves micro_binding.files
 *
 * There may be many, so what most files never need is a pointer.
 */
struct micro_file {
	struct micro_file_head head;
	struct micro_active active;
	struct micro_driver *drv;
	struct micro_binding *binding;
	struct file *filp;
	struct hlist_node node;
	struct pid *pid;
	struct micro_file_more *more;
	struct micro_statistics *stats;
};

/* debugfs.c */
#ifdef CONFIG_DEBUG_FS
void micro_debugfs_end(struct micro_binding *b);
void micro_debugfs_forget(struct micro_binding *b);
#else
static inline void micro_debugfs_end(struct micro_binding *b)
{
}

static inline void micro_debugfs_forget(struct micro_binding *b)
{
}
#endif

/* binding.c */
#define MICRO_MINORS	(MINORMASK + 1)

int micro_number_get(u32 *minor);
void micro_number_put(u32 minor);

struct micro_binding *micro_binding_create(struct micro_device *mdev,
					   struct micro_driver *drv, u32 minor);
int micro_binding_publish(struct micro_binding *b);
bool micro_binding_is_shown(struct micro_binding *b);
void micro_binding_watch_begin(struct micro_binding *b);
void micro_binding_watch_end(struct micro_binding *b);
void micro_binding_unplug(struct micro_binding *b);
void micro_binding_remove(struct micro_binding *b);
void micro_binding_might_end(struct micro_binding *b);
void micro_binding_revoke(struct micro_binding *b);
void micro_binding_wait_revoked(struct micro_binding *b);
void micro_binding_end(struct micro_binding *b);
void micro_binding_put(struct micro_binding *b);
struct micro_binding *micro_binding_find(unsigned int minor);
void micro_binding_left(struct micro_binding *b);

void micro_file_comm(const struct micro_file *f, char comm[TASK_COMM_LEN]);
void micro_binding_count(struct micro_binding *b, unsigned int *files,
			 unsigned int *operations);
int micro_bindings_for_each(int (*fn)(struct device *dev, void *data));

static inline struct micro_binding *dev_to_binding(const struct device *dev)
{
	return container_of(dev, struct micro_binding, dev);
}

/**
 * micro_binding_get() - take another reference
 * @b: the binding, to which the caller has one
 */
static inline void micro_binding_get(struct micro_binding *b)
{
	refcount_inc(&b->refs);
}

/* What the next thing is that may take long; the watch looks at it now and then */
static inline void micro_binding_phase(struct micro_binding *b, enum micro_phase phase)
{
	WRITE_ONCE(b->phase, phase);
}

static inline struct lockdep_map *micro_dep_map(struct micro_binding *b)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return &b->dep_map;
#else
	return NULL;
#endif
}

static inline struct lockdep_map *micro_device_map(struct micro_binding *b)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return &b->device_map;
#else
	return NULL;
#endif
}

/* file.c */
extern const struct file_operations micro_bootstrap_fops;

const struct file_operations *micro_fops_for(const struct micro_driver *drv);
void micro_file_unplug(struct micro_file *f);
void micro_file_release_driver(struct micro_file *f);
void micro_binding_free_spare(struct micro_binding *b);
struct micro_file_more *micro_file_make_more(struct micro_file *f);
s64 micro_file_left(struct micro_file *f, s64 ret);

/**
 * micro_file_get_more() - what a file that is waited for or mapped needs, if it has it
 * @f: the open file
 *
 * Context: any.
 * Return: that, or NULL.
 */
static inline struct micro_file_more *micro_file_get_more(const struct micro_file *f)
{
	/* pairs with micro_file_make_more() */
	return smp_load_acquire(&f->more);
}

/**
 * micro_file_need_more() - likewise, made if need be
 * @f: the open file
 *
 * Whoever asks for revocation after this is seen by the revoker, or sees it.
 *
 * Context: may sleep.
 * Return: that; there is no error.
 */
static inline struct micro_file_more *micro_file_need_more(struct micro_file *f)
{
	return micro_file_get_more(f) ?: micro_file_make_more(f);
}

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
	micro_file_call_aside(filp, op, dead, (void)0, __VA_ARGS__)

/*
 * Moves four arguments to where the driver's operation wants them: one further, as
 * the driver comes first. Done before the driver is loaded, that goes to its place at
 * once, which is an instruction less, of twenty.
 */
#define micro_aside(a, b, c, d)						\
do {									\
	asm volatile("" : "+r" (d));					\
	asm volatile("" : "+r" (c));					\
	asm volatile("" : "+r" (b));					\
	asm volatile("" : "+r" (a));					\
} while (0)

#define micro_file_call_aside(filp, op, dead, aside, ...)		\
({									\
	struct micro_file *__f = (filp)->private_data;			\
	typeof(__f->drv->op(__f->drv, __VA_ARGS__)) __ret = (dead);	\
									\
	if (likely(micro_file_enter(__f))) {				\
		aside;							\
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
void micro_file_unforward_all(struct micro_file_more *more);
void micro_file_wake_exclusives(struct micro_file_more *more);
void micro_file_free_exclusives(struct micro_file_more *more);

/**
 * micro_file_unforward() - take an open file off the driver's queues, if it is on any
 * @f: the file; no operation is inside, or ever will be
 *
 * Context: may sleep.
 */
static inline void micro_file_unforward(struct micro_file *f)
{
	struct micro_file_more *more = micro_file_get_more(f);

	/* A dead file can be polled, too */
	if (more && (more->poller || READ_ONCE(more->exclusives)))
		micro_file_unforward_all(more);
}

/* vma.c */
int micro_file_mmap(struct file *filp, struct vm_area_struct *vma);
void micro_binding_zap(struct micro_binding *b);
void micro_binding_free_vma_ops(struct micro_binding *b);
void micro_file_free_mmaps(struct micro_file_more *more);

#endif /* _MICRO_FILE_H */
