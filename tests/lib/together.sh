#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs several tests in one guest, as a boot takes longer than most of them:
# one after the other, as one sequence of TAP. What a test leaves behind is
# cleared away before the next, and that all modules can be unloaded then is a
# test of its own.
#
#	sh /tests/lib/together.sh NAME...
. /tests/lib/tap.sh

ours=$(for file in /root/*.ko; do basename "$file" .ko; done | tr - _ | sort)

modprobe=$(cat /proc/sys/kernel/modprobe)

# still_loaded: our modules that are
still_loaded() {
	cut -d ' ' -f 1 /proc/modules | sort >/tmp/loaded
	echo "$ours" | grep -xFf - /tmp/loaded
}

# processes: those with a command line, which the kernel's own have not
processes() {
	grep -ls . /proc/[0-9]*/cmdline | cut -d / -f 3
}

# left_behind: the processes that a test has not ended, a line each. What this
# script itself runs is none.
left_behind() {
	for pid in $(processes | grep -vxF "$at_first"); do
		line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")
		case $line in
		'' | "$script"*) ;;
		*) echo "$pid $line" ;;
		esac
	done
}

clear_away() {
	cd /root || exit
	echo "$modprobe" >/proc/sys/kernel/modprobe
	find /sys/kernel/config -mindepth 2 -depth -type d -exec rmdir {} + 2>/dev/null
	# those that others use are refused, until these are gone
	while [ "$(still_loaded)" ]; do
		before=$(still_loaded)
		for module in $before; do
			rmmod "$module" 2>/dev/null
		done
		[ "$(still_loaded)" != "$before" ] || break
	done
	rm -rf /tmp/*
	# the log is on its way to the serial port all the same
	dmesg -c >/dev/null
}

# busy: for how many hundredths of a second the CPUs have been at work
busy() {
	awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

script=$(tr '\0' ' ' </proc/$$/cmdline)
at_first=$(processes)

for name; do
	echo "together: $name" >/dev/kmsg
	note "$name"
	read -r began _ </proc/uptime
	busy=$(busy)
	{
		sh "/tests/$name.t"
		echo "together: $?"
	} | awk -v base="$tap_count" -v name="$name" '
		# number, without changing what else is in the line
		function renumbered(verdict, text)
		{
			sub(/^[0-9]+ */, "", text)
			sub(/^- /, "", text)
			printf "%s %d - %s: %s\n", verdict, base + ++count, name, text
		}
		/^ok [0-9]/ { renumbered("ok", substr($0, 4)) }
		/^not ok [0-9]/ { failed++; renumbered("not ok", substr($0, 8)) }
		/^1\.\.0 # SKIP/ { planned = 1; renumbered("ok", substr($0, 6)) }
		/^1\.\.[1-9][0-9]*$/ { planned = substr($0, 4) }
		# not the end of the input, which a process that was left behind keeps open
		/^together: [0-9]+$/ { status = $2; exit }
		!/^((not )?ok [0-9]|1\.\.[0-9]|together: [0-9]+$)/
		{ fflush() }
		END {
			if (planned != count)
				renumbered("not ok", "0 the plan was " (planned ? planned : "missing"))
			else if (status && !failed)
				renumbered("not ok", "0 exit status " status)
			print count + 0, failed + 0 >"/vm/together"
		}'
	read -r count failed </vm/together
	tap_count=$((tap_count + count))
	tap_failed=$((tap_failed + failed))
	read -r ended _ </proc/uptime
	busy=$((($(busy) - busy) / 100))
	# what was told to go has a moment for that
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		left=$(left_behind)
		[ "$left" ] || break
		sleep 0.1
	done
	is "$left" "" "$name: it has ended all its processes" || {
		echo "$left" | cut -d ' ' -f 1 | xargs kill -KILL
		sleep 1
	}
	clear_away
	is "$(still_loaded)" "" "$name: its modules can be unloaded"
	# one that is mostly idle waits for something: that is worth a look
	note "$name took $((${ended%.*} - ${began%.*})) s, $busy s of CPU"
done
done_testing
