#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Bad input gets a clear error, and nothing is lost. Odd but good input works.
# except: race
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
test=/sys/kernel/debug/micro_test

register() {
	micro-try write $test/register "$*"
}

# unregister DRIVER: a check that it goes. Once this returns, the name is free.
unregister() {
	is "$(micro-try write $test/unregister "$1")" ok "the driver $1 goes" && gone "$1"
}

# zeros COUNT
zeros() {
	printf "%0$1d" 0
}

# logged REGEX: number of lines in the log since the last call
logged() {
	dmesg -c | grep -cE "$1"
}

modprobe sample_driver
modprobe micro_test

note "names that are none"
dmesg -c >/dev/null
for name in -x .x _x :x @x +x ' x' 'a b' 'a!b' 'a*b' 'a#b' 'a,b' 'a=b' 'a~b' 'a\b' 'a%sb' 'aäb' \
	"$(printf 'a\tb')" "$(printf 'a\nb')" "$(printf 'a\177b')" "$(printf 'a\377b')" \
	"$(zeros 64)" "$(zeros 255)"; do
	is "$(micro-try mkdir "$micro/$name")" EINVAL "mkdir '$(printf %s "$name" | cut -c 1-70 | tr '\n\t' '??')'"
	is "$(logged 'is not a device name')" 1 "the log says once why '$name' is not a device name"
done
is "$(micro-try write $test/create a/b) $(logged 'a/b.* is not a device name')" "EINVAL 1" \
	"'/' cannot even come from the kernel"
is "$(micro-try write $test/create "") $(logged "'' is not a device name")" "EINVAL 1" \
	"the kernel cannot make a device with an empty name"
for name in bind unbind uevent module by-driver; do
	is "$(micro-try mkdir $micro/$name)" EINVAL "mkdir $name"
	is "$(logged 'is not a device name|reserved')" 1 "taken by what sysfs has for each driver, or by udev's links"
done
is "$(micro-try write $test/create by-driver) $(logged 'by-driver.* is not a device name')" "EINVAL 1" \
	"the kernel cannot make a device with a bad name"
for name in by-driver.0 by-drivers BY-DRIVER; do
	is "$(micro-try mkdir $micro/$name) $(micro-try rmdir $micro/$name)" "ok ok" \
		"a device can be called $name"
done
is "$(ls $micro)" "" "mkdir with a bad name makes no directory"

note "names that are"
for name in x 0 9a a-b a.b a_b a:b a@b a+b A.Z "$(zeros 63)" power driver subsystem dev null \
	micro instances; do
	is "$(micro-try mkdir "$micro/$name")" ok "mkdir $name"
	is "$(micro-try write "$micro/$name/compatible" microkernel,sample-driver)" ok "binds"
	is "$(cat "/dev/micro/$name")" "Sample driver data" "has a node that works"
	is "$(micro-try rmdir "$micro/$name")" ok "rmdir"
done
is "$(stat -c %t:%T /dev/null)" 1:3 "/dev/null has not changed"

note "names that are taken"
mkdir $micro/taken
is "$(micro-try mkdir $micro/taken)" EEXIST "by another directory"
is "$(micro-try write $test/create taken)" EEXIST "the kernel cannot have the name of a directory"
is "$(micro-try mkdir $micro/sample_driver)" EEXIST "mkdir cannot take the name of the kernel's device"
is "$(micro-try write $test/create sample_driver)" EEXIST \
	"the kernel cannot make a device of its own name twice"
is "$(micro-try write /dev/sample_driver there) $(cat /dev/sample_driver)" "ok there" "the device that was there works on"
rmdir $micro/taken
is "$(micro-try write $test/create taken)" ok "a name that is free again can be taken by kernel code"
is "$(micro-try write $test/destroy taken) $(micro-try mkdir $micro/taken)" "ok ok" "and then by mkdir"

note "names whose node would not be theirs"
rmdir $micro/taken
dmesg -c >/dev/null
is "$(micro-try write $test/create micro) $(logged "cannot make a device 'micro'")" "EINVAL 1" \
	"kernel code cannot have /dev/micro, and the log says so"
is "$(micro-try mkdir $micro/micro) $(micro-try rmdir $micro/micro)" "ok ok" "users can have /dev/micro/micro"
mkdir /dev/folder && : >/dev/file
for name in null tty console folder file; do
	is "$(micro-try write $test/create $name) $(logged "'$name' would have no node")" "EEXIST 1" \
		"the kernel cannot make a device $name: there is a /dev/$name, and the log says so"
done
is "$(stat -c %t:%T /dev/null) $([ -d /dev/folder ] && echo folder)" "1:3 folder" \
	"a refused device does not change what is in /dev"
rm -r /dev/folder /dev/file
is "$(micro-try write $test/create folder) $(micro-try write $test/destroy folder)" "ok ok" \
	"a name is free again when nothing in /dev has it"
dmesg -c >/dev/null
mkdir $micro/other
echo microkernel,sample-driver >$micro/other/compatible
: >/dev/micro/taken
mkdir $micro/taken
echo microkernel,sample-driver >$micro/taken/compatible
is "$(logged '/dev/micro/taken is not its node')" 1 "a file that a user left there: the log says so"
rm /dev/micro/taken
echo 0 >$micro/taken/live
echo 1 >$micro/taken/live
is "$(cat /dev/micro/taken) $(logged 'not its node')" "Sample driver data 0" "the next bind makes the node"
rmdir $micro/other

note "compatible"
compatible() {
	micro-try write $micro/taken/compatible -
}
printf 'test,old\nmicrokernel,sample-driver' | compatible >/dev/null
micro-hold start
micro-hold open a r /dev/micro/taken >/dev/null
# refused NAME FORMAT: this value is, and the old one stays, as do binding and files
refused() {
	# shellcheck disable=SC2059 # a format it is
	is "$(printf "$2" 0 | compatible)" EINVAL "$1"
	is "$(xargs <$micro/taken/compatible) $(cat $micro/taken/status)" \
		"test,old microkernel,sample-driver bound" "bad compatible strings leave the old ones"
}
refused "nothing" '\n'
refused "empty lines" '\n\n'
refused "an empty string between others" 'a\n\nb\n'
refused "an empty string before others" '\na\n'
refused "an empty string after others" 'a\nb\n\n'
refused "a tab" 'a\tb\n'
refused "a NUL" 'a\0b\n'
refused "a NUL at the end" 'a\0'
refused "an escape" 'a\33b\n'
refused "a delete" 'a\177b\n'
refused "a line end of DOS" 'a\r\n'
refused "what is not ASCII" 'a\344b\n'
refused "129 characters" '%0129d\n'
refused "129 characters in the second string" 'a\n%0129d\n'
refused "17 strings" "$(seq 17)"
refused "more than any valid value" "%04000d"
is "$(micro-hold read a)" "Sample driver data" "an open file works after its device refused bad input"
seq 16 >/tmp/longest
is "$(compatible </tmp/longest)" ok "16 strings"
is "$(cat $micro/taken/compatible)" "$(cat /tmp/longest)" "can be read back"
for i in $(seq 16); do
	printf '%0128d\n' "$i"
done >/tmp/longest
is "$(compatible </tmp/longest)" ok "16 strings of 128 characters"
is "$(cat $micro/taken/compatible)" "$(cat /tmp/longest)" "can be read back"
like "$(cat /sys/bus/micro_bus/devices/taken/modalias)" '^of:NtakenT\(null\)(C0*[1-9]){7}$' \
	"the modalias has those that fit, whole"
is "MODALIAS=$(cat /sys/bus/micro_bus/devices/taken/modalias)" \
	"$(grep MODALIAS /sys/bus/micro_bus/devices/taken/uevent)" \
		"the uevent of a device with the longest strings has its MODALIAS"
is "$(printf 'a b ~!"\n' | compatible) $(cat $micro/taken/compatible)" 'ok a b ~!"' "anything printable"

note "live"
for value in 2 -1 maybe ' 1' x '*'; do
	is "$(micro-try write $micro/taken/live "$value") $(cat $micro/taken/live)" "EINVAL 1" "live=$value"
done
is "$(printf '\n' | micro-try write $micro/taken/live -)" EINVAL "live=newline"
printf 'microkernel,sample-driver' | compatible >/dev/null
is "$(micro-try write $micro/taken/live no-nonsense) $(cat $micro/taken/status)" "ok off" \
	"only the beginning of what is written to live counts"

note "what cannot be written or made"
for attr in status driver devnode dev; do
	is "$(micro-try write $micro/taken/$attr x)" EACCES "$attr is not for writing"
done
is "$(micro-try rmdir $micro)" EPERM "the folder itself stays"

note "drivers"
dmesg -c >/dev/null
is "$(register x unnamed) $(logged 'a driver needs a name')" "EINVAL 1" "a driver without a name is refused"
is "$(register x name=) $(logged 'a driver needs a name')" "EINVAL 1" "a driver with an empty name is refused"
is "$(register x name=-x) $(logged 'a driver needs a name')" "EINVAL 1" "a driver with a bad name is refused"
is "$(register x name="$(zeros 64)") $(logged 'a driver needs a name')" "EINVAL 1" \
	"a driver with a name of 64 characters is refused"
is "$(register x name=a/b) $(logged 'a driver needs a name')" "EINVAL 1" \
	"a driver with a path for a name is refused"
is "$(register x read_iter) $(logged "driver 'x': give either")" "EINVAL 1" \
	"a driver with read and read_iter is refused"
is "$(register x write_iter) $(logged "driver 'x': give either")" "EINVAL 1" \
	"a driver with write and write_iter is refused"
is "$(register x) $(register x) $(logged "driver 'x' is already registered")" "ok EBUSY 1" "twice"
is "$(register y name=x) $(logged "driver 'x' is already registered")" "EBUSY 1" "two of one name"
is "$(register z name=sample_driver)" EBUSY "the name of another module's driver"
is "$(register z size=400) $(logged 'micro_test was built with another microkernel.h .*400 bytes')" \
	"EINVAL 1" "built for a struct of another size"
is "$(register z abi=4711) $(logged 'micro_test was built with another microkernel.h .ABI 4711')" \
	"EINVAL 1" "built for another interface"
is "$(mkdir $micro/x && cat /dev/micro/x)" "x x" "the one that is registered works"
unregister x
is "$(register x)" ok "a driver that was refused can be registered when it is right"
is "$(cat /dev/micro/x)" "x x" "a device of a driver that was refused once works"
rmdir $micro/x
micro-hold end
rmdir $micro/taken
run_ok rmmod micro_test sample_driver microkernel

done_testing
