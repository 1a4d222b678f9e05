#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each example runs, from nothing to nothing, and leaves all as it was.
# except: race debug
. /tests/lib/tap.sh

# what an example could leave behind
traces() {
	grep -cE 'micro|sample' /proc/modules
	ls /dev /sys/kernel/config
}

before=$(traces)
for example in configfs-examples/[0-9]*.sh; do
	run_ok sh "$example"
	# shellcheck disable=SC2154 # run_ok sets it
	isnt "$tap_output" "" "$example shows something"
	is "$(traces)" "$before" "$example leaves nothing"
done

done_testing
