/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT and SIGTERM: the device at hand is finished first
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_INTERRUPT_H
#define _MICROCTL_INTERRUPT_H

void interrupt_catch(void);
int interrupt_pending(void);
void interrupt_check(void);

#endif /* _MICROCTL_INTERRUPT_H */
