#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The modules come and go: in the right order, as often as one likes, and
# nothing is left of them.
. /tests/lib/tap.sh
. /tests/lib/unplug.sh

in_dmesg() {
	dmesg | grep -c "$1"
}

note "the core alone"
is "$(micro-try insmod sample_driver.ko)" ENOENT "a driver does not load without the core"
run_ok insmod microkernel.ko
is "$(micro-try insmod microkernel.ko)" EEXIST "insmod of the core fails while it is loaded"
is "$(ls /sys/bus/micro_bus/devices /sys/class/micro $micro)" "/sys/bus/micro_bus/devices:

/sys/class/micro:

/sys/kernel/config/micro:" "bus, class and configfs folder exist and are empty"
is "$(grep -c ' micro$' /proc/devices)" 1 "the core has one major number"
[ ! -e /dev/micro ]
ok $? "/dev/micro does not exist while there is no device"
run_ok rmmod microkernel
for left in /sys/bus/micro_bus /sys/class/micro /sys/devices/micro $micro; do
	[ ! -e "$left" ]
	ok $? "rmmod of the core removes $left"
done
is "$(grep -c ' micro$' /proc/devices)" 0 "rmmod of the core gives its major number back"

note "sample_driver"
run_ok modprobe sample_driver
loaded microkernel
ok $? "modprobe of a driver loads the core first"
[ -c /dev/sample_driver ]
ok $? "the driver makes /dev/sample_driver"
is "$(ls /sys/bus/micro_bus/drivers)" sample_driver "the bus knows the driver"
is "$(ls /sys/bus/micro_bus/devices) $(ls /sys/class/micro)" "sample_driver sample_driver" \
	"the bus and the class know the device"
is "$(micro-try rmmod microkernel)" EAGAIN "rmmod of the core fails while a driver is loaded"
run_ok rmmod sample_driver
[ ! -e /dev/sample_driver ]
ok $? "rmmod of the driver removes /dev/sample_driver"
run_ok rmmod microkernel

note "a directory keeps the core"
modprobe microkernel
mkdir $micro/waiting
is "$(micro-try rmmod microkernel)" EAGAIN "rmmod of the core fails while configfs has a directory of it"
rmdir $micro/waiting
run_ok rmmod microkernel

note "a device that cannot go yet keeps the core"
modprobe microkernel
modprobe_as late 'until [ -e /tmp/late ]; do sleep 0.1; done'
echo 100 >/sys/module/microkernel/parameters/patience_ms
mkdir $micro/late
rmdir $micro/late
is "$(state late)" unbinding "the device waits for modprobe"
micro-try rmmod microkernel >/tmp/rmmod &
rmmod=$!
wait_for ended $rmmod
is "$(cat /tmp/rmmod)" EAGAIN "rmmod of the core fails, and does not wait"
: >/tmp/late
wait_for micro-try rmmod microkernel
ok $? "rmmod of the core succeeds when the device is gone"
modprobe_again

note "modprobe -r"
modprobe sample_driver
# Its exit status is about configfs, which it tries to remove as well.
modprobe -r sample_driver
! loaded sample_driver
ok $? "modprobe -r removes the driver"
! loaded microkernel
ok $? "modprobe -r removes the core, which no other module uses"

note "a driver in the oldest style: only init, exit and file operations"
run_ok modprobe micro_test_oldest
is "$(in_dmesg 'oldest: init')" 0 "init() is not called before there is a device"
mkdir $micro/micro_test_oldest.a
mkdir $micro/micro_test_oldest.b
is "$(in_dmesg 'oldest: init')" 1 "init() is called once for two devices"
is "$(cat /dev/micro/micro_test_oldest.a)" "no data" "init() gets no device if a user made it"
is "$(micro-try write /dev/micro/micro_test_oldest.b x)" EROFS "the caller of write() gets the errno of the driver"
rmdir $micro/micro_test_oldest.a
is "$(in_dmesg 'oldest: exit')" 0 "exit() is not called while one device is left"
rmdir $micro/micro_test_oldest.b
is "$(in_dmesg 'oldest: exit')" 1 "exit() is called after the last device"
mkdir $micro/micro_test_oldest.c
is "$(in_dmesg 'oldest: init')" 2 "init() is called again for the next first device"
run_ok rmmod micro_test_oldest
is "$(in_dmesg 'oldest: exit')" 2 "rmmod unbinds the device and calls exit()"
is "$(cat $micro/micro_test_oldest.c/status)" unbound "the device of configfs stays after rmmod of its driver"
rmdir $micro/micro_test_oldest.c
rmmod microkernel

note "async_probe=1"
modprobe microkernel
run_ok insmod micro_evil.ko async_probe=1
for how in "mkdir $micro/micro_evil.slow-probe" "echo create micro_evil.slow-probe >$evil/command"; do
	echo hold >$evil/command
	sh -c "$how" &
	pid=$!
	wait_for is_state micro_evil.slow-probe binding
	sleep 1
	kill -0 $pid
	ok $? "${how%% *} waits for probe()"
	echo go >$evil/command
	wait $pid
	is "$?" 0 "${how%% *} succeeds when probe() has ended"
	if [ -d $micro/micro_evil.slow-probe ]; then
		is "$(cat $micro/micro_evil.slow-probe/status)" bound "the device is bound when mkdir returns"
		rmdir $micro/micro_evil.slow-probe
	else
		[ -c /dev/micro_evil.slow-probe ]
		ok $? "the node exists when micro_create_device() returns"
		echo destroy micro_evil.slow-probe >$evil/command
	fi
done
run_ok rmmod micro_evil microkernel

note "async_probe=1, for a module that mkdir loads"
modprobe microkernel
modprobe_as micro_evil "exec insmod $PWD/micro_evil.ko async_probe=1 hold=1"
mkdir $micro/micro_evil.slow-probe &
pid=$!
wait_for test -e $evil/command
sleep 1
ended $pid
isnt $? 0 "mkdir waits for probe()"
echo go >$evil/command
wait $pid
is "$? $(cat $micro/micro_evil.slow-probe/status)" "0 bound" "mkdir succeeds when probe() has ended"
[ -c /dev/micro/micro_evil.slow-probe ]
ok $? "the node exists when mkdir returns"
modprobe_again
rmdir $micro/micro_evil.slow-probe
run_ok rmmod micro_evil microkernel

note "over and over"
times=0
for i in 1 2 3 4 5 6 7 8 9 10; do
	modprobe sample_driver || break
	mkdir $micro/sample_driver.$i || break
	[ -c /dev/micro/sample_driver.$i ] || break
	rmdir $micro/sample_driver.$i || break
	rmmod sample_driver || break
	gone sample_driver || break
	rmmod microkernel || break
	times=$i
done
is "$times:$(grep -c micro /proc/modules)" 10:0 "the modules load and unload ten times"

note "max_devices"
run_ok insmod microkernel.ko max_devices=2
is "$(cat /sys/module/microkernel/parameters/max_devices)" 2 "max_devices can be read"
mkdir $micro/one $micro/two
is "$(micro-try mkdir $micro/three)" ENOSPC "mkdir beyond max_devices fails"
is "$(micro-try insmod sample_driver.ko)" ENOSPC "a device of kernel code beyond max_devices fails"
! loaded sample_driver
ok $? "the module whose device fails is not loaded"
rmdir $micro/one
is "$(micro-try mkdir $micro/three)" ok "mkdir succeeds after a rmdir"
rmdir $micro/two $micro/three
rmmod microkernel
insmod microkernel.ko max_devices=4000000000
is "$(cat /sys/module/microkernel/parameters/max_devices)" 1048576 \
	"max_devices is at most the number of minor numbers"
rmmod microkernel
is "$(micro-try insmod microkernel.ko max_devices=many)" EINVAL "max_devices refuses a word"

done_testing
