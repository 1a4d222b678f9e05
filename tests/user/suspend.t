#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine is suspended while requests are on their way to a server, with it, and wait for
# one. The kernel only tries it, as far as /sys/power/pm_test says.
# kernels: debug clang
# vm: --timeout 900

. /tests/lib/tap.sh
. /tests/lib/user.sh

run_ok modprobe micro_user
if [ -w /sys/power/pm_test ]; then
	for level in freezer devices; do
		echo $level >/sys/power/pm_test
		unplug='echo mem >/sys/power/state'
		# a trial takes 5 s, in which nobody can answer: that is no hang
		user suspend answer-ms/u32=3000 grace-ms/u32=4000
	done
	echo none >/sys/power/pm_test
else
	skip "this kernel has no /sys/power/pm_test" 2
fi
run_ok rmmod micro_user
done_testing
