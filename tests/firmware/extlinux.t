#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# U-Boot with an extlinux.conf, as most boards with Debian or Fedora have it: "fdt" names the
# tree, a file, and "fdtoverlays" two overlays.
# archs: arm64
# vm: --boot extlinux --dtbo dts-overlays/several.dtso --dtbo tests/firmware/enable.dtso
. /tests/lib/tap.sh
. /tests/lib/boot-loader.sh

like "$(tr -d '\0' <$tree/chosen/u-boot,version)" "^20[0-9][0-9]" "U-Boot has started this kernel"
overlays_make_devices
done_testing
