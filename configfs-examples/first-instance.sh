#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The first session: a driver, its own instance, two more made with mkdir.
# Every command is shown before its output. Needs root and the two modules in
# the current folder, as after "make" or in "make shell".
set -eu

micro=/sys/kernel/config/micro

run() {
	printf '\n# %s\n' "$*"
	eval "$*"
}

run 'insmod microkernel.ko; insmod sample_driver.ko'
run 'cat /dev/sample_driver; echo'
run 'echo "Hello from microkernel" > /dev/sample_driver;  cat /dev/sample_driver'

run "mkdir $micro/sample_driver.1"
run 'ls -l /dev/sample_driver /dev/micro/sample_driver.1'
run 'echo "My own data" > /dev/micro/sample_driver.1;  cat /dev/micro/sample_driver.1'
run 'cat /dev/sample_driver'

run "mkdir $micro/greeter"
run "cat $micro/greeter/status"
run "echo microkernel,sample-driver > $micro/greeter/compatible"
for attr in status driver devnode dev; do
	run "cat $micro/greeter/$attr"
done

run "rmdir $micro/greeter $micro/sample_driver.1"
run 'rmmod sample_driver; rmmod microkernel'
run 'ls /dev/micro /dev/sample_driver 2>&1 || true'
