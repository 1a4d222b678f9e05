#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Which driver a device gets, and what the driver core makes of it.
# except: race
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
test=/sys/kernel/debug/micro_test
bus=/sys/bus/micro_bus

register() {
	micro-try write $test/register "$*"
}

# unregister DRIVER: a check that it goes. Once this returns, the name is free.
unregister() {
	is "$(micro-try write $test/unregister "$1")" ok "the driver $1 goes" && gone "$1"
}

# compatible DEVICE STRING...: made if need be
compatible() {
	device=$1
	shift
	[ -d "$micro/$device" ] || mkdir "$micro/$device"
	printf '%s\n' "$@" | micro-try write "$micro/$device/compatible" -
}

driver() {
	cat "$micro/$1/driver"
}

modprobe micro_test

note "by name"
register alpha >/dev/null
for name in alpha alpha.0 alpha.left alpha.a.b alpha.; do
	mkdir $micro/$name
	is "$(driver $name)" alpha "$name matches alpha"
	rmdir $micro/$name
done
for name in alpha0 alph Alpha alpha-1 x.alpha; do
	mkdir $micro/$name
	is "$(driver $name)" "" "$name does not"
	rmdir $micro/$name
done

note "by compatible string"
register beta compatible=test,beta compatible=test,b2 >/dev/null
is "$(compatible alpha.1 test,b2) $(driver alpha.1)" "ok beta" \
	"a device matches by any of its driver's strings"
is "$(compatible alpha.1 test,none) $(driver alpha.1)" "ok " "a device with strings does not match by name"
is "$(compatible alpha.1 alpha) $(driver alpha.1)" "ok " "a driver's name is not one of its strings"
is "$(compatible x test,one test,two test,b2) $(driver x)" "ok beta" "the device's third string does"
is "$(compatible x TEST,Beta) $(driver x)" "ok beta" "case does not matter, as in device trees"
is "$(compatible x test,bet) $(driver x)" "ok " "a part of a string is not enough"
mkdir $micro/beta.7
is "$(driver beta.7)" beta "a driver with strings matches by name, too"
rmdir $micro/beta.7 $micro/alpha.1 $micro/x

note "among several drivers the device's own order decides"
mkdir $micro/d
for order in "first second" "second first"; do
	for key in $order; do
		case $key in
		first) register first compatible=test,one compatible=test,two >/dev/null ;;
		second) register second compatible=test,two compatible=test,three >/dev/null ;;
		esac
	done
	is "$(compatible d test,one test,two) $(driver d)" "ok first" "registered $order: one, two"
	is "$(compatible d test,three test,one) $(driver d)" "ok second" "registered $order: three, one"
	is "$(compatible d test,none test,three test,one) $(driver d)" "ok second" \
		"registered $order: none, three, one"
	compatible d test,none >/dev/null
	unregister first
	unregister second
done
compatible d test,one test,two >/dev/null
register second compatible=test,two >/dev/null
is "$(driver d)" second "the second best, while there is no better"
register first compatible=test,one >/dev/null
is "$(driver d)" second "a better driver that comes does not replace the one that is bound"
micro-try write $micro/d/live 0 >/dev/null
micro-try write $micro/d/live 1 >/dev/null
is "$(driver d)" first "the next bind takes the better driver"
unregister first
is "$(driver d):$(cat $micro/d/status)" ":unbound" "a device is unbound when its driver is unregistered"
micro-try write $micro/d/live 1 >/dev/null
is "$(driver d)" second "a device without a driver takes the next best one when asked to look again"
rmdir $micro/d

note "a driver whose probe says ENODEV or ENXIO is passed over"
unregister second
mkdir $micro/d
for order in "best next last" "last next best" "next best last"; do
	micro-try write $micro/d/live 0 >/dev/null
	compatible d test,one test,two test,three >/dev/null
	for key in $order; do
		case $key in
		best) register best compatible=test,one probe=19 >/dev/null ;;
		next) register next compatible=test,two probe=6 >/dev/null ;;
		last) register last compatible=test,three >/dev/null ;;
		esac
	done
	is "$(micro-try write $micro/d/live 1) $(driver d) $(cat $micro/d/status)" "ok last bound" \
		"registered $order: the third best has its turn"
	echo 0 >$test/next/probe
	is "$(micro-try write $micro/d/live 1) $(driver d)" "ok last" \
		"a driver that is bound stays when a better one is there"
	micro-try write $micro/d/live 0 >/dev/null
	is "$(micro-try write $micro/d/live 1) $(driver d)" "ok next" \
		"a driver that refused is asked again at the next bind"
	echo 5 >$test/next/probe
	micro-try write $micro/d/live 0 >/dev/null
	failed=$(dmesg | grep -c "failed with error -5")
	is "$(micro-try write $micro/d/live 1) $(driver d) $(cat $micro/d/status)" "EIO  failed EIO" \
		"an error that says something else is the answer"
	is $(($(dmesg | grep -c "failed with error -5") - failed)) 1 "its driver is asked once"
	rmdir $micro/d
	mkdir $micro/d
	unregister next
	is "$(compatible d test,one test,two) $(cat $micro/d/status)" "ENODEV failed ENODEV" \
		"when all refuse, that is the answer"
	register next compatible=test,two >/dev/null
	is "$(driver d)" next "a driver that comes later has its turn, too"
	unregister best
	unregister next
	unregister last
done
register best compatible=test,one probe=19 >/dev/null
micro-try write $micro/d/live 1 >/dev/null
echo 0 >$test/best/probe
is "$(micro-try write $bus/drivers/best/bind d) $(driver d)" "ok best" \
	"a driver that has refused may be bound by its sysfs file"
unregister best
rmdir $micro/d

note "aliases"
mkdir $micro/alpha.1
is "$(cat $bus/devices/alpha.1/modalias)" "micro:alpha" "modalias by name"
is "$(grep MODALIAS $bus/devices/alpha.1/uevent)" "MODALIAS=micro:alpha" "uevent has it, too"
compatible alpha.1 "test,one" "test,with space" >/dev/null
is "$(cat $bus/devices/alpha.1/modalias)" "of:NalphaT(null)Ctest,oneCtest,with_space" \
	"modalias by compatible strings"
is "$(grep MODALIAS $bus/devices/alpha.1/uevent)" "MODALIAS=$(cat $bus/devices/alpha.1/modalias)" \
	"uevent has it, too"
compatible alpha.1 test,beta >/dev/null
is "$(grep -v MODALIAS $bus/devices/alpha.1/uevent)" "DRIVER=beta" "uevent names the driver"
is "$(grep -c -x -e DEVNAME=micro/alpha.1 -e MICRO_DRIVER=beta /sys/class/micro/alpha.1/uevent)" 2 \
	"the class device's uevent names node and driver"
is "$(readlink -f /sys/class/micro/alpha.1/device)" "$(readlink -f $bus/devices/alpha.1)" \
	"the link of the bus leads to the device"

note "bind and unbind of sysfs"
is "$(micro-try write $bus/drivers/beta/unbind alpha.1) $(cat $micro/alpha.1/status)" "ok unbound" "unbind"
[ ! -e /dev/micro/alpha.1 ]
ok $? "the node is removed"
is "$(micro-try write $bus/drivers/alpha/bind alpha.1)" ENODEV \
	"bind in sysfs to a driver that does not match is ENODEV"
is "$(micro-try write $bus/drivers/beta/bind alpha.1) $(cat $micro/alpha.1/status)" "ok bound" "bind"
is "$(micro-try write $bus/drivers/beta/bind nobody)" ENODEV \
	"bind in sysfs of a device that is not there is ENODEV"
micro-try write $bus/drivers/beta/unbind alpha.1 >/dev/null
echo 5 >$test/beta/probe
is "$(micro-try write $bus/drivers/beta/bind alpha.1)" EIO "bind has probe's error"
is "$(cat $micro/alpha.1/status)" "failed EIO" "status has it, too"
rmdir $micro/alpha.1

note "init, exit, probe, remove, in numbers"
register gamma groups >/dev/null
calls() {
	cat $test/gamma/inits $test/gamma/probes $test/gamma/removes $test/gamma/exits | xargs
}
is "$(micro-try write $test/create "gamma.0 42") $(calls)" "ok 1 1 0 0" "a device of the kernel: init, probe"
is "$(cat $test/gamma/init_data)" 42 "init is given its data"
[ -c /dev/gamma.0 ]
ok $? "the node of a kernel's device is directly below /dev"
is "$(cat $bus/devices/gamma.0/test)" here "dev_groups has made an attribute"
mkdir $micro/gamma.1
is "$(calls)" "1 2 0 0" "the second device: only probe"
micro-try write $test/destroy gamma.0 >/dev/null
is "$(calls)" "1 2 1 0" "removing one of two devices calls only remove"
rmdir $micro/gamma.1
is "$(calls)" "1 2 2 1" "the last one: remove, exit"
echo 12 >$test/gamma/probe
is "$(micro-try write $test/create gamma.2)" ENOMEM "a call of the kernel has probe's error"
[ ! -e $bus/devices/gamma.2 ]
ok $? "a device whose probe fails is not there"
is "$(calls)" "2 2 2 2" "each init has its exit, also when probe fails"

note "a driver without probe and remove"
register delta noprobe >/dev/null
mkdir $micro/delta
is "$(cat /dev/micro/delta)" "delta delta" "works"
unregister delta
is "$(cat $micro/delta/status) $(cat $test/delta/inits $test/delta/exits | xargs)" "unbound 1 1" \
	"a driver without probe and remove can go"
rmdir $micro/delta

done_testing
