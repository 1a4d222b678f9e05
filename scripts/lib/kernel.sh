# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: kernels to boot and to build for, from packages or from source.
# shellcheck source=debian.sh
source "${BASH_SOURCE[0]%/*}/debian.sh"
# shellcheck source=newest.sh
source "${BASH_SOURCE[0]%/*}/newest.sh"

kernel_names='6.1, 6.12, 6.1-rt, 6.12-rt, 6.1-oldest, 7.3, debug, race, clang, absolute paths of folders, and, with --system, 6.12-trixie'

# what the kernel clang is built with, and its modules
clang_things=(clang-19=clang-19 ld.lld-19=lld-19 llvm-nm-19=llvm-19)

# first_kernel ARCH: the one that is taken if none is named. Most architectures have no other.
first_kernel() {
	if [[ $(suite "$1") == "$newest_suite" ]]; then
		echo 6.12
	else
		echo 6.1
	fi
}

# kernel_exists NAME ARCH: ends with an error if it does not
kernel_exists() {
	triple "$2" >/dev/null || die "unknown architecture $2: there are $arch_names"
	[[ $1 != "$(first_kernel "$2")" ]] || return 0
	case $1 in
	6.1 | 6.12 | 6.1-rt | 6.12-rt | 6.1-oldest)
		[[ $2 == a??64 ]] || die "the kernel $1 is not there for $2, which has $(first_kernel "$2")"
		;;
	debug | race | clang | 6.12-trixie | /*)
		[[ $2 == amd64 ]] || die "the kernel $1 is there for amd64 only, not for $2"
		;;
	*)
		[[ $1 =~ ^[0-9]+\.[0-9]+$ ]] || die "there is no kernel '$1': there are $kernel_names"
		[[ $2 == "$host_arch" ]] || die "the kernel $1 is there for $host_arch only, not for $2"
		;;
	esac
}

# kernel NAME [ARCH]: Debian's name of the architecture, this machine's if not given. Sets
#   kernel_arch     ARCH
#   kernel_suite    the release of Debian that it and its programs are from
#   kernel_triple   what Debian calls the folders with its libraries
#   kernel_cross    what the names of compiler and binutils begin with
#   kernel_cc       the compiler for programs and, if gcc built the kernel, for modules
#   kernel_dir      where it is in the cache
#   kernel_image    to boot
#   kernel_release  as of uname -r
#   kernel_headers  to build modules with
#   kernel_modules  the folder of its own modules
#   kernel_run      what make is called with, if it is not for this machine
#   kernel_llvm     variables for make that name clang, if clang built the kernel
#   kernel_stamp    files that are others when it has been built again in its folder
kernel() {
	kernel_exists "$1" "${2:-$host_arch}"
	kernel_architecture "${2:-$host_arch}"
	kernel_run=() kernel_llvm=() kernel_stamp=()
	# who has it in the environment means a kernel in a folder: the others know their compiler
	[[ $1 == /* ]] || unset LLVM
	case $1 in
	6.1 | 6.12 | 6.1-rt | 6.12-rt)
		debian_kernel "${1%-rt}" "$(kernel_package "$1" "$kernel_arch")"
		;;
	6.1-oldest)
		oldest_kernel
		;;
	debug | race | clang)
		own_kernel "$1"
		;;
	6.12-trixie)
		die "the kernel $1 is there with --system only"
		;;
	/*)
		built_kernel "$1"
		;;
	*)
		newest_kernel "$1"
		;;
	esac
	built_with_clang
}

# built_with_clang: sets kernel_llvm. As the Makefile has it: gcc does not know all flags of
# a kernel that clang built.
built_with_clang() {
	local conf=$kernel_headers/include/config/auto.conf version
	[[ -z ${LLVM+set} ]] && grep -qsx CONFIG_CC_IS_CLANG=y "$conf" || return 0
	version=$(sed -n 's/^CONFIG_CC_VERSION_TEXT=.*clang version \([0-9]*\).*/\1/p' "$conf")
	version=-$version
	command -v "clang$version" >/dev/null || version=''
	kernel_llvm=("LLVM=${version:-1}")
	# LLVM= means its linker, too
	grep -qx CONFIG_LD_IS_LLD=y "$conf" || kernel_llvm=("CC=clang$version")
}

# kernel_package NAME ARCH: the package that stands for the newest of these kernels
kernel_package() {
	case $1-$2 in
	6.1-a??64) echo "linux-image-cloud-$2" ;;
	6.1-armhf) echo linux-image-armmp ;;
	6.1-i386) echo linux-image-686-pae ;;
	6.1-ppc64el) echo linux-image-powerpc64le ;;
	6.1-s390x) echo linux-image-s390x ;;
	6.12-riscv64) echo linux-image-riscv64 ;;
	6.1-rt-*) echo "linux-image-rt-$2" ;;
	6.12-rt-*) echo "linux-image-6.12-rt-$2" ;;
	6.12-*) echo "linux-image-6.12-cloud-$2" ;;
	esac
}

# kernel_architecture ARCH: sets kernel_arch, kernel_suite, kernel_triple, kernel_cross
# and kernel_cc, and installs the compiler: Debian's kernels want the one that they
# were built with.
kernel_architecture() {
	local package=gcc-12
	kernel_arch=$1
	kernel_cross=''
	kernel_suite=$(suite "$kernel_arch")
	kernel_triple=$(triple "$kernel_arch") || die "unknown architecture $kernel_arch: there are $arch_names"
	if [[ $kernel_arch != "$host_arch" ]]; then
		package+=-$(cross "$kernel_arch")
		package=${package//_/-}
		kernel_cross=$(cross "$kernel_arch")-
	fi
	kernel_cc=${kernel_cross}gcc-12
	need "$kernel_cc=$package"
}

# debian_kernel VERSION PACKAGE: the one that PACKAGE stands for
debian_kernel() {
	local version=$1 meta=$2 image

	[[ $kernel_suite != "$newest_suite" ]] || needs_root "--arch $kernel_arch"
	image=$(remembered "$kernel_suite" "$kernel_arch" "$meta" depends "$meta" | grep -m 1 '^linux-image-') ||
		no_package "$kernel_suite" "$kernel_arch" "$meta"
	kernel_release=${image#linux-image-}
	[[ $kernel_release == "$version".* ]] || die "$meta is $image, not a $version kernel"
	release_kernel
}

# release_kernel: the Debian kernel kernel_release
release_kernel() {
	kernel_dir=$cache/kernel/$kernel_release
	kernel_image=$kernel_dir/boot/vmlinuz-$kernel_release
	[[ $kernel_arch != @(ppc64el|riscv64) ]] || kernel_image=$kernel_dir/boot/vmlinux-$kernel_release
	kernel_headers=$kernel_dir/usr/src/linux-headers-$kernel_release
	kernel_modules=$kernel_dir/lib/modules/$kernel_release
	[[ -e $kernel_dir/.complete ]] ||
		locked "kernel-$kernel_release" unpack_debian_kernel || exit
	if [[ $kernel_suite == "$newest_suite" ]]; then
		in_newest make sparse "gcc-14-$(cross "$kernel_arch")"
	else
		# what its programs are linked with
		need "/usr/lib/$host_triple/libelf.so.1=libelf1"
	fi
}

# oldest_kernel: the oldest 6.1 in Debian's archives that the modules build for
oldest_kernel() {
	local releases release
	releases=$(remembered "$debian_suite" "$kernel_arch" releases-6.1 old_releases) ||
		no_package "$debian_suite" "$kernel_arch" 'kernels 6.1 with headers'
	for release in $releases; do
		kernel_release=$release
		release_kernel
		[[ ! -e $(common_headers)/include/linux/cleanup.h ]] || return 0
	done
	die "none of $debian_suite's kernels 6.1 has linux/cleanup.h"
}

old_releases() {
	apt-cache pkgnames linux-headers-6.1.0- | sed -nE "s/^linux-headers-(6\.1\.0-[0-9]+-cloud-$kernel_arch)$/\1/p" | sort -V
}

# common_headers: where those are that all flavours share
common_headers() {
	sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$kernel_headers/Makefile"
}

unpack_debian_kernel() {
	local common kbuild
	[[ ! -e $kernel_dir/.complete ]] || return 0
	{
		read -r common
		read -r kbuild
	} < <(debian "$kernel_suite" "$kernel_arch" depends "linux-headers-$kernel_release" |
		grep -E '^linux-(headers-.*-common|kbuild-)' | sort)
	[[ $common == linux-headers-* && $kbuild == linux-kbuild-* ]] ||
		die "unexpected dependencies of linux-headers-$kernel_release: $common $kbuild"
	say "fetching Debian's kernel $kernel_release"
	rm -rf "$kernel_dir"
	unfinished "$kernel_dir"
	debian "$kernel_suite" "$kernel_arch" apt_extract "$kernel_dir" \
		"linux-image-$kernel_release" "linux-headers-$kernel_release" "$common"
	# its programs run here, for whatever kernel
	debian "$kernel_suite" "$host_arch" apt_extract "$kernel_dir" "$kbuild"
	case $kernel_arch in
	armhf | i386) modpost_32 "$kbuild" ;;
	esac
	# Debian 13 has its modules there
	[[ -e $kernel_dir/lib ]] || ln -s usr/lib "$kernel_dir/lib"
	# the package expects to be installed
	sed -i "s|/usr/src/|$kernel_dir/usr/src/|" "$kernel_headers/Makefile"
	need depmod=kmod
	depmod -b "$kernel_dir" "$kernel_release" || die "depmod failed"
	finished "$kernel_dir"
}

# modpost_32 KBUILD: Debian's modpost for 32-bit modules on a 64-bit machine takes a struct
# of_device_id for as large as there, and ends with an error. So it is the program of a
# 32-bit machine here. Not every machine runs that: its kernel can be without 32-bit
# programs, and 64-bit Arm CPUs have no more of them. QEMU runs it there.
modpost_32() {
	local kbuild=$1 dir=$kernel_dir/modpost-32 modpost=$kernel_dir/usr/lib/$1/scripts/mod/modpost
	local loader arch=i386 emulator=$dir/usr/bin/qemu-i386-static
	[[ $host_arch == amd64 ]] || arch=armhf emulator=$dir/usr/bin/qemu-arm-static
	debian "$debian_suite" "$arch" apt_extract "$dir" "$kbuild" libc6
	loader=$(compgen -G "$dir/lib/ld-linux*.so.[0-9]") || die "Debian's libc6 for $arch has no loader"
	if "$loader" --version >/dev/null 2>&1; then
		emulator=''
	else
		# into the cache, as the next run may be in another container
		debian "$debian_suite" "$host_arch" apt_extract "$dir" qemu-user-static
	fi
	rm "$modpost"
	cat >"$modpost" <<-END
		#!/bin/sh
		exec $emulator $loader --library-path $dir/lib/$(triple "$arch") $dir/usr/lib/$kbuild/scripts/mod/modpost.real-lsb-32 "\$@"
	END
	chmod +x "$modpost"
}

# kernel_source: unpacks Debian's packaged kernel source, sets source_dir
kernel_source() {
	local version
	version=$(remembered "$debian_suite" "$host_arch" linux-source-6.12 candidate linux-source-6.12) ||
		no_package "$debian_suite" "$host_arch" linux-source-6.12
	source_dir=$cache/source/$version
	[[ -e $source_dir/.complete ]] ||
		locked "source-$version" unpack_source "$version" || exit
}

unpack_source() {
	local version=$1
	[[ ! -e $source_dir/.complete ]] || return 0
	need xz=xz-utils
	say "fetching Debian's linux-source-6.12 $version"
	rm -rf "$source_dir"
	unfinished "$source_dir.package"
	unfinished "$source_dir"
	debian "$debian_suite" "$host_arch" apt_extract "$source_dir.package" "linux-source-6.12=$version"
	mkdir -p "$source_dir"
	tar -xJf "$source_dir.package/usr/src/linux-source-6.12.tar.xz" -C "$source_dir" --strip-components=1 ||
		die "could not unpack the kernel source: is $cache full?"
	rm -rf "$source_dir.package"
	finished "$source_dir"
}

# built_kernel FOLDER: one that somebody else has built there
built_kernel() {
	kernel_dir=${1%/}
	kernel_image=$kernel_dir/arch/x86/boot/bzImage
	kernel_headers=$kernel_dir
	[[ -e $kernel_image && -e $kernel_dir/Module.symvers ]] ||
		die "$kernel_dir has no arch/x86/boot/bzImage and Module.symvers: is a kernel built there?"
	kernel_release=$(<"$kernel_dir/include/config/kernel.release")
	kernel_modules=$kernel_dir/root/lib/modules/$kernel_release
	kernel_stamp=("$kernel_image" "$kernel_dir"/{Module.symvers,include/config/kernel.release} "$kernel_modules/modules.dep")
}

own_kernel() {
	local name=$1 fragments key compiler=(gcc -dumpfullversion)

	kernel_source
	need gcc=gcc
	if [[ $name == clang ]]; then
		need "${clang_things[@]}"
		compiler=(clang-19 -dumpversion)
	fi
	fragments=("$repo/scripts/kernel/common.config" "$repo/scripts/kernel/$name.config")
	key=$({
		echo "${source_dir##*/}"
		"${compiler[@]}"
		cat "${fragments[@]}"
		make_variables "$name"
	} | sha256sum | cut -c1-12)
	kernel_dir=$cache/kernel/$name-$key
	kernel_image=$kernel_dir/arch/x86/boot/bzImage
	kernel_headers=$kernel_dir
	kernel_modules=$kernel_dir/root/lib/modules
	[[ -e $kernel_dir/.complete ]] ||
		locked "kernel-$name-$key" build_kernel "$name" "${fragments[@]}" || exit
	kernel_release=$(<"$kernel_dir/include/config/kernel.release")
	kernel_modules+=/$kernel_release
}

# make_variables NAME: of the kernel's own makefiles, a line each
make_variables() {
	local file=$repo/scripts/kernel/$1.make
	[[ ! -e $file ]] || grep -v '^#' "$file"
}

build_kernel() {
	local name=$1 variables log=$kernel_dir/build.log make minutes=10
	shift
	[[ ! -e $kernel_dir/.complete ]] || return 0
	need make=make bc=bc bison=bison flex=flex perl=perl xz=xz-utils depmod=kmod \
		/usr/include/libelf.h=libelf-dev /usr/include/openssl/ssl.h=libssl-dev
	[[ $name != clang ]] || minutes=25
	say "building the $name kernel, once per machine: about $minutes minutes"
	space 600 "the $name kernel"
	mkdir -p "$kernel_dir" || die "cannot write to $cache"
	mapfile -t variables < <(make_variables "$name")
	make=("${dies_with_us[@]}" make -s -C "$source_dir" O="$kernel_dir" "${variables[@]}")
	[[ -z $kernel_cross ]] || make+=(ARCH=x86_64 CROSS_COMPILE="$kernel_cross")
	# clang is a cross compiler
	[[ -z $kernel_cross || $name == clang ]] || make+=(CC="$kernel_cc")
	{
		"${make[@]}" tinyconfig &&
			cat "$@" >>"$kernel_dir/.config" &&
			"${make[@]}" olddefconfig
	} >"$log" 2>&1 || die "configuring failed, see $log"
	check_config "$@"
	{
		"${make[@]}" -j"$(nproc)" bzImage modules &&
			"${make[@]}" INSTALL_MOD_PATH="$kernel_dir/root" modules_install
	} >>"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "building the $name kernel failed, see $log"
	}
	finished "$kernel_dir"
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
