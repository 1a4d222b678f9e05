#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the files of a configfs directory say and do.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
test=/sys/kernel/debug/micro_test
bus=/sys/bus/micro_bus
dev=$micro/greeter

# those of drivers that are built in
devices=$(ls /sys/class/micro 2>/dev/null)

# attr NAME: of $dev
attr() {
	cat "$dev/$1"
}

set_attr() {
	micro-try write "$dev/$1" "$2"
}

# register KEY [OPTION]...: a driver of micro_test
register() {
	micro-try write $test/register "$*"
}

# unregister DRIVER: a check that it goes. Once this returns, the name is free.
unregister() {
	is "$(micro-try write $test/unregister "$1")" ok "the driver $1 goes" && gone "$1"
}

# node_number NODE: "major:minor"
node_number() {
	stat -c '0x%t 0x%T' "$1" | {
		read -r major minor
		printf '%d:%d' "$major" "$minor"
	}
}

modprobe micro_test
micro-hold start
mkdir $dev

note "without a driver"
is "$(cd $dev && echo *)" "children compatible dev devnode driver live properties status" "the files of a directory"
is "$(attr status)" unbound "status: unbound"
is "$(attr live)" 1 "live: 1"
is "$(attr driver)$(attr devnode)$(attr dev)$(attr compatible)" "" "the others are empty"
is "$(attr driver | wc -l)$(attr devnode | wc -l)$(attr dev | wc -l)" 111 \
	"driver, devnode and dev of an unbound device are an empty line each"
[ ! -e /dev/micro/greeter ]
ok $? "an unbound device has no node"

note "with one"
is "$(register hello compatible=test,hello)" ok "a driver arrives"
is "$(set_attr compatible test,hello)" ok "the device gets its compatible string"
is "$(attr status)" bound "status: bound"
is "$(attr driver)" hello "driver: its name"
is "$(attr devnode)" micro/greeter "devnode: below /dev"
is "$(attr dev)" "$(node_number /dev/micro/greeter)" "dev: the node's number"
is "$(cat /sys/class/micro/greeter/dev)" "$(attr dev)" "sysfs has the same number"
is "$(cat /dev/micro/greeter)" "hello greeter" "the driver serves the node"
is "$(stat -c %a $dev/compatible $dev/live $dev/status | xargs)" "644 644 444" "who may write"
is "$(su nobody -s /bin/sh -c "cat $dev/status")" bound "everybody may look"

note "compatible"
is "$(attr compatible)" test,hello "compatible reads as it was written"
micro-hold open a r /dev/micro/greeter >/dev/null
is "$(set_attr compatible test,hello)" ok "the same value again"
is "$(printf 'test,hello\n' | micro-try write $dev/compatible -)" ok "compatible may end with a newline"
is "$(micro-hold read a)" "hello greeter" "leaves the binding and its files alone"
is "$(set_attr compatible "test,other
test,hello")" ok "another value"
is "$(micro-hold read a)" ENODEV "makes a new binding: files of the old one are dead"
is "$(attr status) $(cat $test/hello/probes $test/hello/removes | xargs)" "bound 2 1" \
	"new compatible strings bind the device anew"
is "$(attr compatible | xargs)" "test,other test,hello" "several strings are lines"
is "$(set_attr compatible test,nobody)" ok "a value that no driver has"
is "$(attr status):$(attr driver):$(attr devnode):$(attr dev)" unbound::: "unbinds"
[ ! -e /dev/micro/greeter ]
ok $? "the node of a device whose strings match nothing goes"
set_attr compatible test,hello >/dev/null

note "live"
micro-hold open b r /dev/micro/greeter >/dev/null
is "$(set_attr live 0)" ok "live=0"
is "$(attr live) $(attr status)" "0 off" "status: off"
is "$(attr driver):$(attr devnode):$(attr dev)" :: "nothing bound"
is "$(micro-hold read b)" ENODEV "open files are dead"
is "$(micro-try write $bus/drivers/hello/bind greeter)" ENODEV "sysfs cannot bind it"
is "$(set_attr compatible "test,hello
test,more") $(attr status)" "ok off" "a new compatible does not, either"
unregister hello
register hello compatible=test,hello >/dev/null
is "$(attr status)" off "a driver that arrives does not bind a device that is off"
is "$(set_attr live 1) $(attr status)" "ok bound" "live=1 does"
is "$(set_attr live 1) $(attr status) $(cat $test/hello/probes)" "ok bound 4" "once more changes nothing"
for value in 0 n N off no OFF; do
	set_attr live 1 >/dev/null
	is "$(set_attr live $value) $(attr live) $(attr status)" "ok 0 off" "live=$value is 0"
done
for value in 1 y Y on yes ON; do
	set_attr live 0 >/dev/null
	is "$(set_attr live $value) $(attr live) $(attr status)" "ok 1 bound" "live=$value is 1"
done

note "probe fails"
set_attr live 0 >/dev/null
echo 12 >$test/hello/probe
is "$(set_attr live 1)" ENOMEM "live=1 has probe's error"
is "$(attr status) $(attr live)" "failed ENOMEM 1" "status has it, too"
is "$(attr driver):$(attr devnode):$(attr dev)" :: "nothing is bound"
is "$(set_attr live 1)" ENOMEM "trying again, it is still there"
set_attr compatible test,nobody >/dev/null
is "$(attr status)" unbound "status of a failed device is unbound when its driver is unloaded"
echo 5 >$test/hello/probe
is "$(set_attr compatible test,hello) $(attr status)" "EIO failed EIO" "compatible has probe's error"
is "$(attr compatible)" test,hello "the string was taken"
is "$(set_attr compatible test,hello)" EIO "the same string tries again"
echo 0 >$test/hello/probe
is "$(set_attr compatible test,hello) $(attr status)" "ok bound" \
	"new compatible strings bind a device whose probe works"
set_attr live 0 >/dev/null
echo 22 >$test/hello/init
is "$(set_attr live 1) $(attr status)" "EINVAL failed EINVAL" "init's error counts as probe's"
echo 0 >$test/hello/init
is "$(set_attr live 1) $(attr status)" "ok bound" "init is called again after it failed"
is "$(register failing probe=19)" ok "a driver that knows no such device (ENODEV)"
is "$(micro-try mkdir $micro/failing) $(cat $micro/failing/status)" "ok failed ENODEV" \
	"mkdir succeeds, and status tells"

note "probe asks for later"
echo 517 >$test/failing/probe
is "$(micro-try write $micro/failing/live 1)" EAGAIN "live=1 says: try again"
is "$(cat $micro/failing/status)" "failed EPROBE_DEFER" "status says why"
echo 0 >$test/failing/probe
mkdir $micro/hello
micro-try write $micro/hello/compatible test,hello >/dev/null
wait_for test -e /dev/micro/failing
is "$(cat $micro/failing/status)" bound "a deferred device binds by itself when another one has"

note "rmdir"
is "$(micro-try rmdir $micro/failing) $(micro-try rmdir $micro/hello) $(micro-try rmdir $dev)" "ok ok ok" \
	"bound devices can be removed"
is "$(ls $micro; ls /sys/class/micro)" "$devices" "rmdir leaves nothing in configfs and the class"
[ ! -e /dev/micro ]
ok $? "rmdir leaves nothing in /dev"
micro-hold end
is "$(cat $test/hello/late)" 0 "the driver was never called after remove"
is "$(cat $test/hello/inits)" "$(cat $test/hello/exits)" "each init has its exit"
run_ok rmmod micro_test microkernel

done_testing
