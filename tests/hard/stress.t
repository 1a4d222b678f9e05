#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Everything at once: files are opened and used in all ways while their devices
# are made, removed, bound, unbound, matched anew, and the driver's module reloaded.
# Some do not wait long for what they ask, and some are killed. In the last run all
# processes are frozen again and again, as if the machine was to be suspended.
# The driver (micro_count) and micro-stress check that all promises are kept.
# kernels: 6.1 6.12 7.3 debug clang
# parts: all/debug 4
# vm: --timeout 5400

. /tests/lib/tap.sh

quiet() {
	# each object that is freed is worth a message there, which takes most of the time
	echo N >/sys/module/printk/parameters/ignore_loglevel
	dmesg -n 5
	# programs take most of the rest, so mkdir does not ask for modules
	echo >/proc/sys/kernel/modprobe
}

# stress PATIENCE OPTIONS: one run; what it prints is kept and shown
stress() {
	run_ok insmod microkernel.ko patience_ms="$1"
	shift
	note "micro-stress $*"
	micro-stress --verbose "$@" >/tmp/run
	ok $? "micro-stress ends, and has seen nothing wrong"
	cat /tmp/run
	cat /tmp/run >>/tmp/stress
	summary=$(grep ' unplugs, ' /tmp/run)
	like "$summary" '[1-9][0-9]* with files open; [1-9][0-9]* opens' "instances were unplugged with files open"
	like "$summary" '([2-9]|[0-9][0-9]+) unloads' "the driver was reloaded"
}

# freezes: as long as there is /tmp/freezes
freezes() {
	echo freezer >/sys/power/pm_test
	echo 0 >/sys/module/suspend/parameters/pm_test_delay
	while [ -e /tmp/freezes ]; do
		sleep 0.2
		micro-try write /sys/power/state mem
	done
	echo none >/sys/power/pm_test
}

# for ever, nearly, as modprobe does it here: a guest that is slow is not stuck; and so
# short that much goes on when those who asked for it have gone
long=60000
short=20

# SEED=N repeats the decisions of a run, though not who of them is first
set -- --seconds 2400 ${SEED:+--seed "$SEED"}
case $(uname -r) in
*-debug)
	quiet
	# so many with files open: the four parts of the tier "all" make over 20,000 in all
	unplugs=500
	[ "$TIER" != all ] || unplugs=1700
	# More than two openers mostly wait for each other on two slow CPUs
	set -- "$@" --unplugs $unplugs --no-fork --pause 30000 --chaos 3
	stress $long "$@" --processes 2 --threads 1
	stress $long "$@" --processes 1 --threads 2
	stress $short "$@" --unplugs $((unplugs / 5)) --processes 1 --threads 2 --kill
	;;
*)
	# about 10 s
	unplugs=600
	stress $long "$@" --unplugs $unplugs
	stress $short "$@" --unplugs 300 --kill
	;;
esac
killed=$(awk '$2 == "kill" { print $3 }' /tmp/run)
isnt "${killed:-0}" 0 "some of those who wait were killed: $killed"
like "$(grep 'not waited for' /tmp/run)" ' [1-9][0-9]* writes were not waited for' "some changes took longer than anybody waited"

if [ -w /sys/power/pm_test ]; then
	touch /tmp/freezes
	freezes >/tmp/frozen &
	freezer=$!
	stress $short "$@" --unplugs $((unplugs / 5)) --processes 1 --threads 2
	rm /tmp/freezes
	wait $freezer
	is "$(sort -u /tmp/frozen)" ok "the machine can be suspended at any time: $(wc -l </tmp/frozen) times"
else
	skip "this kernel has no /sys/power/pm_test"
fi

# what it prints is what it did: it must have done something
while read -r _ op worked _; do
	case $op in
	open | close | read | write | readv | pread | ioctl | poll | epoll | lseek | mmap | touch | \
		munmap | fasync | dup | pass | mkdir | rmdir | live | compatible)
		isnt "$worked" 0 "$op worked at times"
		;;
	esac
done </tmp/stress

is "$(grep -c '^micro' /proc/modules)" 0 "all modules are unloaded"
is "$(find /dev/micro ! -type d 2>/dev/null | wc -l)" 0 "no node is left"
done_testing
