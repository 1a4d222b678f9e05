#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Servers of a user driver that are enemies of their clients and of the kernel (micro-hostile):
# no call returns what it can't, or lasts for ever, and the kernel has nothing to report.
# kernels: 6.1 6.12 7.3 debug race clang
# parts: long/debug 2
# vm: --timeout 10800 --mem 1024

. /tests/lib/tap.sh
. /tests/lib/user.sh

[ ! -e /sys/kernel/debug/kmemleak ] || {
	echo N >/sys/module/printk/parameters/ignore_loglevel
	dmesg -n 5
}
run_ok modprobe micro_user
echo >/proc/sys/kernel/modprobe
# lines about programs that crash: here it is what they are for
echo 0 >/proc/sys/kernel/print-fatal-signals
cd /tmp || exit

# in both parts of the tier "long" on debug: 100,000
case $TIER/$(uname -r) in
long/*-debug) replies=25000 ;;
long/*) replies=10000 ;;
*-debug) replies=1000 ;;
*) replies=2500 ;;
esac

all='again/string=open\nrelease\nread\nwrite\nioctl\nllseek\n'
# hostile LABEL [PROPERTY/TYPE=VALUE]...: one run
hostile() {
	label=$1
	shift
	make_driver h answer-ms/u32=500 grace-ms/u32=3000 memory-size/u32=8192 "$@"
	mkdir $micro/h.x
	note "micro-hostile $replies ${SEED:-1}"
	micro-hostile /dev/micro/micro_user.h /dev/micro/h.x $replies "${SEED:-1}" >/tmp/result
	ok $? "$label: no call returns what it can't, or lasts for ever"
	cat /tmp/result
	rm -f core core.*
	rmdir $micro/h.x
	remove_driver h
}

# a core dump waits for the program that takes it
echo '|/bin/sleep 1' >/proc/sys/kernel/core_pattern
hostile "detach" on-hang/string=detach data-size/u32=5000 depth/u32=4 "$all"
echo core >/proc/sys/kernel/core_pattern
hostile "kill" on-hang/string=kill release/string=call depth/u32=2

run_ok rmmod micro_user
done_testing
