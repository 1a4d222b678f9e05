#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A hundred devices of one driver: each has a node and data of its own.
# Needs root and the modules: after "make install", or in "make shell".
# shellcheck source=show.sh disable=SC2016 # run expands what it is given
. "${0%/*}/show.sh"

say 'No module is loaded yet but the core: mkdir asks for the driver by its name'
run 'modprobe microkernel'
run "for i in \$(seq 100); do mkdir $micro/sample_driver.\$i; done"
expect 100 "cat $micro/sample_driver.*/status | grep -c bound"

# the driver makes /dev/sample_driver when it is loaded, and that is one more
expect 101 'ls /sys/bus/micro_bus/drivers/sample_driver | grep -c sample_driver'

say 'Each keeps what was written to it, and not to another one'
run 'for i in $(seq 100); do echo "number $i" > /dev/micro/sample_driver.$i; done'
expect 'number 42' 'cat /dev/micro/sample_driver.42'
expect 100 'cat /dev/micro/sample_driver.* | sort -u | wc -l'

say 'Every second one goes; the others do not notice'
run "for i in \$(seq 2 2 100); do rmdir $micro/sample_driver.\$i; done"
expect 50 'ls /dev/micro | wc -l'
expect 'number 41' 'cat /dev/micro/sample_driver.41'

say 'And all others'
run "rmdir $micro/sample_driver.*"
expect '' 'ls /dev/micro 2> /dev/null || true'
run 'rmmod sample_driver microkernel'
