#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes while a program sleeps in read(): with the framework. "make oops" runs this
# in a guest.
# shellcheck source=../../../configfs-examples/show.sh
. /root/configfs-examples/show.sh

say 'With the framework (docs/teaching/oops/safe.c)'
run 'insmod microkernel.ko; insmod safe.ko'
run 'cat /dev/safe & sleep 1'
run 'echo 1 >/sys/bus/pci/devices/0000:00:01.0/remove'
refused 'wait $!'
run 'rmmod safe && echo unloaded'
run 'rmmod microkernel'
