/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices, as they are or as they are wanted
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_DEVICE_H
#define _MICROCTL_DEVICE_H

#include <stdbool.h>

#include "message.h"
#include "server.h"
#include "value.h"

/**
 * struct property - of a node
 * @name: its name
 * @value: its value
 */
struct property {
	const char *name;
	struct value value;
};

/**
 * struct node - a device's own node, or one below it
 * @name: its name
 * @properties: what it has
 * @property_count: so many
 * @children: its child nodes, in their order, which drivers see
 * @child_count: so many
 */
struct node {
	const char *name;
	struct property *properties;
	size_t property_count;
	struct node *children;
	size_t child_count;
};

/**
 * enum origin - who made a device
 * @ORIGIN_CONFIGFS: a user, in configfs: those that we can change
 * @ORIGIN_FIRMWARE: a device tree or ACPI
 * @ORIGIN_KERNEL: a module
 */
enum origin {
	ORIGIN_CONFIGFS,
	ORIGIN_FIRMWARE,
	ORIGIN_KERNEL,
};

/**
 * struct device - a device
 * @at: where it is declared
 * @name: its name
 * @compatible: compatible strings, each with its NUL; NULL without any
 * @compatible_size: bytes there
 * @live: may it be bound?
 * @root: its properties and child nodes
 * @origin: who made it; this and the rest only of those that exist
 * @status: "bound", "unbound", "off", "failed EINVAL"
 * @driver: the driver's name, or ""
 * @devnode: path below /dev, or ""
 * @dev: "major:minor", or ""
 * @server: the process, of a user driver's node; else NULL
 */
struct device {
	struct place at;
	const char *name;
	const char *compatible;
	size_t compatible_size;
	bool live;
	struct node root;

	enum origin origin;
	const char *status;
	const char *driver;
	const char *devnode;
	const char *dev;
	const struct server *server;
};

/**
 * struct devices - a list of devices that can be looked up by name
 * @all: the devices
 * @count: how many
 * @by_name: for tfind(3)
 */
struct devices {
	struct device **all;
	size_t count;
	void *by_name;
};

#define for_each_device(d, list) \
	for (size_t _i = 0; _i < (list)->count && ((d) = (list)->all[_i]); _i++)

bool status_is_refusal(const char *status);
struct property *node_add_property(struct node *node, const char *name);
struct node *node_add_child(struct node *node, const char *name);
const struct property *node_property(const struct node *node, const char *name);
const struct node *node_child(const struct node *node, const char *name);
size_t node_in_order(const struct node *want, const struct node *have);
const struct node *node_staying(const struct node *want, size_t in_order, const char *child);

const char *device_difference(const struct device *want, const struct device *have);

struct device *devices_find(const struct devices *list, const char *name);
struct device *devices_add(struct devices *list, struct device *device);
void devices_sort(struct devices *list);

const char *origin_name(enum origin origin);

#endif /* _MICROCTL_DEVICE_H */
