/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels older than the newest one need
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_OVERLAY_COMPAT_H
#define _MICRO_OVERLAY_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
/* Overlays were always for the root */
#define micro_fdt_apply(blob, size, id)	of_overlay_fdt_apply(blob, size, id)
#else
#define micro_fdt_apply(blob, size, id)	of_overlay_fdt_apply(blob, size, id, NULL)
#endif

#endif /* _MICRO_OVERLAY_COMPAT_H */
