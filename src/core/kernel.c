// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end for kernel code: functions that make and destroy a device
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/export.h>

#include <microkernel.h>

#include "instance.h"
#include "match.h"
#include "node.h"

/**
 * DOC: Kernel code
 *
 * A device that a driver or a subsystem makes. Its node is directly below /dev,
 * and unlike a user it is told at once when probe fails: then there is no device.
 */

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

	err = micro_instance_error(mi);
	if (err && err != -EPROBE_DEFER) {
		micro_instance_destroy(mi);
		return ERR_PTR(err);
	}
	return micro_instance_mdev(mi);
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
 * a folder of /dev), -EEXIST for one that is taken, on the bus or in /dev, -EBUSY for
 * one whose last device is still going, as somebody is inside its driver, -ENOSPC
 * when there are as many devices as device numbers,
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
		micro_instance_destroy(micro_device_instance(device));
}
EXPORT_SYMBOL_GPL(micro_destroy_device);
