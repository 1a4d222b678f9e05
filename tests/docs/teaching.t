#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# docs/teaching.md: the commands of its labs, with the solutions, print what it says they
# print.
# vm: --module docs/teaching/lab1 --module docs/teaching/lab2 --module docs/teaching/lab3
# vm: --module docs/teaching/lab4 --module docs/teaching/lab5
# vm: --file docs/teaching/lab6/lab6.py --file docs/teaching.md --file tests/docs/tutorial/extract.awk
# vm: --mem 1024
# host: tests/docs/teaching/build
# kernels: 6.12
# archs: amd64

. /tests/lib/tap.sh

PATH=/root/host:$PATH
steps=/tmp/steps
mkdir $steps
awk -v out=$steps -f extract.awk teaching.md
is "$(sed -n 's/^## Lab \([0-9]\).*/\1/p' teaching.md | xargs)" "1 2 3 4 5 6" "the page has six labs"
isnt "$(ls $steps/*.run)" "" "the labs have commands"

# In one shell, as a student has one: it knows $!, and keeps files open
for step in "$steps"/*.run; do
	expected=${step%.run}.output
	[ -e "$expected" ] || : >"$expected"
	: >/tmp/output
	# shellcheck source=/dev/null
	# appended, as a command of the step before may still be running, and print something
	{ . "$step"; } >>/tmp/output 2>/tmp/errors </dev/null
	ok $? "$(tr '\n' ';' <"$step")"
	is "$(cat /tmp/output)" "$(cat "$expected")" "prints what the page says" || diag "$(cat /tmp/errors)"
done

is "$(grep -c -e '^lab' -e '^micro' /proc/modules)" 0 "all modules are unloaded at the end"
done_testing
