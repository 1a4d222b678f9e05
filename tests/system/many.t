#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Many devices at a time on a machine with udev and systemd: each has its node and its link,
# what that costs, and nothing dies. In the tier "long" there are 10,000.
# kernels: 6.12
# vm: --mem 2048 --timeout 20000
. /tests/lib/tap.sh
. /tests/lib/system.sh

case $TIER in
long) count=10000 ;;
*) count=300 ;;
esac
links=/dev/micro/by-driver/sample_driver

# used: KiB of memory that are in use
used() {
	awk '$1 == "MemTotal:" { all = $2 } $1 == "MemAvailable:" { print all - $2 }' /proc/meminfo
}

# resident PID: KiB
resident() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

# make_all, remove_all: all devices
make_all() {
	(cd $micro && seq -f sample_driver.m%g "$count" | xargs mkdir)
}

remove_all() {
	(cd $micro && seq -f sample_driver.m%g "$count" | xargs rmdir)
}

# nodes and link_count: how many there are
nodes() {
	find /dev/micro -maxdepth 1 -name 'sample_driver.m*' -type c | wc -l
}

link_count() {
	find $links -name 'sample_driver.m*' -type l 2>/dev/null | wc -l
}

# ratio A B
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

modprobe sample_driver
udevadm settle
failed=$(systemctl --failed --plain --no-legend | wc -l)

note "without udev"
systemctl stop systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd
before=$(used)
began=$(ms)
make_all
bare=$(($(ms) - began))
is "$(nodes)" "$count" "$count nodes"
kernel=$((($(used) - before) * 1024 / count))
remove_all
is "$(nodes)" 0 "they can be removed"
systemctl start systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd
udevadm settle --timeout 600
udevd=$(systemctl show -p MainPID --value systemd-udevd)

note "with udev"
before=$(used) init=$(resident 1) daemon=$(resident "$udevd")
began=$(ms)
make_all
mkdirs=$(($(ms) - began))
run_ok udevadm settle --timeout 18000
settled=$(($(ms) - began))
is "$(nodes) $(link_count)" "$count $count" "each device has its node, and its link"
is "$(find -L $links -name 'sample_driver.m*' -type c | wc -l)" "$count" "each link leads to a node"
diag "mkdir with udev beside it: $(ratio $mkdirs $bare) x without; until udev is done: $(ratio $settled $bare) x"
diag "memory of a device: kernel $kernel bytes; all $((($(used) - before) * 1024 / count)) bytes," \
	"of them systemd $((($(resident 1) - init) * 1024 / count)), udevd $((($(resident "$udevd") - daemon) * 1024 / count))"
is "$(systemctl list-units --type device --plain --no-legend --all 'dev-micro-sample_driver.m*' | wc -l)" "$count" \
	"systemd has a unit for each"
is "$(cat /dev/micro/sample_driver.m1 /dev/micro/sample_driver.m"$count")" "Sample driver dataSample driver data" \
	"the first and the last one work"
is "$(microctl list | grep -c '^sample_driver\.m.* bound')" "$count" "microctl lists them"

note "while a program uses one of them"
exec 3</dev/micro/sample_driver.m"$count"
began=$(ms)
remove_all
mkdirs=$(($(ms) - began))
run_ok udevadm settle --timeout 18000
settled=$(($(ms) - began))
run_fails "No such device" sh -c 'cat <&3'
exec 3<&-
diag "rmdir: $(ratio $mkdirs $bare) x the mkdirs without udev; until udev is done: $(ratio $settled $bare) x"
is "$(nodes) $(link_count)" "0 0" "no node or link is left"
is "$(systemctl list-units --type device --plain --no-legend --all 'dev-micro-sample_driver.m*' | wc -l)" 0 \
	"systemd has no unit of them"
is "$(grep -hs '^S:micro/by-driver/sample_driver/' /run/udev/data/*)" S:micro/by-driver/sample_driver/sample_driver \
	"udev remembers the driver's own device only"

note "nothing has died"
is "$(systemctl show -p MainPID --value systemd-udevd)" "$udevd" "udevd is the same process"
is "$(systemctl --failed --plain --no-legend | wc -l)" "$failed" "no unit has failed"
run_ok systemctl is-active systemd-journald systemd-udevd
mkdir $micro/sample_driver.again
run_ok microctl wait --timeout 300 sample_driver.again
rmdir $micro/sample_driver.again
run_ok udevadm settle
run_ok rmmod sample_driver microkernel
done_testing
