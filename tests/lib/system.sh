# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced after /tests/lib/tap.sh by the tests of tests/system, which scripts/vm runs
# again at each boot, with its number in VM_BOOT:
#
#	case $VM_BOOT in
#	1)	...; reboot_and_go_on ;;
#	2)	...; done_testing ;;
#	esac

micro=/sys/kernel/config/micro

# the checks of earlier boots count
if [ -e /vm/tap ]; then
	# shellcheck source=/dev/null
	. /vm/tap
fi

reboot_and_go_on() {
	# shellcheck disable=SC2154 # tests/lib/tap.sh has them
	echo "tap_count=$tap_count tap_failed=$tap_failed" >/vm/tap
	note "reboot"
	systemctl reboot
	# until the shutdown ends this
	sleep infinity
}

# bound DEVICE
bound() {
	[ "$(cat "$micro/$1/status")" = bound ]
}

# the devices in configfs, in a line
names() {
	(cd $micro && find . -mindepth 1 -maxdepth 1 -type d -printf '%f\n') | LC_ALL=C sort | xargs
}

# as USER COMMAND...
as() {
	tap_user=$1
	shift
	runuser -u "$tap_user" -- "$@"
}

# kernels with headers, one a line
kernels() {
	for tap_dir in /lib/modules/*/build/include; do
		tap_dir=${tap_dir#/lib/modules/}
		echo "${tap_dir%/build/include}"
	done
}
