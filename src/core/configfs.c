// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configfs front end: mkdir makes a device, rmdir removes it
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/kstrtox.h>
#include <linux/slab.h>

#include "configfs.h"

/**
 * DOC: configfs
 *
 * /sys/kernel/config/micro/NAME is the device NAME. configfs calls us with the
 * parent's inode lock and the subsystem's su_mutex held for mkdir and rmdir,
 * and keeps a directory from going while one of its files is read or written;
 * so a device exists in everything below. It does not serialize writes through
 * different opens of one file, which micro_cfs.lock does.
 */

static struct micro_cfs *to_micro_cfs(struct config_item *item)
{
	return container_of(to_config_group(item), struct micro_cfs, group);
}

static ssize_t micro_cfs_compatible_show(struct config_item *item, char *page)
{
	struct micro_cfs *cfs = to_micro_cfs(item);
	const struct micro_compat *compat;
	ssize_t len = 0;
	const char *s;

	rcu_read_lock();
	compat = rcu_dereference(cfs->mi->compat);
	if (compat)
		micro_compat_for_each(s, compat)
			len += scnprintf(page + len, PAGE_SIZE - len, "%s\n", s);
	rcu_read_unlock();
	return len;
}

static ssize_t micro_cfs_compatible_store(struct config_item *item,
					  const char *page, size_t count)
{
	struct micro_cfs *cfs = to_micro_cfs(item);
	int err;

	guard(mutex)(&cfs->lock);
	err = micro_instance_set_compat(cfs->mi, page, count);
	return err ?: count;
}

static ssize_t micro_cfs_live_show(struct config_item *item, char *page)
{
	return scnprintf(page, PAGE_SIZE, "%d\n",
			 READ_ONCE(to_micro_cfs(item)->mi->live));
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

	guard(mutex)(&cfs->lock);
	err = micro_instance_set_live(cfs->mi, live);
	return err ?: count;
}

static ssize_t micro_cfs_status_show(struct config_item *item, char *page)
{
	struct micro_instance *mi = to_micro_cfs(item)->mi;
	int err = READ_ONCE(mi->error);
	const char *name = micro_errname(err);

	if (!READ_ONCE(mi->live))
		return scnprintf(page, PAGE_SIZE, "off\n");
	if (READ_ONCE(mi->binding))
		return scnprintf(page, PAGE_SIZE, "bound\n");
	if (!err)
		return scnprintf(page, PAGE_SIZE, "unbound\n");

	if (name)
		return scnprintf(page, PAGE_SIZE, "failed %s\n", name);
	return scnprintf(page, PAGE_SIZE, "failed %d\n", -err);
}

static ssize_t micro_cfs_driver_show(struct config_item *item, char *page)
{
	struct micro_instance *mi = to_micro_cfs(item)->mi;
	ssize_t len;

	spin_lock(&mi->lock);
	len = scnprintf(page, PAGE_SIZE, "%s\n",
			mi->binding ? mi->mdev.driver->name : "");
	spin_unlock(&mi->lock);
	return len;
}

static ssize_t micro_cfs_devnode_show(struct config_item *item, char *page)
{
	struct micro_instance *mi = to_micro_cfs(item)->mi;

	if (!READ_ONCE(mi->binding))
		return scnprintf(page, PAGE_SIZE, "\n");
	return scnprintf(page, PAGE_SIZE, "micro/%s\n", mi->mdev.name);
}

static ssize_t micro_cfs_dev_show(struct config_item *item, char *page)
{
	struct micro_instance *mi = to_micro_cfs(item)->mi;
	dev_t devt = 0;

	spin_lock(&mi->lock);
	if (mi->binding)
		devt = mi->binding->dev.devt;
	spin_unlock(&mi->lock);
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

	mutex_destroy(&cfs->lock);
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

static struct config_group *micro_cfs_make(struct config_group *parent,
					   const char *name)
{
	struct micro_instance_info info = {
		.name = name,
		.front = &micro_cfs_front,
	};
	struct micro_instance *mi;
	struct micro_cfs *cfs;

	cfs = kzalloc(sizeof(*cfs), GFP_KERNEL);
	if (!cfs)
		return ERR_PTR(-ENOMEM);

	mutex_init(&cfs->lock);
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
	if (!READ_ONCE(mi->binding) && !READ_ONCE(mi->error))
		micro_request_driver(mi, true);
	return &cfs->group;
}

static void micro_cfs_drop(struct config_group *parent, struct config_item *item)
{
	micro_instance_destroy(to_micro_cfs(item)->mi);
	config_item_put(item);
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
