#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes while it is mapped, in every way in which drivers map: touching
# it raises SIGBUS from then on, in every process, and the driver hears nothing.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil && modprobe micro_ram
ok $? "modules are loaded"

each_way micro_evil micro-map fault mkwrite pfn-fault remap vmalloc insert empty \
	outlives-close fork moved vm-ops pinned-fault pinned-insert pinned-vmalloc \
	remote populated half race race-fork
each_way micro_ram micro-map fault pinned-fault

all_released
run_ok rmmod micro_evil micro_ram
done_testing
