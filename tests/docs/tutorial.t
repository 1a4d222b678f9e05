#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The tutorials and how-to pages that have commands: their drivers were built and installed
# with the commands of the pages; here their other commands run, and have to print what
# the page says.
# host: tests/docs/tutorial/build
# kernels: 6.1 6.12 7.3
# archs: amd64
# vm: --mem 1024

. /tests/lib/tap.sh

# what "make install" did there
cp /root/host/modules/*.ko "/lib/modules/$(uname -r)/updates"
run_ok depmod
# python3 is there
PATH=/root/host:$PATH
# docs/names.md has a user
echo 'anna:x:1000:1000::/:/bin/sh' >>/etc/passwd
echo 'makers:x:900:anna' >>/etc/group

# follow FOLDER: with what the page has; the working folder is the one in which its files are
follow() {
	second=''
	find "$1" -name '*.run' -o -name '*.second' | sort >/tmp/steps
	while read -r step; do
		number=${step##*/}
		number=${number%%.*}
		expected=$1/$number.output
		[ -e "$expected" ] || : >"$expected"
		case $step in
		*.second)
			sh "$step" >/tmp/second 2>&1 </dev/null &
			second=$!
			second_expected=$expected
			# the reader sees it start, and then goes on
			head -n 1 "$expected" >/tmp/first
			wait_for grep -qxFf /tmp/first /tmp/second
			ok $? "$page: in the second terminal: $(head -n 1 "$step")"
			;;
		*)
			sh -e "$step" >/tmp/output 2>/tmp/errors </dev/null
			ok $? "$page: $(tr '\n' ';' <"$step")"
			is "$(cat /tmp/output)" "$(cat "$expected")" "$page: the commands print what the page says" ||
				diag "$(cat /tmp/errors)"
			;;
		esac
	done </tmp/steps
	[ -n "$second" ] || return 0
	wait "$second"
	ok $? "$page: the second terminal's command succeeds"
	is "$(cat /tmp/second)" "$(cat "$second_expected")" "$page: the second terminal shows what the page says"
}

# in_folder BUILD: the folder that the page has made for itself, if it has
in_folder() {
	sed -n 's/^mkdir //p' "$1" 2>/dev/null | head -n 1
}

cat /proc/modules >/tmp/modules
while read -r page; do
	steps=/root/host/steps/$page
	isnt "$(ls "$steps"/*.run)" "" "docs/$page.md has commands"
	cd "/root/host/home/$(in_folder "$steps/build")" || exit
	follow "$steps"
	is "$(ls /sys/bus/micro_bus/devices)" "" "$page: no device is left"
	run_ok rmmod microkernel
	is "$(cut -d ' ' -f 1 /proc/modules)" "$(cut -d ' ' -f 1 /tmp/modules)" "$page: the modules of its drivers are gone"
done </root/host/pages
done_testing
