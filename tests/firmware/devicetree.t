#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Devices of overlays that a boot loader has merged into the machine's tree: there
# without a command, with names good and bad, on buses that come and go. Their
# properties are in same-answers.t.
# archs: arm64
# vm: --dtbo dts-overlays/several.dtso
# vm: --dtbo tests/firmware/boot.dtso --dtbo tests/firmware/boot-more.dtso
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
devices=/sys/bus/micro_bus/devices
bus=/sys/bus/platform/drivers/microkernel-bus
several="greeting pipe.1 pipe.2 scratch"
more="other shared"
odd="$more left named right sample_driver.7 twin"

# sorted NAME...: with blanks between them
sorted() {
	printf '%s\n' "$@" | sort | xargs
}

nodes() {
	(cd /dev/micro 2>/dev/null && echo *)
}

# have_nodes NAME...: these and no others
have_nodes() {
	[ "$(nodes)" = "$(sorted "$@")" ]
}

has_driver() {
	[ -e "$devices/$1/driver" ]
}

# skipped NODE WHY: how many lines say so
skipped() {
	dmesg | grep -c "$1 is skipped: .*$2"
}

# shellcheck disable=SC2086 # names are words
wait_for have_nodes $several $odd
# shellcheck disable=SC2086
is "$(nodes)" "$(sorted $several $odd)" "devices of the tree have nodes, with no command typed"

note "they work"
is "$(micro-try write /dev/micro/greeting hello) $(cat /dev/micro/greeting)" "ok hello" "greeting keeps a message"
is "$(head -c 65 /dev/zero | micro-try write /dev/micro/greeting -)" EMSGSIZE \
	"a device of the tree has the buffer-size of its node"
is "$(head -c 512 /dev/zero | micro-try write /dev/micro/pipe.2 -) $(dd if=/dev/micro/pipe.2 bs=600 count=1 2>/dev/null | wc -c)" \
	"ok 512" "pipe.2 takes fifo-size bytes"
is "$(wc -c </dev/micro/scratch)" 1048576 "scratch has its size"

note "names and drivers"
is "$(xargs </dev/micro/left)" "compatible: microkernel,dump label: left status: okay reg: 2 x: 2" \
	"a node by its label; it has what the second overlay added"
is "$(xargs </dev/micro/right)" "compatible: microkernel,dump label: right reg: 13" \
	"a device that the second overlay added is there"
is "$(xargs </dev/micro/other)" "compatible: microkernel,dump" \
	"a device without a label is called as its node"
is "$(cat /dev/micro/sample_driver.7)" "Sample dri" "sample_driver@7 has no compatible: the driver of that name"
is "$(cat $devices/sample_driver.7/modalias)" micro:sample_driver "the name's base is in the modalias"
is "$(cat /dev/micro/named) $(cat $devices/named/modalias)" "Sampl micro:sample_driver" \
	"a device with a label matches by its node's name"
is "$(cat $devices/left/modalias)" "of:NdumpT(null)Cmicrokernel,dump" "the modalias of one with compatible strings"
is "$(readlink -f $devices/left/of_node)" /sys/firmware/devicetree/base/microkernel-boot/dump@2 \
	"sysfs has a link to the device's node"
for name in dump.1 dump.3 dump.4 pipe.3 never; do
	[ ! -e $devices/$name ]
	ok $? "$name is not in use, and left alone"
done
for name in nobody.b failing.c; do
	[ -e $devices/$name ] && ! has_driver $name
	ok $? "$name is there, without a driver"
done

# both overlays and nodes are put into the tree last first
note "what is skipped, with one line that says why"
is "$(xargs </dev/micro/twin)" "compatible: microkernel,dump label: twin reg: 9" \
	"of two nodes with one label the first becomes a device"
is "$(skipped /microkernel-boot/first@8 "/microkernel-boot/second@9 is named 'twin' too")" 1 "the line names both nodes"
is "$(skipped /microkernel-boot/dump@e "/microkernel-boot-more/dump is named 'shared' too")" 1 "the same for nodes of two buses"
is "$(skipped /microkernel-boot/dump@a "no device 'no/name': .*EINVAL")" 1 \
	"a node whose name is no device name is skipped"
is "$(micro-try mkdir $micro/right)" EEXIST "a user cannot take a name that the tree has"

note "buses that go and come"
micro-hold start
micro-hold open a r /dev/micro/left >/dev/null
micro-hold open b rw /dev/micro/pipe.1 >/dev/null
is "$(micro-try write $bus/unbind microkernel-boot)" ok "a bus is unbound while a file is open"
# shellcheck disable=SC2086
is "$(nodes)" "$(sorted $several $more)" "unbinding a bus removes its devices only"
is "$(micro-hold read a)" ENODEV "the file is dead"
is "$(micro-hold write b text)" 4 "a file of another bus works on"
is "$(micro-try mkdir $micro/left) $(cat $micro/left/status)" "ok unbound" "the names are free"
is "$(micro-try write $bus/bind microkernel-boot)" ok "the bus is bound again"
# shellcheck disable=SC2086
wait_for have_nodes $several $more named right sample_driver.7 twin
# shellcheck disable=SC2086
is "$(nodes)" "$(sorted $several $more named right sample_driver.7 twin)" \
	"binding a bus makes its devices but the one whose name is taken"
is "$(skipped /microkernel-boot/dump@2 "'left': .*EEXIST")" 1 "the log says so"
rmdir $micro/left
is "$(micro-try write $bus/unbind microkernel-boot) $(micro-try write $bus/bind microkernel-boot)" "ok ok" "once more"
# shellcheck disable=SC2086
wait_for have_nodes $several $odd
# shellcheck disable=SC2086
is "$(nodes)" "$(sorted $several $odd)" "binding a bus makes all devices when all names are free"
is "$(micro-hold read a)" ENODEV "the dead file stays dead"
micro-hold end

note "modules that are unloaded and loaded again"
run_ok rmmod micro_dump micro_fifo micro_ram sample_driver
run_ok rmmod microkernel
[ ! -e /dev/micro ] && [ ! -e /sys/bus/micro_bus ]
ok $? "all devices are gone with the core"
run_ok modprobe microkernel
# shellcheck disable=SC2086
wait_for have_nodes $several $odd
# shellcheck disable=SC2086
is "$(nodes)" "$(sorted $several $odd)" "the bus's module brings all back"

done_testing
