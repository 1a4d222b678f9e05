#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# GRUB, started by the machine's firmware, gives the kernel a tree with two overlays in it.
# archs: arm64
# vm: --boot grub --dtbo dts-overlays/several.dtso --dtbo tests/firmware/enable.dtso
. /tests/lib/tap.sh
. /tests/lib/boot-loader.sh

[ -e $tree/chosen/linux,uefi-system-table ]
ok $? "firmware with EFI has started this kernel"
like "$(cat /proc/cmdline)" "^BOOT_IMAGE=/vmlinuz " "GRUB has loaded it"
overlays_make_devices
done_testing
