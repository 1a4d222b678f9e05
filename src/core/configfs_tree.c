// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configfs front end: properties and child nodes of a device
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/device.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "configfs.h"

/**
 * DOC: Properties and children
 *
 * The directories mirror a tree of micro_nodes, which is copied into
 * firmware nodes when the device is bound. While it is bound the tree cannot be changed,
 * but for rmdir, which configfs does not let us refuse. configfs's own lists are
 * guarded by su_mutex, which a bind must not take, since mkdir of a device binds
 * with it held; so the tree has lists of its own.
 */

#define MICRO_DEPTH_MAX	16	/* of child nodes; copying the tree recurses */

/**
 * struct micro_cfs_prop - the directory of a property
 * @item: configfs's side, owns this
 * @prop: the property; guarded by micro_cfs.tree_lock
 * @cfs: the device
 */
struct micro_cfs_prop {
	struct config_item item;
	struct micro_prop prop;
	struct micro_cfs *cfs;
};

/**
 * struct micro_cfs_child - the directory of a child node
 * @group: configfs's side, owns this
 * @n: what is in it
 */
struct micro_cfs_child {
	struct config_group group;
	struct micro_cfs_node n;
};

static struct micro_cfs_prop *to_micro_cfs_prop(struct config_item *item)
{
	return container_of(item, struct micro_cfs_prop, item);
}

static struct micro_cfs_child *to_micro_cfs_child(struct config_item *item)
{
	return container_of(to_config_group(item), struct micro_cfs_child, group);
}

/* The tree may be changed; a driver that comes now waits for tree_lock to copy it */
static bool micro_cfs_writable(struct micro_cfs *cfs)
{
	lockdep_assert_held(&cfs->tree_lock);
	return !micro_instance_in_use(cfs->mi);
}

static ssize_t micro_cfs_prop_show(struct config_item *item, char *page,
				   enum micro_prop_type type)
{
	struct micro_cfs_prop *p = to_micro_cfs_prop(item);

	guard(mutex)(&p->cfs->tree_lock);
	if (p->prop.value.type != type)
		return -EINVAL;
	return micro_value_format(&p->prop.value, page);
}

static ssize_t micro_cfs_prop_store(struct config_item *item, const char *page,
				    size_t count, enum micro_prop_type type)
{
	struct micro_cfs_prop *p = to_micro_cfs_prop(item);
	struct micro_value value;
	int err;

	err = micro_value_parse(&value, type, page, count);
	if (err)
		return err;

	guard(mutex)(&p->cfs->tree_lock);
	if (!micro_cfs_writable(p->cfs)) {
		kfree(value.data);
		return -EBUSY;
	}
	kfree(p->prop.value.data);
	p->prop.value = value;
	return count;
}

#define MICRO_CFS_TYPE(name, type)						\
static ssize_t micro_cfs_prop_##name##_show(struct config_item *item,		\
					    char *page)				\
{										\
	return micro_cfs_prop_show(item, page, type);				\
}										\
static ssize_t micro_cfs_prop_##name##_store(struct config_item *item,		\
					     const char *page, size_t count)	\
{										\
	return micro_cfs_prop_store(item, page, count, type);			\
}										\
CONFIGFS_ATTR(micro_cfs_prop_, name)

MICRO_CFS_TYPE(u8, MICRO_PROP_U8);
MICRO_CFS_TYPE(u16, MICRO_PROP_U16);
MICRO_CFS_TYPE(u32, MICRO_PROP_U32);
MICRO_CFS_TYPE(u64, MICRO_PROP_U64);
MICRO_CFS_TYPE(string, MICRO_PROP_STRING);

static ssize_t micro_cfs_prop_type_show(struct config_item *item, char *page)
{
	struct micro_cfs_prop *p = to_micro_cfs_prop(item);

	guard(mutex)(&p->cfs->tree_lock);
	return scnprintf(page, PAGE_SIZE, "%s\n",
			 micro_prop_type_name(p->prop.value.type));
}
CONFIGFS_ATTR_RO(micro_cfs_prop_, type);

static struct configfs_attribute *micro_cfs_prop_attrs[] = {
	&micro_cfs_prop_attr_u8,
	&micro_cfs_prop_attr_u16,
	&micro_cfs_prop_attr_u32,
	&micro_cfs_prop_attr_u64,
	&micro_cfs_prop_attr_string,
	&micro_cfs_prop_attr_type,
	NULL
};

static void micro_cfs_prop_release(struct config_item *item)
{
	struct micro_cfs_prop *p = to_micro_cfs_prop(item);

	kfree(p->prop.value.data);
	kfree(p);
}

static struct configfs_item_operations micro_cfs_prop_item_ops = {
	.release = micro_cfs_prop_release,
};

static const struct config_item_type micro_cfs_prop_type = {
	.ct_item_ops = &micro_cfs_prop_item_ops,
	.ct_attrs = micro_cfs_prop_attrs,
	.ct_owner = THIS_MODULE,
};

static int micro_cfs_name_check(struct micro_cfs *cfs, const char *name)
{
	if (micro_prop_name_valid(name))
		return 0;
	dev_err(micro_instance_device(cfs->mi),
		"'%*pE' is not a name in a device tree: 1 to %d characters of [A-Za-z0-9,._+?#@-]\n",
		(int)strnlen(name, MICRO_PROP_NAME_MAX + 1), name, MICRO_PROP_NAME_MAX);
	return -EINVAL;
}

static struct config_item *micro_cfs_prop_make(struct config_group *group,
					       const char *name)
{
	struct micro_cfs_node *n = container_of(group, struct micro_cfs_node, properties);
	struct micro_cfs_prop *p __free(kfree) = NULL;
	int err;

	err = micro_cfs_name_check(n->cfs, name);
	if (err)
		return ERR_PTR(err);
	if (!n->depth && !strcmp(name, "compatible")) {
		dev_err(micro_instance_device(n->cfs->mi),
			"write compatible strings to the device's file 'compatible'\n");
		return ERR_PTR(-EINVAL);
	}

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return ERR_PTR(-ENOMEM);
	p->cfs = n->cfs;

	guard(mutex)(&n->cfs->tree_lock);
	if (!micro_cfs_writable(n->cfs))
		return ERR_PTR(-EBUSY);
	config_item_init_type_name(&p->item, name, &micro_cfs_prop_type);
	p->prop.name = config_item_name(&p->item);
	if (!p->prop.name)
		return ERR_PTR(-ENOMEM);
	list_add_tail(&p->prop.entry, &n->node.props);
	return &no_free_ptr(p)->item;
}

static void micro_cfs_prop_drop(struct config_group *group, struct config_item *item)
{
	struct micro_cfs_prop *p = to_micro_cfs_prop(item);

	scoped_guard(mutex, &p->cfs->tree_lock)
		list_del(&p->prop.entry);
	config_item_put(item);
}

static struct configfs_group_operations micro_cfs_properties_ops = {
	.make_item = micro_cfs_prop_make,
	.drop_item = micro_cfs_prop_drop,
};

static const struct config_item_type micro_cfs_properties_type = {
	.ct_group_ops = &micro_cfs_properties_ops,
	.ct_owner = THIS_MODULE,
};

static void micro_cfs_child_release(struct config_item *item)
{
	kfree(to_micro_cfs_child(item));
}

static struct configfs_item_operations micro_cfs_child_item_ops = {
	.release = micro_cfs_child_release,
};

static const struct config_item_type micro_cfs_child_type = {
	.ct_item_ops = &micro_cfs_child_item_ops,
	.ct_owner = THIS_MODULE,
};

static struct config_group *micro_cfs_child_make(struct config_group *group,
						 const char *name)
{
	struct micro_cfs_node *n = container_of(group, struct micro_cfs_node, children);
	struct micro_cfs_child *c __free(kfree) = NULL;
	int err;

	err = micro_cfs_name_check(n->cfs, name);
	if (err)
		return ERR_PTR(err);
	if (n->depth == MICRO_DEPTH_MAX) {
		dev_err(micro_instance_device(n->cfs->mi), "child nodes may be nested %d levels deep\n",
			MICRO_DEPTH_MAX);
		return ERR_PTR(-EINVAL);
	}

	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return ERR_PTR(-ENOMEM);

	guard(mutex)(&n->cfs->tree_lock);
	if (!micro_cfs_writable(n->cfs))
		return ERR_PTR(-EBUSY);
	config_group_init_type_name(&c->group, name, &micro_cfs_child_type);
	if (!config_item_name(&c->group.cg_item))
		return ERR_PTR(-ENOMEM);
	micro_cfs_node_init(&c->n, n->cfs, &c->group,
			    config_item_name(&c->group.cg_item), n->depth + 1);
	list_add_tail(&c->n.node.entry, &n->node.children);
	return &no_free_ptr(c)->group;
}

static void micro_cfs_child_drop(struct config_group *group, struct config_item *item)
{
	struct micro_cfs_child *c = to_micro_cfs_child(item);

	scoped_guard(mutex, &c->n.cfs->tree_lock)
		list_del(&c->n.node.entry);
	config_item_put(item);
}

static struct configfs_group_operations micro_cfs_children_ops = {
	.make_group = micro_cfs_child_make,
	.drop_item = micro_cfs_child_drop,
};

static const struct config_item_type micro_cfs_children_type = {
	.ct_group_ops = &micro_cfs_children_ops,
	.ct_owner = THIS_MODULE,
};

/**
 * micro_cfs_node_init() - add properties/ and children/ to a directory
 * @n: the node
 * @cfs: its device
 * @group: the directory, initialized
 * @name: the node's name; stays as long as @n
 * @depth: how many levels below the device
 *
 * Context: may sleep; the directory is being made.
 */
void micro_cfs_node_init(struct micro_cfs_node *n, struct micro_cfs *cfs,
			 struct config_group *group, const char *name,
			 unsigned int depth)
{
	n->cfs = cfs;
	n->depth = depth;
	micro_node_init(&n->node, name);
	config_group_init_type_name(&n->properties, "properties",
				    &micro_cfs_properties_type);
	config_group_init_type_name(&n->children, "children", &micro_cfs_children_type);
	configfs_add_default_group(&n->properties, group);
	configfs_add_default_group(&n->children, group);
}

/**
 * micro_cfs_fwnode() - what a driver that is bound will see of the tree: a copy
 * @front_data: the directory of the device
 * @compat: the device's compatible strings, or NULL
 *
 * Context: may sleep; the device lock is held.
 * Return: see struct micro_front.
 */
struct fwnode_handle *micro_cfs_fwnode(void *front_data, const struct micro_compat *compat)
{
	struct micro_cfs *cfs = front_data;

	guard(mutex)(&cfs->tree_lock);
	return micro_fwnode_create(&cfs->root.node, compat);
}
