// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5, what the students are given: each read takes a ticket with a number of its own,
 * says the author. Find out when that is wrong, and mend it.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <microkernel.h>

struct lab5 {
	u32 last;
};

static int lab5_probe(struct micro_device *mdev)
{
	struct lab5 *l = devm_kzalloc(&mdev->dev, sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	micro_set_drvdata(mdev, l);
	return 0;
}

static u32 lab5_take(struct lab5 *l)
{
	u32 ticket = READ_ONCE(l->last) + 1;

	/* A printer would take this long */
	usleep_range(20, 50);
	WRITE_ONCE(l->last, ticket);
	return ticket;
}

static ssize_t lab5_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct lab5 *l = micro_get_drvdata(micro_file_device(filp));
	char text[16];
	int len;

	if (count < sizeof(text))
		return -EINVAL;
	len = scnprintf(text, sizeof(text), "%u\n", lab5_take(l));
	return copy_to_user(buf, text, len) ? -EFAULT : len;
}

static struct micro_driver lab5_driver = {
	.name = "lab5_race",
	.probe = lab5_probe,
	.read = lab5_read,
};
module_micro_driver(lab5_driver);

MODULE_DESCRIPTION("Lab 5: two readers get the same ticket");
MODULE_LICENSE("GPL");
