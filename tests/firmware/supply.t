#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a device tree says that a device needs is there when its driver is probed: the
# clock has its rate, the power domain is on, DMA goes where it should. Until the
# provider is there, the device waits for it. It goes when the driver has gone, not before.
# archs: arm64
# vm: --dtbo tests/firmware/supply.dtso
. /tests/lib/tap.sh

bus=/sys/bus/platform/drivers/microkernel-bus
devices=/sys/bus/micro_bus/devices
driver=/sys/bus/micro_bus/drivers/micro_consumer
on=/sys/module/micro_supply/parameters/on

# said FROM [DEVICE]: what the supply and a consumer (1) have said since line FROM of the log
said() {
	dmesg | tail -n +"$1" | sed -n -e 's/.*micro_supply microkernel-supply: //p' \
		-e "s/.*micro_consumer ${2:-consumer.1}: //p" | tr '\n' ';'
}

here() {
	echo "$(($(dmesg | wc -l) + 1))"
}

is_on() {
	[ "$(cat "$on")" = "$1" ]
}

note "before the supply is there"
wait_for test -c /dev/micro/consumer.4
[ -e $devices/consumer.1 ] && [ ! -e $devices/consumer.1/driver ]
ok $? "a device whose clock and power domain are missing is there, and waits"
is "$(said 1)" "" "its driver was not asked"
like "$(said 1 consumer.4)" "clock at 0, domain no" "a device that needs nothing is bound"

note "DMA"
like "$(said 1 consumer.4)" "DMA offset 0x40000000" "memory for DMA has the address that dma-ranges gives"
[ -e $devices/consumer.3 ] && [ ! -e $devices/consumer.3/driver ]
ok $? "a device behind an IOMMU is not bound"
is "$(dmesg | grep -c 'consumer.3: .*/consumer@3 has "iommus"')" 1 "the log says why"

note "a bus inside a device: its driver makes it in probe()"
wait_for test -c /dev/micro/inner
[ -c /dev/micro/consumer.5 ] && [ -c /dev/micro/inner ]
ok $? "both are bound"
is "$(micro-try write $driver/unbind consumer.5)" ok "the outer one is unbound"
[ ! -e /dev/micro/inner ] && [ ! -e $devices/inner ]
ok $? "the inner one went with it"
is "$(micro-try write $driver/bind consumer.5)" ok "the outer one is bound again"
wait_for test -c /dev/micro/inner
[ -c /dev/micro/inner ]
ok $? "and so is the inner one"

note "the supply comes"
if ! insmod micro_supply.ko; then
	skip "this kernel has no COMMON_CLK or no PM_GENERIC_DOMAINS" 17
	done_testing
fi
wait_for test -c /dev/micro/consumer.1
[ -c /dev/micro/consumer.1 ]
ok $? "the device is bound, with no command typed"
is "$(said 1)" "clock at 24000000;domain on;probe: clock at 24000000, domain yes, DMA offset 0x40000000;" \
	"before probe() the clock was set, and then the domain switched on"
like "$(said 1 consumer.2)" "probe: .* domain yes" "another one, whose probe() fails, had its domain"
wait_for is_on 1
is "$(cat $on)" 1 "that is off again; the first is on"

note "the device is removed while a read is inside"
from=$(here)
cat /dev/micro/consumer.1 >/dev/null 2>&1 &
reader=$!
wait_for grep -q "State:.*disk sleep" /proc/$reader/status
is "$(micro-try write $driver/unbind consumer.1)" ok "unbind"
wait_for is_on 0
is "$(said "$from")" "read ends, domain yes;remove;domain off;" \
	"the domain is on until the read has returned and remove() was called"
wait $reader
is "$(cat $on)" 0 "it is off while the device is unbound"
is "$(micro-try write $driver/bind consumer.1)" ok "bind"
is "$(cat $on)" 1 "it is on again"

note "bus and driver"
from=$(here)
is "$(micro-try write $bus/unbind microkernel-supplied)" ok "the bus is unbound"
wait_for is_on 0
is "$(said "$from")" "remove;domain off;" "the domain is off after remove()"
from=$(here)
is "$(micro-try write $bus/bind microkernel-supplied)" ok "the bus is bound again"
wait_for test -c /dev/micro/consumer.1
like "$(said "$from")" "domain on;probe: clock at 24000000, domain yes" "the new device has clock and domain"
run_ok rmmod micro_consumer
wait_for is_on 0
is "$(cat $on)" 0 "without the driver it is off"
run_ok rmmod microkernel
run_ok rmmod micro_supply
done_testing
