#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who waits with EPOLLEXCLUSIVE is woken as on a misc device: by wake_up() one, by
# wake_up_all() all, whether they share an open file or not.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

run_ok modprobe -a micro_evil micro_wake

for case in $(micro-exclusive --list); do
	[ "$case" != end ] || continue
	run_ok micro-exclusive "$case" /dev/micro_wake_misc true
	with rmdir micro_wake micro-exclusive "$case"
done
each_way micro_wake micro-exclusive end

run_ok rmmod micro_wake micro_evil
done_testing
