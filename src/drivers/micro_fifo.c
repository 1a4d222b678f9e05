// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_fifo: a bounded byte pipe between all who open an instance
 *
 * The model to copy for a driver whose operations sleep. Reads and writes
 * behave as pipe(7) says, except that there is no end of file, and that a write
 * is atomic up to the fifo's size if that is less than PIPE_BUF. The firmware
 * property "fifo-size" is the size in bytes, a power of two.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/dma-mapping.h>
#include <linux/kfifo.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/property.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <microkernel.h>

#define FIFO_SIZE	65536	/* bytes, unless "fifo-size" says else */

struct fifo {
	struct mutex lock;		/* guards bytes */
	DECLARE_KFIFO_PTR(bytes, u8);
	wait_queue_head_t readable;
	wait_queue_head_t writable;
	struct fasync_struct *fasync;	/* who wants SIGIO */
};

static struct fifo *file_to_fifo(struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static unsigned int fifo_filled(struct fifo *fifo)
{
	/* A guess, to sleep or not: the lock is taken and it is made again */
	return data_race(kfifo_len(&fifo->bytes));
}

static unsigned int fifo_room(struct fifo *fifo)
{
	/* Likewise */
	return data_race(kfifo_avail(&fifo->bytes));
}

/* Writes of up to so many bytes are not mixed with others */
static unsigned int fifo_atomic(struct fifo *fifo)
{
	return min_t(unsigned int, PIPE_BUF, kfifo_size(&fifo->bytes));
}

/*
 * kfifo's copies to user space take no iov_iter, so the bytes are copied from
 * where they are: in one or, where the ring wraps, two pieces. What is not
 * copied because of a bad address stays.
 */
static ssize_t fifo_copy_out(struct fifo *fifo, struct iov_iter *to)
{
	struct scatterlist pieces[2], *piece;
	size_t done = 0;
	int n, i;

	sg_init_table(pieces, 2);
	n = kfifo_dma_out_prepare(&fifo->bytes, pieces, 2, iov_iter_count(to));
	if (!n)
		return 0;

	for_each_sg(pieces, piece, n, i) {
		size_t len = copy_to_iter(sg_virt(piece), piece->length, to);

		done += len;
		if (len < piece->length)
			break;
	}
	kfifo_dma_out_finish(&fifo->bytes, done);
	return done ?: -EFAULT;
}

static ssize_t fifo_copy_in(struct fifo *fifo, struct iov_iter *from, size_t need)
{
	struct scatterlist pieces[2], *piece;
	size_t done = 0;
	int n, i;

	if (kfifo_avail(&fifo->bytes) < need)
		return 0;

	sg_init_table(pieces, 2);
	n = kfifo_dma_in_prepare(&fifo->bytes, pieces, 2, iov_iter_count(from));
	for_each_sg(pieces, piece, n, i) {
		size_t len = copy_from_iter(sg_virt(piece), piece->length, from);

		done += len;
		if (len < piece->length)
			break;
	}
	kfifo_dma_in_finish(&fifo->bytes, done);
	return done ?: -EFAULT;
}

static ssize_t fifo_read_iter(struct micro_driver *drv, struct kiocb *iocb,
			      struct iov_iter *to)
{
	struct fifo *fifo = file_to_fifo(iocb->ki_filp);
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	/* Another reader may take the bytes that we were woken for */
	do {
		ret = micro_wait_event_iocb(iocb, fifo->readable, fifo_filled(fifo));
		if (ret)
			return ret;
		if (mutex_lock_interruptible(&fifo->lock))
			return -ERESTARTSYS;
		ret = fifo_copy_out(fifo, to);
		mutex_unlock(&fifo->lock);
	} while (!ret);
	if (ret > 0) {
		wake_up_interruptible_poll(&fifo->writable, EPOLLOUT | EPOLLWRNORM);
		kill_fasync(&fifo->fasync, SIGIO, POLL_OUT);
	}
	return ret;
}

static ssize_t fifo_write_iter(struct micro_driver *drv, struct kiocb *iocb,
			       struct iov_iter *from)
{
	struct fifo *fifo = file_to_fifo(iocb->ki_filp);
	size_t count = iov_iter_count(from);
	size_t need = count <= fifo_atomic(fifo) ? count : 1;
	ssize_t done = 0, ret = 0;

	while (iov_iter_count(from)) {
		ret = micro_wait_event_iocb(iocb, fifo->writable, fifo_room(fifo) >= need);
		if (ret)
			break;
		if (mutex_lock_interruptible(&fifo->lock)) {
			ret = -ERESTARTSYS;
			break;
		}
		ret = fifo_copy_in(fifo, from, need);
		mutex_unlock(&fifo->lock);
		if (ret < 0)
			break;
		if (!ret)
			continue;
		/* What is left is long, or has a bad address: as it fits */
		need = 1;
		done += ret;
		wake_up_interruptible_poll(&fifo->readable, EPOLLIN | EPOLLRDNORM);
		kill_fasync(&fifo->fasync, SIGIO, POLL_IN);
	}
	return done ?: ret;
}

static __poll_t fifo_poll(struct micro_driver *drv, struct file *filp,
			  struct poll_table_struct *wait)
{
	struct fifo *fifo = file_to_fifo(filp);
	__poll_t events = 0;

	poll_wait(filp, &fifo->readable, wait);
	poll_wait(filp, &fifo->writable, wait);
	if ((filp->f_mode & FMODE_READ) && fifo_filled(fifo))
		events |= EPOLLIN | EPOLLRDNORM;
	if ((filp->f_mode & FMODE_WRITE) && fifo_room(fifo) >= fifo_atomic(fifo))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static int fifo_fasync(struct micro_driver *drv, int fd, struct file *filp, int on)
{
	return fasync_helper(fd, filp, on, &file_to_fifo(filp)->fasync);
}

static int fifo_open(struct micro_driver *drv, struct file *filp)
{
	/* As for pipes: IOCB_NOWAIT is honoured, so io_uring may try first */
	filp->f_mode |= FMODE_NOWAIT;
	return stream_open(file_inode(filp), filp);
}

static int fifo_probe(struct micro_device *mdev)
{
	struct device *dev = &mdev->dev;
	u32 size = FIFO_SIZE;
	struct fifo *fifo;
	int err = 0;

	if (device_property_present(dev, "fifo-size"))
		err = device_property_read_u32(dev, "fifo-size", &size);
	if (err || size < 2 || !is_power_of_2(size)) {
		dev_err(dev, "fifo-size has to be a number, a power of two, at least 2\n");
		return -EINVAL;
	}

	fifo = devm_kzalloc(dev, sizeof(*fifo), GFP_KERNEL);
	if (!fifo)
		return -ENOMEM;

	/* The user chose the size: too much is no reason for a stack trace */
	err = kfifo_alloc(&fifo->bytes, size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (err)
		return err;

	mutex_init(&fifo->lock);
	init_waitqueue_head(&fifo->readable);
	init_waitqueue_head(&fifo->writable);
	micro_set_drvdata(mdev, fifo);
	return 0;
}

static void fifo_remove(struct micro_device *mdev)
{
	struct fifo *fifo = micro_get_drvdata(mdev);

	kfifo_free(&fifo->bytes);
}

static const struct of_device_id fifo_of_match[] = {
	{ .compatible = "microkernel,fifo" },
	{ }
};
MODULE_DEVICE_TABLE(of, fifo_of_match);

static struct micro_driver fifo_driver = {
	.name = "micro_fifo",
	.probe = fifo_probe,
	.remove = fifo_remove,
	.open = fifo_open,
	.read_iter = fifo_read_iter,
	.write_iter = fifo_write_iter,
	.poll = fifo_poll,
	.fasync = fifo_fasync,
	.driver.of_match_table = fifo_of_match,
};
module_micro_driver(fifo_driver);

MODULE_ALIAS_MICRO("micro_fifo");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A bounded byte pipe between all who open an instance");
MODULE_LICENSE("GPL");
