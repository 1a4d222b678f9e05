/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes: is the file in /dev the one that a device should have?
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_NODE_H
#define _MICRO_NODE_H

#include <linux/types.h>

int micro_nodes_init(void);
void micro_nodes_exit(void);
bool micro_node_taken(const char *name);
bool micro_node_missing(const char *name, dev_t devt);

#endif /* _MICRO_NODE_H */
