#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The catalogue of mistakes in docs/teaching.md: a spinlock that a timer takes too
# vm: --module docs/teaching/bugs --file docs/teaching.md --append kasan_multi_shot
# vm: --expect 'inconsistent lock state'
# kernels: debug

. /tests/lib/tap.sh
. /tests/lib/bugs.sh

load_bugs
bug interrupt
said interrupt
done_testing
