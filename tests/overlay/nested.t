# SPDX-License-Identifier: GPL-2.0-only
# An operation of a device applies and removes an overlay with another bus, while the bus of
# that device is being unbound and waits for the operation
# kernels: debug clang

. /tests/lib/tap.sh
. /tests/lib/unplug.sh
. /tests/lib/overlay.sh

bus=/sys/bus/platform/drivers/microkernel-bus

# write_begin: a process is inside write() with an overlay
write_begin() {
	micro-try write /dev/micro/tree - <$dtbo/micro-fifo.dtbo >/tmp/written &
	writer=$!
	wait_for is_inside tree
}

# both_end PID NAME: the writer and who waits for it
both_end() {
	wait_for ended "$1" && wait_for ended $writer
	ok $? "$2" || diag "$(cat "/proc/$1/stack" "/proc/$writer/stack")"
	is "$(cat /tmp/written)" ok "$2: the operation has changed the tree"
}

bound() {
	test -e "$bus/microkernel-test"
}

run_ok modprobe -a micro_tree micro_fifo
modprobe micro_overlay patience_ms=60000
empty=$(ls /proc/device-tree)
mkdir $overlays/a
is "$(apply a tree)" ok "an overlay with a bus is applied"

for _ in 1 2 3; do
	bound || is "$(micro-try write $bus/bind microkernel-test)" ok "the bus is bound again"
	wait_for test -c /dev/micro/tree
	write_begin
	micro-try write $bus/unbind microkernel-test >/dev/null &
	both_end $! "the bus is unbound"
	! bound && [ ! -e /dev/micro/tree ] && [ ! -e /dev/micro/fifo.0 ]
	ok $? "no device is left"
done

# With the device of such a driver it must not go, see device-tree.md
is "$(micro-try write $overlays/a/status 0)" ok "the overlay with the bus is removed"
is "$(ls /proc/device-tree)" "$empty" "nothing is left"
rmdir $overlays/a
run_ok rmmod micro_overlay
unload micro_tree
done_testing
