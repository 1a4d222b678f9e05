# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: GRUB for QEMU's arm64 machine, with the firmware that starts it, and the files on
# a disk that both read.
# shellcheck source=system.sh
source "${BASH_SOURCE[0]%/*}/system.sh"

# grub: sets grub_dir, which has grub.efi and firmware.fd, as Debian builds them
grub() {
	grub_dir=$cache/grub
	[[ -e $grub_dir/.complete ]] || locked grub grub_fetch || exit
}

grub_fetch() {
	[[ ! -e $grub_dir/.complete ]] || return 0
	say "fetching GRUB, and firmware (EDK2) for QEMU's machine"
	rm -rf "$grub_dir"
	unfinished "$grub_dir"
	debian "$debian_suite" arm64 apt_extract "$grub_dir/packages" grub-efi-arm64-bin qemu-efi-aarch64
	# of the programs that Debian links it for, the one for removable disks has no path of its own
	{
		cp "$grub_dir/packages/usr/lib/grub/arm64-efi/monolithic/gcdaa64.efi" "$grub_dir/grub.efi" &&
			cp "$grub_dir/packages/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" "$grub_dir/firmware.fd"
	} || die "Debian's packages of GRUB and EDK2 do not have the expected files"
	rm -rf "$grub_dir/packages"
	finished "$grub_dir"
}

# grub_config FOLDER CMDLINE: writes grub.cfg, with machine.dtb in FOLDER as the tree, into
# which the overlays are merged already
grub_config() {
	mkdir -p "$1/EFI/BOOT" "$1/boot/grub"
	cp "$grub_dir/grub.efi" "$1/EFI/BOOT/BOOTAA64.EFI" || die "could not write $1: is there space?"
	{
		echo "devicetree /machine.dtb"
		echo "linux /vmlinuz $2"
		echo "initrd /initrd"
		echo boot
	} >"$1/boot/grub/grub.cfg"
}
