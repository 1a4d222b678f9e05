// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_peers: what the framework is measured against, in the same boot
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/cdev.h>
#include <linux/configfs.h>
#include <linux/idr.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/percpu-refcount.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>

#include <microkernel.h>

#include "../../src/core/compat.h"
#include "micro_peers.h"

/**
 * DOC: Peers
 *
 * All of them have the same handlers, so that what differs is the way to them:
 *
 * /dev/micro/micro_plain
 *	a misc device with no guard at all, where both parts of the path are as
 *	long as for the framework's node
 * /sys/kernel/config/peer_bare/
 *	a directory is a config_item and nothing else
 * /sys/kernel/config/peer_hand/
 *	a directory is what the framework makes of it, but by hand, with nothing
 *	checked and nothing safe: the same files and directories in it, bus
 *	device, driver bound to it, class device, cdev, node /dev/peer_hand/NAME
 * /sys/kernel/config/peer_lean/
 *	the same, but the directory is empty
 * /sys/kernel/config/peer_srcu/, peer_percpu/, peer_rwsem/, peer_revocable/
 *	peer_hand, with each operation guarded against the removal in the way of
 *	the name. The last is how the "revocable" that mainline took back does
 *	it: a handle for each open file and an srcu_struct for each device
 *
 * And three drivers for the framework: micro_bench with the same handlers,
 * micro_lookup, whose read() looks up its instance first, as those of real drivers
 * do, and micro_sleeper, whose reads sleep until the device goes. What micro_lookup is
 * measured against is the misc device /dev/micro/plain_lookup, which does the same.
 */

#define PEER_MINORS	(MINORMASK + 1)

static u8 peer_data[PEER_DATA_SIZE];
static DECLARE_WAIT_QUEUE_HEAD(peer_wq);

/* The handlers */

static __always_inline ssize_t peer_read(char __user *buf, size_t count)
{
	if (count == 1)
		return put_user(peer_data[0], buf) ?: 1;

	count = min_t(size_t, count, PEER_DATA_SIZE);
	return copy_to_user(buf, peer_data, count) ? -EFAULT : count;
}

static __always_inline ssize_t peer_write(const char __user *buf, size_t count)
{
	if (count == 1)
		return get_user(peer_data[0], buf) ?: 1;

	count = min_t(size_t, count, PEER_DATA_SIZE);
	return copy_from_user(peer_data, buf, count) ? -EFAULT : count;
}

static __always_inline long peer_ioctl(unsigned int cmd)
{
	return cmd == PEER_IOC_PING ? 0 : -ENOTTY;
}

static __always_inline __poll_t peer_poll(struct file *filp,
					  struct poll_table_struct *wait)
{
	poll_wait(filp, &peer_wq, wait);
	return EPOLLIN | EPOLLRDNORM;
}

/* The plain misc device */

static ssize_t misc_read(struct file *filp, char __user *buf, size_t count,
			 loff_t *offset)
{
	return peer_read(buf, count);
}

static ssize_t misc_write(struct file *filp, const char __user *buf,
			  size_t count, loff_t *offset)
{
	return peer_write(buf, count);
}

static long misc_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return peer_ioctl(cmd);
}

static __poll_t misc_poll(struct file *filp, struct poll_table_struct *wait)
{
	return peer_poll(filp, wait);
}

static const struct file_operations misc_fops = {
	.owner = THIS_MODULE,
	.read = misc_read,
	.write = misc_write,
	.unlocked_ioctl = misc_ioctl,
	.poll = misc_poll,
};

static struct miscdevice misc_peer = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "peer_misc",
	.nodename = "micro/micro_plain",
	.fops = &misc_fops,
};

/* Services to micro-bench, on a node of their own */

static long control_sleepers(void)
{
	struct wait_queue_entry *wait;
	long count = 0;

	spin_lock_irq(&peer_wq.lock);
	list_for_each_entry(wait, &peer_wq.head, entry)
		count++;
	spin_unlock_irq(&peer_wq.lock);
	return count;
}

static long control_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case PEER_IOC_PING:
		return 0;
	case PEER_IOC_SLEEPERS:
		return control_sleepers();
	case PEER_IOC_SYNC_RCU:
		synchronize_rcu();
		return 0;
	case PEER_IOC_SETTLE:
		/* kfree_rcu() collects for 5 s, and older kernels can't wait for it */
		schedule_timeout_uninterruptible(6 * HZ);
		rcu_barrier();
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = control_ioctl,
};

static struct miscdevice control_peer = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "peer_control",
	.fops = &control_fops,
};

/**
 * enum peer_guard - what keeps operations and removal apart
 * @GUARD_HAND: nothing
 * @GUARD_LEAN: nothing
 * @GUARD_SRCU: an srcu_struct for each device
 * @GUARD_PERCPU: a percpu_ref for each device
 * @GUARD_RWSEM: a rw_semaphore for each device
 * @GUARD_REVOCABLE: as @GUARD_SRCU, through a handle for each open file
 * @GUARDS: how many there are
 */
enum peer_guard {
	GUARD_HAND,
	GUARD_LEAN,
	GUARD_SRCU,
	GUARD_PERCPU,
	GUARD_RWSEM,
	GUARD_REVOCABLE,
	GUARDS
};

/**
 * struct peer_node - class device and character device
 * @dev: the class device, which owns this
 * @cdev: the character device
 * @guard: which of the guards below is in use
 * @resource: what the guard guards; NULL once the device is gone
 * @srcu: of GUARD_SRCU and GUARD_REVOCABLE
 * @ref: of GUARD_PERCPU
 * @rwsem: of GUARD_RWSEM
 * @gone: nobody is inside @ref any more
 */
struct peer_node {
	struct device dev;
	struct cdev cdev;
	enum peer_guard guard;
	/* Without a guard there is nothing from here on */
	void __rcu *resource;
	union {
		struct srcu_struct srcu;
		struct {
			struct percpu_ref ref;
			struct completion gone;
		};
		struct rw_semaphore rwsem;
	};
};

struct peer_device {
	struct device dev;
	struct peer_node *node;
	enum peer_guard guard;
};

/**
 * struct peer_item - a directory
 * @group: its configfs side; only an item for peer_lean and peer_bare
 * @pdev: the device, NULL for peer_bare
 * @properties: a directory in it
 * @children: another one; peer_lean and peer_bare have neither
 */
struct peer_item {
	struct config_group group;
	struct peer_device *pdev;
	struct config_group properties;
	struct config_group children;
};

static struct device *peer_root;
static dev_t peer_devt;
static DEFINE_IDA(peer_minors);

/* Files without a guard */

static int hand_open(struct inode *inode, struct file *filp)
{
	filp->private_data = container_of(inode->i_cdev, struct peer_node, cdev);
	return 0;
}

static const struct file_operations hand_fops = {
	.owner = THIS_MODULE,
	.open = hand_open,
	.read = misc_read,
	.write = misc_write,
	.unlocked_ioctl = misc_ioctl,
	.poll = misc_poll,
};

/*
 * Files with one. Enter returns what leave has to be given, negative when the
 * device is gone. That is more than sparse can follow, so it is told that
 * nothing is held in between.
 */

static __always_inline int srcu_enter(struct peer_node *node)
{
	int idx = srcu_read_lock(&node->srcu);

	/* 0 or 1, which spares the caller a check */
	if (idx < 0)
		__builtin_unreachable();
	if (likely(srcu_dereference(node->resource, &node->srcu))) {
		__release(&node->srcu);
		return idx;
	}
	srcu_read_unlock(&node->srcu, idx);
	return -ENODEV;
}

static __always_inline void srcu_leave(struct peer_node *node, int idx)
{
	__acquire(&node->srcu);
	srcu_read_unlock(&node->srcu, idx);
}

static __always_inline int percpu_enter(struct peer_node *node)
{
	return percpu_ref_tryget_live(&node->ref) ? 0 : -ENODEV;
}

static __always_inline void percpu_leave(struct peer_node *node, int idx)
{
	percpu_ref_put(&node->ref);
}

static __always_inline int rwsem_enter(struct peer_node *node)
{
	down_read(&node->rwsem);
	if (likely(rcu_access_pointer(node->resource)))
		return 0;
	up_read(&node->rwsem);
	return -ENODEV;
}

static __always_inline void rwsem_leave(struct peer_node *node, int idx)
{
	up_read(&node->rwsem);
}

/* A handle to the guard, with two functions that are not inline */
struct peer_handle {
	struct peer_node *node;
	int idx;
};

static noinline void *handle_try_access(struct peer_handle *handle)
{
	handle->idx = srcu_read_lock(&handle->node->srcu);
	__release(&handle->node->srcu);
	return srcu_dereference(handle->node->resource, &handle->node->srcu);
}

static noinline void handle_withdraw_access(struct peer_handle *handle)
{
	__acquire(&handle->node->srcu);
	srcu_read_unlock(&handle->node->srcu, handle->idx);
}

static __always_inline int revocable_enter(struct peer_handle *handle)
{
	if (likely(handle_try_access(handle)))
		return 0;
	handle_withdraw_access(handle);
	return -ENODEV;
}

static __always_inline void revocable_leave(struct peer_handle *handle, int idx)
{
	handle_withdraw_access(handle);
}

static int handle_open(struct inode *inode, struct file *filp)
{
	struct peer_handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL);

	if (!handle)
		return -ENOMEM;

	handle->node = container_of(inode->i_cdev, struct peer_node, cdev);
	get_device(&handle->node->dev);
	filp->private_data = handle;
	return 0;
}

static int handle_release(struct inode *inode, struct file *filp)
{
	struct peer_handle *handle = filp->private_data;

	put_device(&handle->node->dev);
	kfree(handle);
	return 0;
}

#define DEFINE_GUARDED(name, type, opener, releaser)			\
static ssize_t name##_read(struct file *filp, char __user *buf,		\
			   size_t count, loff_t *offset)		\
{									\
	struct type *guard = filp->private_data;			\
	int idx = name##_enter(guard);					\
	ssize_t ret = -ENODEV;						\
									\
	if (idx >= 0) {							\
		ret = peer_read(buf, count);				\
		name##_leave(guard, idx);				\
	}								\
	return ret;							\
}									\
									\
static ssize_t name##_write(struct file *filp, const char __user *buf,	\
			    size_t count, loff_t *offset)		\
{									\
	struct type *guard = filp->private_data;			\
	int idx = name##_enter(guard);					\
	ssize_t ret = -ENODEV;						\
									\
	if (idx >= 0) {							\
		ret = peer_write(buf, count);				\
		name##_leave(guard, idx);				\
	}								\
	return ret;							\
}									\
									\
static long name##_ioctl(struct file *filp, unsigned int cmd,		\
			 unsigned long arg)				\
{									\
	struct type *guard = filp->private_data;			\
	int idx = name##_enter(guard);					\
	long ret = -ENODEV;						\
									\
	if (idx >= 0) {							\
		ret = peer_ioctl(cmd);					\
		name##_leave(guard, idx);				\
	}								\
	return ret;							\
}									\
									\
static __poll_t name##_poll(struct file *filp,				\
			    struct poll_table_struct *wait)		\
{									\
	struct type *guard = filp->private_data;			\
	int idx = name##_enter(guard);					\
	__poll_t ret = EPOLLHUP | EPOLLERR;				\
									\
	if (idx >= 0) {							\
		ret = peer_poll(filp, wait);				\
		name##_leave(guard, idx);				\
	}								\
	return ret;							\
}									\
									\
static const struct file_operations name##_fops = {			\
	.owner = THIS_MODULE,						\
	.open = opener,							\
	.release = releaser,						\
	.read = name##_read,						\
	.write = name##_write,						\
	.unlocked_ioctl = name##_ioctl,					\
	.poll = name##_poll,						\
}

DEFINE_GUARDED(srcu, peer_node, hand_open, NULL);
DEFINE_GUARDED(percpu, peer_node, hand_open, NULL);
DEFINE_GUARDED(rwsem, peer_node, hand_open, NULL);
DEFINE_GUARDED(revocable, peer_handle, handle_open, handle_release);

static const struct {
	const char *name;
	const struct file_operations *fops;
	size_t size;	/* of the part of struct peer_node that it needs */
} peer_guards[GUARDS] = {
	[GUARD_HAND] = {
		"peer_hand", &hand_fops, offsetof(struct peer_node, resource)
	},
	[GUARD_LEAN] = {
		"peer_lean", &hand_fops, offsetof(struct peer_node, resource)
	},
	[GUARD_SRCU] = {
		"peer_srcu", &srcu_fops, offsetofend(struct peer_node, srcu)
	},
	[GUARD_PERCPU] = {
		"peer_percpu", &percpu_fops, offsetofend(struct peer_node, gone)
	},
	[GUARD_RWSEM] = {
		"peer_rwsem", &rwsem_fops, offsetofend(struct peer_node, rwsem)
	},
	[GUARD_REVOCABLE] = {
		"peer_revocable", &revocable_fops, offsetofend(struct peer_node, srcu)
	},
};

static void peer_ref_gone(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct peer_node, ref)->gone);
}

static int peer_guard_init(struct peer_node *node)
{
	switch (node->guard) {
	case GUARD_SRCU:
	case GUARD_REVOCABLE:
		rcu_assign_pointer(node->resource, node);
		return init_srcu_struct(&node->srcu);
	case GUARD_PERCPU:
		init_completion(&node->gone);
		return percpu_ref_init(&node->ref, peer_ref_gone, 0, GFP_KERNEL);
	case GUARD_RWSEM:
		rcu_assign_pointer(node->resource, node);
		init_rwsem(&node->rwsem);
		return 0;
	default:
		return 0;
	}
}

/* When this returns nobody is inside, or will ever be */
static void peer_guard_revoke(struct peer_node *node)
{
	switch (node->guard) {
	case GUARD_SRCU:
	case GUARD_REVOCABLE:
		rcu_assign_pointer(node->resource, NULL);
		synchronize_srcu(&node->srcu);
		break;
	case GUARD_PERCPU:
		percpu_ref_kill(&node->ref);
		wait_for_completion(&node->gone);
		break;
	case GUARD_RWSEM:
		down_write(&node->rwsem);
		rcu_assign_pointer(node->resource, NULL);
		up_write(&node->rwsem);
		break;
	default:
		break;
	}
}

static void peer_guard_exit(struct peer_node *node)
{
	switch (node->guard) {
	case GUARD_SRCU:
	case GUARD_REVOCABLE:
		cleanup_srcu_struct(&node->srcu);
		break;
	case GUARD_PERCPU:
		percpu_ref_exit(&node->ref);
		break;
	default:
		break;
	}
}

/* Class device and character device */

static char *peer_devnode(micro_devnode_arg(dev), umode_t *mode)
{
	struct peer_node *node = container_of(dev, struct peer_node, dev);

	return kasprintf(GFP_KERNEL, "%s/%s", peer_guards[node->guard].name,
			 dev_name(dev));
}

static struct class peer_class = {
	.name = "peer",
	.devnode = peer_devnode,
};

static void peer_node_release(struct device *dev)
{
	struct peer_node *node = container_of(dev, struct peer_node, dev);

	peer_guard_exit(node);
	kfree(node);
}

static int peer_probe(struct device *dev)
{
	struct peer_device *pdev = container_of(dev, struct peer_device, dev);
	struct peer_node *node;
	int minor;
	int err;

	node = kzalloc(peer_guards[pdev->guard].size, GFP_KERNEL);
	if (!node)
		return -ENOMEM;

	node->guard = pdev->guard;
	err = peer_guard_init(node);
	if (err) {
		kfree(node);
		return err;
	}

	minor = ida_alloc_max(&peer_minors, PEER_MINORS - 1, GFP_KERNEL);
	device_initialize(&node->dev);
	node->dev.class = &peer_class;
	node->dev.parent = dev;
	node->dev.release = peer_node_release;
	node->dev.devt = MKDEV(MAJOR(peer_devt), minor);
	err = dev_set_name(&node->dev, "%s", dev_name(dev));
	cdev_init(&node->cdev, peer_guards[node->guard].fops);
	node->cdev.owner = THIS_MODULE;
	if (!err)
		err = cdev_device_add(&node->cdev, &node->dev);
	if (err) {
		ida_free(&peer_minors, minor);
		put_device(&node->dev);
		return err;
	}
	pdev->node = node;
	return 0;
}

static void peer_remove(struct device *dev)
{
	struct peer_node *node = container_of(dev, struct peer_device, dev)->node;

	cdev_device_del(&node->cdev, &node->dev);
	peer_guard_revoke(node);
	ida_free(&peer_minors, MINOR(node->dev.devt));
	put_device(&node->dev);
}

static struct bus_type peer_bus = {
	.name = "peer",
	.probe = peer_probe,
	.remove = peer_remove,
};

static struct device_driver peer_driver = {
	.name = "peer",
	.bus = &peer_bus,
	.owner = THIS_MODULE,
};

/* Directories */

static void peer_device_release(struct device *dev)
{
	kfree(container_of(dev, struct peer_device, dev));
}

static struct peer_device *peer_device_create(const char *name,
					      enum peer_guard guard)
{
	struct peer_device *pdev = kzalloc(sizeof(*pdev), GFP_KERNEL);
	int err;

	if (!pdev)
		return ERR_PTR(-ENOMEM);

	pdev->guard = guard;
	device_initialize(&pdev->dev);
	pdev->dev.bus = &peer_bus;
	pdev->dev.parent = peer_root;
	pdev->dev.release = peer_device_release;
	err = dev_set_name(&pdev->dev, "%s", name);
	if (!err)
		err = device_add(&pdev->dev);
	if (err) {
		put_device(&pdev->dev);
		return ERR_PTR(err);
	}
	return pdev;
}

static struct peer_item *to_peer_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct peer_item, group);
}

static void peer_item_release(struct config_item *item)
{
	kfree(to_peer_item(item));
}

static struct configfs_item_operations peer_item_ops = {
	.release = peer_item_release,
};

static ssize_t peer_attr_show(struct config_item *item, char *page)
{
	return 0;
}

static ssize_t peer_attr_store(struct config_item *item, const char *page,
			       size_t count)
{
	return count;
}

#define PEER_ATTR(name, mode) { #name, THIS_MODULE, mode, peer_attr_show, peer_attr_store }

static struct configfs_attribute peer_attr[] = {
	PEER_ATTR(compatible, 0644),
	PEER_ATTR(live, 0644),
	PEER_ATTR(status, 0444),
	PEER_ATTR(driver, 0444),
	PEER_ATTR(devnode, 0444),
	PEER_ATTR(dev, 0444),
};

static struct configfs_attribute *peer_attrs[] = {
	&peer_attr[0], &peer_attr[1], &peer_attr[2],
	&peer_attr[3], &peer_attr[4], &peer_attr[5],
	NULL
};

static const struct config_item_type peer_item_type = {
	.ct_item_ops = &peer_item_ops,
	.ct_attrs = peer_attrs,
	.ct_owner = THIS_MODULE,
};

static const struct config_item_type peer_plain_type = {
	.ct_item_ops = &peer_item_ops,
	.ct_owner = THIS_MODULE,
};

static const struct config_item_type peer_folder_type = {
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem peer_subsystems[GUARDS + 1];

static struct peer_item *peer_create(struct config_group *parent, const char *name)
{
	unsigned int guard = to_configfs_subsystem(parent) - peer_subsystems;
	struct peer_item *pi = kzalloc(sizeof(*pi), GFP_KERNEL);

	if (!pi)
		return ERR_PTR(-ENOMEM);

	/* The last one is bare */
	if (guard < GUARDS) {
		pi->pdev = peer_device_create(name, guard);
		if (IS_ERR(pi->pdev)) {
			int err = PTR_ERR(pi->pdev);

			kfree(pi);
			return ERR_PTR(err);
		}
	}
	return pi;
}

static struct config_group *peer_make_group(struct config_group *parent,
					    const char *name)
{
	struct peer_item *pi = peer_create(parent, name);

	if (IS_ERR(pi))
		return ERR_CAST(pi);

	config_group_init_type_name(&pi->group, name, &peer_item_type);
	config_group_init_type_name(&pi->properties, "properties", &peer_folder_type);
	config_group_init_type_name(&pi->children, "children", &peer_folder_type);
	configfs_add_default_group(&pi->properties, &pi->group);
	configfs_add_default_group(&pi->children, &pi->group);
	return &pi->group;
}

static struct config_item *peer_make_item(struct config_group *parent,
					  const char *name)
{
	struct peer_item *pi = peer_create(parent, name);

	if (IS_ERR(pi))
		return ERR_CAST(pi);

	config_item_init_type_name(&pi->group.cg_item, name, &peer_plain_type);
	return &pi->group.cg_item;
}

static void peer_drop(struct config_group *parent, struct config_item *item)
{
	struct peer_item *pi = to_peer_item(item);

	if (pi->pdev)
		device_unregister(&pi->pdev->dev);
	config_item_put(item);
}

static struct configfs_group_operations peer_group_ops = {
	.make_group = peer_make_group,
	.drop_item = peer_drop,
};

static struct configfs_group_operations peer_plain_group_ops = {
	.make_item = peer_make_item,
	.drop_item = peer_drop,
};

static const struct config_item_type peer_root_type = {
	.ct_group_ops = &peer_group_ops,
	.ct_owner = THIS_MODULE,
};

static const struct config_item_type peer_plain_root_type = {
	.ct_group_ops = &peer_plain_group_ops,
	.ct_owner = THIS_MODULE,
};

static void peer_subsystems_exit(int count)
{
	while (count--)
		configfs_unregister_subsystem(&peer_subsystems[count]);
}

static int peer_subsystems_init(void)
{
	int err;
	int i;

	for (i = 0; i <= GUARDS; i++) {
		config_group_init_type_name(&peer_subsystems[i].su_group,
					    i < GUARDS ? peer_guards[i].name : "peer_bare",
					    i < GUARDS && i != GUARD_LEAN ?
					    &peer_root_type : &peer_plain_root_type);
		mutex_init(&peer_subsystems[i].su_mutex);
		err = configfs_register_subsystem(&peer_subsystems[i]);
		if (err) {
			peer_subsystems_exit(i);
			return err;
		}
	}
	return 0;
}

/* The framework's drivers */

static ssize_t bench_read(struct micro_driver *drv, struct file *filp,
			  char __user *buf, size_t count, loff_t *offset)
{
	return peer_read(buf, count);
}

static ssize_t bench_write(struct micro_driver *drv, struct file *filp,
			   const char __user *buf, size_t count, loff_t *offset)
{
	return peer_write(buf, count);
}

static long bench_ioctl(struct micro_driver *drv, struct file *filp,
			unsigned int cmd, unsigned long arg)
{
	return peer_ioctl(cmd);
}

static __poll_t bench_poll(struct micro_driver *drv, struct file *filp,
			   struct poll_table_struct *wait)
{
	return peer_poll(filp, wait);
}

static struct micro_driver bench_driver = {
	.name = "micro_bench",
	.read = bench_read,
	.write = bench_write,
	.ioctl = bench_ioctl,
	.poll = bench_poll,
};

static ssize_t sleeper_read(struct micro_driver *drv, struct file *filp,
			    char __user *buf, size_t count, loff_t *offset)
{
	return micro_wait_event_interruptible(filp, peer_wq, false);
}

static struct micro_driver sleeper_driver = {
	.name = "micro_sleeper",
	.read = sleeper_read,
};

/**
 * struct peer_lookup - an instance that a read() has to find first
 * @misc: of the misc device
 * @byte: what is read
 */
struct peer_lookup {
	struct miscdevice misc;
	u8 byte;
};

static int lookup_misc_open(struct inode *inode, struct file *filp)
{
	filp->private_data = container_of(filp->private_data, struct peer_lookup, misc);
	return 0;
}

static ssize_t lookup_misc_read(struct file *filp, char __user *buf, size_t count,
				loff_t *offset)
{
	struct peer_lookup *p = filp->private_data;

	return put_user(p->byte, buf) ?: 1;
}

static const struct file_operations lookup_misc_fops = {
	.owner = THIS_MODULE,
	.open = lookup_misc_open,
	.read = lookup_misc_read,
};

static struct peer_lookup lookup_peer = {
	.misc.minor = MISC_DYNAMIC_MINOR,
	.misc.name = "peer_lookup",
	.misc.nodename = "micro/plain_lookup",
	.misc.fops = &lookup_misc_fops,
};

static int lookup_probe(struct micro_device *mdev)
{
	struct peer_lookup *p = devm_kzalloc(&mdev->dev, sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	micro_set_drvdata(mdev, p);
	return 0;
}

static ssize_t lookup_read(struct micro_driver *drv, struct file *filp,
			   char __user *buf, size_t count, loff_t *offset)
{
	struct peer_lookup *p = micro_get_drvdata(micro_file_device(filp));

	return put_user(p->byte, buf) ?: 1;
}

static struct micro_driver lookup_driver = {
	.name = "micro_lookup",
	.probe = lookup_probe,
	.read = lookup_read,
};

static int __init peers_init(void)
{
	int err;

	err = alloc_chrdev_region(&peer_devt, 0, PEER_MINORS, "peer");
	if (err)
		return err;
	err = class_register(&peer_class);
	if (err)
		goto err_region;
	err = bus_register(&peer_bus);
	if (err)
		goto err_class;
	err = driver_register(&peer_driver);
	if (err)
		goto err_bus;
	peer_root = root_device_register("peer");
	if (IS_ERR(peer_root)) {
		err = PTR_ERR(peer_root);
		goto err_driver;
	}
	err = peer_subsystems_init();
	if (err)
		goto err_root;
	err = micro_register_driver(&bench_driver);
	if (err)
		goto err_subsystems;
	err = micro_register_driver(&sleeper_driver);
	if (err)
		goto err_bench;
	err = micro_register_driver(&lookup_driver);
	if (err)
		goto err_sleeper;
	err = misc_register(&control_peer);
	if (err)
		goto err_lookup;
	err = misc_register(&lookup_peer.misc);
	if (err)
		goto err_control;
	/* Last, so that misc_open() finds it first */
	err = misc_register(&misc_peer);
	if (err)
		goto err_lookup_peer;
	return 0;

err_lookup_peer:
	misc_deregister(&lookup_peer.misc);
err_control:
	misc_deregister(&control_peer);
err_lookup:
	micro_unregister_driver(&lookup_driver);
err_sleeper:
	micro_unregister_driver(&sleeper_driver);
err_bench:
	micro_unregister_driver(&bench_driver);
err_subsystems:
	peer_subsystems_exit(GUARDS + 1);
err_root:
	root_device_unregister(peer_root);
err_driver:
	driver_unregister(&peer_driver);
err_bus:
	bus_unregister(&peer_bus);
err_class:
	class_unregister(&peer_class);
err_region:
	unregister_chrdev_region(peer_devt, PEER_MINORS);
	return err;
}
module_init(peers_init);

static void __exit peers_exit(void)
{
	misc_deregister(&misc_peer);
	misc_deregister(&lookup_peer.misc);
	misc_deregister(&control_peer);
	micro_unregister_driver(&lookup_driver);
	micro_unregister_driver(&sleeper_driver);
	micro_unregister_driver(&bench_driver);
	peer_subsystems_exit(GUARDS + 1);
	root_device_unregister(peer_root);
	driver_unregister(&peer_driver);
	bus_unregister(&peer_bus);
	class_unregister(&peer_class);
	unregister_chrdev_region(peer_devt, PEER_MINORS);
	ida_destroy(&peer_minors);
}
module_exit(peers_exit);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("What the framework is measured against");
MODULE_LICENSE("GPL");
