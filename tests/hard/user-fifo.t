#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The example fifo of libmicro is killed at each instruction of its requests, one after
# another, and loses or repeats no byte. Far fewer instructions in the smaller tiers.
# kernels: 6.12 debug race
# vm: --timeout 20000
. /tests/lib/tap.sh
. /tests/lib/user.sh
. /tests/lib/fifo.sh

run_ok modprobe micro_user
case $TIER in
long) step=3 ;;
all) step=37 ;;
*) step=61 ;;
esac
fifo_dies $step 19000
run_ok rmmod micro_user
done_testing
