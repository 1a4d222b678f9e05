# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced: what the first guest of a kernel takes on a new machine, said before it
# starts.
# shellcheck source=kernel.sh
source "${BASH_SOURCE[0]%/*}/kernel.sh"

# announce KERNEL ARCH THING=PACKAGE...: says what is to be fetched for that kernel
# and those things, how much that is, and how long it takes. Says nothing if all of
# it is there. Ends with an error if there is no space for it.
announce() {
	local kernel=$1 arch=$2 packages install=0 fetch
	shift 2
	mapfile -t packages < <(missing "$@")
	fetch=$(to_fetch "$kernel" "$arch")
	[[ ${#packages[@]} -gt 0 || $fetch -gt 0 ]] || return 0
	# need() has a word on that
	[[ ${#packages[@]} -eq 0 || $EUID -eq 0 ]] || return 0
	if [[ ${#packages[@]} -gt 0 ]]; then
		if ! apt-cache show "${packages[@]}" >/dev/null 2>&1; then
			say "loading the package lists of this machine: about 10 MB"
			locked apt apt_or_update update || die "could not load the package lists, see above: is the network there?"
		fi
		install=$(megabytes install --no-install-recommends "${packages[@]}")
	fi
	say "this machine lacks something that is fetched now, once: $((install + fetch)) MB, about $(minutes "$kernel" $((install + fetch))) minutes"
	[[ $install -eq 0 ]] || say "  $install MB: packages for this machine, which apt installs: ${packages[*]}"
	[[ $fetch -eq 0 ]] || say "  $fetch MB: Debian's kernel $kernel for $arch, with its headers, which go into $cache"
	# unpacked it is several times as much, and a source that is built still more
	case $kernel in
	debug | race | clang) space $((fetch * 14)) 'that' ;;
	*) space $((fetch * 6)) 'that' ;;
	esac
}

# known_release KERNEL ARCH: which of Debian's releases that was when somebody asked last
known_release() {
	local known meta release
	known=$cache/apt/$(suite "$2")-$2/known
	meta=$(kernel_package "$1" "$2")
	case $1 in
	6.1-oldest)
		# as oldest_kernel() has it: those that are left out are there as well
		while read -r release; do
			[[ -e $cache/kernel/$release/.complete ]] || break
			! compgen -G "$cache/kernel/$release/usr/src/*-common/include/linux/cleanup.h" >/dev/null || break
		done < <(cat "$known/releases-6.1" 2>/dev/null)
		echo "$release"
		return
		;;
	esac
	release=$(grep -sm 1 '^linux-image-' "$known/$meta")
	echo "${release#linux-image-}"
}

# to_fetch KERNEL ARCH: in MB, with the package lists; 0 if it is in the cache
to_fetch() {
	local release
	release=$(known_release "$1" "$2")
	if [[ -n $release && -e $cache/kernel/$release/.complete ]]; then
		echo 0
		return
	fi
	case $1 in
	6.1 | 6.1-oldest) [[ $2 == a??64 ]] && echo 52 || echo 65 ;;
	6.12) [[ $2 == riscv64 ]] && echo 125 || echo 62 ;;
	6.1-rt) echo 96 ;;
	6.12-rt) echo 135 ;;
	debug | race | clang) compgen -G "$cache/kernel/$1-*/.complete" >/dev/null || compgen -G "$cache/source/6.12*/.complete" >/dev/null && echo 0 || echo 165 ;;
	[0-9]*) compgen -G "$cache/kernel/$1.*/.complete" >/dev/null && echo 0 || echo 280 ;;
	*) echo 0 ;;
	esac
}

# minutes KERNEL MB: on two CPUs, with ten MB a second, which apt needs to unpack it, too
minutes() {
	case $1 in
	debug | race) echo $((14 + $2 / 150)) ;;
	clang) echo $((29 + $2 / 150)) ;;
	*) echo $((2 + $2 / 150)) ;;
	esac
}
