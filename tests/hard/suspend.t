#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine is suspended, as far as /sys/power/pm_test says, while readers and pollers
# sleep, and while somebody waits in configfs for a driver: it works, and all go on after it.
# kernels: 6.1 6.12 debug clang
# vm: --timeout 1800

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

needs_pm_test

try() {
	micro-try "$@"
}

# sleep_at LEVEL: suspends the machine, and says how that ended
sleep_at() {
	echo "$1" >$pm_test
	try write /sys/power/state mem
	echo none >$pm_test
}

modprobe micro_evil
ok $? "micro_evil is loaded"
micro-hold start
# nobody gives up before the machine is suspended
echo 600000 >/sys/module/microkernel/parameters/patience_ms

for level in freezer devices; do
	note "$level"
	mkdir $micro/micro_evil.x
	for name in reader poller; do
		micro-hold open $name rw /dev/micro/micro_evil.x >/dev/null
	done
	micro-hold read reader 1 >/tmp/reader &
	reader=$!
	micro-hold poll poller >/tmp/poller &
	poller=$!
	wait_for is_inside micro_evil.x

	echo hold >$evil/command
	mkdir $micro/micro_evil.slow-unplug
	rmdir $micro/micro_evil.slow-unplug &
	rmdir=$!
	wait_for is_state micro_evil.slow-unplug unbinding
	mkdir=
	# no driver can be bound later than in the first part of suspend
	if [ $level = freezer ]; then
		mkdir $micro/micro_evil.other &
		mkdir=$!
		# for what rmdir has locked, so it cannot be frozen as long as that waits
		wait_for grep -q "State:.*disk sleep" /proc/$mkdir/status
	fi
	is "$(sleep_at $level)" ok "suspend, while a reader, a poller, and some in configfs wait"

	wait $rmdir
	ok $? "rmdir has stopped waiting"
	is "$(state micro_evil.slow-unplug)" unbinding "its device is going"
	if [ "$mkdir" ]; then
		wait $mkdir
		ok $? "mkdir goes on"
		wait_for is_state micro_evil.other bound
		rmdir $micro/micro_evil.other
	fi
	kill -0 $reader && kill -0 $poller
	ok $? "the reader and the poller still sleep"
	echo go >$evil/command
	wait_for is_state micro_evil.slow-unplug ""
	is "$(state micro_evil.slow-unplug)" "" "unplug() goes on, and the device is gone"

	micro-hold write poller xx >/dev/null
	wait $reader
	wait $poller
	is "$(cat /tmp/reader) $(cat /tmp/poller)" "! in" "the reader and the poller are woken by a write"
	micro-hold read poller 1 >/dev/null
	micro-hold read reader 1 >/tmp/reader &
	reader=$!
	wait_for is_inside micro_evil.x
	is "$(try rmdir $micro/micro_evil.x)" ok "rmdir succeeds while the reader sleeps again"
	wait $reader
	is "$(cat /tmp/reader)" ENODEV "the reader hears of it"
	micro-hold close reader >/dev/null
	micro-hold close poller >/dev/null
done

note "a driver does not return, and the driver core holds the lock of its device"
echo 0 >/sys/module/microkernel/parameters/patience_ms
mkdir $micro/micro_evil.slow-remove
echo hold >$evil/command
rmdir $micro/micro_evil.slow-remove
# until it is in remove(), with the lock
wait_for sh -c "! ls /sys/bus/micro_bus/devices | grep -q slow-remove"
sleep 1
is "$(sleep_at devices)" EBUSY "suspend during remove()"
refused="the machine cannot be suspended: driver micro_evil keeps the device locked"
dmesg | grep -q "micro_evil.slow-remove: $refused, which is unbinding"
ok $? "the log names the device"
echo go >$evil/command
wait_for is_state micro_evil.slow-remove ""
is "$(sleep_at devices)" ok "then it works"
echo hold >$evil/command
mkdir $micro/micro_evil.slow-probe
wait_for is_state micro_evil.slow-probe binding
sleep 1
is "$(sleep_at devices)" EBUSY "suspend during probe()"
dmesg | grep -q "micro_evil.slow-probe: $refused, which is binding"
ok $? "the log names the device"
echo go >$evil/command
wait_for is_state micro_evil.slow-probe bound
is "$(sleep_at devices)" ok "then it works"
rmdir $micro/micro_evil.slow-probe

note "a driver takes two seconds"
echo hold >$evil/command
mkdir $micro/micro_evil.slow-probe
wait_for is_state micro_evil.slow-probe binding
(
	sleep 2
	echo go >$evil/command
) &
is "$(sleep_at devices)" ok "suspend waits for probe()"
wait $!
wait_for is_state micro_evil.slow-probe bound
rmdir $micro/micro_evil.slow-probe

micro-hold end
run_ok rmmod micro_evil
done_testing
