#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On a kernel that is locked down nobody applies an overlay. What was applied before works on,
# and can be removed.
# kernels: debug clang
# alone: nothing but a reboot ends it

. /tests/lib/tap.sh
. /tests/lib/overlay.sh

modprobe -a sample_driver micro_fifo micro_overlay
mkdir $overlays/a $overlays/b $overlays/c
is "$(micro-try write $overlays/a/dtbo - <$dtbo/sample-driver.dtbo)" ok "an overlay is applied"
is "$(micro-try write $overlays/c/dtbo - <$dtbo/micro-fifo.dtbo)" ok "another one"
is "$(micro-try write $overlays/c/status 0)" ok "and removed"

mount -t securityfs none /sys/kernel/security 2>/dev/null
is "$(micro-try write /sys/kernel/security/lockdown integrity)" ok "the kernel is locked down"
is "$(micro-try write $overlays/b/dtbo - <$dtbo/micro-fifo.dtbo)" EPERM "dtbo: not applied"
mkdir -p /lib/firmware
cp $dtbo/micro-fifo.dtbo /lib/firmware
is "$(micro-try write $overlays/b/path micro-fifo.dtbo)" EPERM "path: not applied"
is "$(micro-try write $overlays/c/status 1)" EPERM "status, of one that was applied before: not applied again"
is "$(cat $overlays/b/status) $(cat $overlays/c/status)" "unapplied unapplied" "both are unapplied"
[ ! -e /dev/micro/fifo.0 ]
ok $? "there is no device of theirs"
like "$(dmesg | grep -i lockdown)" "Lockdown: .*device tree" "the log says why"

is "$(cat /dev/micro/sample.0)" "Sample driver data" "the device that was there works on"
is "$(micro-try write $overlays/a/status 0)" ok "its overlay can be removed"
[ ! -e /dev/micro/sample.0 ]
ok $? "and the device is gone"
rmdir $overlays/a $overlays/b $overlays/c
run_ok rmmod micro_overlay
done_testing
