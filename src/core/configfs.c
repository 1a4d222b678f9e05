// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configfs front end: mkdir makes a device, rmdir removes it
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>

#include "configfs.h"
#include "main.h"

/**
 * DOC: configfs
 *
 * /sys/kernel/config/micro/NAME is the device NAME. configfs calls us with the
 * parent's inode lock and the subsystem's su_mutex held for mkdir and rmdir,
 * and keeps a directory from going while one of its files is read or written;
 * so a device exists in everything below. It does not serialize writes through
 * different opens of one file; each of them is a job, and a device has one at a time.
 */

static struct micro_cfs *to_micro_cfs(struct config_item *item)
{
	return container_of(to_config_group(item), struct micro_cfs, group);
}

static ssize_t micro_cfs_compatible_show(struct config_item *item, char *page)
{
	return micro_instance_compat(to_micro_cfs(item)->mi, page, PAGE_SIZE);
}

static ssize_t micro_cfs_compatible_store(struct config_item *item,
					  const char *page, size_t count)
{
	struct micro_cfs *cfs = to_micro_cfs(item);
	int err;

	err = micro_instance_set_compat(cfs->mi, page, count);
	return err ?: count;
}

static ssize_t micro_cfs_live_show(struct config_item *item, char *page)
{
	return scnprintf(page, PAGE_SIZE, "%d\n",
			 micro_instance_is_live(to_micro_cfs(item)->mi));
}

static ssize_t micro_cfs_live_store(struct config_item *item,
				    const char *page, size_t count)
{
	struct micro_cfs *cfs = to_micro_cfs(item);
	bool live;
	int err;

	err = kstrtobool(page, &live);
	if (err)
		return err;

	err = micro_instance_set_live(cfs->mi, live);
	return err ?: count;
}

static ssize_t micro_cfs_status_show(struct config_item *item, char *page)
{
	size_t len = micro_instance_status(to_micro_cfs(item)->mi, page, PAGE_SIZE);

	return len + scnprintf(page + len, PAGE_SIZE - len, "\n");
}

static ssize_t micro_cfs_driver_show(struct config_item *item, char *page)
{
	size_t len = micro_instance_driver(to_micro_cfs(item)->mi, page, PAGE_SIZE);

	return len + scnprintf(page + len, PAGE_SIZE - len, "\n");
}

static ssize_t micro_cfs_devnode_show(struct config_item *item, char *page)
{
	struct micro_instance *mi = to_micro_cfs(item)->mi;

	if (!micro_instance_is_bound(mi))
		return scnprintf(page, PAGE_SIZE, "\n");
	return scnprintf(page, PAGE_SIZE, "micro/%s\n", micro_instance_name(mi));
}

static ssize_t micro_cfs_dev_show(struct config_item *item, char *page)
{
	dev_t devt = micro_instance_devt(to_micro_cfs(item)->mi);

	return devt ? print_dev_t(page, devt) : scnprintf(page, PAGE_SIZE, "\n");
}

CONFIGFS_ATTR(micro_cfs_, compatible);
CONFIGFS_ATTR(micro_cfs_, live);
CONFIGFS_ATTR_RO(micro_cfs_, status);
CONFIGFS_ATTR_RO(micro_cfs_, driver);
CONFIGFS_ATTR_RO(micro_cfs_, devnode);
CONFIGFS_ATTR_RO(micro_cfs_, dev);

static struct configfs_attribute *micro_cfs_attrs[] = {
	&micro_cfs_attr_compatible,
	&micro_cfs_attr_live,
	&micro_cfs_attr_status,
	&micro_cfs_attr_driver,
	&micro_cfs_attr_devnode,
	&micro_cfs_attr_dev,
	NULL
};

static void micro_cfs_release(struct config_item *item)
{
	struct micro_cfs *cfs = to_micro_cfs(item);

	mutex_destroy(&cfs->tree_lock);
	kfree(cfs);
}

static struct configfs_item_operations micro_cfs_item_ops = {
	.release = micro_cfs_release,
};

static const struct config_item_type micro_cfs_type = {
	.ct_item_ops = &micro_cfs_item_ops,
	.ct_attrs = micro_cfs_attrs,
	.ct_owner = THIS_MODULE,
};

/* Last, as a driver that is being bound may read what is in the directory */
static void micro_cfs_gone(void *front_data)
{
	struct micro_cfs *cfs = front_data;

	config_item_put(&cfs->group.cg_item);
}

static const struct micro_front micro_cfs_front = {
	.name = "configfs",
	.bounded = true,
	.release = micro_cfs_gone,
	.fwnode = micro_cfs_fwnode,
};

static struct config_group *micro_cfs_make(struct config_group *parent,
					   const char *name)
{
	struct micro_instance_info info = {
		.name = name,
		.front = &micro_cfs_front,
		.load = MICRO_LOAD_WAIT,
	};
	struct micro_instance *mi;
	struct micro_cfs *cfs;

	cfs = kzalloc(sizeof(*cfs), GFP_KERNEL);
	if (!cfs)
		return ERR_PTR(-ENOMEM);

	mutex_init(&cfs->tree_lock);
	config_group_init_type_name(&cfs->group, name, &micro_cfs_type);
	micro_cfs_node_init(&cfs->root, cfs, &cfs->group,
			    config_item_name(&cfs->group.cg_item), 0);

	info.front_data = cfs;
	/* configfs keeps quiet when it could not copy a long name */
	mi = config_item_name(&cfs->group.cg_item) ? micro_instance_create(&info) :
						     ERR_PTR(-ENOMEM);
	if (IS_ERR(mi)) {
		config_item_put(&cfs->group.cg_item);
		return ERR_CAST(mi);
	}
	cfs->mi = mi;
	return &cfs->group;
}

static void micro_cfs_drop(struct config_group *parent, struct config_item *item)
{
	/* Puts the item when the device is gone, now or later */
	micro_instance_destroy(to_micro_cfs(item)->mi);
}

static struct configfs_group_operations micro_cfs_group_ops = {
	.make_group = micro_cfs_make,
	.drop_item = micro_cfs_drop,
};

static const struct config_item_type micro_cfs_root_type = {
	.ct_group_ops = &micro_cfs_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem micro_cfs_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "micro",
			.ci_type = &micro_cfs_root_type,
		},
	},
};

int micro_configfs_init(void)
{
	config_group_init(&micro_cfs_subsys.su_group);
	mutex_init(&micro_cfs_subsys.su_mutex);
	return configfs_register_subsystem(&micro_cfs_subsys);
}

void micro_configfs_exit(void)
{
	configfs_unregister_subsystem(&micro_cfs_subsys);
	mutex_destroy(&micro_cfs_subsys.su_mutex);
}
