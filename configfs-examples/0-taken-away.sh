#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device is taken away while a program sleeps in it, and while another has it open: the
# sleeper gets an error at once, nothing hangs, and the driver can be unloaded although
# somebody holds an open file. "make demo" shows this first.
# shellcheck source=show.sh
. "${0%/*}/show.sh"

# On a busy machine, a program takes longer for these than the next line does
cat_sleeps() {
	grep -qs '^State:.S' "/proc/$!/status"
}

cat_ended() {
	! grep -qs '^State:.[^Z]' "/proc/$!/status"
}

run 'modprobe micro_fifo'
run "mkdir $micro/micro_fifo.1"
run 'cat /dev/micro/micro_fifo.1 >/tmp/read & sleep 1'
until cat_sleeps; do sleep 0.1; done
run 'grep State /proc/$!/status'
run 'exec 3</dev/micro/micro_fifo.1'
run "rmdir $micro/micro_fifo.1"
until cat_ended; do sleep 0.1; done
refused 'wait $!'
refused 'cat <&3'
run 'rmmod micro_fifo && echo "unloaded, with file 3 still open"'
exec 3<&-
run 'rmmod microkernel'
