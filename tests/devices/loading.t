#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The modules come and go: in the right order, as often as one likes, and
# nothing is left of them.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro

in_dmesg() {
	dmesg | grep -c "$1"
}

note "the core alone"
is "$(micro-try insmod sample_driver.ko)" ENOENT "a driver does not load without the core"
run_ok insmod microkernel.ko
is "$(micro-try insmod microkernel.ko)" EEXIST "it loads once"
is "$(ls /sys/bus/micro_bus/devices /sys/class/micro $micro)" "/sys/bus/micro_bus/devices:

/sys/class/micro:

/sys/kernel/config/micro:" "bus, class and configfs folder are there, and empty"
is "$(grep -c ' micro$' /proc/devices)" 1 "it has one major number"
[ ! -e /dev/micro ]
ok $? "no device, no node"
run_ok rmmod microkernel
for left in /sys/bus/micro_bus /sys/class/micro /sys/devices/micro $micro; do
	[ ! -e "$left" ]
	ok $? "$left went with it"
done
is "$(grep -c ' micro$' /proc/devices)" 0 "the major number went with it"

note "sample_driver"
run_ok modprobe sample_driver
loaded microkernel
ok $? "modprobe loads the core first"
[ -c /dev/sample_driver ]
ok $? "/dev/sample_driver is there"
is "$(ls /sys/bus/micro_bus/drivers)" sample_driver "the bus knows the driver"
is "$(ls /sys/bus/micro_bus/devices) $(ls /sys/class/micro)" "sample_driver sample_driver" \
	"the bus and the class know the device"
is "$(micro-try rmmod microkernel)" EAGAIN "the core stays while a driver is loaded"
run_ok rmmod sample_driver
[ ! -e /dev/sample_driver ]
ok $? "/dev/sample_driver went with it"
run_ok rmmod microkernel

note "what keeps the core"
modprobe microkernel
mkdir $micro/waiting
is "$(micro-try rmmod microkernel)" EAGAIN "the core stays while there is a directory"
rmdir $micro/waiting
run_ok rmmod microkernel

note "modprobe -r"
modprobe sample_driver
# Its exit status is about configfs, which it tries to remove as well.
modprobe -r sample_driver
! loaded sample_driver
ok $? "it removes the driver"
! loaded microkernel
ok $? "and the core, which nobody else uses"

note "a driver in the oldest style: only init, exit and file operations"
run_ok modprobe micro_test_oldest
is "$(in_dmesg 'oldest: init')" 0 "no device yet: init was not called"
mkdir $micro/micro_test_oldest.a
mkdir $micro/micro_test_oldest.b
is "$(in_dmesg 'oldest: init')" 1 "init is called once, before the first device"
is "$(cat /dev/micro/micro_test_oldest.a)" "no data" "init was given nothing: a user made the device"
is "$(micro-try write /dev/micro/micro_test_oldest.b x)" EROFS "its errors arrive"
rmdir $micro/micro_test_oldest.a
is "$(in_dmesg 'oldest: exit')" 0 "one device is left: exit was not called"
rmdir $micro/micro_test_oldest.b
is "$(in_dmesg 'oldest: exit')" 1 "exit is called after the last device"
mkdir $micro/micro_test_oldest.c
is "$(in_dmesg 'oldest: init')" 2 "and init again for the next"
run_ok rmmod micro_test_oldest
is "$(in_dmesg 'oldest: exit')" 2 "rmmod unbinds the device: exit was called"
is "$(cat $micro/micro_test_oldest.c/status)" unbound "the device itself stays"
rmdir $micro/micro_test_oldest.c
rmmod microkernel

note "async_probe=1, which any user can say"
modprobe microkernel
run_ok insmod micro_evil.ko async_probe=1
evil=/sys/kernel/debug/micro_evil
for how in "mkdir $micro/micro_evil.slow-probe" "echo create micro_evil.slow-probe >$evil/command"; do
	echo hold >$evil/command
	sh -c "$how" &
	pid=$!
	wait_for grep -q 'device=micro_evil.slow-probe .*state=binding' /sys/kernel/debug/micro/devices
	sleep 1
	kill -0 $pid
	ok $? "${how%% *} waits for probe()"
	echo go >$evil/command
	wait $pid
	is "$?" 0 "and ends with it"
	if [ -d $micro/micro_evil.slow-probe ]; then
		is "$(cat $micro/micro_evil.slow-probe/status)" bound "the device is bound"
		rmdir $micro/micro_evil.slow-probe
	else
		[ -c /dev/micro_evil.slow-probe ]
		ok $? "the device is bound"
		echo destroy micro_evil.slow-probe >$evil/command
	fi
done
run_ok rmmod micro_evil microkernel

note "over and over"
for i in 1 2 3 4 5 6 7 8 9 10; do
	modprobe sample_driver || break
	mkdir $micro/sample_driver.$i || break
	[ -c /dev/micro/sample_driver.$i ] || break
	rmdir $micro/sample_driver.$i || break
	rmmod sample_driver || break
	gone sample_driver || break
	rmmod microkernel || break
done
is "$i:$(grep -c micro /proc/modules)" 10:0 "ten times"

note "max_devices"
run_ok insmod microkernel.ko max_devices=2
is "$(cat /sys/module/microkernel/parameters/max_devices)" 2 "the limit can be read"
mkdir $micro/one $micro/two
is "$(micro-try mkdir $micro/three)" ENOSPC "the limit counts"
is "$(micro-try insmod sample_driver.ko)" ENOSPC "for devices of the kernel too"
! loaded sample_driver
ok $? "which leaves nothing behind"
rmdir $micro/one
is "$(micro-try mkdir $micro/three)" ok "one less, and there is room again"
rmdir $micro/two $micro/three
rmmod microkernel
insmod microkernel.ko max_devices=4000000000
is "$(cat /sys/module/microkernel/parameters/max_devices)" 1048576 \
	"it is not more than there are numbers"
rmmod microkernel
is "$(micro-try insmod microkernel.ko max_devices=many)" EINVAL "nonsense is refused"

done_testing
