#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Applying many devices costs little more than the calls that make them, in
# instructions. The goal is for 10,000 devices; here are fewer, as that takes
# minutes: scripts/vm --icount --timeout 3000 -- 'COUNT=10000 sh /tests/costs/many-devices.t'
# vm: --icount
# kernels: 6.1 6.12
# archs: amd64

. /tests/lib/tap.sh

count=${COUNT:-1000}

modprobe -a microkernel micro_fifo || exit
# so that mkdir is cheap: no program is run to look for modules
echo >/proc/sys/kernel/modprobe

# dtc takes less than 10,000 nodes in one
awk -v count="$count" 'BEGIN {
	print "/dts-v1/;\n/plugin/;\n&{/} {"
	for (i = 0; i < count; i++) {
		if (i % 1000 == 0)
			printf "%sbus-%d { compatible = \"microkernel,bus\";\n", i ? "};\n" : "", i
		printf "pipe-%d { compatible = \"microkernel,fifo\"; fifo-size = <64>; };\n", i
	}
	print "};\n};"
}' >/tmp/pipes.dtso
run_ok dtc -@ -q -o /tmp/pipes.dtbo /tmp/pipes.dtso

# measure NAME COMMAND...: makes the devices, removes them again
measure() {
	cost=$1
	shift
	cost_of=$(micro-clock run "$@" 2>&1)
	ok $? "$*: $cost_of instructions"
	is "$(cat /sys/kernel/config/micro/pipe-*/status | sort | uniq -c | xargs)" "$count bound" \
		"$count pipes are bound"
	eval "$cost=\$cost_of"
	rmdir /sys/kernel/config/micro/*/properties/*
	rmdir /sys/kernel/config/micro/*
}

# at_most LIMIT NAME
at_most() {
	ratio=$(awk -v a="$(eval "echo \$$2")" -v b="$bare" 'BEGIN { printf "%.3f", a / b }')
	awk -v ratio="$ratio" -v limit="$1" 'BEGIN { exit !(ratio > 0 && ratio <= limit) }'
	ok $? "$2: $ratio x the bare calls, at most $1"
}

bare='' source=''
measure bare micro-clock pipes "$count"
measure blob microctl apply -q /tmp/pipes.dtbo
measure source microctl apply -q /tmp/pipes.dtso
at_most 1.2 blob
# With 1,000 devices dtc's start alone is too much; with 10,000 it fits in (1.118)
dtc=$(micro-clock run dtc -@ -q -W no-unique_unit_address -O dts -o /dev/null /tmp/pipes.dtso)
note "dtc: $dtc instructions; source, with that: $(awk -v a="$source" -v b="$bare" 'BEGIN { printf "%.3f", a / b }') x"
source=$((source - dtc))
at_most 1.2 source

done_testing
