#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# An upgrade while devices are in use, and the removal of it all.
# kernels: 6.1
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
	run_ok dpkg -i /root/packages/next/*.deb
	isnt "$(dpkg-query -f '${Version}' -W microkernel-dkms)" "$old" "it has another version"
	version=$(dpkg-query -f '${Version}' -W microkernel-dkms)
	is "$(dkms status -m microkernel 2>/dev/null | sed 's/, [^,]*:/:/')" \
		"$(kernels | sed "s|.*|microkernel/$version, &: installed|")" \
		"DKMS built it anew for the kernel with headers, and nothing else is left"
	is "$(modinfo -F version microkernel)" "$version" "the modules are new"
	is "$(cat /sys/module/microkernel/version)" "$old" "those that are loaded are still in use"
	is "$(names)" "greeting pipe.1 pipe.2 scratch" "the devices are there"
	echo after >&3
	is "$(cat /dev/micro/greeting)" after "and files that are open still work"
	cmp -s /usr/share/doc/microctl/examples/several.dtso /etc/micro.d/several.dtso
	ok $? "the file in /etc/micro.d is as it was"
	like "$(cat /etc/default/micro)" "^MICRO_GROUP_ACCESS=yes" "and so are the settings"
	is "$(systemctl is-enabled micro) $(systemctl is-active micro)" "enabled active" "the service, too"
	reboot_and_go_on
	;;
2)
	is "$(cat /sys/module/microkernel/version)" "$(dpkg-query -f '${Version}' -W microkernel-dkms)" \
		"after a reboot the new modules are loaded"
	is "$(names)" "greeting pipe.1 pipe.2 scratch" "and the devices are back"
	is "$(stat -c '%a %U %G' /dev/micro/greeting)" "660 root micro" "with the group's access"

	note "removal, of a service that has failed, too"
	echo 'no device tree' >/etc/micro.d/broken.dtso
	run_fails "" systemctl restart micro
	is "$(systemctl is-failed micro) $(names)" "failed greeting pipe.1 pipe.2 scratch" \
		"a broken file, and the devices of the other"
	exec 3<>/dev/micro/greeting
	run_ok dpkg --remove microctl
	is "$(names)" "" "the service's devices go with it"
	! echo gone 2>/dev/null >&3
	ok $? "files that are open say so"
	exec 3>&-
	[ -e /etc/micro.d/several.dtso ]
	ok $? "its configuration stays"
	run_ok dpkg --purge microctl microkernel-dev microkernel-dkms libmicro-dev libmicro1 python3-micro
	is "$(grep -E '^(microkernel|micro_|sample_driver)' /proc/modules)" "" "no module is loaded"
	is "$(getent group micro)" "" "there is no group"
	# what a running system and dpkg write is not ours, nor what was not there when
	# the list was made
	find / -xdev \( -path /lost+found -o -path /proc -o -path /root -o -path /vm -o -path /tests \
		-o -path /home -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /run -o -path /dev \
		-o -path /var/lib/dbus -o -path /var/lib/systemd \) -prune -o -print |
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
