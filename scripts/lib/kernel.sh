# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: kernels to boot and to build for, from packages or from source.
# shellcheck source=trixie.sh
source "${BASH_SOURCE[0]%/*}/trixie.sh"

# kernel NAME [ARCH]: Debian's name of the architecture, amd64 if not given. Sets
#   kernel_arch     ARCH
#   kernel_cross    what the names of compiler and binutils begin with
#   kernel_dir      where it is in the cache
#   kernel_image    to boot
#   kernel_release  as of uname -r
#   kernel_headers  to build modules with
#   kernel_modules  the folder of its own modules
#   kernel_run      what make is called with, if it is not for this machine
kernel() {
	kernel_arch=${2:-amd64}
	kernel_run=()
	case $kernel_arch in
	amd64)
		kernel_cross=''
		;;
	arm64)
		kernel_cross=aarch64-linux-gnu-
		need "${kernel_cross}gcc-12=gcc-12-aarch64-linux-gnu"
		;;
	*)
		die "unknown architecture $kernel_arch, there are amd64 and arm64"
		;;
	esac
	case $1-$kernel_arch in
	6.1-*)
		debian_kernel 6.1 "linux-image-cloud-$kernel_arch" "linux-headers-cloud-$kernel_arch"
		;;
	6.12-*)
		debian_kernel 6.12 "linux-image-6.12-cloud-$kernel_arch" "linux-headers-6.12-cloud-$kernel_arch"
		;;
	debug-amd64 | race-amd64)
		own_kernel "$1"
		;;
	debug-arm64 | race-arm64 | [0-9]*-arm64 | /*-arm64)
		die "the kernel $1 is there for amd64 only, not for $kernel_arch"
		;;
	[0-9]*)
		newest_kernel "$1"
		;;
	/*)
		built_kernel "$1"
		;;
	*)
		die "unknown kernel $1: there are 6.1, 6.12, 7.3, debug, race, and absolute paths of folders"
		;;
	esac
}

# remembered NAME COMMAND...: the command's output, asked for again only when
# apt's package lists changed; without lists, what was known last.
remembered() {
	local file=$cache/apt/$1 out
	shift
	mkdir -p "$cache/apt"
	if [[ ! -s $file || /var/lib/apt/lists -nt $file ]]; then
		if out=$("$@") && [[ -n $out ]]; then
			printf '%s\n' "$out" >"$file.$$"
			mv "$file.$$" "$file"
		fi
	fi
	[[ -s $file ]] && cat "$file"
}

candidate() {
	apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -v none
}

depends() {
	apt-cache depends --important "$1" | sed -n 's/^ *Depends: //p'
}

# with_lists FUNCTION ARGS...: a machine whose package lists were never loaded
with_lists() {
	"$@" || {
		may_update && locked apt apt_or_update update && "$@"
	}
}

debian_kernel() {
	local version=$1 image_meta=$2 headers_meta=$3 image headers

	image=$(for_arch "$kernel_arch" with_lists remembered "$image_meta" depends "$image_meta") ||
		die "apt knows no $image_meta: is this Debian 12, and was apt-get update run?"
	headers=$(for_arch "$kernel_arch" with_lists remembered "$headers_meta" depends "$headers_meta") ||
		die "apt knows no $headers_meta"
	image=$(grep -m 1 '^linux-image-' <<<"$image")
	headers=$(grep -m 1 '^linux-headers-' <<<"$headers")

	kernel_release=${image#linux-image-}
	[[ $kernel_release == "$version".* && $headers == "linux-headers-$kernel_release" ]] ||
		die "apt's $image_meta is $image with $headers, not a $version kernel"
	kernel_dir=$cache/kernel/$kernel_release
	kernel_image=$kernel_dir/boot/vmlinuz-$kernel_release
	kernel_headers=$kernel_dir/usr/src/linux-headers-$kernel_release
	kernel_modules=$kernel_dir/lib/modules/$kernel_release
	[[ -e $kernel_dir/.complete ]] ||
		locked "kernel-$kernel_release" unpack_debian_kernel "$image" "$headers" || exit
}

unpack_debian_kernel() {
	local image=$1 headers=$2 common kbuild
	[[ ! -e $kernel_dir/.complete ]] || return 0
	say "fetching Debian's kernel $kernel_release"
	rm -rf "$kernel_dir"
	{
		read -r common
		read -r kbuild
	} < <(for_arch "$kernel_arch" depends "$headers" | grep -E '^linux-(headers-.*-common|kbuild-)' | sort)
	[[ $common == linux-headers-* && $kbuild == linux-kbuild-* ]] ||
		die "unexpected dependencies of $headers: $common $kbuild"
	for_arch "$kernel_arch" apt_extract "$kernel_dir" "$image" "$headers" "$common"
	# its programs run here, for whatever kernel
	apt_extract "$kernel_dir" "$kbuild"
	# the package expects to be installed
	sed -i "s|/usr/src/|$kernel_dir/usr/src/|" "$kernel_headers/Makefile"
	need depmod=kmod
	depmod -b "$kernel_dir" "$kernel_release" || die "depmod failed"
	touch "$kernel_dir/.complete"
}

# kernel_source: unpacks Debian's packaged kernel source, prints where it is
kernel_source() {
	local version dir
	version=$(with_lists remembered linux-source-6.12 candidate linux-source-6.12) ||
		die "apt knows no linux-source-6.12: was apt-get update run?"
	dir=$cache/source/$version
	[[ -e $dir/.complete ]] ||
		locked "source-$version" unpack_source "$dir" "$version" || exit
	printf '%s\n' "$dir"
}

unpack_source() {
	local dir=$1 version=$2
	[[ ! -e $dir/.complete ]] || return 0
	need xz=xz-utils
	say "fetching Debian's linux-source-6.12 $version"
	rm -rf "$dir"
	apt_extract "$dir.package" "linux-source-6.12=$version"
	mkdir -p "$dir"
	tar -xJf "$dir.package/usr/src/linux-source-6.12.tar.xz" -C "$dir" --strip-components=1 ||
		die "could not unpack the kernel source"
	rm -rf "$dir.package"
	touch "$dir/.complete"
}

# built_kernel FOLDER: one that somebody else has built there
built_kernel() {
	kernel_dir=$1
	kernel_image=$1/arch/x86/boot/bzImage
	kernel_headers=$1
	[[ -e $kernel_image && -e $1/Module.symvers ]] ||
		die "$1 has no arch/x86/boot/bzImage and Module.symvers: is a kernel built there?"
	kernel_release=$(<"$1/include/config/kernel.release")
	kernel_modules=$1/root/lib/modules/$kernel_release
}

own_kernel() {
	local name=$1 source fragments key

	source=$(kernel_source) || exit
	need gcc=gcc
	fragments=("$repo/scripts/kernel/common.config" "$repo/scripts/kernel/$name.config")
	key=$({
		echo "${source##*/}"
		gcc -dumpfullversion
		cat "${fragments[@]}"
	} | sha256sum | cut -c1-12)
	kernel_dir=$cache/kernel/$name-$key
	kernel_image=$kernel_dir/arch/x86/boot/bzImage
	kernel_headers=$kernel_dir
	kernel_modules=$kernel_dir/root/lib/modules
	[[ -e $kernel_dir/.complete ]] ||
		locked "kernel-$name-$key" build_kernel "$name" "$source" "${fragments[@]}" || exit
	kernel_release=$(<"$kernel_dir/include/config/kernel.release")
	kernel_modules+=/$kernel_release
}

build_kernel() {
	local name=$1 source=$2 log=$kernel_dir/build.log
	shift 2
	[[ ! -e $kernel_dir/.complete ]] || return 0
	need make=make bc=bc bison=bison flex=flex perl=perl xz=xz-utils depmod=kmod \
		/usr/include/libelf.h=libelf-dev /usr/include/openssl/ssl.h=libssl-dev
	say "building the $name kernel, once per machine: about 10 minutes"
	mkdir -p "$kernel_dir"
	{
		make -s -C "$source" O="$kernel_dir" tinyconfig &&
			cat "$@" >>"$kernel_dir/.config" &&
			make -s -C "$source" O="$kernel_dir" olddefconfig
	} >"$log" 2>&1 || die "configuring failed, see $log"
	check_config "$@"
	{
		make -s -C "$source" O="$kernel_dir" -j"$(nproc)" bzImage modules &&
			make -s -C "$source" O="$kernel_dir" INSTALL_MOD_PATH="$kernel_dir/root" modules_install
	} >>"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "building the $name kernel failed, see $log"
	}
	touch "$kernel_dir/.complete"
}

# Kconfig drops in silence what it cannot have; the tests count on all of it.
check_config() {
	local line option wrong=0
	while read -r line; do
		case $line in
		CONFIG_*)
			grep -qxF "$line" "$kernel_dir/.config" && continue
			option=${line%%=*}
			;;
		'# CONFIG_'*' is not set')
			option=${line#\# }
			option=${option%% *}
			grep -q "^$option=" "$kernel_dir/.config" || continue
			;;
		*)
			continue
			;;
		esac
		say "wanted '$line', have '$(grep -w "$option" "$kernel_dir/.config")'"
		wrong=1
	done < <(cat "$@")
	[[ $wrong -eq 0 ]] || die "the kernel configuration is not what scripts/kernel asks for"
}
