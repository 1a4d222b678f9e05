# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: U-Boot for QEMU's arm64 machine, and disks for it.
# shellcheck source=system.sh
source "${BASH_SOURCE[0]%/*}/system.sh"

# u_boot: sets u_boot_dir, which has u-boot.bin and mkimage. Debian's own binary
# (u-boot-qemu) has no "fdt apply", so it is built from Debian's source with that.
u_boot() {
	u_boot_dir=$cache/u-boot/$({
		declare -f u_boot_build
		"$kernel_cc" -dumpfullversion
	} | sha256sum | cut -c1-12)
	[[ -e $u_boot_dir/.complete ]] || locked u-boot u_boot_build || exit
}

u_boot_build() {
	local source=$u_boot_dir/source conf=$u_boot_dir/apt/apt.conf log=$cache/log/u-boot-$$.log args here=$PWD
	[[ ! -e $u_boot_dir/.complete ]] || return 0
	need make=make gcc=gcc bison=bison flex=flex xz=xz-utils dpkg-source=dpkg-dev \
		/usr/include/openssl/ssl.h=libssl-dev
	say "building U-Boot, once per machine: about 2 minutes"
	rm -rf "$u_boot_dir"
	unfinished "$u_boot_dir"
	mkdir -p "$u_boot_dir"/apt/{lists,archives}/partial "$cache/log"
	debian "$debian_suite" arm64 true
	sed 's/^deb /deb-src /' "$cache/apt/$debian_suite-arm64/sources.list" >"$u_boot_dir/apt/sources"
	sed "s|$cache/apt/$debian_suite-arm64/sources.list|$u_boot_dir/apt/sources|; s|\"$cache/apt/$debian_suite-arm64|\"$u_boot_dir/apt|" \
		"$cache/apt/$debian_suite-arm64/apt.conf" >"$conf"
	# not in a subshell, as in apt_extract()
	{ cd "$u_boot_dir" && APT_CONFIG=$conf apt_or_update source --download-only u-boot && cd "$here"; } ||
		die "could not download the source of U-Boot, see above: is the network there, and is there space in $cache?"
	dpkg-source --no-check -x "$u_boot_dir"/u-boot_*.dsc "$source" >"$log" 2>&1 ||
		die "could not unpack the source of U-Boot, see $log"
	args=(-C "$source" -s CROSS_COMPILE="$kernel_cross" CC="$kernel_cc")
	{
		make "${args[@]}" qemu_arm64_defconfig &&
			"$source/scripts/config" --file "$source/.config" -e OF_LIBFDT_OVERLAY -d EFI_LOADER &&
			make "${args[@]}" olddefconfig &&
			make "${args[@]}" -j"$(nproc)" u-boot.bin
	} </dev/null >>"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "building U-Boot failed, see $log"
	}
	cp "$source/u-boot.bin" "$source/tools/mkimage" "$u_boot_dir"
	rm -rf "$u_boot_dir"/{apt,source,u-boot_*} "$log"
	finished "$u_boot_dir"
}

# u_boot_disk FOLDER CMDLINE KERNEL INITRD: makes FOLDER.img, a disk from which
# U-Boot starts the kernel. The variables in the script are U-Boot's; QEMU has put
# the tree of the machine at fdt_addr. When it resets, the guest has ended.
u_boot_disk() {
	local folder=$1 cmdline=$2 kernel=$3 initrd=$4 overlay
	local load="load \${devtype} \${devnum}:\${distro_bootpart}"

	# shellcheck disable=SC2154 # overlays_compile() sets overlays
	{
		echo "$load \${kernel_addr_r} vmlinuz || reset"
		echo "fdt addr \${fdt_addr} && fdt resize 65536 || reset"
		for overlay in "${overlays[@]}"; do
			echo "$load \${pxefile_addr_r} ${overlay##*/} || reset"
			echo "fdt apply \${pxefile_addr_r} || reset"
		done
		echo "$load \${ramdisk_addr_r} initrd || reset"
		echo "setenv bootargs $(quote "$cmdline")"
		echo "booti \${kernel_addr_r} \${ramdisk_addr_r}:\${filesize} \${fdt_addr}"
		echo reset
	} >"$folder/boot.cmd"
	"$u_boot_dir/mkimage" -A arm64 -T script -d "$folder/boot.cmd" "$folder/boot.scr" >/dev/null || die "mkimage failed"
	{
		truncate -s 512M "$folder.img" &&
			mformat -i "$folder.img" -F :: &&
			mcopy -i "$folder.img" "$folder"/* :: &&
			mcopy -i "$folder.img" "$kernel" ::vmlinuz &&
			mcopy -i "$folder.img" "$initrd" ::initrd
	} || die "could not write the disk for U-Boot"
}
