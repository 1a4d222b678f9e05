/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version of all of it: modules, programs, packages
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROKERNEL_VERSION_H
#define _MICROKERNEL_VERSION_H

#define MICRO_VERSION "0.5.0"

#endif /* _MICROKERNEL_VERSION_H */
