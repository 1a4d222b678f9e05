# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of tests/run
# Sourced by tests/run: how long tests take, what came of them, and which results
# are still those of what there is now.

# tests_with WORD: those that have it in their text, or in what they source
tests_with() {
	local libraries
	libraries=$(grep -ls "$1" tests/lib/*.sh | sed 's|.*/||; s|\.|\\.|' | paste -sd '|')
	grep -lE "$1${libraries:+|^\. /tests/lib/($libraries)}" tests/*/*.t | sed 's|^tests/||; s|\.t$||'
}

# A test says so that it does more in one tier than in another, or something else
# with another seed
sized=$'\n'$(tests_with TIER)$'\n' seeded=$'\n'$(tests_with SEED)$'\n'

has_size() {
	[[ $sized == *$'\n'"$1"$'\n'* ]]
}

has_seed() {
	[[ $seeded == *$'\n'"$1"$'\n'* ]]
}

# timed NAME: under which its time is kept
timed() {
	local test=${1#*/*/}
	test=${test%:*}
	if has_size "$test"; then
		echo "${1%:*}@$tier"
	else
		echo "${1%:*}"
	fi
}

# took NAME SECONDS: the last time counts. Lines this short are written as a whole.
took() {
	echo "$(timed "$1") $2" >>"$cache/durations"
}

# durations: reads names, and prints "SECONDS NAME". What has never run here takes as
# long as tests/durations says, or else as it does on another kernel, or 15 s. Kernels
# that look at themselves are slow, and so is another architecture.
durations() {
	local name key test
	while read -r name; do
		key=$(timed "$name")
		test=${key#*/*/}
		echo "$name $key ${test#host/}"
	done | awk '
		known {
			if ($1 !~ /^#/ && NF == 2) {
				time[$1] = $2
				test = $1
				sub(/^[^\/]*\/[^\/]*\//, "", test)
				elsewhere[test] = $2
			}
			next
		}
		{
			# another size is a better guess than none
			base = $2
			sub(/@.*/, "", base)
			test = $3
			if (!(test in elsewhere))
				sub(/@.*/, "", test)
			guess = test in elsewhere ? elsewhere[test] : 15
			guess *= $2 ~ /^[^\/]*\/(debug|race)\// ? 3 : $2 !~ /^(amd64|host)/ ? 2 : 1
			print ($2 in time ? time[$2] : base in time ? time[base] : guess), $1
		}' known=1 tests/durations "$cache/durations" known=0 -
}

# forget LINES: what the file of durations has more than once, if it has more LINES
forget() {
	touch "$cache/durations"
	[[ $(wc -l <"$cache/durations") -gt $1 ]] || return 0
	awk '{ time[$1] = $2 } END { for (name in time) print name, time[name] }' "$cache/durations" |
		LC_ALL=C sort >"$cache/durations.$$" && mv "$cache/durations.$$" "$cache/durations"
}

# hash: of its input; contents FILE...: of their names and contents
hash() {
	sha256sum | cut -c1-32
}

contents() {
	find "$@" -type f ! -name '*.o' ! -name '.*' -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0r sha256sum | hash
}

# tree [PATH...]: the hash of all sources, or of those there
tree() {
	{
		git ls-files -z --cached --others --exclude-standard -- "$@" 2>/dev/null ||
			find "${@:-.}" \( -path ./.git -o -path ./build \) -prune -o -type f -print0 2>/dev/null
	} | LC_ALL=C sort -z | xargs -0r sha256sum 2>/dev/null | hash
}

# made_of: the hash of what guests are built from, and of who runs the tests. While that
# is edited, nobody knows which of both a test was run with.
made_of() {
	tree Kbuild include src lib tools bench/*.c bench/user bench/modules dts-overlays configfs-examples \
		scripts tests/*/*.dtso tests/modules tests/kunit tests/programs tests/lib tests/run
}

# made_by ARCH KERNEL: what guests of this kernel are made of, a hash and a name each: the
# kernel, modules, programs, and who runs the tests. Builds what is not there.
made_by() (
	# shellcheck source=../../scripts/lib/guest.sh
	source scripts/lib/guest.sh
	kernel "$2" "$1"
	guest
	sha256sum <"$kernel_image"
	cd "$build_dir" && find . -path ./root -prune -o -name '*.ko' -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
	cd "$tools_dir" && find . -type f ! -name '*.d' ! -name '*.o' -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
	cd "$repo" && contents scripts/vm scripts/lib scripts/guest tests/run tests/lib configfs-examples
)

# text TEST: of itself, of what it sources, of the files that it takes along, and of the
# sources of the programs that all of this names
text() {
	local text word path name
	text=$(
		cat "tests/$1.t"
		sed -n 's|^\. /tests/lib/|tests/lib/|p' "tests/$1.t" | xargs -r cat
		for word in $(header "tests/$1.t" 'vm\(-[a-z0-9]*\)\{0,1\}'); do
			path=${word%%:*}
			[[ ! -e $path ]] || find "$path" -type f -exec cat {} + | tr -d "\0"
		done
	)
	echo "$text"
	for path in tests/programs/*.c tests/programs/*/*.c; do
		name=${path##*/}
		[[ $text != *"${name%.c}"* ]] || cat "$path"
	done
}

# made_for TEST <LIST: without programs that it does not name, and without user drivers if
# it has nothing to do with them
made_for() {
	local text sum name
	text=$(text "$1" | tr -d '\0')
	while read -r sum name; do
		case $name in
		./dts-overlays/* | *.ko) ;;
		./*) [[ $text == *"${name##*/}"* ]] || continue ;;
		esac
		[[ $name != */micro_user.ko || $text =~ micro_user|user-driver|'*.ko' ]] || continue
		echo "$sum $name"
	done
}

# key NAME: the same key means the same test of the same thing
key() {
	local name=$1 test=${1#*/*/} where word folder
	test=${test%:*}
	{
		echo "$name"
		case $name in
		host/model)
			# shellcheck disable=SC2154,SC2086 # plan.bash has it
			contents $modelled
			;;
		host/* | */system/*)
			tree
			;;
		*)
			where=${name%"/${name#*/*/}"}
			made_for "$test" <"$run/made-by/${where/\//-}"
			sha256sum "tests/$test.t"
			[[ -z $(header "tests/$test.t" host) ]] || tree
			for word in $(header "tests/$test.t" vm) $(header "tests/$test.t" "vm-${name%%/*}"); do
				folder=${word%%:*}
				[[ ! -e $folder ]] || contents "$folder"
			done
			;;
		esac
		if has_size "$test"; then echo "tier $tier"; fi
		if has_seed "$test"; then echo "seed $seed"; fi
	} | hash
}

# keep KEY PASSED SKIPPED SECONDS: that it passed
keep() {
	local file=$cache/passed/$1
	mkdir -p "$cache/passed"
	echo "$2 $3 $4 $(date +%s)" >"$file.$$" && mv "$file.$$" "$file"
}

# reused: reads names, and prints those that have to be run. What has passed as it is
# now is counted, and told.
reused() {
	local name passed skipped when n=0
	find "$cache/passed" -mtime +30 -delete 2>/dev/null
	while read -r name; do
		if read -r passed skipped _ when 2>/dev/null <"$cache/passed/$(key "$name")"; then
			echo "reused: $name passed on $(date -d "@$when" '+%-d %b, %H:%M'), and nothing of it has changed" >&2
			echo "0 0 $skipped $passed" >>"$run/counts"
			n=$((n + 1))
		else
			echo "$name"
		fi
	done
	[[ $n -eq 0 ]] || say "results of an earlier run: $n"
}

# outcome STATUS <TAP: "PASSED FAILED SKIPPED SECONDS TEST" for each test of a guest that
# several share, and in the end for all together, without TEST
outcome() {
	awk -v status="$1" '
		/^ok .*# SKIP/ || /^1\.\.0 # SKIP/ { skipped++ }
		/^ok / && !/# SKIP/ { passed++ }
		/^not ok / { failed++ }
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
		/^# [^ ]+ took [0-9]+ s, / {
			print passed - p, failed - f, skipped - s, $4, $2
			p = passed
			f = failed
			s = skipped
		}
		END {
			# what did not finish, or not all of its plan, failed as well
			if (!failed && (status || !planned || plan && plan != passed + skipped))
				failed = 1
			print passed + 0, failed + 0, skipped + 0
		}'
}
