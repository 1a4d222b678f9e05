// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware front end: child nodes of "microkernel,bus" are devices
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mod_devicetable.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "compat.h"
#include "instance.h"
#include "main.h"
#include "match.h"
#include "patience.h"

/**
 * DOC: Firmware
 *
 * A node with compatible = "microkernel,bus" is a platform device, made by the
 * kernel from a device tree or, as a PRP0001 device, from ACPI. Its child nodes
 * become micro devices with those nodes as firmware nodes. Everything goes
 * through fwnode calls; only run-time changes of the tree are device-tree
 * business, as ACPI has none.
 *
 * micro_fw_lock guards the lists of buses and their devices, and no more: it is not
 * held while a device is made or removed, as a probe() may bring in another bus, and
 * an operation that keeps a device from going may change the tree. A node is entered
 * in the list before its device is made, and stays there until its device is gone.
 * Whoever wants to remove it while somebody else makes or removes it waits until
 * that is over, and the log says so if it takes long. They wait as long as
 * it takes: a node is not to go before its device. Users need not: micro_overlay has
 * workers change the tree.
 *
 * The kernel tells of a node that goes with its chain of notifiers locked for reading.
 * So an operation may change the tree while its device's bus is unbound, but not while
 * its device's node is removed: whoever registers a notifier then would block both.
 * Lockdep reports that.
 */

/**
 * struct micro_fw_bus - a "microkernel,bus" node
 * @dev: the platform device
 * @devices: what its child nodes became
 * @adders: changes of the tree that are about to make a device of it, and so keep it
 * @going: no device is made of it any more
 * @entry: in the list of buses, until it has no devices any more
 */
struct micro_fw_bus {
	struct device *dev;
	struct list_head devices;
	unsigned int adders;
	bool going;
	struct list_head entry;
};

/**
 * struct micro_fw_device - a child node
 * @mi: the device that was made of it; NULL while it is being made or removed
 * @fwnode: the node, referenced
 * @entry: in micro_fw_bus.devices
 */
struct micro_fw_device {
	struct micro_instance *mi;
	struct fwnode_handle *fwnode;
	struct list_head entry;
};

static const struct micro_front micro_fw_front = {
	.name = "firmware",
};

static DEFINE_SPINLOCK(micro_fw_lock);
/* A device has been made, or could not be, or has been removed */
static DECLARE_WAIT_QUEUE_HEAD(micro_fw_done);
static LIST_HEAD(micro_fw_buses);

/*
 * Until @condition is true, which may have effects then. What takes so long is in the
 * log, too, as it is a bind or an unbind. Idle, as that is better than the message of a
 * hung task.
 */
#define micro_fw_wait(fwnode, condition)					\
do {										\
	long __patience = MICRO_WARN_FIRST;					\
										\
	while (!wait_event_idle_timeout(micro_fw_done, condition, __patience)) {\
		pr_warn("%pfw cannot go yet: a device of it is still being made or removed\n", \
			fwnode);						\
		__patience = MICRO_WARN_AGAIN;					\
	}									\
} while (0)

/* A node's name with '@' as '.' */
static char *micro_fw_node_name(struct fwnode_handle *fwnode)
{
	char *name = kasprintf(GFP_KERNEL, "%pfwP", fwnode);

	if (name)
		strreplace(name, '@', '.');
	return name;
}

static void micro_fw_skip(struct micro_fw_bus *bus, struct fwnode_handle *fwnode,
			  const char *name, int err)
{
	struct fwnode_handle *other_node = NULL;

	if (err == -EEXIST)
		other_node = micro_instance_find_fwnode(name);
	if (other_node)
		dev_err(bus->dev, "%pfw is skipped: %pfw is named '%s' too\n",
			fwnode, other_node, name);
	else
		dev_err(bus->dev, "%pfw is skipped: no device '%s': %pe\n",
			fwnode, name, ERR_PTR(err));
	fwnode_handle_put(other_node);
}

/* Asked of device trees by who walks them, and of ACPI by nobody */
static bool micro_fw_is_available(struct fwnode_handle *fwnode)
{
	const char *status;

	return fwnode_property_read_string(fwnode, "status", &status) ||
	       !strcmp(status, "okay") || !strcmp(status, "ok");
}

/* Enters the node, so that it can be found and waited for */
static struct micro_fw_device *micro_fw_enter(struct micro_fw_bus *bus,
					      struct fwnode_handle *fwnode)
{
	struct micro_fw_device *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->fwnode = fwnode_handle_get(fwnode);
	guard(spinlock)(&micro_fw_lock);
	list_add_tail(&d->entry, &bus->devices);
	return d;
}

static void micro_fw_free(struct micro_fw_device *d)
{
	fwnode_handle_put(d->fwnode);
	kfree(d);
}

static void micro_fw_unpopulate(struct fwnode_handle *fwnode)
{
	struct device_node *np = to_of_node(fwnode);

	if (np)
		of_node_clear_flag(np, OF_POPULATED);
}

static int micro_fw_make(struct micro_fw_bus *bus, struct fwnode_handle *fwnode,
			 const char *node_name)
{
	struct micro_instance_info info = {
		.fwnode = fwnode,
		.keeper = bus->dev,
		.front = &micro_fw_front,
		/*
		 * Not waited for: this may run while our own module is being loaded,
		 * which the driver's would wait for
		 */
		.load = MICRO_LOAD_ASK,
	};
	struct micro_fw_device *d = micro_fw_enter(bus, fwnode);
	struct micro_instance *mi;
	int err = 0;

	if (!d) {
		micro_fw_unpopulate(fwnode);
		dev_err(bus->dev, "%pfw is skipped: no memory\n", fwnode);
		return -ENOMEM;
	}

	/* A label names the device, but not its driver; ACPI's names may be no names of ours */
	if (fwnode_property_read_string(fwnode, "label", &info.name))
		info.name = node_name;
	else if (micro_name_valid(node_name))
		info.base = node_name;
	mi = micro_instance_create(&info);
	if (IS_ERR(mi)) {
		err = PTR_ERR(mi);
		micro_fw_unpopulate(fwnode);
		micro_fw_skip(bus, fwnode, info.name, err);
	}

	scoped_guard(spinlock, &micro_fw_lock) {
		if (err)
			list_del(&d->entry);
		else
			d->mi = mi;
	}
	/* From now on somebody else may free it */
	if (err)
		micro_fw_free(d);
	wake_up_all(&micro_fw_done);
	/* One bad node must not cost the others */
	return err == -ENOMEM ? err : 0;
}

static int micro_fw_add(struct micro_fw_bus *bus, struct fwnode_handle *fwnode)
{
	char *node_name __free(kfree) = NULL;
	struct device_node *np = to_of_node(fwnode);

	if (!micro_fw_is_available(fwnode))
		return 0;
	node_name = micro_fw_node_name(fwnode);
	if (!node_name) {
		dev_err(bus->dev, "%pfw is skipped: no memory\n", fwnode);
		return -ENOMEM;
	}

	/* The flag keeps a node from being seen twice when a whole bus is added */
	if (np && of_node_test_and_set_flag(np, OF_POPULATED))
		return 0;
	return micro_fw_make(bus, fwnode, node_name);
}

/* Removes a device that somebody has claimed; others who want it gone wait for us */
static void micro_fw_del(struct micro_fw_device *d, struct micro_instance *mi)
{
	micro_fw_unpopulate(d->fwnode);
	micro_instance_destroy(mi);
	scoped_guard(spinlock, &micro_fw_lock)
		list_del(&d->entry);
	micro_fw_free(d);
	wake_up_all(&micro_fw_done);
}

/* Claims a device to remove it; NULL while somebody else makes or removes it */
static struct micro_instance *micro_fw_claim(struct micro_fw_device *d)
{
	struct micro_instance *mi = d->mi;

	lockdep_assert_held(&micro_fw_lock);
	d->mi = NULL;
	return mi;
}

/* Claims the youngest device; true also when there is none, and @d is NULL then */
static bool micro_fw_claim_last(struct micro_fw_bus *bus, struct micro_fw_device **d,
				struct micro_instance **mi)
{
	guard(spinlock)(&micro_fw_lock);
	*d = list_empty(&bus->devices) ? NULL :
	     list_last_entry(&bus->devices, struct micro_fw_device, entry);
	if (!*d)
		return true;
	*mi = micro_fw_claim(*d);
	return *mi;
}

static void micro_fw_bus_del(struct micro_fw_bus *bus)
{
	struct micro_instance *mi;
	struct micro_fw_device *d;

	/* Who has found it before is about to add one more device */
	scoped_guard(spinlock, &micro_fw_lock)
		bus->going = true;
	micro_fw_wait(dev_fwnode(bus->dev), !READ_ONCE(bus->adders));
	for (;;) {
		micro_fw_wait(dev_fwnode(bus->dev), micro_fw_claim_last(bus, &d, &mi));
		if (!d)
			break;
		micro_fw_del(d, mi);
	}
	scoped_guard(spinlock, &micro_fw_lock)
		list_del(&bus->entry);
}

/* Added to the tree at run time? Then its younger sisters are before it */
static bool micro_fw_is_late(struct fwnode_handle *fwnode)
{
	struct device_node *np = to_of_node(fwnode);

	return np && of_node_check_flag(np, OF_OVERLAY);
}

/* In the order in which they came to be, as of two with one name the first wins */
static int micro_fw_add_all(struct micro_fw_bus *bus)
{
	struct fwnode_handle **late __free(kfree) = NULL;
	unsigned int max = device_get_child_node_count(bus->dev);
	unsigned int count = 0;
	struct fwnode_handle *child;
	int err = 0;

	late = kcalloc(max, sizeof(*late), GFP_KERNEL);
	if (!late)
		return -ENOMEM;

	device_for_each_child_node(bus->dev, child) {
		/* nobody keeps the tree from growing meanwhile */
		if (micro_fw_is_late(child) && count < max) {
			late[count++] = fwnode_handle_get(child);
			continue;
		}
		err = micro_fw_add(bus, child);
		if (err) {
			fwnode_handle_put(child);
			break;
		}
	}
	while (count--) {
		if (!err)
			err = micro_fw_add(bus, late[count]);
		fwnode_handle_put(late[count]);
	}
	return err;
}

static int micro_fw_bus_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct micro_fw_bus *bus;
	int err;

	bus = devm_kzalloc(dev, sizeof(*bus), GFP_KERNEL);
	if (!bus)
		return -ENOMEM;
	bus->dev = dev;
	INIT_LIST_HEAD(&bus->devices);
	platform_set_drvdata(pdev, bus);

	scoped_guard(spinlock, &micro_fw_lock)
		list_add_tail(&bus->entry, &micro_fw_buses);
	err = micro_fw_add_all(bus);
	if (err)
		micro_fw_bus_del(bus);
	return err;
}

static void micro_fw_bus_remove(struct platform_device *pdev)
{
	micro_fw_bus_del(platform_get_drvdata(pdev));
}

static const struct of_device_id micro_fw_match[] = {
	{ .compatible = "microkernel,bus" },
	{ }
};
MODULE_DEVICE_TABLE(of, micro_fw_match);

static struct platform_driver micro_fw_driver = {
	.probe = micro_fw_bus_probe,
	.micro_platform_remove = micro_fw_bus_remove,
	.driver = {
		.name = "microkernel-bus",
		.of_match_table = micro_fw_match,
	},
};

#ifdef CONFIG_OF_DYNAMIC
static struct micro_fw_bus *micro_fw_find_bus(struct device_node *np)
{
	struct micro_fw_bus *bus;

	guard(spinlock)(&micro_fw_lock);
	list_for_each_entry(bus, &micro_fw_buses, entry) {
		if (bus->dev->of_node == np && !bus->going) {
			bus->adders++;
			return bus;
		}
	}
	return NULL;
}

/* Called for each node that anybody adds anywhere */
static void micro_fw_node_added(struct device_node *np)
{
	struct micro_fw_bus *bus = micro_fw_find_bus(np->parent);

	if (!bus)
		return;
	if (of_device_is_available(np))
		micro_fw_add(bus, of_fwnode_handle(np));
	scoped_guard(spinlock, &micro_fw_lock)
		bus->adders--;
	wake_up_all(&micro_fw_done);
}

/* Claims the device of a node; true also when there is none, and @found is NULL then */
static bool micro_fw_claim_node(struct device_node *np, struct micro_fw_device **found,
				struct micro_instance **mi)
{
	struct micro_fw_device *d;
	struct micro_fw_bus *bus;

	*found = NULL;
	guard(spinlock)(&micro_fw_lock);
	list_for_each_entry(bus, &micro_fw_buses, entry) {
		list_for_each_entry(d, &bus->devices, entry) {
			if (d->fwnode != of_fwnode_handle(np))
				continue;
			*found = d;
			*mi = micro_fw_claim(d);
			return *mi;
		}
	}
	return true;
}

static void micro_fw_node_removed(struct device_node *np)
{
	struct micro_instance *mi;
	struct micro_fw_device *d;

	micro_fw_wait(of_fwnode_handle(np), micro_fw_claim_node(np, &d, &mi));
	if (d)
		micro_fw_del(d, mi);
}

static int micro_fw_notify(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct of_reconfig_data *rd = arg;

	switch (of_reconfig_get_state_change(action, rd)) {
	case OF_RECONFIG_CHANGE_ADD:
		micro_fw_node_added(rd->dn);
		return NOTIFY_OK;
	case OF_RECONFIG_CHANGE_REMOVE:
		micro_fw_node_removed(rd->dn);
		return NOTIFY_OK;
	}
	return NOTIFY_DONE;
}

static struct notifier_block micro_fw_notifier = {
	.notifier_call = micro_fw_notify,
};
#endif

int micro_firmware_init(void)
{
	int err = 0;

#ifdef CONFIG_OF_DYNAMIC
	err = of_reconfig_notifier_register(&micro_fw_notifier);
	if (err)
		return err;
#endif
	err = platform_driver_register(&micro_fw_driver);
#ifdef CONFIG_OF_DYNAMIC
	if (err)
		of_reconfig_notifier_unregister(&micro_fw_notifier);
#endif
	return err;
}

void micro_firmware_exit(void)
{
	platform_driver_unregister(&micro_fw_driver);
#ifdef CONFIG_OF_DYNAMIC
	of_reconfig_notifier_unregister(&micro_fw_notifier);
#endif
}
