// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_bus: which driver fits a device, and what happens when they meet
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/property.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "device.h"
#include "file.h"
#include "main.h"
#include "trace.h"

/**
 * DOC: The bus
 *
 * micro_bus is an ordinary bus of the driver model: sysfs bind and unbind,
 * deferred probe, driver modules that come and go are all the driver core's
 * work. Two things are its own. Matching by compatible string obeys the
 * device's order over all drivers, while the driver core asks each driver
 * alone; so match() answers "yes" only to the best driver that is registered and
 * has not refused the device: probe() that returns -ENODEV or -ENXIO says "not
 * mine", and the next best has its turn. And binding wraps the driver's probe() and
 * remove() in a micro_binding, which carries the character device and everything that
 * user space holds open.
 */

struct micro_rival {
	struct micro_instance *mi;
	const struct micro_compat *compat;
	int rank;
};

/**
 * struct micro_refusal - a driver that has refused a device
 * @next: further ones
 * @driver: the number of its registration, as it may be gone by now
 */
struct micro_refusal {
	struct micro_refusal *next;
	u64 driver;
};

static bool micro_has_refused(struct micro_instance *mi, const struct device_driver *drv)
{
	u64 number = to_micro_driver(drv)->core->number;
	struct micro_refusal *r;

	if (likely(!READ_ONCE(mi->refusals)))
		return false;

	guard(spinlock)(&mi->lock);
	for (r = mi->refusals; r; r = r->next)
		if (r->driver == number)
			return true;
	return false;
}

static void micro_refuse(struct micro_instance *mi, struct micro_driver *drv)
{
	struct micro_refusal *r;

	if (micro_has_refused(mi, &drv->driver))
		return;
	/* Without memory nobody else has a turn, and the device says what this one did */
	r = kmalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return;
	r->driver = drv->core->number;
	guard(spinlock)(&mi->lock);
	r->next = mi->refusals;
	WRITE_ONCE(mi->refusals, r);
}

/**
 * micro_refused() - has a driver refused a device?
 * @mi: the device
 *
 * Context: any.
 */
bool micro_refused(struct micro_instance *mi)
{
	return READ_ONCE(mi->refusals);
}

/**
 * micro_forget_refusals() - let all drivers have a look at a device again
 * @mi: the device
 *
 * Context: any.
 */
void micro_forget_refusals(struct micro_instance *mi)
{
	struct micro_refusal *r, *next;

	scoped_guard(spinlock, &mi->lock) {
		r = mi->refusals;
		WRITE_ONCE(mi->refusals, NULL);
	}
	for (; r; r = next) {
		next = r->next;
		kfree(r);
	}
}

static int micro_is_better(struct device_driver *drv, void *data)
{
	const struct micro_rival *best = data;

	return micro_compat_rank(best->compat, drv->of_match_table) < best->rank &&
	       !micro_has_refused(best->mi, drv);
}

/* Until device_add() is over nobody may bind the device: see micro_instance_create() */
static bool micro_is_whole(struct micro_instance *mi)
{
	if (likely(!READ_ONCE(mi->adding)))
		return true;

	guard(spinlock)(&mi->lock);
	if (mi->adding)
		mi->missed = true;
	return !mi->adding;
}

static bool micro_matches(struct micro_instance *mi,
			  const struct device_driver *drv)
{
	struct micro_rival self = { .mi = mi };
	bool matches;

	if (!READ_ONCE(mi->live) || READ_ONCE(mi->doomed))
		return false;
	/* Whoever asks for this driver, as "bind" in sysfs does, is not in there */
	if (READ_ONCE(mi->attacher) == current && micro_has_refused(mi, drv))
		return false;

	rcu_read_lock();
	self.compat = rcu_dereference(mi->compat);
	if (!self.compat) {
		matches = micro_name_matches(mi->base, drv->name);
	} else {
		self.rank = micro_compat_rank(self.compat, drv->of_match_table);
		/* nothing beats rank 0 */
		matches = !self.rank ||
			  (self.rank != MICRO_NO_MATCH &&
			   !bus_for_each_drv(&micro_bus, NULL, &self, micro_is_better));
	}
	rcu_read_unlock();
	return matches && micro_is_whole(mi);
}

static int micro_bus_match(struct device *dev, micro_match_arg(drv))
{
	struct micro_instance *mi = dev_to_instance(dev);
	bool matches = micro_matches(mi, drv);

	if (matches)
		WRITE_ONCE(mi->matched, true);
	trace_micro_match(mi, drv, matches);
	return matches;
}

/**
 * micro_modalias() - write what module aliases are matched against
 * @mi: the device
 * @buf: where to
 * @size: bytes there
 *
 * The "of:" form of a device-tree device when there are compatible strings, so
 * that MODULE_DEVICE_TABLE(of, ...) is all a driver needs; else "micro:" and
 * the base name.
 *
 * Context: any.
 * Return: the length; strings that do not fit are left out whole.
 */
size_t micro_modalias(struct micro_instance *mi, char *buf, size_t size)
{
	const char *name = mi->base;
	int base = micro_base_length(name);
	const struct micro_compat *compat;
	const char *s;
	size_t len;

	rcu_read_lock();
	compat = rcu_dereference(mi->compat);
	if (compat) {
		len = scnprintf(buf, size, "of:N%.*sT(null)", base, name);
		micro_compat_for_each(s, compat) {
			if (len + strlen(s) + 2 > size)
				break;
			len += scnprintf(buf + len, size - len, "C%s", s);
		}
		/* as of_modalias() does */
		strreplace(buf, ' ', '_');
	} else {
		len = scnprintf(buf, size, "micro:%.*s", base, name);
	}
	rcu_read_unlock();
	return len;
}

static int micro_bus_uevent(micro_uevent_arg(dev), struct kobj_uevent_env *env)
{
	struct micro_instance *mi = dev_to_instance((struct device *)dev);
	size_t room = sizeof(env->buf) - env->buflen;
	size_t len;

	if (add_uevent_var(env, "MODALIAS="))
		return -ENOMEM;
	/* go on where the variable's NUL is, as the buses with long aliases do */
	len = micro_modalias(mi, &env->buf[env->buflen - 1],
			     min_t(size_t, room, MICRO_MODALIAS_MAX) - sizeof("MODALIAS="));
	env->buflen += len;
	return 0;
}

/* The front end's firmware node, until all else of the bind is undone */
static int micro_set_node(struct micro_instance *mi)
{
	struct fwnode_handle *fwnode;

	if (!mi->front->fwnode)
		return 0;
	fwnode = mi->front->fwnode(mi->front_data,
				   rcu_dereference_protected(mi->compat, true));
	if (IS_ERR_OR_NULL(fwnode))
		return PTR_ERR_OR_ZERO(fwnode);

	device_set_node(&mi->mdev.dev, fwnode);
	return 0;
}

static void micro_unset_node(struct micro_instance *mi)
{
	struct fwnode_handle *fwnode = dev_fwnode(&mi->mdev.dev);

	if (!mi->front->fwnode)
		return;
	device_set_node(&mi->mdev.dev, NULL);
	fwnode_handle_put(fwnode);
}

/*
 * What the driver has made with devm functions, which its exit() may be needed for and
 * which may be in its text: the driver core frees that when we have returned, too late
 */
static int micro_devm_begin(struct micro_binding *b)
{
	return devres_open_group(&b->mdev->dev, b, GFP_KERNEL) ? 0 : -ENOMEM;
}

static void micro_devm_end(struct micro_binding *b)
{
	micro_binding_phase(b, MICRO_PHASE_DEVM);
	devres_release_group(&b->mdev->dev, b);
}

/* The last of an unbind, or of a bind that has failed: nothing of the driver is left */
static void micro_unbound(struct micro_instance *mi, struct micro_binding *b)
{
	micro_unset_node(mi);
	micro_binding_watch_end(b);
	scoped_guard(spinlock, &mi->lock) {
		WRITE_ONCE(mi->mdev.driver, NULL);
		WRITE_ONCE(mi->ending, NULL);
	}
	micro_binding_put(b);
}

static void micro_unuse(struct micro_binding *b)
{
	micro_binding_phase(b, MICRO_PHASE_EXIT);
	micro_driver_unuse(b->drv);
}

static int micro_bind(struct micro_instance *mi, struct micro_driver *drv)
{
	struct micro_device *mdev = &mi->mdev;
	struct micro_binding *b;
	int err;

	b = micro_binding_create(mdev, drv, mi->minor);
	if (IS_ERR(b))
		return PTR_ERR(b);
	b->flat = mi->kernel;
	b->stats = &mi->stats;
	micro_binding_watch_begin(b);

	scoped_guard(spinlock, &mi->lock)
		WRITE_ONCE(mdev->driver, drv);
	err = micro_set_node(mi);
	if (err)
		goto err_unbound;

	micro_binding_phase(b, MICRO_PHASE_INIT);
	err = micro_driver_use(drv, mdev->private_data);
	if (err)
		goto err_unbound;

	err = micro_devm_begin(b);
	if (err)
		goto err_unuse;

	micro_binding_phase(b, MICRO_PHASE_PROBE);
	err = drv->probe ? drv->probe(mdev) : 0;
	if (err)
		goto err_devm;

	micro_binding_phase(b, MICRO_PHASE_NONE);
	err = sysfs_create_groups(&mdev->dev.kobj, drv->core->groups);
	if (err)
		goto err_unplug;

	/* First, as who sees the node, or its uevent, may look at the status */
	scoped_guard(spinlock, &mi->lock) {
		WRITE_ONCE(mi->binding, b);
		mi->generation++;
	}
	err = micro_binding_publish(b);
	if (err)
		goto err_unpublish;

	micro_binding_watch_end(b);
	/* From now on it may be revoked by others than us */
	scoped_guard(spinlock, &mi->lock)
		WRITE_ONCE(b->published, true);
	return 0;

err_unpublish:
	scoped_guard(spinlock, &mi->lock) {
		WRITE_ONCE(mi->binding, NULL);
		WRITE_ONCE(mi->ending, b);
	}
	micro_binding_revoke(b);
	sysfs_remove_groups(&mdev->dev.kobj, drv->core->groups);
	micro_binding_end(b);
	goto err_remove;
err_unplug:
	micro_binding_unplug(b);
err_remove:
	micro_binding_remove(b);
err_devm:
	micro_devm_end(b);
err_unuse:
	micro_unuse(b);
err_unbound:
	micro_unbound(mi, b);
	return err;
}

static int micro_bus_probe(struct device *dev)
{
	struct micro_instance *mi = dev_to_instance(dev);
	int err;

	WRITE_ONCE(mi->matched, false);
	/* What was matched without the device lock may have changed since */
	if (!micro_matches(mi, dev->driver))
		return -ENODEV;

	err = mi->fwnode ? micro_supply_power(mi) : 0;
	if (!err) {
		err = micro_bind(mi, to_micro_driver(dev->driver));
		if (micro_is_refusal(err))
			micro_refuse(mi, to_micro_driver(dev->driver));
	}
	WRITE_ONCE(mi->error, err);
	trace_micro_bind(mi, to_micro_driver(dev->driver), err);
	return err;
}

/**
 * micro_instance_revoke() - begin the end of a binding, if there is one, and drain it
 * @mi: the device
 *
 * Whoever finds the binding in @mi->binding revokes it; all who come later wait
 * for that. Without the device lock, if there is a choice: the drain may take long,
 * and suspend, for one, takes that lock of each device. A bind that is not over
 * is left to who takes the device lock.
 *
 * Context: may sleep, until the operations that are running have returned.
 */
void micro_instance_revoke(struct micro_instance *mi)
{
	struct micro_binding *b;
	bool first;

	scoped_guard(spinlock, &mi->lock) {
		b = mi->binding;
		first = b && b->published;
		if (first) {
			WRITE_ONCE(mi->binding, NULL);
			WRITE_ONCE(mi->ending, b);
		} else {
			b = mi->ending;
		}
		if (b)
			micro_binding_get(b);
	}
	if (!b)
		return;
	if (first) {
		micro_binding_watch_begin(b);
		micro_binding_revoke(b);
	} else {
		micro_binding_wait_revoked(b);
	}
	micro_binding_put(b);
}

/**
 * micro_instance_might_end() - a driver destroys a device: tell lockdep
 * @mi: the device
 *
 * Context: may sleep.
 */
void micro_instance_might_end(struct micro_instance *mi)
{
	struct micro_binding *b;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		return;
	scoped_guard(spinlock, &mi->lock) {
		b = mi->binding ?: mi->ending;
		if (b)
			micro_binding_get(b);
	}
	if (!b)
		return;
	micro_binding_might_end(b);
	micro_binding_put(b);
}

static void micro_bus_remove(struct device *dev)
{
	struct micro_instance *mi = dev_to_instance(dev);
	struct micro_driver *drv = mi->mdev.driver;
	struct micro_binding *b;

	micro_instance_revoke(mi);
	/* Only we forget it */
	b = mi->ending;

	/* Not before: who uses an attribute may wait for an operation */
	micro_binding_phase(b, MICRO_PHASE_ATTRIBUTE);
	sysfs_remove_groups(&dev->kobj, drv->core->groups);
	micro_binding_end(b);

	micro_binding_remove(b);
	micro_devm_end(b);
	micro_unuse(b);
	trace_micro_unbind(mi, drv, 0);
	/*
	 * Here, and not when the driver core says that it is done: by then nobody waits
	 * for us who unregisters the driver
	 */
	micro_unbound(mi, b);
}

/* What the driver core calls first when it begins to bind */
static int micro_bus_dma_configure(struct device *dev)
{
	struct micro_instance *mi = dev_to_instance(dev);
	int err;

	if (!mi->fwnode)
		return 0;
	err = micro_supply_dma(mi);
	if (err)
		WRITE_ONCE(mi->error, err);
	return err;
}

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	size_t len = micro_modalias(dev_to_instance(dev), buf, MICRO_MODALIAS_MAX);

	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *micro_dev_attrs[] = {
	&dev_attr_modalias.attr,
	NULL
};
ATTRIBUTE_GROUPS(micro_dev);

struct bus_type micro_bus = {
	.name = "micro_bus",
	.bus_groups = micro_statistics_bus_groups,
	.dev_groups = micro_dev_groups,
	.match = micro_bus_match,
	.uevent = micro_bus_uevent,
	.probe = micro_bus_probe,
	.remove = micro_bus_remove,
	.dma_configure = micro_bus_dma_configure,
};

int micro_bus_init(void)
{
	return bus_register(&micro_bus);
}

void micro_bus_exit(void)
{
	bus_unregister(&micro_bus);
}
