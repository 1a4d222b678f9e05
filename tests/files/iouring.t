#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes while io_uring works on its files.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil && modprobe micro_fifo
ok $? "modules are loaded"

each_way micro_evil_nopoll micro-uring worker workers registered given-up
each_way micro_evil micro-uring armed poll
each_way micro_fifo micro-uring armed poll

all_released
run_ok rmmod micro_evil micro_fifo
done_testing
