#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes while programs read it, write it and sleep in it. They get the
# error ENODEV at once; nothing hangs, and nothing waits for them.
# Needs root and the modules: after "make install", or in "make shell".
# shellcheck source=show.sh
. "${0%/*}/show.sh"

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
pids=''

# load: three readers and two writers of /dev/micro/pipe, and a reader of
# /dev/micro/idle, who sleeps as nobody writes. Done when all have it open.
load() {
	pids=''
	: >"$errors"
	for _ in 1 2 3; do
		cat /dev/micro/pipe >/dev/null 2>>"$errors" &
		pids="$pids $!"
	done
	for _ in 1 2; do
		cat /dev/zero >/dev/micro/pipe 2>>"$errors" &
		pids="$pids $!"
	done
	cat /dev/micro/idle >/dev/null 2>>"$errors" &
	pids="$pids $!"
	for pid in $pids; do
		# shellcheck disable=SC2010 # shows where links lead, as find of busybox does not
		until ls -l "/proc/$pid/fd" | grep -q /dev/micro/; do
			kill -0 "$pid"
			sleep 0.1
		done
	done
}

run 'modprobe micro_fifo'
for round in 1 2 3 4 5; do
	say "Round $round: two pipes, six programs that use them"
	run "mkdir $micro/pipe $micro/idle"
	run "echo microkernel,fifo > $micro/pipe/compatible"
	run "echo microkernel,fifo > $micro/idle/compatible"
	run load

	run "rmdir $micro/pipe $micro/idle"
	# each of them ended with an error, and none of them has to be killed
	for pid in $pids; do
		refused "wait $pid"
	done
	expect 6 "grep -c 'No such device' $errors"
done
run "cat $errors"
run 'rmmod micro_fifo microkernel'
