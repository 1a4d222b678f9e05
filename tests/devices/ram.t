#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# micro_ram: memory that all who open an instance share.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

run_ok modprobe micro_ram
[ ! -e /dev/micro_ram ] && [ -z "$(ls $micro)" ]
ok $? "loading it makes no instance"

for case in $(micro-ram --list); do
	with rmdir micro_ram micro-ram "$case"
done

# by compatible string; one instance has nothing to do with another, and what
# was in it goes with the binding
run_ok mkdir $micro/left $micro/right
run_ok sh -c "echo microkernel,ram >$micro/left/compatible"
run_ok sh -c "echo microkernel,ram >$micro/right/compatible"
echo left >/dev/micro/left
echo right >/dev/micro/right
is "$(head -n 1 /dev/micro/right)" right "the right instance has its own memory"
is "$(head -n 1 /dev/micro/left)" left "the left instance has its own memory"
echo 0 >$micro/left/live
echo 1 >$micro/left/live
is "$(wc -c </dev/micro/left)" 1048576 "bound again it is as large"
is "$(tr -d '\0' </dev/micro/left)" "" "an instance that is bound again is empty"
run_ok rmdir $micro/left $micro/right

# property size
sized() {
	mkdir -p $micro/sized/properties/size
	printf '%s' "$2" >"$micro/sized/properties/size/$1"
	echo microkernel,ram >$micro/sized/compatible
	cat $micro/sized/status
}
unsized() {
	rmdir $micro/sized/properties/size $micro/sized
}
for size in 1 4095 4096 1000000; do
	is "$(sized u32 $size 2>&1)" bound "$size is a size"
	is "$(wc -c </dev/micro/sized)" $size "an instance with size $size has so many bytes"
	unsized
done
# more than the guest has; pages come when they are used
is "$(sized u32 1073741824 2>&1)" bound "1 GiB is a size"
echo end | dd of=/dev/micro/sized bs=1 seek=1073741820 2>/dev/null
is "$(dd if=/dev/micro/sized bs=1 skip=1073741820 2>/dev/null)" end "the end of 1 GiB can be used"
unsized
for size in 0 1073741825 4294967295; do
	like "$(sized u32 $size 2>&1)" "failed EINVAL" "$size is none"
	unsized
done
like "$(sized string large 2>&1)" "failed E" "a text is no size"
unsized
like "$(dmesg)" "micro_ram sized: size has to be" "the log says why"
run_ok rmmod micro_ram

mkdir $micro/micro_ram.auto
is "$(cat $micro/micro_ram.auto/status)" bound "a device of that name loads it"
rmdir $micro/micro_ram.auto
run_ok rmmod micro_ram
mkdir $micro/disk
run_ok sh -c "echo microkernel,ram >$micro/disk/compatible"
is "$(cat $micro/disk/driver)" micro_ram "a device with that compatible string does"
rmdir $micro/disk
run_ok rmmod micro_ram
done_testing
