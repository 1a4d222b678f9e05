#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The examples of the manual pages print what the pages say. That of micro_overlay(4)
# needs a kernel with overlays; firmware/devicetree.t has that.
# vm: --file docs/man/microkernel.4 --file docs/man/micro_fifo.4 --file docs/man/micro_ram.4 --file docs/man/sample_driver.4 --file docs/man/micro_user.4
# except: race debug
. /tests/lib/tap.sh

# example PAGE: a script of the lines that begin with "# "; and what it prints to "expected"
example() {
	sed -n '/^\.EX$/,/^\.EE$/p' "$1" | sed -e '/^\.E[XE]$/d' -e 's/\\-/-/g' >text
	sed -n 's/^# //p' text >script
	grep -v '^# ' text >expected
}

for page in microkernel micro_fifo micro_ram sample_driver micro_user; do
	example $page.4
	isnt "$(cat script)" "" "$page(4) has an example"
	modprobe microkernel
	[ $page = microkernel ] || modprobe $page
	run_ok sh -e script
	is "$tap_output" "$(cat expected)" "the example of $page(4) prints what the page says"
	for device in /sys/kernel/config/micro/*/; do
		rmdir "$device"properties/* 2>/dev/null
		[ ! -d "$device" ] || rmdir "$device"
	done
	modprobe -r $page
	modprobe -r microkernel 2>/dev/null
done

done_testing
