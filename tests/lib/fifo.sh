# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash disable=SC2154 # variables of tap.sh
# Sourced, after user.sh, by tests of libmicro's example, the fifo.

# fifo_dies STEP SECONDS: a server of libmicro's fifo is killed at each STEP-th instruction of
# a write and a read, which are about 1600. It may take SECONDS.
fifo_dies() {
	make_driver fifo memory-size/u32=524288 'again/string=read\nwrite\n' attempts/u32=1000
	mkdir "$micro"/fifo.0
	in_hand=$(timeout "$2" micro-step micro_user.fifo /dev/micro/fifo.0 1 1600 "$1" user-fifo fifo)
	fifo_status=$?
	if [ $fifo_status -eq 3 ]; then
		skip "this machine has no single steps (PTRACE_SINGLESTEP)" 2
	else
		ok $fifo_status "no byte is lost or repeated"
		[ "$in_hand" -gt 5 ]
		ok $? "$in_hand servers were killed with a request in hand"
	fi
	rmdir "$micro"/fifo.0
	remove_driver fifo
}
