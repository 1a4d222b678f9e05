#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# microctl beside udev and systemd: groups and links of nodes, units that are bound to devices,
# a folder that containers have mounted, and who may make devices.
# kernels: 6.1 6.12-trixie
# vm: --timeout 1800
. /tests/lib/tap.sh
. /tests/lib/system.sh

links=/dev/micro/by-driver

# create NAME [OPTION]...: a device of sample_driver, from which cat gets a text
create() {
	microctl create -c microkernel,sample-driver "$@"
}

# looks NAME: mode and group of the node, and whether its link is there, at once
looks() {
	tap_link="no link"
	[ ! -L "$links/sample_driver/$1" ] || tap_link="its link"
	echo "$(stat -c '%a %G' "/dev/micro/$1") $tap_link"
}

# overlay NAME PROPERTIES...: a file /tmp/NAME.dts with such a device
overlay() {
	printf '/dts-v1/;\n/plugin/;\n&{/} { devices { compatible = "microkernel,bus"; %s { %s }; }; };\n' \
		"$1" "compatible = \"microkernel,sample-driver\"; $2" >"/tmp/$1.dts"
}

# shellcheck disable=SC2317 # wait_for calls it
unit_is() {
	[ "$(systemctl is-active "$2")" = "$1" ]
}

useradd anna
useradd -G micro ben
sed -i 's/^MICRO_GROUP_ACCESS=.*/MICRO_GROUP_ACCESS=yes/' /etc/default/micro

note "microctl waits for udev"
denied=0 unlinked=0
for i in $(seq 50); do
	create "quick.$i"
	[ -L "$links/sample_driver/quick.$i" ] || unlinked=$((unlinked + 1))
	as ben cat "/dev/micro/quick.$i" >/dev/null || denied=$((denied + 1))
done
is "$denied $unlinked" "0 0" "ben may read each of 50 devices, and finds its link, as soon as create returns"
microctl remove $(seq -f quick.%g 50)

# so that whoever does not wait is too early
echo 'SUBSYSTEM=="micro", ACTION!="remove", PROGRAM="/bin/sleep 1"' >/etc/udev/rules.d/10-slow.rules
udevadm control --reload
run_ok create slow
is "$(looks slow)" "660 micro its link" "create waits for a slow udev"
mkdir $micro/sample_driver.wait
run_ok as anna microctl wait --timeout 300 sample_driver.wait
is "$(looks sample_driver.wait)" "660 micro its link" "wait waits for udev, for everybody"
overlay slow 'buffer-size = <100>;'
run_ok microctl apply /tmp/slow.dts
is "$(looks slow)" "660 micro its link" "apply waits for udev after a change, which makes the node anew"
mkdir $micro/sample_driver.apply
overlay sample_driver.apply ''
sed -i 's/compatible = "microkernel,sample-driver"; //' /tmp/sample_driver.apply.dts
is "$(microctl apply /tmp/sample_driver.apply.dts) $(looks sample_driver.apply)" \
	"0 created, 0 changed, 0 removed, 1 unchanged 660 micro its link" \
	"apply waits for udev for a device that is as it is declared"
rm /dev/micro/slow
run_ok microctl apply /tmp/slow.dts
is "$(looks slow)" "660 micro its link" "apply waits for udev after it has mended a node"
run_ok create off --off
rm /etc/udev/rules.d/10-slow.rules
udevadm control --reload

note "udev does not answer"
systemctl kill -s STOP systemd-udevd
run_fails "^microctl: deaf is bound, but udev has not set its node's group and links yet" \
	microctl create -c microkernel,sample-driver --timeout 1 deaf
is "$(cat $micro/deaf/status)" bound "the device stays"
run_ok create --timeout 0 deaf.0
overlay deaf.1 ''
run_fails "1 created, .*; 1 with errors" microctl apply --timeout 1 /tmp/deaf.1.dts
microctl create -c microkernel,sample-driver --timeout 600 deaf.2 >/tmp/deaf 2>&1 &
deaf=$!
wait_for test -e /dev/micro/deaf.2
kill $deaf
wait $deaf
is "$? $(cat /tmp/deaf)" "143 microctl: deaf.2: interrupted; udev has not set its node's group and links yet" \
	"the wait for udev can be interrupted"
systemctl kill -s CONT systemd-udevd
run_ok microctl wait --timeout 300 deaf deaf.0 deaf.1 deaf.2
is "$(looks deaf.2)" "660 micro its link" "udev goes on"

note "units that are bound to a device"
cat >/etc/systemd/system/bound.service <<'END'
[Unit]
BindsTo=dev-micro-motor.device
After=dev-micro-motor.device

[Service]
ExecStart=/bin/sleep infinity

[Install]
WantedBy=dev-micro-motor.device
END
run_ok systemctl enable bound
run_ok create motor
wait_for unit_is active bound
ok $? "a unit that its device wants starts when the device is there"
run_ok microctl remove motor
wait_for unit_is inactive bound
ok $? "a unit that is bound to a device stops when the device is removed"
systemctl disable -q bound
systemctl start --no-block bound
is "$(systemctl show -P SubState bound) $(systemctl list-jobs --no-legend | grep -c bound.service)" "dead 1" \
	"a unit that is ordered after a device waits for it"
run_ok create motor
wait_for unit_is active bound
ok $? "the unit starts when the device has come"
is "$(systemctl is-active dev-micro-motor.device dev-micro-by\\x2ddriver-sample_driver-motor.device | xargs)" \
	"active active" "systemd has units for the node and for its link"
run_ok microctl remove motor
wait_for unit_is inactive bound
ok $? "the unit stops"

note "a folder that a container has mounted"
# shellcheck disable=SC2046 # words
microctl remove $(names)
rmmod sample_driver
udevadm settle
is "$(ls -A /dev/micro)" .keep "without devices the folder has only the file that keeps it"
mkdir /tmp/box
mount --bind /dev/micro /tmp/box
create first
is "$(cd /tmp/box && echo firs? by-driver/*/*)" "first by-driver/sample_driver/first by-driver/sample_driver/sample_driver" \
	"a container that has the folder sees a new device and its link"
microctl remove first
rmmod sample_driver
udevadm settle
create second
is "$(cd /tmp/box && echo secon? by-driver/*/*)" "second by-driver/sample_driver/sample_driver by-driver/sample_driver/second" \
	"it sees one that is made after the last one has gone"
run_ok cat /tmp/box/second
umount /tmp/box

note "a group that may make devices"
lock=/run/microctl.lock
create third
is "$(stat -c '%a %U %G' $lock)" "600 root root" "the lock is root's"
run_fails "Permission denied" as anna flock -n $lock true
groupadd makers
useradd -G makers eva
mkdir /etc/systemd/system/micro.service.d
cat >/etc/systemd/system/micro.service.d/makers.conf <<'END'
[Service]
ExecStartPre=chgrp makers /sys/kernel/config/micro
ExecStartPre=chmod 775 /sys/kernel/config/micro
END
chgrp makers $micro
chmod 775 $micro
run_fails "no permission to open $lock: once .* belongs to your group, root has to run" as eva microctl create micro_fifo.eva
systemctl daemon-reload
run_ok systemctl start micro
is "$(stat -c '%a %U %G' $lock)" "660 root makers" "the service gives the lock to the group that may make devices"
run_ok as eva microctl create micro_fifo.eva
[ -L $links/micro_fifo/micro_fifo.eva ]
ok $? "create of a member waits for udev, too"
like "$(cat $lock)" "^process [0-9]+$" "a member tells others who has the lock"
runuser -u eva -- flock --no-fork $lock sleep 600 &
sleep=$!
wait_for sh -c "! flock -n $lock true"
run_fails "process [0-9]+ is changing devices" microctl create --no-wait micro_fifo.root
kill $sleep
wait $sleep
wait_for flock -n $lock true
run_ok as eva microctl remove micro_fifo.eva
run_fails "Permission denied" as anna flock -n $lock true
run_fails "no permission to change devices" as anna microctl create micro_fifo.anna
chgrp root $micro
chmod 755 $micro
microctl remove third
is "$(stat -c '%a %U %G' $lock)" "600 root root" "the lock is root's again when configfs is"
done_testing
