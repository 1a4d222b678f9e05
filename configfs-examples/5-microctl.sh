#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The same with microctl: devices with one command, or as a file describes them.
# Needs root, microctl and dtc, and the modules, micro_dump of the tests among
# them: "make shell".
# shellcheck source=show.sh
. "${0%/*}/show.sh"

file=$(mktemp -d)/wanted.dtso
trap 'rm -rf "${file%/*}"' EXIT

say 'One device with a property, all or nothing'
run 'modprobe microkernel'
run 'microctl create greeter --compatible microkernel,sample-driver --set buffer-size=u32:64'
expect bound "cat $micro/greeter/status"
refused 'microctl create nobody --compatible microkernel,sample-driver --set buffer-size=u32:0'
refused "ls -d $micro/nobody"

say 'Child nodes, and properties of theirs'
run 'modprobe micro_dump'
run 'microctl create converter --compatible microkernel,dump \
	--set channel@0/label=string:voltage --set channel@1/reg=u32:1,2,3'
run 'microctl tree'
expect 'compatible: "microkernel,dump"
node channel@0
  label: "voltage"
node channel@1
  reg: 1 2 3' 'cat /dev/micro/converter'

say 'What there is, as an overlay: a file to keep, to change, and to go back to'
run "microctl save greeter converter > $file"
run "cat $file"
run 'microctl remove converter'
refused "microctl diff $file"
run "microctl apply $file"
expect '' "microctl diff $file"

say 'Another setting: only what differs is touched'
run 'echo "I am still here" > /dev/micro/greeter'
run "sed -i s/voltage/current/ $file"
run "microctl apply $file"
expect '  label: "current"' 'grep label /dev/micro/converter'
expect 'I am still here' 'cat /dev/micro/greeter'

run 'microctl remove greeter converter'
run 'rmmod micro_dump sample_driver microkernel'
