# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: a Debian system on a disk, with this project's packages installed.
# shellcheck source=kernel.sh
source "${BASH_SOURCE[0]%/*}/kernel.sh"

# What our packages depend on, and what their users have: compiler and headers
# for DKMS, openssl to sign, an init system, a way to become another user. ccache
# is ours, see system-disk.
system_packages=(systemd-sysv udev dbus kmod initramfs-tools zstd dkms openssl ccache
	device-tree-compiler libfdt1 libjson-c5 libudev1 pkg-config procps python3 libc6-dev)

# system KERNEL: builds what changed, for the kernel 6.1 or 6.12 of Debian 12, or with Debian
# 13 and its kernel, 6.12-trixie, beside which there is the one before it, as after an
# upgrade. Sets
#   system_disk     an image with the root file system; not to be written to
#   kernel_image, kernel_initrd, kernel_release
system() {
	local dir=$cache/system/$repo_id name names=(6.1 6.12)

	need mmdebstrap=mmdebstrap qemu-img=qemu-utils mke2fs=e2fsprogs unshare=util-linux
	[[ $EUID -eq 0 ]] || need newuidmap=uidmap
	system_suite=$debian_suite
	case $1 in
	6.1 | 6.12) ;;
	6.12-trixie)
		system_suite=$newest_suite
		names=("$1")
		dir+=-$newest_suite
		;;
	*) die "--system has the kernels 6.1, 6.12 and 6.12-trixie" ;;
	esac
	system_releases=()
	for name in "${names[@]}"; do
		system_releases+=("$(system_release "$name")") || exit
		[[ $name != "$1" ]] || kernel_release=${system_releases[-1]}
	done
	[[ $1 != 6.12-trixie ]] || system_releases+=("$(release_before "$kernel_release")") || exit
	locked "system-${dir##*/}" system_build "$dir" || exit
	system_disk=$dir/disk.raw
	kernel_image=$dir/vmlinuz-$kernel_release
	kernel_initrd=$dir/initrd.img-$kernel_release
}

# system_release NAME: as of uname -r
system_release() {
	local meta=linux-image-cloud-amd64 image
	[[ $1 != 6.12 ]] || meta=linux-image-$1-cloud-amd64
	image=$(remembered "$system_suite" amd64 "$meta" depends "$meta" | grep -m 1 '^linux-image-') ||
		no_package "$system_suite" amd64 "$meta"
	printf '%s\n' "${image#linux-image-}"
}

# release_before RELEASE: the newest one of the same version before it. Two kernels with
# headers are what DKMS has to do with after an upgrade.
release_before() {
	local name=linux-headers-${1%%+*} releases
	# 6.12.118+deb13-cloud-amd64
	name=${name%.*}.
	releases=$(remembered "$system_suite" amd64 "${name}cloud" cloud_releases "$name") || exit
	sort -V <<<"$releases"$'\n'"$1" | grep -B 1 -m 1 -xF "$1" | grep -vxF "$1" ||
		die "Debian's $system_suite has no kernel before $1"
}

# cloud_releases PREFIX: as of uname -r, of the packages of headers with that prefix
cloud_releases() {
	apt-cache pkgnames "$1" | sed -n 's/^linux-headers-\(.*-cloud-amd64\)$/\1/p'
}

# Root and packages change at different times: the first is fetched once, the
# second are put on top of it.
system_build() {
	local dir=$1 key packages root release
	mkdir -p "$dir"

	packages=("${system_packages[@]}")
	for release in "${system_releases[@]}"; do
		packages+=("linux-image-$release" "linux-headers-$release")
	done
	root=$cache/system/$system_suite-$({
		echo "$system_suite ${packages[*]}"
		declare -f system_root
	} | sha256sum | cut -c1-12).tar
	# clones of the repository share it
	[[ -e $root ]] || locked system-root system_root_once "$root" "${packages[@]}" || exit

	key=$({
		echo "$root"
		cd "$repo" && find Kbuild Makefile include packaging src tools lib docs dts-overlays scripts/deb \
			scripts/lib/system.sh scripts/lib/system-disk scripts/guest/system \
			-type f ! -name '*.o' ! -name '*.ko' ! -name '*.cmd' ! -name '*.d' -exec sha256sum {} + 2>/dev/null |
			LC_ALL=C sort
	} | sha256sum)
	[[ $key != "$(cat "$dir/.key" 2>/dev/null)" || ! -e $dir/disk.raw ]] || return 0
	rm -f "$dir/.key"

	say "building the packages, and a disk with them"
	"$repo/scripts/deb" --no-lint --output "$dir/packages" >/dev/null || exit
	# to upgrade to
	"$repo/scripts/deb" --no-lint --output "$dir/packages/next" --version 99.0 >/dev/null || exit
	rm -f "$dir"/packages{,/next}/*-dbgsym_*

	# root of its own namespace, if not of the machine
	local own_mounts
	own_mounts
	# with --fork, unshare takes no notice of SIGTERM
	own_mounts=(setpriv --pdeathsig KILL "${own_mounts[@]}" --pid --fork --kill-child)
	[[ $EUID -eq 0 ]] || own_mounts+=(--map-auto --map-root-user)
	"${own_mounts[@]}" "$repo/scripts/lib/system-disk" "$root" "$dir" "${system_releases[@]}" \
		>"$dir/disk.log" 2>&1 || {
		tail -n 40 "$dir/disk.log" >&2
		die "building the disk failed, see $dir/disk.log"
	}
	printf '%s\n' "$key" >"$dir/.key"
}

system_root_once() {
	[[ -e $1 ]] || system_root "$@"
}

# system_root FILE PACKAGE...
system_root() {
	local file=$1 log=$1.log
	shift
	say "fetching a Debian system ($system_suite), once per machine: about 3 minutes"
	rm -f "$cache"/system/{root,"$system_suite"}-*.{tar,new}
	unfinished "$file.new"
	# an initramfs with the disk's drivers is small, and so quick to boot
	# shellcheck disable=SC2016 # mmdebstrap's $1
	debian_bootstrap "$system_suite" "$file.new" --format=tar --variant=minbase --include="$*" \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
		--essential-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/vm"' \
		--essential-hook='printf "%s\n" virtio_pci virtio_blk ext4 >"$1/usr/share/initramfs-tools/modules.d/vm"' \
		>"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "mmdebstrap failed, see $log"
	}
	mv "$file.new" "$file"
}

# system_run FOLDER: the disks of one run, which keep what is written to them
# over a reboot. Sets
#   system_args     of QEMU
#   system_cmdline  of the kernel
system_run() {
	# what is special to this run is in an archive on the second disk
	tar -C "$1/root" --owner=0 --group=0 -cf "$1/files.tar" . &&
		qemu-img create -q -f qcow2 -F raw -b "$system_disk" "$1/disk.qcow2" || return
	# in QEMU's options a comma ends a value, two are one
	system_args=(-drive "file=${1//,/,,}/disk.qcow2,format=qcow2,if=virtio,cache=unsafe"
		-drive "file=${1//,/,,}/files.tar,format=raw,if=virtio,readonly=on")
	system_cmdline='root=/dev/vda rw systemd.unit=vm.target systemd.show_status=no'
	system_boots=1
}

# system_rebooted LOG: whether the guest ended with a reboot that somebody asked
# for, and is to be started again
system_rebooted() {
	[[ $(grep -c 'reboot: Restarting system' "$1") -eq $system_boots ]] &&
		! grep -q 'scripts/vm: exit status' "$1" || return
	[[ $system_boots -lt 20 ]] || die "the guest rebooted $system_boots times"
	system_boots=$((system_boots + 1))
}
