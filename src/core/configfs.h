/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the directories of a device share
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_CONFIGFS_H
#define _MICRO_CONFIGFS_H

#include <linux/configfs.h>
#include <linux/mutex.h>

#include "instance.h"
#include "property.h"

struct micro_cfs;

/**
 * struct micro_cfs_node - the directories properties/ and children/ of a node
 * @properties: the one
 * @children: the other
 * @node: what they hold, guarded by micro_cfs.tree_lock
 * @cfs: the device
 * @depth: 0 for the device's own
 */
struct micro_cfs_node {
	struct config_group properties;
	struct config_group children;
	struct micro_node node;
	struct micro_cfs *cfs;
	unsigned int depth;
};

/**
 * struct micro_cfs - the directory of a device
 * @group: configfs's side, owns this
 * @root: the device's properties and child nodes
 * @tree_lock: guards the whole tree below @root; taken inside the device lock
 * @mi: the device
 */
struct micro_cfs {
	struct config_group group;
	struct micro_cfs_node root;
	struct mutex tree_lock;
	struct micro_instance *mi;
};

struct fwnode_handle *micro_cfs_fwnode(void *front_data, const struct micro_compat *compat);

void micro_cfs_node_init(struct micro_cfs_node *n, struct micro_cfs *cfs,
			 struct config_group *group, const char *name,
			 unsigned int depth);

#endif /* _MICRO_CONFIGFS_H */
