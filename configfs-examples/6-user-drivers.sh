#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A driver that is a process: it is killed while a program reads from its device, and
# started again, in another language; the program goes on. "make demo-user" runs this.
# shellcheck source=show.sh
. "${0%/*}/show.sh"

# as its packages install it, or where the guest of "make demo-user" has it
python=$(command -v python3 || ls /root/host/python3 2>/dev/null || true)
state=/sys/bus/micro_bus/devices/micro_user.counter/state

# If a step fails, nothing goes on behind it
background=''
trap 'kill -9 $background 2>/dev/null || true' EXIT

# soon COMMAND: within a minute
soon() {
	tries=600
	until eval "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || {
			echo "${0##*/}: waited in vain for: $1" >&2
			exit 1
		}
		sleep 0.1
	done
}

# growing FILE: lines are added to it
growing() {
	soon "[ -e $1 ]"
	lines=$(wc -l <"$1")
	soon "[ \$(wc -l <$1) -gt $lines ]"
}

run 'insmod microkernel.ko; insmod micro_user.ko'

say 'root makes a user driver, and two devices of it'
run "mkdir $micro/micro_user.counter"
run "cd $micro/micro_user.counter; echo 0 >live; mkdir properties/memory-size properties/again"
run 'echo 64 >properties/memory-size/u32; echo read >properties/again/string; echo 1 >live; cd /root'
run "mkdir $micro/counter.0 $micro/counter.1"
expect waiting "cat $state"

say 'a program in C serves them: lib/examples/counter.c'
printf '\n# user-counter &\n'
user-counter &
background="$background $!"
soon "grep -q serving $state"
run 'head -n 2 /dev/micro/counter.0'
run 'head -n 1 /dev/micro/counter.1'

say 'a cat reads, as fast as it can, and the server is killed'
printf '\n# cat /dev/micro/counter.0 >/tmp/numbers &\n'
cat /dev/micro/counter.0 >/tmp/numbers &
cat=$!
background="$background $cat"
growing /tmp/numbers
run "kill -9 \$(cat ${state%state}server)"
soon "grep -q waiting $state"
run "cat $state; ps | grep '[c]at /dev/micro'"
run 'tail -n 1 /tmp/numbers'

say 'it is started again: the cat goes on'
printf '\n# user-counter &\n'
user-counter &
background="$background $!"
soon "grep -q serving $state"
growing /tmp/numbers
run 'tail -n 1 /tmp/numbers'

if [ -n "$python" ] && [ -e counter.py ]; then
	say 'the same in Python'
	run 'grep -A 10 ^class counter.py'
	run "kill -9 \$(cat ${state%state}server)"
	soon "grep -q waiting $state"
	run 'tail -n 1 /tmp/numbers'
	printf '\n# python3 counter.py &\n'
	$python counter.py &
	background="$background $!"
	soon "grep -q serving $state"
	growing /tmp/numbers
	run 'tail -n 1 /tmp/numbers'
	run 'head -n 1 /dev/micro/counter.1'
	run 'if command -v microctl >/dev/null; then microctl list; fi'
fi

say 'all that the cat has noticed is a pause: its numbers go up'
run "kill $cat; sort -n -c -u /tmp/numbers; head -n 1 /tmp/numbers; tail -n 1 /tmp/numbers"

run "kill \$(cat ${state%state}server)"
soon "grep -q waiting $state"
run "rmdir $micro/counter.0 $micro/counter.1 $micro/micro_user.counter/properties/*"
run "rmdir $micro/micro_user.counter; rm /tmp/numbers"
run 'rmmod micro_user; rmmod microkernel'
