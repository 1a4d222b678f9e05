// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: its parts, in the order in which they depend on each other
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <microkernel_version.h>

#include "main.h"
#include "node.h"

/* Devices and bindings whose release function has not run yet, and this module */
static atomic_t micro_objects = ATOMIC_INIT(1);
static DECLARE_COMPLETION(micro_objects_gone);

/**
 * micro_object_get() - an object whose release function is in this module lives
 *
 * Context: any.
 */
void micro_object_get(void)
{
	atomic_inc(&micro_objects);
}

/**
 * micro_object_put() - last step of such a release function
 *
 * The last reference to a device may be dropped by anybody at any time later
 * than its removal; the module must stay until then.
 *
 * Context: any.
 */
void micro_object_put(void)
{
	/* Not a lock that sleeps, on any kernel: see micro_objects_exit() */
	if (atomic_dec_and_test(&micro_objects))
		complete(&micro_objects_gone);
}

/*
 * The task that has put the last object may still be in our text, a few instructions
 * before it returns from the release function to the kernel's, and the text goes soon
 * after this. A reference to the module would not help: who drops it is in the text,
 * too. But from the decrement to the return nobody sleeps. So we wait until each task
 * has slept or was in user space; one that was preempted in there has returned by
 * then. What ran in an interrupt, or with preemption off, is covered by the second
 * wait. All that is left open is a task that runs there on a kernel without
 * CONFIG_TASKS_RCU that can preempt it, and there is none: preemption selects it.
 */
static void micro_objects_exit(void)
{
	micro_object_put();
	wait_for_completion(&micro_objects_gone);
	synchronize_rcu_tasks();
	synchronize_rcu();
}

static const struct {
	int (*init)(void);
	void (*exit)(void);
} micro_parts[] = {
	{ micro_files_init, micro_files_exit },
	{ micro_nodes_init, micro_nodes_exit },
	{ micro_bindings_init, micro_bindings_exit },
	{ micro_bus_init, micro_bus_exit },
	/* What is below may still be needed by the last release function */
	{ NULL, micro_objects_exit },
	{ micro_devices_init, micro_devices_exit },
	{ micro_suspend_init, micro_suspend_exit },
	{ micro_jobs_init, micro_jobs_exit },
	{ micro_firmware_init, micro_firmware_exit },
	{ micro_debugfs_init, micro_debugfs_exit },
	/* Users may make devices as soon as they see it, so nothing may fail after it */
	{ micro_configfs_init, micro_configfs_exit },
};

static void micro_exit_parts(size_t count)
{
	while (count--)
		micro_parts[count].exit();
}

static int __init micro_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(micro_parts); i++) {
		err = micro_parts[i].init ? micro_parts[i].init() : 0;
		if (err) {
			micro_exit_parts(i);
			return err;
		}
	}
	return 0;
}

static void __exit micro_exit(void)
{
	micro_exit_parts(ARRAY_SIZE(micro_parts));
}

/* Built in, before all that may be a driver on our bus */
subsys_initcall(micro_init);
module_exit(micro_exit);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Driver framework whose devices come and go at run time");
MODULE_VERSION(MICRO_VERSION);
MODULE_LICENSE("GPL");
