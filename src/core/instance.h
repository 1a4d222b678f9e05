/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a front end may ask of a device
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_INSTANCE_H
#define _MICRO_INSTANCE_H

#include <linux/types.h>

struct device;
struct fwnode_handle;
struct micro_compat;
struct micro_device;
struct micro_instance;

/**
 * DOC: The wall between front ends and devices
 *
 * A front end decides which devices there are: configfs, firmware, kernel code.
 * This header is all that it knows of them. It says what to make, and asks the
 * instance for the rest; it never sees a binding, a driver or a lock that is not
 * its own.
 */

/**
 * struct micro_front - what a front end is asked while one of its devices exists
 * @name: what users know it by
 * @bounded: it calls with locks held that others need: it does not wait longer than
 *	patience_ms for a driver. What takes longer goes on after it has returned
 * @release: the instance is gone, and @fwnode will not be called any more. May be NULL
 * @fwnode: a driver is about to be bound; the device lock is held. Returns the
 *	firmware node for that bind with a reference, NULL for none, or an ERR_PTR()
 *	that fails the bind. @front_data is micro_instance_info.front_data, @compat
 *	the device's compatible strings or NULL. May be NULL
 */
struct micro_front {
	const char *name;
	bool bounded;
	void (*release)(void *front_data);
	struct fwnode_handle *(*fwnode)(void *front_data, const struct micro_compat *compat);
};

/**
 * enum micro_load - is user space asked for a driver that is not there?
 * @MICRO_LOAD_NONE: it is not
 * @MICRO_LOAD_ASK: it is asked, and nobody waits
 * @MICRO_LOAD_WAIT: waits until the module's init has run, so the device is bound
 */
enum micro_load {
	MICRO_LOAD_NONE,
	MICRO_LOAD_ASK,
	MICRO_LOAD_WAIT,
};

/**
 * struct micro_instance_info - what a front end says of a new device
 * @name: its name
 * @base: what the name of its driver is looked for in, up to a dot, if that is not
 *	@name; else NULL
 * @data: for micro_device.private_data
 * @fwnode: its firmware node; may be NULL. A reference is taken
 * @keeper: the device whose lock may be held while the new one is removed; may be NULL.
 *	A reference is taken
 * @front: the front end
 * @front_data: the front end's own
 * @load: what to do when no driver is there
 * @kernel: kernel code makes it: its node is directly below /dev
 */
struct micro_instance_info {
	const char *name;
	const char *base;
	void *data;
	struct fwnode_handle *fwnode;
	struct device *keeper;
	const struct micro_front *front;
	void *front_data;
	enum micro_load load;
	bool kernel;
};

struct micro_instance *micro_instance_create(const struct micro_instance_info *info);
void micro_instance_destroy(struct micro_instance *mi);
int micro_instance_set_live(struct micro_instance *mi, bool live);
int micro_instance_set_compat(struct micro_instance *mi, const char *text,
			      size_t len);

const char *micro_instance_name(const struct micro_instance *mi);
struct device *micro_instance_device(struct micro_instance *mi);
struct micro_device *micro_instance_mdev(struct micro_instance *mi);
struct micro_instance *micro_device_instance(struct micro_device *mdev);
bool micro_instance_is_live(const struct micro_instance *mi);
bool micro_instance_is_bound(struct micro_instance *mi);
bool micro_instance_in_use(const struct micro_instance *mi);
int micro_instance_error(const struct micro_instance *mi);
dev_t micro_instance_devt(struct micro_instance *mi);
size_t micro_instance_status(struct micro_instance *mi, char *buf, size_t size);
size_t micro_instance_driver(struct micro_instance *mi, char *buf, size_t size);
size_t micro_instance_compat(struct micro_instance *mi, char *buf, size_t size);
struct fwnode_handle *micro_instance_find_fwnode(const char *name);

#endif /* _MICRO_INSTANCE_H */
