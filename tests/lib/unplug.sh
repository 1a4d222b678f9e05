# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the tests in which a device goes, after tap.sh: all ways to go.
#
#	each_way after micro_evil dup fork	each case of micro-revoke, in each
#						way in which micro_evil's device goes
#	with rmdir micro_evil micro-poll epoll	one case of a program in one way
#	state micro_evil.x			where a device is on its way
#	needs_pm_test				skips the whole test where suspend cannot be tried

micro=/sys/kernel/config/micro
evil=/sys/kernel/debug/micro_evil
ways='rmdir live unbind destroy unregister'

pm_test=/sys/power/pm_test

needs_pm_test() {
	[ ! -w $pm_test ] || return 0
	# for those that expect a line in the log
	echo "no pm_test" >/dev/kmsg
	skip "this kernel has no $pm_test"
	done_testing
}

# state DEVICE: what debugfs says; nothing if there is none
state() {
	sed -n "s/^device=$1 .* state=\([^ ]*\).*/\1/p" /sys/kernel/debug/micro/devices
}

is_state() {
	[ "$(state "$1")" = "$2" ]
}

# is_inside DEVICE: one operation of its first open file is
is_inside() {
	grep -A1 "device=$1 " /sys/kernel/debug/micro/devices | grep -q active=1
}

# setup WAY DRIVER: makes a device for it; sets node, and unplug, a command
setup() {
	device=$2.x
	node=/dev/micro/$device
	if [ "$1" = destroy ]; then
		echo "create $device" >$evil/command || return
		node=/dev/$device
	else
		mkdir "$micro/$device" || return
	fi
	case $1 in
	rmdir) unplug="rmdir $micro/$device" ;;
	live) unplug="echo 0 >$micro/$device/live" ;;
	unbind) unplug="echo $device >/sys/bus/micro_bus/drivers/$2/unbind" ;;
	destroy) unplug="echo destroy $device >$evil/command" ;;
	unregister) unplug="echo unregister >$evil/command" ;;
	esac
}

# register: micro_evil's drivers, again. Debug kernels keep a driver's folder in
# sysfs for a while, and refuse a driver of this name meanwhile.
register() {
	gone micro_evil && gone micro_evil_nopoll && echo register >$evil/command
}

# teardown WAY: whatever is left
teardown() {
	case $1 in
	destroy)
		[ ! -e "/dev/$device" ] || echo "destroy $device" >$evil/command
		return
		;;
	unregister)
		# twice is not too much, should the program have failed before it
		echo unregister >$evil/command && register || return
		;;
	esac
	[ ! -d "$micro/$device" ] || rmdir "$micro/$device"
}

# with WAY DRIVER PROGRAM CASE
with() {
	setup "$1" "$2" || {
		ok 1 "$3 $4: $2, $1"
		return
	}
	output=$("$3" "$4" "$node" "$unplug" 2>&1)
	ok $? "$3 $4: $2, $1" || diag "$output"
	teardown "$1" || ok 1 "$3 $4: $2, $1: cleaning up"
}

# few_ways: is this a tier that is to be quick, on a slow kernel or machine?
few_ways() {
	case ${TIER:-}/$(uname -m) in
	ci/*) ;;
	check/x86_64) return 1 ;;
	check/*) ;;
	*) return 1 ;;
	esac
}

# each_way DRIVER PROGRAM CASE...: micro_evil's own driver can be unregistered,
# others only while nobody has their files open. Where it takes long (few_ways), each case
# has two of the five ways; the seed chooses with which the first case begins.
each_way() {
	driver=$1
	program=$2
	shift 2
	for case in "$@"; do
		turn=$(((${turn:-${SEED:-0}} + 1) % 5))
		for way in $ways; do
			turn=$(((turn + 1) % 5))
			! few_ways || [ $turn -lt 2 ] || continue
			[ "$way" != unregister ] || [ "${driver#micro_evil}" != "$driver" ] || continue
			with "$way" "$driver" "$program" "$case"
		done
	done
}

# was each open() followed by one release(), and each probe() by one remove()?
all_released() {
	is "$(cat $evil/releases)" "$(cat $evil/opens)" "each open() was released, once"
	is "$(cat $evil/removes)" "$(cat $evil/probes)" "each probe() was undone, once"
}
