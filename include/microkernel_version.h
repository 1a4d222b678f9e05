/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version of all of it: modules, programs, packages
 *
 * It is set here, by scripts/set-version, which also writes it to the files that
 * package managers read. docs/stability.md says what a number promises.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROKERNEL_VERSION_H
#define _MICROKERNEL_VERSION_H

#define MICRO_VERSION "1.0.0-rc1"

#endif /* _MICROKERNEL_VERSION_H */
