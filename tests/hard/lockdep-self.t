#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A driver that destroys its own device from inside its own operation waits for
# itself for ever. Debug kernels say so before it hangs, and all kernels after
# ten seconds.
# kernels: debug
# vm: --expect 'possible recursive locking detected'

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil
ok $? "micro_evil is loaded"
run_ok sh -c "echo create micro_evil.x >$evil/command"

# left behind, as nothing can end it
micro-revoke suicide /dev/micro_evil.x true >/dev/null 2>&1 &
suicide=$!
wait_for sh -c "dmesg | grep -q 'possible recursive locking detected'"
ok $? "lockdep reports it"
report=$(dmesg | sed -n '/possible recursive locking/,/stack backtrace/p')
like "$report" "micro-revoke/$suicide is trying to acquire lock" \
	"lockdep says what the ioctl is trying to acquire"
like "$report" "lock\(micro_evil\)" "who waits for the driver's operations"
wait_for sh -c "dmesg | grep -q 'micro_evil.x: driver micro_evil keeps the device from going'"
ok $? "the framework says who keeps whom"
kill -0 $suicide
ok $? "the ioctl that destroys its own device hangs"
done_testing
