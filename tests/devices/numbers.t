#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device number belongs to one device, from mkdir to rmdir. Who has kept a node, in a
# container or a chroot, gets that device or none, and never another one.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
kept=/tmp/kept

number() {
	cat "/sys/class/micro/$1/dev"
}

# keep NAME: a node as one that was made in a container
keep() {
	number "$1" | (
		IFS=: read -r major minor
		rm -f $kept
		mknod $kept c "$major" "$minor"
	)
}

secret() {
	micro-try write "/dev/micro/sample_driver.$1" "secret of $1" >/dev/null
}

live() {
	micro-try write "$micro/sample_driver.$1/live" "$2" >/dev/null
}

modprobe sample_driver
for i in a b c; do
	mkdir $micro/sample_driver.$i
done

note "however often it is bound"
before="$(number sample_driver.a) $(number sample_driver.b)"
for order in "a b" "b a"; do
	live a 0
	live b 0
	for i in $order; do
		live "$i" 1
	done
	is "$(number sample_driver.a) $(number sample_driver.b)" "$before" "bound again as $order: the same numbers"
done
is "$(cat $micro/sample_driver.a/dev) $(cat $micro/sample_driver.b/dev)" "$before" "configfs says the same"
live a 0
is "$(cat $micro/sample_driver.a/dev)" "" "nothing while it is unbound"

note "a node that was kept"
live a 1
keep sample_driver.a
secret a
is "$(cat $kept)" "secret of a" "leads to the device"
live a 0
live b 0
live b 1
secret b
is "$(micro-try open r $kept)" ENXIO "nowhere while that is unbound, also when another device is bound meanwhile"
live a 1
secret a
is "$(cat $kept)" "secret of a" "a kept node leads to the same device when that is bound again"
rmdir $micro/sample_driver.a
rmdir $micro/sample_driver.b
for i in d e f g a; do
	mkdir $micro/sample_driver.$i
	secret $i
	is "$(micro-try open r $kept)" ENXIO "a node that was kept does not open number $i, which came later"
done
for i in 1 2 3 4 5 6 7 8 9 10; do
	mkdir $micro/sample_driver.next
	is "$(micro-try open r $kept)" ENXIO \
		"a node that was kept does not open number $(number sample_driver.next)"
	rmdir $micro/sample_driver.next
done

for i in c d e f g a; do
	rmdir $micro/sample_driver.$i
done
run_ok rmmod sample_driver microkernel

note "after the core was loaded again"
# The number may come again by chance, but not each time
others=0
for i in 1 2 3 4 5; do
	modprobe sample_driver
	mkdir $micro/sample_driver.first
	[ "$i" -ne 1 ] || keep sample_driver.first
	[ "$(micro-try open r $kept)" != ENXIO ] || others=$((others + 1))
	rmdir $micro/sample_driver.first
	rmmod sample_driver microkernel
done
[ $others -gt 0 ]
ok $? "a node that was kept does not open the first device of the next load ($others of 4)"
done_testing
