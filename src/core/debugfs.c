// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: every device and its open files, for whoever waits for an unplug
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/debugfs.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "device.h"
#include "file.h"
#include "main.h"

/**
 * DOC: debugfs
 *
 * micro/devices is needed most while an unplug waits, when the device lock and
 * the front end's locks are held, and the device is already off the bus's list.
 * So there is a list of its own here, a device is on it from before it is added
 * until after it is unbound, and what is shown is guarded by locks that are held
 * for moments only: micro_debugfs_lock, micro_instance.lock for the way to the
 * binding, and micro_binding.lock for its files.
 *
 * Files that are still open although their device went away hold the core, and are
 * in no device's list any more: micro/dead has them.
 */

static DEFINE_MUTEX(micro_debugfs_lock);
static LIST_HEAD(micro_debugfs_list);
static LIST_HEAD(micro_debugfs_ended);
static struct dentry *micro_debugfs_dir;

/**
 * micro_debugfs_add() - show a device
 * @mi: the device, about to be added
 *
 * Context: may sleep.
 */
void micro_debugfs_add(struct micro_instance *mi)
{
	guard(mutex)(&micro_debugfs_lock);
	list_add_tail(&mi->entry, &micro_debugfs_list);
}

/**
 * micro_debugfs_del() - do not show a device any more
 * @mi: the device, unbound
 *
 * Context: may sleep.
 */
void micro_debugfs_del(struct micro_instance *mi)
{
	guard(mutex)(&micro_debugfs_lock);
	list_del(&mi->entry);
}

/**
 * micro_debugfs_end() - show the files of a binding that has ended
 * @b: the binding, whose files the revoker has released
 *
 * Before remove(), which may take long: a file that is still open keeps the core, and
 * somebody may look for it.
 *
 * Context: may sleep.
 */
void micro_debugfs_end(struct micro_binding *b)
{
	/* They may only become fewer */
	if (hlist_empty(&b->dead))
		return;
	guard(mutex)(&micro_debugfs_lock);
	list_add_tail(&b->ended, &micro_debugfs_ended);
}

/**
 * micro_debugfs_forget() - do not show a binding any more
 * @b: the binding, which has no open files
 *
 * Context: may sleep.
 */
void micro_debugfs_forget(struct micro_binding *b)
{
	if (list_empty(&b->ended))
		return;
	guard(mutex)(&micro_debugfs_lock);
	list_del(&b->ended);
}

static void micro_debugfs_file(struct seq_file *m, struct micro_file *f)
{
	/* Its name now: who opened a file may be gone, and the file passed on */
	char comm[TASK_COMM_LEN] = "-";

	micro_file_comm(f, comm);
	/* hashed, as in the tracepoints */
	seq_printf(m, "file=%p pid=%d comm=", f, pid_nr(f->pid));
	/* a name may contain anything */
	seq_escape(m, comm, " \t\n\\");
}

static void micro_debugfs_files(struct seq_file *m, struct micro_binding *b)
{
	struct micro_file *f;

	guard(mutex)(&b->lock);
	hlist_for_each_entry(f, &b->files, node) {
		seq_puts(m, "  ");
		micro_debugfs_file(m, f);
		seq_printf(m, " active=%d revoked=%d\n", micro_active_inside(&f->active),
			   micro_active_revoked(&f->active));
		/* it will be called again, with more room */
		if (seq_has_overflowed(m))
			break;
	}
}

static void micro_debugfs_match(struct seq_file *m, struct micro_instance *mi)
{
	char *buf;
	size_t room = seq_get_buf(m, &buf);

	/* micro_modalias() leaves out strings that do not fit; we come again */
	if (room < MICRO_MODALIAS_MAX)
		seq_commit(m, -1);
	else
		seq_commit(m, micro_modalias(mi, buf, MICRO_MODALIAS_MAX));
}

static int micro_debugfs_show(struct seq_file *m, void *v)
{
	struct micro_instance *mi = list_entry(v, struct micro_instance, entry);
	unsigned int files = 0, operations = 0;
	struct micro_binding *b;

	seq_printf(m, "device=%s front=%s match=", mi->mdev.name, mi->front->name);
	micro_debugfs_match(m, mi);

	spin_lock(&mi->lock);
	b = mi->binding ?: mi->ending;
	if (b)
		get_device(&b->dev);
	seq_printf(m, " driver=%s state=%s generation=%u", b ? b->drv->name : "-",
		   micro_instance_state(mi), mi->generation);
	spin_unlock(&mi->lock);

	if (b)
		micro_binding_count(b, &files, &operations);
	seq_printf(m, " files=%u active=%u\n", files, operations);
	if (b) {
		micro_debugfs_files(m, b);
		put_device(&b->dev);
	}
	return 0;
}

static void *micro_debugfs_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&micro_debugfs_lock);
	return seq_list_start(&micro_debugfs_list, *pos);
}

static void *micro_debugfs_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &micro_debugfs_list, pos);
}

static void micro_debugfs_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&micro_debugfs_lock);
}

static const struct seq_operations micro_devices_sops = {
	.start = micro_debugfs_start,
	.next = micro_debugfs_next,
	.stop = micro_debugfs_stop,
	.show = micro_debugfs_show,
};
DEFINE_SEQ_ATTRIBUTE(micro_devices);

static int micro_dead_show(struct seq_file *m, void *v)
{
	struct micro_binding *b = list_entry(v, struct micro_binding, ended);
	struct micro_file *f;

	guard(mutex)(&b->lock);
	hlist_for_each_entry(f, &b->dead, node) {
		seq_printf(m, "device=%s ", b->mdev->name);
		micro_debugfs_file(m, f);
		seq_putc(m, '\n');
		/* it will be called again, with more room */
		if (seq_has_overflowed(m))
			break;
	}
	return 0;
}

static void *micro_dead_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&micro_debugfs_lock);
	return seq_list_start(&micro_debugfs_ended, *pos);
}

static void *micro_dead_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &micro_debugfs_ended, pos);
}

static const struct seq_operations micro_dead_sops = {
	.start = micro_dead_start,
	.next = micro_dead_next,
	.stop = micro_debugfs_stop,
	.show = micro_dead_show,
};
DEFINE_SEQ_ATTRIBUTE(micro_dead);

int micro_debugfs_init(void)
{
	micro_debugfs_dir = debugfs_create_dir("micro", NULL);
	debugfs_create_file("devices", 0400, micro_debugfs_dir, NULL, &micro_devices_fops);
	debugfs_create_file("dead", 0400, micro_debugfs_dir, NULL, &micro_dead_fops);
	return 0;
}

void micro_debugfs_exit(void)
{
	debugfs_remove(micro_debugfs_dir);
}
