// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 1: each device has a greeting, which its property sets
 */
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>

struct lab1 {
	const char *greeting;
};

static int lab1_probe(struct micro_device *mdev)
{
	struct lab1 *l = devm_kzalloc(&mdev->dev, sizeof(*l), GFP_KERNEL);
	const char *greeting = "Hello";
	int err;

	if (!l)
		return -ENOMEM;
	/* -EINVAL: the user has not set it */
	err = device_property_read_string(&mdev->dev, "greeting", &greeting);
	if (err && err != -EINVAL)
		return dev_err_probe(&mdev->dev, err, "greeting has to be a string\n");
	l->greeting = devm_kasprintf(&mdev->dev, GFP_KERNEL, "%s, this is %s\n",
				     greeting, mdev->name);
	if (!l->greeting)
		return -ENOMEM;
	micro_set_drvdata(mdev, l);
	return 0;
}

static ssize_t lab1_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct lab1 *l = micro_get_drvdata(micro_file_device(filp));

	return simple_read_from_buffer(buf, count, offset, l->greeting, strlen(l->greeting));
}

static struct micro_driver lab1_driver = {
	.name = "lab1",
	.probe = lab1_probe,
	.read = lab1_read,
	.mode = 0444,
};
module_micro_driver(lab1_driver);

MODULE_DESCRIPTION("Lab 1: a first device and driver");
MODULE_LICENSE("GPL");
