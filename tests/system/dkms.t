#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The modules that DKMS built, and a driver that is built with the installed
# headers and arrives while its device waits.
# The last part is an upgrade of a kernel that the modules cannot be built for.
# kernels: 6.12 6.12-trixie
# vm: --timeout 7200
. /tests/lib/tap.sh
. /tests/lib/system.sh

drivers='sample_driver micro_fifo micro_ram'

note "dkms"
is "$(kernels | wc -l)" 2 "there are two kernels with headers"
version=$(dpkg-query -f '${Version}' -W microkernel-dkms)
for kernel in $(kernels); do
	is "$(dkms status -m microkernel -k "$kernel" 2>/dev/null | sed 's/, [^,]*:/:/')" \
		"microkernel/$version, $kernel: installed" "installed on $kernel"
	for module in microkernel $drivers; do
		is "$(modinfo -k "$kernel" -n "$module" | sed 's/\.xz$//')" \
			"/lib/modules/$kernel/updates/dkms/$module.ko" "$module"
		is "$(modinfo -k "$kernel" -F signer "$module")" "DKMS module signing key" "the module is signed with DKMS' key"
	done
	grep -q "__micro_register_driver.*EXPORT_SYMBOL_GPL" "/lib/modules/$kernel/updates/microkernel/Module.symvers"
	ok $? "headers and Module.symvers for other drivers are installed"
done
# Debian's version of a candidate has "~" where the module's has "-"
is "$(cat /sys/module/microkernel/version)" "$(echo "$version" | tr "~" -)" "the core was loaded at boot, in this version"

note "udev loads a driver for mkdir"
# for the kernel itself to have no part in it, here and below
echo /bin/false >/proc/sys/kernel/modprobe
for module in $drivers; do
	! loaded "$module"
	ok $? "$module is not loaded"
	run_ok mkdir "$micro/$module.7"
	wait_for bound "$module.7"
	is "$(cat "$micro/$module.7/driver")" "$module" "mkdir binds the device to its driver"
	rmdir "$micro/$module.7"
done

note "a driver from elsewhere"
mkdir $micro/visitors $micro/century $micro/century/properties/start
echo 100 >$micro/century/properties/start/u32
echo example,counter >$micro/visitors/compatible
echo example,counter >$micro/century/compatible
is "$(cat $micro/visitors/status $micro/century/status | xargs)" "unbound unbound" "two devices wait for it"
cp -r /usr/share/doc/microkernel-dev/examples/counter /root
run_ok make -C /root/counter install
wait_for bound century
wait_for bound visitors
is "$(cat $micro/visitors/driver $micro/century/driver | xargs)" "counter counter" "installing the driver binds the waiting devices"
udevadm settle
is "$(cat /dev/micro/visitors /dev/micro/century /dev/micro/by-driver/counter/century | xargs)" "1 101 102" \
	"and they work"
rmdir $micro/visitors $micro/century/properties/start $micro/century
run_ok rmmod counter
run_ok microctl apply /root/counter/counter.dtso
wait_for bound century
wait_for bound visitors
is "$(cat /dev/micro/visitors /dev/micro/century | xargs)" "1 101" "the same with microctl: udev loads it"

note "a kernel is installed, and a build fails"
# the one that does not run, as after an upgrade. configure PACKAGE: again, as if it had
# just been unpacked. Of dpkg-reconfigure that fails, dpkg would know nothing.
kernel=$(kernels | grep -vxF "$(uname -r)")
configure() {
	sed -i "/^Package: $1\$/,/^\$/s/^Status: .*/Status: install ok unpacked/" /var/lib/dpkg/status
	run_ok dpkg --configure "$1"
}
status() {
	dkms status -m microkernel -k "$kernel" 2>/dev/null | sed -n 's/, [^,]*: installed.*/: installed/p'
}
run_ok dkms unbuild -m microkernel -v "$version" -k "$kernel"
is "$(status)" "" "there are no modules for the kernel"
# releases such as 6.12.117+deb13-cloud-amd64 have characters that a regular expression has a use for
quoted=$(echo "$kernel" | sed 's/[.+]/\\&/g')
main=/usr/src/microkernel-$version/src/core/main.c
cp "$main" /root/main.c
echo "#error broken" >>"$main"
for package in "linux-image-$kernel" "linux-headers-$kernel"; do
	configure "$package"
	like "$tap_output" "^microkernel: the modules cannot be built for Linux $quoted, and are left out there\.\$" \
		"the output says that the modules are left out"
	like "$tap_output" "error: #error broken" "the output has the error of the compiler"
	is "$(dpkg --audit)" "" "no package is left unconfigured"
	is "$(status)" "" "there are still none"
done
cp /root/main.c "$main"
configure "linux-headers-$kernel"
is "$(status)" "microkernel/$version, $kernel: installed" "the modules are there when the source is right again"

done_testing
