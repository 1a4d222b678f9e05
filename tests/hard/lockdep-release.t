#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A driver takes a mutex in release(), and somebody destroys a device of that driver with
# this mutex held. That hangs only if an unplug calls release() just then, and lockdep does
# not check the device lock; debug kernels report it from the first time on nevertheless.
# kernels: debug
# vm: --expect 'possible circular locking dependency detected'

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

release=micro_evil.lock-release

modprobe micro_evil
ok $? "micro_evil is loaded"
micro-hold start
run_ok mkdir $micro/$release
is "$(micro-hold open open rw /dev/micro/$release)" ok "a file is open"
run_ok rmdir $micro/$release
is "$(cat "$evil/releases")" 1 "the unplug has called release(), which takes the mutex"
! dmesg | grep -q 'possible circular locking'
ok $? "a release() that takes a mutex is fine"
micro-hold close open >/dev/null
micro-hold end

run_ok sh -c "echo create micro_evil.x >$evil/command"
run_ok sh -c "echo destroy-locked micro_evil.x >$evil/command"
report=$(dmesg | sed -n '/possible circular locking/,/stack backtrace/p')
like "$report" "lock\(evil_lock\)" "lockdep reports the mutex"
like "$report" "lock\(micro_device\)" "lockdep names what the end of a device calls"
like "$report" "evil_release" "lockdep shows which function takes the mutex"

run_ok rmmod micro_evil
done_testing
