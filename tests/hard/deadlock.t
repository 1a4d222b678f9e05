#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The same mistakes as in lockdep-self.t and lockdep-remover.t, on kernels
# without lockdep: both hang, and the log names driver and device.
# kernels: 6.1 6.12 7.3 clang
# alone: who hangs there does so for ever

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil
ok $? "micro_evil is loaded"
run_ok sh -c "echo create micro_evil.self >$evil/command"
run_ok sh -c "echo create micro_evil.locked >$evil/command"

# left behind, as nothing can end them
micro-revoke suicide /dev/micro_evil.self true >/dev/null 2>&1 &
suicide=$!
micro-revoke lock-held /dev/micro_evil.locked \
	"echo destroy-locked micro_evil.locked >$evil/command" >/dev/null 2>&1 &
locked=$!
for name in self locked; do
	wait_for sh -c "dmesg | grep 'micro_evil.$name: driver micro_evil keeps' | grep -q '1 op'"
	ok $? "the log names micro_evil.$name"
done
kill -0 $suicide && kill -0 $locked
ok $? "the remover and the operation hang"

# others are not concerned
with rmdir micro_evil micro-revoke after
done_testing
