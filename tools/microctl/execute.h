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
 * @OUTCOME_BOUND: it has a driver, or is off, as it is wanted, or is gone
 * @OUTCOME_UNBOUND: it is there, but no driver is
 * @OUTCOME_REFUSED: it is there, but its driver does not want it; that was said
 * @OUTCOME_FAILED: it could not be made so; that was said
 */
enum outcome {
	OUTCOME_BOUND,
	OUTCOME_UNBOUND,
	OUTCOME_REFUSED,
	OUTCOME_FAILED,
};

enum outcome execute_create(const struct device *want);
enum outcome execute_change(const struct device *want, const struct device *have);
enum outcome execute_bind(const struct device *want);
enum outcome execute_remove(const char *name, const struct place *at);
enum outcome execute_step(const struct step *step);

#endif /* _MICROCTL_EXECUTE_H */
