// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user driver: what a bound server node is
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/pid.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "user.h"

/**
 * DOC: A driver within a driver's probe()
 *
 * The driver for the process is registered in probe() of the server node, so that who
 * made the node hears that the name is taken. That binds devices, whose locks are taken
 * while that of the server node is held. It is never the other way round, as
 * nothing done for a client's device touches a server node; and the server node's own lock
 * is not taken a second time, as a driver that would match it is refused.
 */

/**
 * mu_driver_uevent() - tell user space about the server
 * @ud: the driver
 * @what: "wanted" or "lost"
 *
 * Context: may sleep.
 */
void mu_driver_uevent(struct mu_driver *ud, const char *what)
{
	char text[32], name[96], *env[3] = { };

	snprintf(text, sizeof(text), "MICRO_USER=%s", what);
	/* which the device's own name need not say */
	snprintf(name, sizeof(name), "MICRO_USER_DRIVER=%s", ud->p.name);
	env[0] = text;
	env[1] = name;
	kobject_uevent_env(&ud->mdev->dev.kobj, KOBJ_CHANGE, env);
}

static ssize_t server_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mu_driver *ud = micro_get_drvdata(to_micro_device(dev));
	pid_t pid = 0;

	if (ud) {
		guard(spinlock)(&ud->lock);
		/* It has none in the namespaces of some readers */
		if (ud->session)
			pid = pid_vnr(ud->session->guest.pid);
	}
	return pid ? sysfs_emit(buf, "%d\n", pid) : sysfs_emit(buf, "\n");
}
static DEVICE_ATTR_RO(server);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mu_driver *ud = micro_get_drvdata(to_micro_device(dev));
	const char *state = "off";

	if (ud) {
		guard(spinlock)(&ud->lock);
		state = !ud->session ? "waiting" : ud->serving ? "serving" : "starting";
	}
	return sysfs_emit(buf, "%s\n", state);
}
static DEVICE_ATTR_RO(state);

static ssize_t sessions_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mu_driver *ud = micro_get_drvdata(to_micro_device(dev));

	return sysfs_emit(buf, "%u\n", ud ? READ_ONCE(ud->sessions) : 0);
}
static DEVICE_ATTR_RO(sessions);

static ssize_t lost_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mu_driver *ud = micro_get_drvdata(to_micro_device(dev));

	return sysfs_emit(buf, "%u\n", ud ? READ_ONCE(ud->lost) : 0);
}
static DEVICE_ATTR_RO(lost);

static ssize_t stale_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mu_driver *ud = micro_get_drvdata(to_micro_device(dev));

	return sysfs_emit(buf, "%u\n", ud ? READ_ONCE(ud->stale) : 0);
}
static DEVICE_ATTR_RO(stale);

static struct attribute *mu_driver_attrs[] = {
	&dev_attr_server.attr,
	&dev_attr_state.attr,
	&dev_attr_sessions.attr,
	&dev_attr_lost.attr,
	&dev_attr_stale.attr,
	NULL
};

static const struct attribute_group mu_driver_group = {
	.attrs = mu_driver_attrs,
};

const struct attribute_group *mu_driver_groups[] = {
	&mu_driver_group,
	NULL
};

static void mu_driver_init(struct mu_driver *ud, struct micro_device *mdev)
{
	ud->mdev = mdev;
	ud->stride = PAGE_ALIGN(ud->p.data_size);
	spin_lock_init(&ud->lock);
	xa_init_flags(&ud->instances, XA_FLAGS_ALLOC1);
	xa_init(&ud->files);
	INIT_LIST_HEAD(&ud->ready);
	INIT_LIST_HEAD(&ud->guests);
	init_waitqueue_head(&ud->wq);
	INIT_DELAYED_WORK(&ud->watch, mu_watchdog);
	init_rwsem(&ud->map_sem);
	ud->since = jiffies;

	ud->drv.name = ud->p.name;
	ud->drv.mode = ud->p.mode;
	ud->drv.probe = mu_instance_probe;
	ud->drv.remove = mu_instance_remove;
	ud->drv.driver.of_match_table = ud->p.ids;
	mu_client_operations(&ud->drv, ud->p.operations);
}

/*
 * Registering would take the lock of the device that is being bound. It has either
 * compatible strings, or a name that belongs to micro_user.
 */
static int mu_driver_matches_itself(struct mu_driver *ud)
{
	const char **strings __free(kfree) = NULL;
	struct device *dev = &ud->mdev->dev;
	const struct of_device_id *id;
	int n, i;

	n = device_property_read_string_array(dev, "compatible", NULL, 0);
	if (n <= 0 || !ud->p.ids)
		return 0;
	strings = kcalloc(n, sizeof(*strings), GFP_KERNEL);
	if (!strings)
		return -ENOMEM;
	n = device_property_read_string_array(dev, "compatible", strings, n);
	for (i = 0; i < n; i++)
		for (id = ud->p.ids; id->compatible[0]; id++)
			if (!strcasecmp(id->compatible, strings[i]))
				return 1;
	return 0;
}

static void mu_driver_free(struct mu_driver *ud)
{
	if (!ud)
		return;
	xa_destroy(&ud->files);
	xa_destroy(&ud->instances);
	mu_properties_free(&ud->p);
	kfree(ud);
}

/**
 * mu_driver_probe() - a server node is bound
 * @mdev: its device
 *
 * Context: may sleep; the device lock is held.
 * Return: 0; -EINVAL, and the log says why; -EBUSY when there is a driver of this name;
 * -ENOMEM.
 */
int mu_driver_probe(struct micro_device *mdev)
{
	struct mu_driver *ud;
	int err;

	ud = kzalloc(sizeof(*ud), GFP_KERNEL);
	if (!ud)
		return -ENOMEM;

	err = mu_properties_read(mdev, &ud->p);
	if (err)
		goto err_properties;
	mu_driver_init(ud, mdev);
	err = mu_driver_matches_itself(ud);
	if (err > 0) {
		dev_err(&mdev->dev, "driver '%s' would match its own server node\n", ud->p.name);
		err = -EINVAL;
	}
	if (err)
		goto err_free;

	micro_set_drvdata(mdev, ud);
	err = micro_register_driver(&ud->drv);
	if (err)
		goto err_free;
	return 0;

err_free:
	mu_driver_free(ud);
	return err;
err_properties:
	mu_properties_free(&ud->p);
	kfree(ud);
	return err;
}

/**
 * mu_driver_unplug() - a server node is about to be unbound
 * @mdev: its device
 *
 * Context: may sleep; the device lock may be held, see &micro_driver.unplug.
 */
void mu_driver_unplug(struct micro_device *mdev)
{
	mu_session_unplug(micro_get_drvdata(mdev));
}

/**
 * mu_driver_remove() - a server node is unbound
 * @mdev: its device
 *
 * No server is left: the files of the node were released.
 *
 * Context: may sleep; the device lock is held.
 */
void mu_driver_remove(struct micro_device *mdev)
{
	struct mu_driver *ud = micro_get_drvdata(mdev);

	micro_unregister_driver(&ud->drv);
	/* There is nothing to watch any more, so it does not start again */
	cancel_delayed_work_sync(&ud->watch);
	mu_driver_free(ud);
}
