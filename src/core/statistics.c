// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: what an instance was used for, counted while somebody wants to know
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "file.h"

/**
 * DOC: Statistics
 *
 * Operations are counted in their open file, as they are for the revocation, so
 * that two files share nothing. Whoever reads adds up the files that are open
 * and what the others have left to their instance, where it stays for the next
 * binding.
 *
 * All of it is behind a static key, /sys/bus/micro_bus/statistics. While that is
 * off an operation has one NOP for it, an open file a NULL pointer, an instance
 * another, and there is no directory for them in sysfs, which would be a fifth
 * of the cost of a mkdir. What is missing is made when it is needed: counters
 * by the first operation that is counted, so also for files that were open
 * before; directories for all bindings when the key is switched on.
 *
 * micro_statistics_lock makes the directories agree with the key. It is taken
 * inside the device lock, and nothing of a driver is called with it held.
 */

static DEFINE_MUTEX(micro_statistics_lock);
DEFINE_STATIC_KEY_FALSE(micro_statistics_key);

/* Without memory it is not counted: that must not make an operation fail */
static struct micro_statistics *micro_statistics_make(struct micro_statistics **slot)
{
	struct micro_statistics *stats = READ_ONCE(*slot);
	struct micro_statistics *old;

	if (stats)
		return stats;

	stats = kzalloc(sizeof(*stats), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!stats)
		return NULL;

	/* The file may have several threads */
	old = cmpxchg(slot, NULL, stats);
	if (!old)
		return stats;
	kfree(stats);
	return old;
}

/* What only says "try again" is not counted as an error */
static bool micro_statistics_failed(s64 ret)
{
	switch (ret) {
	case -EAGAIN:
	case -EINTR:
	case -EIOCBQUEUED:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return false;
	}
	return ret < 0 && ret >= -MAX_ERRNO;
}

/**
 * __micro_statistics_count() - count an operation that failed, or is the first
 * @slot: the open file's counters; the caller is inside
 * @what: which one: its number of calls
 * @ret: what the driver has answered
 *
 * Context: may sleep.
 * Return: @ret, as micro_file_left().
 */
s64 __micro_statistics_count(struct micro_statistics **slot, enum micro_statistic what,
			     s64 ret)
{
	struct micro_statistics *stats = micro_statistics_make(slot);

	if (!stats)
		return ret;

	atomic64_inc(&stats->count[what]);
	if (micro_statistics_failed(ret))
		atomic64_inc(&stats->count[MICRO_STAT_ERRORS]);
	else if (what == MICRO_STAT_READS && ret > 0)
		atomic64_add(ret, &stats->count[MICRO_STAT_BYTES_READ]);
	else if (what == MICRO_STAT_WRITES && ret > 0)
		atomic64_add(ret, &stats->count[MICRO_STAT_BYTES_WRITTEN]);
	return ret;
}

/**
 * micro_statistics_fold() - leave a file's counters to its instance
 * @f: the file, which is being taken off its binding's list
 *
 * Context: may sleep; the binding's lock is held, and no operation is inside
 * that would be counted.
 */
void micro_statistics_fold(struct micro_file *f)
{
	struct micro_statistics *sum = *f->binding->stats;
	struct micro_statistics *stats = f->stats;
	int i;

	lockdep_assert_held(&f->binding->lock);
	f->stats = NULL;
	if (!sum) {
		*f->binding->stats = stats;
		return;
	}
	for (i = 0; i < MICRO_STAT_NR; i++)
		atomic64_add(atomic64_read(&stats->count[i]), &sum->count[i]);
	kfree(stats);
}

static u64 micro_statistics_sum(struct micro_binding *b, enum micro_statistic what)
{
	struct micro_statistics *stats;
	struct micro_file *f;
	u64 sum = 0;

	guard(mutex)(&b->lock);
	stats = *b->stats;
	if (stats)
		sum = atomic64_read(&stats->count[what]);
	hlist_for_each_entry(f, &b->files, node) {
		stats = READ_ONCE(f->stats);
		if (stats)
			sum += atomic64_read(&stats->count[what]);
	}
	return sum;
}

/**
 * struct micro_statistics_attr - a file in statistics/
 * @attr: the file
 * @what: what it shows
 */
struct micro_statistics_attr {
	struct device_attribute attr;
	enum micro_statistic what;
};

static ssize_t micro_statistics_show(struct device *dev, struct device_attribute *attr,
				     char *buf)
{
	struct micro_statistics_attr *a = container_of(attr, struct micro_statistics_attr, attr);

	return sysfs_emit(buf, "%llu\n", micro_statistics_sum(dev_to_binding(dev), a->what));
}

#define MICRO_STATISTICS_ATTR(_name, _what)				\
static struct micro_statistics_attr micro_statistics_##_name = {	\
	.attr = __ATTR(_name, 0444, micro_statistics_show, NULL),	\
	.what = _what,							\
}

MICRO_STATISTICS_ATTR(opens, MICRO_STAT_OPENS);
MICRO_STATISTICS_ATTR(reads, MICRO_STAT_READS);
MICRO_STATISTICS_ATTR(writes, MICRO_STAT_WRITES);
MICRO_STATISTICS_ATTR(ioctls, MICRO_STAT_IOCTLS);
MICRO_STATISTICS_ATTR(bytes_read, MICRO_STAT_BYTES_READ);
MICRO_STATISTICS_ATTR(bytes_written, MICRO_STAT_BYTES_WRITTEN);
MICRO_STATISTICS_ATTR(errors, MICRO_STAT_ERRORS);
MICRO_STATISTICS_ATTR(revocations, MICRO_STAT_REVOCATIONS);

static ssize_t open_files_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct micro_binding *b = dev_to_binding(dev);
	unsigned int files, operations;

	micro_binding_count(b, &files, &operations);
	return sysfs_emit(buf, "%u\n", files);
}
static DEVICE_ATTR_RO(open_files);

static struct attribute *micro_statistics_attrs[] = {
	&micro_statistics_opens.attr.attr,
	&dev_attr_open_files.attr,
	&micro_statistics_reads.attr.attr,
	&micro_statistics_writes.attr.attr,
	&micro_statistics_ioctls.attr.attr,
	&micro_statistics_bytes_read.attr.attr,
	&micro_statistics_bytes_written.attr.attr,
	&micro_statistics_errors.attr.attr,
	&micro_statistics_revocations.attr.attr,
	NULL
};

static const struct attribute_group micro_statistics_group = {
	.name = "statistics",
	.attrs = micro_statistics_attrs,
};

static int micro_statistics_add(struct device *dev, void *data)
{
	struct micro_binding *b = dev_to_binding(dev);
	int err;

	lockdep_assert_held(&micro_statistics_lock);
	if (!b->listed || b->has_statistics)
		return 0;

	err = sysfs_create_group(&dev->kobj, &micro_statistics_group);
	b->has_statistics = !err;
	return err;
}

static int micro_statistics_remove(struct device *dev, void *data)
{
	struct micro_binding *b = dev_to_binding(dev);

	lockdep_assert_held(&micro_statistics_lock);
	if (b->has_statistics)
		sysfs_remove_group(&dev->kobj, &micro_statistics_group);
	b->has_statistics = false;
	return 0;
}

/**
 * micro_statistics_publish() - a class device is there
 * @b: its binding
 *
 * Context: may sleep; the device lock is held.
 * Return: 0, or -ENOMEM.
 */
int micro_statistics_publish(struct micro_binding *b)
{
	guard(mutex)(&micro_statistics_lock);
	b->listed = true;
	return static_key_enabled(&micro_statistics_key) ?
	       micro_statistics_add(&b->dev, NULL) : 0;
}

/**
 * micro_statistics_unpublish() - a class device is about to go
 * @b: its binding
 *
 * Context: may sleep, with or without the device lock.
 */
void micro_statistics_unpublish(struct micro_binding *b)
{
	guard(mutex)(&micro_statistics_lock);
	micro_statistics_remove(&b->dev, NULL);
	b->listed = false;
}

static int micro_statistics_switch(bool on)
{
	int err = 0;

	guard(mutex)(&micro_statistics_lock);
	if (on) {
		err = micro_bindings_for_each(micro_statistics_add);
		if (!err)
			static_branch_enable(&micro_statistics_key);
	}
	if (!on || err) {
		static_branch_disable(&micro_statistics_key);
		micro_bindings_for_each(micro_statistics_remove);
	}
	return err;
}

static ssize_t statistics_show(micro_bus_arg(bus), char *buf)
{
	return sysfs_emit(buf, "%d\n", static_key_enabled(&micro_statistics_key));
}

static ssize_t statistics_store(micro_bus_arg(bus), const char *buf, size_t count)
{
	bool on;
	int err;

	err = kstrtobool(buf, &on);
	if (!err)
		err = micro_statistics_switch(on);
	return err ?: count;
}
static BUS_ATTR_RW(statistics);

static struct attribute *micro_statistics_bus_attrs[] = {
	&bus_attr_statistics.attr,
	NULL
};

static const struct attribute_group micro_statistics_bus_group = {
	.attrs = micro_statistics_bus_attrs,
};

const struct attribute_group *micro_statistics_bus_groups[] = {
	&micro_statistics_bus_group,
	NULL
};
