#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tracepoints, read from tracefs as a user would.
# One CPU: the switch patches code, and the emulator may run it half patched on
# another.
# except: race
# vm: --cpus 1

. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
evil=/sys/kernel/debug/micro_evil
tracefs=/sys/kernel/tracing
events=$tracefs/events/micro

# traced: the events since the last time, without who, when, where and how long
traced() {
	sed -n 's/^.*: \(micro_[a-z_]*: .*\)$/\1/p' $tracefs/trace |
		sed 's/ file=[0-9a-f]*//; s/ ns=[1-9][0-9]*/ ns=N/'
	echo >$tracefs/trace
}

micro-hold start
modprobe microkernel
is "$(cd $events && echo *)" "enable filter micro_bind micro_device_add micro_device_del micro_drain_begin micro_drain_end micro_match micro_open micro_release micro_revoke_begin micro_revoke_end micro_unbind" \
	"the events are there"
is "$(cat $events/enable)" 0 "tracepoints are off"
modprobe sample_driver
modprobe micro_evil
echo >$tracefs/trace
mkdir $micro/quiet
rmdir $micro/quiet
is "$(traced)" "" "nothing is traced"

note "a device"
echo 1 >$events/enable
mkdir $micro/nobody
rmdir $micro/nobody
# drivers that are built in are asked as well
is "$(traced | grep -vE 'driver=micro_(fifo|ram|user)')" "micro_device_add: device=nobody front=configfs
micro_match: device=nobody driver=sample_driver matches=0
micro_match: device=nobody driver=micro_evil matches=0
micro_match: device=nobody driver=micro_evil_nopoll matches=0
micro_device_del: device=nobody front=configfs" "that no driver wants"

# quieter from here on
echo 0 >$events/micro_match/enable
mkdir $micro/micro_evil.parent
rmdir $micro/micro_evil.parent
is "$(traced | grep 'device=micro_evil.parent ')" "micro_device_add: device=micro_evil.parent front=configfs
micro_bind: device=micro_evil.parent driver=micro_evil generation=0 result=-5
micro_device_del: device=micro_evil.parent front=configfs" "whose probe fails"

note "from mkdir to rmdir"
mkdir $micro/sample_driver.1
cat /dev/micro/sample_driver.1 >/dev/null
rmdir $micro/sample_driver.1
is "$(traced)" "micro_device_add: device=sample_driver.1 front=configfs
micro_bind: device=sample_driver.1 driver=sample_driver generation=1 result=0
micro_open: device=sample_driver.1 driver=sample_driver result=0 revoked=0
micro_release: device=sample_driver.1 driver=sample_driver result=0 revoked=0
micro_revoke_begin: device=sample_driver.1 driver=sample_driver files=0 operations=0 ns=0
micro_revoke_end: device=sample_driver.1 driver=sample_driver files=0 operations=0 ns=N
micro_unbind: device=sample_driver.1 driver=sample_driver generation=1 result=0
micro_device_del: device=sample_driver.1 front=configfs" "opened and closed"

note "files that are open"
mkdir $micro/sample_driver.2
micro-hold open a r /dev/micro/sample_driver.2 >/dev/null
micro-hold open b r /dev/micro/sample_driver.2 >/dev/null
where=$(grep -o 'file=[0-9a-f]*' $tracefs/trace | xargs)
is "$(grep -o 'file=[0-9a-f]*' /sys/kernel/debug/micro/devices | sort | xargs)" \
	"$(echo "$where" | tr ' ' '\n' | sort | xargs)" "files have the same names in tracepoints and debugfs"
echo >$tracefs/trace
echo 0 >$micro/sample_driver.2/live
is "$(traced)" "micro_revoke_begin: device=sample_driver.2 driver=sample_driver files=2 operations=0 ns=0
micro_release: device=sample_driver.2 driver=sample_driver result=0 revoked=1
micro_release: device=sample_driver.2 driver=sample_driver result=0 revoked=1
micro_revoke_end: device=sample_driver.2 driver=sample_driver files=2 operations=0 ns=N
micro_unbind: device=sample_driver.2 driver=sample_driver generation=1 result=0" "are released by the unplug"
micro-hold close a >/dev/null
micro-hold close b >/dev/null
is "$(traced)" "" "close of a dead file is not traced"
echo 1 >$micro/sample_driver.2/live
is "$(traced)" "micro_bind: device=sample_driver.2 driver=sample_driver generation=2 result=0" \
	"the next generation"
rmdir $micro/sample_driver.2
echo >$tracefs/trace

note "an open that fails"
mkdir $micro/micro_evil.t
echo 16 >$evil/fail_open
is "$(micro-try open r /dev/micro/micro_evil.t)" EBUSY "the driver's open fails"
echo 0 >$evil/fail_open
is "$(traced | grep micro_open)" "micro_open: device=micro_evil.t driver=micro_evil result=-16 revoked=0" \
	"an open that fails is traced with its result, and has no release"

note "an unplug that waits"
micro-hold open deaf rw /dev/micro/micro_evil.t >/dev/null
micro-hold open idle rw /dev/micro/micro_evil.t >/dev/null
micro-hold ioctl deaf deaf >/dev/null &
call=$!
wait_for grep -q active=1 /sys/kernel/debug/micro/devices
echo >$tracefs/trace
rmdir $micro/micro_evil.t &
unplug=$!
wait_for grep -q micro_drain_begin $tracefs/trace
is "$(traced)" "micro_revoke_begin: device=micro_evil.t driver=micro_evil files=2 operations=1 ns=0
micro_drain_begin: device=micro_evil.t driver=micro_evil files=1 operations=1 ns=0" \
	"says so when it begins to wait"
# longer than anything else here takes
sleep 2
echo go >$evil/command
wait $unplug $call
waited=$(sed -n 's/.*micro_drain_end: .* ns=\([0-9]*\)$/\1/p' $tracefs/trace)
took=$(sed -n 's/.*micro_revoke_end: .* ns=\([0-9]*\)$/\1/p' $tracefs/trace)
is "$(traced)" "micro_drain_end: device=micro_evil.t driver=micro_evil files=1 operations=0 ns=N
micro_release: device=micro_evil.t driver=micro_evil result=0 revoked=1
micro_release: device=micro_evil.t driver=micro_evil result=0 revoked=1
micro_revoke_end: device=micro_evil.t driver=micro_evil files=2 operations=0 ns=N
micro_unbind: device=micro_evil.t driver=micro_evil generation=1 result=0
micro_device_del: device=micro_evil.t front=configfs" "the trace has the end of the wait"
[ "$waited" -ge 2000000000 ] && [ "$took" -ge "$waited" ]
ok $? "the end of a drain is traced with its time: $waited of $took ns"

note "filters"
echo 'device == "sample_driver.f"' >$events/filter
mkdir $micro/sample_driver.e $micro/sample_driver.f
is "$(traced | sed 's/ driver=.*//; s/ front=.*//')" "micro_device_add: device=sample_driver.f
micro_bind: device=sample_driver.f" "by device"
echo 0 >$events/filter
echo 0 >$events/enable
rmdir $micro/sample_driver.e $micro/sample_driver.f
is "$(traced)" "" "a tracepoint can be turned off"

note "the module"
micro-hold end
echo 1 >$events/enable
run_ok rmmod micro_evil sample_driver microkernel
skip_built_in microkernel 2 || {
	[ ! -e $events ]
	ok $? "takes its events with it"
	is "$(grep -c 'micro_device_del: device=sample_driver ' $tracefs/trace)" 0 \
		"and what was recorded, as nobody could print it"
}
done_testing
