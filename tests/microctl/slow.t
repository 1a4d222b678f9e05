#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# microctl and drivers that take their time: it waits for them, but not for ever, says
# what is not done, and goes on with all others.
# except: race debug
. /tests/lib/tap.sh
. /tests/lib/microctl.sh

evil=/sys/kernel/debug/micro_evil

# shown DEVICE: its status in the list
shown() {
	microctl list | awk -v name="$1" '$1 == name { print $2 }'
}

# is_gone DEVICE: waits until it is
is_gone() {
	wait_for sh -c "! microctl list --names | grep -qx '$1'"
}

modprobe -a microkernel sample_driver micro_evil
echo 200 >/sys/module/microkernel/parameters/patience_ms
micro-hold start

note "a driver that is busy with a device that is removed"
status 0 microctl create micro_evil.deaf
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/dev/null &
wait_for grep -q active=1 /sys/kernel/debug/micro/devices
status 1 microctl remove --timeout 0.5 micro_evil.deaf
mentions "micro_evil.deaf: the device is being removed, but its driver has not finished after 0.5 s"
is "$(shown micro_evil.deaf)" unbinding "list shows a device that was removed and is not gone"
is "$(microctl show micro_evil.deaf | grep from)" "  from        configfs" \
	"show says who made a device that was removed and is not gone"
status 1 microctl remove --timeout 0 micro_evil.deaf
status 1 microctl wait --timeout 0.5 micro_evil.deaf
mentions "micro_evil.deaf is not bound after 0.5 s: it is unbinding"
status 1 microctl create --timeout 0.5 micro_evil.deaf
mentions "the last device of this name is still being removed"
status 0 microctl create sample_driver.other
status 0 microctl remove sample_driver.other
microctl create --timeout 300 micro_evil.deaf >/tmp/create 2>&1 &
create=$!
sleep 1
echo go >$evil/command
wait $create
is "$?:$(cat /tmp/create)" "0:" "create waits until a device of this name is gone"
is "$(shown micro_evil.deaf)" bound "the new device is bound"
micro-hold close deaf >/dev/null

note "a device is created again while another command waits for its removal"
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/dev/null &
wait_for grep -q active=1 /sys/kernel/debug/micro/devices
microctl remove --timeout 300 micro_evil.deaf >/tmp/remove 2>&1 &
remove=$!
wait_for sh -c '! [ -e /sys/kernel/config/micro/micro_evil.deaf ]'
microctl create --timeout 300 micro_evil.deaf >/tmp/create 2>&1 &
create=$!
sleep 1
echo go >$evil/command
wait $create
is "$?:$(sed '/waiting for it$/d' /tmp/create)" "0:" "create makes it again"
wait $remove
is "$?:$(cat /tmp/remove)" "0:" "the removal is over for the command that has asked for it"
is "$(shown micro_evil.deaf)" bound "the new device is bound"
micro-hold close deaf >/dev/null

note "the other stages of a removal"
for stage in unplug release remove devm; do
	device=micro_evil.slow-$stage
	status 0 microctl create $device
	micro-hold open $stage rw /dev/micro/$device >/dev/null
	echo hold >$evil/command
	status 1 microctl remove --timeout 0.5 $device
	mentions "$device: the device is being removed, but its driver has not finished after 0.5 s"
	is "$(shown $device)" unbinding "$stage: list shows a device whose driver has not let go of it"
	status 1 microctl create --timeout 0.5 $device
	mentions "the last device of this name is still being removed"
	echo go >$evil/command
	is_gone $device
	ok $? "$stage: it is gone at last"
	micro-hold close $stage >/dev/null
done

note "a driver that is busy with a device whose properties change"
cat >deaf.dtso <<'END'
/dts-v1/;
/plugin/;
&{/} {
	bus {
		compatible = "microkernel,bus";

		micro_evil.deaf { x = <1>; };

		sample_driver.other { };
	};
};
END
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/dev/null &
wait_for grep -q active=1 /sys/kernel/debug/micro/devices
status 1 microctl apply --timeout 0.5 deaf.dtso
mentions "its driver has not finished yet"
mentions "1 created, 0 changed, 0 removed, 0 unchanged; 1 with errors"
is "$(shown micro_evil.deaf) $(shown sample_driver.other)" "unbinding bound" \
	"apply goes on with other devices"
echo go >$evil/command
wait_for grep -q off /sys/kernel/config/micro/micro_evil.deaf/status
status 0 microctl apply deaf.dtso
mentions "0 created, 1 changed, 0 removed, 1 unchanged"
micro-hold close deaf >/dev/null
status 0 microctl remove micro_evil.deaf sample_driver.other

note "a driver whose probe takes its time"
echo hold >$evil/command
status 1 microctl create --timeout 0.5 micro_evil.slow-probe
mentions 'the device is still binding after 0.5 s, and the work continues; "microctl wait" waits for it'
is "$(shown micro_evil.slow-probe)" binding "list shows a device that is being bound"
microctl wait --timeout 300 micro_evil.slow-probe >/tmp/wait 2>&1 &
wait=$!
sleep 1
echo go >$evil/command
wait $wait
is "$?:$(cat /tmp/wait)" "0:" "wait ends when a slow probe is over"
status 0 microctl remove micro_evil.slow-probe

note "a signal ends the wait"
echo hold >$evil/command
microctl create --timeout 600 micro_evil.slow-probe >/tmp/create 2>&1 &
create=$!
wait_for grep -q binding /sys/kernel/config/micro/micro_evil.slow-probe/status
sleep 1
status 0 microctl create --no-wait sample_driver.other
status 0 microctl remove --no-wait sample_driver.other
kill $create
wait $create
is "$?" 143 "a signal ends create"
mentions_create=$(grep -c "interrupted; the device is binding" /tmp/create)
is "$mentions_create" 1 "create says that it was interrupted"
echo go >$evil/command
status 0 microctl wait --timeout 300 micro_evil.slow-probe
status 0 microctl remove micro_evil.slow-probe
is_gone micro_evil.slow-probe
ok $? "a device that was removed is listed no more"
micro-hold end
run_ok rmmod micro_evil sample_driver
done_testing
