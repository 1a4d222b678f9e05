// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: a process that serves, from attach to its end
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "user.h"

/**
 * DOC: The end of a session
 *
 * It belongs to the process that attached, not to the descriptor: a child and whoever
 * is sent the descriptor can do nothing with it, and keep nothing alive with it. So
 * a session ends with the first of: detach; the last close of the descriptor; the process has
 * exited, which its pid tells; a thread of it in NEXT sees that the process is dying; the
 * watchdog sees that, as a core dump can take long before anything else happens; the
 * watchdog is fed up with it; another process has taken over.
 *
 * Whoever finds it first ends it, under mu_driver.map_sem and mu_driver.lock.
 */

static void mu_rings_free(struct mu_session *s)
{
	u32 i;

	if (!s->rings)
		return;
	for (i = 0; i <= s->nr_rings; i++)
		vfree(s->rings[i].records);
	kfree(s->rings);
}

static int mu_rings_alloc(struct mu_session *s)
{
	u32 i;

	s->rings = kcalloc(s->nr_rings + 1, sizeof(*s->rings), GFP_KERNEL_ACCOUNT);
	if (!s->rings)
		return -ENOMEM;

	for (i = 0; i <= s->nr_rings; i++) {
		struct mu_ring *ring = &s->rings[i];

		init_waitqueue_head(&ring->wq);
		INIT_LIST_HEAD(&ring->idle);
		INIT_LIST_HEAD(&ring->dead);
		/*
		 * The last one is for read(), which takes one record and its payload. Where memory
		 * is short, it is ENOMEM, and nobody is killed.
		 */
		ring->records = __vmalloc(i < s->nr_rings ? s->ring_size :
					  sizeof(*ring->records) + s->ud->p.data_size,
					  GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
					  __GFP_NORETRY);
		if (!ring->records)
			return -ENOMEM;
	}
	return 0;
}

/**
 * mu_guest_enter() - the caller may be inside an operation of the server node for long
 * @ud: the driver
 * @guest: written; for mu_guest_leave()
 * @s: the session that has @guest as a member; NULL if the caller has none yet
 *
 * A page of its memory may not come, with userfaultfd or FUSE, and the node can't be
 * removed while it sleeps for that. See mu_watchdog().
 *
 * Context: may sleep.
 */
void mu_guest_enter(struct mu_driver *ud, struct mu_guest *guest, struct mu_session *s)
{
	guest->pid = get_pid(task_tgid(current));
	guest->session = s;
	guard(spinlock)(&ud->lock);
	list_add(&guest->link, &ud->guests);
}

/**
 * mu_guest_leave() - no thread of the process is inside any more
 * @ud: the driver
 * @guest: what mu_guest_enter() has written
 *
 * Context: may sleep.
 */
void mu_guest_leave(struct mu_driver *ud, struct mu_guest *guest)
{
	scoped_guard(spinlock, &ud->lock)
		list_del(&guest->link);
	put_pid(guest->pid);
}

/**
 * mu_guest_inside() - is a thread of the process in an operation of the server node?
 * @guest: in mu_driver.guests
 *
 * Context: mu_driver.lock is held.
 * Return: true if so. A session that is not over has a reference of the driver; and one of the
 * server's open file, until that is released.
 */
bool mu_guest_inside(const struct mu_guest *guest)
{
	struct mu_session *s = guest->session;

	return !s || kref_read(&s->ref) > (s->ended ? 1 : 2);
}

static void mu_session_release(struct kref *ref)
{
	struct mu_session *s = container_of(ref, struct mu_session, ref);

	mu_guest_leave(s->ud, &s->guest);
	mu_rings_free(s);
	kfree(s);
}

/**
 * mu_session_put() - drop a reference
 * @s: the session
 *
 * Context: may sleep.
 */
void mu_session_put(struct mu_session *s)
{
	kref_put(&s->ref, mu_session_release);
}

/**
 * mu_session_get() - the session of a server's open file, for its process
 * @server: the open file
 *
 * Context: may sleep.
 * Return: the session, for mu_session_put(); ERR_PTR(-ENOTCONN) without one, -EPERM in
 * another process than the one that attached.
 */
struct mu_session *mu_session_get(struct mu_server *server)
{
	struct mu_session *s;

	guard(spinlock)(&server->ud->lock);
	s = server->session;
	if (!s)
		return ERR_PTR(-ENOTCONN);
	if (s->guest.pid != task_tgid(current))
		return ERR_PTR(-EPERM);
	kref_get(&s->ref);
	return s;
}

/**
 * mu_session_dying() - is the process about to end?
 * @s: the session
 *
 * Context: any.
 * Return: true from the moment on when it can't come back to user space, for example
 * when it begins to dump core.
 */
bool mu_session_dying(struct mu_session *s)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(s->guest.pid, PIDTYPE_TGID);
	/* Whoever asks a moment too early asks again */
	return !task || !atomic_read(&task->signal->live) ||
	       READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT;
}

/**
 * mu_session_killed() - is the caller, a thread of the server, killed?
 * @s: the session
 *
 * Nothing is delivered to such a thread, as it would be lost with the process. Nobody has to
 * wait until the rest of the process has noticed: the session ends.
 *
 * Context: may sleep.
 * Return: 0; -EINTR.
 */
int mu_session_killed(struct mu_session *s)
{
	if (likely(!fatal_signal_pending(current)))
		return 0;
	if (mu_session_dying(s))
		mu_session_end(s, true, "it is killed");
	return -EINTR;
}

static void mu_session_exit_work(struct work_struct *work)
{
	struct mu_session *s = container_of(work, struct mu_session, exit_work);

	if (mu_session_dying(s))
		mu_session_end(s, true, "it has exited");
	mu_session_put(s);
}

/* On the queue of the process's pid, in any context */
static int mu_session_exit_wake(struct wait_queue_entry *wait, unsigned int mode, int sync,
				void *key)
{
	struct mu_session *s = container_of(wait, struct mu_session, exit_wait);

	kref_get(&s->ref);
	if (!schedule_work(&s->exit_work))
		kref_put(&s->ref, mu_session_release);
	return 0;
}

static struct mu_session *mu_session_alloc(struct mu_driver *ud,
					   const struct micro_user_attach *attach)
{
	struct mu_session *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;

	kref_init(&s->ref);
	s->ud = ud;
	mu_guest_enter(ud, &s->guest, s);
	s->entries = attach->entries ?: 32;
	s->nr_rings = attach->rings ?: 1;
	s->ring_size = PAGE_ALIGN(s->entries * sizeof(struct micro_user_record));
	INIT_LIST_HEAD(&s->idle);
	INIT_LIST_HEAD(&s->served);
	init_waitqueue_func_entry(&s->exit_wait, mu_session_exit_wake);
	INIT_WORK(&s->exit_work, mu_session_exit_work);
	if (mu_rings_alloc(s)) {
		mu_session_put(s);
		return NULL;
	}
	/* Before its end can come, which takes it off again */
	add_wait_queue(&s->guest.pid->wait_pidfd, &s->exit_wait);
	return s;
}

/* Has it answered all requests, and done all notices? */
static bool mu_session_idle(const struct mu_session *s)
{
	return !READ_ONCE(s->outstanding) && !READ_ONCE(s->noticing);
}

/* Ask the session that is there to go, and wait until it has done what it has */
static int mu_session_take_over(struct file *filp, struct mu_session *old)
{
	struct mu_driver *ud = old->ud;
	int err;

	scoped_guard(spinlock, &ud->lock) {
		if (!old->leaving) {
			old->leaving = true;
			old->progress = jiffies;
		}
		mu_session_kick(old);
		mu_watch(ud);
	}
	/* If it does not answer, the watchdog ends it */
	err = micro_wait_event_mode(filp, ud->wq,
				    READ_ONCE(old->ended) || mu_session_idle(old),
				    TASK_INTERRUPTIBLE | TASK_FREEZABLE_UNSAFE);
	if (!err)
		mu_session_end(old, false, "another process has taken over");
	return err == -ERESTARTSYS ? -EINTR : err;
}

/* Make the new session the driver's, if there is none; else return that */
static struct mu_session *mu_session_begin(struct mu_server *server, struct mu_session *s)
{
	struct mu_driver *ud = server->ud;
	struct mu_instance *inst;
	unsigned long index;

	guard(spinlock)(&ud->lock);
	if (ud->session) {
		kref_get(&ud->session->ref);
		return ud->session;
	}
	s->server = server;
	s->number = ud->sessions + 1;
	WRITE_ONCE(ud->sessions, s->number);
	s->progress = jiffies;
	kref_get(&s->ref);
	ud->session = s;
	ud->serving = false;
	ud->wanted = false;
	ud->deferred = false;
	ud->asked = false;
	kref_get(&s->ref);
	server->session = s;
	xa_for_each(&ud->instances, index, inst)
		mu_instance_kick(inst);
	mu_watch(ud);
	return NULL;
}

/**
 * mu_session_drop() - a server's open file has no use for its session any more
 * @s: the session; the file's reference goes
 * @why: for the log, if the session was not over
 *
 * Context: may sleep, but waits for no process.
 */
void mu_session_drop(struct mu_session *s, const char *why)
{
	mu_session_end(s, true, why);
	/* It has a reference, but must not come to it when the driver has gone */
	flush_work(&s->exit_work);
	mu_session_put(s);
}

/**
 * mu_session_attach() - begin a session
 * @filp: the server's open file
 * @server: it, too
 * @attach: what the process wants; what it gets is written to it
 *
 * Context: may sleep.
 * Return: 0, or what docs/user-protocol.md says.
 */
int mu_session_attach(struct file *filp, struct mu_server *server,
		      struct micro_user_attach *attach)
{
	struct mu_driver *ud = server->ud;
	struct mu_session *s, *old;
	int err = 0;

	if (attach->rings > MICRO_USER_RINGS || attach->entries > MICRO_USER_ENTRIES) {
		dev_info_ratelimited(&ud->mdev->dev, "attach: at most %d rings of %d entries\n",
				     MICRO_USER_RINGS, MICRO_USER_ENTRIES);
		return -EINVAL;
	}
	if (mutex_lock_interruptible(&server->lock))
		return -EINTR;

	old = server->session;
	if (old && !READ_ONCE(old->ended)) {
		err = -EALREADY;
		goto out;
	}
	if (old) {
		scoped_guard(spinlock, &ud->lock)
			server->session = NULL;
		mu_session_drop(old, NULL);
	}
	s = mu_session_alloc(ud, attach);
	if (!s) {
		err = -ENOMEM;
		goto out;
	}
	while ((old = mu_session_begin(server, s))) {
		if (mu_session_dying(old)) {
			/* The next one may be started right after kill(2), which does not wait */
			mu_session_end(old, true, "it is dying");
		} else if (attach->flags & MICRO_USER_TAKEOVER) {
			err = mu_session_take_over(filp, old);
		} else {
			dev_info_ratelimited(&ud->mdev->dev, "attach: process %d serves already\n",
					     pid_nr(old->guest.pid));
			err = -EBUSY;
		}
		mu_session_put(old);
		if (err) {
			remove_wait_queue(&s->guest.pid->wait_pidfd, &s->exit_wait);
			flush_work(&s->exit_work);
			mu_session_put(s);
			goto out;
		}
	}
	mu_map_begin(s, filp->f_mapping);

	attach->entries = s->entries;
	attach->rings = s->nr_rings;
	attach->ring_size = s->ring_size;
	attach->ring_offset = 0;
	attach->data_size = ud->p.data_size;
	attach->depth = ud->p.depth;
	attach->memory_size = ud->p.memory_size;
	attach->operations = ud->p.operations;
	attach->session = s->number;
	mu_session_put(s);
out:
	mutex_unlock(&server->lock);
	return err;
}

/**
 * mu_session_ready() - the server has taken note of what there is
 * @s: its session
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if there is something that it has not; -EALREADY, -ESHUTDOWN.
 */
int mu_session_ready(struct mu_session *s)
{
	struct mu_driver *ud = s->ud;
	struct mu_instance *inst;
	struct mu_post *post;
	unsigned long index;

	guard(spinlock)(&ud->lock);
	if (s->ended || s->leaving)
		return -ESHUTDOWN;
	if (ud->serving)
		return -EALREADY;
	if (s->telling)
		return -EBUSY;
	xa_for_each(&ud->instances, index, inst) {
		if (inst->told != MU_TOLD)
			return -EBUSY;
		list_for_each_entry(post, &inst->posts, link)
			if (post->type == MICRO_USER_RESTORE)
				return -EBUSY;
	}
	ud->serving = true;
	s->progress = jiffies;
	mu_session_kick(s);
	return 0;
}

/**
 * mu_session_unplug() - the user driver itself is going away
 * @ud: the driver
 *
 * Its devices are about to go, too, which is what their clients are told.
 *
 * Context: any.
 */
void mu_session_unplug(struct mu_driver *ud)
{
	guard(spinlock)(&ud->lock);
	if (ud->going)
		return;
	ud->going = true;
	ud->going_since = jiffies;
	mu_watch(ud);
}

/* Nobody serves from here on. Returns false if that is so already */
static bool mu_session_cut(struct mu_session *s, bool *lost, struct list_head *dead)
{
	struct mu_driver *ud = s->ud;
	struct mu_instance *inst;
	unsigned long index;
	u32 i;

	guard(spinlock)(&ud->lock);
	if (s->ended || ud->session != s)
		return false;
	WRITE_ONCE(s->ended, true);
	ud->session = NULL;
	ud->since = jiffies;
	/* One that has handed everything over may go before it is asked to */
	*lost = *lost && !ud->going && !(s->leaving && mu_session_idle(s));
	if (*lost)
		WRITE_ONCE(ud->lost, ud->lost + 1);
	xa_for_each(&ud->instances, index, inst) {
		mu_instance_forget(inst);
		/* Nobody is left who could be told */
		if (inst->removed) {
			xa_erase(&ud->instances, inst->number);
			list_move(&inst->dead, dead);
		}
	}
	ud->serving = false;
	WRITE_ONCE(s->outstanding, 0);
	WRITE_ONCE(s->noticing, 0);
	s->telling = 0;
	for (i = 0; i <= s->nr_rings; i++) {
		INIT_LIST_HEAD(&s->rings[i].dead);
		s->rings[i].noticing = false;
	}
	mu_session_kick(s);
	wake_up_poll(&s->server->wq, EPOLLERR | EPOLLHUP);
	wake_up(&ud->wq);
	mu_watch(ud);
	return true;
}

/**
 * mu_session_end() - end a session, unless it is over
 * @s: the session; the caller has a reference
 * @lost: it did not do so by itself
 * @why: for the log, if it was lost
 *
 * Context: may sleep, but waits for no process.
 */
void mu_session_end(struct mu_session *s, bool lost, const char *why)
{
	struct mu_driver *ud = s->ud;
	LIST_HEAD(dead);

	scoped_guard(rwsem_write, &ud->map_sem) {
		if (!mu_session_cut(s, &lost, &dead))
			return;
		/* Whoever finds it over has waited for map_sem. Then exit_work is queued no more */
		remove_wait_queue(&s->guest.pid->wait_pidfd, &s->exit_wait);
		mu_unmap_all(ud);
	}
	mu_instances_free(&dead);
	if (lost) {
		dev_warn(&ud->mdev->dev, "lost the server, process %d: %s\n",
			 pid_nr(s->guest.pid), why);
		mu_driver_uevent(ud, "lost");
	}
	mu_session_put(s);
}
