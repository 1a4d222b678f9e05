#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2086 # several clients are words
# libmicro: what micro_serve() returns, and what clients of a driver made with it see
. /tests/lib/tap.sh
. /tests/lib/user.sh
. /tests/lib/fifo.sh

bus=/sys/bus/micro_bus/devices

# state DRIVER: of its server
state() {
	cat "$bus/micro_user.$1/state"
}

is_state() {
	[ "$(state "$1")" = "$2" ]
}

# start DRIVER COMMAND...: as the server, in the background; sets server
start() {
	started=$1
	shift
	"$@" 2>/tmp/server.log &
	server=$!
	wait_for is_state "$started" serving
}

# catches_term PID: it has a handler for SIGTERM
catches_term() {
	mask=$(sed -n 's/^SigCgt:[^0-9a-f]*//p' "/proc/$1/status")
	[ $((0x$mask & 0x4000)) -ne 0 ]
}

# ends PID STATUS NAME: with that status
ends() {
	wait_for ended "$1" || kill -9 "$1"
	wait "$1"
	is $? "$2" "$3"
}

# errno numbers: micro-serve ends with them
EACCES=13 EBUSY=16 ENODEV=19 EINVAL=22 ENOENT=2 ESHUTDOWN=108

run_ok modprobe micro_user

note "what micro_serve() returns"
micro-serve t 2>/tmp/out
is "$? $(cat /tmp/out)" "$ENOENT " "there is no such user driver, and the library prints nothing"
MICRO_DEBUG=1 micro-serve t 2>/tmp/out
like "$(cat /tmp/out)" "no such user driver" "MICRO_DEBUG makes micro_serve() print the reason"
make_driver t memory-size/u32=4096
mkdir $micro/t.x
micro-serve ''
is $? $EINVAL "an empty name"
micro-serve -t 65 t
is $? $EINVAL "too many threads"
micro-serve /dev/null
is $? 25 "a node that is none of a user driver"
su nobody -s /bin/sh -c 'micro-serve t'
is $? $EACCES "a node that is not yours"

note "SIGTERM while it starts"
timeout 300 micro-serve -k t
is "$? $(state t)" "0 waiting" "it ends with 0"

for threads in 0 1 4; do
	note "threads: $threads"
	start t micro-serve -t $threads t
	sessions=$(cat $bus/micro_user.t/sessions)
	micro-serve t
	is $? $EBUSY "a second server"
	is "$(cat $bus/micro_user.t/server)" "$server" "the first one goes on"
	is "$(timeout 300 micro-serve -c /dev/micro/t.x)" "" "the answers are right"
	child=$(micro-serve -i /dev/micro/t.x 11 0)
	kill "$child"
	wait_for ended "$child"
	ok $? "SIGTERM ends a child that an operation has forked"
	is "$(micro-serve -i /dev/micro/t.x 4 7)" 7 "the server of the child goes on"
	is "$(cat $bus/micro_user.t/sessions $bus/micro_user.t/server | xargs)" "$sessions $server" "so does its session"
	# not SIGINT, which a shell has ignored in what it starts in the background
	kill $server
	ends $server 0 "SIGTERM ends it with 0"
	is "$(state t)" waiting "the session ends with the server"
done

note "as many threads, as much at the same time"
start t micro-serve -t 4 t
run_ok timeout 300 micro-serve -m /dev/micro/t.x 4

note "a client that is a 32-bit program"
micro-hold start
micro-hold open c rw /dev/micro/t.x >/dev/null
is_32 'micro-hold ioctl32 c length' 32 "micro_request_compat() is true, and it gets the bytes of the answer"
is_32 'micro-hold ioctl c length' 64 "micro_request_compat() is false for one of 64 bits"
is_32 'micro-hold ioctl32 c 0x5463' ENOTTY "a command that the driver does not know"
micro-hold end

kill $server
wait $server

# ignoring_urg COMMAND...
ignoring_urg() {
	trap '' URG
	exec "$@"
}

note "SIGURG wakes the threads, whatever the program does with it"
start t ignoring_urg micro-serve -t 4 t
kill $server
ends $server 0 "SIGTERM ends a server that was started with SIGURG ignored"
for threads in 1 4; do
	start t micro-serve -w -t $threads t
	kill $server
	ends $server 0 "SIGTERM ends a server with $threads threads whose signals are blocked"
done

# data PID: kilobytes that it has for data
data() {
	sed -n 's/^VmData:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$1/status"
}

note "files that the driver refuses to restore"
start t micro-serve t
micro-serve -f /dev/micro/t.x 4000 >/tmp/files &
files=$!
wait_for grep -q open /tmp/files
kill $server
wait $server
start t micro-serve -u t
with=$(data $server)
kill $files
wait $files
kill $server
wait $server
start t micro-serve -u t
without=$(data $server)
[ $((with - without)) -lt 200 ]
ok $? "the library keeps nothing of 4000 of them: $with kB, without files $without kB"
kill $server
wait $server
rmdir $micro/t.x
remove_driver t

note "a client that gives bad addresses"
make_driver t
mkdir $micro/t.x
start t micro-serve -v -r 1 t
micro-hold start
micro-hold open c rw /dev/micro/t.x >/dev/null
is "$(micro-hold fault c read)" EFAULT "its read fails"
wait_for grep -q ^undelivered /tmp/server.log
is "$(sed -n 's/^undelivered //p' /tmp/server.log)" "r $(sed -n 's/^read //p' /tmp/server.log) 0" "undelivered() is called with the request"
is "$(micro-hold fault c ioctl)" EFAULT "its ioctl fails"
wait_for grep -q '^undelivered i' /tmp/server.log
like "$(grep '^undelivered i' /tmp/server.log)" "^undelivered i [0-9]+ 0 0$" "undelivered() is called for the ioctl"
micro-hold end

note "a client that is killed before it has its answer"
kill $server
wait $server
start t micro-serve -v -r 1 t
cat /dev/micro/t.x >/dev/null &
client=$!
wait_for grep -q ^read /tmp/server.log
kill -9 $client
wait $client 2>/dev/null
wait_for grep -q ^release /tmp/server.log
is "$(sed -n 's/^undelivered //p' /tmp/server.log)" "r $(sed -n 's/^read //p' /tmp/server.log) 0" "undelivered() is called with the request"
like "$(grep -E '^(undelivered|release)' /tmp/server.log | xargs)" "^undelivered .* release t.x$" "and before release()"
kill $server
wait $server
rmdir $micro/t.x
remove_driver t

# are_removed: the server of t knows that both devices have gone
are_removed() {
	[ "$(grep -c ^remove /tmp/server.log)" -eq 2 ]
}

note "devices are removed while they are opened"
for threads in 1 2; do
	make_driver t
	mkdir $micro/t.1 $micro/t.2
	start t micro-serve -v -t $threads -o 2 t
	micro-try open rw /dev/micro/t.1 >/tmp/open.1 &
	one=$!
	micro-try open rw /dev/micro/t.2 >/tmp/open.2 &
	two=$!
	wait_for grep -q ^open /tmp/server.log
	[ $threads -eq 1 ] || wait_for grep -q '^open t.1' /tmp/server.log
	[ $threads -eq 1 ] || wait_for grep -q '^open t.2' /tmp/server.log
	rmdir $micro/t.1 $micro/t.2
	wait $one
	wait $two
	is "$(cat /tmp/open.*)" "ENODEV
ENODEV" "$threads threads: the clients have left"
	wait_for are_removed
	ok $? "$threads threads: remove() is called for both devices"
	opened=$(grep -c ^open /tmp/server.log)
	is "$(grep -c ^release /tmp/server.log)" "$opened" "$threads threads: release() is called for what open() has opened"
	is "$(state t)" serving "$threads threads: the server goes on"
	kill $server
	ends $server 0 "$threads threads: SIGTERM ends it"
	remove_driver t
done

note "a server that hangs"
for threads in 1 4; do
	make_driver t answer-ms/u32=500
	mkdir $micro/t.x $micro/t.refuse
	start t micro-serve -t $threads t
	is "$(micro-serve -i /dev/micro/t.x 12 3)" "Input/output error" "$threads threads: the client has left"
	is "$(state t)" waiting "$threads threads: the session is over"
	ends $server $ESHUTDOWN "$threads threads: a server that was in ioctl() is told"
	start t micro-serve -t $threads -o 3 t
	micro-try open rw /dev/micro/t.refuse >/tmp/open &
	client=$!
	ends $server $ESHUTDOWN "$threads threads: so is one that was in open()"
	wait $client
	is "$(cat /tmp/open)" EIO "$threads threads: its client has left, too"
	rmdir $micro/t.x $micro/t.refuse
	remove_driver t
done

# slow_ones COUNT: clients whose requests take a second each; /tmp/slow.* say when they
# were answered
slow_ones() {
	clients=''
	rm -f /tmp/slow.*
	for i in $(seq "$1"); do
		(micro-serve -s /dev/micro/t.x && ms) >"/tmp/slow.$i" &
		clients="$clients $!"
	done
}

# all_wait COUNT: so many requests are in the driver
all_wait() {
	grep -q "^device=t.x .* active=$1\$" /sys/kernel/debug/micro/devices
}

note "slow operations of many clients, and one thread"
make_driver t answer-ms/u32=3000
mkdir $micro/t.x
start t micro-serve t
slow_ones 6
wait $clients
is "$(grep -hvx '[0-9]*' /tmp/slow.*)" "" "each operation has its own time of answer-ms"
is "$(cat $bus/micro_user.t/lost)" 0 "the server is not taken for hung"
kill $server
wait $server
rmdir $micro/t.x
remove_driver t
# the clients that wait for the server have their files
make_driver t open/string=post release/string=post
mkdir $micro/t.x
start t micro-serve t
# it gets them together
kill -STOP $server
slow_ones 4
wait_for all_wait 4
kill -CONT $server
wait $clients
is "$(grep -hvx '[0-9]*' /tmp/slow.*)" "" "four operations that are slow are answered"
first=$(cat /tmp/slow.* | sort -n | head -n 1)
last=$(cat /tmp/slow.* | sort -n | tail -n 1)
[ $((last - first)) -ge 2000 ]
ok $? "the first of them does not wait for the last: $first, $last ms"
kill $server
wait $server
rmdir $micro/t.x
remove_driver t

note "the server is not told of the end of files, or of files at all"
for operations in 'open\nread' 'open\nread\nioctl' ioctl; do
	make_driver t "operations/string=$operations"
	mkdir $micro/t.x
	start t micro-serve -t 4 t
	exec 3<>/dev/micro/t.x
	opened=0
	while [ $opened -lt 100 ]; do
		: <>/dev/micro/t.x || break
		opened=$((opened + 1))
	done
	is $opened 100 "$operations: 100 files come and go"
	case $operations in
	*ioctl*)
		micro-serve -s /dev/micro/t.x >/tmp/slow &
		slow=$!
		wait_for grep -q "pid=$slow comm=micro-serve active=1" /sys/kernel/debug/micro/devices
		;;
	esac
	run_ok rmdir $micro/t.x
	exec 3>&-
	if [ "$operations" = ioctl ]; then
		wait "$slow"
		# until the server has ended the operation, too
		sleep 2
		is "$(cat /tmp/slow)" "No such device" "$operations: the client of the slow request has left"
		is "$(state t)" serving "$operations: the server goes on"
	fi
	kill $server
	ends $server 0 "$operations: SIGTERM ends a server that has lost a device"
	remove_driver t
done
make_driver t memory-size/u32=4096
mkdir $micro/t.x
start t micro-serve -t 4 t

note "another one waits to take over, and is told to stop"
micro-serve -s /dev/micro/t.x >/dev/null &
slow=$!
wait_for grep -q "pid=$slow comm=micro-serve active=1" /sys/kernel/debug/micro/devices
micro-serve -x t &
taker=$!
wait_for grep -q "pid=$taker comm=micro-serve active=1" /sys/kernel/debug/micro/devices
# that may be open(2), before it has a handler
wait_for catches_term $taker
kill $taker
ends $taker 0 "SIGTERM ends it with 0"
wait $slow
kill $server 2>/dev/null
wait $server
start t micro-serve -t 4 t

note "another one takes over"
exec 3<>/dev/micro/t.x
first=$server
start t micro-serve -x t
ends $first $ESHUTDOWN "the first is told"
wait_for is_state t serving
printf w >&3
ok $? "a file that was open before goes on"
exec 3>&-

note "the user driver is removed"
rmdir $micro/t.x
remove_driver t
ends $server $ENODEV "its server is told"

note "open() refuses, and posted opens"
for open in call post; do
	make_driver t open/string=$open release/string=$open
	mkdir $micro/t.refuse $micro/t.x
	start t micro-serve t
	if [ $open = call ]; then
		is "$(micro-try open rw /dev/micro/t.refuse)" EBUSY "open: $open: the client has the error"
	else
		is "$(micro-try open rw /dev/micro/t.refuse)" ok "open: $open: the client is not kept"
		is "$(micro-try write /dev/micro/t.refuse w)" EBUSY "open: $open: but has the error later"
	fi
	is "$(timeout 300 micro-serve -c /dev/micro/t.x)" "" "open: $open: other devices are as always"
	kill -9 $server
	wait $server 2>/dev/null
	rmdir $micro/t.refuse $micro/t.x
	remove_driver t
	gone t
done

note "counter: kill -9 under a cat"
make_driver counter memory-size/u32=64 operations/string=read again/string=read
mkdir $micro/counter.0
start counter user-counter
: >/tmp/numbers # the cat may come late
cat /dev/micro/counter.0 >/tmp/numbers &
cat=$!
deaths=0
while [ $deaths -lt 10 ]; do
	lines=$(wc -l </tmp/numbers)
	# shellcheck disable=SC2317 # wait_for calls it
	more() {
		[ "$(wc -l </tmp/numbers)" -gt "$lines" ]
	}
	wait_for more
	kill -9 $server
	wait $server 2>/dev/null
	deaths=$((deaths + 1))
	start counter user-counter
	[ -e /proc/$cat ] || break
done
is "$deaths" 10 "ten servers were killed"
[ -e /proc/$cat ]
ok $? "the cat goes on"
kill $cat
wait $cat 2>/dev/null
kill $server
ends $server 0 "the last one ends as it was told"
# the number that a server has taken, and did not tell any more, is missing
sort -c -n -u /tmp/numbers
ok $? "the numbers go up"
is "$(cat $bus/micro_user.counter/lost)" 10 "sysfs has the deaths"
if command -v microctl >/dev/null; then
	like "$(microctl list)" "micro_user.counter .* waiting$" "microctl list shows the server's state"
	like "$(microctl show micro_user.counter)" "server .*waiting, 11 sessions, 10 lost" "microctl show has more"
	like "$(microctl show --json micro_user.counter)" '"state":"waiting"' "microctl show --json has the state of the server"
	start counter user-counter
	like "$(microctl list)" "micro_user.counter .* serving $server$" "microctl list names the process of the server"
	kill $server
	wait $server
else
	skip "there is no microctl for this machine" 4
fi

# a group of the first version of freezer: a process in it cannot die
freezer=/tmp/freezer
mkdir $freezer
if mount -t cgroup -o freezer none $freezer 2>/dev/null; then
	mkdir $freezer/ice
	start counter user-counter
	killed=$server
	echo $killed >$freezer/ice/cgroup.procs
	echo FROZEN >$freezer/ice/freezer.state
	wait_for grep -qx FROZEN $freezer/ice/freezer.state
	kill -9 $killed
	user-counter 2>/tmp/server.log &
	server=$!
	isnt "$(timeout 300 head -n 1 /dev/micro/counter.0)" "" "the next server serves while the killed one has not died yet" ||
		diag "$(cat /tmp/server.log)"
	[ -e /proc/$killed/stat ]
	ok $? "the killed one is still there"
	echo THAWED >$freezer/ice/freezer.state
	wait $killed
	is $? 137 "then it dies"
	isnt "$(timeout 300 head -n 1 /dev/micro/counter.0)" "" "and the next one serves"
	kill $server
	wait $server
	rmdir $freezer/ice
	umount $freezer
else
	skip "this kernel has no freezer of control groups" 4
fi
rmdir $freezer
rmdir $micro/counter.0
remove_driver counter

note "fifo: dead at some instructions"
# more of them in hard/user-fifo
fifo_dies 149 3000

run_ok rmmod micro_user
done_testing
