#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# micro_fifo: a byte pipe, as pipe(7), between all who open an instance.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

run_ok modprobe micro_fifo
[ ! -e /dev/micro_fifo ] && [ -z "$(ls $micro)" ]
ok $? "loading it makes no instance"

for case in $(micro-fifo --list | grep -vx full); do
	with rmdir micro_fifo micro-fifo "$case"
done

# many who wait for each other, again and again
for _ in 1 2 3 4 5; do
	with rmdir micro_fifo micro-fifo atomic
done

# by compatible string; one instance has nothing to do with another
run_ok mkdir $micro/left $micro/right
run_ok sh -c "echo microkernel,fifo >$micro/left/compatible"
run_ok sh -c "echo microkernel,fifo >$micro/right/compatible"
echo left >/dev/micro/left
echo right >/dev/micro/right
is "$(head -n 1 /dev/micro/right)" right "the right instance has its own bytes"
is "$(head -n 1 /dev/micro/left)" left "the left instance has its own bytes"
run_ok rmdir $micro/left $micro/right

# property fifo-size
sized() {
	mkdir -p $micro/sized/properties/fifo-size
	printf '%s' "$2" >"$micro/sized/properties/fifo-size/$1"
	echo microkernel,fifo >$micro/sized/compatible
	cat $micro/sized/status
}
unsized() {
	rmdir $micro/sized/properties/fifo-size $micro/sized
}
is "$(sized u32 4096 2>&1)" bound "a power of two is a size"
is "$(dd if=/dev/zero of=/dev/micro/sized bs=4096 count=1 2>/dev/null && micro-fifo full /dev/micro/sized true)" \
	"" "after so many bytes it is full"
unsized
is "$(sized u32 2 2>&1)" bound "2 is the least"
(printf abc >/dev/micro/sized) &
is "$(head -c 3 /dev/micro/sized)" abc "bytes pass through a fifo of two, two at a time"
wait
unsized
for size in 0 1 3 4095 65537 4294967295; do
	like "$(sized u32 $size 2>&1)" "failed EINVAL" "$size is none"
	unsized
done
like "$(sized string large 2>&1)" "failed E" "a text is no fifo-size"
unsized
like "$(dmesg)" "micro_fifo sized: fifo-size has to be" "the log says why"
like "$(sized u32 2147483648 2>&1)" "failed ENOMEM" "2 GiB are one, but too many"
unsized
run_ok rmmod micro_fifo

# the driver is found by name and by compatible string
mkdir $micro/micro_fifo.auto
is "$(cat $micro/micro_fifo.auto/status)" bound "a device of that name loads it"
rmdir $micro/micro_fifo.auto
run_ok rmmod micro_fifo
mkdir $micro/pipe
run_ok sh -c "echo microkernel,fifo >$micro/pipe/compatible"
is "$(cat $micro/pipe/driver)" micro_fifo "a device with that compatible string does"
rmdir $micro/pipe
run_ok rmmod micro_fifo
done_testing
