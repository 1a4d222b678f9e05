#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# One bad driver, or one user of it, holds up nobody else: mkdir, rmdir and writes in
# configfs wait for it no longer than patience_ms, and all others go on.
# vm: --timeout 1800

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

bus=/sys/bus/micro_bus

try() {
	micro-try "$@"
}

go() {
	echo go >$evil/command
}

# gone DEVICE: waits until nothing is left of it
is_gone() {
	wait_for sh -c "! grep -q 'device=$1 ' /sys/kernel/debug/micro/devices"
}

# timed COMMAND...: runs it, sets took, in milliseconds, and its output to said
timed() {
	before=$(ms)
	said=$("$@" 2>&1)
	took=$(($(ms) - before))
}

# bounded NAME: what was timed took about as long as patience_ms
bounded() {
	[ $took -lt 20000 ]
	ok $? "$1: $took ms" || diag "$said"
}

# others WHILE: while something is stuck, whoever has nothing to do with it goes on
others() {
	timed ls $micro
	others="$? $(try mkdir $micro/sample_driver.other)"
	# a machine that is busy may need longer for it than mkdir waits
	wait_for grep -q bound $micro/sample_driver.other/status
	is "$others $(try rmdir $micro/sample_driver.other)" \
		"0 ok ok" "$1: ls, mkdir and rmdir of another driver's device go on"
}

modprobe sample_driver && modprobe micro_evil && modprobe micro_test
ok $? "modules are loaded"
patience=/sys/module/microkernel/parameters/patience_ms
like "$(cat $patience)" "^[0-9]+$" "patience_ms is there"
echo 1000 >$patience
micro-hold start

note "rmdir while an operation stays inside"
mkdir $micro/micro_evil.deaf
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/tmp/deaf &
deaf=$!
wait_for is_inside micro_evil.deaf
timed try rmdir $micro/micro_evil.deaf
is "$said" ok "rmdir succeeds"
bounded "it does not wait for the operation"
[ ! -e $micro/micro_evil.deaf ]
ok $? "the directory is gone"
[ ! -e /dev/micro/micro_evil.deaf ]
ok $? "the node is gone"
is "$(state micro_evil.deaf)" unbinding "debugfs still has the device"
is "$(try mkdir $micro/micro_evil.deaf)" EBUSY "the name stays taken"
others "an operation stays inside"
kill -0 $deaf
ok $? "the operation is still there"
go
is_gone micro_evil.deaf
ok $? "the device is gone once it has ended"
wait $deaf
is "$(try mkdir $micro/micro_evil.deaf) $(cat $micro/micro_evil.deaf/status)" "ok bound" \
	"then the name is free"
is "$(micro-hold write deaf x) $(micro-hold close deaf)" "ENODEV ok" "the old file stays dead"

note "rmdir while the memory of a reader does not come"
mkdir $micro/sample_driver.stuck
micro-stuck forever /dev/micro/sample_driver.stuck true >/tmp/stuck 2>&1 &
stuck=$!
wait_for grep -qx stuck /tmp/stuck
timed try rmdir $micro/sample_driver.stuck
is "$said $(state sample_driver.stuck)" "ok unbinding" "rmdir succeeds"
bounded "it does not wait for the reader"
others "a reader is stuck"
like "$(grep -A 1 'device=sample_driver.stuck ' /sys/kernel/debug/micro/devices | tail -n 1)" \
	"comm=micro-stuck active=1 revoked=1" "debugfs names the reader"
kill -KILL $stuck
wait $stuck
is_gone sample_driver.stuck
ok $? "the reader can be killed, and then the device is gone"

note "live while an operation stays inside"
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/tmp/deaf &
wait_for is_inside micro_evil.deaf
timed try write $micro/micro_evil.deaf/live 0
is "$said" EINPROGRESS "live: 0"
bounded "it does not wait for the operation"
is "$(cat $micro/micro_evil.deaf/status)" unbinding "status"
timed try write $micro/micro_evil.deaf/live 1
is "$said" EBUSY "another write meanwhile"
bounded "that is bounded, too"
timed try write $micro/micro_evil.deaf/compatible test,nothing
is "$said" EBUSY "compatible as well"
is "$(cat $micro/micro_evil.deaf/compatible)" "" "it has not changed"
others "live waits"
go
wait_for grep -q off $micro/micro_evil.deaf/status
is "$(cat $micro/micro_evil.deaf/status)" off "it goes on by itself"
micro-hold close deaf >/dev/null
is "$(try write $micro/micro_evil.deaf/live 1) $(cat $micro/micro_evil.deaf/status)" "ok bound" "bound again"
is "$(try rmdir $micro/micro_evil.deaf)" ok "rmdir"

note "a driver that is slow in everything"
echo hold >$evil/command
for stage in unplug release remove devm attribute; do
	mkdir $micro/micro_evil.slow-$stage
	micro-hold open $stage rw /dev/micro/micro_evil.slow-$stage >/dev/null
done
cat $bus/devices/micro_evil.slow-attribute/lock >/dev/null 2>&1 &
wait_for grep -q "State:.*idle" /proc/$!/status
timed try mkdir $micro/micro_evil.slow-probe
is "$said $(cat $micro/micro_evil.slow-probe/status)" "ok binding" "mkdir: probe()"
bounded "mkdir does not wait for it"
is "$(try write $micro/micro_evil.slow-probe/live 0)" EBUSY "live, during probe()"
is "$(try mkdir $micro/micro_evil.slow-probe/properties/x)" EBUSY "no change of properties meanwhile"
others "probe() is stuck"
for stage in unplug release remove devm attribute; do
	timed try rmdir $micro/micro_evil.slow-$stage
	is "$said $(state micro_evil.slow-$stage)" "ok unbinding" "rmdir: $stage"
	bounded "rmdir does not wait for it"
done
others "all of them are stuck"
# the log says who waits for whom
for stage in probe unplug release remove; do
	wait_for sh -c "dmesg | grep -q 'micro_evil.slow-$stage: driver micro_evil keeps the device.*$stage() \(or fasync() \)*has not returned'"
	ok $? "the log names $stage()"
done
wait_for sh -c "dmesg | grep -q 'micro_evil.slow-devm: driver micro_evil keeps the device from going: .*devm resources'"
ok $? "the log names the devm functions"
wait_for sh -c "dmesg | grep -q 'micro_evil.slow-attribute: driver micro_evil keeps .*attributes in sysfs'"
ok $? "the log names the attribute"
timed try rmdir $micro/micro_evil.slow-probe
is "$said $(state micro_evil.slow-probe)" "ok unbinding" "rmdir, while probe() is at work"
go
for stage in unplug release remove devm attribute probe; do
	is_gone micro_evil.slow-$stage
	ok $? "gone at last: $stage"
done
for stage in unplug release remove devm attribute; do
	micro-hold close $stage >/dev/null
done

note "init() and exit() of a driver, and a release() that close(2) has claimed"
echo hold init >$evil/command
timed try mkdir $micro/micro_evil.init
is "$said $(cat $micro/micro_evil.init/status)" "ok binding" "mkdir: init()"
bounded "it does not wait for it"
others "init() is stuck"
wait_for sh -c "dmesg | grep -q 'micro_evil.init: driver micro_evil keeps the device from being bound: init() or exit()'"
ok $? "the log names init()"
go
wait_for is_state micro_evil.init bound
echo hold exit >$evil/command
timed try rmdir $micro/micro_evil.init
is "$said $(state micro_evil.init)" "ok unbinding" "rmdir: exit()"
bounded "it does not wait for it"
others "exit() is stuck"
wait_for sh -c "dmesg | grep -q 'micro_evil.init: driver micro_evil keeps the device from going: init() or exit()'"
ok $? "the log names exit()"
go
is_gone micro_evil.init

mkdir $micro/micro_evil.slow-attribute
micro-hold open late rw /dev/micro/micro_evil.slow-attribute >/dev/null
micro-hold ioctl late hold >/dev/null
echo hold >$evil/command
cat $bus/devices/micro_evil.slow-attribute/lock >/dev/null 2>&1 &
wait_for grep -q "State:.*idle" /proc/$!/status
try rmdir $micro/micro_evil.slow-attribute >/dev/null
# the drain is over, and release() has not been called by the unplug
micro-hold close late >/dev/null &
wait_for sh -c "[ \$(cat $evil/holding) = 1 ]"
go
wait_for sh -c "dmesg | grep -q 'micro_evil.slow-attribute: driver micro_evil keeps the device from going: release() or fasync() has not returned to close()'"
ok $? "the log names release(), called by close(2)"
echo let 1 >$evil/command
is_gone micro_evil.slow-attribute
ok $? "then the device is removed"

note "patience_ms: 0 and -1"
echo 0 >$patience
echo hold >$evil/command
is "$(try mkdir $micro/micro_evil.slow-probe) $(cat $micro/micro_evil.slow-probe/status)" "ok binding" \
	"0: mkdir does not wait at all"
go
wait_for is_state micro_evil.slow-probe bound
is "$(try rmdir $micro/micro_evil.slow-probe)" ok "0: rmdir"
is_gone micro_evil.slow-probe
ok $? "0: it goes by itself"
echo -1 >$patience
echo hold >$evil/command
try mkdir $micro/micro_evil.slow-probe >/tmp/mkdir &
mkdir=$!
wait_for is_state micro_evil.slow-probe binding
sleep 3
kill -0 $mkdir
ok $? "-1: mkdir waits for ever"
go
wait $mkdir
is "$(cat /tmp/mkdir) $(cat $micro/micro_evil.slow-probe/status)" "ok bound" "-1: until it is bound"
is "$(try rmdir $micro/micro_evil.slow-probe) $(state micro_evil.slow-probe)" "ok " "-1: rmdir ends when the device is gone"
echo 1000 >$patience

note "more stuck jobs than a workqueue runs at a time"
# which is 512 up to 6.12
echo 0 >$patience
echo hold >$evil/command
seq 520 | sed "s|.*|$micro/micro_evil.&.slow-probe|" >/tmp/devices
xargs mkdir </tmp/devices
ok $? "mkdir of 520 devices that stay in probe()"
wait_for is_state micro_evil.520.slow-probe binding
echo 5000 >$patience
others "520 devices are stuck"
echo 0 >$patience
xargs rmdir </tmp/devices
ok $? "rmdir of all of them"
go
echo 1000 >$patience
wait_for sh -c "! grep -q slow-probe /sys/kernel/debug/micro/devices"
ok $? "all of them are gone"

note "files of a device that is in remove()"
mkdir $micro/micro_evil.slow-remove
sleep 1000 3</dev/micro/micro_evil.slow-remove &
holder=$!
wait_for grep -q "micro_evil.slow-remove .*files=1" /sys/kernel/debug/micro/devices
echo hold >$evil/command
try rmdir $micro/micro_evil.slow-remove >/dev/null
wait_for grep -q "device=micro_evil.slow-remove .*pid=$holder " /sys/kernel/debug/micro/dead
ok $? "debugfs lists a dead file before remove() has ended"
kill $holder
go
is_gone micro_evil.slow-remove

note "many that wait one after the other"
# each of them holds the locks that ls needs, for as long as it waits
for i in $(seq 20); do
	mkdir "$micro/micro_evil.$i.slow-remove"
done
wait_for grep -q bound $micro/micro_evil.20.slow-remove/status
echo hold >$evil/command
echo 4000 >$patience
for i in $(seq 20); do
	rmdir "$micro/micro_evil.$i.slow-remove" &
done
wait_for is_state micro_evil.1.slow-remove unbinding
timed ls $micro
[ $took -lt 40000 ]
ok $? "20 stuck devices do not hold up ls 20 times as long as one: $took ms"
go
wait_for sh -c "! grep -q slow-remove /sys/kernel/debug/micro/devices"
echo 1000 >$patience

note "a killed mkdir and a killed rmdir"
echo 60000 >$patience
echo hold >$evil/command
mkdir $micro/micro_evil.slow-probe &
mkdir=$!
wait_for is_state micro_evil.slow-probe binding
kill -9 $mkdir
timed wait $mkdir
bounded "mkdir can be killed"
is "$(cat $micro/micro_evil.slow-probe/status)" binding "the device is there, and is being bound"
go
wait_for grep -q bound $micro/micro_evil.slow-probe/status
is "$(cat $micro/micro_evil.slow-probe/status)" bound "the device is bound when probe() has ended"
mkdir $micro/micro_evil.slow-remove
echo hold >$evil/command
rmdir $micro/micro_evil.slow-remove &
rmdir=$!
wait_for is_state micro_evil.slow-remove unbinding
kill -9 $rmdir
timed wait $rmdir
bounded "rmdir can be killed"
[ ! -e $micro/micro_evil.slow-remove ]
ok $? "its directory is gone"
go
is_gone micro_evil.slow-remove
ok $? "the device is gone"
rmdir $micro/micro_evil.slow-probe
echo 1000 >$patience

note "a module that takes long to load"
modprobe_as late 'echo >>/tmp/loads; until [ -e /tmp/late ]; do sleep 0.1; done'
timed try mkdir $micro/late
is "$said $(cat $micro/late/status)" "ok binding" "mkdir"
bounded "it does not wait for the module"
others "a module is being loaded"
# the log says who waits for whom
wait_for sh -c "dmesg | grep -q 'late: the device waits for modprobe: the module for \"micro:late\" is not loaded'"
ok $? "the log names the module"
timed try rmdir $micro/late
is "$said" ok "rmdir"
bounded "nor does that"
: >/tmp/late
is_gone late
ok $? "gone at last"

note "a module that many devices want"
# the kernel runs 50 modprobes at a time
rm /tmp/late /tmp/loads
echo 0 >$patience
for i in $(seq 60); do
	mkdir "$micro/late.$i"
done
wait_for sh -c "[ \$(cat $micro/late.*/status | grep -c binding) -eq 60 ]"
echo 60000 >$patience
mkdir $micro/micro_fifo.other
is "$(cat $micro/micro_fifo.other/status)" bound "a module that does not load keeps no other module from loading"
rmdir $micro/micro_fifo.other
is "$(wc -l </tmp/loads)" 1 "one modprobe runs for 60 devices"
: >/tmp/late
echo 1000 >$patience
for i in $(seq 60); do
	rmdir "$micro/late.$i"
done
wait_for sh -c "! grep -q device=late /sys/kernel/debug/micro/devices"
modprobe_again

note "an attribute whose store waits for a lock that a sleeping reader has"
mkdir $micro/micro_evil.locked
micro-hold open locked rw /dev/micro/micro_evil.locked >/dev/null
micro-hold ioctl locked $((0x4509)) >/tmp/locked &
locked=$!
wait_for is_inside micro_evil.locked
echo x >$bus/devices/micro_evil.locked/lock &
store=$!
sleep 1
timed try write $bus/drivers/micro_evil/unbind micro_evil.locked
is "$said" ok "unbind in sysfs ends"
wait $store
ok $? "so does the store"
wait $locked
is "$(cat /tmp/locked)" ENODEV "the reader gets ENODEV"
micro-hold close locked >/dev/null
rmdir $micro/micro_evil.locked

note "two at a time: rmdir, and unbind in sysfs"
mkdir $micro/micro_evil.two
micro-hold open two rw /dev/micro/micro_evil.two >/dev/null
micro-hold ioctl two deaf >/dev/null &
wait_for is_inside micro_evil.two
unplugs=$(cat $evil/unplugs)
timed try write $micro/micro_evil.two/live 0
is "$said" EINPROGRESS "live: 0"
try write $bus/drivers/micro_evil/unbind micro_evil.two >/tmp/unbind &
unbind=$!
timed try rmdir $micro/micro_evil.two
is "$said" ok "rmdir"
kill -0 $unbind
ok $? "unbind waits"
go
is_gone micro_evil.two
ok $? "all of it ends"
wait $unbind
is "$(($(cat $evil/unplugs) - unplugs))" 1 "unplug() was called once"
micro-hold close two >/dev/null

note "drivers that ask for asynchronous probing"
test=/sys/kernel/debug/micro_test
try write $test/register "later async probe=5" >/dev/null
is "$(try write $test/create later.kernel)" EIO "a call of the kernel has probe's error"
is "$(try mkdir $micro/later.x) $(cat $micro/later.x/status)" "ok failed EIO" "status has it after mkdir"
echo 0 >$test/later/probe
is "$(try mkdir $micro/later.y) $(cat $micro/later.y/status)" "ok bound" "mkdir: bound"
[ -c /dev/micro/later.y ]
ok $? "the node exists"
rmdir $micro/later.x $micro/later.y
try write $test/unregister later >/dev/null

is "$(cat $evil/releases)" "$(cat $evil/opens)" "each open() was released, once"
is "$(cat $evil/removes)" "$(cat $evil/probes)" "each probe() has its remove()"
micro-hold end
run_ok rmmod micro_test micro_evil sample_driver
done_testing
