#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own unit tests of what is pure logic in the core: each of their
# cases is a check here.
# kernels: debug race clang

. /tests/lib/tap.sh

run_ok insmod micro_kunit.ko
run_ok insmod micro_kunit_property.ko

cases=0
for suite in micro_match micro_active micro_property micro_fwnode; do
	while read -r line; do
		name=${line#not }
		name=${name#ok * }
		case $line in
		"ok "*) ok 0 "$suite: $name" ;;
		"not ok "*) ok 1 "$suite: $name" ;;
		*) note "$line" && continue ;;
		esac
		cases=$((cases + 1))
	done <<END
$(sed 's/^ *//' "/sys/kernel/debug/kunit/$suite/results")
END
done
# 29 cases and 4 suites
is "$cases" 33 "all cases have run"

run_ok rmmod micro_kunit_property micro_kunit
done_testing
