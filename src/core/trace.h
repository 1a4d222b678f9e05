/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: /sys/kernel/tracing/events/micro, see docs/observe.md
 *
 * Copyright (C) 2026 The microkernel authors
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM micro

#if !defined(_MICRO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MICRO_TRACE_H

#include <linux/tracepoint.h>

#include "compat.h"

/* Who traces one of them need not know the others: trace.c does */
struct micro_binding;
struct micro_driver;
struct micro_file;
struct micro_instance;

DECLARE_EVENT_CLASS(micro_device,
	TP_PROTO(const struct micro_instance *mi),
	TP_ARGS(mi),
	TP_STRUCT__entry(
		__string(device, mi->mdev.name)
		__string(front, mi->front->name)
	),
	TP_fast_assign(
		micro_assign_str(device, mi->mdev.name);
		micro_assign_str(front, mi->front->name);
	),
	TP_printk("device=%s front=%s", __get_str(device), __get_str(front))
);

/* before it can be bound, so ahead of its matches */
DEFINE_EVENT(micro_device, micro_device_add,
	TP_PROTO(const struct micro_instance *mi),
	TP_ARGS(mi)
);

/* after it was unbound; also when adding it failed */
DEFINE_EVENT(micro_device, micro_device_del,
	TP_PROTO(const struct micro_instance *mi),
	TP_ARGS(mi)
);

/* a driver was compared with a device */
TRACE_EVENT(micro_match,
	TP_PROTO(const struct micro_instance *mi, const struct device_driver *drv,
		 bool matches),
	TP_ARGS(mi, drv, matches),
	TP_STRUCT__entry(
		__string(device, mi->mdev.name)
		__string(driver, drv->name)
		__field(bool, matches)
	),
	TP_fast_assign(
		micro_assign_str(device, mi->mdev.name);
		micro_assign_str(driver, drv->name);
		__entry->matches = matches;
	),
	TP_printk("device=%s driver=%s matches=%d",
		  __get_str(device), __get_str(driver), __entry->matches)
);

DECLARE_EVENT_CLASS(micro_binding,
	TP_PROTO(const struct micro_instance *mi, const struct micro_driver *drv,
		 int result),
	TP_ARGS(mi, drv, result),
	TP_STRUCT__entry(
		__string(device, mi->mdev.name)
		__string(driver, drv->name)
		__field(unsigned int, generation)
		__field(int, result)
	),
	TP_fast_assign(
		micro_assign_str(device, mi->mdev.name);
		micro_assign_str(driver, drv->name);
		__entry->generation = mi->generation;
		__entry->result = result;
	),
	TP_printk("device=%s driver=%s generation=%u result=%d", __get_str(device),
		  __get_str(driver), __entry->generation, __entry->result)
);

/* after probe(), or what failed before it */
DEFINE_EVENT(micro_binding, micro_bind,
	TP_PROTO(const struct micro_instance *mi, const struct micro_driver *drv,
		 int result),
	TP_ARGS(mi, drv, result)
);

/* after remove() */
DEFINE_EVENT(micro_binding, micro_unbind,
	TP_PROTO(const struct micro_instance *mi, const struct micro_driver *drv,
		 int result),
	TP_ARGS(mi, drv, result)
);

DECLARE_EVENT_CLASS(micro_file,
	TP_PROTO(const struct micro_file *f, int result),
	TP_ARGS(f, result),
	TP_STRUCT__entry(
		__string(device, f->binding->mdev->name)
		__string(driver, f->drv->name)
		__field(const void *, file)
		__field(int, result)
		__field(bool, revoked)
	),
	TP_fast_assign(
		micro_assign_str(device, f->binding->mdev->name);
		micro_assign_str(driver, f->drv->name);
		__entry->file = f;
		__entry->result = result;
		__entry->revoked = micro_active_revoked(&f->active);
	),
	TP_printk("device=%s driver=%s file=%p result=%d revoked=%d", __get_str(device),
		  __get_str(driver), __entry->file, __entry->result, __entry->revoked)
);

/* after the driver's open() */
DEFINE_EVENT(micro_file, micro_open,
	TP_PROTO(const struct micro_file *f, int result),
	TP_ARGS(f, result)
);

/* after its release(), whose result nobody else is told */
DEFINE_EVENT(micro_file, micro_release,
	TP_PROTO(const struct micro_file *f, int result),
	TP_ARGS(f, result)
);

DECLARE_EVENT_CLASS(micro_unplug,
	TP_PROTO(const struct micro_binding *b, unsigned int files,
		 unsigned int operations, u64 ns),
	TP_ARGS(b, files, operations, ns),
	TP_STRUCT__entry(
		__string(device, b->mdev->name)
		__string(driver, b->drv->name)
		__field(unsigned int, files)
		__field(unsigned int, operations)
		__field(u64, ns)
	),
	TP_fast_assign(
		micro_assign_str(device, b->mdev->name);
		micro_assign_str(driver, b->drv->name);
		__entry->files = files;
		__entry->operations = operations;
		__entry->ns = ns;
	),
	TP_printk("device=%s driver=%s files=%u operations=%u ns=%llu",
		  __get_str(device), __get_str(driver), __entry->files,
		  __entry->operations, __entry->ns)
);

/* the files that are open, and the operations inside them */
DEFINE_EVENT(micro_unplug, micro_revoke_begin,
	TP_PROTO(const struct micro_binding *b, unsigned int files,
		 unsigned int operations, u64 ns),
	TP_ARGS(b, files, operations, ns)
);

/* the files that the unplug has released, and the time since micro_revoke_begin */
DEFINE_EVENT(micro_unplug, micro_revoke_end,
	TP_PROTO(const struct micro_binding *b, unsigned int files,
		 unsigned int operations, u64 ns),
	TP_ARGS(b, files, operations, ns)
);

/* the unplug has to wait, for so many files and operations in them */
DEFINE_EVENT(micro_unplug, micro_drain_begin,
	TP_PROTO(const struct micro_binding *b, unsigned int files,
		 unsigned int operations, u64 ns),
	TP_ARGS(b, files, operations, ns)
);

/* and has waited for so many files, so long */
DEFINE_EVENT(micro_unplug, micro_drain_end,
	TP_PROTO(const struct micro_binding *b, unsigned int files,
		 unsigned int operations, u64 ns),
	TP_ARGS(b, files, operations, ns)
);

#endif /* _MICRO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
