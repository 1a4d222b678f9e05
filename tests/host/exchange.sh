#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What goes into a guest and out of it: --get, --share, --program.
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
fetch need gcc=gcc /usr/include/math.h=libc6-dev || exit
cd "$work" || exit
mkdir results shared closed
echo outside >shared/file
echo outside >closed/file

cat >dynamic.c <<'END'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) { printf("root %.0f\n", sqrt(atoi(argv[argc - 1]))); return 0; }
END
gcc -fno-builtin -o dynamic dynamic.c -lm || exit

shares=()
[[ $EUID -ne 0 ]] || shares=(--share "$work/shared" --share "$work/closed:ro")
# shellcheck disable=SC2016 # that shell's
run "$vm" --kernel 6.12 "${shares[@]}" --program ./dynamic --get '/tmp/log.*:results' --get /tmp/core:core.bin \
	--get '/tmp/*/same:results' --get /tmp/folder/ --file shared/file:relative --log 'a,b.log' -- '
	mkdir /tmp/x /tmp/y /tmp/folder
	echo x >/tmp/x/same; echo y >/tmp/y/same; echo in >/tmp/folder/file; echo "it is $(cat /root/relative)"
	echo one >/tmp/log.1; echo two >"/tmp/log.a b"
	head -c 100000 /dev/urandom >/tmp/core; sha256sum </tmp/core
	dynamic 144
	cat /mnt/shared/file; echo guest >/mnt/shared/new
	cat /mnt/closed/file; mount -o remount,rw /mnt/closed; echo guest >/mnt/closed/new || echo closed is closed
	exit 9'
[[ $status -eq 9 ]]
ok $? 'the status is that of the command'
[[ $(cat results/log.1 "results/log.a b") == $'one\ntwo' ]]
ok $? '--get brings files whose names match a pattern, after a command that failed'
[[ -s core.bin ]] && says "$(sha256sum <core.bin)"
ok $? '--get brings binary files as they were'
[[ $(<results/same) == x ]] && says '/tmp/y/same is left out, as results/same is /tmp/x/same'
ok $? 'of two files with one name --get keeps the first, and says so'
[[ $(<folder/file) == in ]]
ok $? '--get FOLDER/ brings the folder'
says 'it is outside'
ok $? '--file FILE:NAME puts it into /root'
grep -q 'Linux version' 'a,b.log'
ok $? 'the log may have a comma in its name'
says 'root 12'
ok $? 'a dynamic program of this machine runs in the guest'
if [[ $EUID -eq 0 ]]; then
	[[ $(grep -c '^outside$' output) -eq 2 && $(cat shared/new) == guest ]]
	ok $? '--share shows a folder, to which the guest can write'
	says 'closed is closed' && [[ ! -e closed/new ]]
	ok $? '--share DIR:ro cannot be written to, even when the guest mounts it again'
else
	skip '--share' 'needs root'
fi

run "$vm" --kernel 6.12 --get /tmp/no-such-file -- true
[[ $status -eq 95 ]] && says 'the guest had no /tmp/no-such-file'
ok $? 'a file that is not there is an error of its own when the command succeeded'
run "$vm" --kernel 6.12 --get /tmp/x:/no/such/folder/x -- true
[[ $status -eq 125 ]] && says 'there is no folder' && one_line
ok $? 'a place that is not there is an error before the guest starts'
if [[ $EUID -eq 0 ]]; then
	mkdir -p other/shared
	run "$vm" --kernel 6.12 --share shared --share other/shared:ro -- true
	[[ $status -eq 125 ]] && says "$work/other/shared and $work/shared would both be /mnt/shared" && one_line
	ok $? 'two shared folders of one name are an error before the guest starts'
fi
mkdir -p other
echo other >other/file
run "$vm" --kernel 6.12 --file shared/file --file ./shared/file --file other/file -- true
[[ $status -eq 125 ]] && says 'other/file and shared/file would both be /root/file' && one_line
ok $? 'two files for one place are an error before the guest starts, and one file twice is none'
cp /bin/true other/dynamic
run "$vm" --kernel 6.12 --program ./dynamic --program other/dynamic -- true
[[ $status -eq 125 ]] && says 'would both be /usr/local/bin/dynamic' && one_line
ok $? 'so are two programs of one name'
run "$vm" --kernel 6.12 --program no-such-program -- true
[[ $status -eq 125 ]] && says 'there is no program no-such-program' && one_line
ok $? 'a program that is not there is an error before the guest starts'

done_testing
