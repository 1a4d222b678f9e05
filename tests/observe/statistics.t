#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Statistics of an instance: nothing until they are switched on, then what the
# drivers were asked and have answered, until the instance goes.
# One CPU: the switch patches code, and the emulator may run it half patched on
# another.
# vm: --cpus 1

. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
switch=/sys/bus/micro_bus/statistics
test=/sys/kernel/debug/micro_test

# stats NAME FILE...: what they show, in one line
stats() {
	dir=/sys/class/micro/$1/statistics
	shift
	for file; do
		cat "$dir/$file"
	done | xargs
}

# all NAME: every one, in the order of the documentation
all() {
	stats "$1" opens open_files reads writes ioctls bytes_read bytes_written errors revocations
}

# hold COMMAND...: for what it says
hold() {
	micro-hold "$@" >/dev/null
}

micro-hold start
modprobe sample_driver
modprobe micro_test
mkdir $micro/sample_driver.1

note "off"
is "$(cat $switch)" 0 "statistics are off at first"
is "$(ls /sys/class/micro/sample_driver)" "$(printf 'dev\ndevice\nsubsystem\nuevent')" \
	"a device has no directory for them"
hold open early rw /dev/sample_driver
hold write early uncounted

note "on"
run_ok micro-try write $switch 1
is "$(cat $switch)" 1 "statistics are on"
is "$(all sample_driver)" "0 1 0 0 0 0 0 0 0" "open_files knows of earlier opens, the others begin at 0"
is "$(all sample_driver.1)" "0 0 0 0 0 0 0 0 0" "each device has statistics, all 0"
is "$(cd /sys/class/micro/sample_driver/statistics && echo *)" \
	"bytes_read bytes_written errors ioctls open_files opens reads revocations writes" \
	"the statistics of a device are these files"
is "$(stat -c %a /sys/class/micro/sample_driver/statistics/* | sort -u)" 444 "everybody may read statistics"
is "$(micro-try write /sys/class/micro/sample_driver/statistics/reads 0)" EACCES "nobody may write statistics"

note "each operation"
hold write early "hello"
is "$(all sample_driver)" "0 1 0 1 0 0 5 0 0" "a write, in a file that was open before"
hold open a rw /dev/sample_driver
is "$(all sample_driver)" "1 2 0 1 0 0 5 0 0" "an open"
hold read a 3
is "$(all sample_driver)" "1 2 1 1 0 3 5 0 0" "a read"
hold read a
hold read a
is "$(all sample_driver)" "1 2 3 1 0 5 5 0 0" "end of file is a read of nothing"
hold ioctl a length
if programs_32; then
	hold ioctl32 a length
	is "$(all sample_driver)" "1 2 3 1 2 5 5 0 0" "ioctls, of 32-bit programs too"
else
	hold ioctl a length
	is "$(all sample_driver)" "1 2 3 1 2 5 5 0 0" "ioctls"
fi
hold seek a set 0
is "$(all sample_driver)" "1 2 3 1 2 5 5 0 0" "an lseek is none of these"
is "$(all sample_driver.1)" "0 0 0 0 0 0 0 0 0" "the use of one instance does not count for another"

note "errors"
hold fault a read
is "$(all sample_driver)" "1 2 4 1 2 5 5 1 0" "a read that fails"
hold fault a write
hold ioctl a 0x1234
is "$(all sample_driver)" "1 2 4 2 3 5 5 3 0" "a write, an ioctl"
hold close early
is "$(micro-try write /dev/sample_driver "")" ok "a write of nothing"
is "$(all sample_driver)" "2 1 4 3 3 5 5 3 0" "a write of nothing is no error"
micro-try write $test/register "picky" >/dev/null
mkdir $micro/picky
is "$(stats picky opens open_files errors)" "0 0 0" "a device that comes later has a directory at once"
echo 16 >$test/picky/open
is "$(micro-try open rw /dev/micro/picky)" EBUSY "an open that fails"
is "$(stats picky opens open_files errors)" "1 0 1" "an open that fails is counted as an error"

note "what closed files leave"
before=$(all sample_driver)
hold close a
is "$(all sample_driver)" "$(echo "$before" | sed 's/^2 1/2 0/')" "a close loses nothing"
echo abcd >/dev/sample_driver
for i in 1 2 3 4 5; do
	cat /dev/sample_driver >/dev/null
done
is "$(stats sample_driver opens open_files reads bytes_read)" "8 0 14 30" "files add up"

note "several threads in one file"
hold open a rw /dev/micro/sample_driver.1
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	hold write a 0123456789 &
done
# not for the server, which was not started by this shell
wait
is "$(stats sample_driver.1 writes bytes_written)" "20 200" "the operations of many processes are all counted"

note "the iter forms, and answers that say: try again"
modprobe micro_fifo
mkdir $micro/micro_fifo.s
hold open w w /dev/micro/micro_fifo.s
hold write w "four"
is "$(stats micro_fifo.s writes bytes_written)" "1 4" "write_iter"
hold open r r /dev/micro/micro_fifo.s
hold read r
is "$(stats micro_fifo.s reads bytes_read)" "1 4" "read_iter"
hold close w
hold close r
modprobe micro_evil
mkdir $micro/micro_evil.s
run_ok micro-revoke after-nonblock /dev/micro/micro_evil.s "echo 0 >$micro/micro_evil.s/live"
[ ! -e /sys/class/micro/micro_evil.s ]
ok $? "a device without a binding has no statistics"
echo 1 >$micro/micro_evil.s/live
is "$(stats micro_evil.s opens reads errors)" "1 1 0" \
	"EAGAIN is no error, and what a dead file answers is not counted"

note "revocations"
is "$(stats micro_evil.s open_files revocations)" "0 1" "the next binding knows of the last one's file"
hold open one rw /dev/micro/micro_evil.s
hold open two rw /dev/micro/micro_evil.s
hold write one x
echo 0 >$micro/micro_evil.s/live
echo 1 >$micro/micro_evil.s/live
is "$(stats micro_evil.s opens open_files writes revocations)" "3 0 1 3" "two files more were taken away"
hold close one
hold close two
is "$(stats micro_evil.s opens open_files writes revocations)" "3 0 1 3" "closing dead files counts nothing"
rmdir $micro/micro_evil.s
mkdir $micro/micro_evil.s
is "$(all micro_evil.s)" "0 0 0 0 0 0 0 0 0" "a new instance begins anew"

note "off again"
before=$(all sample_driver.1)
run_ok micro-try write $switch 0
is "$(cat $switch)" 0 "statistics can be turned off"
is "$(echo /sys/class/micro/*/statistics)" "/sys/class/micro/*/statistics" \
	"no directory is left when statistics are off"
hold write a uncounted
hold open b r /dev/micro/sample_driver.1
hold close b
run_ok micro-try write $switch on
is "$(all sample_driver.1)" "$before" "on again: the numbers are kept, and nothing was counted meanwhile"
hold write a 12345
is "$(stats sample_driver.1 writes bytes_written)" "21 205" "counting goes on"
hold close a
run_ok micro-try write $switch 1
is "$(micro-try write $switch 2) $(micro-try write $switch "") $(cat $switch)" "EINVAL ok 1" \
	"what is no boolean does not change the switch"
is "$(stat -c %a $switch)" 644 "the switch is root's"

note "switching while devices come and go"
(
	while [ ! -e /tmp/enough ]; do
		echo 0 >$switch
		echo 1 >$switch
	done
) &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	mkdir $micro/sample_driver.x$i || break
	cat /dev/micro/sample_driver.x$i >/dev/null || break
	[ $((i % 2)) = 0 ] || rmdir $micro/sample_driver.x$i || break
done
touch /tmp/enough
wait
is "$i" 20 "twenty of them"
is "$(cat /sys/class/micro/sample_driver.x*/statistics/open_files | wc -l)" 10 \
	"all devices that are left have statistics"
rmdir $micro/sample_driver.x*

note "while an unplug waits"
hold open deaf rw /dev/micro/micro_evil.s
hold ioctl deaf deaf &
wait_for grep -q "active=1" /sys/kernel/debug/micro/devices
rmdir $micro/micro_evil.s &
wait_for grep -q "state=unbinding" /sys/kernel/debug/micro/devices
is "$(micro-try write $switch 0) $(micro-try write $switch 1)" "ok ok" "the switch does not wait for it"
echo go >/sys/kernel/debug/micro_evil/command
wait
hold close deaf

hold end
rmdir $micro/*
for module in micro_evil micro_fifo micro_test sample_driver microkernel; do
	run_ok rmmod $module
done
done_testing
