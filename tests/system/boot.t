#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A machine with the packages, files in /etc/micro.d, and a reboot.
# kernels: 6.1 6.12-trixie
# vm: --file docs/names.md
. /tests/lib/tap.sh
. /tests/lib/system.sh

# device NAME PROPERTIES: a node that sample_driver binds
device() {
	echo "$1 { compatible = \"microkernel,sample-driver\"; $2 };"
}

# overlay FILE NODE...: into /etc/micro.d
overlay() {
	tap_file=/etc/micro.d/$1
	shift
	printf '/dts-v1/;\n/plugin/;\n&{/} { devices { compatible = "microkernel,bus"; %s }; };\n' "$*" >"$tap_file"
}

# messages: what the service said since it was last asked
messages() {
	journalctl --sync
	journalctl -q -o cat -u micro.service --cursor-file=/vm/cursor
}

case $VM_BOOT in
1)
	note "as installed"
	is "$(systemctl is-enabled micro) $(systemctl is-active micro)" "disabled inactive" "the service is disabled after installation"
	is "$(names)" "" "there are no devices"
	! loaded sample_driver
	ok $? "no driver is loaded after installation"

	note "one file, one command"
	cp /usr/share/doc/microctl/examples/several.dtso /etc/micro.d
	run_ok systemctl enable --now micro
	is "$(names)" "greeting pipe.1 pipe.2 scratch" "the devices are there"
	is "$(cat $micro/*/status | sort -u)" bound "the service loads the drivers and binds the devices"
	is "$(cd /dev/micro/by-driver && echo ./*/*)" "./micro_fifo/pipe.1 ./micro_fifo/pipe.2 \
./micro_ram/scratch ./sample_driver/greeting ./sample_driver/sample_driver" \
		"links by driver, also for the driver's own device"
	is "$(realpath /dev/micro/by-driver/micro_ram/scratch)" /dev/micro/scratch "a link in by-driver leads to its node"
	run_ok microctl remove scratch
	udevadm settle
	[ ! -e /dev/micro/by-driver/micro_ram ]
	ok $? "the link goes with its device"
	run_ok systemctl reload micro
	is "$(cat $micro/scratch/status)" bound "a reload makes a device again that was removed by hand"

	note "completion"
	# as bash-completion sets it up, which is not installed here
	cat >/tmp/complete <<'END'
_init_completion() {
	words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
}
__ltrim_colon_completions() { :; }
. /usr/share/bash-completion/completions/microctl
COMP_WORDS=(microctl "$@") COMP_CWORD=$#
_microctl
echo "${COMPREPLY[@]}"
END
	is "$(bash /tmp/complete show p)" "pipe.1 pipe.2" "bash completes the names of devices"
	is "$(bash /tmp/complete remove s)" scratch "bash completes the devices that remove can take"
	is "$(bash /tmp/complete app)" apply "bash completes commands"
	is "$(bash /tmp/complete apply --p)" --prune "bash completes options"
	is "$(bash /tmp/complete create -c microkernel,s)" microkernel,sample-driver \
		"bash completes the compatible strings of the installed drivers"
	is "$(bash /tmp/complete create micro_f 2>/dev/null)" micro_fifo "bash completes the names of the installed drivers"

	note "who may"
	useradd anna
	useradd -G micro ben
	is "$(stat -c '%a %U %G' /dev/micro/greeting)" "600 root root" "a node has the mode of its driver"
	run_fails "Permission denied" as ben cat /dev/micro/greeting
	# shellcheck disable=SC2016 # backticks of Markdown
	sed -n '/^```udev$/,/^```$/ { /^```/!p }' /root/names.md >/etc/udev/rules.d/70-fifo.rules
	# shellcheck disable=SC2016
	run_ok sh -c "$(sed -n 's/^`\(udevadm [^`]*\)`.*/\1/p' /root/names.md)"
	is "$(readlink /dev/fifo1) $(stat -c '%a %U %G' /dev/micro/pipe.1)" "micro/pipe.1 660 root dialout" \
		"the rule and the command of docs/names.md make the link /dev/fifo1, and give its node to a group"
	rm /etc/udev/rules.d/70-fifo.rules
	run_ok udevadm control --reload
	sed -i 's/^MICRO_GROUP_ACCESS=.*/MICRO_GROUP_ACCESS=yes/' /etc/default/micro
	run_ok udevadm trigger --settle --subsystem-match=micro
	is "$(stat -c '%a %U %G' /dev/micro/greeting)" "660 root micro" "MICRO_GROUP_ACCESS gives the node to the group"
	is "$(as ben sh -c 'echo I am Ben >/dev/micro/greeting; cat /dev/micro/greeting' 2>&1)" "I am Ben" \
		"a member of the group micro reads and writes"
	run_fails "Permission denied" as anna cat /dev/micro/greeting
	run_fails "Permission denied" as ben mkdir $micro/bens
	run_fails "[Pp]ermission" as ben microctl create bens
	run_fails "Permission denied" as ben rmdir $micro/greeting
	run_fails "Permission denied" as ben sh -c "echo 0 >$micro/greeting/live"
	mkdir $micro/sample_driver.9
	udevadm settle
	is "$(stat -c '%a %U %G' /dev/micro/sample_driver.9)" "660 root micro" "a new node belongs to the group from its beginning"

	note "changes"
	overlay first.dts "$(device one 'buffer-size = <100>;')" "$(device two)" "$(device three)"
	run_ok systemctl reload micro
	is "$(names)" "greeting one pipe.1 pipe.2 sample_driver.9 scratch three two" "a reload makes the devices of a new file"
	exec 3<>/dev/micro/one 4<>/dev/micro/two
	echo kept >&3
	overlay first.dts "$(device one 'buffer-size = <100>;')" "$(device two 'buffer-size = <200>;')"
	messages >/dev/null
	run_ok systemctl reload micro
	is "$(names)" "greeting one pipe.1 pipe.2 sample_driver.9 scratch two" \
		"what was taken out goes, what was made by hand stays"
	is "$(cat /dev/micro/one)" kept "a device that did not change keeps its state"
	run_ok sh -c 'echo still >&3'
	! echo gone 2>/dev/null >&4
	ok $? "a device that changed is made again"
	exec 3>&- 4>&-

	note "a broken file"
	overlay second.dts "$(device four)"
	echo 'no device tree' >/etc/micro.d/broken.dtso
	run_fails . systemctl reload micro
	like "$(messages)" "broken.dtso" "microctl's message is in the journal, with the file's name"
	is "$(names)" "four greeting one pipe.1 pipe.2 sample_driver.9 scratch two" "the other files are applied"
	is "$(systemctl is-active micro)" active "the service stays active"
	overlay clash.dts "$(device sample_driver)" "$(device five)"
	run_fails . systemctl reload micro
	like "$(messages)" "clash.dts: .*'sample_driver'" "the journal names the device whose name is taken"
	[ -d $micro/five ]
	ok $? "the other devices of that file are made"
	rm /etc/micro.d/clash.dts
	rmdir $micro/five
	overlay first.dts "$(device one 'buffer-size = <100>;')"
	run_fails . systemctl reload micro
	[ -d $micro/two ]
	ok $? "no device is removed while a file is broken"

	reboot_and_go_on
	;;
2)
	note "after a reboot with a broken file"
	is "$(names)" "four greeting one pipe.1 pipe.2 scratch" "the devices are back after the boot"
	is "$(cat $micro/*/status | sort -u)" bound "the devices are bound after the boot"
	is "$(systemctl is-enabled micro) $(systemctl is-failed micro)" "enabled failed" "a broken file makes the service fail at boot"
	like "$(systemctl status --no-pager micro 2>&1)" "broken.dtso" "the status of the service names the broken file"
	is "$(stat -c '%a %U %G' /dev/micro/greeting)" "660 root micro" "the group has access after the boot"
	rm /etc/micro.d/broken.dtso
	run_ok systemctl start micro

	reboot_and_go_on
	;;
3)
	note "after a reboot without"
	is "$(names)" "four greeting one pipe.1 pipe.2 scratch" "the devices are back after the boot"
	is "$(systemctl is-active micro)" active "the service is active after the boot"
	is "$(systemctl --failed --no-legend --plain)" "" "no unit failed at boot"
	is "$(cat $micro/pipe.2/driver)" micro_fifo "the devices have their drivers after the boot"
	mkdir $micro/sample_driver.9
	run_ok systemctl stop micro
	is "$(names)" sample_driver.9 "stop removes the devices of the service, and no other"
	rm -r /etc/micro.d/*.dts*
	run_ok systemctl start micro
	is "$(names)" sample_driver.9 "without a file the service makes no device"
	rm /etc/default/micro
	rmdir $micro/sample_driver.9
	mkdir $micro/sample_driver.9
	udevadm settle
	is "$(stat -c '%a %U %G' /dev/micro/by-driver/sample_driver/sample_driver.9)" "777 root root" "the link has the mode of links"
	is "$(stat -Lc '%a %U %G' /dev/micro/by-driver/sample_driver/sample_driver.9)" "600 root root" \
		"without the file of settings a node has the driver's mode"
	done_testing
	;;
esac
