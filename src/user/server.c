// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server node's file operations
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/compat.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "user.h"

/* A session that is over is of no use any more; but its end is told only once asked */
static int mu_session_over(struct mu_session *s)
{
	return READ_ONCE(s->ended) || READ_ONCE(s->leaving) ? -ESHUTDOWN : 0;
}

int mu_server_open(struct micro_driver *drv, struct file *filp)
{
	struct mu_server *server = kzalloc(sizeof(*server), GFP_KERNEL_ACCOUNT);

	if (!server)
		return -ENOMEM;
	server->ud = micro_get_drvdata(micro_file_device(filp));
	mutex_init(&server->lock);
	init_waitqueue_head(&server->wq);
	micro_file_set_drvdata(filp, server);
	return stream_open(file_inode(filp), filp);
}

int mu_server_release(struct micro_driver *drv, struct file *filp)
{
	struct mu_server *server = micro_file_get_drvdata(filp);
	struct mu_session *s = server->session;

	if (s) {
		if (micro_file_revoked(filp))
			mu_session_unplug(s->ud);
		mu_session_drop(s, "it has closed its node");
	}
	mutex_destroy(&server->lock);
	kfree(server);
	return 0;
}

/* For the few words that a struct of ours has, copy_from_user() takes three times as long */
static int mu_copy_words(unsigned long *to, size_t size, const unsigned long __user *from)
{
	size_t i;

	if (!user_read_access_begin(from, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * mu_copy_struct() - copy a struct that begins with its size from user space
 * @to: where to
 * @size: the size that this kernel knows, a multiple of 8
 * @from: where from
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for one that is smaller, or has what this kernel does not know, and
 * then @to has its size at least; -EFAULT.
 */
int mu_copy_struct(void *to, size_t size, const void __user *from)
{
	u32 theirs;
	int err;

	if (mu_copy_words(to, size, from)) {
		/* A shorter one may end where nothing is mapped */
		err = get_user(theirs, (const u32 __user *)from);
		if (err || theirs >= size)
			return -EFAULT;
		*(u32 *)to = theirs;
		return -EINVAL;
	}
	theirs = *(u32 *)to;
	if (likely(theirs == size))
		return 0;
	if (theirs < size || theirs > PAGE_SIZE)
		return -EINVAL;
	err = check_zeroed_user(from + size, theirs - size);
	return err == 1 ? 0 : err ?: -EINVAL;
}

static long mu_server_attach(struct mu_server *server, struct file *filp, void __user *arg)
{
	struct micro_user_attach attach = { };
	struct mu_session *s;
	u32 size;
	int err;

	err = mu_copy_struct(&attach, sizeof(attach), arg);
	if (!err && (attach.version != MICRO_USER_VERSION ||
		     attach.flags & ~MICRO_USER_TAKEOVER ||
		     memchr_inv(attach.reserved, 0, sizeof(attach.reserved))))
		err = -EINVAL;
	if (err == -EINVAL)
		dev_info_ratelimited(&server->ud->mdev->dev,
				     "attach: a struct of %u bytes, version %u, flags %#x; this is %zu, %d\n",
				     attach.size, attach.version, attach.flags,
				     sizeof(attach), MICRO_USER_VERSION);
	if (err)
		return err;

	size = attach.size;
	err = mu_session_attach(filp, server, &attach);
	if (err)
		return err;
	attach.size = size;
	if (likely(!copy_to_user(arg, &attach, sizeof(attach))))
		return 0;
	/* Who does not know what it has must not have it */
	s = mu_session_get(server);
	if (!IS_ERR(s)) {
		mu_session_end(s, false, NULL);
		mu_session_put(s);
	}
	return -EFAULT;
}

/* What it took the last time, it has seen */
static void mu_ring_forget(struct mu_driver *ud, struct mu_ring *ring)
{
	struct mu_instance *inst;
	LIST_HEAD(dead);

	scoped_guard(spinlock, &ud->lock) {
		list_splice_init(&ring->dead, &dead);
		list_for_each_entry(inst, &dead, dead) {
			mu_instance_forget(inst);
			xa_erase(&ud->instances, inst->number);
		}
	}
	mu_instances_free(&dead);
}

/* @take: is it to get records? A call that only answers may be amid those of the last one */
static int mu_ring_begin(struct mu_session *s, u32 index, bool take, struct mu_ring **ring)
{
	*ring = &s->rings[index];
	if (READ_ONCE((*ring)->busy) || xchg(&(*ring)->busy, 1))
		return -EBUSY;
	/* Only this thread adds to it; that the session's end may just empty it does no harm */
	if (take && unlikely(!data_race(list_empty(&(*ring)->dead))))
		mu_ring_forget(s->ud, *ring);
	return 0;
}

static void mu_ring_end(struct mu_ring *ring)
{
	/* pairs with the xchg() in mu_ring_begin() */
	smp_store_release(&ring->busy, 0);
}

static int mu_take_replies(struct mu_session *s, const struct micro_user_next *next)
{
	const void __user *from = u64_to_user_ptr(next->replies);
	struct micro_user_reply reply;
	u32 i;
	int err;

	for (i = 0; i < next->nr_replies; i++) {
		err = mu_copy_struct(&reply, sizeof(reply), from);
		if (!err)
			err = mu_reply_check(&reply);
		if (err)
			return err;
		from += reply.size;
		scoped_guard(spinlock, &s->ud->lock)
			mu_reply(s, &reply);
	}
	return 0;
}

static int mu_take_notifies(struct mu_session *s, const struct micro_user_next *next)
{
	const void __user *from = u64_to_user_ptr(next->notifies);
	struct micro_user_notify notify;
	u32 i;
	int err;

	for (i = 0; i < next->nr_notifies; i++) {
		err = mu_copy_struct(&notify, sizeof(notify), from);
		if (err)
			return err;
		from += notify.size;
		err = mu_notify(s, &notify);
		/* What it is about may have gone in this moment */
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

static long mu_server_next(struct file *filp, struct mu_session *s, void __user *arg)
{
	struct micro_user_next next;
	struct mu_ring *ring;
	long ret;

	ret = mu_copy_struct(&next, sizeof(next), arg);
	if (ret)
		return ret;
	if (next.flags || next.reserved[0] || next.reserved[1] || next.ring >= s->nr_rings ||
	    next.max > s->entries || next.nr_replies > MICRO_USER_ENTRIES ||
	    next.nr_notifies > MICRO_USER_ENTRIES)
		return -EINVAL;
	ret = mu_ring_begin(s, next.ring, next.max, &ring);
	if (ret)
		return ret;

	ret = mu_take_replies(s, &next);
	if (!ret)
		ret = mu_take_notifies(s, &next);
	if (!ret)
		ret = next.max ? mu_next(filp, s, ring, next.max) : mu_session_over(s);
	mu_ring_end(ring);
	return ret;
}

static long mu_server_notify(struct mu_session *s, void __user *arg)
{
	struct micro_user_notify notify;
	int err;

	err = mu_copy_struct(&notify, sizeof(notify), arg) ?: mu_notify(s, &notify);
	if (err)
		return err;
	return copy_to_user(arg, &notify, sizeof(notify)) ? -EFAULT : 0;
}

static long mu_server_save(struct mu_session *s, void __user *arg)
{
	struct micro_user_save save;

	return mu_copy_struct(&save, sizeof(save), arg) ?: mu_save(s, &save);
}

static long mu_server_call(struct file *filp, unsigned int cmd, void __user *arg)
{
	struct mu_server *server = micro_file_get_drvdata(filp);
	struct mu_session *s;
	long ret;

	if (cmd == MICRO_USER_ATTACH) {
		struct mu_guest guest;

		/* It has no session yet that would say that it is here */
		mu_guest_enter(server->ud, &guest, NULL);
		ret = mu_server_attach(server, filp, arg);
		mu_guest_leave(server->ud, &guest);
		return ret;
	}
	s = mu_session_get(server);
	if (IS_ERR(s))
		return PTR_ERR(s);
	switch (cmd) {
	case MICRO_USER_NEXT:
		ret = READ_ONCE(s->ended) ? -ESHUTDOWN : mu_server_next(filp, s, arg);
		break;
	case MICRO_USER_NOTIFY:
		ret = mu_server_notify(s, arg);
		break;
	case MICRO_USER_SAVE:
		ret = mu_server_save(s, arg);
		break;
	case MICRO_USER_READY:
		ret = mu_session_ready(s);
		break;
	case MICRO_USER_DETACH:
		ret = READ_ONCE(s->ended) ? -ESHUTDOWN : 0;
		mu_session_end(s, false, NULL);
		break;
	default:
		ret = -ENOTTY;
	}
	mu_session_put(s);
	return ret;
}

long mu_server_ioctl(struct micro_driver *drv, struct file *filp, unsigned int cmd,
		     unsigned long arg)
{
	return mu_server_call(filp, cmd, (void __user *)arg);
}

long mu_server_compat_ioctl(struct micro_driver *drv, struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
#ifdef CONFIG_COMPAT
	return mu_server_call(filp, cmd, compat_ptr(arg));
#else
	return -ENOTTY;
#endif
}

static ssize_t mu_read_record(struct file *filp, struct mu_session *s, struct mu_ring *ring,
			      char __user *buf, size_t count)
{
	struct micro_user_record *rec = ring->records;
	size_t payload;
	int ret;

	if (count < sizeof(*rec))
		return -EMSGSIZE;
	do {
		ret = mu_session_killed(s);
		if (ret)
			return ret;
		payload = count - sizeof(*rec);
		scoped_guard(spinlock, &s->ud->lock) {
			mu_batch(s, ring);
			ret = mu_session_over(s) ?: mu_take(s, ring, rec, &payload);
		}
		if (!ret && payload > count - sizeof(*rec))
			return -EMSGSIZE;
		if (!ret)
			ret = mu_sleep(filp, s, ring) ?: -EAGAIN;
		else if (ret > 0)
			break;
	} while (ret > 0);
	if (ret < 0)
		return ret;

	return copy_to_user(buf, rec, sizeof(*rec) + payload) ? -EFAULT :
	       sizeof(*rec) + payload;
}

ssize_t mu_server_read(struct micro_driver *drv, struct file *filp, char __user *buf,
		       size_t count, loff_t *offset)
{
	struct mu_session *s = mu_session_get(micro_file_get_drvdata(filp));
	struct mu_ring *ring;
	ssize_t ret;

	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = mu_ring_begin(s, s->nr_rings, true, &ring);
	if (!ret) {
		ret = mu_read_record(filp, s, ring, buf, count);
		mu_ring_end(ring);
	}
	mu_session_put(s);
	return ret;
}

static ssize_t mu_write_reply(struct mu_session *s, const char __user *buf, size_t count)
{
	struct micro_user_reply reply;
	struct mu_driver *ud = s->ud;
	size_t payload;
	void *copy = NULL;
	int err;

	if (count < sizeof(reply))
		return -EINVAL;
	err = mu_copy_struct(&reply, sizeof(reply), buf);
	if (err)
		return err;
	err = mu_reply_check(&reply);
	if (err)
		return err;
	if (reply.size > count)
		return -EINVAL;
	payload = count - reply.size;
	if (payload > ud->p.data_size)
		return -EINVAL;
	if (payload) {
		/* A slot is the server's until it has answered, but not while we sleep */
		copy = kvmalloc(payload, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!copy)
			return -ENOMEM;
		if (copy_from_user(copy, buf + reply.size, payload)) {
			kvfree(copy);
			return -EFAULT;
		}
	}
	scoped_guard(spinlock, &ud->lock) {
		struct mu_slot *slot = mu_reply_slot(s, &reply);
		struct mu_request *req = slot ? slot->req : NULL;

		/* A reply with a payload to something that has none is wrong; to nothing, late */
		if (req && (payload > req->room ||
			    (reply.result >= 0 && req->type == MICRO_USER_READ &&
			     payload != reply.result))) {
			err = -EINVAL;
		} else {
			if (req && payload)
				memcpy(slot->data, copy, payload);
			mu_reply(s, &reply);
		}
	}
	kvfree(copy);
	return err ?: count;
}

ssize_t mu_server_write(struct micro_driver *drv, struct file *filp, const char __user *buf,
			size_t count, loff_t *offset)
{
	struct mu_session *s = mu_session_get(micro_file_get_drvdata(filp));
	ssize_t ret;

	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = READ_ONCE(s->ended) ? -ESHUTDOWN : mu_write_reply(s, buf, count);
	mu_session_put(s);
	return ret;
}

__poll_t mu_server_poll(struct micro_driver *drv, struct file *filp,
			struct poll_table_struct *wait)
{
	struct mu_server *server = micro_file_get_drvdata(filp);
	struct mu_session *s = mu_session_get(server);
	__poll_t events = 0;

	poll_wait(filp, &server->wq, wait);
	if (IS_ERR(s))
		return EPOLLERR | EPOLLHUP;
	scoped_guard(spinlock, &s->ud->lock) {
		if (s->ended || s->leaving)
			events = EPOLLERR | EPOLLHUP | EPOLLIN;
		else if (mu_deliverable(s))
			events = EPOLLIN | EPOLLRDNORM;
	}
	mu_session_put(s);
	return events;
}
