#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# debugfs: micro/devices says who has a device open, above all while an unplug
# waits for somebody.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
devices=/sys/kernel/debug/micro/devices
evil=/sys/kernel/debug/micro_evil

# device NAME: its line
device() {
	grep "^device=$1 " $devices
}

# files NAME: the lines of its files, without where they are
files() {
	sed -n "/^device=$1 /,/^device=/{ /^  /p }" $devices | sed 's/^  file=[0-9a-f]* //'
}

# server: the process id of micro-hold
server() {
	ps -o pid,comm | awk '$2 == "micro-hold" { print $1; exit }'
}

modprobe microkernel
others='' generation=1
if built_in microkernel; then
	skip "drivers that are built in have devices"
	others=$(sed -n 's/^device=\([^ ]*\) .*/\1 /p' $devices | tr -d '\n')
	generation=$(device sample_driver | sed -n 's/.* generation=\([0-9]*\) .*/\1/p')
else
	is "$(cat $devices)" "" "debugfs shows nothing without a device"
fi
is "$(stat -c %a $devices)" 400 "the file in debugfs is root's"

note "devices"
mkdir $micro/waiting.1
is "$(device waiting.1)" \
	"device=waiting.1 front=configfs match=micro:waiting driver=- state=unbound generation=0 files=0 active=0" \
	"debugfs shows a device that waits for a driver"
printf 'acme,one\nacme,two\n' >$micro/waiting.1/compatible
is "$(device waiting.1 | grep -o 'match=[^ ]*')" "match=of:NwaitingT(null)Cacme,oneCacme,two" \
	"debugfs shows what is matched as in the modalias"
echo 0 >$micro/waiting.1/live
is "$(device waiting.1 | grep -o 'state=[^ ]*')" state=off "live is 0"
modprobe sample_driver
is "$(device sample_driver)" \
	"device=sample_driver front=kernel match=micro:sample_driver driver=sample_driver state=bound generation=$generation files=0 active=0" \
	"debugfs shows a bound device of the kernel"
echo sample_driver >/sys/bus/micro_bus/drivers/sample_driver/unbind
is "$(device sample_driver | grep -o 'driver=.*')" "driver=- state=unbound generation=$generation files=0 active=0" \
	"unbound"
echo sample_driver >/sys/bus/micro_bus/drivers/sample_driver/bind
is "$(device sample_driver | grep -o 'driver=.*')" \
	"driver=sample_driver state=bound generation=$((generation + 1)) files=0 active=0" \
	"bound again: the next generation"
modprobe micro_evil
mkdir $micro/micro_evil.parent
is "$(device micro_evil.parent | grep -o 'driver=.*')" "driver=- state=failed generation=0 files=0 active=0" \
	"debugfs shows a device whose probe failed"
rmdir $micro/micro_evil.parent
wanted="waiting.1 sample_driver"
[ -z "$others" ] || wanted="${others}waiting.1"
is "$(sed -n 's/^device=\([^ ]*\) .*/\1/p' $devices | xargs)" "$wanted" \
	"debugfs shows devices in the order in which they came"

note "open files"
micro-hold start
pid=$(server)
micro-hold open a r /dev/sample_driver >/dev/null
is "$(files sample_driver)" "pid=$pid comm=micro-hold active=0 revoked=0" "an open file, and who opened it"
micro-hold open b r /dev/sample_driver >/dev/null
is "$(device sample_driver | grep -o 'files=.*'):$(files sample_driver | wc -l)" "files=2 active=0:2" "two"
is "$(grep -o 'file=[0-9a-f]*' $devices | sort -u | wc -l)" 2 "told apart"
micro-hold close a >/dev/null
micro-hold close b >/dev/null
is "$(device sample_driver | grep -o 'files=.*')" "files=0 active=0" \
	"files that are closed are counted no more"
sh -c 'exec 3</dev/sample_driver; sleep 1000 & echo $! >/tmp/heir'
like "$(files sample_driver)" '^pid=[0-9]+ comm=- active=0 revoked=0$' \
	"whoever opened it has gone, and left it to a child"
if [ -w /proc/sys/kernel/ns_last_pid ]; then
	opener=$(files sample_driver | sed 's/^pid=\([0-9]*\) .*/\1/')
	# somebody else gets the number
	cat >/tmp/other <<'EOF'
echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
sleep 1000 >/dev/null 2>&1 &
echo $!
EOF
	for try in 1 2 3 4 5 6 7 8 9 10; do
		other=$(sh /tmp/other "$opener" 2>/dev/null </dev/null)
		[ "$other" != "$opener" ] || break
		kill "$other"
	done
	is "$other" "$opener" "another process has its number now (try $try)"
	is "$(files sample_driver)" "pid=$opener comm=- active=0 revoked=0" "a process that reuses the pid is not named as the opener"
	kill "$other"
else
	skip "this kernel does not let choose a pid" 2
fi
kill "$(cat /tmp/heir)"
wait_for sh -c "grep -q 'device=sample_driver .*files=0' $devices"
ok $? "a file is shown no more when the last process that has it is gone"
# it is called busybox so that it takes the applet's name from its first argument
name=$(printf 'busybox\n \\x')
cp /bin/busybox "/tmp/$name"
"/tmp/$name" sleep 1000 3</dev/sample_driver &
other=$!
wait_for grep -q comm=busybox $devices
is "$(files sample_driver | grep -o 'comm=[^ ]*')" 'comm=busybox\012\040\134x' \
	"a name with a newline in it does not look like two lines"
kill $other
wait $other 2>/dev/null

# asleep WAY: a reader that does not leave, and an unplug that waits for it
asleep() {
	mkdir $micro/micro_evil.d
	micro-hold open deaf rw /dev/micro/micro_evil.d >/dev/null
	is "$(files micro_evil.d)" "pid=$pid comm=micro-hold active=0 revoked=0" "$1: before"
	micro-hold ioctl deaf deaf >/dev/null &
	call=$!
	wait_for sh -c "grep -q '^device=micro_evil.d .*active=1' $devices"
	is "$(files micro_evil.d)" "pid=$pid comm=micro-hold active=1 revoked=0" "$1: an operation is inside"
	eval "$2 &"
	unplug=$!
	wait_for grep -q "active=1 revoked=1" $devices
	is "$(device micro_evil.d | grep -o 'driver=.*')" \
		"driver=micro_evil state=unbinding generation=1 files=1 active=1" "$1: waiting"
	is "$(files micro_evil.d)" "pid=$pid comm=micro-hold active=1 revoked=1" "$1: for this one"
	kill -0 $unplug
	ok $? "$1: it still waits"
	echo go >$evil/command
	wait $unplug $call
	! grep -q "active=1" $devices
	ok $? "$1: done"
	micro-hold close deaf >/dev/null
	[ ! -d $micro/micro_evil.d ] || rmdir $micro/micro_evil.d
}

note "while an unplug waits"
asleep rmdir "rmdir $micro/micro_evil.d"
asleep unbind "echo micro_evil.d >/sys/bus/micro_bus/drivers/micro_evil/unbind"
asleep live "echo 0 >$micro/micro_evil.d/live"

note "files whose device was removed"
dead=/sys/kernel/debug/micro/dead
dead() {
	sed 's/file=[0-9a-f]* //' $dead
}
is "$(stat -c %a $dead):$(cat $dead)" "400:" "none"
mkdir $micro/sample_driver.x $micro/sample_driver.y
for i in 1 2 3; do
	micro-hold open x$i r /dev/micro/sample_driver.x >/dev/null
done
micro-hold open y r /dev/micro/sample_driver.y >/dev/null
is "$(cat $dead)" "" "open files of devices that are there are not in it"
rmdir $micro/sample_driver.x
is "$(dead | sort | uniq -c | xargs)" "3 device=sample_driver.x pid=$pid comm=micro-hold" \
	"a device goes: who still has it open"
micro-hold close x2 >/dev/null
echo 0 >$micro/sample_driver.y/live
is "$(dead | sort | uniq -c | xargs)" \
	"2 device=sample_driver.x pid=$pid comm=micro-hold 1 device=sample_driver.y pid=$pid comm=micro-hold" \
	"those that were closed are not in it"
echo 1 >$micro/sample_driver.y/live
micro-hold open z r /dev/micro/sample_driver.y >/dev/null
is "$(dead | wc -l)" 3 "dead files of an earlier binding stay in the list"
for i in x1 x3 y z; do
	micro-hold close $i >/dev/null
done
is "$(cat $dead)" "" "none is left"
rmdir $micro/sample_driver.y

note "many devices"
i=0
while [ $i -lt 300 ]; do
	i=$((i + 1))
	mkdir $micro/many.$i || break
done
is "$(grep -c '^device=many\.' $devices):$(sort -u $devices | grep -c '^device=many\.')" 300:300 \
	"each of many devices is shown once"
is "$(dd if=$devices bs=7 2>/dev/null | sort | sha256sum)" "$(sort $devices | sha256sum)" \
	"each of many devices is shown once to who reads small pieces"

note "devices that come and go"
(
	while [ ! -e /tmp/enough ]; do
		# a line is whole, or not there
		grep -vE '^device=[^ ]+ front=(configfs|kernel) match=[^ ]+ driver=[^ ]+ state=[a-z]+ generation=[0-9]+ files=[0-9]+ active=[0-9]+$|^  file=[0-9a-f]+ pid=[0-9]+ comm=[^ ]+ active=[0-9]+ revoked=[01]$' $devices
		echo once >>/tmp/reads
	done >/tmp/odd
) &
reader=$!
i=0
until [ $i -ge 60 ]; do
	i=$((i + 1))
	mkdir $micro/sample_driver.$i || break
	cat /dev/micro/sample_driver.$i >/dev/null || break
	echo 0 >$micro/sample_driver.$i/live || break
	echo 1 >$micro/sample_driver.$i/live || break
	rmdir $micro/sample_driver.$i $micro/many.$i || break
done
touch /tmp/enough
wait $reader
is "$i:$(cat /tmp/odd)" "60:" "sixty times, and no odd line"
isnt "$(wc -l </tmp/reads)" 0 "the file was read while devices came and went"

note "the module"
micro-hold end
run_ok sh -c "rmdir $micro/*"
exec 4<$devices
skip_built_in microkernel ||
	is "$(micro-try rmmod microkernel)" EAGAIN "stays while drivers are loaded"
exec 4<&-
run_ok rmmod micro_evil sample_driver microkernel
skip_built_in microkernel || {
	[ ! -e /sys/kernel/debug/micro ]
	ok $? "the core takes its folder in debugfs with it"
}
done_testing
