# SPDX-License-Identifier: GPL-2.0-only
# Overlays at run time: what micro_overlay makes of what is written to it
# kernels: debug clang
. /tests/lib/tap.sh
. /tests/lib/overlay.sh

# write FILE OVERLAY: as a user does it
write() {
	cat "$1" >"$overlays/$2/dtbo"
}

put() {
	echo "$1" >"$2"
}

# patch FILE OFFSET BYTES: BYTES as of printf's %b
patch() {
	printf %b "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

none() {
	[ ! -e "$1" ]
}

modprobe -a sample_driver micro_fifo micro_ram
run_ok modprobe micro_overlay
empty=$(tree)

note "apply and remove: the ways of vendor kernels"
run_ok mkdir $overlays/a
is "$(status a)" unapplied "a new directory is unapplied"
is "$(cat $overlays/a/path)" "" "a new overlay has no path"
run_ok write $dtbo/sample-driver.dtbo a
is "$(status a)" applied "writing the blob applies it"
run_ok test -d /proc/device-tree/microkernel-sample/sample@0
run_ok test -c /dev/micro/sample.0
echo "from an overlay" >/dev/micro/sample.0
is "$(cat /dev/micro/sample.0)" "from an overlay" "the device works"
head -c 257 /dev/zero >/tmp/long
run_fails "Message too long" dd if=/tmp/long of=/dev/micro/sample.0 bs=257
run_ok cmp $overlays/a/dtbo $dtbo/sample-driver.dtbo
run_fails "Resource busy|Device or resource busy" write $dtbo/micro-ram.dtbo a
run_fails "busy" put x.dtbo $overlays/a/path
is "$(status a)" applied "applying an applied overlay again changes nothing"
run_ok rmdir $overlays/a
run_ok none /dev/micro/sample.0
is "$(tree)" "$empty" "rmdir removes it from the tree"

note "apply and remove: the way of dtbocfg"
mkdir $overlays/a
run_ok cp $dtbo/several.dtbo $overlays/a/dtbo
run_ok put 1 $overlays/a/status
for name in greeting pipe.1 pipe.2 scratch; do
	run_ok test -c /dev/micro/$name
done
run_ok none /dev/micro/pipe.3
run_ok put 0 $overlays/a/status
is "$(status a)" unapplied "0 removes it"
is "$(tree)" "$empty" "an overlay that is removed is gone from the tree"
run_ok none /dev/micro/greeting
run_ok put 0 $overlays/a/status
run_ok put 1 $overlays/a/status
is "$(status a)" applied "1 applies it again"
run_ok test -c /dev/micro/greeting
run_fails "Invalid argument" put maybe $overlays/a/status
run_ok rmdir $overlays/a

note "path"
mkdir -p /lib/firmware $overlays/a
cp $dtbo/micro-ram.dtbo /lib/firmware
head -c 2097152 /dev/zero >/lib/firmware/big
head -c 300 $dtbo/micro-ram.dtbo >/lib/firmware/short
run_fails "No such file" put none.dtbo $overlays/a/path
run_fails "File too large" put big $overlays/a/path
run_fails "Invalid argument" put short $overlays/a/path
run_fails "Invalid argument" put "" $overlays/a/path
is "$(status a)$(cat $overlays/a/path)" unapplied "an overlay whose path was refused is unapplied"
run_ok put micro-ram.dtbo $overlays/a/path
is "$(status a)" applied "a path applies it"
is "$(cat $overlays/a/path)" micro-ram.dtbo "the path of an applied overlay can be read"
run_ok test -c /dev/micro/ram.0
run_ok put 0 $overlays/a/status
run_ok put 1 $overlays/a/status
run_ok rmdir $overlays/a
is "$(tree)" "$empty" "an overlay is gone with its directory"

note "blobs in pieces"
mkdir $overlays/a
cp $dtbo/micro-fifo.dtbo /tmp/large
patch /tmp/large 4 '\0000\0001\0060\0071' # 77881
truncate -s 77881 /tmp/large
run_ok write /tmp/large a
is "$(status a)" applied "a large one"
run_fails "too large" cat $overlays/a/dtbo
put 0 $overlays/a/status
for size in 512 1024 4096 10240 131072; do
	run_ok dd if=/tmp/large of=$overlays/a/dtbo bs=$size
	is "$(status a)" applied "an overlay that is written in pieces of $size bytes is applied"
	put 0 $overlays/a/status
done

note "bad input"
# refused ERROR FILE NAME: the write fails, and nothing else happens
refused() {
	run_fails "$1" write "$2" a
	is "$(status a)" unapplied "$3: unapplied"
	is "$(tree)" "$before" "$3: the tree is as it was"
}

before=$empty
good=$dtbo/micro-fifo.dtbo
size=$(wc -c <$good)
for cut in 1 7 39 40 100 $((size / 2 + 1)) $((size - 1)); do
	head -c $cut $good >/tmp/bad
	refused "Invalid argument" /tmp/bad "$cut of $size bytes"
done
# it could go on after a whole block; who asks is told
head -c 512 $dtbo/several.dtbo >/tmp/bad
write /tmp/bad a
is "$(status a)" unapplied "512 of 893 bytes: unapplied"
is "$(tree)" "$before" "512 of 893 bytes: the tree is as it was"
run_fails "Invalid argument" put 1 $overlays/a/status
write /tmp/bad a
run_ok write $good a
is "$(status a)" applied "a truncated blob is not in the way of the next"
put 0 $overlays/a/status

cp $good /tmp/bad
patch /tmp/bad 0 '\0320\0015\0376\0356'
refused "Invalid argument" /tmp/bad "bad magic"
cp $good /tmp/bad
echo more >>/tmp/bad
refused "Invalid argument" /tmp/bad "bytes behind the end"
cp $good /tmp/bad
patch /tmp/bad 4 '\0000\0020\0000\0001'
truncate -s 1048577 /tmp/bad
refused "File too large" /tmp/bad "an overlay of one byte more than 1 MiB is refused"
patch /tmp/bad 4 '\0000\0020\0000\0000'
truncate -s 1048576 /tmp/bad
run_ok write /tmp/bad a
is "$(status a)" applied "1 MiB is not too much"
put 0 $overlays/a/status
cp $good /tmp/bad
patch /tmp/bad 20 '\0000\0000\0000\0020'
refused "Invalid argument" /tmp/bad "version 16"
for name in no-target no-label; do
	refused "No such file or directory" $dtbo/$name.dtbo $name
done
for name in label node-twice string not-an-overlay; do
	refused "Invalid argument" $dtbo/$name.dtbo $name
done
run_ok write $good a
is "$(status a)" applied "a good overlay is applied after many bad ones"
rmdir $overlays/a
is "$(tree)" "$empty" "a good overlay is removed after many bad ones"

note "overlays on overlays"
mkdir $overlays/a $overlays/b
write $dtbo/bus.dtbo b
before=$(tree)
refused "Invalid argument" $dtbo/property-twice.dtbo property-twice
refused "Invalid argument" $dtbo/cells.dtbo cells
run_ok write $dtbo/above.dtbo a
is "$(tr -d '\0' </proc/device-tree/microkernel-test/note)" above "a property of a node below"
run_ok test -c /dev/micro/pipe.1
run_ok test -c /dev/micro/first
run_fails "busy" put 0 $overlays/b/status
is "$(status b)" applied "the lower one stays"
run_ok put 0 $overlays/a/status
run_ok none /dev/micro/pipe.1
run_ok test -c /dev/micro/first
is "$(tree)" "$before" "the upper one is gone"
run_ok write $dtbo/inner.dtbo a
run_ok cmp /proc/device-tree/microkernel-test/pipe@2/peer \
	/proc/device-tree/microkernel-test/pipe@3/phandle
run_ok put 0 $overlays/a/status

note "rmdir in the wrong order"
run_ok write $dtbo/above.dtbo a
run_ok rmdir $overlays/b
run_ok test -c /dev/micro/first
run_ok mkdir $overlays/b
is "$(status b)" unapplied "the name can be used again"
run_ok rmdir $overlays/a
run_ok none /dev/micro/pipe.1
run_ok none /dev/micro/first
is "$(tree)" "$empty" "the lower one went with the upper one"
rmdir $overlays/b

note "status of nodes"
mkdir $overlays/a $overlays/b
write $dtbo/several.dtbo a
run_ok write $dtbo/enable.dtbo b
run_ok test -c /dev/micro/pipe.3
run_ok none /dev/micro/pipe.2
rmdir $overlays/b
run_ok none /dev/micro/pipe.3
run_ok test -c /dev/micro/pipe.2
rmdir $overlays/a

note "two devices with one label"
mkdir $overlays/a
run_ok write $dtbo/twins.dtbo a
is "$(cat /dev/micro/twin)" "Sample " "the first wins"
like "$(dmesg)" "/microkernel-twins/second@2 is skipped: /microkernel-twins/first@1 is named 'twin' too" \
	"the log names both overlays"
rmdir $overlays/a

note "devices that are open"
mkdir $overlays/a
write $dtbo/micro-fifo.dtbo a
exec 3<>/dev/micro/fifo.0
cat /dev/micro/fifo.0 >/tmp/output 2>&1 &
cat=$!
asleep() {
	grep -q micro "/proc/$cat/wchan" "/proc/$cat/stack"
}
wait_for asleep
run_ok rmdir $overlays/a
wait $cat
is $? 1 "a reader that slept is woken"
like "$(cat /tmp/output)" "No such device" "a reader that slept is told that there is no such device"
run_fails "No such device" dd bs=1 count=1 <&3
run_fails "No such device" sh -c 'echo more >&3'
is "$(tree)" "$empty" "the tree is as it was"
mkdir $overlays/a
run_ok write $dtbo/micro-fifo.dtbo a
echo again >/dev/micro/fifo.0
is "$(head -n 1 /dev/micro/fifo.0)" again "a new device of that name works"
run_fails "No such device" sh -c 'echo more >&3'
exec 3>&-

note "many at a time"
churn() {
	for _ in 1 2 3 4 5; do
		mkdir "$overlays/$1" && write "$dtbo/$2.dtbo" "$1" && put 0 "$overlays/$1/status" &&
			put 1 "$overlays/$1/status" && rmdir "$overlays/$1" || return
	done
}
rmdir $overlays/a
churn c sample-driver &
one=$!
churn d micro-ram &
two=$!
churn e several
is $? 0 "three take turns"
wait $one
is $? 0 "the second"
wait $two
is $? 0 "the third"
is "$(tree)" "$empty" "nothing is left"

note "loading"
skip_built_in micro_overlay 7 && done_testing
mkdir $overlays/a
run_fails "in use|temporarily unavailable" rmmod micro_overlay
rmdir $overlays/a
# the same module under another name, which finds the directory there
sed s/micro_overlay/other_overlay/g micro_overlay.ko >/tmp/other.ko
run_fails "File exists" insmod /tmp/other.ko
like "$(dmesg | tail -n 5)" "other_overlay: not loaded: the kernel has configfs/device-tree already" \
	"the log says why"
run_ok rmmod micro_overlay
run_ok none /sys/kernel/config/device-tree
run_ok modprobe micro_overlay
run_ok rmmod micro_overlay
done_testing
