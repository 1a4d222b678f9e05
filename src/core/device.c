// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: made by a front end, on the bus, with or without a driver
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/jhash.h>
#include <linux/kmod.h>
#include <linux/mutex.h>
#include <linux/property.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "device.h"
#include "file.h"
#include "main.h"
#include "patience.h"
#include "trace.h"

/**
 * DOC: Devices
 *
 * A micro_device belongs to exactly one front end, which creates and destroys
 * it. Names are unique on the bus whoever made the device: a table of names
 * decides, before the driver core sees a duplicate (it would find out too, but
 * with a stack trace, and by walking a list of all devices).
 */

static unsigned int max_devices = MICRO_MINORS;
module_param(max_devices, uint, 0444);
MODULE_PARM_DESC(max_devices, "how many devices there may be at a time (default and maximum: 1048576)");

/*
 * Devices live in a directory that has nothing else in it, so that no name can
 * collide with an attribute of their parent.
 */
static struct device *micro_root;
static struct kobject *micro_root_dir;

static struct rhashtable micro_names;

static u32 micro_name_hash(const void *name, u32 len, u32 seed)
{
	return jhash(name, strlen(name), seed);
}

static u32 micro_instance_hash(const void *obj, u32 len, u32 seed)
{
	const struct micro_instance *mi = obj;

	return micro_name_hash(mi->mdev.name, len, seed);
}

static int micro_instance_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct micro_instance *mi = obj;

	return strcmp(arg->key, mi->mdev.name);
}

static const struct rhashtable_params micro_names_params = {
	.head_offset = offsetof(struct micro_instance, hash),
	.hashfn = micro_name_hash,
	.obj_hashfn = micro_instance_hash,
	.obj_cmpfn = micro_instance_cmp,
	.automatic_shrinking = true,
};

static void micro_instance_release(struct device *dev)
{
	struct micro_instance *mi = dev_to_instance(dev);

	if (mi->base != mi->mdev.name)
		kfree(mi->base);
	kfree(rcu_dereference_protected(mi->compat, true));
	micro_forget_refusals(mi);
	kfree(mi->stats);
	/* micro_instance_enter_name() may be looking */
	kfree_rcu(mi, rcu);
	micro_object_put();
}

/*
 * Not left to the release function: dead files keep the device's memory, and
 * whoever removes an overlay must not find its nodes in use for that.
 */
static void micro_instance_put_firmware(struct micro_instance *mi)
{
	struct fwnode_handle *fwnode = mi->fwnode;
	struct device *keeper = mi->keeper;

	if (fwnode)
		device_set_node(&mi->mdev.dev, NULL);
	scoped_guard(spinlock, &mi->lock) {
		mi->fwnode = NULL;
		mi->keeper = NULL;
	}
	fwnode_handle_put(fwnode);
	put_device(keeper);
}

/* What a front end's text cannot say: the strings of a firmware node */
static int micro_instance_read_compat(struct micro_instance *mi)
{
	const char *strings[MICRO_COMPAT_MAX];
	struct micro_compat *compat;
	size_t len = 0;
	int count, i;
	char *text;

	count = fwnode_property_read_string_array(mi->fwnode, "compatible", NULL, 0);
	if (count <= 0)
		return 0;
	count = fwnode_property_read_string_array(mi->fwnode, "compatible", strings,
						  min_t(int, count, MICRO_COMPAT_MAX));
	if (count < 0)
		return count;

	text = kmalloc(count * (MICRO_COMPAT_LEN + 2), GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		len += scnprintf(text + len, MICRO_COMPAT_LEN + 2, "%s\n", strings[i]);

	compat = micro_compat_parse(text, len);
	kfree(text);
	if (IS_ERR(compat))
		return PTR_ERR(compat);
	rcu_assign_pointer(mi->compat, compat);
	return 0;
}

/**
 * struct micro_load_watch - says in the log that a module takes long to load
 * @work: does so
 * @mi: the device that waits
 * @alias: what was asked for
 */
struct micro_load_watch {
	struct delayed_work work;
	struct micro_instance *mi;
	const char *alias;
};

static void micro_load_complain(struct work_struct *work)
{
	struct micro_load_watch *w =
		container_of(to_delayed_work(work), struct micro_load_watch, work);

	dev_warn(&w->mi->mdev.dev,
		 "the device waits for modprobe: the module for \"%s\" is not loaded yet\n",
		 w->alias);
	schedule_delayed_work(&w->work, MICRO_WARN_AGAIN);
}

/**
 * struct micro_modprobe - one that runs
 * @entry: in micro_modprobes
 * @done: it has ended; whoever wants the same module waits for that
 * @users: who asks, and who waits; guarded by micro_modprobes_lock
 * @alias: what was asked for
 *
 * The kernel runs 50 at a time, of all its subsystems. So a module whose init() does not
 * return costs one of them, however many devices want it.
 */
struct micro_modprobe {
	struct list_head entry;
	struct completion done;
	unsigned int users;
	char alias[];
};

static DEFINE_MUTEX(micro_modprobes_lock);
static LIST_HEAD(micro_modprobes);

/* Returns NULL without memory; *first: the caller runs it */
static struct micro_modprobe *micro_modprobe_get(const char *alias, bool *first)
{
	size_t size = strlen(alias) + 1;
	struct micro_modprobe *load;

	*first = false;
	guard(mutex)(&micro_modprobes_lock);
	list_for_each_entry(load, &micro_modprobes, entry) {
		if (!completion_done(&load->done) && !strcmp(load->alias, alias)) {
			load->users++;
			return load;
		}
	}
	load = kzalloc(struct_size(load, alias, size), GFP_KERNEL);
	if (!load)
		return NULL;
	memcpy(load->alias, alias, size);
	init_completion(&load->done);
	load->users = 1;
	list_add(&load->entry, &micro_modprobes);
	*first = true;
	return load;
}

static void micro_modprobe_put(struct micro_modprobe *load)
{
	guard(mutex)(&micro_modprobes_lock);
	if (--load->users)
		return;
	list_del(&load->entry);
	kfree(load);
}

static void micro_modprobe_wait(const char *alias)
{
	bool first;
	struct micro_modprobe *load = micro_modprobe_get(alias, &first);

	if (!load) {
		request_module("%s", alias);
		return;
	}
	if (first) {
		request_module("%s", alias);
		complete_all(&load->done);
	} else {
		/* As request_module() waits; a worker cannot be killed */
		wait_for_completion_killable(&load->done);
	}
	micro_modprobe_put(load);
}

static void micro_load_module(struct micro_instance *mi, bool wait, const char *alias)
{
	struct micro_load_watch w = { .mi = mi, .alias = alias };

	if (!wait) {
		request_module_nowait("%s", alias);
		return;
	}
	INIT_DELAYED_WORK_ONSTACK(&w.work, micro_load_complain);
	schedule_delayed_work(&w.work, MICRO_WARN_FIRST);
	micro_modprobe_wait(alias);
	/* The first is enough, unless it is complaining just now */
	if (!cancel_delayed_work(&w.work))
		cancel_delayed_work_sync(&w.work);
	destroy_delayed_work_on_stack(&w.work);
}

/*
 * A module may have its drivers bound in the background (async_probe), and be loaded
 * before they are. Who has waited for the module waits for that, too.
 */
static void micro_instance_await(struct micro_instance *mi)
{
	/* A bind that has begun is over then; one that has not is begun here */
	device_lock(&mi->mdev.dev);
	device_unlock(&mi->mdev.dev);
	if (READ_ONCE(mi->matched))
		micro_instance_attach(mi);
}

static void micro_instance_ask(struct micro_instance *mi, enum micro_load load,
			       const char *alias)
{
	micro_load_module(mi, load == MICRO_LOAD_WAIT, alias);
	if (load == MICRO_LOAD_WAIT)
		micro_instance_await(mi);
}

/*
 * Ask user space for the module of a device's driver, unless there is one already.
 * request_module() takes 55 characters; drivers for longer compatible strings are left to
 * udev, which gets the whole alias in the uevent. The front end does not change
 * the strings meanwhile.
 */
static void micro_instance_load(struct micro_instance *mi, enum micro_load load)
{
	const struct micro_compat *compat = rcu_dereference_protected(mi->compat, true);
	char alias[sizeof("of:NTC") + MICRO_COMPAT_LEN];
	const char *s;

	/* The module of the next best may not have been loaded */
	if (load == MICRO_LOAD_NONE || (READ_ONCE(mi->error) && !micro_refused(mi)) ||
	    READ_ONCE(mi->doomed))
		return;
	if (!compat && !READ_ONCE(mi->binding)) {
		snprintf(alias, sizeof(alias), "micro:%.*s", (int)micro_base_length(mi->base),
			 mi->base);
		micro_instance_ask(mi, load, alias);
	}
	if (!compat)
		return;

	micro_compat_for_each(s, compat) {
		if (READ_ONCE(mi->binding) || READ_ONCE(mi->doomed))
			break;
		snprintf(alias, sizeof(alias), "of:NTC%s", s);
		micro_instance_ask(mi, load, alias);
	}
}

/* While a device of that name is going, that is another answer than while it is there */
static int micro_instance_enter_name(struct micro_instance *mi)
{
	struct micro_instance *other;

	guard(rcu)();
	other = rhashtable_lookup_get_insert_key(&micro_names, mi->mdev.name, &mi->hash,
						 micro_names_params);
	if (IS_ERR_OR_NULL(other))
		return PTR_ERR_OR_ZERO(other);
	return READ_ONCE(other->doomed) ? -EBUSY : -EEXIST;
}

/**
 * micro_instance_create() - make a device; binds if a driver is there
 * @info: what to make; need not stay
 *
 * Context: may sleep.
 * Return: the device, or -EINVAL, -EEXIST, -ENOSPC, -ENOMEM as ERR_PTR(). That
 * no driver was there, or that probe failed, is no error.
 */
struct micro_instance *micro_instance_create(const struct micro_instance_info *info)
{
	struct micro_instance *mi;
	int err;

	if (!micro_device_name_valid(info->name)) {
		pr_err("'%*pE' is not a device name: 1 to %d characters of [A-Za-z0-9._:@+-], a letter or digit first, and not reserved\n",
		       (int)strnlen(info->name, MICRO_NAME_MAX + 1), info->name,
		       MICRO_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	if (atomic_read(&micro_names.nelems) >= max_devices)
		return ERR_PTR(-ENOSPC);

	mi = kzalloc(sizeof(*mi), GFP_KERNEL);
	if (!mi)
		return ERR_PTR(-ENOMEM);
	err = micro_number_get(&mi->minor);
	if (err) {
		kfree(mi);
		return ERR_PTR(err);
	}

	micro_object_get();
	spin_lock_init(&mi->lock);
	mi->live = true;
	mi->kernel = info->kernel;
	mi->front = info->front;
	mi->front_data = info->front_data;
	mi->load = info->load;
	micro_job_init(mi);
	mi->mdev.private_data = info->data;
	device_initialize(&mi->mdev.dev);
	mi->mdev.dev.bus = &micro_bus;
	mi->mdev.dev.release = micro_instance_release;
	mi->mdev.dev.kobj.parent = micro_root_dir;

	err = dev_set_name(&mi->mdev.dev, "%s", info->name);
	if (err)
		goto err_put;
	mi->mdev.name = dev_name(&mi->mdev.dev);
	mi->base = mi->mdev.name;
	if (info->base) {
		mi->base = kstrdup(info->base, GFP_KERNEL);
		err = mi->base ? 0 : -ENOMEM;
		if (err)
			goto err_put;
	}

	mi->keeper = get_device(info->keeper);
	if (info->fwnode) {
		mi->fwnode = fwnode_handle_get(info->fwnode);
		device_set_node(&mi->mdev.dev, mi->fwnode);
		err = micro_instance_read_compat(mi);
		if (err)
			goto err_put;
	}

	err = micro_instance_enter_name(mi);
	if (err)
		goto err_put;

	trace_micro_device_add(mi);
	micro_debugfs_add(mi);
	/*
	 * Only names and files of the kernel yet: no driver is called, so this need not
	 * be bounded. It is also what keeps the driver core from binding on its own terms:
	 * it puts off drivers that ask for asynchronous probing, and leaks the note
	 * that it makes of a device which is bound while it is being added.
	 */
	mi->adding = true;
	err = device_add(&mi->mdev.dev);
	scoped_guard(spinlock, &mi->lock)
		WRITE_ONCE(mi->adding, false);
	if (err)
		goto err_unname;
	/* What comes of it is in @error, and no error of ours */
	if (mi->missed || mi->load != MICRO_LOAD_NONE)
		micro_job_run(mi, MICRO_JOB_MAKE, NULL);
	return mi;

err_unname:
	micro_debugfs_del(mi);
	trace_micro_device_del(mi);
	rhashtable_remove_fast(&micro_names, &mi->hash, micro_names_params);
err_put:
	micro_number_put(mi->minor);
	micro_instance_put_firmware(mi);
	put_device(&mi->mdev.dev);
	return ERR_PTR(err);
}

static void micro_instance_bury(struct micro_instance *mi)
{
	/* First, as nothing else needs to wait for what keeps it */
	micro_instance_revoke(mi);
	device_del(&mi->mdev.dev);
	micro_debugfs_del(mi);
	trace_micro_device_del(mi);
	rhashtable_remove_fast(&micro_names, &mi->hash, micro_names_params);
	micro_number_put(mi->minor);
	micro_instance_put_firmware(mi);
	if (mi->front->release)
		mi->front->release(mi->front_data);
	put_device(&mi->mdev.dev);
}

/**
 * micro_instance_destroy() - unbind and remove a device
 * @mi: the device; its front end lets go of it
 *
 * Context: may sleep, until the operations that are running have returned; or as long
 * as patience_ms says, if the front end is a bounded one.
 */
void micro_instance_destroy(struct micro_instance *mi)
{
	/* Front ends for users hold no lock of a driver, and are in none of its functions */
	if (mi->kernel)
		micro_instance_might_end(mi);
	micro_job_bury(mi);
}

/**
 * micro_instance_attach() - let drivers have a look at a device, the best one first
 * @mi: the device
 *
 * Goes on to the next best as long as drivers refuse the device. The driver core
 * asks each driver once, in an order of its own, so it has to be asked again; but not
 * if the last one whom it asked has failed otherwise.
 *
 * Context: may sleep.
 * Return: 1 when it is bound, 0 without a driver, or a negative errno, as
 * device_attach().
 */
int micro_instance_attach(struct micro_instance *mi)
{
	struct micro_refusal *before;
	int err;

	/* Two at a time would only try some driver twice */
	WRITE_ONCE(mi->attacher, current);
	do {
		before = READ_ONCE(mi->refusals);
		err = device_attach(&mi->mdev.dev);
	} while (!err && READ_ONCE(mi->refusals) != before &&
		 micro_is_refusal(READ_ONCE(mi->error)));
	WRITE_ONCE(mi->attacher, NULL);
	/* The driver core has failed, before it asked the driver or after that */
	if (err < 0 && !READ_ONCE(mi->error))
		WRITE_ONCE(mi->error, err);
	return err;
}

/* Bind, or find out why not. The driver core tells nobody about failed probes. */
static int micro_instance_bind(struct micro_instance *mi)
{
	int err;

	WRITE_ONCE(mi->error, 0);
	micro_forget_refusals(mi);

	err = micro_instance_attach(mi);
	if (!err)
		micro_instance_load(mi, MICRO_LOAD_WAIT);
	if (err >= 0)
		err = READ_ONCE(mi->error);
	/* what sysfs bind answers too: EPROBE_DEFER is not for user space */
	return err == -EPROBE_DEFER ? -EAGAIN : err;
}

static int micro_instance_unbind(struct micro_instance *mi)
{
	WRITE_ONCE(mi->live, false);
	WRITE_ONCE(mi->error, 0);
	micro_instance_revoke(mi);
	/* It takes the device lock: a bind that had begun is over, and is undone */
	device_release_driver(&mi->mdev.dev);
	return 0;
}

static bool micro_compat_same(const struct micro_compat *a,
			      const struct micro_compat *b)
{
	return a && a->size == b->size && !memcmp(a->strings, b->strings, a->size);
}

static int micro_instance_match(struct micro_instance *mi, struct micro_compat *new)
{
	struct micro_compat *old = rcu_dereference_protected(mi->compat, true);

	if (micro_compat_same(old, new)) {
		kfree(new);
	} else {
		micro_instance_revoke(mi);
		/* A bind that has begun is over, the next one sees it */
		device_lock(&mi->mdev.dev);
		rcu_assign_pointer(mi->compat, new);
		device_unlock(&mi->mdev.dev);
		kfree_rcu(old, rcu);
		device_release_driver(&mi->mdev.dev);
		/* udev may know a module for the new alias that we cannot ask for */
		kobject_uevent(&mi->mdev.dev.kobj, KOBJ_CHANGE);
	}
	return mi->live ? micro_instance_bind(mi) : 0;
}

/**
 * micro_instance_do() - do a job
 * @mi: the device, whose only job this is
 * @job: what to do
 * @compat: for MICRO_JOB_MATCH; taken over
 *
 * Context: may sleep, as long as drivers and their users like; no lock is held.
 * Return: 0, or why it could not be bound; without a driver that is no error.
 */
int micro_instance_do(struct micro_instance *mi, enum micro_job job,
		      struct micro_compat *compat)
{
	switch (job) {
	case MICRO_JOB_NONE:
		break;
	case MICRO_JOB_MAKE:
		if (mi->missed)
			micro_instance_attach(mi);
		micro_instance_load(mi, mi->load);
		break;
	case MICRO_JOB_LIVE:
		WRITE_ONCE(mi->live, true);
		return micro_instance_bind(mi);
	case MICRO_JOB_OFF:
		return micro_instance_unbind(mi);
	case MICRO_JOB_MATCH:
		return micro_instance_match(mi, compat);
	case MICRO_JOB_BURY:
		micro_instance_bury(mi);
		break;
	}
	return 0;
}

/**
 * micro_instance_set_live() - let a device be bound, or unbind it for good
 * @mi: the device
 * @live: may it be bound?
 *
 * Context: may sleep, until the operations that are running have returned; or as long
 * as patience_ms says, if the front end is a bounded one.
 * Return: 0, or why it could not be bound; without a driver that is no error.
 * -EBUSY, -EINTR, -EINPROGRESS: see micro_job_run().
 */
int micro_instance_set_live(struct micro_instance *mi, bool live)
{
	return micro_job_run(mi, live ? MICRO_JOB_LIVE : MICRO_JOB_OFF, NULL);
}

/**
 * micro_instance_set_compat() - give a device other compatible strings
 * @mi: the device
 * @text: the strings, one a line
 * @len: length of @text in bytes
 *
 * The device is unbound and matched anew, unless these are the strings that it
 * is bound with.
 *
 * Context: as micro_instance_set_live().
 * Return: 0; -EINVAL, -ENOMEM, -EBUSY or -EINTR, and nothing has changed; or why the
 * device could not be bound. -EINPROGRESS: see micro_job_run().
 */
int micro_instance_set_compat(struct micro_instance *mi, const char *text,
			      size_t len)
{
	struct micro_compat *compat = micro_compat_parse(text, len);

	if (IS_ERR(compat))
		return PTR_ERR(compat);
	return micro_job_run(mi, MICRO_JOB_MATCH, compat);
}

/**
 * micro_instance_name() - its name
 * @mi: the device
 *
 * Context: any.
 */
const char *micro_instance_name(const struct micro_instance *mi)
{
	return mi->mdev.name;
}

/**
 * micro_instance_device() - its struct device, for messages
 * @mi: the device
 *
 * Context: any.
 */
struct device *micro_instance_device(struct micro_instance *mi)
{
	return &mi->mdev.dev;
}

/**
 * micro_instance_mdev() - what drivers see of it
 * @mi: the device
 *
 * Context: any.
 */
struct micro_device *micro_instance_mdev(struct micro_instance *mi)
{
	return &mi->mdev;
}

/**
 * micro_device_instance() - the way back
 * @mdev: what drivers see
 *
 * Context: any.
 */
struct micro_instance *micro_device_instance(struct micro_device *mdev)
{
	return to_micro_instance(mdev);
}

/**
 * micro_instance_is_live() - may it be bound?
 * @mi: the device
 *
 * Context: any.
 */
bool micro_instance_is_live(const struct micro_instance *mi)
{
	return READ_ONCE(mi->live);
}

/**
 * micro_instance_is_bound() - is it bound, and not about to be unbound?
 * @mi: the device
 *
 * A binding is there before its node, so that who sees the node sees the device bound.
 * All others see that when the node is there, so that who sees it finds the node.
 *
 * Context: may sleep.
 */
bool micro_instance_is_bound(struct micro_instance *mi)
{
	struct micro_binding *b;
	bool shown;

	scoped_guard(spinlock, &mi->lock) {
		b = mi->binding;
		if (b)
			micro_binding_get(b);
	}
	if (!b)
		return false;
	shown = micro_binding_is_shown(b);
	micro_binding_put(b);
	return shown;
}

/**
 * micro_instance_in_use() - does a driver have it, from before probe to after remove?
 * @mi: the device
 *
 * Context: any. A driver that comes afterwards asks for the firmware node first.
 */
bool micro_instance_in_use(const struct micro_instance *mi)
{
	return READ_ONCE(mi->mdev.driver);
}

/**
 * micro_instance_error() - why could it not be bound?
 * @mi: the device
 *
 * Context: any.
 * Return: 0 or a negative errno, of the last attempt.
 */
int micro_instance_error(const struct micro_instance *mi)
{
	return READ_ONCE(mi->error);
}

/**
 * micro_instance_devt() - its device number
 * @mi: the device
 *
 * Context: may sleep.
 * Return: the number, 0 while it is unbound.
 */
dev_t micro_instance_devt(struct micro_instance *mi)
{
	if (!micro_instance_is_bound(mi))
		return 0;
	guard(spinlock)(&mi->lock);
	return mi->binding ? mi->binding->dev.devt : 0;
}

/**
 * micro_instance_state() - the word for what it is now
 * @mi: the device
 *
 * Context: any; with its lock held, the word is as true as what that guards.
 */
const char *micro_instance_state(const struct micro_instance *mi)
{
	u8 job = READ_ONCE(mi->job);

	if (READ_ONCE(mi->ending))
		return "unbinding";
	if (READ_ONCE(mi->binding))
		return "bound";
	if (job == MICRO_JOB_OFF || job == MICRO_JOB_BURY || READ_ONCE(mi->doomed))
		return "unbinding";
	if (job != MICRO_JOB_NONE || READ_ONCE(mi->mdev.driver))
		return "binding";
	if (!READ_ONCE(mi->live))
		return "off";
	return READ_ONCE(mi->error) ? "failed" : "unbound";
}

/**
 * micro_instance_status() - the same for users: with the error, if there is one
 * @mi: the device
 * @buf: where to
 * @size: bytes there
 *
 * Context: may sleep.
 * Return: the length.
 */
size_t micro_instance_status(struct micro_instance *mi, char *buf, size_t size)
{
	bool bound = micro_instance_is_bound(mi);
	const char *state, *name;
	int err;

	scoped_guard(spinlock, &mi->lock) {
		state = micro_instance_state(mi);
		err = READ_ONCE(mi->error);
	}
	if (!bound && !strcmp(state, "bound"))
		state = "binding";
	if (strcmp(state, "failed") || !err)
		return scnprintf(buf, size, "%s", state);
	name = micro_errname(err);
	return name ? scnprintf(buf, size, "%s %s", state, name) :
		      scnprintf(buf, size, "%s %d", state, -err);
}

/**
 * micro_instance_driver() - the name of its driver
 * @mi: the device
 * @buf: where to
 * @size: bytes there
 *
 * Context: may sleep.
 * Return: the length; 0 while it is unbound.
 */
size_t micro_instance_driver(struct micro_instance *mi, char *buf, size_t size)
{
	if (!micro_instance_is_bound(mi))
		return 0;
	guard(spinlock)(&mi->lock);
	return scnprintf(buf, size, "%s", mi->binding ? mi->mdev.driver->name : "");
}

/**
 * micro_instance_compat() - its compatible strings, one a line
 * @mi: the device
 * @buf: where to
 * @size: bytes there
 *
 * Context: any.
 * Return: the length; 0 without any.
 */
size_t micro_instance_compat(struct micro_instance *mi, char *buf, size_t size)
{
	const struct micro_compat *compat;
	size_t len = 0;
	const char *s;

	guard(rcu)();
	compat = rcu_dereference(mi->compat);
	if (compat)
		micro_compat_for_each(s, compat)
			len += scnprintf(buf + len, size - len, "%s\n", s);
	return len;
}

/**
 * micro_instance_find_fwnode() - which firmware node was a device made for?
 * @name: the device's name
 *
 * Context: may sleep.
 * Return: the node, for fwnode_handle_put(); NULL without one, or without device.
 */
struct fwnode_handle *micro_instance_find_fwnode(const char *name)
{
	struct device *dev = bus_find_device_by_name(&micro_bus, NULL, name);
	struct fwnode_handle *fwnode;

	if (!dev)
		return NULL;
	scoped_guard(spinlock, &dev_to_instance(dev)->lock)
		fwnode = fwnode_handle_get(dev_to_instance(dev)->fwnode);
	put_device(dev);
	return fwnode;
}

/**
 * micro_instance_is_locked() - does somebody have a lock that suspend takes?
 * @mi: the device
 *
 * Its device lock, or, while it is unbound, the lock of the device that has it removed:
 * the bus of a device tree, whose driver waits for it.
 *
 * Context: any.
 */
bool micro_instance_is_locked(struct micro_instance *mi)
{
	guard(spinlock)(&mi->lock);
	return mutex_is_locked(&mi->mdev.dev.mutex) ||
	       (mi->ending && mi->keeper && mutex_is_locked(&mi->keeper->mutex));
}

/**
 * micro_instance_find_locked() - find a device that micro_instance_is_locked()
 *
 * Also one that is on its way out, and not on the bus any more.
 *
 * Context: may sleep.
 * Return: the device, for put_device() of its struct device; NULL if there is none.
 */
struct micro_instance *micro_instance_find_locked(void)
{
	struct rhashtable_iter iter;
	struct micro_instance *mi;

	rhashtable_walk_enter(&micro_names, &iter);
	rhashtable_walk_start(&iter);
	while ((mi = rhashtable_walk_next(&iter))) {
		/* The table grows, and the walk begins anew */
		if (IS_ERR(mi))
			continue;
		if (micro_instance_is_locked(mi) &&
		    kobject_get_unless_zero(&mi->mdev.dev.kobj))
			break;
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return mi;
}

int micro_devices_init(void)
{
	int err;

	max_devices = clamp(max_devices, 1U, MICRO_MINORS);

	err = rhashtable_init(&micro_names, &micro_names_params);
	if (err)
		return err;

	micro_root = root_device_register("micro");
	if (IS_ERR(micro_root)) {
		err = PTR_ERR(micro_root);
		goto err_names;
	}

	micro_root_dir = kobject_create_and_add("instances", &micro_root->kobj);
	if (!micro_root_dir) {
		err = -ENOMEM;
		goto err_root;
	}
	return 0;

err_root:
	root_device_unregister(micro_root);
err_names:
	rhashtable_destroy(&micro_names);
	return err;
}

void micro_devices_exit(void)
{
	kobject_put(micro_root_dir);
	root_device_unregister(micro_root);
	rhashtable_destroy(&micro_names);
}
