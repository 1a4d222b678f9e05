# SPDX-License-Identifier: GPL-2.0-only
# Random bytes and damaged overlays: refused, or applied and removed, and the
# kernel has nothing to report
# kernels: debug clang
# parts: all/debug 2
# vm: --icount --timeout 7200
. /tests/lib/tap.sh

dir=/sys/kernel/config/device-tree/overlays/fuzz
dtbo=/root/dts-overlays
seed=${SEED:-1}
# With --icount nobody waits for grace periods, which was most of the time. In both
# parts of the tier "all" there are 1,600 and 8,400.
random=200 blobs=${BLOBS:-800}
[ "$TIER" != all ] || random=800 blobs=4200

modprobe -a sample_driver micro_fifo micro_ram micro_overlay
# Nobody has drivers for what the damage makes of names: do not look for them
echo >/proc/sys/kernel/modprobe
# A line for each of thousands of blobs says why it is refused
dmesg -n 1
mkdir $dir

# fuzz COUNT BLOB...
fuzz() {
	fuzz_count=$1
	shift
	micro-mutate "$seed" "$fuzz_count" $dir/dtbo "$@" >/tmp/fuzz 2>&1
	ok $? "$fuzz_count blobs"
	note "$(cat /tmp/fuzz)"
}

note "seed $seed: SEED=number repeats others"
fuzz $random
fuzz "$blobs" $dtbo/sample-driver.dtbo $dtbo/micro-fifo.dtbo $dtbo/micro-ram.dtbo $dtbo/several.dtbo
is "$(ls /proc/device-tree)" name "the tree is empty again"
run_ok rmdir $dir
run_ok rmmod micro_overlay
done_testing
