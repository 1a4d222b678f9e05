#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A real boot loader: U-Boot's script merges two overlays into the machine's tree
# and starts the kernel. Nothing else makes the devices.
# archs: arm64
# vm: --boot u-boot --dtbo dts-overlays/several.dtso --dtbo tests/firmware/enable.dtso
. /tests/lib/tap.sh

tree=/sys/firmware/devicetree/base

nodes() {
	(cd /dev/micro 2>/dev/null && echo *)
}

# shellcheck disable=SC2317 # wait_for calls it
have_nodes() {
	[ "$(nodes)" = "greeting pipe.1 pipe.3 scratch" ]
}

like "$(tr -d '\0' <$tree/chosen/u-boot,version)" "^20[0-9][0-9]" "U-Boot has started this kernel"
wait_for have_nodes
is "$(nodes)" "greeting pipe.1 pipe.3 scratch" \
	"nodes, with no command typed, as the second overlay of the two has it"
is "$(micro-try write /dev/micro/greeting hello) $(cat /dev/micro/greeting)" "ok hello" "greeting keeps a message"
is "$(micro-try write /dev/micro/pipe.3 text) $(head -c 4 /dev/micro/pipe.3)" "ok text" \
	"bytes that are written to pipe.3 can be read from it"
is "$(wc -c </dev/micro/scratch)" 1048576 "scratch has its size"
done_testing
