#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# unbind in sysfs waits for a driver as long as it takes, and the driver core holds the lock of
# the device meanwhile. Suspend is refused then, and works when that is over.
# kernels: 6.12 debug clang
# vm: --timeout 1800 --expect 'the machine cannot be suspended|no pm_test'

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

needs_pm_test

modprobe micro_evil
ok $? "micro_evil is loaded"
mkdir $micro/micro_evil.slow-unplug
echo hold >$evil/command
micro-try write /sys/bus/micro_bus/drivers/micro_evil/unbind micro_evil.slow-unplug >/tmp/unbind &
unbind=$!
wait_for is_state micro_evil.slow-unplug unbinding

echo freezer >$pm_test
is "$(micro-try write /sys/power/state mem)" EBUSY "suspend fails"
echo go >$evil/command
wait $unbind
is "$(cat /tmp/unbind)" ok "and all goes on"
is "$(micro-try write /sys/power/state mem)" ok "then it works"

rmdir $micro/micro_evil.slow-unplug
run_ok rmmod micro_evil
done_testing
