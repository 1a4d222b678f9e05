#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes while a program sleeps in read(): with a misc device, as many drivers have
# one. "make oops" runs this in a guest.
# shellcheck source=../../../configfs-examples/show.sh
. /root/configfs-examples/show.sh

say 'With a misc device (docs/teaching/oops/naive.c)'
run 'insmod naive.ko'
run 'cat /dev/naive & sleep 1'
refused 'rmmod naive'
run 'echo 1 >/sys/bus/pci/devices/0000:00:01.0/remove'
# the guest is to live on, so that it can show what has happened
echo 0 >/proc/sys/kernel/panic_on_oops
run 'kill $!; sleep 1'
run 'dmesg | grep -oE "list_del corruption.*|kernel BUG.*|Comm: cat|naive_read.*"'
