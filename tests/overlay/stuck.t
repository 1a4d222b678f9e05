# SPDX-License-Identifier: GPL-2.0-only
# One bad driver, or one user of it, in a device that an overlay has made: rmdir and writes
# wait for it no longer than patience_ms, all others go on, and what was begun is done later.
# kernels: debug clang
# vm: --timeout 1800

. /tests/lib/tap.sh
. /tests/lib/unplug.sh
. /tests/lib/overlay.sh

# timed COMMAND...: runs it, sets took, in milliseconds, and its output to said. What has not
# ended after 20 seconds is left alone.
timed() {
	before=$(ms)
	"$@" >/tmp/said 2>&1 &
	timed=$!
	tries=200
	until ended $timed || [ $tries -eq 0 ]; do
		tries=$((tries - 1))
		sleep 0.1
	done
	took=$(($(ms) - before))
	said=$(cat /tmp/said)
}

# bounded RESULT NAME: what was timed said so, and took about as long as patience_ms
bounded() {
	is "$said" "$1" "$2" || diag "$took ms"
}

# others WHILE: while something is stuck, whoever has nothing to do with it goes on
others() {
	timed ls $overlays
	ended $timed
	ok $? "$1: ls has ended"
	timed micro-try mkdir $overlays/other
	bounded ok "$1: mkdir goes on"
	timed status other
	bounded unapplied "$1: status can be read"
	timed micro-try rmdir $overlays/other
	bounded ok "$1: rmdir of another one goes on"
	timed microctl list --names
	ended $timed
	ok $? "$1: microctl list goes on"
	timed micro-try mkdir $micro/sample_driver.other
	bounded ok "$1: mkdir of a device goes on"
	rmdir $micro/sample_driver.other
}

# deaf_inside: opens the device, and has an operation stay inside
deaf_inside() {
	micro-hold open deaf rw /dev/micro/micro_evil.deaf >/dev/null
	micro-hold ioctl deaf deaf >/tmp/deaf &
	deaf=$!
	wait_for is_inside micro_evil.deaf
}

go() {
	echo go >$evil/command
	wait $deaf
	micro-hold close deaf >/dev/null
}

unapplied() {
	[ "$(status "$1")" = unapplied ]
}

# put_back: the tree is what it was at first
put_back() {
	[ "$(tree)" = "$empty" ]
}

none() {
	[ ! -e "$1" ]
}

modprobe -a sample_driver micro_evil micro_fifo micro_overlay
ok $? "modules are loaded"
patience=/sys/module/micro_overlay/parameters/patience_ms
echo 1000 >$patience
empty=$(tree)
micro-hold start

note "rmdir while an operation stays inside"
mkdir $overlays/a
is "$(apply a evil)" ok "an overlay with two devices is applied"
deaf_inside
timed micro-try rmdir $overlays/a
bounded ok "rmdir succeeds"
if ! ended $timed; then
	diag "$(cat /proc/$timed/stack)"
	others "rmdir hangs"
	go
	wait_for ended $timed
	done_testing
fi
run_ok none $overlays/a
run_ok none /dev/micro/micro_evil.deaf
others "rmdir is at work"
skip_built_in micro_overlay ||
	is "$(micro-try rmmod micro_overlay)" EAGAIN "the module stays meanwhile"
run_ok mkdir $overlays/a
is "$(status a)" unapplied "the name of the folder is free"
rmdir $overlays/a
wait_for sh -c "dmesg | grep -q 'micro_evil.deaf: driver micro_evil keeps the device from going: 1 operations'"
ok $? "the log names the driver and the device"
wait_for sh -c "dmesg | grep -q 'micro_overlay: a: the overlay is still being removed'"
ok $? "the log names the overlay"
go
wait_for put_back
ok $? "once the operation has ended, the tree is as before"
is "$(state micro_evil.deaf) $(state micro_evil.slow-probe)" " " "no device is left"

note "status while an operation stays inside"
mkdir $overlays/a $overlays/b
apply a evil >/dev/null
deaf_inside
timed micro-try write $overlays/a/status 0
bounded EINPROGRESS "a write of 0"
timed status a
bounded removing "status says so"
timed micro-try write $overlays/a/status 1
bounded EBUSY "a write of 1 meanwhile"
timed apply a evil
bounded EBUSY "a new blob meanwhile"
timed micro-try write $overlays/a/path none
bounded EBUSY "a path meanwhile"
is "$(status a)" removing "nothing has changed"
others "status is at work"
go
wait_for unapplied a
is "$(status a)" unapplied "it is removed by itself"
is "$(micro-try write $overlays/a/status 1) $(status a)" "ok applied" "and can be applied again"

note "another overlay is changed meanwhile"
is "$(apply b micro-fifo)" ok "another overlay is applied"
deaf_inside
timed micro-try rmdir $overlays/a
bounded ok "rmdir of the first"
timed micro-try rmdir $overlays/b
bounded ok "rmdir of the other"
mkdir $overlays/c
timed apply c sample-driver
like "$said" "^(ok|EINPROGRESS)$" "a third one is applied, or will be"
go
wait_for sh -c "grep -qx applied $overlays/c/status"
is "$(cat /dev/micro/sample.0)" "Sample driver data" "the third one is applied"
rmdir $overlays/c
wait_for put_back
ok $? "nothing of the others is left"

note "a process that is killed"
mkdir $overlays/a
echo 600000 >$patience
apply a evil >/dev/null
deaf_inside
micro-try rmdir $overlays/a &
killed=$!
wait_for none /dev/micro/micro_evil.deaf
sleep 1
ended $killed
isnt $? 0 "rmdir waits"
kill -9 $killed
wait_for ended $killed
ok $? "rmdir can be killed"
echo 1000 >$patience
others "rmdir was killed"
go
wait_for put_back
ok $? "the overlay is removed all the same"

note "a driver that stays in probe()"
mkdir $overlays/a
echo hold >$evil/command
timed apply a evil
bounded EINPROGRESS "the blob is written"
timed status a
bounded applying "status says so"
others "probe() is stuck"
timed micro-try write $overlays/a/status 0
bounded EBUSY "a write of 0 meanwhile"
echo go >$evil/command
wait_for sh -c "grep -qx applied $overlays/a/status"
is "$(status a)" applied "it is applied when probe() has returned"
is "$(micro-try write $overlays/a/status 0) $(status a)" "ok unapplied" "it can be removed"
echo hold >$evil/command
timed micro-try write $overlays/a/status 1
bounded EINPROGRESS "1 is written"
timed micro-try rmdir $overlays/a
bounded ok "rmdir while it is being applied"
run_ok none $overlays/a
echo go >$evil/command
wait_for put_back
ok $? "it is removed when it was applied"

micro-hold end >/dev/null
is "$(ls $overlays)" "" "no folder is left"
built_in micro_overlay || wait_for micro-try rmmod micro_overlay
unload micro_evil
done_testing
