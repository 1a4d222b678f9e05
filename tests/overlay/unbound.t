# SPDX-License-Identifier: GPL-2.0-only
# An overlay is removed while its device is going already, as the bus is being unbound: the
# overlay waits for the device, as a driver may use its node until then.
# kernels: debug clang

. /tests/lib/tap.sh
. /tests/lib/unplug.sh
. /tests/lib/overlay.sh

bus=/sys/bus/platform/drivers/microkernel-bus

is_status() {
	[ "$(status "$1")" = "$2" ]
}

# put_back: the tree is what it was at first
put_back() {
	[ "$(tree)" = "$empty" ]
}

modprobe -a micro_evil micro_fifo micro_overlay
ok $? "modules are loaded"
echo 1000 >/sys/module/micro_overlay/parameters/patience_ms
empty=$(tree)
micro-hold start
mkdir $overlays/bus $overlays/late
is "$(apply bus bus) $(apply late late)" "ok ok" "a bus, and another overlay with a device of it"

note "the bus is unbound first"
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/dev/null &
deaf=$!
wait_for is_inside micro_evil.deaf
micro-try write $bus/unbind microkernel-test >/tmp/unbind &
unbind=$!
wait_for is_state micro_evil.deaf unbinding
is "$(micro-try write $overlays/late/status 0) $(status late)" "EINPROGRESS removing" \
	"the overlay is not removed before its device"
wait_for sh -c "dmesg | grep -q 'micro_evil@7 cannot go yet: a device of it is still being made or removed'"
ok $? "the log names the node"
is "$(state micro_evil.deaf)" unbinding "an operation is still inside"
echo go >$evil/command
wait $unbind $deaf
is "$(cat /tmp/unbind)" ok "the bus is unbound"
wait_for is_status late unapplied
is "$(state micro_evil.deaf)" "" "the overlay is removed when the device is gone"
micro-hold close deaf >/dev/null

note "the overlay is removed first"
is "$(micro-try write $bus/bind microkernel-test) $(micro-try write $overlays/late/status 1)" "ok ok" \
	"both are there again"
micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
micro-hold ioctl deaf deaf >/dev/null &
deaf=$!
wait_for is_inside micro_evil.deaf
is "$(micro-try write $overlays/late/status 0)" EINPROGRESS "the overlay waits for the operation"
micro-try write $bus/unbind microkernel-test >/tmp/unbind &
unbind=$!
wait_for grep -q "State:.*idle" /proc/$unbind/status
sleep 1
ended $unbind
isnt $? 0 "the bus is not unbound before its device is gone"
echo go >$evil/command
wait $unbind $deaf
is "$(cat /tmp/unbind) $(state micro_evil.deaf)" "ok " "the bus is unbound when the device is gone"
wait_for is_status late unapplied
micro-hold close deaf >/dev/null

micro-hold end >/dev/null
rmdir $overlays/late $overlays/bus
wait_for put_back
ok $? "the tree is as before"
built_in micro_overlay || wait_for micro-try rmmod micro_overlay
unload micro_evil
done_testing
