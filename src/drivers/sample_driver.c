// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample_driver: each instance keeps one message.
 * The model to copy for a new driver. A write replaces the message (one longer
 * than the buffer gets EMSGSIZE), a read returns it, then end of file; ioctls
 * are in uapi/sample_driver.h. Loading the module makes /dev/sample_driver.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>
#include <uapi/sample_driver.h>

struct sample {
	struct mutex lock;	/* guards text and len */
	u32 size;
	u32 len;
	char text[] __counted_by(size);
};

static struct sample *file_to_sample(struct file *filp)
{
	return micro_get_drvdata(micro_file_device(filp));
}

static ssize_t sample_read(struct micro_driver *drv, struct file *filp,
			   char __user *buf, size_t count, loff_t *offset)
{
	struct sample *s = file_to_sample(filp);

	guard(mutex)(&s->lock);
	return simple_read_from_buffer(buf, count, offset, s->text, s->len);
}

static ssize_t sample_write(struct micro_driver *drv, struct file *filp,
			    const char __user *buf, size_t count, loff_t *offset)
{
	struct sample *s = file_to_sample(filp);
	/* Copied first: a bad address must not cost the old message */
	char *text __free(kfree) = count > s->size ? ERR_PTR(-EMSGSIZE) :
						     memdup_user(buf, count);

	if (IS_ERR(text))
		return PTR_ERR(text);

	guard(mutex)(&s->lock);
	memcpy(s->text, text, count);
	s->len = count;
	return count;
}

static loff_t sample_llseek(struct micro_driver *drv, struct file *filp,
			    loff_t offset, int whence)
{
	struct sample *s = file_to_sample(filp);

	guard(mutex)(&s->lock);
	return fixed_size_llseek(filp, offset, whence, s->len);
}

static long sample_ioctl(struct micro_driver *drv, struct file *filp,
			 unsigned int cmd, unsigned long arg)
{
	struct sample *s = file_to_sample(filp);

	guard(mutex)(&s->lock);
	switch (cmd) {
	case SAMPLE_IOC_CLEAR:
		if (!(filp->f_mode & FMODE_WRITE))
			return -EBADF;
		s->len = 0;
		return 0;
	case SAMPLE_IOC_LENGTH:
		return put_user(s->len, (u32 __user *)arg);
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

	s = devm_kzalloc(&mdev->dev, struct_size(s, text, size), GFP_KERNEL);
	if (!s)
		return -ENOMEM;

	mutex_init(&s->lock);
	s->size = size;
	s->len = min_t(u32, size, strlen(first));
	memcpy(s->text, first, s->len);
	micro_set_drvdata(mdev, s);
	return 0;
}

static const struct of_device_id sample_of_match[] = {
	{ .compatible = "microkernel,sample-driver" },
	{ }
};
MODULE_DEVICE_TABLE(of, sample_of_match);

static struct micro_driver sample_driver = {
	.name = "sample_driver",
	.probe = sample_probe,
	.read = sample_read,
	.write = sample_write,
	.llseek = sample_llseek,
	.ioctl = sample_ioctl,
	.compat_ioctl = sample_ioctl,
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
