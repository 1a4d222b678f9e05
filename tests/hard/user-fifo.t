#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The example fifo of libmicro is killed at each instruction of its requests, one after
# another, and loses or repeats no byte. Far fewer instructions in the smaller tiers.
# kernels: 6.12 debug race
# vm: --timeout 20000
. /tests/lib/tap.sh
. /tests/lib/user.sh

run_ok modprobe micro_user
make_driver fifo memory-size/u32=524288 'again/string=read\nwrite\n' attempts/u32=1000
mkdir $micro/fifo.0
# the requests of a write and a read are about 1600 instructions of the server
case $TIER in
long) step=3 ;;
all) step=37 ;;
*) step=61 ;;
esac
in_hand=$(timeout 19000 micro-step micro_user.fifo /dev/micro/fifo.0 1 1600 $step user-fifo fifo)
ok $? "no byte is lost or repeated"
[ "$in_hand" -gt 5 ]
ok $? "$in_hand servers were killed with a request in hand"
rmdir $micro/fifo.0
remove_driver fifo
run_ok rmmod micro_user
done_testing
