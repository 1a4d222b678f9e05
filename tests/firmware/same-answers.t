#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A driver cannot tell who made its device: the same settings from ACPI, configfs,
# microctl, kernel code and a device tree give what tests/firmware/answers.expected says. Nor
# can a program tell whether the driver is in the kernel or a process.
# except: race
# vm: --file tests/firmware/answers.expected:/tests/firmware/ --file tests/firmware/answers.dtso
# archs: amd64 arm64
# vm-amd64: --acpi tests/firmware/answers.asl
# vm-arm64: --dtbo tests/firmware/answers.dtso
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
bus=/sys/bus/platform/drivers/microkernel-bus
expected=/tests/firmware/answers.expected
names="dump.1 sample.2 fifo.3 ram.4"

# nodes FOLDER: are all of them there?
nodes() {
	for name in $names; do
		[ -e "$1/$name" ] || return 1
	done
}

# shellcheck disable=SC2317 # wait_for calls it
no_nodes() {
	for name in $names; do
		[ ! -e "$1/$name" ] || return 1
	done
}

# answers FOLDER: what the devices below it say and do
answers() {
	echo dump:
	cat "$1/dump.1"

	echo sample:
	cat "$1/sample.2"
	echo
	for size in 100 101; do
		echo "write $size: $(head -c $size /dev/zero | micro-try write "$1/sample.2" -)"
	done

	# a pipe takes as much of a write as it has room, and a read gets that
	echo fifo:
	head -c 200 /dev/zero | micro-try write "$1/fifo.3" - >/tmp/written &
	first=$(dd if="$1/fifo.3" bs=1000 count=1 2>/dev/null | wc -c)
	wait $!
	echo "of 200 bytes: $first $(dd if="$1/fifo.3" bs=1000 count=1 2>/dev/null | wc -c)"

	echo ram:
	echo "$(wc -c <"$1/ram.4") bytes"
	printf end | dd of="$1/ram.4" bs=1 seek=12342 conv=notrunc 2>/dev/null
	tail -c 3 "$1/ram.4"
	echo
}

# by_node: the child nodes sorted, as both the kernel and fdtoverlay put those of
# an overlay into the tree last first. Each line gets a key: of the lines before the child nodes,
# of its child node, or of those after them.
by_node() {
	awk '/^sample:/ { after = 1 }
		/^node / { key = "b" $2 }
		!/^(node |  )/ { key = after ? "c" : "a" }
		{ print key "\t" $0 }' | sort -s -t "$(printf '\t')" -k 1,1 | cut -f 2-
}

# same WHO FOLDER [FILTER]: compares, but for lines with FILTER in them
same() {
	nodes "$2"
	ok $? "$1: the devices are there" || return
	answers "$2" >/tmp/got 2>&1
	case $1 in
	*overlay)
		by_node </tmp/got >/tmp/sorted
		mv /tmp/sorted /tmp/got
		;;
	esac
	grep -v -e "${3:-^$}" $expected >/tmp/want
	grep -v -e "${3:-^$}" /tmp/got >/tmp/got.filtered
	diff /tmp/want /tmp/got.filtered >/tmp/diff
	ok $? "$1: what drivers see and do is as expected" || diag "$(cat /tmp/diff)"
}

# set NODE NAME TYPE VALUE: a property in configfs
set_prop() {
	mkdir "$1/properties/$2"
	[ "$3" = bool ] || printf '%b' "$4" >"$1/properties/$2/$3"
}

from_configfs() {
	mkdir $micro/dump.1 $micro/sample.2 $micro/fifo.3 $micro/ram.4
	while read -r name type value; do
		set_prop $micro/dump.1 "$name" "$type" "$value"
	done <<-'END'
		reg u32 1
		a-bool bool
		a-u8 u8 200
		b-u8 u8 0 1 127 128 255
		a-u16 u16 50000
		b-u16 u16 1 256 65535
		a-u32 u32 4000000000
		b-u32 u32 1 65536 4294967295
		a-u64 u64 10000000000000000000
		b-u64 u64 1 4294967296 18446744073709551615
		a-string string just one
		b-string string one\n\ntwo words\nthree, four
		c-string string \n
		micro,Odd_name.+?#1- u32 1
		a-name-of-31-characters-in-all- u32 31
	END
	kids=$micro/dump.1/children
	mkdir $kids/channel@0 $kids/channel@1 $kids/channel@1/children/deep \
		$kids/channel@1/children/deep/children/empty
	set_prop $kids/channel@0 reg u32 0
	set_prop $kids/channel@0 compatible string test,channel
	set_prop $kids/channel@1 reg u32 1
	set_prop $kids/channel@1 b-bool bool
	set_prop $kids/channel@1/children/deep x u32 7
	set_prop $kids/channel@1/children/deep label string deep
	set_prop $micro/sample.2 buffer-size u32 100
	set_prop $micro/fifo.3 fifo-size u32 128
	set_prop $micro/ram.4 size u32 12345
	printf 'test,most-specific\nmicrokernel,dump\n' >$micro/dump.1/compatible
	echo microkernel,sample-driver >$micro/sample.2/compatible
	echo microkernel,fifo >$micro/fifo.3/compatible
	echo microkernel,ram >$micro/ram.4/compatible
}

# In this order, a folder is empty when its turn comes
rm_configfs() {
	find $micro -mindepth 2 -depth -path '*/properties/*' -type d -exec rmdir {} \;
	find $micro -mindepth 2 -depth -path '*/children/*' -type d \
		! -name children ! -name properties -exec rmdir {} \;
	rmdir $micro/*
}

if ls -d /sys/bus/platform/devices/PRP0001:* >/dev/null 2>&1; then
	note "ACPI, with no command but what udev does at boot"
	wait_for nodes /dev/micro
	# integers of ACPI have 32 bits when the first table is of revision 1, as QEMU's
	same ACPI /dev/micro -u64
	like "$(grep a-u64 /dev/micro/dump.1)" "^a-u64: (2313682944|10000000000000000000)$" "ACPI: 64 bits, or the lower 32"
	is "$(micro-try write $bus/unbind PRP0001:00)" ok "ACPI: the bus can be unbound"
	no_nodes /dev/micro
	ok $? "ACPI: then the devices are gone"
else
	skip "this machine has no ACPI" 5
fi

note "a device tree that was there at boot"
if grep -qs microkernel,bus /sys/firmware/devicetree/base/answers/compatible; then
	wait_for nodes /dev/micro
	same "boot overlay" /dev/micro
	is "$(micro-try write $bus/unbind answers)" ok "boot overlay: the bus can be unbound"
	no_nodes /dev/micro
	ok $? "boot overlay: then the devices are gone"
else
	skip "this machine was not booted with answers.dtbo" 4
fi

note "an overlay at run time"
overlays=/sys/kernel/config/device-tree/overlays
if modprobe -q micro_overlay; then
	modprobe microkernel
	mkdir $overlays/answers
	is "$(micro-try write $overlays/answers/dtbo - </root/dts-overlays/answers.dtbo)" ok "run-time overlay: applied"
	wait_for nodes /dev/micro
	same "run-time overlay" /dev/micro
	is "$(micro-try rmdir $overlays/answers)" ok "run-time overlay: removed"
	no_nodes /dev/micro
	ok $? "run-time overlay: and so are the devices"
else
	skip "this kernel has no overlays at run time" 5
fi

note "configfs"
modprobe microkernel
from_configfs
same configfs /dev/micro
rm_configfs
is "$(ls $micro)" "" "configfs: all is removed"

note "a process in place of sample_driver"
if command -v user-sample >/dev/null; then
	rmmod sample_driver
	gone sample_driver
	modprobe micro_user
	driver=$micro/micro_user.user_sample
	mkdir $driver
	echo 0 >$driver/live
	gone user_sample
	set_prop $driver memory-size u32 65536
	set_prop $driver compatible-list string microkernel,sample-driver
	echo 1 >$driver/live
	user-sample user_sample &
	server=$!
	from_configfs
	is "$(cat $micro/sample.2/driver)" user_sample "user driver: it has the device"
	same "user driver" /dev/micro
	rm_configfs
	wait $server
	isnt $? 0 "user driver: its server ends with it"
	rmmod micro_user
else
	skip "there is no libmicro for this machine" 4
fi

note "microctl, from the source of the overlay"
if command -v microctl >/dev/null; then
	run_ok microctl apply answers.dtso
	same microctl /dev/micro
	# shellcheck disable=SC2086 # words
	run_ok microctl remove $names
else
	skip "there is no microctl for this machine" 4
fi

note "kernel code, with software nodes"
rmmod micro_dump
gone micro_dump
modprobe -a sample_driver micro_fifo micro_ram
run_ok insmod micro_dump.ko create=1
same "kernel code" /dev
run_ok rmmod micro_dump

done_testing
