#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the guide allows drivers to do looks like deadlocks, as it nests what all drivers
# have. Lockdep, whose report fails this test, does not mistake it for one. What is
# forbidden is in lockdep-self.t, lockdep-remover.t and lockdep-release.t.
# kernels: debug
# alone: after a report lockdep is silent

. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
evil=/sys/kernel/debug/micro_evil
test=/sys/kernel/debug/micro_test
sibling=$((0x450a))

no_report() {
	grep -q "debug_locks: *1" /proc/lockdep_stats
	ok $? "$1: lockdep has reported nothing"
}

modprobe micro_evil && modprobe micro_test
ok $? "modules are loaded"
no_report "at the start"
micro-hold start

note "as the control device of loop: an operation destroys a sibling"
run_ok sh -c "echo create micro_evil.control >$evil/command"
for round in 1 2; do
	run_ok sh -c "echo create micro_evil.sibling >$evil/command"
	is "$(micro-hold open open rw /dev/micro_evil.sibling)" ok "the sibling is open"
	is "$(micro-hold open control rw /dev/micro_evil.control)" ok "so is the control device"
	is "$(micro-hold ioctl control $sibling)" 0 "its ioctl destroys the sibling"
	is "$(micro-hold write open x)" ENODEV "whose file is dead"
	micro-hold close open >/dev/null
	micro-hold close control >/dev/null
	no_report "round $round"
done
# the other way round as well
mkdir $micro/micro_evil.other
run_ok sh -c "echo create micro_evil.sibling >$evil/command"
is "$(micro-hold open control rw /dev/micro/micro_evil.other)" ok "another one is the control device"
is "$(micro-hold ioctl control $sibling)" 0 "its ioctl destroys the sibling"
micro-hold close control >/dev/null
rmdir $micro/micro_evil.other
no_report "another control device"

note "init() of one driver makes a device of another, and exit() destroys it"
is "$(micro-try write $test/register "part")" ok "a driver"
is "$(micro-try write $test/register "whole makes=part.1")" ok "another one, whose init() makes a device of the first"
for round in 1 2; do
	is "$(micro-try mkdir $micro/whole.1) $(cat $micro/whole.1/status)" "ok bound" "it has a device: init() runs"
	is "$(cat /dev/part.1)" "part part.1" "the first device's init() has made the other device"
	is "$(micro-try rmdir $micro/whole.1)" ok "rmdir of the device succeeds: exit() runs"
	[ ! -e /dev/part.1 ]
	ok $? "the first device has destroyed the other device"
	no_report "round $round"
done

note "probe() of one driver makes a device of another"
is "$(micro-try mkdir $micro/micro_evil.parent) $(cat $micro/micro_evil.parent/status)" "ok failed EIO" \
	"it has made a device, destroyed it, and failed"
rmdir $micro/micro_evil.parent
no_report "probe()"

micro-hold end
run_ok rmmod micro_test micro_evil
no_report "at the end"
done_testing
