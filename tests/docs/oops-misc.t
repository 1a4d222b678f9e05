#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The first half of "make oops": a driver with a misc device, written as books show it,
# crashes the kernel when its device goes while a program sleeps in read()
# vm: --module docs/teaching/oops --file docs/teaching/oops/naive.sh --append init_on_free=1 --expect 'list_del corruption'
# kernels: 6.1
# archs: amd64
#
# After the crash the reader still has the lock of its queue, with interrupts off. 6.12
# hung there at times, so it is 6.1 that shows it, as in "make oops".

. /tests/lib/tap.sh

run_ok sh naive.sh
like "$tap_output" "rmmod: can't unload.*Resource temporarily unavailable" \
	"rmmod fails while a program has the misc device open"
like "$tap_output" "^list_del corruption" "the example shows the report"
dmesg >/tmp/log
grep -q '^\[.*kernel BUG at lib/list_debug' /tmp/log
ok $? "the kernel stops with a BUG"
grep -q 'Comm: cat' /tmp/log
ok $? "the program that crashes it is the reader"
grep -q 'RIP: .*list_del_entry_valid' /tmp/log && grep -q ' naive_read+.*\[naive\]' /tmp/log
ok $? "the reader wakes up in a wait queue that was freed"
done_testing
