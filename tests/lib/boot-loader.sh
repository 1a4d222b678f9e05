# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash disable=SC2034
# Sourced by the tests of boot loaders, after tap.sh: two overlays, which the loader has merged,
# make the devices. Nothing else makes them.

tree=/sys/firmware/devicetree/base

nodes() {
	(cd /dev/micro 2>/dev/null && echo *)
}

# shellcheck disable=SC2317 # wait_for calls it
have_nodes() {
	[ "$(nodes)" = "greeting pipe.1 pipe.3 scratch" ]
}

overlays_make_devices() {
	wait_for have_nodes
	is "$(nodes)" "greeting pipe.1 pipe.3 scratch" \
		"nodes, with no command typed, as the second overlay of the two has it"
	is "$(micro-try write /dev/micro/greeting hello) $(cat /dev/micro/greeting)" "ok hello" "greeting keeps a message"
	is "$(micro-try write /dev/micro/pipe.3 text) $(head -c 4 /dev/micro/pipe.3)" "ok text" \
		"bytes that are written to pipe.3 can be read from it"
	is "$(wc -c </dev/micro/scratch)" 1048576 "scratch has its size"
}
