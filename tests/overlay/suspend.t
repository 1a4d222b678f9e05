#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# An overlay disables a bus, and a driver of its devices takes its time: the kernel holds the
# lock of the bus meanwhile, which suspend takes. Suspend is refused until that is over.
# kernels: debug clang
# vm: --timeout 1800 --expect 'the machine cannot be suspended|no pm_test'

. /tests/lib/tap.sh
. /tests/lib/unplug.sh
. /tests/lib/overlay.sh

needs_pm_test

modprobe -a micro_evil micro_overlay
ok $? "modules are loaded"
echo 1000 >/sys/module/micro_overlay/parameters/patience_ms
mkdir $overlays/bus $overlays/off
is "$(apply bus slow)" ok "a bus with a device"
wait_for is_state micro_evil.slow-unplug bound
echo hold >$evil/command
is "$(apply off slow-off)" EINPROGRESS "the bus is disabled while the driver is in unplug()"
wait_for is_state micro_evil.slow-unplug unbinding

echo devices >$pm_test
is "$(micro-try write /sys/power/state mem)" EBUSY "suspend fails"
dmesg | grep -q "micro_evil.slow-unplug: the machine cannot be suspended: driver micro_evil keeps the device locked"
ok $? "the log names the driver and the device"
echo go >$evil/command
wait_for is_state micro_evil.slow-unplug ""
wait_for grep -qx applied $overlays/off/status
is "$(micro-try write /sys/power/state mem)" ok "then it works"

rmdir $overlays/off $overlays/bus
run_ok rmmod micro_evil micro_overlay
done_testing
