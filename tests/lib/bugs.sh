# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash disable=SC2016,SC2034 # fences of code; variables of who sources it
# Sourced by tests/docs/bugs*.t after tap.sh: makes mistakes of docs/teaching/bugs, and
# compares what the kernel says with docs/teaching.md. Both are in the current folder.

micro=/sys/kernel/config/micro

# load_bugs: the module, and a device
load_bugs() {
	run_ok insmod microkernel.ko
	run_ok insmod bugs.ko
	run_ok mkdir $micro/bugs.0
}

# bug NAME [DEVICE]: makes it, and says so in the log
bug() {
	dmesg -c >/dev/null
	note "$1"
	echo "$1" 2>/dev/null >"/dev/micro/${2:-bugs.0}"
}

# logged REGEX
logged() {
	dmesg | grep -qE -- "$1"
}

# said NAME: the log, since the mistake was made, has each line that the page has of it
said() {
	sed -n "/^\`\`\`log $1\$/,/^\`\`\`\$/p" teaching.md | grep -v "^\`\`\`" >/tmp/lines
	isnt "$(cat /tmp/lines)" "" "$1: the page has what the kernel says"
	while read -r line; do
		regex=$(printf '%s\n' "$line" | sed 's/[][\.*^$()+?{}|]/\\&/g; s/\\\.\\\.\\\./.*/g')
		if wait_for logged "$regex"; then
			ok 0 "$1: $line"
		else
			diag "$(dmesg)"
			# the others would take as long
			break
		fi
	done </tmp/lines
}
