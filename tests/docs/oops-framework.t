#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The second half of "make oops": with the framework, the same driver survives. The
# kernel log must have no report, and the memory that was freed is zeroed, as there.
# vm: --module docs/teaching/oops --file docs/teaching/oops/safe.sh --append init_on_free=1
# kernels: 6.1 6.12
# archs: amd64

. /tests/lib/tap.sh

run_ok sh safe.sh
like "$tap_output" "^cat: read error: No such device" "the reader gets ENODEV"
like "$tap_output" "^unloaded$" "the module of the driver can be unloaded after that"
done_testing
