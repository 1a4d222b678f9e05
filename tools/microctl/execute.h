/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Execution: changes of one device
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_EXECUTE_H
#define _MICROCTL_EXECUTE_H

#include "plan.h"

/**
 * enum outcome - what came of a device
 * @OUTCOME_BOUND: it has a driver, or is off, as it is wanted
 * @OUTCOME_UNBOUND: it exists, and no driver is bound to it yet
 * @OUTCOME_REFUSED: it is there, but its driver does not want it; that was said
 * @OUTCOME_BUSY: its driver has not made up its mind in time; that was said
 * @OUTCOME_NO_NODE: it is bound, but its node is not there; that was said
 */
enum outcome {
	OUTCOME_BOUND,
	OUTCOME_UNBOUND,
	OUTCOME_REFUSED,
	OUTCOME_BUSY,
	OUTCOME_NO_NODE,
};

/* These return 0, or -1 when it could not be done, which was said then */
int execute_create(const struct device *want);
int execute_remove(const char *name, const struct place *at);
int execute_step(const struct step *step);

enum outcome execute_outcome(const struct device *want);

#endif /* _MICROCTL_EXECUTE_H */
