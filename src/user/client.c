// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client's file operations
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/compat.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "user.h"

static struct mu_file *mu_filp_file(const struct file *filp)
{
	return micro_file_get_drvdata(filp);
}

/* After "not now": is it worth asking again? An error or hangup is, once */
static bool mu_request_can(struct mu_request *req)
{
	struct mu_file *file = req->file;
	struct mu_driver *ud = file->inst->ud;
	__poll_t events = req->events;

	guard(spinlock)(&ud->lock);
	if (max(file->stamp, file->inst->stamp) > req->seq)
		events |= EPOLLERR | EPOLLHUP;
	return mu_file_events(file) & events;
}

/* A request that may be answered with "not now" */
static int mu_client_call(struct file *filp, struct mu_request *req)
{
	u32 count = req->count;
	int err;

	for (;;) {
		err = mu_request_run(filp, req);
		if (err || likely(req->result != -EAGAIN) || !req->events)
			return err;
		if (__micro_file_nonblock(filp))
			return 0;
		mu_request_done(req, req->result);
		/* Nothing was done; and with events all the time we would not look in the wait */
		if (signal_pending(current))
			return -ERESTARTSYS;
		err = micro_wait_event_mode(filp, req->file->wq,
					    mu_request_can(req),
					    TASK_INTERRUPTIBLE | TASK_FREEZABLE_UNSAFE);
		if (err)
			return err;
		req->count = count;
		req->attempt = 0;
		req->error = 0;
		req->events = 0;
	}
}

static s64 mu_client_simple(struct file *filp, struct mu_request *req)
{
	s64 result;
	int err;

	err = mu_client_call(filp, req);
	if (err)
		return err;
	result = req->result;
	mu_request_done(req, result);
	return result;
}

static int mu_client_open_call(struct file *filp, struct mu_file *file)
{
	struct mu_instance *inst = file->inst;
	struct mu_request req;
	int err;

	/* Who opens and closes in a loop must not outrun the server */
	if (READ_ONCE(inst->closing) >= MU_CLOSING_MAX) {
		if (__micro_file_nonblock(filp))
			return -EAGAIN;
		err = micro_wait_event_mode(filp, inst->closing_wq,
					    READ_ONCE(inst->closing) < MU_CLOSING_MAX,
					    TASK_INTERRUPTIBLE | TASK_FREEZABLE_UNSAFE);
		if (err)
			return err;
	}
	mu_request_init(&req, file, MICRO_USER_OPEN);
	return mu_client_simple(filp, &req);
}

static int mu_client_open(struct micro_driver *drv, struct file *filp)
{
	struct mu_instance *inst = micro_get_drvdata(micro_file_device(filp));
	struct mu_driver *ud = inst->ud;
	struct mu_file *file;
	int err;

	file = mu_file_alloc(inst, filp);
	if (!file)
		return -ENOMEM;

	micro_file_set_drvdata(filp, file);
	if (ud->p.operations & MICRO_USER_OP_OPEN && !ud->p.open_posted) {
		err = mu_client_open_call(filp, file);
		if (err) {
			scoped_guard(spinlock, &ud->lock)
				mu_file_free(file);
			return err;
		}
		return 0;
	}
	guard(spinlock)(&ud->lock);
	/* Nobody is asked, but the server may have refused the device */
	err = inst->error;
	if (err) {
		mu_file_free(file);
		return err;
	}
	list_add_tail(&file->link, &inst->files);
	if (ud->p.operations & MICRO_USER_OP_OPEN)
		mu_post(inst, &file->post, MICRO_USER_OPEN);
	return 0;
}

/*
 * Can a close(2) wait? Not for a revoked file, nor where nothing could end the wait, nor with a
 * request of a killed client in the server's hands
 */
static bool mu_client_may_wait(struct mu_driver *ud, struct mu_file *file, struct file *filp)
{
	return !ud->p.release_posted && ud->p.operations & MICRO_USER_OP_RELEASE &&
	       !(current->flags & (PF_EXITING | PF_KTHREAD)) && !micro_file_revoked(filp) &&
	       !fatal_signal_pending(current) && READ_ONCE(file->told) == MU_TOLD &&
	       !READ_ONCE(file->orphans) &&
	       READ_ONCE(ud->serving);
}

static int mu_client_release(struct micro_driver *drv, struct file *filp)
{
	struct mu_file *file = mu_filp_file(filp);
	struct mu_driver *ud = file->inst->ud;
	struct mu_request req;

	if (mu_client_may_wait(ud, file, filp)) {
		mu_request_init(&req, file, MICRO_USER_RELEASE);
		if (!mu_request_run(filp, &req))
			mu_request_done(&req, req.result);
		/* It knows already, perhaps without having answered */
		scoped_guard(spinlock, &ud->lock)
			if (req.delivered)
				file->told = MU_UNTOLD;
	}
	guard(spinlock)(&ud->lock);
	mu_file_drop(file);
	return 0;
}

static ssize_t mu_client_read(struct micro_driver *drv, struct kiocb *iocb, struct iov_iter *to)
{
	struct file *filp = iocb->ki_filp;
	struct mu_file *file = mu_filp_file(filp);
	struct mu_request req;
	ssize_t ret;
	size_t done;

	mu_request_init(&req, file, MICRO_USER_READ);
	req.count = min_t(size_t, iov_iter_count(to), file->inst->ud->p.data_size);
	req.room = req.count;
	req.iter = to;
	req.pos = iocb->ki_pos;
	ret = mu_client_call(filp, &req);
	if (ret)
		return ret;
	ret = req.result;
	if (ret <= 0) {
		mu_request_done(&req, ret);
		return ret;
	}
	/* As in mu_request_fill(): mu_result() has checked it */
	done = _copy_to_iter(req.slot->data, ret, to);
	mu_request_done(&req, done);
	if (!done)
		return -EFAULT;
	iocb->ki_pos += done;
	return done;
}

static ssize_t mu_client_write(struct micro_driver *drv, struct kiocb *iocb,
			       struct iov_iter *from)
{
	struct file *filp = iocb->ki_filp;
	struct mu_file *file = mu_filp_file(filp);
	struct mu_request req;
	ssize_t ret;

	mu_request_init(&req, file, MICRO_USER_WRITE);
	req.count = min_t(size_t, iov_iter_count(from), file->inst->ud->p.data_size);
	req.iter = from;
	req.pos = iocb->ki_pos;
	ret = mu_client_simple(filp, &req);
	if (ret > 0) {
		iov_iter_advance(from, ret);
		iocb->ki_pos += ret;
	}
	return ret;
}

static long mu_client_command(struct file *filp, unsigned int cmd, unsigned long arg, u16 flags)
{
	struct mu_file *file = mu_filp_file(filp);
	struct mu_request req;
	s64 taken;
	long ret;

	if (_IOC_SIZE(cmd) > file->inst->ud->p.data_size)
		return -E2BIG;

	mu_request_init(&req, file, MICRO_USER_IOCTL);
	req.flags = flags;
	req.cmd = cmd;
	req.arg = arg;
	if (_IOC_DIR(cmd) != _IOC_NONE)
		req.count = _IOC_SIZE(cmd);
	if (_IOC_DIR(cmd) & _IOC_READ)
		req.room = req.count;
	ret = mu_client_call(filp, &req);
	if (ret)
		return ret;
	ret = req.result;
	taken = ret;
	if (ret >= 0 && req.room) {
		if (_copy_to_user((void __user *)arg, req.slot->data, req.room)) {
			ret = -EFAULT;
			taken = -1;
		}
	}
	mu_request_done(&req, taken);
	return ret;
}

static long mu_client_ioctl(struct micro_driver *drv, struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
	return mu_client_command(filp, cmd, arg, 0);
}

static long mu_client_compat_ioctl(struct micro_driver *drv, struct file *filp,
				   unsigned int cmd, unsigned long arg)
{
#ifdef CONFIG_COMPAT
	if (_IOC_DIR(cmd) != _IOC_NONE && _IOC_SIZE(cmd))
		arg = (unsigned long)compat_ptr(arg);
	return mu_client_command(filp, cmd, arg, MICRO_USER_COMPAT);
#else
	return -ENOTTY;
#endif
}

static loff_t mu_client_llseek(struct micro_driver *drv, struct file *filp, loff_t offset,
			       int whence)
{
	struct mu_request req;
	loff_t ret;

	mu_request_init(&req, mu_filp_file(filp), MICRO_USER_LLSEEK);
	/* What it is relative to is the kernel's */
	req.pos = offset;
	req.whence = whence;
	if (whence == SEEK_CUR) {
		req.pos += filp->f_pos;
		req.whence = SEEK_SET;
	}
	ret = mu_client_simple(filp, &req);
	if (ret >= 0)
		filp->f_pos = ret;
	return ret;
}

static __poll_t mu_client_poll(struct micro_driver *drv, struct file *filp,
			       struct poll_table_struct *wait)
{
	struct mu_file *file = mu_filp_file(filp);

	poll_wait(filp, &file->wq, wait);
	guard(spinlock)(&file->inst->ud->lock);
	return mu_file_events(file);
}

static int mu_client_fasync(struct micro_driver *drv, int fd, struct file *filp, int on)
{
	return fasync_helper(fd, filp, on, &mu_filp_file(filp)->fasync);
}

/**
 * mu_client_operations() - fill in what the devices can do
 * @drv: the driver
 * @operations: MICRO_USER_OP_*
 *
 * Context: any.
 */
void mu_client_operations(struct micro_driver *drv, u32 operations)
{
	/* These are needed for the rest, told to the server or not */
	drv->open = mu_client_open;
	drv->release = mu_client_release;
	if (operations & MICRO_USER_OP_READ)
		drv->read_iter = mu_client_read;
	if (operations & MICRO_USER_OP_WRITE)
		drv->write_iter = mu_client_write;
	if (operations & MICRO_USER_OP_IOCTL) {
		drv->ioctl = mu_client_ioctl;
		drv->compat_ioctl = mu_client_compat_ioctl;
	}
	if (operations & MICRO_USER_OP_LLSEEK)
		drv->llseek = mu_client_llseek;
	if (operations & MICRO_USER_OP_POLL) {
		drv->poll = mu_client_poll;
		drv->fasync = mu_client_fasync;
	}
}
