#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What "git bisect run" counts on: a kernel that was built again in its folder is another
# one, and a driver is built from its own folder, whatever else is in there. make is a stub
# here, so no guest starts. Prints TAP.
# shellcheck disable=SC2154 # variables of what is sourced
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
export XDG_CACHE_HOME=$work/cache
unset LLVM

# with CODE: runs it with the functions of guest.sh and a kernel folder $kernel; what make is called
# with is in the output
with() {
	run bash -c 'source "$1/scripts/lib/guest.sh"
		need() { :; }
		kernel_make() { echo "make $*" >&3; }
		exec 3>&1
		kernel=$2
		eval "$3"' bash "$repo" "$work/one/linux" "$1"
}

for name in one two; do
	mkdir -p "$work/$name/linux"/{arch/x86/boot,include/config}
	touch "$work/$name/linux/"{arch/x86/boot/bzImage,Module.symvers}
	echo "6.12.0-$name" >"$work/$name/linux/include/config/kernel.release"
done

# shellcheck disable=SC2016 # that shell's
build='kernel "$kernel" amd64; build_dir=$cache/build/x; build_modules'
with "$build"
[[ $status -eq 0 ]] && says "make -C $work/one/linux"
ok $? 'modules are built for a kernel in a folder'
with "$build"
[[ $status -eq 0 ]] && ! says make
ok $? 'they are not built again for the same kernel'
touch -d '+2 seconds' "$work/one/linux/arch/x86/boot/bzImage"
with "$build"
[[ $status -eq 0 ]] && says "make -C $work/one/linux"
ok $? 'they are built again for a kernel that was built again in that folder'

# shellcheck disable=SC2016 # that shell's
with 'busybox_get() { :; }; locked() { [[ $2 == build_modules ]] && echo "in $build_dir"; exit; }
	(kernel "$kernel" amd64; guest)
	(kernel "${kernel/one/two}" amd64; guest)'
[[ $(grep -c '^in ' "$work/output") -eq 2 && $(grep '^in ' "$work/output" | sort -u | wc -l) -eq 2 ]]
ok $? 'kernels in folders of the same name have build folders of their own'

# shellcheck disable=SC2016 # that shell's
llvm='kernel "$kernel" amd64; echo "llvm: ${kernel_llvm[*]}."'
with "$llvm"
says 'llvm: .'
ok $? 'gcc builds the modules for a kernel in a folder'
printf 'CONFIG_CC_IS_CLANG=y\nCONFIG_CC_VERSION_TEXT="Some clang version 99.1 (1)"\n' \
	>"$work/one/linux/include/config/auto.conf"
with "$llvm"
says 'llvm: CC=clang.'
ok $? 'clang does without its linker, if GNU ld has linked the kernel'
echo CONFIG_LD_IS_LLD=y >>"$work/one/linux/include/config/auto.conf"
with "$llvm"
says 'llvm: LLVM=1.'
ok $? 'clang does, if clang has built the kernel'
mkdir "$work/programs"
stub "$work/programs/clang-99" </dev/null
PATH=$PATH:$work/programs with "$llvm"
says 'llvm: LLVM=-99.'
ok $? 'the clang of that version, if it is there'
LLVM=-98 with "$llvm"
says 'llvm: .'
ok $? 'who says LLVM= means another one'

# as in docs/ci/gitlab.yml, where all is in the folder of the driver
driver=$work/driver
mkdir -p "$driver/cache/microkernel/build/out" "$driver/microkernel/src" "$driver/sub"
touch "$driver"/{Kbuild,a.c,cache/microkernel/large,microkernel/src/b.c}
ln -s ../a.c "$driver/sub/link.c"
# shellcheck disable=SC2016 # that shell's
with "cd '$driver'"'
	cache=$PWD/cache/microkernel repo=$PWD/microkernel
	kernel_make() { find "$cache/build/out" -type f >&2; touch "$cache/build/out/a.ko"; false; }
	module_build . "$cache/build/out"'
[[ $status -eq 125 ]] && says a.c && says sub/link.c && ! says large && ! says b.c && ! says 'could not be copied'
ok $? 'a driver whose folder has the cache and this project in it is copied without these'

done_testing
