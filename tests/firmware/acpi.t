#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Devices that ACPI has: names good and bad, data nodes and Device objects, two
# buses that come and go. Their properties are in same-answers.t.
# vm: --acpi tests/firmware/odd.asl
# kernels: 6.1 6.12 7.3 debug clang
# archs: amd64
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
bus=/sys/bus/platform/drivers/microkernel-bus
nodes="KID1 last left named right sample_driver.7 third twin"

# as_udev: loads what fits the devices that the kernel has found
as_udev() {
	find /sys/devices -name modalias | while read -r file; do
		modprobe -q "$(cat "$file")"
	done
}

# shellcheck disable=SC2317 # wait_for calls it
have_nodes() {
	[ "$(cd /dev/micro 2>/dev/null && echo *)" = "$1" ]
}

modalias() {
	cat "/sys/bus/micro_bus/devices/$1/modalias"
}

has_driver() {
	[ -e "/sys/bus/micro_bus/devices/$1/driver" ]
}

like "$(cat /sys/bus/platform/devices/PRP0001:00/modalias)" "^of:.*Cmicrokernel,bus$" "the kernel has found the bus"
wait_for have_nodes "$nodes"
is "$(cd /dev/micro && echo *)" "$nodes" "devices of ACPI have nodes after what udev does at boot"

note "names and drivers"
is "$(xargs </dev/micro/last)" "compatible: microkernel,dump x: 9" "a data node, by its name"
is "$(xargs </dev/micro/left)" "compatible: microkernel,dump label: left" \
	"a device of ACPI is called as its label says"
is "$(cat /dev/micro/sample_driver.7)" "Sample dri" "sample_driver@7 has no compatible: the driver of that name"
is "$(modalias sample_driver.7)" micro:sample_driver "the name's base is in the modalias"
is "$(cat /dev/micro/named) $(modalias named)" "Sampl micro:sample_driver" \
	"a device with a label matches by its node's name"
[ ! -e /sys/bus/micro_bus/devices/disabled ]
ok $? "a data node whose status is disabled is left alone"
is "$(xargs </dev/micro/KID1)" "compatible: microkernel,dump x: 1 node inside x: 11" \
	"a Device object, with a child that is a data node"
is "$(xargs </dev/micro/third)" "compatible: microkernel,dump label: third x: 3" \
	"a Device object with a platform device of its own becomes a device"
is "$(xargs </dev/micro/right)" "compatible: microkernel,dump x: 2" "a data node next to Device objects"
[ ! -e /sys/bus/micro_bus/devices/KID2 ]
ok $? "a Device object that is not present (_STA) is left alone"
[ -e /sys/bus/micro_bus/devices/nobody ] && ! has_driver nobody
ok $? "a device without a driver waits"
is "$(modalias nobody)" "of:NnobodyT(null)Ctest,nobodyCtest,nothing" \
	"a device without a driver has the modalias of its strings"
[ -e /sys/bus/micro_bus/devices/failing ] && ! has_driver failing
ok $? "a device whose probe fails is not bound"
is "$(ls $micro)" "" "configfs has no device of ACPI"

note "what is skipped, with one line that says why"
is "$(xargs </dev/micro/twin)" "compatible: microkernel,dump label: twin x: 1" \
	"of two nodes with one label the first becomes a device"
is "$(dmesg | grep -c 'MKB1.second is skipped: .*MKB1.first is named .twin. too')" 1 "the line names both"
is "$(dmesg | grep -c 'MKB1.no name is skipped: ')" 1 "a node whose label is no device name is skipped"
is "$(dmesg | grep -c 'MKB1.odd-strings is skipped: ')" 1 "compatible strings that no device could have"
is "$(micro-try mkdir $micro/left)" EEXIST "a user cannot take a name that ACPI has"

note "buses that go and come"
micro-hold start
micro-hold open a r /dev/micro/left >/dev/null
micro-hold open b r /dev/micro/third >/dev/null
is "$(micro-try write $bus/unbind PRP0001:00)" ok "the first bus is unbound while a file is open"
is "$(cd /dev/micro && echo *)" "KID1 right third" "unbinding a bus removes its devices only"
is "$(micro-hold read a)" ENODEV "the file is dead"
is "$(micro-hold read b | head -n 1)" 'compatible: "microkernel,dump"' "a file of the other bus works on"
is "$(micro-try mkdir $micro/left)" ok "the names are free"
is "$(micro-try write $bus/bind PRP0001:00)" ok "the bus is bound again"
wait_for have_nodes "KID1 last named right sample_driver.7 third twin"
is "$(cd /dev/micro && echo *)" "KID1 last named right sample_driver.7 third twin" \
	"binding a bus makes its devices but the one whose name is taken"
like "$(dmesg | grep MKB1.dump@2)" "MKB1.dump@2 is skipped: .*'left'.*EEXIST" "the log says so"
is "$(cat $micro/left/status)" unbound "the user's device has not changed"
rmdir $micro/left
is "$(micro-try write $bus/unbind PRP0001:00) $(micro-try write $bus/bind PRP0001:00)" "ok ok" "once more"
wait_for have_nodes "$nodes"
is "$(cd /dev/micro && echo *)" "$nodes" "binding a bus makes all devices when all names are free"
is "$(micro-hold read a)" ENODEV "the dead file stays dead"
micro-hold end

note "modules that are unloaded and loaded again"
is "$(micro-try rmmod microkernel)" EAGAIN "the core stays for its drivers"
run_ok rmmod micro_dump
is "$(cd /dev/micro && echo *)" "named sample_driver.7" "devices without a driver have no nodes"
gone micro_dump
as_udev
wait_for have_nodes "$nodes"
is "$(cd /dev/micro && echo *)" "$nodes" "the driver's devices ask for it"
run_ok rmmod micro_dump sample_driver
run_ok rmmod microkernel
[ ! -e /dev/micro ] && [ ! -e /sys/bus/micro_bus ]
ok $? "all devices are gone with the core"

done_testing
