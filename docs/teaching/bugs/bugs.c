// SPDX-License-Identifier: GPL-2.0-only
/*
 * bugs: a driver with a menu of mistakes, for docs/teaching.md. To write the name of one
 * to its device makes it. Never load this into a kernel that you need.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <microkernel.h>

#define TEXT_SIZE 4

/* What one of the operations does, with what the user has written */
struct request {
	const char __user *buf;
	size_t count;
};

struct bugs {
	spinlock_t spin;
	struct mutex first;
	struct mutex second;
	wait_queue_head_t wait;
	struct timer_list timer;
	bool data;
	u32 ticks;
	char *text;
};

static struct bugs *last_used;

/* Memory */

static int bounds(struct bugs *b, struct request *r)
{
	/* the user chooses r->count; there is room for TEXT_SIZE */
	return copy_from_user(b->text, r->buf, r->count) ? -EFAULT : 0;
}

static int remember(struct bugs *b, struct request *r)
{
	last_used = b;
	return 0;
}

static int use_after_free(struct bugs *b, struct request *r)
{
	/* remove() has freed it, if that device is gone */
	return last_used->data ? -EBUSY : 0;
}

static int double_free(struct bugs *b, struct request *r)
{
	/* An error path. remove() frees it again */
	kfree(b->text);
	return -EIO;
}

static int leak(struct bugs *b, struct request *r)
{
	/* The address of the text that was there is lost */
	b->text = kmalloc(100, GFP_KERNEL);
	return b->text ? 0 : -ENOMEM;
}

static int shift(struct bugs *b, struct request *r)
{
	/* The length of what was written stands for a number from the user */
	int channel = r->count * 10;

	b->ticks = 1 << channel;
	return 0;
}

/* Time */

static void tick(struct timer_list *timer)
{
}

static int timer_left(struct bugs *b, struct request *r)
{
	/* remove() does not stop it */
	timer_setup(&b->timer, tick, 0);
	mod_timer(&b->timer, jiffies + 3600 * HZ);
	return 0;
}

static int sleeper(struct bugs *b, struct request *r)
{
	/* The driver has no unplug() that would wake it */
	return wait_event_interruptible(b->wait, b->data);
}

/* Atomic context */

static int sleep_in_atomic(struct bugs *b, struct request *r)
{
	char *text;

	spin_lock(&b->spin);
	text = kmalloc(TEXT_SIZE, GFP_KERNEL);
	spin_unlock(&b->spin);
	kfree(text);
	return 0;
}

static int copy_in_atomic(struct bugs *b, struct request *r)
{
	int err;

	spin_lock(&b->spin);
	err = copy_from_user(&b->ticks, r->buf, sizeof(b->ticks)) ? -EFAULT : 0;
	spin_unlock(&b->spin);
	return err;
}

/* Locks */

static int inversion(struct bugs *b, struct request *r)
{
	mutex_lock(&b->first);
	mutex_lock(&b->second);
	mutex_unlock(&b->second);
	mutex_unlock(&b->first);

	/* ... and in another function */
	mutex_lock(&b->second);
	mutex_lock(&b->first);
	mutex_unlock(&b->first);
	mutex_unlock(&b->second);
	return 0;
}

static void tick_locked(struct timer_list *timer)
{
	struct bugs *b = container_of(timer, struct bugs, timer);

	spin_lock(&b->spin);
	b->ticks++;
	spin_unlock(&b->spin);
}

static int interrupt(struct bugs *b, struct request *r)
{
	timer_setup(&b->timer, tick_locked, 0);
	mod_timer(&b->timer, jiffies + 1);
	msleep(100);

	/* The timer may interrupt us here, and then waits for us for ever */
	spin_lock(&b->spin);
	b->ticks = 0;
	spin_unlock(&b->spin);
	return 0;
}

static int still_locked(struct bugs *b, struct request *r)
{
	mutex_lock(&b->first);
	if (r->count < 100)
		return -EINVAL;
	mutex_unlock(&b->first);
	return 0;
}

static const struct {
	const char *name;
	int (*make)(struct bugs *b, struct request *r);
} menu[] = {
	{ "bounds", bounds },
	{ "remember", remember },
	{ "use-after-free", use_after_free },
	{ "double-free", double_free },
	{ "leak", leak },
	{ "shift", shift },
	{ "timer-left", timer_left },
	{ "sleeper", sleeper },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "copy-in-atomic", copy_in_atomic },
	{ "inversion", inversion },
	{ "interrupt", interrupt },
	{ "still-locked", still_locked },
};

static ssize_t bugs_write(struct micro_driver *drv, struct file *filp,
			  const char __user *buf, size_t count, loff_t *offset)
{
	struct bugs *b = micro_get_drvdata(micro_file_device(filp));
	struct request r = { .buf = buf, .count = count };
	char text[64] = "";
	size_t i;
	int err;

	if (copy_from_user(text, buf, min(count, sizeof(text) - 1)))
		return -EFAULT;
	for (i = 0; i < ARRAY_SIZE(menu); i++) {
		if (sysfs_streq(menu[i].name, text)) {
			err = menu[i].make(b, &r);
			return err ?: count;
		}
	}
	return -EINVAL;
}

static int bugs_probe(struct micro_device *mdev)
{
	struct bugs *b = kzalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return -ENOMEM;
	b->text = kzalloc(TEXT_SIZE, GFP_KERNEL);
	if (!b->text) {
		kfree(b);
		return -ENOMEM;
	}
	spin_lock_init(&b->spin);
	mutex_init(&b->first);
	mutex_init(&b->second);
	init_waitqueue_head(&b->wait);
	micro_set_drvdata(mdev, b);
	return 0;
}

static void bugs_remove(struct micro_device *mdev)
{
	struct bugs *b = micro_get_drvdata(mdev);

	kfree(b->text);
	kfree(b);
}

static struct micro_driver bugs_driver = {
	.name = "bugs",
	.probe = bugs_probe,
	.remove = bugs_remove,
	.write = bugs_write,
};
module_micro_driver(bugs_driver);

MODULE_DESCRIPTION("A menu of mistakes, for courses");
MODULE_LICENSE("GPL");
