#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Settings: properties of a device, and child nodes with properties of their own.
# They are what a device tree's node has, and drivers read both the same way.
# Needs root and the modules, micro_dump of the tests among them: "make shell".
# shellcheck source=show.sh
. "${0%/*}/show.sh"

dev=$micro/greeter

say 'A device without a driver, to be set up in peace'
run 'modprobe sample_driver'
run "mkdir $dev"
expect unbound "cat $dev/status"

say 'A property is a folder; its value is written to the file of its type'
run "mkdir $dev/properties/buffer-size"
run "echo 16 > $dev/properties/buffer-size/u32"
expect u32 "cat $dev/properties/buffer-size/type"

say 'With a compatible string it gets its driver, which reads the property'
run "echo microkernel,sample-driver > $dev/compatible"
expect bound "cat $dev/status"
run 'echo "15 bytes, or so" > /dev/micro/greeter'
refused 'echo "more than 16 bytes" > /dev/micro/greeter'

say 'While it is bound its properties are fixed: take it off, and on again'
refused "echo 64 > $dev/properties/buffer-size/u32"
run "echo 0 > $dev/live"
run "echo 64 > $dev/properties/buffer-size/u32"
run "echo 1 > $dev/live"
expect 'more than 16 bytes' \
	'echo "more than 16 bytes" > /dev/micro/greeter;  cat /dev/micro/greeter'

say 'A value that the driver does not take: it says so at once'
run "echo 0 > $dev/live"
run "echo 0 > $dev/properties/buffer-size/u32"
refused "echo 1 > $dev/live"
expect 'failed EINVAL' "cat $dev/status"
run "rmdir $dev/properties/buffer-size $dev"

say 'Child nodes, for a driver that shows what it sees of them'
dev=$micro/converter
run 'modprobe micro_dump'
run "mkdir $dev $dev/children/channel@0 $dev/children/channel@1"
run "mkdir $dev/children/channel@0/properties/label"
run "echo voltage > $dev/children/channel@0/properties/label/string"
run "mkdir $dev/children/channel@1/properties/reg"
run "echo 1 2 3 > $dev/children/channel@1/properties/reg/u32"
run "echo microkernel,dump > $dev/compatible"
expect 'compatible: "microkernel,dump"
node channel@0
  label: "voltage"
node channel@1
  reg: 1 2 3' 'cat /dev/micro/converter'

say 'What was made with mkdir goes with rmdir, the inner folders first'
run "rmdir $dev/children/channel@0/properties/label $dev/children/channel@1/properties/reg"
run "rmdir $dev/children/channel@0 $dev/children/channel@1 $dev"
run 'rmmod micro_dump sample_driver microkernel'
