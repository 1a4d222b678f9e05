# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# Sourced by the host-side scripts: the cache, messages, packages.

repo=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/microkernel
# A second clone of the repository gets build folders of its own.
repo_id=$(sha256sum <<<"$repo" | cut -c1-12)
mkdir -p "$cache"
# where depmod is, which only root has in the path
PATH+=:/usr/sbin:/sbin

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# 125, as of docker and timeout: the tool failed, not what it was to run
die() {
	say "$*"
	exit 125
}

# locked NAME COMMAND...: one process at a time; the file descriptor must not
# reach children that outlive the command, so it is closed for them.
locked() {
	local file=$cache/lock/$1 fd
	shift
	mkdir -p "$cache/lock"
	exec {fd}>"$file"
	flock "$fd"
	"$@" {fd}>&-
	local status=$?
	exec {fd}>&-
	return $status
}

apt() {
	local unboxed=()
	# root's folders are closed to the user that apt likes to download as
	[[ $EUID -ne 0 ]] || unboxed=(-o APT::Sandbox::User=root)
	DEBIAN_FRONTEND=noninteractive apt-get -q "${unboxed[@]}" -o DPkg::Lock::Timeout=900 "$@"
}

# the lists of another architecture are the user's own
may_update() {
	[[ $EUID -eq 0 || -n $APT_CONFIG ]]
}

# for_arch ARCH COMMAND...: in the command, apt knows the packages of ARCH only.
# For another architecture than the machine's it has lists of its own, as new as
# the machine's; nothing of the machine changes.
for_arch() {
	local conf=$cache/apt-$1/apt.conf arch=$1
	shift
	if [[ $arch == amd64 ]]; then
		"$@"
		return
	fi
	[[ $conf -nt /var/lib/apt/lists ]] || locked "apt-$arch" foreign_lists "$arch" "$conf" || exit
	APT_CONFIG=$conf "$@"
}

foreign_lists() {
	local arch=$1 conf=$2 dir=${2%/*}
	[[ ! $conf -nt /var/lib/apt/lists ]] || return 0
	mkdir -p "$dir"/{lists,archives}/partial
	cat >"$conf.new" <<END
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
Dir::State::status "/dev/null";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir";
END
	APT_CONFIG=$conf.new apt_or_update update || return
	mv "$conf.new" "$conf"
}

# apt_or_update ARGS...: once more with fresh package lists if it fails
apt_or_update() {
	local log
	mkdir -p "$cache/log"
	log=$cache/log/apt-$$.log
	if ! apt "$@" >"$log" 2>&1; then
		if ! may_update; then
			tail -n 5 "$log" >&2
			rm -f "$log"
			return 1
		fi
		if ! { apt update && apt "$@"; } >"$log" 2>&1; then
			tail -n 20 "$log" >&2
			rm -f "$log"
			return 1
		fi
	fi
	rm -f "$log"
}

# need THING=PACKAGE...: installs the packages of the things that are missing;
# a thing is a command or, with a slash, a file.
need() {
	local pair thing missing=()
	for pair; do
		thing=${pair%%=*}
		if [[ $thing == */* ]]; then
			[[ -e $thing ]]
		else
			command -v "$thing" >/dev/null
		fi || missing+=("${pair#*=}")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	[[ $EUID -eq 0 ]] || die "please have root run: apt-get install ${missing[*]}"
	say "installing ${missing[*]}"
	locked apt apt_or_update install -y --no-install-recommends "${missing[@]}" ||
		die "could not install ${missing[*]}"
}

# apt_extract FOLDER PACKAGE...: unpacks packages without installing them,
# which needs no root and leaves the machine as it is.
apt_extract() {
	local dir=$1 deb
	shift
	rm -rf "$dir.debs"
	mkdir -p "$dir" "$dir.debs"
	(cd "$dir.debs" && apt_or_update download "$@") ||
		die "could not download $*; root may have to run: apt-get update"
	for deb in "$dir.debs"/*.deb; do
		dpkg -x "$deb" "$dir" || die "could not unpack $deb"
	done
	rm -rf "$dir.debs"
}
