#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Somebody destroys a device with a mutex held that the device's operations
# take. That hangs only if one of them is at it just then, but debug kernels
# report it from the first time on.
# kernels: debug
# vm: --expect 'possible circular locking dependency detected'

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil
ok $? "micro_evil is loaded"
run_ok sh -c "echo create micro_evil.x >$evil/command"

run_ok micro-revoke lock /dev/micro_evil.x true
! dmesg | grep -q 'possible circular locking'
ok $? "an operation that takes a mutex is fine"
run_ok sh -c "echo destroy-locked micro_evil.x >$evil/command"
report=$(dmesg | sed -n '/possible circular locking/,/stack backtrace/p')
like "$report" "lock\(evil_lock\)" "lockdep reports the mutex"
like "$report" "lock\(micro_evil\)" "lockdep names the driver's operations"
like "$report" "evil_ioctl" "lockdep shows which operation takes the lock"

run_ok rmmod micro_evil
done_testing
