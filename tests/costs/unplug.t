#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What it costs to take an instance away: no grace period of RCU, and as much for
# each open file and each sleeper, however many there are; and what they weigh.
# vm: --icount --mem 1024
# kernels: 6.1 6.12
# archs: amd64

. /tests/lib/tap.sh

trace=/sys/kernel/tracing
micro=/sys/kernel/config/micro

# waits COMMAND...: which functions that wait for RCU it calls. To say whom to
# trace waits for RCU, too, so that is not traced.
waits() {
	echo 0 >$trace/tracing_on
	echo >$trace/trace
	sh -c 'echo $$ >'$trace'/set_ftrace_pid; echo 1 >'$trace'/tracing_on; exec "$@"' sh "$@" ||
		echo "failed: $*"
	echo 0 >$trace/tracing_on
	grep -v '^#' $trace/trace | sed 's/^.*: //'
}

# figure WORK N SUBJECT
figure() {
	awk -F, -v work="$1" -v n="$2" -v subject="$3" \
		'$1 == work && $2 == n && $3 == subject { print $4 }' /tmp/figures
}

# at_most FACTOR GOT OTHER NAME: GOT is at most FACTOR x OTHER, and there are both
at_most() {
	note "$4: $2, $3"
	awk -v factor="$1" -v got="$2" -v other="$3" \
		'BEGIN { exit !(got != "" && other != "" && got > 0 && got <= factor * other) }'
	ok $? "$4" || diag "$2 is more than $1 x $3"
}

run_ok modprobe micro_peers

echo 'synchronize_rcu* synchronize_srcu* synchronize_net *rcu_barrier*' \
	'__wait_rcu_gp cond_synchronize_*' >$trace/set_ftrace_filter
echo function >$trace/current_tracer

mkdir /sys/kernel/config/peer_srcu/a
like "$(waits rmdir /sys/kernel/config/peer_srcu/a)" synchronize_srcu \
	"rmdir of the peer with an srcu_struct waits for a grace period"
mkdir $micro/micro_bench.1 $micro/micro_bench.2
is "$(waits rmdir $micro/micro_bench.1)" "" "rmdir waits for none"
is "$(waits sh -c "echo 0 >$micro/micro_bench.2/live")" "" "live=0 waits for no grace period"
echo 1 >$micro/micro_bench.2/live
is "$(waits sh -c "echo micro_bench.2 >/sys/bus/micro_bus/drivers/micro_bench/unbind")" "" \
	"unbind waits for no grace period"
echo 0 >$micro/micro_bench.2/live
echo 1 >$micro/micro_bench.2/live
exec 5</dev/micro/micro_bench.2
is "$(waits rmdir $micro/micro_bench.2)" "" "rmdir with an open file waits for no grace period"
exec 5<&-
echo nop >$trace/current_tracer

micro-bench -n 0,1,100,1000,10000 unplug >/tmp/figures
ok $? "unplug is measured"
for n in 0 1 100; do
	at_most 0.1 "$(figure unplug-worst $n micro)" "$(figure synchronize_rcu 0 kernel)" \
		"the slowest rmdir with $n open files is over long before a grace period"
done
# a hundred files are too few to see more than what the hand-over to a worker varies by
at_most 1.10 "$(figure unplug-file 10000 micro)" "$(figure unplug-file 1000 micro)" \
	"an open file costs as much to revoke among 10000 as among 1000"

micro-bench -n 1000,4000 sleepers >/tmp/figures
ok $? "unplug with sleepers is measured, all of them got ENODEV"
# The worker and those whom it wakes take turns now in one way, now in another: by itself
# the figure among 1000 is between 7195 and 7857. What grows with their number would be 4 x
at_most 1.25 "$(figure unplug-sleeper 4000 micro)" "$(figure unplug-sleeper 1000 micro)" \
	"a sleeper costs as much among 4000 as among 1000"

micro-bench -n 1000,3000 memory >/tmp/figures
ok $? "memory is measured"
at_most 1 "$(figure file-own 3000 micro)" 128 "an open file has at most 128 bytes of ours"
at_most 1.2 "$(figure instance-slab 1000 micro)" "$(figure instance-slab 1000 hand)" \
	"an instance weighs at most 1.2 times the one made by hand"
is "$(figure instance-percpu 1000 micro)" 0.0 "an instance has nothing for each CPU"
done_testing
