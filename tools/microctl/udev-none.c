// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without libudev, nobody waits for udev
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include "udev.h"

void udev_start(void)
{
}

bool udev_runs(void)
{
	return false;
}

void udev_expect(const char *name)
{
	(void)name;
}

bool udev_wait(const char *name, double end)
{
	(void)name;
	(void)end;
	return true;
}
