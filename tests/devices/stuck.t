#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A user reads or writes with memory whose pages do not come. What the sample
# drivers do then for everybody else.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe -a sample_driver micro_ram micro_fifo
ok $? "modules are loaded"

# the others read and write, and an unplug after the end of the first is prompt
for case in read write length; do
	with rmdir sample_driver micro-stuck $case
done
for case in read write; do
	with rmdir micro_ram micro-stuck $case
done

# as with a pipe, the others wait; they can be killed
with rmdir micro_fifo micro-stuck killed

run_ok rmmod sample_driver micro_ram micro_fifo
done_testing
