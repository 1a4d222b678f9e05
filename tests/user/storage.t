#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Programs that test storage and devices, as they are, on a device that a process serves,
# which is killed meanwhile.
# host: tests/lib/storage-programs
# archs: amd64
# except: ci/debug
# vm: --timeout 1800 --mem 1024 --program /usr/bin/fio --program /usr/bin/stress-ng

. /tests/lib/tap.sh
. /tests/lib/user.sh

seconds=5
[ "$TIER" != all ] || seconds=60
store=/dev/micro/store.0

# serving: a server is there
# shellcheck disable=SC2317 # wait_for calls it
serving() {
	[ "$(cat /sys/bus/micro_bus/devices/micro_user.store/state)" = serving ]
}

# keep: servers one after the other, each killed after it has served for a while
keep() {
	while [ ! -e /tmp/stop ]; do
		micro-store store &
		wait_for serving >/dev/null
		sleep 0.2
		kill -9 $!
		wait $! 2>/dev/null
	done
}

run_ok modprobe micro_user
make_driver store memory-size/u32=1048576 'again/string=open\nread\nwrite\nllseek\n' attempts/u32=1000 grace-ms/u32=600000
mkdir $micro/store.0

# fio ENGINE: random reads and writes, whose contents are checked
fio_verifies() {
	run_ok timeout 900 /usr/local/bin/fio --name=store --filename=$store --size=1m --bs=512-16k \
		--rw=randrw --verify=crc32c --ioengine="$1" --loops=$((seconds / 5)) --thread
}

micro-store store &
server=$!
wait_for serving
for engine in psync pvsync2 vsync; do
	fio_verifies $engine
done
kill $server
wait $server
is $? 0 "the server ends as it was told"

note "the same, while servers are killed"
rm -f /tmp/stop
keep &
keep=$!
wait_for serving
fio_verifies psync
run_ok timeout 900 /usr/local/bin/stress-ng --dev 2 --dev-file $store --timeout $seconds
: >/tmp/stop
wait $keep
lost=$(cat /sys/bus/micro_bus/devices/micro_user.store/lost)
[ "$lost" -gt 3 ]
ok $? "$lost servers were killed"
rmdir $micro/store.0
remove_driver store
run_ok rmmod micro_user
done_testing
