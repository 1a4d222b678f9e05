#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The example of a driver that is not part of this project, as its author tries it
# vm: --module packaging/examples/counter
# except: race

. /tests/lib/tap.sh

micro=/sys/kernel/config/micro

note "built for this kernel by scripts/vm --module"
run_ok insmod microkernel.ko
run_ok insmod counter.ko
run_ok mkdir $micro/counter.0
is "$(cat $micro/counter.0/status)" bound "the example binds an instance"
is "$(cat /dev/micro/counter.0 /dev/micro/counter.0 | xargs)" "1 2" "the example counts reads"
run_ok rmdir $micro/counter.0
run_ok rmmod counter
run_ok rmmod microkernel
done_testing
