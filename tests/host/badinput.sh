#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kernels that are not there, a machine without network or space, and runs that are
# killed: a sentence, and nothing half-made stays.
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
fetch need mount=mount unshare=util-linux || exit

for kernel in 9.9x no-such debian '' ../6.1; do
	run "$vm" --kernel "$kernel" -- true
	[[ $status -eq 125 ]] && says "there is no kernel '$kernel': there are 6.1, 6.12" && one_line
	ok $? "the kernel '$kernel' is one sentence, with those that there are"
done
run "$vm" --arch vax -- true
[[ $status -eq 125 ]] && says 'unknown architecture vax: there are amd64, arm64, armhf, i386, ppc64el, riscv64 and s390x' && one_line
ok $? 'an unknown architecture is one sentence, with those that there are'

# shellcheck disable=SC2016 # that shell's
XDG_CACHE_HOME=relative run env -C "$work" bash -c 'source "$1/scripts/lib/common.sh" && cd / && echo "$cache $XDG_CACHE_HOME"' bash "$repo"
says "$work/relative/microkernel $work/relative"
ok $? 'a relative XDG_CACHE_HOME is one folder for all that is called'
XDG_CACHE_HOME=$work/a=b run "$vm" -- true
[[ $status -eq 125 ]] && says 'kernel modules cannot be built in' && says 'say XDG_CACHE_HOME=FOLDER' && one_line
ok $? 'a cache whose name make does not take is one sentence'

# gone PID: of that run no guest and no temporary folder is left, soon
gone() {
	local tries=50
	while [[ -n $(compgen -G "${TMPDIR:-/tmp}/microkernel-vm.$1.*") || -n $(guests_of "$1") ]]; do
		tries=$((tries - 1))
		[[ $tries -gt 0 ]] || return
		sleep 0.2
	done
}

# guests_of PID: whose files are in the run's folder
guests_of() {
	grep -lsE "qemu-system" /proc/[0-9]*/comm | while read -r file; do
		! tr '\0' ' ' <"${file%comm}cmdline" 2>/dev/null | grep -o "microkernel-vm\.$1\." || true
	done
}

# start: a guest that is up
start() {
	: >"$work/output"
	"$vm" --kernel 6.12 -- 'echo up; sleep 600' >"$work/output" 2>&1 </dev/null &
	pid=$!
	until says up || [[ ! -e /proc/$pid ]]; do
		sleep 0.2
	done
}

for signal in TERM HUP; do
	start
	kill -$signal $pid
	wait $pid
	gone $pid
	ok $? "a run that gets SIG$signal leaves no guest and no files"
done
start
kill -KILL $pid
wait $pid 2>/dev/null
[[ -z $(guests_of $pid) ]] || sleep 5
[[ -z $(guests_of $pid) ]]
ok $? 'a run that gets SIGKILL leaves no guest'
run "$vm" --kernel 6.12 -- true
gone $pid
ok $? 'the next run removes the files of one that got SIGKILL'

if [[ $EUID -ne 0 ]]; then
	skip 'no network, no space' 'needs root'
	done_testing
	exit
fi

# half_made: what in the cache is not complete
half_made() {
	find "$XDG_CACHE_HOME" -mindepth 3 -maxdepth 3 \( -path '*/kernel/*' -o -path '*/source/*' -o -path '*/root/*' \) 2>/dev/null |
		while read -r folder; do
			[[ -e $folder/.complete ]] || echo "$folder"
		done
	find "$XDG_CACHE_HOME" -name '*.debs' -o -name '*.new' -path '*/busybox*'
}

export XDG_CACHE_HOME=$work/cache
run unshare -n "$vm" --kernel 6.1 -- true
[[ $status -eq 125 ]] && says 'is the network there?' && ! says 'has no linux-image' && [[ -z $(half_made) ]]
ok $? 'without a network the error says so, and nothing half-made stays'

mkdir -p "$work/small"
# shellcheck disable=SC2016 # that shell's
run unshare -m sh -c 'mount -t tmpfs -o size=100m none "$1" && XDG_CACHE_HOME=$1 "$2" --kernel 6.1 -- true' sh "$work/small" "$vm"
[[ $status -eq 125 ]] && says 'MB of space' && ! says fetching
ok $? 'without space the error says how much it takes, before anything is fetched'

# shellcheck disable=SC2016 # that shell's
run unshare -m sh -c 'mount -t tmpfs -o size=512k none "$1" && XDG_CACHE_HOME=$1 "$2/tests/run" --kernel 6.1 chardev' sh "$work/small" "$repo"
[[ $status -eq 125 ]] && says "cannot write to $work/small/microkernel: is it full?"
ok $? 'tests/run without space says so, and does not pass'

"$vm" --kernel 6.1 --build >"$work/output" 2>&1 </dev/null &
pid=$!
until says "fetching Debian's kernel" || [[ ! -e /proc/$pid ]]; do
	sleep 0.1
done
sleep 1
kill $pid
wait $pid
[[ -z $(half_made) ]] || half_made >>"$work/output"
[[ -z $(half_made) ]]
ok $? 'a download that is interrupted leaves nothing half-made'

# what is said about a download is said by a child, which ends with it, maybe at once
# shellcheck disable=SC2016 # that shell's
run bash -c 'source "$1/scripts/lib/common.sh"
	mkdir "$2"
	unfinished "$2"
	for _ in {1..200}; do
		sleep 9 &
		kill $!
		wait $!
	done 2>/dev/null
	[[ -d $2 ]]' bash "$repo" "$work/unfinished"
ok "$status" 'a child that is killed at once removes nothing of a download that goes on'

# tests/run builds in a subshell
# shellcheck disable=SC2016 # that shell's
run bash -c 'source "$1/scripts/lib/common.sh"
	(
		source "$1/scripts/lib/common.sh"
		mkdir "$2"
		unfinished "$2"
		die "no network"
	)
	[[ ! -e $2 ]]' bash "$repo" "$work/half"
ok "$status" 'what a subshell that fails has half made goes away with it'

# an apt-get that has 99 MB to load, and is slow
mkdir "$work/slow"
stub "$work/slow/apt-get" <<'END'
[[ $* != *--print-uris* ]] || exec echo "'http://there/a.deb' a.deb 99000000 SHA256:0"
sleep 60
END
# shellcheck disable=SC2016 # that shell's
PATH=$work/slow:$PATH bash -c 'source "$1/scripts/lib/common.sh"
	locked killed apt_extract "$cache/killed" a' bash "$repo" >"$work/output" 2>&1 </dev/null &
pid=$!
until says 'of 99 MB' || [[ ! -e /proc/$pid ]]; do
	sleep 0.1
done
kill -KILL $pid
wait $pid 2>/dev/null
says 'of 99 MB' && flock -w 30 "$XDG_CACHE_HOME/microkernel/lock/killed" true
ok $? 'a download that gets SIGKILL leaves no lock, and nobody who says how far it is'

"$vm" --kernel 6.1 --build >"$work/first" 2>&1 </dev/null &
first=$!
run "$vm" --kernel 6.1 -- 'echo second'
wait $first
[[ $? -eq 0 && $status -eq 0 ]] && says second
ok $? 'two runs at once fill one cache'

done_testing
