// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample_driver: each instance keeps one message.
 * The model to copy for a new driver. A write replaces the message (one longer
 * than the buffer gets EMSGSIZE), a read returns it, then end of file; ioctls
 * are in uapi/sample_driver.h. Loading the module makes /dev/sample_driver.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>
#include <uapi/sample_driver.h>

/* A message never changes, so whoever holds a reference may read it without a lock */
struct message {
	struct kref ref;
	u32 len;
	char text[];
};

struct sample {
	struct mutex lock;	/* guards which message it is */
	struct message *message;
	u32 size;
};

static struct sample *file_to_sample(struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static struct message *message_new(u32 len)
{
	struct message *m = kvmalloc(sizeof(*m) + len, GFP_KERNEL_ACCOUNT);

	if (m) {
		kref_init(&m->ref);
		m->len = len;
	}
	return m;
}

static void message_free(struct kref *ref)
{
	kvfree(container_of(ref, struct message, ref));
}

static void message_put(struct message *m)
{
	kref_put(&m->ref, message_free);
}

static struct message *sample_get(struct sample *s)
{
	guard(mutex)(&s->lock);
	kref_get(&s->message->ref);
	return s->message;
}

static void sample_set(struct sample *s, struct message *m)
{
	scoped_guard(mutex, &s->lock)
		swap(s->message, m);
	message_put(m);
}

/* A page of the user's may take for ever to come: no lock is held while it is copied to */
static ssize_t sample_read(struct micro_driver *drv, struct file *filp,
			   char __user *buf, size_t count, loff_t *offset)
{
	struct message *m = sample_get(file_to_sample(filp));
	ssize_t ret = simple_read_from_buffer(buf, count, offset, m->text, m->len);

	message_put(m);
	return ret;
}

/* Nor from. A bad address does not cost the old message */
static ssize_t sample_write(struct micro_driver *drv, struct file *filp,
			    const char __user *buf, size_t count, loff_t *offset)
{
	struct sample *s = file_to_sample(filp);
	struct message *m;

	if (count > s->size)
		return -EMSGSIZE;
	m = message_new(count);
	if (!m)
		return -ENOMEM;
	if (copy_from_user(m->text, buf, count)) {
		message_put(m);
		return -EFAULT;
	}
	sample_set(s, m);
	return count;
}

static u32 sample_length(struct sample *s)
{
	guard(mutex)(&s->lock);
	return s->message->len;
}

static loff_t sample_llseek(struct micro_driver *drv, struct file *filp,
			    loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence, sample_length(file_to_sample(filp)));
}

static long sample_ioctl(struct micro_driver *drv, struct file *filp,
			 unsigned int cmd, unsigned long arg)
{
	struct sample *s = file_to_sample(filp);
	struct message *m;

	switch (cmd) {
	case SAMPLE_IOC_CLEAR:
		if (!(filp->f_mode & FMODE_WRITE))
			return -EBADF;
		m = message_new(0);
		if (!m)
			return -ENOMEM;
		sample_set(s, m);
		return 0;
	case SAMPLE_IOC_LENGTH:
		return put_user(sample_length(s), (u32 __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int sample_probe(struct micro_device *mdev)
{
	const char *first = "Sample driver data";
	u32 size = SZ_4K;	/* unless the property says else */
	int err = device_property_read_u32(&mdev->dev, "buffer-size", &size);
	struct sample *s;

	/* -EINVAL: there is none, which is fine */
	if ((err && err != -EINVAL) || !size || size > SZ_1M)
		return -EINVAL;

	s = devm_kzalloc(&mdev->dev, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->message = message_new(min_t(u32, size, strlen(first)));
	if (!s->message)
		return -ENOMEM;

	mutex_init(&s->lock);
	s->size = size;
	memcpy(s->message->text, first, s->message->len);
	micro_set_drvdata(mdev, s);
	return 0;
}

static void sample_remove(struct micro_device *mdev)
{
	struct sample *s = micro_get_drvdata(mdev);

	message_put(s->message);
}

static const struct of_device_id sample_of_match[] = {
	{ .compatible = "microkernel,sample-driver" },
	{ }
};
MODULE_DEVICE_TABLE(of, sample_of_match);

static struct micro_driver sample_driver = {
	.name = "sample_driver",
	.probe = sample_probe,
	.remove = sample_remove,
	.read = sample_read,
	.write = sample_write,
	.llseek = sample_llseek,
	.ioctl = sample_ioctl,
	.compat_ioctl = micro_compat_ptr_ioctl,
	.driver.of_match_table = sample_of_match,
};

static int __init sample_init(void)
{
	int err = micro_register_driver(&sample_driver);

	if (err)
		return err;
	sample_driver.private_data = micro_create_device(sample_driver.name, NULL);
	err = PTR_ERR_OR_ZERO(sample_driver.private_data);
	/* A user may have made an instance of that name, which is as good */
	if (!err || err == -EEXIST)
		return 0;
	micro_unregister_driver(&sample_driver);
	return err;
}
module_init(sample_init);

static void __exit sample_exit(void)
{
	micro_destroy_device(sample_driver.private_data);
	micro_unregister_driver(&sample_driver);
}
module_exit(sample_exit);

MODULE_ALIAS_MICRO("sample_driver");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Sample driver: each instance keeps one message");
MODULE_LICENSE("GPL");
