# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the tests of microctl.

# shellcheck disable=SC2034 # for them
micro=/sys/kernel/config/micro

# status STATUS COMMAND...: the exit status; the output is in /tmp/out
status() {
	tap_want=$1
	shift
	"$@" >/tmp/out 2>&1
	tap_got=$?
	[ $tap_got -eq "$tap_want" ]
	ok $? "$*: exit status $tap_want" || diag "$tap_got: $(cat /tmp/out)"
}

# says REGEX, mentions TEXT: the last status command
says() {
	like "$(cat /tmp/out)" "$1" "it says: $1"
}

mentions() {
	grep -qF -e "$1" /tmp/out
	ok $? "it says: $1" || diag "$(cat /tmp/out)"
}
