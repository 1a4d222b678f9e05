#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each allocation in each system call of a device's life fails once: the call fails
# or works, nothing is half made, and nothing leaks (scripts/vm scans for that).
# kernels: debug
# vm: --timeout 1800

. /tests/lib/tap.sh

# each object that is freed is worth a message there, which takes much of the time
echo N >/sys/module/printk/parameters/ignore_loglevel
dmesg -n 6

# each of them, or each fifth, not always the same
every=5
[ "$TIER" != all ] || every=1
first=$((${SEED:-0} % every + 1))
note "each failure that is the $first. of $every"

# loading the modules is in faults-load.t
micro-faults --no-load --every $every --first $first | tee /tmp/faults
tail -n 1 /tmp/faults | grep -q ', 0 wrong$'
ok $? "micro-faults has seen nothing wrong"

total=$(sed -n 's/^# \([0-9]*\) failures injected into .*/\1/p' /tmp/faults)
[ "${total:-0}" -ge $((300 / every)) ]
ok $? "at least $((300 / every)) failures were injected: ${total:-0}"
removes=$(sed -n 's/^# \([0-9]*\) times remove().*/\1/p' /tmp/faults)
[ "${removes:-0}" -ge $((100 / every)) ]
ok $? "there was one unplug() before each remove(): ${removes:-0}"
is "$(grep -c '^micro' /proc/modules)" 0 "all modules are unloaded"

# what users ask for is done by workers, if they do not wait for ever
for who in bounded workers; do
	note "$who: mkdir, rmdir and writes that workers do"
	micro-faults --$who --every $every --first $first | tee /tmp/faults
	tail -n 1 /tmp/faults | grep -q ', 0 wrong$'
	ok $? "$who: micro-faults has seen nothing wrong"
	total=$(sed -n 's/^# \([0-9]*\) failures injected into .*/\1/p' /tmp/faults)
	[ "${total:-0}" -ge $((100 / every)) ]
	ok $? "$who: at least $((100 / every)) failures were injected: ${total:-0}"
	is "$(grep -c '^micro' /proc/modules)" 0 "$who: all modules are unloaded"
done
done_testing
