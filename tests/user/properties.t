#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The properties of a user driver: what is refused, and what the log says then.

. /tests/lib/tap.sh
. /tests/lib/user.sh

run_ok modprobe micro_user

# refused NAME/TYPE=VALUE REGEX: the driver is not there, and the log says why
refused() {
	dmesg -c >/dev/null
	make_driver t "$1" >/dev/null 2>&1
	is "$(cat $micro/micro_user.t/status)" "failed EINVAL" "$1 is refused"
	like "$(dmesg)" "micro_user micro_user.t: $2" "the log says why"
	remove_driver t
}

refused depth/u32=0 "depth has to be a number from 1 to 256"
refused depth/u32=257 "depth has to be"
refused depth/string=many "depth has to be"
refused data-size/u32=0 "data-size has to be"
refused data-size/u32=1048577 "data-size has to be"
refused memory-size/u32=67108865 "memory-size has to be"
refused attempts/u32=0 "attempts has to be"
refused mode/u32=01777 "mode has to be"
refused grace-ms/u32=0x80000000 "grace-ms has to be"
refused answer-ms/string=long "answer-ms has to be"
refused operations/string=reed "operations has 'reed'"
refused again/string=poll "again has 'poll'"
refused open/string=later "open has to be one of: call post"
refused on-hang/string=cry "on-hang has to be one of: detach kill log"
refused unrestricted/u32=1 "unrestricted is not there yet"
refused driver-name/u32=1 "driver-name has to be a string"
refused compatible-list/u32=1 "compatible-list has to be"

# together too much
make_driver t depth/u32=256 data-size/u32=1048576 >/dev/null 2>&1
like "$(dmesg)" "depth times data-size is more than" "a lot of payload is refused"
remove_driver t

# names
run_ok mkdir $micro/micro_user
is "$(cat $micro/micro_user/status)" "failed EINVAL" "a driver needs a name"
run_ok rmdir $micro/micro_user
modprobe sample_driver
run_ok mkdir $micro/micro_user.sample_driver
is "$(cat $micro/micro_user.sample_driver/status)" "failed EBUSY" "one that is taken is none"
run_ok rmdir $micro/micro_user.sample_driver
run_ok mkdir $micro/micro_user.micro_user
is "$(cat $micro/micro_user.micro_user/status)" "failed EBUSY" "the name micro_user is refused"
run_ok rmdir $micro/micro_user.micro_user

# by compatible string, both
mkdir $micro/node
echo 0 >$micro/node/live
mkdir $micro/node/properties/driver-name $micro/node/properties/compatible-list
echo u >$micro/node/properties/driver-name/string
echo microkernel,user-driver >$micro/node/compatible
echo microkernel,user-driver >$micro/node/properties/compatible-list/string
run_fails "Invalid argument" sh -c "echo 1 >$micro/node/live"
like "$(dmesg)" "driver 'u' would match its own server node" "a driver of itself is refused"
echo 0 >$micro/node/live
printf 'acme,one\nacme,two\n' >$micro/node/properties/compatible-list/string
run_ok sh -c "echo 1 >$micro/node/live"
mkdir $micro/thing
run_ok sh -c "echo acme,two >$micro/thing/compatible"
is "$(cat $micro/thing/driver)" u "a device is found by the driver's compatible string"
is "$(cat /sys/bus/micro_bus/devices/node/state)" waiting "it waits for a server"
rmdir $micro/thing $micro/node/properties/* $micro/node

# operations that are not there are the VFS's
make_driver t operations/string='read\nopen'
mkdir $micro/t.x
is "$(cat /sys/bus/micro_bus/devices/micro_user.t/server)" "" "nobody serves"
rmdir $micro/t.x
remove_driver t
run_ok rmmod micro_user
done_testing
