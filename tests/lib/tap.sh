# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the tests in the guest: prints TAP.
#
#	. /tests/lib/tap.sh
#	run_ok insmod microkernel.ko
#	is "$(cat /dev/sample_driver)" "Sample driver data" "it has a message"
#	run_fails "Invalid argument" mkdir /sys/kernel/config/micro/-x
#	done_testing
#
# Each check prints its result, and returns it, too.

tap_count=0
tap_failed=0

# plan COUNT: how many checks there will be; or else done_testing at the end
plan() {
	echo "1..$1"
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

# note TEXT, diag TEXT: comments; the second is for failures
note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

diag() {
	note "$@"
}

# ok STATUS NAME: "ok $? NAME" after a command
ok() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		return 1
	fi
}

# is GOT WANT NAME, isnt GOT UNWANTED NAME
is() {
	[ "$1" = "$2" ]
	ok $? "$3" || {
		diag "   got: $1"
		diag "wanted: $2"
		return 1
	}
}

isnt() {
	[ "$1" != "$2" ]
	ok $? "$3" || {
		diag "got: $1"
		return 1
	}
}

# like GOT REGEX NAME, unlike GOT REGEX NAME: an extended regular expression
like() {
	printf '%s\n' "$1" | grep -qE -e "$2"
	ok $? "$3" || {
		diag "        got: $1"
		diag "wanted like: $2"
		return 1
	}
}

unlike() {
	! printf '%s\n' "$1" | grep -qE -e "$2"
	ok $? "$3" || {
		diag "          got: $1"
		diag "wanted unlike: $2"
		return 1
	}
}

# built_in MODULE...: they are parts of the kernel itself (scripts/into-kernel)
built_in() {
	for tap_module; do
		grep -qs "/${tap_module%.ko}\.ko$" "/lib/modules/$(uname -r)/modules.builtin" || return
	done
}

# skip_built_in MODULE [COUNT]: is it? So many checks are skipped then
skip_built_in() {
	built_in "$1" && skip "$1 is built in" "${2:-1}"
}

# rmmod MODULE...: what is built in cannot be unloaded, and need not be. Kernels that test
# the release of objects keep the folder of the core's platform driver for up to 4 s
# longer than the core, and refuse another of that name: this waits until it is free.
rmmod() {
	for tap_module; do
		built_in "$tap_module" || command rmmod "$tap_module" || return
	done
	built_in microkernel || loaded microkernel ||
		wait_for test ! -e /sys/bus/platform/drivers/microkernel-bus
}

# run_ok COMMAND...: the command succeeds. Its output is shown if not.
run_ok() {
	if [ "$1" = rmmod ] && (shift && built_in "$@"); then
		skip "$*: built in"
		return
	fi
	tap_output=$("$@" 2>&1)
	tap_status=$?
	ok "$tap_status" "$*" || {
		diag "exit status $tap_status, output:"
		diag "$tap_output"
		return 1
	}
}

# run_fails REGEX COMMAND...: the command fails, and its output has REGEX in it
run_fails() {
	tap_regex=$1
	shift
	tap_output=$("$@" 2>&1)
	tap_status=$?
	[ "$tap_status" -ne 0 ] && printf '%s\n' "$tap_output" | grep -qE -e "$tap_regex"
	ok $? "$*: $tap_regex" || {
		diag "exit status $tap_status, output:"
		diag "$tap_output"
		return 1
	}
}

# wait_for COMMAND...: until it succeeds. A test that gives up after five minutes fails.
wait_for() {
	tap_tries=3000
	until "$@" >/dev/null 2>&1; do
		tap_tries=$((tap_tries - 1))
		if [ $tap_tries -eq 0 ]; then
			ok 1 "waited five minutes in vain for: $*"
			return 1
		fi
		sleep 0.1
	done
}

# ended PID: the process is gone, or waited for by nobody yet
ended() {
	! grep -q "^State:.[^Z]" "/proc/$1/status" 2>/dev/null
}

# ms: of the time since the boot
ms() {
	read -r tap_now _ </proc/uptime
	echo "${tap_now%.*}${tap_now#*.}0"
}

# loaded MODULE: is it there?
loaded() {
	grep -q "^$1 " /proc/modules
}

# gone DRIVER: until its name is free. Kernels that test the release of objects
# keep it a little longer than the driver.
gone() {
	wait_for test ! -e "/sys/bus/micro_bus/drivers/$1"
}

# unload DRIVER [NAME]: a check that its module can go
unload() {
	if built_in "$1"; then
		skip "${2:-the module $1 can go}: it is built in"
		return
	fi
	is "$(micro-try rmmod "$1")" ok "${2:-the module $1 can go}" && gone "$1"
}

# programs_32: can this machine run programs of 32 bits beside those of 64?
programs_32() {
	case $(uname -m) in
	x86_64 | aarch64) ;;
	*) return 1 ;;
	esac
}

# is_32 COMMAND WANT NAME: what it prints, where programs of 32 bits run
is_32() {
	if programs_32; then
		is "$(eval "$1")" "$2" "$3"
	else
		skip "no programs of 32 bits beside those of 64"
	fi
}

# modprobe_as WORD COMMAND: for a module with WORD in its alias, the kernel calls COMMAND,
# which finds modprobe's arguments, until modprobe_again
modprobe_as() {
	cat >/tmp/modprobe <<-END
		#!/bin/sh
		case "\$*" in
		*$1*) $2 ;;
		*) exec /sbin/modprobe "\$@" ;;
		esac
	END
	chmod +x /tmp/modprobe
	tap_modprobe=$(cat /proc/sys/kernel/modprobe)
	echo /tmp/modprobe >/proc/sys/kernel/modprobe
}

modprobe_again() {
	echo "$tap_modprobe" >/proc/sys/kernel/modprobe
}

# skip REASON [COUNT]: instead of COUNT checks (1) that cannot be made here
skip() {
	tap_skip=${2:-1}
	while [ "$tap_skip" -gt 0 ]; do
		tap_skip=$((tap_skip - 1))
		tap_count=$((tap_count + 1))
		echo "ok $tap_count # SKIP $1"
	done
}
