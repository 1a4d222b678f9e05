#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# User drivers under load, while servers and clients are killed, devices and drivers go, and
# modules are unloaded: no number is lost or repeated, no file is lost (micro-kills).
# kernels: 6.1 6.12 7.3 debug race clang
# parts: long/debug 4
# vm: --timeout 10800 --mem 1024

. /tests/lib/tap.sh

# each object that is freed is worth a message there, which takes most of the time
[ ! -e /sys/kernel/debug/kmemleak ] || {
	echo N >/sys/module/printk/parameters/ignore_loglevel
	dmesg -n 5
}
# a guest that is slow is not stuck
run_ok modprobe microkernel patience_ms=60000
run_ok modprobe micro_user
# programs take time, so mkdir does not ask for modules
echo >/proc/sys/kernel/modprobe

# kills WHAT NUMBER: one run
kills() {
	note "micro-kills $1 $2 ${SEED:-1}"
	micro-kills "$1" "$2" "${SEED:-1}" >/tmp/kills
	ok $? "$1: nothing is lost or repeated"
	cat /tmp/kills
	# it must have done something
	is "$(grep -c ': [0-9]* calls$' /tmp/kills)" "$(grep -c ': [1-9][0-9]* calls$' /tmp/kills)" \
		"$1: each client got on"
}

# in all four parts of the tier "long" on debug: 10,000 deaths, and 2,000 of each other
case $TIER/$(uname -r) in
long/*-debug) deaths=2500 others=500 loads=500 ;;
long/*) deaths=1000 others=200 loads=50 ;;
*-debug) deaths=150 others=20 loads=3 ;;
*) deaths=300 others=60 loads=8 ;;
esac
kills deaths $deaths
for what in clients unplugs drivers; do
	kills $what $others
done
kills unloads $loads

run_ok rmmod micro_user
is "$(find /dev/micro ! -type d 2>/dev/null | wc -l)" 0 "no node is left"
done_testing
