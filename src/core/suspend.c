// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend: refused while a driver is stuck in a device
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "device.h"
#include "main.h"

/**
 * DOC: Suspend
 *
 * The driver core holds the lock of a device while its driver is in probe() or
 * remove(), and suspend takes the lock of each device, after it has frozen all
 * processes. If a driver does not return, the machine would hang there for ever, and
 * nobody could look what it waits for. So suspend is refused if a device is locked
 * and nothing happens to it for some seconds, and the log says which one.
 */

/*
 * A device that is locked at so many looks, in the same state, is stuck. Where it comes and
 * goes all the time, many looks find it locked. They are counted, not timed: if the machine
 * has got no processor for seconds, a bind or an unbind has not either.
 */
#define MICRO_SUSPEND_LOOKS	250
#define MICRO_SUSPEND_PAUSE_MS	20
/* Where devices come and go all the time, one or another is always locked */
#define MICRO_SUSPEND_END	(20 * HZ)

static const char *micro_suspend_state(struct micro_instance *mi)
{
	guard(spinlock)(&mi->lock);
	return micro_instance_state(mi);
}

static bool micro_suspend_stuck(struct micro_instance *mi)
{
	const char *state = micro_suspend_state(mi);
	int i;

	for (i = 0; i < MICRO_SUSPEND_LOOKS; i++) {
		if (!micro_instance_is_locked(mi) ||
		    strcmp(micro_suspend_state(mi), state))
			return false;
		msleep(MICRO_SUSPEND_PAUSE_MS);
	}
	return true;
}

static void micro_suspend_complain(struct micro_instance *mi)
{
	guard(spinlock)(&mi->lock);
	dev_warn(&mi->mdev.dev,
		 "the machine cannot be suspended: driver %s keeps the device locked, which is %s\n",
		 mi->mdev.driver ? mi->mdev.driver->name : "(none)", micro_instance_state(mi));
}

/* 0, or -EBUSY */
static int micro_suspend_check(void)
{
	unsigned long end = jiffies + MICRO_SUSPEND_END;
	struct micro_instance *mi;
	int err = 0;

	while (!err && time_before(jiffies, end) && (mi = micro_instance_find_locked())) {
		if (micro_suspend_stuck(mi)) {
			micro_suspend_complain(mi);
			err = -EBUSY;
		}
		put_device(&mi->mdev.dev);
	}
	return err;
}

static int micro_suspend_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		return notifier_from_errno(micro_suspend_check());
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block micro_suspend_nb = {
	.notifier_call = micro_suspend_notify,
};

int micro_suspend_init(void)
{
	return register_pm_notifier(&micro_suspend_nb);
}

void micro_suspend_exit(void)
{
	unregister_pm_notifier(&micro_suspend_nb);
}
