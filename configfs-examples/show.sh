# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash disable=SC2034
# Sourced by the examples: shows each command before its output, as a person
# would type it, and ends the example when something is not as it should be.
set -eu

micro=/sys/kernel/config/micro

# run COMMAND: it has to succeed
run() {
	printf '\n# %s\n' "$1"
	eval "$1"
}

# expect OUTPUT COMMAND: this has to be its output
expect() {
	printf '\n# %s\n' "$2"
	output=$(eval "$2")
	printf '%s\n' "$output"
	[ "$output" = "$1" ] || {
		echo "${0##*/}: expected: $1" >&2
		exit 1
	}
}

# refused COMMAND: it has to fail
refused() {
	printf '\n# %s\n' "$1"
	if eval "$1" 2>&1; then
		echo "${0##*/}: expected an error" >&2
		exit 1
	fi
}

# say TEXT
say() {
	printf '\n%s\n' "--- $1"
}
