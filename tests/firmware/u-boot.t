#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A real boot loader: U-Boot's script merges two overlays into the machine's tree
# and starts the kernel.
# archs: arm64
# vm: --boot u-boot --dtbo dts-overlays/several.dtso --dtbo tests/firmware/enable.dtso
. /tests/lib/tap.sh
. /tests/lib/boot-loader.sh

like "$(tr -d '\0' <$tree/chosen/u-boot,version)" "^20[0-9][0-9]" "U-Boot has started this kernel"
overlays_make_devices
done_testing
