# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by scripts/vm: who starts the kernel, QEMU or a boot loader on a disk.
# shellcheck source=devicetree.sh
source "${BASH_SOURCE[0]%/*}/devicetree.sh"
# shellcheck source=u-boot.sh
source "${BASH_SOURCE[0]%/*}/u-boot.sh"
# shellcheck source=grub.sh
source "${BASH_SOURCE[0]%/*}/grub.sh"

# boot_exists HOW ARCH: ends with an error if it does not
boot_exists() {
	case $1 in
	qemu) ;;
	u-boot | extlinux | grub) [[ $2 == arm64 ]] || die "--boot $1 needs --arch arm64" ;;
	*) die "--boot: there is no $1, see --help" ;;
	esac
}

# boot_loader HOW: fetches or builds it
boot_loader() {
	case $1 in
	u-boot | extlinux) u_boot ;;
	grub) grub ;;
	esac
}

# boot_args HOW RUN CMDLINE KERNEL INITRD QEMU...: sets boot_args, which QEMU needs beside
# its own; the overlays are in RUN/disk
boot_args() {
	local how=$1 run=$2 cmdline=$3 kernel=$4 initrd=$5
	shift 5
	case $how in
	qemu)
		boot_args=(-kernel "$kernel" -initrd "$initrd" -append "$cmdline")
		[[ ${#overlays[@]} -gt 0 ]] || return 0
		overlays_merge "$run/merged.dtb" "$@"
		boot_args+=(-dtb "$run/merged.dtb")
		return
		;;
	u-boot)
		boot_args=(-bios "$u_boot_dir/u-boot.bin")
		u_boot_script "$run/disk" "$cmdline"
		;;
	extlinux)
		boot_args=(-bios "$u_boot_dir/u-boot.bin")
		# with firmware, QEMU's machine has other devices
		machine_tree "$run/disk/machine.dtb" "$@" "${boot_args[@]}"
		u_boot_extlinux "$run/disk" "$cmdline"
		;;
	grub)
		# firmware that has tables of ACPI passes no tree on
		boot_args=(-bios "$grub_dir/firmware.fd" -M acpi=off)
		overlays_merge "$run/disk/machine.dtb" "$@" "${boot_args[@]}"
		grub_config "$run/disk" "$cmdline"
		;;
	esac
	boot_disk "$run/disk" "$kernel" "$initrd"
	boot_args+=(-drive "if=virtio,format=raw,file=${run//,/,,}/disk.img")
}

# boot_disk FOLDER KERNEL INITRD: makes FOLDER.img, a disk with all of these
boot_disk() {
	{
		truncate -s 512M "$1.img" &&
			mformat -i "$1.img" -F :: &&
			mcopy -s -i "$1.img" "$1"/* :: &&
			mcopy -i "$1.img" "$2" ::vmlinuz &&
			mcopy -i "$1.img" "$3" ::initrd
	} || die "could not write the disk for the boot loader"
}
