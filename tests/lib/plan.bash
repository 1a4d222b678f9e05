# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of, and for, tests/run
# Sourced by tests/run: which tests there are, which of them a tier has, and
# which share a guest. A test is named ARCH/KERNEL/GROUP/NAME, a part of one
# ARCH/KERNEL/GROUP/NAME:PART; what runs on this machine is host/NAME.

# the main job, revocation, poll and mmap: what differs from kernel to kernel
core='docs/examples devices/chardev devices/hotplug files/revoke files/poll files/mmap'
host_jobs='model lint deb bench-check self-test lint-archs check-host'
# what tests/model is a model of
modelled='tests/model src/core/binding.[ch] src/core/file.[ch] src/core/active.[ch] src/core/poll.[ch]
	src/core/wait.[ch] src/core/vma.[ch] src/user'

# header FILE NAME: the values of a "# NAME:" line at the head of the file
header() {
	sed -n -e '/^[^#]/q' -e "s/^# $2: //p" "$1"
}

# is_for FILE HEADER VALUE: a test without the header is for all
is_for() {
	local only
	only=$(header "$1" "$2" | xargs)
	[[ -z $only || " $only " == *" $3 "* ]]
}

# find_tests NAME: the tests of a group, or the test with or without its group
find_tests() {
	local name=${1#tests/} found
	name=${name%/}
	name=${name%.t}
	found=$(compgen -G "tests/$name/*.t") ||
		found=$(compgen -G "tests/$name.t") ||
		found=$(compgen -G "tests/*/$name.t") || return
	sed 's|^tests/||; s|\.t$||' <<<"$found"
}

# every ARCH KERNEL NAME...: those of them that are for this kernel. A kernel that
# is like another for tests, such as 6.12-rt, runs those that are for that one.
every() {
	local arch=$1 kernel=$2 name test file parts i except
	shift 2
	for name; do
		for test in $(find_tests "$name"); do
			file=tests/$test.t
			is_for "$file" kernels "${kernel%-rt}" || continue
			is_for "$file" archs "$arch" || continue
			except=" $(header "$file" except | xargs) "
			[[ $except != *" $kernel "* && $except != *" $tier/$kernel "* ]] || continue
			parts=$(header "$file" parts | sed -n "s|^$tier/$kernel ||p")
			if [[ -z $parts ]]; then
				echo "$arch/$kernel/$test"
				continue
			fi
			for ((i = 1; i <= parts; i++)); do
				echo "$arch/$kernel/$test:$i"
			done
		done
	done
}

# groups GROUP...: all but those, and those that are asked for by name
groups() {
	local group
	for group in $(cd tests && compgen -G '*/*.t' | cut -d / -f 1 | sort -u); do
		[[ " system $* " == *" $group "* ]] || echo "$group"
	done | xargs
}

# functional GROUP...: all groups that say what things do, but for those
functional() {
	groups hard costs "$@"
}

# plan TIER: the names of what it has, one a line
plan() {
	local kernel other newest=() fresh=''
	# modules for the newest kernel are built in a root folder of another release
	if may_mount; then
		newest=(7.3) fresh=check-fresh
	else
		say "Linux 7.3 is left out: it needs root, who may mount file systems; in a container root may not"
		[[ $1 != long ]] || say "check-fresh is left out, for the same reason"
	fi
	# shellcheck disable=SC2046,SC2086 # words
	case $1/$native in
	check/amd64)
		every amd64 6.12 $(functional) hard/deadlock
		for kernel in 6.1 "${newest[@]}"; do
			every amd64 $kernel $core
		done
		# the modules build for it, and can be loaded
		every amd64 6.1-oldest docs/examples
		every arm64 6.12 $core firmware/devicetree firmware/supply
		;;
	check/*)
		every "$native" 6.12 $(functional) hard/deadlock
		every "$native" 6.1 $core
		;;
	ci/amd64)
		# what microctl does is its own doing, and no kernel's: once is enough
		every amd64 debug $(functional microctl) hard
		every amd64 6.12 costs
		printf 'host/%s\n' ${host_jobs/lint-archs check-host/}
		;;
	ci/*)
		printf 'host/%s\n' ${host_jobs/lint-archs check-host/}
		;;
	all/amd64)
		for kernel in debug race 6.1 6.12; do
			every amd64 $kernel $(groups)
		done
		# what microctl does is the same on these as on those
		for kernel in "${newest[@]}"; do
			every amd64 $kernel $(groups microctl)
		done
		every amd64 6.1-oldest docs/examples
		for kernel in 6.1-rt 6.12-rt; do
			every amd64 $kernel $(functional firmware microctl docs) hard
		done
		every arm64 6.1 $(groups microctl)
		every arm64 6.12 $(groups)
		# big endian, and 32 bits
		for other in s390x armhf; do
			every $other 6.1 $(functional microctl)
		done
		for kernel in 6.1 6.12 6.12-trixie; do
			every amd64 $kernel system
		done
		printf 'host/%s\n' model lint-archs
		;;
	long/*)
		# what takes hours
		printf 'host/%s\n' check-host $fresh
		for kernel in debug race; do
			every amd64 $kernel hard/user-kills hard/user-hostile hard/user-fifo
		done
		every amd64 6.12 system/many
		;;
	all/*)
		every "$native" 6.1 $(groups)
		every "$native" 6.12 $(groups)
		printf 'host/%s\n' model lint-archs
		;;
	esac
}

# options NAME: the options of scripts/vm that a test asks for, but for files, which do
# no harm to others; files NAME: just these
options() {
	{
		header "tests/${1#*/*/}.t" vm
		header "tests/${1#*/*/}.t" "vm-${1%%/*}"
	} | sed -E 's/--file +[^ ]+//g' | xargs
}

files() {
	{
		header "tests/${1#*/*/}.t" vm
		header "tests/${1#*/*/}.t" "vm-${1%%/*}"
	} | grep -oE -e '--file +[^ ]+' | xargs
}

# shares NAME: can it share a guest, with others that ask for the same options?
shares() {
	local test=${1#*/*/}
	[[ $1 != host/* && $test != system/* && $test != *:* ]] &&
		! grep -qE '^# (host|alone):' "tests/$test.t" &&
		[[ "$(options "$1") " =~ ^(--(cpus|mem)\ [0-9]+\ |\ )*$ ]]
}

# pack: reads "SECONDS NAME", and prints what is to be run, the longest first; tests
# that share a guest are one, with a + between them. A guest takes about a minute, on
# slow kernels three, or, if there is much to do, a twelfth of what each of the -j does.
pack() {
	local seconds name
	while read -r seconds name; do
		if shares "$name"; then
			echo "shared $seconds ${name%"/${name#*/*/}"} ${name#*/*/} $(options "$name" | tr ' ' ,)"
		else
			echo "alone $seconds $name"
		fi
	done | sort -k 1,1 -k 2,2nr | awk -v jobs="$jobs" '
		{ total += $2 }
		$1 == "alone" { out[++n] = $2 " " $3; next }
		{ shared[++s] = $0; sum[$3 " " $5] += $2 }
		END {
			target = total / jobs / 12
			target = target < 60 ? 60 : target
			for (i = 1; i <= s; i++) {
				split(shared[i], f)
				where = f[3] " " f[5]
				# their boot takes longer, too
				goal = where ~ /\/(debug|race) / ? 3 * target : target
				guests = int(sum[where] / goal) + 1
				# into the guest that has the least to do
				for (g = best = 1; g <= guests; g++)
					if (load[where, g] < load[where, best])
						best = g
				load[where, best] += f[2]
				names[where, best] = names[where, best] (names[where, best] ? "+" : "") f[4]
			}
			for (key in names) {
				split(key, part, " ")
				print load[key], part[1] "/" names[key]
			}
			for (i = 1; i <= n; i++)
				print out[i]
		}' | sort -k 1,1nr -k 2 | cut -d ' ' -f 2
}
