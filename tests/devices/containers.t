#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What docs/containers.md says: a node, or the folder of all nodes, in another root folder; rules
# for the number of all devices; and root of a user namespace.
# except: race

. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
root=/tmp/root

run_ok modprobe micro_fifo
major=$(awk '$2 == "micro" { print $1 }' /proc/devices)
isnt "$major" "" "/proc/devices has the number of all devices, with the name micro"

note "one device"
mkdir -p $root/dev $root/bin
cp /bin/busybox $root/bin
mkdir $micro/micro_fifo.0
number=$(cat $micro/micro_fifo.0/dev)
is "${number%:*}" "$major" "a device has that number"
mknod $root/dev/fifo c "$major" "${number#*:}"
echo in >/dev/micro/micro_fifo.0
is "$(chroot $root /bin/busybox head -n 1 /dev/fifo)" in "a program in another root folder reads the device"
exec 3<>$root/dev/fifo
rmdir $micro/micro_fifo.0
is "$(cat <&3 2>&1)" "cat: read error: No such device" "its open file answers ENODEV after rmdir"
exec 3<&-
mkdir $micro/micro_fifo.0
isnt "$(cat $micro/micro_fifo.0/dev)" "$number" "a new device of the same name has another number"
run_fails "No such device or address" chroot $root /bin/busybox head -n 1 /dev/fifo
rmdir $micro/micro_fifo.0

note "the folder of all devices"
[ ! -e /dev/micro ]
ok $? "the kernel removes the folder that it has made"
mkdir /dev/micro $root/dev/micro
touch /dev/micro/.keep
run_ok mount --bind /dev/micro $root/dev/micro
for round in first second; do
	mkdir $micro/micro_fifo.0
	[ -c $root/dev/micro/micro_fifo.0 ]
	ok $? "the mount shows the $round device"
	rmdir $micro/micro_fifo.0
	is "$(ls $root/dev/micro)" "" "the mount does not show the $round device after rmdir"
done

note "a rule for all devices"
mkdir $micro/micro_fifo.0
groups=/tmp/devices
mkdir $groups
if mount -t cgroup -o devices none $groups 2>/dev/null; then
	mkdir $groups/container
	echo a >$groups/container/devices.deny
	echo "c $((major + 1)):* rw" >$groups/container/devices.allow
	# opens COMMAND: says how a process of the group opens the device
	opens() {
		sh -c "echo 0 >$groups/container/cgroup.procs && exec micro-try open rw $root/dev/micro/micro_fifo.0"
	}
	is "$(opens)" EPERM "a process that may not use the number cannot open the device"
	echo "c $major:* rw" >$groups/container/devices.allow
	is "$(opens)" ok "a process that may use the number can open each device"
	rmdir $groups/container
	umount $groups
else
	skip "this kernel has no control groups for devices" 2
fi
rmdir $groups

note "root of a user namespace"
if [ -e /proc/self/ns/user ]; then
	as_root="su nobody -s /bin/sh -c"
	is "$($as_root "unshare -r id -u")" 0 "a user is root in a namespace"
	like "$($as_root "unshare -r mkdir $micro/micro_fifo.1" 2>&1)" "Permission denied" "it cannot make devices"
	[ ! -d $micro/micro_fifo.1 ]
	ok $? "there is no device"
	chmod 600 /dev/micro/micro_fifo.0
	is "$($as_root "unshare -r micro-try open rw /dev/micro/micro_fifo.0")" EACCES "it cannot open a node of the host's root"
	chmod 666 /dev/micro/micro_fifo.0
	is "$($as_root "unshare -r micro-try open rw /dev/micro/micro_fifo.0")" ok "it can open a node whose mode allows that"
else
	skip "this kernel has no user namespaces" 5
fi

umount $root/dev/micro
rmdir $micro/micro_fifo.0
rm -r /dev/micro $root
run_ok rmmod micro_fifo
done_testing
