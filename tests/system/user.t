#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# User drivers on a machine with the packages: systemd starts and restarts the server, the
# module for Python works with Debian's own, and a program is built with libmicro-dev.
# kernels: 6.1 6.12-trixie
# vm: --timeout 900 --file lib/python/tests:/root/python/tests
. /tests/lib/tap.sh
. /tests/lib/system.sh

examples=/usr/share/doc/libmicro-dev/examples
node=/sys/bus/micro_bus/devices/micro_user.counter
unit="micro-driver@counter"
# on Debian 13, DKMS needs the compiler of the kernel, and not the package gcc
cc=$(command -v gcc || command -v gcc-14)

state() {
	cat $node/state
}

is_state() {
	[ "$(state)" = "$1" ]
}

restarts() {
	systemctl show -P NRestarts $unit
}

note "the packages"
run_ok dpkg --verify libmicro1 libmicro-dev python3-micro microctl
is "$(/usr/bin/python3 -c 'import micro; print(micro.__file__)')" /usr/lib/python3/dist-packages/micro/__init__.py \
	"python3 has the module"

note "a program of libmicro-dev's manual page"
zcat /usr/share/man/man3/libmicro.3.gz | sed -n '/^#include <errno.h>/,/^\.EE/p' |
	sed '/^\.EE/d; s/\\-/-/g; s/\\en/\\n/g; s/\\e/\\/g' >/tmp/hello.c
# shellcheck disable=SC2046 # words
run_ok "$cc" -Wall -Werror -o /tmp/hello /tmp/hello.c $(pkg-config --cflags --libs libmicro)
mkdir $micro/micro_user.hello $micro/hello.0
/tmp/hello &
hello=$!
is "$(timeout 300 cat /dev/micro/hello.0)" hello "the example of the man page serves"
kill $hello
wait $hello
is $? 0 "the example ends with 0 on SIGTERM"
rmdir $micro/hello.0 $micro/micro_user.hello

note "a driver in C, as an administrator installs it"
# shellcheck disable=SC2046 # words
run_ok "$cc" -o /tmp/counter $examples/counter.c $(pkg-config --cflags --libs libmicro)
run_ok install -D /tmp/counter /usr/local/lib/micro/drivers/counter
cp $examples/counter.dtso /etc/micro.d
run_ok systemctl enable --now micro
is "$(names)" "counter.0 counter.1 micro_user.counter" "the devices are there"
is "$(state) $(systemctl is-active $unit)" "waiting inactive" "no server runs before the first use"
is "$(stat -c '%a %G' /dev/micro/micro_user.counter)" "660 micro_server" "the server node belongs to the group micro_server"
is "$(timeout 300 head -n 1 /dev/micro/counter.0)" 1 "the first read starts the server"
is "$(state) $(systemctl is-active $unit)" "serving active" "the server is a systemd service"
pid=$(cat $node/server)
[ "$(stat -c %u "/proc/$pid")" -ge 61184 ]
is "$? $(systemctl show -P User $unit)" "0 micro-counter" "the service has a dynamic user while it runs"
is "$(systemctl show -P MainPID $unit)" "$pid" "sysfs shows the main process of the service"
like "$(microctl list)" "^micro_user.counter .* serving $pid$" "microctl list shows the main process of the service"

note "it dies under a reader"
timeout 300 cat /dev/micro/counter.1 >/tmp/numbers &
cat=$!
deaths=0
while [ $deaths -lt 4 ]; do
	lines=$(wc -l </tmp/numbers)
	# shellcheck disable=SC2317 # wait_for calls it
	more() {
		[ "$(wc -l </tmp/numbers)" -gt "$lines" ]
	}
	wait_for more || break
	kill -9 "$(cat $node/server)"
	deaths=$((deaths + 1))
	# not more often than systemd allows
	sleep 3
done
lines=$(wc -l </tmp/numbers)
wait_for more
kill $cat
wait $cat
is "$deaths $(restarts)" "4 4" "systemd restarts the server after each death"
sort -n -c -u /tmp/numbers
ok $? "the reader goes on, and its numbers go up"

note "an upgrade"
exec 3</dev/micro/counter.0
run_ok systemctl restart $unit
is "$(timeout 300 head -n 1 <&3)" 2 "an open file goes on after a restart of the service"
exec 3<&-

note "stopped, and wanted again"
run_ok systemctl stop $unit
is "$(state)" waiting "the state is waiting after a stop"
is "$(timeout 300 head -n 1 /dev/micro/counter.0)" 3 "the next read starts the server again"
run_ok systemctl stop $unit
run_ok systemctl mask --runtime $unit
is "$(dd if=/dev/micro/counter.0 iflag=nonblock bs=100 count=1 2>&1 | grep -o 'Resource temporarily')" \
	"Resource temporarily" "a masked one is not started, who does not want to wait hears that"
run_ok systemctl unmask --runtime $unit

note "in Python, with Debian's own"
run_ok install /usr/share/doc/python3-micro/examples/counter.py /usr/local/lib/micro/drivers/counter
run_ok systemctl start $unit
is "$(timeout 300 head -n 1 /dev/micro/counter.0)" 4 "the Python server goes on where the C server has stopped"
like "$(cat "/proc/$(cat $node/server)/comm")" "python3|counter" "a Python program serves"
journalctl --sync
is "$(journalctl -q -o cat -u $unit | grep -A 20 Traceback)" "" "the Python server logs no traceback"

note "what a server may"
# the other driver's node, which its group could open
run_fails "not permitted|denied" systemd-run -q --wait -P -p DynamicUser=yes -p SupplementaryGroups=micro_server \
	-p DevicePolicy=closed dd if=/dev/micro/micro_user.counter of=/dev/null count=0
useradd -G micro anna
run_fails "Permission denied" as anna dd if=/dev/micro/micro_user.counter of=/dev/null count=0

note "the unit tests, and those with devices"
for module in test_abi test_server test_kernel; do
	[ -e "/root/python/tests/$module.py" ] || continue
	run_ok sh -c "cd /root/python && /usr/bin/python3 -B -m unittest tests.$module"
done

note "removed"
run_ok systemctl stop micro
is "$(names)" "" "the devices are gone"
# systemd wants to start it again at first, and then finds that its node is gone
wait_for sh -c "! systemctl is-active $unit | grep -qE '^(active|deactivating|activating)'"
is "$(systemctl is-failed $unit)" inactive "the server's service is inactive and did not fail"
done_testing
