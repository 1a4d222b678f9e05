#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The first session: a driver, its own instance, two more made with mkdir.
# Every command is shown before its output. Needs root and the two modules in
# the current folder, as after "make" or in "make shell".
# shellcheck source=show.sh
. "${0%/*}/show.sh"

run 'insmod microkernel.ko; insmod sample_driver.ko'
expect 'Sample driver data' 'cat /dev/sample_driver; echo'
expect 'Hello from microkernel' \
	'echo "Hello from microkernel" > /dev/sample_driver;  cat /dev/sample_driver'

run "mkdir $micro/sample_driver.1"
run 'ls -l /dev/sample_driver /dev/micro/sample_driver.1'
expect 'My own data' \
	'echo "My own data" > /dev/micro/sample_driver.1;  cat /dev/micro/sample_driver.1'
expect 'Hello from microkernel' 'cat /dev/sample_driver'

run "mkdir $micro/greeter"
expect unbound "cat $micro/greeter/status"
run "echo microkernel,sample-driver > $micro/greeter/compatible"
expect bound "cat $micro/greeter/status"
expect sample_driver "cat $micro/greeter/driver"
expect micro/greeter "cat $micro/greeter/devnode"
run "cat $micro/greeter/dev"

run "rmdir $micro/greeter $micro/sample_driver.1"
run 'rmmod sample_driver; rmmod microkernel'
run 'ls /dev/micro /dev/sample_driver 2>&1 || true'
