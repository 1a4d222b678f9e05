#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A device goes while its files are watched, with poll, select, epoll in all its
# modes, or SIGIO: who waits wakes, who looks later sees it, and nobody is left
# on a wait queue of the driver.

. /tests/lib/tap.sh
. /tests/lib/unplug.sh

modprobe micro_evil && modprobe micro_fifo
ok $? "modules are loaded"

each_way micro_evil micro-poll poll epoll-waiting epoll-idle epoll-closed epoll-later \
	epoll-nested epoll-exclusive epoll-processes epoll-race \
	sigio sigio-plain sigio-over sigio-many
with rmdir micro_fifo micro-poll poll
with rmdir micro_fifo micro-poll epoll-waiting
with rmdir micro_fifo micro-poll epoll-race

# what watches outlives the driver's code
skip_built_in micro_fifo 5 || {
	unload micro_fifo
	for way in rmdir live unbind destroy; do
		modprobe micro_fifo
		setup $way micro_fifo
		unplug="$unplug && rmmod micro_fifo && [ ! -d /sys/module/micro_fifo ]"
		run_ok micro-poll module-gone "$node" "$unplug"
		gone micro_fifo
		teardown $way
	done
}

all_released
run_ok rmmod micro_evil
done_testing
