// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: made by a front end, on the bus, with or without a driver
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jhash.h>
#include <linux/property.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "node.h"
#include "trace.h"

/**
 * DOC: Devices
 *
 * A micro_device belongs to exactly one front end, which creates and destroys
 * it. Names are unique on the bus whoever made the device: a table of names
 * decides, before the driver core sees a duplicate (it would find out too, but
 * with a stack trace, and by walking a list of all devices).
 */

#define MICRO_MINORS	(MINORMASK + 1)

static unsigned int max_devices = MICRO_MINORS;
module_param(max_devices, uint, 0444);
MODULE_PARM_DESC(max_devices, "how many devices there may be at a time (default and maximum: 1048576)");

/*
 * Devices live in a directory that has nothing else in it, so that no name can
 * collide with an attribute of their parent.
 */
static struct device *micro_root;
static struct kobject *micro_root_dir;

/*
 * Only inserted into and removed from, both of which hold the lock of a bucket:
 * there is no lockless reader, so a device may be freed without a grace period.
 */
static struct rhashtable micro_names;

/* Devices and bindings whose release function has not run yet */
static atomic_t micro_objects;

static u32 micro_name_hash(const void *name, u32 len, u32 seed)
{
	return jhash(name, strlen(name), seed);
}

static u32 micro_instance_hash(const void *obj, u32 len, u32 seed)
{
	const struct micro_instance *mi = obj;

	return micro_name_hash(mi->mdev.name, len, seed);
}

static int micro_instance_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct micro_instance *mi = obj;

	return strcmp(arg->key, mi->mdev.name);
}

static const struct rhashtable_params micro_names_params = {
	.head_offset = offsetof(struct micro_instance, hash),
	.hashfn = micro_name_hash,
	.obj_hashfn = micro_instance_hash,
	.obj_cmpfn = micro_instance_cmp,
	.automatic_shrinking = true,
};

/**
 * micro_object_get() - an object whose release function is in this module lives
 *
 * Context: any.
 */
void micro_object_get(void)
{
	atomic_inc(&micro_objects);
}

/**
 * micro_object_put() - last step of such a release function
 *
 * The last reference to a device may be dropped by anybody at any time later
 * than its removal; the module must stay until then.
 *
 * Context: any.
 */
void micro_object_put(void)
{
	if (atomic_dec_and_test(&micro_objects))
		wake_up_var(&micro_objects);
}

static void micro_instance_release(struct device *dev)
{
	struct micro_instance *mi = dev_to_instance(dev);

	if (mi->base != mi->mdev.name)
		kfree(mi->base);
	kfree(rcu_dereference_protected(mi->compat, true));
	micro_forget_refusals(mi);
	kfree(mi->stats);
	kfree(mi);
	micro_object_put();
}

/*
 * Not left to the release function: dead files keep the device's memory, and
 * whoever removes an overlay must not find its nodes in use for that.
 */
static void micro_instance_put_fwnode(struct micro_instance *mi)
{
	struct fwnode_handle *fwnode = mi->fwnode;

	if (!fwnode)
		return;
	device_set_node(&mi->mdev.dev, NULL);
	scoped_guard(spinlock, &mi->lock)
		mi->fwnode = NULL;
	fwnode_handle_put(fwnode);
}

/* What a front end's text cannot say: the strings of a firmware node */
static int micro_instance_read_compat(struct micro_instance *mi)
{
	const char *strings[MICRO_COMPAT_MAX];
	struct micro_compat *compat;
	size_t len = 0;
	int count, i;
	char *text;

	count = fwnode_property_read_string_array(mi->fwnode, "compatible", NULL, 0);
	if (count <= 0)
		return 0;
	count = fwnode_property_read_string_array(mi->fwnode, "compatible", strings,
						  min_t(int, count, MICRO_COMPAT_MAX));
	if (count < 0)
		return count;

	text = kmalloc(count * (MICRO_COMPAT_LEN + 2), GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		len += scnprintf(text + len, MICRO_COMPAT_LEN + 2, "%s\n", strings[i]);

	compat = micro_compat_parse(text, len);
	kfree(text);
	if (IS_ERR(compat))
		return PTR_ERR(compat);
	rcu_assign_pointer(mi->compat, compat);
	return 0;
}

/**
 * micro_instance_create() - make a device; binds if a driver is there
 * @info: what to make; need not stay
 *
 * Context: may sleep.
 * Return: the device, or -EINVAL, -EEXIST, -ENOSPC, -ENOMEM as ERR_PTR(). That
 * no driver was there, or that probe failed, is no error.
 */
struct micro_instance *micro_instance_create(const struct micro_instance_info *info)
{
	struct micro_instance *mi;
	bool missed;
	int err;

	if (!micro_device_name_valid(info->name)) {
		pr_err("'%*pE' is not a device name: 1 to %d characters of [A-Za-z0-9._:@+-], a letter or digit first, and not reserved\n",
		       (int)strnlen(info->name, MICRO_NAME_MAX + 1), info->name,
		       MICRO_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	if (atomic_read(&micro_names.nelems) >= max_devices)
		return ERR_PTR(-ENOSPC);

	mi = kzalloc(sizeof(*mi), GFP_KERNEL);
	if (!mi)
		return ERR_PTR(-ENOMEM);

	micro_object_get();
	spin_lock_init(&mi->lock);
	mi->live = true;
	mi->kernel = info->kernel;
	mi->front = info->front;
	mi->front_data = info->front_data;
	mi->mdev.private_data = info->data;
	device_initialize(&mi->mdev.dev);
	mi->mdev.dev.bus = &micro_bus;
	mi->mdev.dev.release = micro_instance_release;
	mi->mdev.dev.kobj.parent = micro_root_dir;

	err = dev_set_name(&mi->mdev.dev, "%s", info->name);
	if (err)
		goto err_put;
	mi->mdev.name = dev_name(&mi->mdev.dev);
	mi->base = mi->mdev.name;
	if (info->base) {
		mi->base = kstrdup(info->base, GFP_KERNEL);
		err = mi->base ? 0 : -ENOMEM;
		if (err)
			goto err_put;
	}

	if (info->fwnode) {
		mi->fwnode = fwnode_handle_get(info->fwnode);
		device_set_node(&mi->mdev.dev, mi->fwnode);
		err = micro_instance_read_compat(mi);
		if (err)
			goto err_put;
	}

	err = rhashtable_lookup_insert_key(&micro_names, mi->mdev.name, &mi->hash,
					   micro_names_params);
	if (err)
		goto err_put;

	trace_micro_device_add(mi);
	micro_debugfs_add(mi);
	mi->adder = current;
	err = device_add(&mi->mdev.dev);
	scoped_guard(spinlock, &mi->lock) {
		WRITE_ONCE(mi->adder, NULL);
		missed = mi->missed;
	}
	if (err)
		goto err_unname;
	/* As in device_add(): what comes of it is in @error, and no error of ours */
	if (missed || micro_refused(mi))
		micro_instance_attach(mi);
	return mi;

err_unname:
	micro_debugfs_del(mi);
	trace_micro_device_del(mi);
	rhashtable_remove_fast(&micro_names, &mi->hash, micro_names_params);
err_put:
	micro_instance_put_fwnode(mi);
	put_device(&mi->mdev.dev);
	return ERR_PTR(err);
}

/**
 * micro_instance_destroy() - unbind and remove a device
 * @mi: the device; its front end lets go of it
 *
 * Context: may sleep, until the operations that are running have returned.
 */
void micro_instance_destroy(struct micro_instance *mi)
{
	device_del(&mi->mdev.dev);
	micro_debugfs_del(mi);
	trace_micro_device_del(mi);
	rhashtable_remove_fast(&micro_names, &mi->hash, micro_names_params);
	micro_instance_put_fwnode(mi);
	put_device(&mi->mdev.dev);
}

/**
 * micro_instance_attach() - let drivers have a look at a device, the best one first
 * @mi: the device
 *
 * Goes on to the next best as long as drivers refuse the device. The driver core
 * asks each driver once, in an order of its own, so it has to be asked again.
 *
 * Context: may sleep.
 * Return: 1 when it is bound, 0 without a driver, or a negative errno, as
 * device_attach().
 */
int micro_instance_attach(struct micro_instance *mi)
{
	struct micro_refusal *before;
	int err;

	/* Two at a time would only try some driver twice */
	WRITE_ONCE(mi->attacher, current);
	do {
		before = READ_ONCE(mi->refusals);
		err = device_attach(&mi->mdev.dev);
	} while (!err && READ_ONCE(mi->refusals) != before);
	WRITE_ONCE(mi->attacher, NULL);
	return err;
}

/* Bind, or find out why not. The driver core tells nobody about failed probes. */
static int micro_instance_bind(struct micro_instance *mi)
{
	int err;

	WRITE_ONCE(mi->error, 0);
	micro_forget_refusals(mi);

	err = micro_instance_attach(mi);
	/* The module of the next best may not have been loaded */
	if (!err && (!READ_ONCE(mi->error) || micro_refused(mi)))
		micro_request_driver(mi, true);
	if (err >= 0)
		err = READ_ONCE(mi->error);
	/* what sysfs bind answers too: EPROBE_DEFER is not for user space */
	return err == -EPROBE_DEFER ? -EAGAIN : err;
}

/**
 * micro_instance_set_live() - let a device be bound, or unbind it for good
 * @mi: the device; its front end makes one change at a time
 * @live: may it be bound?
 *
 * Context: may sleep, until the operations that are running have returned.
 * Return: 0, or why it could not be bound; without a driver that is no error.
 */
int micro_instance_set_live(struct micro_instance *mi, bool live)
{
	/* The device lock: a bind that has begun is over, the next one sees it */
	device_lock(&mi->mdev.dev);
	WRITE_ONCE(mi->live, live);
	WRITE_ONCE(mi->error, 0);
	device_unlock(&mi->mdev.dev);

	if (live)
		return micro_instance_bind(mi);

	device_release_driver(&mi->mdev.dev);
	return 0;
}

static bool micro_compat_same(const struct micro_compat *a,
			      const struct micro_compat *b)
{
	return a && a->size == b->size && !memcmp(a->strings, b->strings, a->size);
}

/**
 * micro_instance_set_compat() - give a device other compatible strings
 * @mi: the device; its front end makes one change at a time
 * @text: the strings, one a line
 * @len: length of @text in bytes
 *
 * The device is unbound and matched anew, unless these are the strings that it
 * is bound with.
 *
 * Context: may sleep, until the operations that are running have returned.
 * Return: 0; -EINVAL or -ENOMEM, and nothing has changed; or why the device
 * could not be bound.
 */
int micro_instance_set_compat(struct micro_instance *mi, const char *text,
			      size_t len)
{
	struct micro_compat *old = rcu_dereference_protected(mi->compat, true);
	struct micro_compat *new = micro_compat_parse(text, len);

	if (IS_ERR(new))
		return PTR_ERR(new);

	if (micro_compat_same(old, new)) {
		kfree(new);
	} else {
		device_lock(&mi->mdev.dev);
		rcu_assign_pointer(mi->compat, new);
		device_unlock(&mi->mdev.dev);
		kfree_rcu(old, rcu);
		device_release_driver(&mi->mdev.dev);
		/* udev may know a module for the new alias that we cannot ask for */
		kobject_uevent(&mi->mdev.dev.kobj, KOBJ_CHANGE);
	}
	return mi->live ? micro_instance_bind(mi) : 0;
}

/* Would it have a node, and not keep others from theirs? */
static int micro_kernel_check_name(const char *name)
{
	/* micro_instance_create() says what is wrong with it */
	if (!micro_device_name_valid(name))
		return 0;
	if (!strcmp(name, "micro")) {
		pr_err("kernel code cannot make a device 'micro': /dev/micro is the folder of others\n");
		return -EINVAL;
	}
	if (micro_node_taken(name)) {
		pr_err("device '%s' would have no node: there is a /dev/%s already\n", name, name);
		return -EEXIST;
	}
	return 0;
}

static const struct micro_front micro_kernel_front = {
	.name = "kernel",
};

/**
 * micro_create_device_node() - make a device with a firmware node
 * @name: as for micro_create_device()
 * @data: likewise
 * @fwnode: where the driver finds its properties: a software node, or a node of
 *	the firmware. Its "compatible" strings, if any, are matched. May be NULL. A
 *	reference is held as long as the device
 *
 * Context: as micro_create_device().
 * Return: as micro_create_device(); also -EINVAL for compatible strings that
 * could not be written to configfs either.
 */
struct micro_device *micro_create_device_node(const char *name, void *data,
					      struct fwnode_handle *fwnode)
{
	struct micro_instance_info info = {
		.name = name,
		.data = data,
		.fwnode = fwnode,
		.front = &micro_kernel_front,
		.kernel = true,
	};
	struct micro_instance *mi;
	int err;

	err = micro_kernel_check_name(name);
	if (err)
		return ERR_PTR(err);

	mi = micro_instance_create(&info);
	if (IS_ERR(mi))
		return ERR_CAST(mi);

	err = READ_ONCE(mi->error);
	if (err && err != -EPROBE_DEFER) {
		micro_instance_destroy(mi);
		return ERR_PTR(err);
	}
	return &mi->mdev;
}
EXPORT_SYMBOL_GPL(micro_create_device_node);

/**
 * micro_create_device() - make a device from kernel code
 * @name: its name: 1 to 63 characters of [A-Za-z0-9._:@+-], a letter or digit
 *	first; unique on the bus. The node is /dev/@name
 * @data: becomes &micro_device.private_data, and is given to the driver's
 *	init() if this is its first device. It must stay as long as the device
 *
 * Binds at once if a driver matches. Without one, or when probe asks for later
 * (-EPROBE_DEFER), the device exists unbound and binds when that has changed.
 *
 * Context: may sleep. Not from init() or exit() of the driver that it matches.
 * Return: the device, or ERR_PTR(): -EINVAL for a bad name (also "micro", which is
 * a folder of /dev), -EEXIST for one that is taken, on the bus or in /dev, -ENOSPC when there are as many devices as device numbers,
 * -ENOMEM, or any other error of probe: then there is no device.
 */
struct micro_device *micro_create_device(const char *name, void *data)
{
	return micro_create_device_node(name, data, NULL);
}
EXPORT_SYMBOL_GPL(micro_create_device);

/**
 * micro_destroy_device() - undo micro_create_device()
 * @device: what it returned; ERR_PTR() and NULL are ignored
 *
 * Unbinds the device, which revokes every file that is open on it.
 *
 * Context: may sleep, until the operations that are running have returned. Not
 * from an operation of this device: it would wait for itself.
 */
void micro_destroy_device(struct micro_device *device)
{
	if (!IS_ERR_OR_NULL(device))
		micro_instance_destroy(to_micro_instance(device));
}
EXPORT_SYMBOL_GPL(micro_destroy_device);

int micro_devices_init(void)
{
	int err;

	max_devices = clamp(max_devices, 1U, MICRO_MINORS);

	err = rhashtable_init(&micro_names, &micro_names_params);
	if (err)
		return err;

	micro_root = root_device_register("micro");
	if (IS_ERR(micro_root)) {
		err = PTR_ERR(micro_root);
		goto err_names;
	}

	micro_root_dir = kobject_create_and_add("instances", &micro_root->kobj);
	if (!micro_root_dir) {
		err = -ENOMEM;
		goto err_root;
	}
	return 0;

err_root:
	root_device_unregister(micro_root);
err_names:
	rhashtable_destroy(&micro_names);
	return err;
}

void micro_devices_exit(void)
{
	kobject_put(micro_root_dir);
	root_device_unregister(micro_root);
	rhashtable_destroy(&micro_names);
	wait_var_event(&micro_objects, !atomic_read(&micro_objects));
}
