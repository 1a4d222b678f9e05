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

for name; do
	echo "together: $name" >/dev/kmsg
	note "$name"
	read -r began _ </proc/uptime
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
		/^together: [0-9]+$/ { status = $2 }
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
	note "$name took $((${ended%.*} - ${began%.*})) s"
	clear_away
	is "$(still_loaded)" "" "$name: its modules can be unloaded"
done
done_testing
