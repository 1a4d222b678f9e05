#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# scripts/into-kernel: the framework in the source of a kernel, which is built with all of it
# built in, boots, and passes the tests that need no module to be loaded. Prints TAP.
# shellcheck disable=SC2154 # variables of what is sourced
# shellcheck source=../../scripts/lib/guest.sh
source "${BASH_SOURCE[0]%/*}/../../scripts/lib/guest.sh"
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
cd "$repo" || exit

# Bad input
run scripts/into-kernel
[[ $status -eq 2 ]] && says 'Usage: '
ok $? 'without a folder: how to use it'
run scripts/into-kernel "$work/nothing"
[[ $status -eq 125 ]] && one_line && says "is no source of a kernel: it has no Kconfig"
ok $? 'a folder that does not exist: one sentence'
mkdir -p "$work"/old/{drivers,include/linux}
touch "$work"/old/{Kconfig,MAINTAINERS,drivers/Kconfig,drivers/Makefile,include/linux/kernel.h}
printf 'VERSION = 5\nPATCHLEVEL = 15\n' >"$work/old/Makefile"
run scripts/into-kernel "$work/old"
[[ $status -eq 125 ]] && one_line && says 'is Linux 5.15; the framework needs 6.1 or later'
ok $? 'an old kernel: one sentence'
printf 'VERSION = 6\nPATCHLEVEL = 3\n' >"$work/old/Makefile"
run scripts/into-kernel "$work/old"
[[ $status -eq 125 ]] && one_line && says 'is Linux 6.3 without linux/cleanup.h'
ok $? 'a kernel without linux/cleanup.h: one sentence'
[[ ! -e $work/old/drivers/micro ]]
ok $? '... and nothing was written'
printf 'VERSION = 6\nPATCHLEVEL = 15\n' >"$work/old/Makefile"
touch "$work/old/include/linux/cleanup.h"
mkdir -p "$work"/old/{Documentation/driver-api,tools/testing/selftests}
echo '   misc_devices' >"$work/old/Documentation/driver-api/index.rst"
echo 'TARGETS += drivers/net' >"$work/old/tools/testing/selftests/Makefile"
# shellcheck disable=SC2016 # make expands it
echo 'obj-$(CONFIG_MOST) += most/' >"$work/old/drivers/Makefile"
run scripts/into-kernel "$work/old"
[[ $status -eq 125 ]] && one_line && says "please add the line 'source \"drivers/micro/Kconfig\"'"
ok $? 'a Kconfig that is not as expected: the line to add'
[[ $(<"$work/old/tools/testing/selftests/Makefile") == $'TARGETS += drivers/micro\nTARGETS += drivers/net' ]]
ok $? '... and the other files have theirs'

rm -rf "$work/old/drivers/micro"
mkdir "$work/old/drivers/micro"
echo 'config OTHER' >"$work/old/drivers/micro/Kconfig"
run scripts/into-kernel "$work/old"
[[ $status -eq 125 ]] && one_line && says 'drivers/micro is there already' && [[ -e $work/old/drivers/micro/Kconfig ]]
ok $? 'drivers/micro of somebody else: one sentence, and it stays'

# The source of 6.12, of which a copy is nothing but links, and what is built of it, are kept
kernel_source
tree=$cache/into-kernel/${source_dir##*/}
out=$cache/into-kernel/out
[[ -e $tree/.complete ]] || {
	rm -rf "$tree" "$tree.new" && mkdir -p "${tree%/*}" && cp -rl "$source_dir" "$tree.new" && mv "$tree.new" "$tree"
}
need make=make bc=bc bison=bison flex=flex perl=perl gcc=gcc depmod=kmod cpio=cpio \
	qemu-system-x86_64=qemu-system-x86 \
	/usr/include/libelf.h=libelf-dev /usr/include/openssl/ssl.h=libssl-dev
hooked=("$tree"/{drivers/{Kconfig,Makefile},Documentation/driver-api/index.rst,tools/testing/selftests/Makefile})
run scripts/into-kernel "$tree"
[[ $status -eq 0 ]]
ok $? 'the framework is put into the source'
before=$(sha256sum "${hooked[@]}")
run scripts/into-kernel "$tree"
[[ $status -eq 0 && $before == "$(sha256sum "${hooked[@]}")" ]]
ok $? 'a second time changes no file of the kernel'
[[ $(cat "${hooked[@]}" | grep -cE 'drivers/micro|micro/$|   microkernel$') -eq 4 ]]
ok $? 'four files of the kernel have one line more'
grep -q '^.id: http://devicetree.org/schemas/micro/microkernel,bus.yaml#' "$tree/Documentation/devicetree/bindings/micro/microkernel,bus.yaml"
ok $? 'the identifiers of the bindings have their folder'

# kconfig OUT FRAGMENT...
kconfig() {
	local out=$1
	shift
	mkdir -p "$out" && make -s -C "$tree" O="$out" tinyconfig && cat "$@" >>"$out/.config" &&
		make -s -C "$tree" O="$out" olddefconfig
}

# of a machine without an MMU
run make -s -C "$tree" ARCH=m68k O="$work/nommu" KCONFIG_ALLCONFIG=<(printf 'CONFIG_MMU=n\nCONFIG_MICROKERNEL=y\n') allnoconfig
[[ $status -eq 0 ]] && ! grep -qE '^CONFIG_(MMU|MICROKERNEL)=' "$work/nommu/.config"
ok $? 'a kernel without an MMU cannot have it'

# As modules
run kconfig "$work/modules" scripts/kernel/common.config <(sed 's/=y/=m/' scripts/kernel/built-in.config)
[[ $status -eq 0 && $(grep -c '^CONFIG_MICRO.*=m' "$work/modules/.config") -eq 7 ]]
ok $? 'all of it can be modules'

# without_warning OUT: it builds for that kernel so
without_warning() {
	run make -s -C "$tree" O="$1" W=1 drivers/micro/
	[[ $status -eq 0 ]] && ! says warning
}

# kselftest_passes: so the output of a guest says
kselftest_passes() {
	[[ $status -eq 0 ]] && says 'ok 7 a device of the same name can be made again' && ! says 'not ok'
}

# Built in
run kconfig "$out" scripts/kernel/common.config scripts/kernel/built-in.config
[[ $(grep -c '^CONFIG_MICRO\(KERNEL\|_.*\)=y' "$out/.config") -eq 7 ]]
ok $? 'all of it can be built in'
without_warning "$out"
ok $? 'it builds without a warning'
run make -s -C "$tree" O="$out" -j"$(nproc)" bzImage modules
[[ $status -eq 0 ]] && run make -s -C "$tree" O="$out" INSTALL_MOD_PATH="$out/root" modules_install && [[ $status -eq 0 ]]
ok $? 'the kernel builds'
run make -s -C "$tree" O="$work/headers" INSTALL_HDR_PATH="$work/headers/usr" headers_install
[[ -e $work/headers/usr/include/linux/micro_user.h && -e $work/headers/usr/include/linux/sample_driver.h ]]
ok $? 'make headers_install has the headers of user drivers and of the sample driver'

# Without debugfs, 32-bit programs, device trees, ACPI and modules
run kconfig "$out-small" scripts/kernel/common.config scripts/kernel/{built-in,small}.config
[[ $(grep -c '^CONFIG_MICRO\(KERNEL\|_.*\)=y' "$out-small/.config") -eq 6 ]] &&
	! grep -qE '^CONFIG_(DEBUG_FS|COMPAT|OF|ACPI|MODULES)=' "$out-small/.config"
ok $? 'a small kernel has all of it but overlays'
without_warning "$out-small"
ok $? 'it builds for a small kernel without a warning'
run make -s -C "$tree" O="$out-small" -j"$(nproc)" bzImage
[[ $status -eq 0 ]]
ok $? 'the small kernel builds'
# scripts/vm needs modules
busybox_get amd64
root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys}
cp "$busybox_dir/bin/busybox" "$tree/tools/testing/selftests/drivers/micro/micro.sh" "$root/bin/"
cat >"$root/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev
exec >/dev/console 2>&1 </dev/console
mount -t proc none /proc
mount -t sysfs none /sys
dmesg | grep '# Totals:'
sh /bin/micro.sh
echo "status $?"
reboot -f
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$work/initrd"
# There is no ACPI to turn it off with: it ends as it boots again
run timeout -k 10 1200 qemu-system-x86_64 -nodefaults -display none -no-reboot -m 256 -serial stdio \
	-kernel "$out-small/arch/x86/boot/bzImage" -initrd "$work/initrd" \
	-append 'console=ttyS0 panic=-1 reboot=t loglevel=5'
kselftest_passes && says 'status 0'
ok $? 'the kselftest passes in the small kernel'
[[ $(grep -c 'fail:0' "$work/output") -eq 4 ]] && ! grep -qE 'WARNING|BUG|Oops' "$work/output"
ok $? 'the KUnit tests have passed at the boot of the small kernel'

# in_guest COMMAND: in one with that kernel
in_guest() {
	run scripts/vm --kernel "$out" --timeout 3600 --mem 1024 --file "$tree/tools/testing/selftests/drivers/micro:/root/selftest" -- "$1"
}

in_guest 'sh /root/selftest/micro.sh || exit; dmesg | grep "# Totals:"'
kselftest_passes
ok $? 'the kselftest passes'
[[ $status -eq 0 && $(grep -c 'fail:0' "$work/output") -eq 4 ]]
ok $? 'the KUnit tests have passed at boot'
# all that do not load or unload a driver
tests=()
for file in tests/{devices,files,observe,overlay,user}/*.t; do
	case $file in
	*/devices/autoload.t | */devices/hotplug.t | */devices/loading.t | */devices/mdev.t) ;;
	*/overlay/fuzz.t | */overlay/lockdown.t | */user/python.t | */user/storage.t | */user/suspend.t) ;;
	*) tests+=("$(sed 's|^tests/||; s|\.t$||' <<<"$file")") ;;
	esac
done
in_guest "env TIER=check SEED=1 sh /tests/lib/together.sh ${tests[*]}"
[[ $status -eq 0 ]] && ! grep -q '^not ok' "$work/output" && grep -q '^1\.\.' "$work/output"
ok $? "tests that load no driver pass: $(grep -c '^ok' "$work/output")"
done_testing
