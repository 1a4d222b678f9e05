#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The Python module micro: its unit tests, and drivers in Python with real devices
# vm: --timeout 900 --mem 1024
# host: scripts/lib/guest-python
# archs: amd64
# except: race
. /tests/lib/tap.sh

python=/root/host/python3
export MICRO_PYTHON=$python

run_ok modprobe micro_user
for module in test_abi test_server test_kernel; do
	$python -m unittest -v "tests.$module" 2>/tmp/out
	status=$?
	ok $status "$module: $(sed -n 's/^Ran //p' /tmp/out)" || diag "$(cat /tmp/out)"
	grep -q "^Ran 0 tests" /tmp/out
	isnt $? 0 "$module has tests"
done
run_ok rmmod micro_user
done_testing
