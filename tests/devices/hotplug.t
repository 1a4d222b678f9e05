#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Devices and drivers go while their files are open, and come again.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
test=/sys/kernel/debug/micro_test
bus=/sys/bus/micro_bus

# hold COMMAND...: what micro-hold says
hold() {
	micro-hold "$@"
}

# count NAME: of the calls of the driver
count() {
	cat "$test/thing/$1"
}

# dead FILE NAME: it answers as a file of a device that has gone
dead() {
	is "$(hold read "$1") $(hold write "$1" x) $(hold ioctl "$1" 7) $(hold seek "$1" set 0)" \
		"ENODEV ENODEV ENODEV ENODEV" "$2"
}

micro-hold start
modprobe micro_test
micro-try write $test/register "thing llseek mode=0600" >/dev/null

note "rmdir of a device that is open"
mkdir $micro/thing.1
hold open a rw /dev/micro/thing.1 >/dev/null
hold open b r /dev/micro/thing.1 >/dev/null
is "$(hold read a)" "thing thing.1" "the open file works"
number=$(cat $micro/thing.1/dev)
before=$(ms)
is "$(micro-try rmdir $micro/thing.1)" ok "rmdir succeeds"
[ $(($(ms) - before)) -lt 10000 ]
ok $? "rmdir of a device with open files returns at once"
is "$(count opens) $(count releases) $(count unplugs) $(count removes)" "2 2 1 1" \
	"the driver has released all files and let go"
[ ! -e /dev/micro/thing.1 ] && [ ! -e $bus/devices/thing.1 ]
ok $? "node and device are gone"
dead a "read, write, ioctl and lseek: ENODEV"
is "$(hold read b) $(hold write b x)" "ENODEV EBADF" \
	"a dead file that was not opened for writing says EBADF to a write"

is "$(count devms) $(count exits) $(count late)" "1 1 0" "its devm resources are freed before exit()"
echo 5 >$test/thing/probe
mkdir $micro/thing.2
echo 0 >$test/thing/probe
is "$(count devms) $(count exits) $(count late)" "2 2 0" "likewise when probe() fails"
rmdir $micro/thing.2

note "the same name again, while the dead files are open"
is "$(micro-try mkdir $micro/thing.1)" ok "mkdir"
isnt "$(cat $micro/thing.1/dev)" "$number" "a device that is made again has a number of its own"
is "$(cat /dev/micro/thing.1)" "thing thing.1" "a device that is made again works"
dead a "the dead file stays dead"
is "$(hold close a) $(hold close b)" "ok ok" "dead files can be closed"
is "$(count opens) $(count releases)" "3 3" "close of a dead file is not heard by the driver"
is "$(cat /dev/micro/thing.1)" "thing thing.1" "close of a dead file does not disturb the new device"

note "the other ways to go"
for way in "$micro/thing.1/live 0" "$bus/drivers/thing/unbind thing.1" "$test/unregister thing"; do
	hold open a rw /dev/micro/thing.1 >/dev/null
	# shellcheck disable=SC2086 # a path and a value
	is "$(micro-try write $way)" ok "write $way"
	dead a "the open file is dead"
	case $way in
	*live*) micro-try write $micro/thing.1/live 1 >/dev/null ;;
	*unbind*) micro-try write $bus/drivers/thing/bind thing.1 >/dev/null ;;
	*unregister*)
		gone thing
		micro-try write $test/register "thing llseek" >/dev/null
		;;
	esac
	is "$(cat /dev/micro/thing.1)" "thing thing.1" "a device that was removed comes back"
	dead a "the dead file does not"
	hold close a >/dev/null
done
rmdir $micro/thing.1
micro-try write $test/create thing.k >/dev/null
hold open a rw /dev/thing.k >/dev/null
is "$(hold read a)" "thing thing.k" "a device of the kernel"
is "$(micro-try write $test/destroy thing.k)" ok "is destroyed"
dead a "the open file is dead"
[ ! -e /dev/thing.k ]
ok $? "the node is gone"
is "$(count opens) $(count probes)" "$(count releases) $(count removes)" \
	"each open has its release, and each probe its remove"
is "$(count late)" 0 "no operation came after remove"

note "modules and open files"
mkdir $micro/thing.2
hold open c rw /dev/micro/thing.2 >/dev/null
is "$(micro-try rmmod micro_test)" EAGAIN "a driver with an open file stays"
is "$(hold read c)" "thing thing.2" "a file works on after a module could not be unloaded"
rmdir $micro/thing.2
run_ok rmmod micro_test
dead c "after rmdir it can go, though the dead file is open"
is "$(micro-try rmmod microkernel)" EAGAIN "the core has to stay for dead files"
dead a "dead files answer when their module is gone"
is "$(hold close a) $(hold close c)" "ok ok" "when the last one is closed"
run_ok rmmod microkernel

note "drivers that come after their devices"
modprobe microkernel
echo /bin/false >/proc/sys/kernel/modprobe
mkdir $micro/sample_driver.1 $micro/sample_driver.2 $micro/greeter
micro-try write $micro/greeter/compatible microkernel,sample-driver >/dev/null
is "$(cat $micro/*/status | xargs)" "unbound unbound unbound" "three devices wait"
run_ok insmod sample_driver.ko
is "$(cat $micro/*/status | xargs)" "bound bound bound" "the driver binds all three"
is "$(cd /dev/micro && echo *)" "greeter sample_driver.1 sample_driver.2" \
	"devices have nodes when their driver comes"
is "$(sort -u /sys/class/micro/*/dev | wc -l)" 4 "each of several devices has a number of its own"
echo "remember me" >/dev/micro/greeter
unload sample_driver "the driver goes"
is "$(cat $micro/*/status | xargs)" "unbound unbound unbound" "the devices stay"
[ ! -e /dev/micro ]
ok $? "devices without a driver have no nodes"
run_ok insmod sample_driver.ko
is "$(cat /dev/micro/greeter)" "Sample driver data" "a new binding starts afresh"

note "sample_driver and a dead file"
hold open d rw /dev/micro/greeter >/dev/null
rmdir $micro/greeter $micro/sample_driver.1 $micro/sample_driver.2
is "$(hold ioctl d clear) $(hold ioctl d length)" "ENODEV ENODEV" "ioctls"
is_32 'hold ioctl32 d length' ENODEV "an ioctl of a 32-bit program"
unload sample_driver "the driver can go"
is "$(hold read d)" ENODEV "dead files answer without the driver"
is_32 'hold ioctl32 d length' ENODEV "dead files answer 32-bit ioctls without the driver"
run_ok insmod sample_driver.ko
mkdir $micro/greeter
is "$(hold read d)" ENODEV "dead files answer when the driver is back"
hold end
rmdir $micro/greeter

note "a device is bound by hand while it is being made"
bind=/sys/bus/micro_bus/drivers/sample_driver/bind
while [ ! -e /tmp/made ]; do
	echo sample_driver.early >$bind
done 2>/tmp/errors &
bound=0
i=0
while [ $i -lt 50 ]; do
	i=$((i + 1))
	mkdir $micro/sample_driver.early
	[ "$(cat $micro/sample_driver.early/status)" = bound ] && bound=$((bound + 1))
	rmdir $micro/sample_driver.early
done
: >/tmp/made
wait
is $bound 50 "a device that somebody binds by hand is bound after mkdir"
isnt "$(grep -c 'Device or resource busy' /tmp/errors)" 0 "who binds by hand finds some devices bound already"
is "$(grep -vcE 'Device or resource busy|No such device' /tmp/errors)" 0 \
	"who binds by hand gets no other error"
run_ok rmmod sample_driver microkernel

done_testing
