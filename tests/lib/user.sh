# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the tests of user drivers, after tap.sh.
#
#	user CASE [PROPERTY/TYPE=VALUE]...	a case of micro-user, with a driver "t" that has
#						these properties, and its device t.x
#	unplug=COMMAND				what the case is to execute

micro=/sys/kernel/config/micro
unplug=true

# make_driver NAME [PROPERTY/TYPE=VALUE]...
make_driver() {
	made=$micro/micro_user.$1
	gone "$1"
	shift
	mkdir "$made" || return
	[ -n "$1" ] || return 0
	echo 0 >"$made/live" || return
	gone "${made##*.}"
	for property; do
		name=${property%%/*}
		type=${property#*/}
		mkdir "$made/properties/$name" &&
			printf '%b' "${type#*=}" >"$made/properties/$name/${type%%=*}" || return
	done
	echo 1 >"$made/live"
}

# remove_driver NAME
remove_driver() {
	[ -d "$micro/micro_user.$1" ] || return 0
	# properties of a device that is being unbound stay
	wait_for sh -c "! grep -q unbinding $micro/micro_user.$1/status"
	rmdir "$micro/micro_user.$1"/properties/* 2>/dev/null
	rmdir "$micro/micro_user.$1"
}

user() {
	case=$1
	shift
	make_driver t "$@" && mkdir $micro/t.x
	output=$(micro-user "$case" /dev/micro/t.x "$unplug" 2>&1)
	ok $? "$case: $*$([ "$unplug" = true ] || echo "$unplug")" || diag "$output"
	[ ! -d $micro/t.x ] || rmdir $micro/t.x
	remove_driver t
}
