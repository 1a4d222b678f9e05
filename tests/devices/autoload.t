#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The module of a driver is loaded when its first device is made.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro

modprobe microkernel

note "mkdir of a driver's name"
is "$(micro-try mkdir $micro/sample_driver.1)" ok "mkdir"
loaded sample_driver
ok $? "has loaded the driver"
is "$(cat $micro/sample_driver.1/status)" bound "the device is bound when mkdir returns"
is "$(cat /dev/micro/sample_driver.1 /dev/sample_driver)" "Sample driver dataSample driver data" \
	"the node works, and the driver's own device too"
unload sample_driver "the driver can go: no file is open"
is "$(cat $micro/sample_driver.1/status)" unbound "a device whose module is unloaded is unbound"
is "$(micro-try write $micro/sample_driver.1/live 1) $(cat $micro/sample_driver.1/status)" "ok bound" \
	"live=1 loads it again"
rmdir $micro/sample_driver.1
unload sample_driver

note "mkdir of the very name of the driver's own device"
is "$(micro-try mkdir $micro/sample_driver)" ok "mkdir"
is "$(cat $micro/sample_driver/devnode)" micro/sample_driver "the node is the user's"
[ ! -e /dev/sample_driver ]
ok $? "a driver's own device is not made when its name is taken"
is "$(cat /dev/micro/sample_driver)" "Sample driver data" \
	"the device that has the name of the driver's own works"
unload sample_driver "the driver goes"
is "$(cat $micro/sample_driver/status)" unbound \
	"a device with the driver's own name is unbound when the module is unloaded"
rmdir $micro/sample_driver

note "a compatible string"
mkdir $micro/greeter
is "$(cat $micro/greeter/status)" unbound "a device whose name no module has is unbound"
! loaded sample_driver
ok $? "no module is loaded for a name that none has"
is "$(micro-try write $micro/greeter/compatible microkernel,sample-driver)" ok "compatible"
loaded sample_driver
ok $? "has loaded the driver"
is "$(cat $micro/greeter/status $micro/greeter/driver | xargs)" "bound sample_driver" \
	"the module that a compatible string found has bound the device"
rmdir $micro/greeter
unload sample_driver
mkdir $micro/greeter
is "$(printf 'test,none\nmicrokernel,sample-driver\n' | micro-try write $micro/greeter/compatible -)" ok \
	"a string without a module, then one with"
is "$(cat $micro/greeter/driver)" sample_driver "the second is loaded"
rmdir $micro/greeter
unload sample_driver

note "what udev does"
mkdir $micro/greeter
micro-try write $micro/greeter/live 0 >/dev/null
micro-try write $micro/greeter/compatible microkernel,sample-driver >/dev/null
! loaded sample_driver
ok $? "a device that is off loads nothing"
run_ok modprobe "$(cat /sys/bus/micro_bus/devices/greeter/modalias)"
loaded sample_driver
ok $? "modprobe finds the module by the device's modalias"
unload sample_driver
mkdir $micro/nobody.5
is "$(cat /sys/bus/micro_bus/devices/nobody.5/modalias)" micro:nobody "the modalias of a device by name"
run_ok modprobe micro:sample_driver
unload sample_driver

note "a module that loads, but whose driver does not fit"
# the longest name asks for an alias that the kernel cuts off, or refuses
long=$(printf '%063d' 0)
is "$(micro-try mkdir "$micro/$long") $(cat "$micro/$long/status")" "ok unbound" "a long name has no module"
printf 'test,%0100d\nmicrokernel,sample-driver\n' 0 | micro-try write "$micro/$long/compatible" - >/dev/null
is "$(cat "$micro/$long/driver")" sample_driver "a long string does not keep the next from loading"
rmdir "$micro/$long" $micro/nobody.5 $micro/greeter

note "modprobe of the user's is not there"
unload sample_driver
echo /bin/false >/proc/sys/kernel/modprobe
is "$(micro-try mkdir $micro/sample_driver.1) $(cat $micro/sample_driver.1/status)" "ok unbound" \
	"mkdir succeeds without"
run_ok insmod sample_driver.ko
is "$(cat $micro/sample_driver.1/status)" bound "a driver that is loaded by hand binds the device that waits"
rmdir $micro/sample_driver.1
run_ok rmmod sample_driver microkernel

done_testing
