#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The stress test on a kernel that looks for data races (KCSAN): scripts/vm fails
# the run for those in our modules.
# kernels: race
# alone: a race that is reported is then one of these

. /tests/lib/tap.sh

run_ok insmod microkernel.ko
# not alone on the processor while it is watched, so more threads than usual
micro-stress --verbose --seconds "${RACE_SECONDS:-90}" --processes 2 --threads 3 --chaos 3 >/tmp/stress
ok $? "micro-stress ends, and has seen nothing wrong"
cat /tmp/stress
like "$(grep ' unplugs, ' /tmp/stress)" '[1-9][0-9]* with files open; [1-9][0-9]* opens' \
	"instances were unplugged with files open"
is "$(grep -c '^micro' /proc/modules)" 0 "all modules are unloaded"
done_testing
