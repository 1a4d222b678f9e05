#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds and installs the modules as Yocto, Buildroot and Debian's users do, each
# time into a folder, on this machine. Whoever writes outside of that folder fails,
# as the rest of the machine is read-only then. Prints TAP.
# shellcheck disable=SC2154 # temporary() sets tmp, kernel() kernel_*
# shellcheck source=../../scripts/lib/guest.sh
source "${BASH_SOURCE[0]%/*}/../../scripts/lib/guest.sh"

need make=make gcc=gcc xz=xz-utils cpio=cpio depmod=kmod unshare=util-linux mount=mount /usr/include/unistd.h=libc6-dev
kernel 6.1
temporary tmp "$cache/build/install"
count=0
failed=0

# ok STATUS NAME: prove shows standard error alone
ok() {
	count=$((count + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $count - $2"
		return
	fi
	failed=1
	echo "not ok $count - $2"
	{
		echo "$2:"
		cat "$tmp/log"
	} | sed 's/^/# /' >&2
}

# sealed COMMAND...: only $tmp can be written to. Root is root of a namespace of
# its own, and others become that.
sealed() {
	local namespace=(unshare --mount)
	[[ $EUID -eq 0 ]] || namespace+=(--map-root-user)
	# shellcheck disable=SC2016 # expanded by that shell
	"${namespace[@]}" sh -c '
		mount --make-rprivate / && mount --bind "$0" "$0" && mount -t tmpfs tmpfs /tmp &&
		mount -o remount,bind,ro / && cd "$0/source" && exec "$@"' "$tmp" "$@" >"$tmp/log" 2>&1
}

# there FILE...: they are all in the stage
there() {
	local file
	for file; do
		[[ -e $tmp/stage/$file ]] || {
			echo "there is no $file, but:" >>"$tmp/log"
			(cd "$tmp/stage" && find . -type f) >>"$tmp/log"
			return 1
		}
	done
}

fresh() {
	rm -rf "${tmp:?}/stage" "$tmp/source"
	mkdir "$tmp/stage" "$tmp/source"
	(cd "$repo" && find Kbuild Makefile include src packaging docs/man ! -name '*.o' ! -name '*.ko' -type f -print0 |
		cpio -0 -pdm --quiet "$tmp/source")
}

modules=lib/modules/$kernel_release

fresh
sealed make -s -j2 KERNEL_SRC="$kernel_headers" modules
ok $? "Yocto: make KERNEL_SRC=headers modules builds, and writes nowhere else"
cp -a "$tmp/source" "$tmp/built"
sealed make -s KERNEL_SRC="$kernel_headers" MODLIB="$tmp/stage/usr/$modules" DEPMOD=echo modules_install &&
	there "usr/$modules/updates/microkernel/src/core/microkernel.ko" "usr/$modules/updates/microkernel/Module.symvers"
ok $? "Yocto: modules_install installs into MODLIB"

rm -rf "$tmp/stage/"*
sealed make -s -j2 KDIR="$kernel_headers" INSTALL_MOD_PATH="$tmp/stage" install &&
	there "$modules/updates/microkernel/src/core/microkernel.ko" usr/include/microkernel/microkernel.h \
		usr/share/man/man4/microkernel.4
ok $? "make INSTALL_MOD_PATH=folder install installs into the folder, and nothing elsewhere"
! grep -qE 'SSL error|pahole|warning:' "$tmp/log"
ok $? "no key is missed, and no pahole"
[[ $(ls "$tmp/stage/lib/modules") == "$kernel_release" ]]
ok $? "the release is that of uname -r"

rm -rf "$tmp/stage/"*
sealed make -s KERNELDIR="$kernel_headers" DESTDIR="$tmp/stage" INSTALL_MOD_DIR=extra modules_install &&
	there "$modules/extra/src/core/microkernel.ko"
ok $? "INSTALL_MOD_DIR names the modules' folder in the kernel's folder"
# shellcheck disable=SC2016 # pkg-config's variable
sealed make -s DESTDIR="$tmp/stage" INSTALL_MOD_DIR=extra install-dev &&
	grep -qx 'symvers=/lib/modules/${kver}/extra/Module.symvers' "$tmp/stage/usr/share/pkgconfig/microkernel.pc"
ok $? "pkg-config names the symbols in that folder"
touch "$tmp/stage/$modules/extra/"{theirs.ko,src/core/theirs.ko}
sealed make -s KERNELDIR="$kernel_headers" DESTDIR="$tmp/stage" INSTALL_MOD_DIR=extra uninstall &&
	[[ $(cd "$tmp/stage" && find . -type f | sort | xargs) == "./$modules/extra/src/core/theirs.ko ./$modules/extra/theirs.ko" ]]
ok $? "uninstall removes what was installed, and no modules of others in that folder"
sealed make -s KERNELDIR="$kernel_headers" DESTDIR="$tmp/stage" INSTALL_MOD_DIR= uninstall && there "$modules/extra/theirs.ko"
ok $? "uninstall keeps the modules of others if the folder has no name"

rm -rf "$tmp/stage/"*
sealed make -s -C "$kernel_headers" M="$tmp/source" INSTALL_MOD_PATH="$tmp/stage" MODLIB="$tmp/stage/$modules" modules modules_install &&
	[[ -n $(find "$tmp/stage/$modules" -path '*/src/core/microkernel.ko') ]]
ok $? "Buildroot: the kernel's makefile is called with M=, without ours"

# a kernel that clang has built, and whoever has an editor's or a shell's CC
mkdir -p "$tmp/clang/include/config"
printf 'CONFIG_CC_IS_CLANG=y\nCONFIG_CC_VERSION_TEXT="clang version 99.1"\n' >"$tmp/clang/include/config/auto.conf"
echo 'modules:' >"$tmp/clang/Makefile"
sealed env CC=gcc make -n KDIR="$tmp/clang" modules && grep -q ' CC=clang ' "$tmp/log" && ! grep -q 'LLVM=' "$tmp/log"
ok $? "clang without its linker, if GNU ld has linked the kernel"
echo CONFIG_LD_IS_LLD=y >>"$tmp/clang/include/config/auto.conf"
sealed env CC=gcc make -n KDIR="$tmp/clang" modules && grep -q 'LLVM=1' "$tmp/log"
ok $? "the compiler is the kernel's, whatever CC is in the environment"
sealed make -n KDIR="$tmp/clang" CC=gcc modules && ! grep -q 'LLVM=' "$tmp/log"
ok $? "unless CC= is on the command line"

# What kernel makefiles do, at once: each prints what it gets, and makes the folder of the modules
stub_kernel() {
	mkdir -p "$1/include/generated" "$1/include/config"
	echo '#define UTS_RELEASE "6.9.0-1-stub"' >"$1/include/generated/utsrelease.h"
	: >"$1/include/config/auto.conf"
	cat >"$1/Makefile" <<'END'
MODLIB = $(INSTALL_MOD_PATH)/lib/modules/6.9.0-1-stub
modules: ; @echo "modules SYMBOLS=$(KBUILD_EXTRA_SYMBOLS) O=$(O) PATH=$$PATH"; touch $(M)/Module.symvers
modules_install: ; @echo "modules_install O=$(O)"; mkdir -p $(MODLIB)/$(INSTALL_MOD_DIR)
END
}
stub_kernel "$tmp/kernels/stub"
stubbed=lib/modules/6.9.0-1-stub

rm -rf "$tmp/stage/"*
sealed make -s KDIR="$tmp/kernels/stub" DESTDIR=../stage install &&
	there "$stubbed/updates/microkernel/Module.symvers" usr/include/microkernel/microkernel.h
ok $? "a relative DESTDIR is a folder where make was called, for modules and headers"
mkdir -p "$tmp/source/tools/microctl" "$tmp/source/lib/libmicro"
for part in tools/microctl lib/libmicro; do
	# shellcheck disable=SC2016 # make expands it
	printf 'all install:\n\t@echo "$@ in $(DESTDIR)"\n' >"$tmp/source/$part/Makefile"
done
sealed make -s DESTDIR=../stage install-tools install-lib && [[ $(grep -c "^install in $tmp/stage$" "$tmp/log") -eq 2 ]]
ok $? "... and for microctl and libmicro"
sealed make -s INSTALL_MOD_PATH="$tmp/stage" install-tools && grep -qx "install in $tmp/stage" "$tmp/log"
ok $? "microctl is installed into INSTALL_MOD_PATH, too"

# /usr/sbin may be /usr/bin, with all programs that Yocto and Buildroot keep out
sealed env PATH=/usr/bin:/bin make -s KDIR="$tmp/kernels/stub" modules && grep -q ' PATH=/usr/bin:/bin$' "$tmp/log"
ok $? "the kernel's makefile has the path that make was called with"

# MODLIB alone names the stage, as for Yocto
recorder=$tmp/stage/depmod
rm -rf "$tmp/stage/"*
printf '#!/bin/sh\necho "depmod: $*"\n' >"$recorder"
chmod +x "$recorder"
sealed make -s KDIR="$tmp/kernels/stub" MODLIB="$tmp/stage/usr/$stubbed" DEPMOD="$recorder" modules modules_install &&
	! grep -q '^depmod' "$tmp/log"
ok $? "no depmod in a stage without the kernel"
touch "$tmp/stage/usr/$stubbed/modules.order"
sealed make -s KDIR="$tmp/kernels/stub" MODLIB="$tmp/stage/usr/$stubbed" DEPMOD="$recorder" modules_install &&
	grep -qx "depmod: -b $tmp/stage/usr 6.9.0-1-stub" "$tmp/log"
ok $? "depmod is told of the stage that MODLIB= names"
sealed make -n KDIR="$tmp/kernels/stub" MODLIB="/$stubbed" DEPMOD=no-depmod modules_install &&
	grep -qF "[ ! -e /$stubbed ] ||" "$tmp/log" && grep -q "no-depmod -b / 6.9.0-1-stub" "$tmp/log"
ok $? "depmod is called for this machine, also if the kernel has no modules.order"

# a kernel that was built elsewhere than in its source
mkdir "$tmp/source/out"
mv "$tmp/kernels/stub/include" "$tmp/source/out"
sealed make -s KDIR="$tmp/kernels/stub" O=out DESTDIR="$tmp/stage" modules modules_install &&
	[[ $(grep -cE " O=$tmp/source/out( |$)" "$tmp/log") -eq 2 ]] && there "$stubbed/updates/microkernel/Module.symvers"
ok $? "a relative O= is a folder where make was called"
sealed env KBUILD_OUTPUT=out make -s KDIR="$tmp/kernels/stub" modules && grep -q " O=$tmp/source/out " "$tmp/log"
ok $? "and so is KBUILD_OUTPUT"
! sealed make -s KDIR="$tmp/kernels/stub" DESTDIR="$tmp/stage" modules_install &&
	grep -q "The kernel in $tmp/kernels/stub has no include/generated/utsrelease.h" "$tmp/log"
ok $? "if the release of the named kernel is not known, make says so, and does not take that of the running one"
# the example of a driver elsewhere
example=(make -s -C packaging/examples/counter KERNEL_SRC="$tmp/kernels/stub" KVER=6.9.0-1-stub)
mkdir "$tmp/source/bin"
for program in depmod udevadm; do
	# shellcheck disable=SC2016 # that shell's
	printf '#!/bin/sh\necho "$0 $*"\n' >"$tmp/source/bin/$program"
	chmod +x "$tmp/source/bin/$program"
done
sealed env PATH="$tmp/source/bin:$PATH" "${example[@]}" O=../../../out INSTALL_MOD_PATH="$tmp/stage" install &&
	[[ $(grep -c " O=$tmp/source/out" "$tmp/log") -eq 2 ]] && ! grep -qE 'depmod|udevadm' "$tmp/log"
ok $? "the example of a driver takes KERNEL_SRC= and O=, and leaves this machine alone if it installs into a folder"
mkdir -p "$tmp/source/modules/extra/microkernel"
touch "$tmp/source/modules/extra/microkernel/Module.symvers"
sealed "${example[@]}" kernel_modules="$tmp/source/modules" modules &&
	grep -q "SYMBOLS=$tmp/source/modules/extra/microkernel/Module.symvers" "$tmp/log"
ok $? "... and finds the symbols beside the modules that akmods has built"

# Debian's headers are split in this way
rm -rf "$tmp/stage/"*
sealed make -s -j2 KERNEL_SRC="$(common_headers)" O="$kernel_headers" INSTALL_MOD_PATH="$tmp/stage" modules modules_install &&
	there "$modules/updates/microkernel/src/core/microkernel.ko" && [[ $(ls "$tmp/stage/lib/modules") == "$kernel_release" ]]
ok $? "Yocto: KERNEL_SRC= names the source and O= the folder in which the kernel was built, which has the release"

rm -rf "$tmp/stage/"*
sealed make -s DESTDIR="$tmp/stage" PREFIX=/usr/local install-system &&
	there etc/micro.d/README usr/local/lib/systemd/system/micro.service usr/local/lib/udev/rules.d/60-micro.rules &&
	grep -q '^ExecStart=/usr/local/bin/microctl' "$tmp/stage/usr/local/lib/systemd/system/micro.service"
ok $? "install-system installs the service, with the place of microctl, and the rules"
echo mine >"$tmp/stage/etc/default/micro"
sealed make -s DESTDIR="$tmp/stage" PREFIX=/usr/local install-system && [[ $(<"$tmp/stage/etc/default/micro") == mine ]]
ok $? "install-system leaves a configuration as it is"
sealed make -s DESTDIR="$tmp/stage" PREFIX=/usr/local uninstall-system && there etc/default/micro &&
	[[ ! -e $tmp/stage/usr/local/lib/systemd/system/micro.service ]]
ok $? "uninstall-system removes the service, and leaves the configuration"

rm -rf "$tmp/stage/"*
sealed make -s DESTDIR="$tmp/stage" PREFIX=/opt/x install-system && there usr/local/lib/systemd/system/micro.service \
	usr/local/lib/udev/rules.d/60-micro.rules usr/local/lib/sysusers.d/micro.conf && [[ ! -e $tmp/stage/opt ]] &&
	grep -q '^ExecStart=/opt/x/bin/microctl' "$tmp/stage/usr/local/lib/systemd/system/micro.service"
ok $? "with a PREFIX= in which systemd does not look, the service is in /usr/local"
rm -rf "$tmp/stage/"*
mkdir -p "$tmp/stage/lib/systemd" "$tmp/stage/lib/udev"
sealed make -s DESTDIR="$tmp/stage" install-system && there lib/systemd/system/micro.service lib/udev/rules.d/60-micro.rules &&
	sealed make -s DESTDIR="$tmp/stage" PREFIX=/usr/local install-system && there usr/local/lib/systemd/system/micro.service
ok $? "the service is in /lib if /usr is not merged, and PREFIX= is /usr"
rm -rf "$tmp/stage/"*
sealed make -s DESTDIR="$tmp/stage" install-udev &&
	[[ $(cd "$tmp/stage" && find . -type f | sort | xargs) == './etc/default/micro ./usr/lib/udev/rules.d/60-micro.rules' ]]
ok $? "install-udev installs the rules and their configuration alone"
sealed make -n uninstall-system && grep -q 'systemctl disable --now micro' "$tmp/log" &&
	sed -n '/systemctl disable/,$p' "$tmp/log" | grep -q '^rm -f .*micro.service' &&
	sed -n '/^rm -f .*micro.service/,$p' "$tmp/log" | grep -q 'systemctl daemon-reload'
ok $? "uninstall-system stops and disables the service before it removes it, and tells systemd"

# as the kernel's makefiles read it
! sealed make -f Kbuild KBUILD_MODULES=1 srctree="$tmp/stage" VERSION=6 PATCHLEVEL=3 KERNELVERSION=6.3.2 &&
	grep -q 'Linux 6.3.2 is too old for microkernel' "$tmp/log"
ok $? "a kernel without linux/cleanup.h gets a sentence"

! sealed make -s KDIR=/nowhere modules && grep -q 'No kernel headers in /nowhere: install the package' "$tmp/log"
ok $? "without headers, make names the package that has them"

# names SYSTEM NAME RELEASE: so it calls the package with the headers of a kernel
names() {
	echo "ID=$1" >"$tmp/source/os-release"
	! sealed env OS_RELEASE="$tmp/source/os-release" make -s KDIR=/nowhere KVER="$3" modules &&
		grep -q "install the package $2, or say" "$tmp/log"
}
names debian linux-headers-6.1.0-56-rt-amd64 6.1.0-56-rt-amd64 &&
	names fedora kernel-devel-6.12.5-200.fc41.x86_64 6.12.5-200.fc41.x86_64 &&
	names fedora kernel-rt-devel-6.12.5-200.fc41.x86_64 6.12.5-200.fc41.x86_64+rt &&
	names arch linux-headers 6.12.1-arch1-1 && names arch linux-lts-headers 6.6.63-1-lts &&
	names arch linux-zen-headers 6.12.1-zen1-1-zen && names alpine linux-virt-dev 6.6.63-0-virt &&
	names 'opensuse-leap ID_LIKE="suse opensuse"' kernel-default-devel 6.4.0-150600.23.25-default &&
	names 'opensuse-leap ID_LIKE="suse opensuse"' kernel-azure-devel 6.4.0-150600.8.20-azure &&
	names gentoo 'with the headers of Linux 6.12.1-gentoo' 6.12.1-gentoo
ok $? "the name is that of the distribution and of the kernel's flavour"

echo "1..$count"
exit $failed
