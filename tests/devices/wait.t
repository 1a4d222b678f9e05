#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What micro_wait_event_interruptible() returns: 0, EAGAIN, EINTR or a restart,
# ENODEV.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil
ok $? "micro_evil is loaded"

each_way micro_evil micro-wait true pending signal kill killable many
for _ in 1 2 3 4 5; do
	with rmdir micro_evil micro-wait contended
done

all_released
run_ok rmmod micro_evil
done_testing
