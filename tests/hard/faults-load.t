#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# As faults.t, for the allocations made while the modules are loaded. Apart, as
# nearly all of its time is spent waiting for what this kernel frees late.
# kernels: debug
# vm: --icount --timeout 3600

. /tests/lib/tap.sh

echo N >/sys/module/printk/parameters/ignore_loglevel
dmesg -n 6

every=5
[ "$TIER" != all ] || every=1
first=$((${SEED:-0} % every + 1))
note "each failure that is the $first. of $every"
micro-faults --load --every $every --first $first | tee /tmp/faults
tail -n 1 /tmp/faults | grep -q ', 0 wrong$'
ok $? "micro-faults has seen nothing wrong"

total=$(sed -n 's/^# \([0-9]*\) failures injected into .*/\1/p' /tmp/faults)
[ "${total:-0}" -ge $((100 / every)) ]
ok $? "at least $((100 / every)) failures were injected: ${total:-0}"
is "$(grep -c '^micro' /proc/modules)" 0 "all modules are unloaded"
done_testing
