#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# An upgrade while devices are in use, and the removal of it all.
# kernels: 6.1 6.12-trixie
# vm: --timeout 1800
. /tests/lib/tap.sh
. /tests/lib/system.sh

case $VM_BOOT in
1)
	cp /usr/share/doc/microctl/examples/several.dtso /etc/micro.d
	sed -i 's/^MICRO_GROUP_ACCESS=.*/MICRO_GROUP_ACCESS=yes/' /etc/default/micro
	run_ok systemctl enable --now micro
	old=$(cat /sys/module/microkernel/version)
	exec 3<>/dev/micro/greeting
	echo before >&3

	note "an upgrade"
	# Once must do, as an emulator is slow: dkms.t has seen both kernels. What the
	# compiler says is in a cache, see scripts/lib/system-disk
	for kernel in $(kernels); do
		[ "$kernel" = "$(uname -r)" ] || rm "/lib/modules/$kernel/build"
	done
	export DEBIAN_KERNEL_USE_CCACHE=1
	before=$(dpkg-query -f '${Version}' -W microkernel-dkms)
	run_ok dpkg -i /root/packages/next/*.deb
	isnt "$(dpkg-query -f '${Version}' -W microkernel-dkms)" "$before" "the new package has another version"
	version=$(dpkg-query -f '${Version}' -W microkernel-dkms)
	is "$(dkms status -m microkernel 2>/dev/null | sed 's/, [^,]*:/:/')" \
		"$(kernels | sed "s|.*|microkernel/$version, &: installed|")" \
		"DKMS built it anew for the kernel with headers, and nothing else is left"
	is "$(modinfo -F version microkernel)" "$version" "the installed modules are the new ones"
	is "$(cat /sys/module/microkernel/version)" "$old" "the loaded modules stay in use during the upgrade"
	is "$(names)" "greeting pipe.1 pipe.2 scratch" "the devices are there"
	echo after >&3
	is "$(cat /dev/micro/greeting)" after "open files work during the upgrade"
	cmp -s /usr/share/doc/microctl/examples/several.dtso /etc/micro.d/several.dtso
	ok $? "the upgrade keeps files in /etc/micro.d"
	like "$(cat /etc/default/micro)" "^MICRO_GROUP_ACCESS=yes" "the upgrade keeps /etc/default/micro"
	is "$(systemctl is-enabled micro) $(systemctl is-active micro)" "enabled active" "the upgrade keeps the service enabled and active"
	reboot_and_go_on
	;;
2)
	is "$(cat /sys/module/microkernel/version)" "$(dpkg-query -f '${Version}' -W microkernel-dkms)" \
		"after a reboot the new modules are loaded"
	is "$(names)" "greeting pipe.1 pipe.2 scratch" "the devices are back with the new version"
	is "$(stat -c '%a %U %G' /dev/micro/greeting)" "660 root micro" "the group has access with the new version"

	note "removal, of a service that has failed, too"
	echo 'no device tree' >/etc/micro.d/broken.dtso
	run_fails "" systemctl restart micro
	is "$(systemctl is-failed micro) $(names)" "failed greeting pipe.1 pipe.2 scratch" \
		"a broken file, and the devices of the other"
	exec 3<>/dev/micro/greeting
	run_ok dpkg --remove microctl
	is "$(names)" "" "removing the package removes the devices of the service"
	! echo gone 2>/dev/null >&3
	ok $? "open files fail with ENODEV after the removal"
	exec 3>&-
	[ -e /etc/micro.d/several.dtso ]
	ok $? "removing the package keeps its configuration"
	run_ok dpkg --purge microctl microkernel-dev microkernel-dkms libmicro-dev libmicro1 python3-micro
	is "$(grep -E '^(microkernel|micro_|sample_driver)' /proc/modules)" "" "no module is loaded"
	is "$(getent group micro)" "" "there is no group"
	# what a running system and dpkg write is not ours, nor what was not there when
	# the list was made
	find / -xdev \( -path /lost+found -o -path /proc -o -path /root -o -path /vm -o -path /tests \
		-o -path /home -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /run -o -path /dev \
		-o -path /etc/.updated -o -path /var/.updated -o -path /var/lib/dbus -o -path /var/lib/systemd -o -path /var/cache/ldconfig \) -prune -o -print |
		LC_ALL=C sort >/root/after
	is "$(LC_ALL=C comm -13 /root/packages/before /root/after | xargs)" \
		"/var/lib/dkms/mok.key /var/lib/dkms/mok.pub" "no file is left, but for DKMS' own key"
	is "$(find /dev /run /var/lib/systemd -name '*micro*' ! -path '/run/systemd/units/*')" "" \
		"nor where that was not looked"
	is "$(grep -rlsE 'micro(ctl|kernel)' /etc /lib/modules/*/modules.* /var/lib/dkms)" "" \
		"nor a trace in others"
	done_testing
	;;
esac
