#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each allocation in what a user driver's server and its clients do fails once: nothing is
# half made, and nothing leaks (scripts/vm scans for that).
# kernels: debug
# vm: --timeout 1800

. /tests/lib/tap.sh

# each object that is freed is worth a message there, which takes much of the time
echo N >/sys/module/printk/parameters/ignore_loglevel
dmesg -n 6
run_ok modprobe micro_user
echo >/proc/sys/kernel/modprobe

# each of them, or each third, not always the same
every=3
[ "$TIER" != all ] || every=1
first=$((${SEED:-0} % every + 1))
note "each failure that is the $first. of $every"

micro-user-faults --every $every --first $first | tee /tmp/faults
tail -n 1 /tmp/faults | grep -q ', 0 wrong$'
ok $? "micro-user-faults has seen nothing wrong"
total=$(sed -n 's/^# \([0-9]*\) failures injected into .*/\1/p' /tmp/faults)
[ "${total:-0}" -ge $((120 / every)) ]
ok $? "at least $((120 / every)) failures were injected: ${total:-0}"
run_ok rmmod micro_user
done_testing
