# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: the project's modules and programs, and the initramfs with them.
# shellcheck source=kernel.sh
source "${BASH_SOURCE[0]%/*}/kernel.sh"

# Modules of the kernel itself that the tests have a use for, if it has them
kernel_module_names='configfs fuse cuse null_blk loop gpio-sim virtio_pci virtiofs virtio_console'

# What the programs in the guest are built with, on a machine of its architecture
guest_things=(gcc-12=gcc-12 /usr/include/liburing.h=liburing-dev /usr/include/libfdt.h=libfdt-dev
	/usr/include/json-c/json.h=libjson-c-dev /usr/include/libudev.h=libudev-dev)

# What a guest of any architecture is made with
build_things=(make=make gcc=gcc cpio=cpio depmod=kmod xz=xz-utils dtc=device-tree-compiler
	/usr/include/unistd.h=libc6-dev)

# things_for ARCH: sets things to what its guests are made with, as need() takes it
things_for() {
	things=("${build_things[@]}")
	if [[ $1 == "$host_arch" ]]; then
		things+=("${guest_things[@]}")
	else
		things+=("$(cross "$1")-gcc-12=gcc-12-$(cross "$1" | tr _ -)"
			"/usr/$(cross "$1")/include/unistd.h=libc6-dev-$1-cross")
	fi
	# debian_mirror() would ask for these in a subshell, which cannot go on in a container
	if [[ -n $DEBIAN_MIRROR || $(os_release ID) != debian ]]; then
		compgen -G '/usr/share/keyrings/debian-archive-keyring.[gp][pg]*' >/dev/null ||
			things+=(/usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring)
		[[ -n $DEBIAN_MIRROR ]] || things+=(debootstrap=debootstrap)
	fi
}

# guest: for the kernel chosen with kernel(), builds what changed and sets
#   guest_modules  names of the project's modules
#   guest_base     initramfs with everything but the command
guest() {
	local name=${kernel_dir##*/} things

	# others may have folders of the same name
	[[ ${#kernel_stamp[@]} -eq 0 ]] || name+=-$(sha256sum <<<"$kernel_dir" | cut -c1-12)
	things_for "$kernel_arch"
	need "${things[@]}"
	build_dir=$cache/build/$name-$repo_id
	tools_dir=$cache/tools/$repo_id
	[[ $kernel_arch == "$host_arch" ]] || tools_dir=$cache/tools/$kernel_arch-$repo_id
	busybox_get "$host_arch"
	busybox_get "$kernel_arch"
	locked "build-$name-$repo_id" build_modules || exit
	locked "tools-${tools_dir##*/}" build_tools || exit
	locked "tools-${tools_dir##*/}" build_overlays || exit
	locked "tools-${tools_dir##*/}" build_microctl || exit
	locked "build-$name-$repo_id" pack_base || exit
	guest_base=$build_dir/base.cpio
	guest_modules=$(cd "$build_dir" && find . -name '*.ko' -printf '%f\n' | sed 's/\.ko$//; s/-/_/g')
}

# busybox_get ARCH: sets busybox_dir
busybox_get() {
	busybox_dir=$cache/busybox-$1
	[[ -x $busybox_dir/bin/busybox ]] || locked busybox busybox_fetch "$1" || exit
}

# Fetched even if the machine has one, as that one is often not static.
busybox_fetch() {
	[[ ! -x $busybox_dir/bin/busybox ]] || return 0
	say "fetching busybox-static for $1"
	unfinished "$busybox_dir.new"
	debian "$(suite "$1")" "$1" apt_extract "$busybox_dir.new" busybox-static
	# Debian 13 has it there
	[[ -e $busybox_dir.new/bin ]] || ln -s usr/bin "$busybox_dir.new/bin"
	rm -rf "$busybox_dir"
	mv "$busybox_dir.new" "$busybox_dir"
}

# sources FORMAT: what the modules are made of, in a format of find
sources() {
	(cd "$repo" && find Kbuild include src tests/modules tests/kunit bench/modules \
		\( -name '*.[chS]' ! -name '*.mod.c' -o -name Kbuild -o -name '*.dtso' \) \
		-printf "$1" 2>/dev/null | LC_ALL=C sort)
}

# kernel_make ARGUMENT...: make, for that kernel; it ends with this process
kernel_make() {
	if [[ ${#kernel_run[@]} -gt 0 ]]; then
		"${kernel_run[@]}" make "${kernel_llvm[@]}" "$@"
	else
		"${dies_with_us[@]}" make "${kernel_llvm[@]}" "$@"
	fi
}

# The modules are built from a copy, for several kernels at once; the work
# tree stays as it is.
build_modules() {
	local key file log=$build_dir/build.log

	mkdir -p "$build_dir"
	key=$({
		echo "$kernel_headers"
		[[ ${#kernel_stamp[@]} -eq 0 ]] || stat -c '%n %Y %s' "${kernel_stamp[@]}" 2>/dev/null
		sources '%p %T@ %s\n'
	} | sha256sum)
	[[ $key != "$(cat "$build_dir/.key" 2>/dev/null)" ]] || return 0
	rm -f "$build_dir/.key"

	sources '%p\n' >"$build_dir/.sources.new"
	if [[ -e $build_dir/.sources ]]; then
		(cd "$build_dir" && LC_ALL=C comm -13 .sources.new .sources | xargs -r rm -f)
	fi
	mv "$build_dir/.sources.new" "$build_dir/.sources"
	# not with their times: an older file than the last one has to be built, too
	while read -r file; do
		cmp -s "$repo/$file" "$build_dir/$file" && continue
		# the folders are ours, and not read-only as the source may be
		install -D -m 644 "$repo/$file" "$build_dir/$file" || die "copying $file to $build_dir failed: is it full?"
	done <"$build_dir/.sources"

	# the flags: the test modules too, and no BTF, which needs pahole
	kernel_make -C "$kernel_headers" M="$build_dir" CROSS_COMPILE="$kernel_cross" \
		MICRO_TESTS=1 CONFIG_DEBUG_INFO_BTF_MODULES= -s -j"$(nproc)" modules >"$log" 2>&1 || {
		sed "s|$build_dir/||g" "$log" >&2
		die "building the modules for $kernel_release failed"
	}
	sed "s|$build_dir/||g" "$log" | grep -A 4 'warning:' | grep -v 'the compiler differs' >&2
	printf '%s\n' "$key" >"$build_dir/.key"
}

# module_build FOLDER OUT: a driver that is not part of this project, built for the
# same kernel from a copy of its folder: OUT, which has to be in the cache
module_build() {
	local log=$2.log make folder copied
	[[ -e $1/Kbuild || -e $1/Makefile ]] || die "--module: $1 is no folder with a Kbuild or Makefile"
	folder=$(cd "$1" && pwd -P) || die "--module: $1 cannot be read"
	# what symbolic links lead to, but for the cache and this project, which may be in there
	tar -C "$folder" -ch --anchored --no-wildcards --exclude="./$(realpath --relative-base="$folder" "$cache")" \
		--exclude="./$(realpath --relative-base="$folder" "$repo")" . | tar -C "$2" -xm --no-same-owner
	copied=("${PIPESTATUS[@]}")
	# 1: a file was written to meanwhile
	{ [[ ${copied[0]} -le 1 && ${copied[1]} -eq 0 ]] && chmod -R u+rwX "$2"; } ||
		die "--module $1: its files could not be copied to $2, see above"
	make=(kernel_make -C "$kernel_headers" M="$2" CROSS_COMPILE="$kernel_cross"
		KBUILD_EXTRA_SYMBOLS="$build_dir/Module.symvers" KCPPFLAGS="-I$build_dir/include"
		CONFIG_DEBUG_INFO_BTF_MODULES= -s)
	# what is there may be for another kernel
	if ! { "${make[@]}" clean && "${make[@]}" -j"$(nproc)" modules; } >"$log" 2>&1; then
		sed "s|$2/||g" "$log" >&2
		die "--module: building $1 for $kernel_release failed"
	fi
	sed "s|$2/||g" "$log" | grep -A 4 'warning:' | grep -v 'the compiler differs' >&2
	rm -f "$log"
	compgen -G "$2/*.ko" >/dev/null || die "--module: building $1 made no module"
}

# A program that does not build is missed by its own tests only.
build_tools() {
	local cc32='' paths=()
	if [[ $kernel_arch == "$host_arch" ]]; then
		need "${guest_things[@]}"
	else
		foreign_get "$kernel_arch"
		# no warnings of what newer headers of the kernel define as well
		paths=(CPPFLAGS="-isystem $foreign_dir/usr/include"
			LDFLAGS="-L$foreign_dir/usr/lib/$kernel_triple")
	fi
	if [[ $kernel_arch == armhf || $kernel_arch == i386 ]]; then
		cc32=$kernel_cc
	elif [[ $kernel_arch == arm64 ]]; then
		cc32=arm-linux-gnueabihf-gcc-12
		wanted "$cc32=gcc-12-arm-linux-gnueabihf" \
			/usr/arm-linux-gnueabihf/include/unistd.h=libc6-dev-armhf-cross || {
			say "the 32-bit programs are left out: there is no $cc32 (package gcc-12-arm-linux-gnueabihf)" \
				"with libc6-dev-armhf-cross"
			cc32=''
		}
	fi
	mkdir -p "$tools_dir"
	make -f "$source_path/scripts/lib/tools.mk" CC="$kernel_cc" CC32="$cc32" SRC="$source_path" OUT="$tools_dir" \
		"${paths[@]}" -s -k -j"$(nproc)" >&2 ||
		say "some of the guest's programs did not build"
}

# As with programs. Some of the tests' overlays are what dtc warns of.
build_overlays() {
	make -f "$source_path/dts-overlays/Makefile" SRC="$source_path/dts-overlays $source_path/tests/overlay $source_path/tests/firmware" \
		OUT="$tools_dir/dts-overlays" DTC='dtc -q' -s -k >&2 ||
		say "some of the overlays did not compile"
}

# As it is on a user's machine: not static, as there is no static libudev.
build_microctl() {
	local args=()
	if [[ $kernel_arch == "$host_arch" ]]; then
		need "${guest_things[@]}"
	else
		foreign_get "$kernel_arch"
		args=(CC="$kernel_cc" CPPFLAGS="-I$foreign_dir/usr/include"
			LDFLAGS="-L$foreign_dir/usr/lib/$kernel_triple -Wl,--allow-shlib-undefined")
	fi
	mkdir -p "$tools_dir/microctl"
	make -f "$source_path/tools/microctl/Makefile" "${args[@]}" OUT="$tools_dir/microctl" -s -j"$(nproc)" >&2 ||
		say "microctl did not build"
}

# dtc, and what microctl and the programs of the tests are made with
foreign_packages='libfdt1 libfdt-dev libjson-c5 libjson-c-dev libudev1 libudev-dev libyaml-0-2
	liburing-dev device-tree-compiler'

# foreign_get ARCH: sets foreign_dir, with these packages
foreign_get() {
	local foreign=$foreign_packages
	# Debian 13's libraries take newer headers of the kernel, and a newer C library, than
	# the cross compiler has
	[[ $(suite "$1") == "$debian_suite" ]] || foreign+=' libc6 libcap2 linux-libc-dev'
	foreign_dir=$cache/foreign-$1
	foreign_complete || locked "foreign-$1" foreign_fetch "$1" || exit
}

# a cache of earlier days has fewer packages
foreign_complete() {
	[[ $(cat "$foreign_dir/.complete" 2>/dev/null) == "$foreign" ]]
}

foreign_fetch() {
	! foreign_complete || return 0
	say "fetching dtc and libraries for $1"
	rm -rf "$foreign_dir"
	unfinished "$foreign_dir"
	# shellcheck disable=SC2086 # a list
	debian "$(suite "$1")" "$1" apt_extract "$foreign_dir" $foreign
	printf '%s\n' "$foreign" >"$foreign_dir/.complete"
	finished "$foreign_dir"
}

# libraries PROGRAM: those that it takes, each with where it belongs
libraries() {
	local name file
	if [[ $kernel_arch == "$host_arch" ]]; then
		ldd "$1" | sed -n 's|^[^/]*\(/[^ ]*\).*|\1 \1|p'
		return
	fi
	for name in $("${kernel_cross}readelf" -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'); do
		for file in {"$foreign_dir"/{usr/,}lib/"$kernel_triple","/usr/${kernel_cross%-}/lib"}/"$name"; do
			[[ -e $file ]] || continue
			echo "$file /lib/$name"
			libraries "$file"
			break
		done
	done
}

# add_program ROOT PROGRAM...: with the libraries that it takes
add_program() {
	local root=$1 program file place
	shift
	for program; do
		[[ -x $program ]] || continue
		# -f: what is there may be read-only
		cp -f "$program" "$root/usr/local/bin"
		while read -r file place; do
			mkdir -p "$root/${place%/*}"
			cp -Lf "$file" "$root$place" || die "copying $file failed"
		done < <(libraries "$program" | sort -u)
	done
}

pack_base() {
	local root=$build_dir/root lib key base=$build_dir/base.cpio
	lib=$root/lib/modules/$kernel_release

	key=$({
		cat "$build_dir/.key"
		cd "$tools_dir" && stat -c '%n %Y %s' -- * dts-overlays/* microctl/microctl "$repo/scripts/guest/init" "$repo/scripts/lib/guest.sh" 2>/dev/null
	} | sha256sum)
	[[ ! -e $base || $key != "$(cat "$build_dir/.packed" 2>/dev/null)" ]] || return 0

	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,root,etc,vm,run,mnt,var,usr/local/bin,tests} \
		"$lib/updates/microkernel" "$lib/kernel"
	ln -s bin "$root/sbin"
	ln -s ../bin "$root/usr/bin"
	ln -s ../bin "$root/usr/sbin"
	cp "$busybox_dir/bin/busybox" "$root/bin/busybox"
	# the list is the same for all architectures
	(cd "$root/bin" && "$cache/busybox-$host_arch/bin/busybox" --list | grep -vx busybox | xargs -n 1 ln -s busybox)
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	cp "$repo/scripts/guest/init" "$root/init"
	# where its dynamic loader is
	[[ $kernel_arch != ppc64el ]] || ln -s lib "$root/lib64"
	find "$tools_dir" -maxdepth 1 -type f -perm -u+x -exec cp -t "$root/usr/local/bin" {} +

	if [[ $kernel_arch == "$host_arch" ]]; then
		add_program "$root" "$tools_dir/microctl/microctl" "$(command -v dtc)"
	else
		add_program "$root" "$tools_dir/microctl/microctl" "$foreign_dir/usr/bin/dtc"
	fi
	"${kernel_cross}strip" --strip-debug "$root/usr/local/bin/microctl"

	cp -r "$tools_dir/dts-overlays" "$root/root"

	copy_kernel_modules "$lib/kernel"
	cp "$kernel_modules"/modules.{order,builtin,builtin.modinfo} "$lib" 2>/dev/null
	find "$build_dir" -path "$root" -prune -o -name '*.ko' -exec cp -t "$lib/updates/microkernel" {} +
	"${kernel_run[@]}" find "$lib/updates" -name '*.ko' -exec "${kernel_cross}strip" --strip-debug {} +
	depmod -b "$root" "$kernel_release" || die "depmod failed"
	(cd "$root/root" && find ../lib/modules/*/updates -name '*.ko' -exec ln -s {} . \;)

	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$base.new" || {
		rm -rf "$root" "$base.new"
		die "could not write $base: is $cache full?"
	}
	mv "$base.new" "$base"
	rm -rf "$root"
	printf '%s\n' "$key" >"$build_dir/.packed"
}

copy_kernel_modules() {
	local name file
	[[ -e $kernel_modules/modules.dep ]] || return 0
	for name in $kernel_module_names; do
		# the module, and those it depends on
		grep -E "/$name\.ko[^ ]*:" "$kernel_modules/modules.dep" | tr -d : | tr ' ' '\n'
	done | sort -u | while read -r file; do
		[[ -n $file ]] || continue
		cp "$kernel_modules/$file" "$1"
	done
	find "$1" -name '*.ko.xz' -exec unxz {} +
}
