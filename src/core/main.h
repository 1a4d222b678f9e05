/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module: start and end of its parts, and the objects that still live
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_MAIN_H
#define _MICRO_MAIN_H

void micro_object_get(void);
void micro_object_put(void);

int micro_files_init(void);
void micro_files_exit(void);

int micro_bindings_init(void);
void micro_bindings_exit(void);

int micro_bus_init(void);
void micro_bus_exit(void);

int micro_devices_init(void);
void micro_devices_exit(void);

int micro_suspend_init(void);
void micro_suspend_exit(void);

int micro_jobs_init(void);
void micro_jobs_exit(void);

int micro_firmware_init(void);
void micro_firmware_exit(void);

#ifdef CONFIG_DEBUG_FS
int micro_debugfs_init(void);
void micro_debugfs_exit(void);
#else
static inline int micro_debugfs_init(void)
{
	return 0;
}

static inline void micro_debugfs_exit(void)
{
}
#endif

int micro_configfs_init(void);
void micro_configfs_exit(void);

#endif /* _MICRO_MAIN_H */
