/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * micro_user: drivers that are processes, what its files share
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MU_USER_H
#define _MU_USER_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <microkernel.h>
#include <uapi/micro_user.h>

#include "../core/compat.h"

/**
 * DOC: Objects and locks
 *
 * A user driver (&struct mu_driver) is made when a server node is bound: an instance of
 * the driver micro_user. It registers a &struct micro_driver, whose devices are
 * &struct mu_instance and whose open files are &struct mu_file. A process that attaches
 * makes a &struct mu_session. A client's operation is a &struct mu_request on the stack
 * of its thread; to reach the server it needs one of its device's slots, &struct mu_slot.
 *
 * One spinlock for each user driver, mu_driver.lock, guards all of that. Nobody sleeps
 * under it, and payloads are copied without it: a slot belongs to its client while that
 * fills it or takes the answer out, and to nobody else.
 *
 * mu_driver.map_sem is for the server's mappings: to enter a page, it is held for
 * reading; to take pages away, for writing, and the end of a session is one with that. It is
 * taken inside the mmap lock, and mu_driver.lock inside of it.
 */

#define MU_AREA_SHIFT	27		/* of the node's mappings, each device has so much */
#define MU_AREA_HALF	BIT(26)		/* half of it for payloads, half for memory */
#define MU_INSTANCES	65535
#define MU_CLOSING_MAX	256		/* releases of a device that the server was not told */
#define MU_ASK_MS	1000		/* how often user space is asked for a server at most */
#define MU_TICK		(HZ / 20 ?: 1)	/* how often the watchdog looks, while it does */

/* micro_user_record.slot of what is in no slot */
#define MU_SLOT_PROBE	0xffff
#define MU_SLOT_RESTORE	0xfffe
#define MU_SLOT_MAX	256
/* ... and micro_user_record.id */
#define MU_ID_PROBE	BIT_ULL(62)
#define MU_ID_RESTORE	BIT_ULL(63)

struct mu_driver;
struct mu_file;
struct mu_instance;
struct mu_request;
struct mu_session;

enum mu_on_hang {
	MU_HANG_DETACH,
	MU_HANG_KILL,
	MU_HANG_LOG,
};

/* Does the session's server know of it? */
enum mu_told {
	MU_UNTOLD,
	MU_TELLING,		/* it has the record, and has not answered */
	MU_TOLD,
};

/**
 * struct mu_post - a notice that waits to be taken, or a RESTORE
 * @link: in mu_instance.posts; empty when it is not
 * @type: enum micro_user_type, by which the struct around it is known
 *
 * It is part of what it is about, so that notices need no memory when they are made,
 * and there are not more of them than of those.
 */
struct mu_post {
	struct list_head link;
	u8 type;
};

/**
 * enum mu_slot_state - whose a slot is
 * @MU_SLOT_FREE: nobody's, in mu_instance.free
 * @MU_SLOT_CLIENT: its client's, who fills it, or takes the answer out
 * @MU_SLOT_QUEUED: its client sleeps, the server does not know of it
 * @MU_SLOT_SERVED: its client sleeps, the server has it
 * @MU_SLOT_ORPHAN: its client has left, the server still has it
 * @MU_SLOT_UNDELIVERED: the server has answered and will be told that nobody took it
 */
enum mu_slot_state {
	MU_SLOT_FREE,
	MU_SLOT_CLIENT,
	MU_SLOT_QUEUED,
	MU_SLOT_SERVED,
	MU_SLOT_ORPHAN,
	MU_SLOT_UNDELIVERED,
};

/**
 * struct mu_handed - when and how the server got a record that it has to answer
 * @since: jiffies
 * @ring: the ring that has it; while the server has it
 * @batch: mu_ring.batch then
 */
struct mu_handed {
	unsigned long since;
	struct mu_ring *ring;
	u32 batch;
};

/**
 * struct mu_slot - a place for a request that the server may have
 * @link: in mu_instance.free, .queue, or mu_session.served
 * @inst: the device
 * @req: the request; NULL once its client has left, and when free
 * @data: the payload, made when it is used first, kept
 * @id: of the request
 * @file: number of the open file, for what comes after the client has left
 * @cookie: likewise
 * @result: likewise, of the answer
 * @taken: likewise, bytes of it that the client has
 * @handed: when it was delivered
 * @used: so many bytes of @data may be others than 0
 * @index: in mu_instance.slots
 * @state: enum mu_slot_state
 * @type: enum micro_user_type of the request
 * @exposed: a server has gone that may still write to @data, until its pages are taken away, and
 *	may have written anything to it
 * @post: MICRO_USER_UNDELIVERED
 */
struct mu_slot {
	struct list_head link;
	struct mu_instance *inst;
	struct mu_request *req;
	void *data;
	u64 id;
	u64 file;
	u64 cookie;
	s64 result;
	s64 taken;
	struct mu_handed handed;
	u32 used;
	u16 index;
	u8 state;
	u8 type;
	bool exposed;
	struct mu_post post;
};

/**
 * struct mu_request - an operation of a client, on its stack
 * @file: the open file
 * @slot: its slot, once it has one
 * @link: in mu_instance.waiters, until then
 * @wq: where its thread sleeps
 * @settled: there is something to do for the thread: it has a slot; or the answer
 *	(@result); or has to begin again; or to give up (@error)
 * @again: its server was lost: fill the slot again
 * @delivered: the server of today has it, or had it
 * @type: enum micro_user_type
 * @flags: of the record
 * @error: 0, or why to give up
 * @attempt: how many servers were lost with it
 * @id: of the request
 * @order: when it began, compared with the others of the device
 * @seq: number of the driver's last notification when it was delivered
 * @since: jiffies when it began
 * @count: bytes that are wanted or given
 * @room: bytes that may be returned
 * @events: the answer was "not now": wait for one of these
 * @result: the answer
 * @iter: READ, WRITE: the client's buffer
 * @pos: READ, WRITE: the position; LLSEEK: the offset
 * @whence: LLSEEK
 * @cmd: IOCTL
 * @arg: IOCTL
 * @pid: whose it is
 * @uid: who that is, which need not be who opened the file
 * @gid: likewise
 */
struct mu_request {
	struct mu_file *file;
	struct mu_slot *slot;
	struct list_head link;
	struct wait_queue_head wq;
	bool settled;
	bool again;
	bool delivered;
	u8 type;
	u16 flags;
	int error;
	u32 attempt;
	u64 id;
	u64 order;
	u64 seq;
	unsigned long since;
	u32 count;
	u32 room;
	__poll_t events;
	s64 result;
	struct iov_iter *iter;
	s64 pos;
	u32 whence;
	u32 cmd;
	unsigned long arg;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
};

/**
 * struct mu_file - a client's open file
 * @link: in mu_instance.files, from a successful open on; or in .opening
 * @inst: the device
 * @filp: the open file, until release
 * @number: its name for the server
 * @cookie: stored for the server
 * @state: likewise
 * @events: what was notified for it
 * @stamp: the number of that notification
 * @wq: poll() waits here, and who was told "not now"
 * @fasync: who wants SIGIO
 * @post: OPEN or RESTORE
 * @release: RELEASE
 * @uid: who opened it
 * @gid: likewise
 * @told: does the server know of it?
 * @closed: the client has released it, and the server is to be told
 * @orphans: requests of it that the server has, and no client: @release waits for them
 * @error: the server could not restore it
 * @restores: servers that were lost with its RESTORE, the first of them perhaps by another record
 * @suspect: one was, so that it goes to the next one alone
 * @handed: when that was delivered
 */
struct mu_file {
	struct list_head link;
	struct mu_instance *inst;
	struct file *filp;
	u64 number;
	u64 cookie;
	u8 state[MICRO_USER_STATE];
	__poll_t events;
	u64 stamp;
	struct wait_queue_head wq;
	struct fasync_struct *fasync;
	struct mu_post post;
	struct mu_post release;
	kuid_t uid;
	kgid_t gid;
	u8 told;
	u16 orphans;
	bool closed;
	bool error;
	bool suspect;
	u32 restores;
	struct mu_handed handed;
};

/**
 * struct mu_instance - a device of a user driver
 * @ud: the driver
 * @number: its name for the server; index in mu_driver.instances
 * @ready: in mu_driver.ready while there may be something to deliver
 * @posts: notices that wait, struct mu_post
 * @queue: requests that wait, struct mu_slot, in the order of mu_request.order
 * @waiters: requests that wait for a slot, struct mu_request
 * @free: slots that are free
 * @files: open files
 * @opening: those whose open() was told "not now"
 * @dead: in mu_ring.dead, when the server was told that it went
 * @post: MICRO_USER_REMOVE
 * @closing_wq: open() waits here while @closing is too high
 * @closing: how many RELEASE notices wait
 * @orphans: slots that are MU_SLOT_ORPHAN: @post waits for them
 * @told: does the server know of it?
 * @handed: when it was told
 * @removed: the device went
 * @error: what the server answered to PROBE
 * @events: what was notified for it
 * @stamp: the number of that notification
 * @memory: "memory-size" bytes
 * @name: of the device
 * @slots: as many as the driver's depth
 */
struct mu_instance {
	struct mu_driver *ud;
	u32 number;
	struct list_head ready;
	struct list_head posts;
	struct list_head queue;
	struct list_head waiters;
	struct list_head free;
	struct list_head files;
	struct list_head opening;
	struct list_head dead;
	struct mu_post post;
	struct wait_queue_head closing_wq;
	u32 closing;
	u32 orphans;
	u8 told;
	struct mu_handed handed;
	bool removed;
	int error;
	__poll_t events;
	u64 stamp;
	void *memory;
	char name[MICRO_USER_NAME];
	struct mu_slot slots[];
};

/**
 * struct mu_ring - where a thread of the server gets its records
 * @records: of them
 * @wq: where the thread sleeps
 * @idle: in mu_session.idle while it does, and nobody has woken it
 * @dead: devices whose REMOVE is in the ring
 * @busy: 1 while a thread is at it. Not a bool: on s390, xchg() of a byte leaves other bits beside
 *	it in its result, which a bool takes for true; some architectures have none for bytes
 * @noticing: the thread has taken notices, and has not come back for more: it may still be at them
 * @batch: how often the thread has taken records
 * @answered: jiffies when it took them last, or has answered one of these since
 */
struct mu_ring {
	struct micro_user_record *records;
	struct wait_queue_head wq;
	struct list_head idle;
	struct list_head dead;
	u32 busy;
	bool noticing;
	u32 batch;
	unsigned long answered;
};

/**
 * struct mu_guest - a process that may be inside an operation of the server node
 * @link: in mu_driver.guests
 * @pid: the process
 * @session: the guest is part of it; NULL: the process is inside, to attach
 */
struct mu_guest {
	struct list_head link;
	struct pid *pid;
	struct mu_session *session;
};

/**
 * struct mu_session - a process that serves, from attach to its end
 * @ref: of the server's open file, of the driver, and of threads inside
 * @ud: the driver
 * @guest: the process; until no thread of it is inside
 * @number: 1 for the driver's first
 * @ended: it is over
 * @leaving: another process takes over: no more records
 * @entries: records of a ring
 * @ring_size: bytes of it
 * @nr_rings: how many there are, without the one for read()
 * @rings: these, and the one for read()
 * @idle: rings whose threads sleep
 * @served: slots that it has, the oldest first
 * @outstanding: records it has and has to answer
 * @noticing: rings whose threads may be at notices
 * @telling: those of @outstanding that are PROBE and RESTORE
 * @suspect: the request or RESTORE that it got last had lost a server before
 * @progress: jiffies of its last step
 * @server: its open file, valid until @ended
 * @exit_wait: on the process's queue
 * @exit_work: ends the session of a dead process
 */
struct mu_session {
	struct kref ref;
	struct mu_driver *ud;
	struct mu_guest guest;
	u32 number;
	bool ended;
	bool leaving;
	u32 entries;
	u32 ring_size;
	u32 nr_rings;
	struct mu_ring *rings;
	struct list_head idle;
	struct list_head served;
	u32 outstanding;
	u32 noticing;
	u32 telling;
	bool suspect;
	unsigned long progress;
	struct mu_server *server;
	struct wait_queue_entry exit_wait;
	struct work_struct exit_work;
};

/**
 * struct mu_server - an open file of a server node
 * @ud: the driver
 * @session: its session, or NULL; guarded by mu_driver.lock
 * @lock: taken by attach
 * @wq: where its poll() waits
 */
struct mu_server {
	struct mu_driver *ud;
	struct mu_session *session;
	struct mutex lock;		/* guards attach */
	struct wait_queue_head wq;
};

/**
 * struct mu_properties - what the server node's properties say
 *
 * See docs/user-drivers.md for each.
 */
struct mu_properties {
	const char *name;
	struct of_device_id *ids;
	u32 operations;
	u32 mode;
	u32 depth;
	u32 data_size;
	u32 memory_size;
	bool open_posted;
	bool release_posted;
	u32 again;
	u32 grace_ms;
	u32 answer_ms;
	u32 on_hang;
	u32 attempts;
};

/**
 * struct mu_driver - a driver that a process serves
 * @drv: what is registered for it
 * @mdev: the server node's device
 * @p: properties
 * @stride: bytes of a slot's payload, whole pages
 * @lock: see above
 * @session: of the process that serves, or NULL
 * @serving: and has said that it is ready
 * @going: the server node is unbound
 * @going_since: jiffies since then, or since those inside were killed last
 * @guests: processes that may be inside an operation of the server node
 * @wanted: user space was told that a server is wanted, and a request waits for that
 * @deferred: a request waits for a server, and it is too early to tell user space
 * @asked: user space was told so since there was a server
 * @watching: the watchdog is on its way
 * @instances: devices, by number
 * @files: open files, by number
 * @ready: devices that may have something to deliver; they take turns
 * @requests: operations that want the server, or have it
 * @suspects: those of them that are queued and had lost a server
 * @id: of the last request
 * @file: number of the last file
 * @order: of the last request
 * @seq: number of the last notification
 * @since: jiffies when it stopped serving
 * @asked_at: jiffies when it was told last
 * @looked: jiffies when the watchdog looked last
 * @sessions: how many there were
 * @lost: how many of them were lost
 * @stale: answers to nothing
 * @next_instance: for xa_alloc_cyclic()
 * @wq: who takes over waits here
 * @watch: the watchdog
 * @map_sem: see above
 * @mapping: of the server's node, while there is a session
 */
struct mu_driver {
	struct micro_driver drv;
	struct micro_device *mdev;
	struct mu_properties p;
	u32 stride;
	spinlock_t lock;		/* guards all that is not payload */
	struct mu_session *session;
	bool serving;
	bool going;
	unsigned long going_since;
	struct list_head guests;
	bool wanted;
	bool deferred;
	bool asked;
	bool watching;
	struct xarray instances;
	struct xarray files;
	struct list_head ready;
	u32 requests;
	u32 suspects;
	u64 id;
	u64 file;
	u64 order;
	u64 seq;
	unsigned long since;
	unsigned long asked_at;
	unsigned long looked;
	u32 sessions;
	u32 lost;
	u32 stale;
	u32 next_instance;
	struct wait_queue_head wq;
	struct delayed_work watch;
	struct rw_semaphore map_sem;
	struct address_space *mapping;
};

static inline struct mu_driver *mu_from_drv(struct micro_driver *drv)
{
	return container_of(drv, struct mu_driver, drv);
}

/* Is it longer ago than so many milliseconds? */
static inline bool mu_late(unsigned long since, u32 ms)
{
	return time_after(jiffies, since + msecs_to_jiffies(ms));
}

/* The MICRO_USER_OP_* of a record type, if there is one */
static inline u32 mu_operation(u8 type)
{
	return BIT(type - MICRO_USER_OPEN);
}

/* driver.c */
extern const struct attribute_group *mu_driver_groups[];
int mu_driver_probe(struct micro_device *mdev);
void mu_driver_unplug(struct micro_device *mdev);
void mu_driver_remove(struct micro_device *mdev);
void mu_driver_uevent(struct mu_driver *ud, const char *what);

/* property.c */
int mu_properties_read(struct micro_device *mdev, struct mu_properties *p);
void mu_properties_free(struct mu_properties *p);

/* session.c */
void mu_guest_enter(struct mu_driver *ud, struct mu_guest *guest, struct mu_session *s);
bool mu_guest_inside(const struct mu_guest *guest);
void mu_guest_leave(struct mu_driver *ud, struct mu_guest *guest);
int mu_session_attach(struct file *filp, struct mu_server *server,
		      struct micro_user_attach *attach);
int mu_session_ready(struct mu_session *s);
void mu_session_unplug(struct mu_driver *ud);
void mu_session_end(struct mu_session *s, bool lost, const char *why);
struct mu_session *mu_session_get(struct mu_server *server);
void mu_session_put(struct mu_session *s);
void mu_session_drop(struct mu_session *s, const char *why);
bool mu_session_dying(struct mu_session *s);
int mu_session_killed(struct mu_session *s);

/* server.c */
int mu_server_open(struct micro_driver *drv, struct file *filp);
int mu_server_release(struct micro_driver *drv, struct file *filp);
long mu_server_ioctl(struct micro_driver *drv, struct file *filp, unsigned int cmd,
		     unsigned long arg);
long mu_server_compat_ioctl(struct micro_driver *drv, struct file *filp, unsigned int cmd,
			    unsigned long arg);
ssize_t mu_server_read(struct micro_driver *drv, struct file *filp, char __user *buf,
		       size_t count, loff_t *offset);
ssize_t mu_server_write(struct micro_driver *drv, struct file *filp, const char __user *buf,
			size_t count, loff_t *offset);
__poll_t mu_server_poll(struct micro_driver *drv, struct file *filp,
			struct poll_table_struct *wait);
int mu_copy_struct(void *to, size_t size, const void __user *from);

/* deliver.c */
void mu_post(struct mu_instance *inst, struct mu_post *post, u8 type);
void mu_post_undelivered(struct mu_slot *slot, s64 result, s64 taken);
void mu_instance_kick(struct mu_instance *inst);
void mu_session_kick(struct mu_session *s);
bool mu_deliverable(struct mu_session *s);
void mu_batch(struct mu_session *s, struct mu_ring *ring);
bool mu_take(struct mu_session *s, struct mu_ring *ring, struct micro_user_record *rec,
	     size_t *payload);
int mu_sleep(struct file *filp, struct mu_session *s, struct mu_ring *ring);
int mu_next(struct file *filp, struct mu_session *s, struct mu_ring *ring, u32 max);

/* reply.c */
int mu_reply_check(const struct micro_user_reply *reply);
void mu_session_less(struct mu_session *s);
void mu_reply(struct mu_session *s, const struct micro_user_reply *reply);
struct mu_slot *mu_reply_slot(struct mu_session *s, const struct micro_user_reply *reply);
int mu_save(struct mu_session *s, const struct micro_user_save *save);

/* mapping.c */
int mu_server_mmap(struct micro_driver *drv, struct file *filp, struct vm_area_struct *vma);
void mu_map_begin(struct mu_session *s, struct address_space *mapping);
void mu_unmap_instance(struct mu_instance *inst);
void mu_unmap_all(struct mu_driver *ud);

/* instance.c */
int mu_instance_probe(struct micro_device *mdev);
void mu_instance_remove(struct micro_device *mdev);
void mu_instance_forget(struct mu_instance *inst);
void mu_instance_free(struct mu_instance *inst);
void mu_instances_free(struct list_head *dead);

/* file.c */
struct mu_file *mu_file_alloc(struct mu_instance *inst, struct file *filp);
void mu_file_free(struct mu_file *file);
void mu_file_drop(struct mu_file *file);
struct mu_file *mu_file_find(struct mu_driver *ud, u64 number);
void mu_file_restore(struct mu_file *file);

/* request.c */
void mu_request_want(struct mu_driver *ud, bool waits);
void mu_request_init(struct mu_request *req, struct mu_file *file, u8 type);
int mu_request_run(struct file *filp, struct mu_request *req);
void mu_request_done(struct mu_request *req, s64 taken);
void mu_request_settle(struct mu_request *req);
void mu_request_unqueue(struct mu_request *req);
void mu_request_refuse_all(struct mu_instance *inst);
void mu_request_lost(struct mu_slot *slot, bool served);
void mu_slot_free(struct mu_slot *slot);

/* client.c */
void mu_client_operations(struct micro_driver *drv, u32 operations);

/* event.c */
__poll_t mu_file_events(struct mu_file *file);
int mu_notify(struct mu_session *s, struct micro_user_notify *notify);
void mu_file_not_now(struct mu_file *file, __poll_t events, u64 seq);

/* watch.c */
void mu_watch(struct mu_driver *ud);
void mu_watchdog(struct work_struct *work);

#endif /* _MU_USER_H */
