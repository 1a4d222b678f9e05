#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The lines of packaging/mdev/micro.conf keep BusyBox' mdev from changing or unlinking
# nodes. Without them it does both, which this shows first.
# kernels: 6.12
# host: tests/lib/mdev-lines
# alone: mdev changes nodes of the guest, and has a configuration in /etc

. /tests/lib/tap.sh

device=/sys/kernel/config/micro/sample_driver.1
node=/dev/micro/sample_driver.1
run_ok modprobe sample_driver

mdev_ended() {
	! pidof mdev
}

# mode, group and inode of the node, if there is one
look() {
	stat -c '%a %g %i' $node 2>/dev/null
}

start() {
	mdev -d
	settled
}

# mdev has worked off all events before this one
settled() {
	rm -f /tmp/settled
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		echo add >/sys/class/mem/null/uevent
		sleep 0.2
		[ ! -e /tmp/settled ] || return 0
	done
	wait_for test -e /tmp/settled
}

# again NAME: the device is made anew while mdev is late
again() {
	kill -STOP "$(pidof mdev)"
	rmdir $device
	mkdir $device
	before=$(look)
	kill -CONT "$(pidof mdev)"
	settled
}

idle='null root:root 666 @touch /tmp/settled'
echo "$idle" >/etc/mdev.conf
start
run_ok mkdir $device
settled
like "$(look)" '^660 ' "without the lines mdev gives a node its own mode"
again
isnt "$(look)" "$before" "without them it unlinks a new node for an old device"
run_ok rmdir $device
kill "$(pidof mdev)"
wait_for mdev_ended

{ echo "$idle"; cat /root/host/micro.conf; } >/etc/mdev.conf
start
run_ok mkdir $device
settled
like "$(look)" '^600 0 ' "with the lines a node has the mode that its driver asks for"
again
like "$before" '^600 ' "a device that is made again has its node at once"
is "$(look)" "$before" "a late remove does not change it"
run_ok rmdir $device
settled
run_fails "No such file" stat $node
kill "$(pidof mdev)"
wait_for mdev_ended

{
	echo "$idle"
	sed -n 's/^#\(SUBSYSTEM=.*\) micro \(.*\)/\1 20 \2/p' /root/host/micro.conf
} >/etc/mdev.conf
is "$(grep -c SUBSYSTEM /etc/mdev.conf)" 1 "there is a line that gives a group access"
start
run_ok mkdir $device
settled
like "$(look)" '^660 20 ' "with that line the group may use the node"
again
is "${before##* }" "$(look | sed 's/.* //')" "a late remove does not change that either"
like "$(look)" '^660 20 ' "a node that is made again belongs to the group"
kill "$(pidof mdev)"
run_ok rmdir $device
done_testing
