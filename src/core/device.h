/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices, the bus and drivers: what is behind a front end
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_DEVICE_H
#define _MICRO_DEVICE_H

#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <microkernel.h>

#include "compat.h"
#include "instance.h"
#include "match.h"

struct mem_cgroup;
struct micro_binding;
struct micro_job_waiter;
struct micro_statistics;

/**
 * enum micro_job - what is to be done to an instance, or being done
 * @MICRO_JOB_NONE: nothing
 * @MICRO_JOB_MAKE: bind it if there is a driver, after it was made
 * @MICRO_JOB_LIVE: let it be bound, and bind it
 * @MICRO_JOB_OFF: unbind it for good
 * @MICRO_JOB_MATCH: give it other compatible strings, and bind it anew
 * @MICRO_JOB_BURY: unbind and remove it
 */
enum micro_job {
	MICRO_JOB_NONE,
	MICRO_JOB_MAKE,
	MICRO_JOB_LIVE,
	MICRO_JOB_OFF,
	MICRO_JOB_MATCH,
	MICRO_JOB_BURY,
};

/**
 * DOC: Objects and locks
 *
 * One direction only: a front end knows its micro_instance, an instance knows
 * its binding, a binding knows its files. A front end never touches a binding,
 * and the file path never touches a front end.
 *
 * Lock order, outermost first:
 *
 * 1. what a front end holds (configfs: inode locks, su_mutex). micro_fw_lock of
 *    firmware is held for moments, and nothing is taken inside
 * 2. the device lock of micro_device.dev: bind, unbind, revocation; inside it
 *    micro_cfs.tree_lock, while a tree is copied, and micro_statistics_lock
 * 3. micro_driver_users.lock: init and exit of a driver; micro_modprobes_lock, which is
 *    held for moments, and nothing is taken inside
 * 4. mmap_lock of a process: mmap and faults call into files
 * 5. micro_debugfs_lock: the list of devices; then micro_binding.lock: the list
 *    of open files
 * 6. i_mmap_rwsem (zapping), micro_poller.lock, then a driver's wait queue,
 *    then micro_file.wq
 * 7. micro_instance.lock: its binding, its job, and what attributes show
 *
 * No driver code is ever called with a lock from 4 on held by the framework.
 * The active count of an open file is not a lock, but whoever waits for it to
 * drop behaves as if it were: micro_binding.dep_map tells lockdep so. It is
 * taken (for write) between 2 and 3, with everything an operation takes inside.
 */

/**
 * struct micro_instance - the framework's side of a micro_device
 * @mdev: what drivers see
 * @hash: node in the table of names
 * @lock: guards mdev.driver, @binding, @ending and @generation, @adding and @missed,
 *	@job, @waiter, @late, @doomed and @buried
 * @base: what drivers are matched with up to its first dot: mdev.name, or a copy
 * @minor: its device number, from micro_number_get()
 * @compat: compatible strings, NULL without any; read under RCU, changed by the
 *	front end with the device lock held
 * @binding: the current binding, NULL while unbound; set with the device lock held
 * @ending: the binding that is being ended, else NULL. Whoever moves it here from
 *	@binding revokes it; it is forgotten with the device lock held
 * @adding: device_add() is at work, which binds no driver
 * @missed: a driver was turned away for that
 * @matched: a driver fits, and has not been asked since
 * @load: what to do when no driver is there
 * @job: what a worker has to do, or is at; whoever claims it hands it over
 * @doomed: it is to be removed, and nothing may bind it any more
 * @buried: it has been removed
 * @late: who waited for @job has given up
 * @job_compat: for MICRO_JOB_MATCH
 * @job_memcg: the memory cgroup of who has asked for @job, for the worker
 * @waiter: who waits for the result of @job; NULL if nobody does any more
 * @wq: whoever waits for a job sleeps here
 * @work: the worker's
 * @rcu: names are looked up without a lock; @work is over by then
 * @refusals: drivers whose probe() said that the device is none of theirs, since it
 *	was last asked to be bound; guarded by @lock
 * @attacher: the task in micro_instance_attach(), while it is
 * @error: why the last attempt to bind failed: a negative errno, or 0; changed
 *	by the front end and by who binds
 * @generation: how many times it has been bound
 * @fwnode: the firmware node that it was made for; may be NULL. Until the device is
 *	removed, then it becomes NULL with @lock held
 * @keeper: micro_instance_info.keeper, likewise
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
	u32 minor;
	struct micro_compat __rcu *compat;
	struct micro_binding *binding;
	struct micro_binding *ending;
	bool adding;
	bool missed;
	bool matched;
	u8 load;
	u8 job;
	bool doomed;
	bool buried;
	bool late;
	struct micro_compat *job_compat;
	struct mem_cgroup *job_memcg;
	struct micro_job_waiter *waiter;
	wait_queue_head_t wq;
	union {
		struct work_struct work;
		struct rcu_head rcu;
	};
	struct micro_refusal *refusals;
	struct task_struct *attacher;
	int error;
	unsigned int generation;
	struct fwnode_handle *fwnode;
	struct device *keeper;
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

/* uevents have 2 KiB for everything; the least specific strings are left out */
#define MICRO_MODALIAS_MAX	1024

/* bus.c */
extern struct bus_type micro_bus;

/* What a probe() says of a device that is not its driver's */
static inline bool micro_is_refusal(int err)
{
	return err == -ENODEV || err == -ENXIO;
}

size_t micro_modalias(struct micro_instance *mi, char *buf, size_t size);
bool micro_refused(struct micro_instance *mi);
void micro_forget_refusals(struct micro_instance *mi);
void micro_instance_revoke(struct micro_instance *mi);
void micro_instance_might_end(struct micro_instance *mi);

/* device.c */
int micro_instance_attach(struct micro_instance *mi);
int micro_instance_do(struct micro_instance *mi, enum micro_job job,
		      struct micro_compat *compat);
const char *micro_instance_state(const struct micro_instance *mi);
bool micro_instance_is_locked(struct micro_instance *mi);
struct micro_instance *micro_instance_find_locked(void);

/* job.c */
void micro_job_init(struct micro_instance *mi);
int micro_job_run(struct micro_instance *mi, enum micro_job job,
		  struct micro_compat *compat);
void micro_job_bury(struct micro_instance *mi);

/* supply.c */
int micro_supply_dma(struct micro_instance *mi);
int micro_supply_power(struct micro_instance *mi);

/* driver.c */
int micro_driver_use(struct micro_driver *drv, void *data);
void micro_driver_unuse(struct micro_driver *drv);

/* debugfs.c */
#ifdef CONFIG_DEBUG_FS
void micro_debugfs_add(struct micro_instance *mi);
void micro_debugfs_del(struct micro_instance *mi);
#else
static inline void micro_debugfs_add(struct micro_instance *mi)
{
}

static inline void micro_debugfs_del(struct micro_instance *mi)
{
}
#endif

/* errname.c */
const char *micro_errname(int err);

#endif /* _MICRO_DEVICE_H */
