// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers: registration, and init and exit around the time they are in use
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "device.h"
#include "file.h"

/**
 * DOC: Drivers
 *
 * A micro_driver is registered with the driver core as it is. The framework
 * adds init() and exit(), which frame the time in which the driver has at least
 * one binding, and the file operations made of what the driver provides.
 */

/**
 * struct micro_driver_users - who needs a driver to be initialized
 * @core: what open files know of the driver
 * @lock: guards @count; held over init() and exit()
 * @count: bindings that do
 * @key: lockdep class of @lock
 */
struct micro_driver_users {
	struct micro_driver_core core;
	struct mutex lock;
	unsigned int count;
	struct lock_class_key key;
};

static struct micro_driver_users *micro_driver_users(struct micro_driver *drv)
{
	return container_of(drv->core, struct micro_driver_users, core);
}

static atomic64_t micro_registrations;

static int micro_driver_check(const struct micro_driver *drv)
{
	if (!drv->name || !micro_name_valid(drv->name)) {
		pr_err("a driver needs a name of 1 to %d characters of [A-Za-z0-9._:@+-], not '%*pE'\n",
		       MICRO_NAME_MAX,
		       drv->name ? (int)strnlen(drv->name, MICRO_NAME_MAX + 1) : 0,
		       drv->name ?: "");
		return -EINVAL;
	}
	if ((drv->read && drv->read_iter) || (drv->write && drv->write_iter)) {
		pr_err("driver '%s': give either read or read_iter, and either write or write_iter\n",
		       drv->name);
		return -EINVAL;
	}
	return 0;
}

/**
 * __micro_register_driver() - what micro_register_driver() calls
 * @drv: the driver
 * @owner: the module it is in
 * @mod_name: and that module's name
 * @size: bytes in its struct micro_driver
 * @abi: its MICRO_DRIVER_ABI
 *
 * Context: may sleep.
 * Return: see micro_register_driver().
 */
int __micro_register_driver(struct micro_driver *drv, struct module *owner,
			    const char *mod_name, size_t size, unsigned int abi)
{
	struct micro_driver_users *users;
	int err;

	/* First, as nothing in @drv need be where we look for it */
	if (size != sizeof(*drv) || abi != MICRO_DRIVER_ABI) {
		pr_err("%s was built with another microkernel.h (ABI %u, a driver of %zu bytes; here: ABI %u, %zu bytes): build it again\n",
		       mod_name, abi, size, MICRO_DRIVER_ABI, sizeof(*drv));
		return -EINVAL;
	}
	err = micro_driver_check(drv);
	if (err)
		return err;

	users = kzalloc(sizeof(*users), GFP_KERNEL);
	if (!users)
		return -ENOMEM;

	users->core.number = atomic64_inc_return(&micro_registrations);
	users->core.fops = micro_fops_for(drv);
	if (!users->core.fops) {
		kfree(users);
		return -ENOMEM;
	}
	/* Also what tells two registrations of one driver from each other */
	if (driver_find(drv->name, &micro_bus) ||
	    cmpxchg(&drv->core, NULL, &users->core)) {
		pr_err("driver '%s' is already registered\n", drv->name);
		kfree(users);
		return -EBUSY;
	}
	lockdep_register_key(&users->core.key);
	lockdep_register_key(&users->core.device_key);
	lockdep_register_key(&users->key);
	mutex_init(&users->lock);
	/* init() of one driver may make a device of another */
	lockdep_set_class_and_name(&users->lock, &users->key, "micro_driver.init");
	/* The driver core would remove them before we can revoke anything */
	users->core.groups = drv->driver.dev_groups;
	drv->driver.dev_groups = NULL;

	drv->driver.name = drv->name;
	drv->driver.bus = &micro_bus;
	drv->driver.owner = owner;
	drv->driver.mod_name = mod_name;
	err = driver_register(&drv->driver);
	if (err) {
		drv->driver.dev_groups = users->core.groups;
		lockdep_unregister_key(&users->key);
		lockdep_unregister_key(&users->core.device_key);
		lockdep_unregister_key(&users->core.key);
		drv->core = NULL;
		kfree(users);
	}
	return err;
}
EXPORT_SYMBOL_GPL(__micro_register_driver);

/**
 * micro_unregister_driver() - take a driver away
 * @drv: the driver; nothing happens when it is not registered
 *
 * Unbinds its devices, which stay, and revokes every file that is open on them:
 * when this returns nothing of the driver is running or will ever be called.
 *
 * Context: may sleep, until the operations that are running have returned. Must
 * not be called from a probe, remove or file operation of the driver.
 */
void micro_unregister_driver(struct micro_driver *drv)
{
	struct micro_driver_users *users;

	if (!drv->core)
		return;

	users = micro_driver_users(drv);
	driver_unregister(&drv->driver);
	drv->driver.dev_groups = users->core.groups;
	drv->core = NULL;
	mutex_destroy(&users->lock);
	lockdep_unregister_key(&users->key);
	lockdep_unregister_key(&users->core.device_key);
	lockdep_unregister_key(&users->core.key);
	kfree(users);
}
EXPORT_SYMBOL_GPL(micro_unregister_driver);

/**
 * micro_driver_use() - a device is about to be bound
 * @drv: the driver
 * @data: the device's private_data, for init() if this is the first device
 *
 * Context: may sleep; the device lock is held.
 * Return: 0, or init()'s error.
 */
int micro_driver_use(struct micro_driver *drv, void *data)
{
	struct micro_driver_users *users = micro_driver_users(drv);
	int err;

	guard(mutex)(&users->lock);
	if (!users->count && drv->init) {
		err = drv->init(drv, data);
		if (err)
			return err;
	}
	users->count++;
	return 0;
}

/**
 * micro_driver_unuse() - a device has been unbound
 * @drv: the driver
 *
 * Context: may sleep; the device lock is held.
 */
void micro_driver_unuse(struct micro_driver *drv)
{
	struct micro_driver_users *users = micro_driver_users(drv);

	guard(mutex)(&users->lock);
	if (!--users->count && drv->exit)
		drv->exit(drv);
}
