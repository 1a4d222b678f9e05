#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The catalogue of mistakes in docs/teaching.md: a mutex that is not unlocked
# vm: --module docs/teaching/bugs --file docs/teaching.md --append kasan_multi_shot
# vm: --expect 'lock held when returning to user space'
# kernels: debug

. /tests/lib/tap.sh
. /tests/lib/bugs.sh

load_bugs
bug still-locked
said still-locked
done_testing
