#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Character devices: nodes, and sample_driver as a program sees it.
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
test=/sys/kernel/debug/micro_test

# hold COMMAND...: what micro-hold says
hold() {
	micro-hold "$@"
}

# repeat COUNT: so many letters
repeat() {
	printf "%0$1d" 0
}

micro-hold start
modprobe sample_driver
modprobe micro_test
mkdir $micro/sample_driver.1
if built_in sample_driver; then
	# what an earlier test wrote to it goes with the binding
	echo sample_driver >/sys/bus/micro_bus/drivers/sample_driver/unbind
	echo sample_driver >/sys/bus/micro_bus/drivers/sample_driver/bind
fi

note "the first message"
is "$(cat /dev/sample_driver)" "Sample driver data" "/dev/sample_driver has it"
is "$(wc -c </dev/sample_driver)" 18 "the first message has 18 bytes, and no newline"
is "$(cat /dev/micro/sample_driver.1)" "Sample driver data" "a second instance has the first message, too"

note "write, then read"
echo "Hello from microkernel" >/dev/sample_driver
is "$(cat /dev/sample_driver)" "Hello from microkernel" "a write replaces the message"
is "$(cat /dev/micro/sample_driver.1)" "Sample driver data" "a write changes the message of one instance only"
printf 'short' >/dev/sample_driver
is "$(cat /dev/sample_driver)" short "a shorter one leaves nothing of the longer"
is "$(hold open a rw /dev/sample_driver)" ok "a file can be opened for reading and writing"
is "$(hold write a "one and the same")" 16 "write tells the length"
is "$(hold read a)" "one and the same" "a write leaves the position at the beginning of the message"
is "$(hold read a)" EOF "a read behind the message is end of file"
is "$(hold seek a set 0) $(hold read a 3) $(hold read a 4) $(hold seek a cur 0)" "0 one  and 7" \
	"pieces follow each other"
is "$(hold seek a end -4) $(hold read a) $(hold seek a cur -4) $(hold read a)" "12 same 12 same" \
	"lseek from the end and from here"
is "$(hold seek a set -1) $(hold seek a set 17)" "EINVAL EINVAL" "lseek does not leave the message"
hold open b r /dev/sample_driver >/dev/null
is "$(hold read b 3) $(hold seek a set 0) $(hold read b 4)" "one 0  and" \
	"each open file has a position of its own"

note "too long"
is "$(hold write a "$(repeat 4097)")" EMSGSIZE "4097 bytes are refused"
is "$(hold seek a set 0) $(hold read a)" "0 one and the same" "a message that is too long leaves the old one"
is "$(hold write a "$(repeat 4096)")" 4096 "4096 bytes are not"
is "$(hold ioctl a length)" 4096 "a message of the longest length is there as a whole"

note "ioctl"
is "$(hold ioctl b clear)" EBADF "clear needs a file opened for writing"
is "$(hold ioctl b length)" 4096 "a refused ioctl does nothing"
is "$(hold ioctl a clear) $(hold ioctl b length) $(hold seek b set 0) $(hold read b)" "0 0 0 EOF" \
	"clear makes the message empty"
is "$(hold ioctl a 0x1234)" ENOTTY "an unknown ioctl"
is "$(hold write a seven77)" 7 "a message for the ioctls"
is_32 '{ hold ioctl32 a length; hold ioctl32 a 0x1234; } | xargs' "7 ENOTTY" "the same from a 32-bit program"

note "bad addresses"
is "$(hold fault a write)" EFAULT "write"
is "$(hold seek a set 0) $(hold read a)" "0 seven77" "the old message stays"
is "$(hold seek a set 0) $(hold fault a read)" "0 EFAULT" "read"
is "$(hold fault a ioctl)" EFAULT "ioctl"
hold close a >/dev/null
hold close b >/dev/null

note "access"
is "$(micro-try write /dev/micro/sample_driver.1 "")" ok "a write of nothing"
is "$(hold open a r /dev/sample_driver) $(hold write a x) $(hold close a)" "ok EBADF ok" \
	"a file opened for reading cannot be written to"
is "$(hold open a w /dev/sample_driver) $(hold read a) $(hold close a)" "ok EBADF ok" \
	"a file opened for writing cannot be read from"
is "$(stat -c '%a %U' /dev/sample_driver /dev/micro/sample_driver.1 | xargs)" \
	"600 root 600 root" "nodes are for root"
su nobody -s /bin/sh -c "cat /dev/sample_driver" 2>/dev/null
isnt $? 0 "a node with mode 0600 is root's alone"
micro-try write $test/register "open_to_all mode=0666" >/dev/null
mkdir $micro/open_to_all
is "$(stat -c %a /dev/micro/open_to_all)" 666 "unless the driver says so"
is "$(su nobody -s /bin/sh -c "cat /dev/micro/open_to_all")" "open_to_all open_to_all" \
	"a node with another mode is for others, too"

note "only the operations that a driver has"
micro-try write $test/register "plain noread" >/dev/null
mkdir $micro/plain
hold open a rw /dev/micro/plain >/dev/null
is "$(hold read a) $(hold write a x)" "EINVAL 1" "read without a read of the driver is EINVAL"
is "$(hold seek a set 0)" ESPIPE "a file without llseek is not seekable"
is "$(hold ioctl a 7)" 64 "ioctl of the driver is called"
is_32 'hold ioctl32 a 7' ENOTTY "a 32-bit ioctl without compat_ioctl is ENOTTY"
hold close a >/dev/null
micro-try write $test/register "rich llseek compat_ioctl" >/dev/null
mkdir $micro/rich
hold open a rw /dev/micro/rich >/dev/null
is "$(hold seek a end -10)" 990 "llseek of the driver is called"
is "$(hold ioctl a 7)" 64 "ioctl of the driver is called when there is a compat_ioctl"
is_32 'hold ioctl32 a 7' 32 "compat_ioctl of the driver is called for 32-bit programs"
hold close a >/dev/null
micro-try write $test/register "none nofile" >/dev/null
mkdir $micro/none
hold open a rw /dev/micro/none >/dev/null
is "$(hold read a) $(hold write a x) $(hold ioctl a 7)" "EINVAL EINVAL ENOTTY" \
	"a driver without any operation gets the kernel's own answers"
is "$(hold close a)" ok "a file of a driver without any operation can be closed"

note "open and release"
is "$(cat $test/rich/opens $test/rich/releases | xargs)" "1 1" "each open has one release"
echo 16 >$test/rich/open
is "$(micro-try open rw /dev/micro/rich)" EBUSY "open(2) has the error of the driver's open"
is "$(cat $test/rich/opens $test/rich/releases | xargs)" "1 1" "an open that failed has no release"
echo 0 >$test/rich/open
is "$(micro-try open rw /dev/micro/rich)" ok "an open after one that failed succeeds"
hold open a r /dev/micro/rich >/dev/null
hold open b r /dev/micro/rich >/dev/null
is "$(hold read a) $(hold read b)" "rich rich rich rich" "two open files at a time"
hold end
is "$(cat $test/rich/opens $test/rich/releases | xargs)" "4 4" "exit(2) closes files, too"

done_testing
