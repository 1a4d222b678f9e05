/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plans: what has to be done to get what is wanted
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_PLAN_H
#define _MICROCTL_PLAN_H

#include "device.h"

/**
 * enum step_kind - what to do with a device
 * @STEP_REMOVE: nobody wants it
 * @STEP_CHANGE: it is different from what is wanted
 * @STEP_CREATE: it is not there
 * @STEP_BIND: it is as it is wanted, but its driver refused it last time
 * @STEP_MEND: it is as it is wanted, but its node is not
 */
enum step_kind {
	STEP_REMOVE,
	STEP_CHANGE,
	STEP_CREATE,
	STEP_BIND,
	STEP_MEND,
};

/**
 * struct step - what to do with one device
 * @kind: what
 * @want: the device as it is wanted; NULL for STEP_REMOVE
 * @have: the device as it is; NULL for STEP_CREATE
 * @obstructed: something is at the place of the node of a device that is not there
 * @failed: it could not be done
 */
struct step {
	enum step_kind kind;
	const struct device *want;
	const struct device *have;
	bool obstructed;
	bool failed;
};

/**
 * struct plan - all that is to be done, in this order
 * @steps: the steps
 * @count: how many
 * @same: how many devices stay as they are
 */
struct plan {
	struct step *steps;
	size_t count;
	size_t same;
};

bool plan_make(const struct devices *want, bool prune, const struct devices *only,
	       struct plan *plan);
const char *step_name(enum step_kind kind);

#endif /* _MICROCTL_PLAN_H */
