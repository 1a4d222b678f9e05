#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# User drivers and containers: who calls is shown as the server's namespaces see it, and the
# memory that it asks for counts in its control group.

. /tests/lib/tap.sh
. /tests/lib/user.sh

run_ok modprobe micro_user
if [ -e /proc/self/ns/user ] && [ -e /proc/self/ns/pid ]; then
	user namespaces
else
	skip "this kernel has no namespaces of users and processes"
fi

group=/tmp/cgroup
mkdir $group
if mount -t cgroup2 none $group 2>/dev/null && grep -qw memory $group/cgroup.controllers; then
	echo +memory >$group/cgroup.subtree_control
	mkdir $group/small
	echo 2M >$group/small/memory.max
	unplug=$group/small
	user memory
	events=$(cat $group/small/memory.events)
	like "$events" "max [1-9]" "memory of the kernel for a server counts in its group"
	rmdir $group/small

	# memory of the instances, which probe() asks for, and a worker calls that
	mkdir $group/asker
	make_driver t memory-size/u32=16777216
	sh -c "echo 0 >$group/asker/cgroup.procs && mkdir $micro/t.x"
	charged=$(cat $group/asker/memory.current)
	[ "$charged" -ge 16777216 ]
	ok $? "memory of a device counts in the group of the process that makes it" || diag "$charged bytes"
	rmdir $micro/t.x
	remove_driver t
	rmdir $group/asker
	umount $group
else
	skip "this kernel has no control groups for memory" 3
fi
rmdir $group
run_ok rmmod micro_user
done_testing
