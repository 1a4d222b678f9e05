#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The main job of the microkernel driver framework: a device is made, used, taken
# away while a process has it open, and made again.

configfs=/sys/kernel/config
device=$configfs/micro/sample_driver.kselftest
node=/dev/micro/sample_driver.kselftest
skip=4
count=0
failed=0

check() {
	status=$?
	count=$((count + 1))
	if [ $status -eq 0 ]; then
		echo "ok $count $1"
	else
		echo "not ok $count $1"
		failed=1
	fi
}

echo "TAP version 13"
if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP this needs root"
	exit $skip
fi
modprobe -q microkernel
modprobe -q sample_driver
grep -q " $configfs configfs " /proc/mounts || mount -t configfs none $configfs
if [ ! -d $configfs/micro ] || [ ! -d /sys/bus/micro_bus/drivers/sample_driver ]; then
	echo "1..0 # SKIP this kernel has no CONFIG_MICROKERNEL or no CONFIG_MICRO_SAMPLE_DRIVER"
	exit $skip
fi

echo "1..7"
mkdir $device
check "mkdir makes a device"
[ "$(cat $device/status)" = bound ] && [ -c $node ]
check "the device is bound, and has a node"
echo message >$node && [ "$(cat $node)" = message ]
check "the driver keeps a message"
exec 3<$node
rmdir $device
check "rmdir takes the device away while a file is open"
[ ! -e $node ]
check "the node is gone"
! cat <&3 2>/dev/null
check "the open file is dead"
exec 3<&-
mkdir $device && [ "$(cat $device/status)" = bound ] && rmdir $device
check "a device of the same name can be made again"
exit $failed
