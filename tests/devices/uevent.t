#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who hears that there is a node, as a rule of udev does, and looks at the device, sees
# it bound: never a state from before. And who sees it bound finds the node.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro

modprobe sample_driver
mkdir $micro/sample_driver.x
micro-uevent $micro/sample_driver.x 200 >/tmp/seen
ok $? "200 times a listener has heard of the node"
is "$(sort /tmp/seen | uniq -c | xargs)" "200 bound ok" "each time the status was bound, and the node could be opened"
for what in status:bound driver:sample_driver devnode:micro/sample_driver.x dev:; do
	micro-uevent $micro/sample_driver.x 200 "${what%%:*}" "${what#*:}" >/tmp/seen
	ok $? "200 times somebody has waited for ${what%%:*}"
	is "$(sort /tmp/seen | uniq -c | xargs)" "200 bound ok" "each time the status was bound, and the node could be opened"
done
rmdir $micro/sample_driver.x
run_ok rmmod sample_driver microkernel
done_testing
