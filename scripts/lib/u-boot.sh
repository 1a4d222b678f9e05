# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: U-Boot for QEMU's arm64 machine, and the files on a disk that it reads.
# shellcheck source=system.sh
source "${BASH_SOURCE[0]%/*}/system.sh"

# Where U-Boot puts a tree and an overlay that extlinux.conf names: between the kernel and
# the initrd, in QEMU's machine
u_boot_variables='setenv fdt_addr_r 0x43e00000; setenv fdtoverlay_addr_r 0x43f00000'

# u_boot: sets u_boot_dir, which has u-boot.bin and mkimage. Debian's own binary
# (u-boot-qemu) has no "fdt apply", so it is built from Debian's source with that. It also
# has no variables for the files that extlinux.conf names, as boards have them.
u_boot() {
	u_boot_dir=$cache/u-boot/$({
		declare -f u_boot_build
		echo "$u_boot_variables"
		"$kernel_cc" -dumpfullversion
	} | sha256sum | cut -c1-12)
	[[ -e $u_boot_dir/.complete ]] || locked u-boot u_boot_build || exit
}

u_boot_build() {
	local source=$u_boot_dir/source conf=$u_boot_dir/apt/apt.conf log=$cache/log/u-boot-$$.log args preboot here=$PWD
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
			preboot=$(sed -n 's/^CONFIG_PREBOOT="\(.*\)"$/\1; /p' "$source/.config")$u_boot_variables &&
			"$source/scripts/config" --file "$source/.config" -e OF_LIBFDT_OVERLAY -d EFI_LOADER \
				-e USE_PREBOOT --set-str PREBOOT "$preboot" &&
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

# u_boot_script FOLDER CMDLINE: writes boot.scr, which merges the overlays and starts the
# kernel. The variables in the script are U-Boot's; QEMU has put the tree of the machine at
# fdt_addr. When it resets, the guest has ended.
u_boot_script() {
	local folder=$1 cmdline=$2 overlay
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
}

# u_boot_extlinux FOLDER CMDLINE: writes extlinux.conf, with machine.dtb in FOLDER as the tree
u_boot_extlinux() {
	mkdir "$1/extlinux"
	{
		echo "label microkernel"
		echo "kernel /vmlinuz"
		echo "initrd /initrd"
		echo "fdt /machine.dtb"
		[[ ${#overlays[@]} -eq 0 ]] || echo "fdtoverlays $(printf '/%s ' "${overlays[@]##*/}")"
		echo "append $2"
	} >"$1/extlinux/extlinux.conf"
}
