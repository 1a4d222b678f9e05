# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# Sourced by the tests of tests/host, which run on this machine and look at what
# scripts/vm does with it. Their output is TAP.

repo=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
vm=$repo/scripts/vm
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP
cases=0

# ok STATUS NAME: what went wrong is in $work/output. prove shows standard error alone
ok() {
	cases=$((cases + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $cases - $2"
	else
		echo "not ok $cases - $2"
		{
			echo "$2:"
			cat "$work/output" 2>/dev/null
		} | sed 's/^/# /' >&2
	fi
}

skip() {
	cases=$((cases + 1))
	echo "ok $cases - $1 # SKIP $2"
}

done_testing() {
	echo "1..$cases"
}

# fetch need|wanted THING=PACKAGE...: what a test itself calls, as scripts/lib/common.sh does it
fetch() {
	# shellcheck disable=SC2016 # that shell's
	bash -c 'source "$1/scripts/lib/common.sh" && shift && "$@"' bash "$repo" "$@"
}

# run COMMAND...: sets status; the output is in $work/output
run() {
	"$@" >"$work/output" 2>&1 </dev/null
	status=$?
}

# says TEXT: the output has it, in a fixed string
says() {
	grep -qF -- "$1" "$work/output"
}

# one_line: the output is one sentence
one_line() {
	[[ $(wc -l <"$work/output") -eq 1 ]]
}

# tools FOLDER [BUT...]: a folder for PATH with the programs of this machine, without some
tools() {
	local folder=$1 program but
	shift
	mkdir -p "$folder"
	find -L /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin -maxdepth 1 -type f -perm -u+x 2>/dev/null |
		while read -r program; do
			ln -sf "$program" "$folder/${program##*/}"
		done
	for but; do
		rm -f "$folder/$but"
	done
}

# stub FOLDER/PROGRAM: a program that does what standard input says
stub() {
	rm -f "$1"
	{
		echo '#!/bin/bash'
		cat
	} >"$1"
	chmod +x "$1"
}
