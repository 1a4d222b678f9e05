#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The catalogue of mistakes in docs/teaching.md: a spinlock that a timer takes too
# vm: --module docs/teaching/bugs --file docs/teaching.md --append kasan_multi_shot
# vm: --expect 'inconsistent lock state'
# kernels: debug

. /tests/lib/tap.sh
. /tests/lib/bugs.sh

run_ok insmod microkernel.ko
run_ok insmod bugs.ko
run_ok mkdir $micro/bugs.0
bug interrupt
said interrupt
done_testing
