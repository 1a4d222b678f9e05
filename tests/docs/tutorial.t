#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# docs/tutorial.md: its driver was built and installed with the commands of that
# page; here its other commands run, and have to print what it says they print.
# host: tests/docs/tutorial/build
# kernels: 6.1 6.12 7.3
# archs: amd64

. /tests/lib/tap.sh

steps=/root/host/steps
folder=$(echo /root/host/home/*)
updates=/lib/modules/$(uname -r)/updates

# what "make install" did there
cp /root/host/metronome.ko "$updates"
run_ok depmod

[ -e "$folder/metronome.c" ] && [ -e "$folder/listen" ]
ok $? "the page has a driver and a program"
isnt "$(ls $steps/*.run)" "" "the tutorial has commands"

cd "$folder" || exit
find $steps -name '*.run' -o -name '*.second' | sort >/tmp/steps
while read -r step; do
	number=${step##*/}
	number=${number%%.*}
	expected=$steps/$number.output
	[ -e "$expected" ] || : >"$expected"
	case $step in
	*.second)
		sh "$step" >/tmp/second 2>&1 </dev/null &
		second=$!
		second_expected=$expected
		# the reader sees it start, and then goes on
		head -n 1 "$expected" >/tmp/first
		wait_for grep -qxFf /tmp/first /tmp/second
		ok $? "in the second terminal: $(head -n 1 "$step")"
		;;
	*)
		sh -e "$step" >/tmp/output 2>/tmp/errors </dev/null
		ok $? "$(tr '\n' ';' <"$step")"
		is "$(cat /tmp/output)" "$(cat "$expected")" "prints what the page says" || diag "$(cat /tmp/errors)"
		;;
	esac
done </tmp/steps

wait "$second"
ok $? "the second terminal's command succeeds"
is "$(cat /tmp/second)" "$(cat "$second_expected")" "the second terminal shows what the tutorial says"
is "$(grep -c metronome /proc/modules)" 0 "the driver's module is gone"
done_testing
