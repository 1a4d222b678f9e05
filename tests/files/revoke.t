#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes, in each way there is, while its files are open and in use:
# system calls answer ENODEV, sleepers wake, and release() comes exactly once.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil && modprobe micro_fifo && modprobe micro_ram
ok $? "modules are loaded"

each_way micro_evil micro-revoke after after-nonblock asleep-read asleep-ioctl \
	asleep-elsewhere asleep-many race dup fork scm open-fails unused close-late close-same
each_way micro_fifo micro-revoke after after-nonblock asleep-read asleep-write asleep-many
each_way micro_ram micro-revoke after
each_way micro_evil_nopoll micro-revoke after asleep-read

# on debug, a busy process takes the others' time for many seconds
rounds='1 2 3'
! few_ways || rounds=1
for way in $ways; do
	for _ in $rounds; do
		with "$way" micro_evil micro-revoke race-close
	done
done

# the device comes back; what was open before stays dead
for way in live unbind unregister; do
	setup "$way" micro_evil
	case $way in
	live) again="echo 1 >$micro/$device/live" ;;
	unbind) again="echo $device >/sys/bus/micro_bus/drivers/micro_evil/bind" ;;
	unregister) again=". /tests/lib/tap.sh; . /tests/lib/unplug.sh; register" ;;
	esac
	run_ok micro-revoke rebind "$node" "$unplug && $again"
	rmdir "$micro/$device"
done

# an operation that does not end: ten seconds each, so not in every way
with rmdir micro_evil micro-revoke deaf

# probe() that fails after it has made a child
before=$(cat $evil/probes)
mkdir $micro/micro_evil.parent
is "$(cat $micro/micro_evil.parent/status)" "failed EIO" "a parent fails"
is "$(($(cat $evil/probes) - before))" 1 "a parent whose probe fails has made a child first"
[ ! -e /dev/micro_evil_nopoll.micro_evil.parent-child ]
ok $? "a child goes when its parent's probe fails"
run_fails "Input/output error" sh -c "echo 1 >$micro/micro_evil.parent/live"
is "$(($(cat $evil/probes) - before))" 2 "a parent that is bound again makes a child again"
run_ok rmdir $micro/micro_evil.parent

all_released
run_ok rmmod micro_evil micro_fifo micro_ram
done_testing
