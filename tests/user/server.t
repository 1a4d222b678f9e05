#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: --timeout 1800
# Drivers that are processes: what a client sees when the server answers, says "not now",
# dies, hangs, lies or hands over, and when the device or the driver goes meanwhile.

. /tests/lib/tap.sh
. /tests/lib/user.sh

run_ok modprobe micro_user

# Everything that is answered, and what is not for everybody
for case in use who blank copying many threads abi not-now opening shared signal kill slots queued closing refused; do
	user "$case"
done
user use memory-size/u32=8192 data-size/u32=70000 depth/u32=3 release/string=call
user copying release/string=call data-size/u32=100
user many release/string=call open/string=post depth/u32=1
user threads release/string=call depth/u32=2
user few operations/string=read mode/u32=0640
user big data-size/u32=100
user posted open/string=post
user refused-unasked open/string=post
user refused-unasked operations/string=read
unplug="mkdir $micro/t.y"
user other depth/u32=2
rmdir $micro/t.y
user writing again/string=ioctl memory-size/u32=16777216 grace-ms/u32=600000
rmdir $micro/t.y
user probe-held answer-ms/u32=700
rmdir $micro/t.y
unplug=true

# The device goes, and the user driver
unplug="rmdir $micro/t.x"
user late
# the server node is unbound, and a process sleeps in an operation of it: a page of its memory does not come
# (that may take longer than the write waits)
unplug="echo 0 >$micro/micro_user.t/live || :"
for case in unplug-absent unplug-absent-detach unplug-absent-attach; do
	user "$case" answer-ms/u32=700 on-hang/string=log
done
for case in unplug unplug-waiting unplug-stopped sigio hangup; do
	for unplug in "rmdir $micro/t.x" "echo 0 >$micro/t.x/live" \
		"echo t.x >/sys/bus/micro_bus/drivers/t/unbind" "rmdir $micro/micro_user.t" \
		"echo 0 >$micro/micro_user.t/live"; do
		user "$case"
	done
done
unplug=true

# Death and restart
user death
user filling
user killed
user insistent
# servers may take long to start on a slow machine
user again again/string=ioctl grace-ms/u32=600000
user restore memory-size/u32=4096
user restore-poison
user restore-killed
user takeover
user takeover-notice
user takeover-closed 'operations/string=open\nread\n'
user holders
# the kernel says that it ends with a signal, and some guests take that for a report
echo 0 >/proc/sys/kernel/print-fatal-signals
if [ -e /proc/sys/kernel/core_pattern ]; then
	user core
else
	skip "the kernel writes no core dumps"
fi
user uevents
user grace grace-ms/u32=300
user held answer-ms/u32=700
user batch answer-ms/u32=3000
unplug="mkdir $micro/t.y"
user batch-restore answer-ms/u32=3000
rmdir $micro/t.y
unplug=true
user idle answer-ms/u32=10000
user hang answer-ms/u32=700 on-hang/string=detach
user hang answer-ms/u32=700 on-hang/string=kill
user hang-detach answer-ms/u32=700 on-hang/string=detach
user hang-kill answer-ms/u32=700 on-hang/string=kill
user patient answer-ms/u32=0
user log answer-ms/u32=700 on-hang/string=log

# A few of each here, more in tests/hard
user deaths 'again/string=open\nioctl\n' attempts/u32=1000 grace-ms/u32=600000
user clients
user lies

run_ok rmmod micro_user
done_testing
