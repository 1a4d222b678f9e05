# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# Sourced by the host-side scripts: the cache, messages, packages, and what is to
# be cleaned up.

repo=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
# what is called from here may run in other folders
[[ -z $XDG_CACHE_HOME || $XDG_CACHE_HOME == /* ]] || XDG_CACHE_HOME=$PWD/$XDG_CACHE_HOME
cache=${XDG_CACHE_HOME:-$HOME/.cache}/microkernel
# A second clone of the repository gets build folders of its own.
repo_id=$(sha256sum <<<"$repo" | cut -c1-12)
# make takes no path with blanks or other special characters
source_path=$repo
if [[ $repo == *[!A-Za-z0-9/._+,@~-]* ]]; then
	source_path=$cache/source-of/$repo_id
fi
# what this run was called with, for in_container(), wherever it goes after this
command_line=("$(realpath -- "$0" 2>/dev/null)" "$@")
# where depmod is, which only root has in the path
PATH+=:/usr/sbin:/sbin

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Debian's name of this machine's architecture
host_arch=$(dpkg --print-architecture 2>/dev/null || uname -m)
case $host_arch in
x86_64) host_arch=amd64 ;;
aarch64) host_arch=arm64 ;;
esac
# the architectures of guests, by Debian's names
arch_names='amd64, arm64, armhf, i386, ppc64el, riscv64 and s390x'
# triple ARCH: what Debian calls the folders with the libraries of that architecture
triple() {
	case $1 in
	amd64) echo x86_64-linux-gnu ;;
	arm64) echo aarch64-linux-gnu ;;
	armhf) echo arm-linux-gnueabihf ;;
	i386) echo i386-linux-gnu ;;
	ppc64el) echo powerpc64le-linux-gnu ;;
	riscv64) echo riscv64-linux-gnu ;;
	s390x) echo s390x-linux-gnu ;;
	*) return 1 ;;
	esac
}
# cross ARCH: what the names of its cross compiler and of that one's folder begin with
cross() {
	if [[ $1 == i386 ]]; then
		echo i686-linux-gnu
	else
		triple "$1"
	fi
}
host_triple=$(triple "$host_arch")
# Debian's releases from which the kernels are: 6.1 and 6.12, and the newest
debian_suite=bookworm newest_suite=trixie
# suite ARCH: the release that its first kernel and its programs are from; Debian 12 has no
# riscv64
suite() {
	if [[ $1 == riscv64 ]]; then
		echo "$newest_suite"
	else
		echo "$debian_suite"
	fi
}

# 125, as of docker and timeout: the tool failed, not what it was to run
die() {
	say "$*"
	exit 125
}

mkdir -p "$cache" || die "cannot make $cache: say XDG_CACHE_HOME=FOLDER, with a folder that you may write to"

[[ $cache != *[!A-Za-z0-9/._+,@~-]* ]] ||
	die "kernel modules cannot be built in $cache, for the characters in it: say XDG_CACHE_HOME=FOLDER"
if [[ $source_path != "$repo" ]]; then
	mkdir -p "${source_path%/*}"
	ln -sfn "$repo" "$source_path" || die "cannot write to $cache"
fi

# At the end, however it comes: children end, what at_exit() was told is done, and
# what is not finished goes away. That is for this process alone, which may be a subshell:
# bash also has a child that is killed right after its fork() do it.
at_exit=() unfinished=() on_exit_of=$BASHPID

at_exit() {
	at_exit+=("$*")
}

# unfinished FOLDER: goes away at the end, unless finished() says that it is complete
unfinished() {
	unfinished+=("$1")
}

finished() {
	touch "$1/.complete" || die "cannot write to $1"
	unfinished=()
}

# shellcheck disable=SC2317 # the trap calls it
on_exit() {
	local i
	[[ $BASHPID -eq $on_exit_of ]] || return
	trap '' INT TERM HUP
	end_children "$on_exit_of"
	# what came last goes first
	for ((i = ${#at_exit[@]} - 1; i >= 0; i--)); do
		eval "${at_exit[i]}"
	done
	[[ ${#unfinished[@]} -eq 0 ]] || remove "${unfinished[@]}"
}

# children_of PID: sets children
children_of() {
	children=()
	[[ ! -e /proc/$1/task/$1/children ]] || read -ra children <"/proc/$1/task/$1/children"
} 2>/dev/null

# shellcheck disable=SC2317 # the trap calls it
end_children() {
	local child children
	children_of "$1"
	for child in "${children[@]}"; do
		end_children "$child"
		kill "$child" 2>/dev/null
	done
}

# TERM and HUP have no trap: bash then ends at once, and not after the program that
# it waits for.
trap on_exit EXIT
trap 'exit 130' INT

# temporary VARIABLE PATH: sets it to a new folder, which is there as long as this
# process. Those of processes that were killed go away.
temporary() {
	local old pid fd
	for old in "$2".*.??????; do
		pid=${old#"$2."}
		# the lock is for those whose processes are not seen here
		[[ ! -O $old || -e /proc/${pid%.*} ]] || ! flock -n "$old" true || remove "$old"
	done
	mkdir -p "${2%/*}"
	printf -v "$1" %s "$(mktemp -d "$2.$$.XXXXXX")"
	[[ -n ${!1} ]] || die "cannot make a temporary folder in ${2%/*}: is it full?"
	exec {fd}<"${!1}"
	flock -n "$fd"
	at_exit "remove $(printf %q "${!1}")*"
}

# remove FOLDER...: with the read-only folders that were copied to there
remove() {
	chmod -R u+rwX "$@"
	rm -rf --one-file-system "$@"
} 2>/dev/null

# What a program is started with that is to end when this process is killed
dies_with_us=()
! command -v setpriv >/dev/null || dies_with_us=(setpriv --pdeathsig TERM)

# own_mounts: sets it to what a command is started with whose mounts are its own, and end
# with it. In a root folder that is no mount, as chroot leaves it, unshare cannot have them
# private: they are what those around them are.
own_mounts() {
	need unshare=util-linux mount=mount
	own_mounts=(unshare -m)
	"${own_mounts[@]}" true 2>/dev/null || own_mounts+=(--propagation unchanged)
}

# may_mount: what root of a container may not, as a rule
may_mount() {
	[[ $EUID -eq 0 ]] && { unshare -m true || unshare -m --propagation unchanged true; } 2>/dev/null
}

# locked NAME COMMAND...: one process at a time; the file descriptor must not
# reach children that outlive the command, so it is closed for them.
locked() {
	local file=$cache/lock/$1 fd
	shift
	mkdir -p "$cache/lock"
	exec {fd}>"$file" || die "cannot write to $cache/lock"
	if ! flock -w 5 "$fd"; then
		say "waiting for another run that works on ${file##*/}"
		flock "$fd"
	fi
	"$@" {fd}>&-
	local status=$?
	exec {fd}>&-
	return $status
}

# on_debian: returns if this machine has apt, and else goes on in a container
on_debian() {
	command -v apt-get >/dev/null || in_container "this machine has no apt-get"
}

# in_container WHY: the same command in a container of Debian 12, where it may
# install packages. The container has the project, the current folder and the files
# that are named in the command, each in its place, and a cache of its own.
in_container() {
	local why=$1 engine name word path folder mounts=() command home=$cache/container
	local remedy='Please install podman or docker'
	[[ -z $MICROKERNEL_IN_CONTAINER && $BASH_SUBSHELL -eq 0 ]] || die "$why"
	mkdir -p "$home"/apt/{archives,lists}/partial
	declare -A folders=(["$repo"]=1 ["$PWD"]=1)
	for word in "${command_line[@]:1}"; do
		[[ $word != -- ]] || break # what follows is the guest's
		for path in "$word" "${word%:*}" "${word#*:}" "${word%%,*}"; do
			[[ $path == */* ]] || continue
			[[ -d $path ]] || path=${path%/*}/
			# with and without symbolic links
			while read -r folder; do
				case $folder/ in
				# in the guest, or what the container has of its own
				// | /var/ | /var/lib/ | /run/ | /usr/ | /usr/bin/* | /usr/sbin/* | /usr/lib*/* | /usr/share/*) ;;
				/bin/* | /boot/* | /dev/* | /etc/* | /lib/* | /lib64/* | /proc/* | /sbin/* | /sys/* | /tests/*) ;;
				"$repo"/*) ;;
				*) folders["$folder"]=1 ;;
				esac
			done < <(cd "$path" 2>/dev/null && pwd -L && pwd -P)
		done
	done
	for folder in "${!folders[@]}"; do
		[[ $folder == "$repo"/* || $folder == / ]] || mounts+=(-v "$folder:$folder")
	done
	mounts+=(-v "$home:$home" -v "$home/apt/archives:/var/cache/apt/archives" -v "$home/apt/lists:/var/lib/apt/lists")
	# the sums of .ci/run
	[[ -z $MICROKERNEL_RESULTS ]] || mounts+=(-v "$MICROKERNEL_RESULTS:$MICROKERNEL_RESULTS")
	[[ ! -w /dev/kvm ]] || mounts+=(--device /dev/kvm)
	# SELinux, as on Fedora, would keep these folders from the container
	command=(run --rm -i --security-opt label=disable -w "$PWD" "${mounts[@]}"
		-e "XDG_CACHE_HOME=$home" -e MICROKERNEL_IN_CONTAINER=yes)
	[[ ! -t 0 ]] || command+=(-t)
	for name in TERM DEBIAN_MIRROR DEBIAN_SECURITY_MIRROR MICROKERNEL_RESULTS SEED LLVM {http,https,no,ftp}_proxy; do
		[[ -z ${!name} ]] || command+=(-e "$name")
	done
	# the image's apt would throw away what it has downloaded
	command+=(debian:12 sh -c 'rm -f /etc/apt/apt.conf.d/docker-clean; exec "$@"' sh "${command_line[@]}")
	for engine in podman docker; do
		command -v "$engine" >/dev/null || continue
		"$engine" info >/dev/null 2>&1 || {
			remedy="$engine is there, but '$engine info' fails. Please set it up, or install podman or docker"
			continue
		}
		say "$why: going on in a container of Debian 12, with $engine"
		# shellcheck disable=SC2093 # the loop is for those that do not work
		exec "$engine" "${command[@]}"
	done
	die "$why. $remedy, and this command runs in a container of Debian 12;" \
		"or run it in such a container yourself: podman$(printf ' %q' "${command[@]}")"
}

apt() {
	local unboxed=()
	# root's folders are closed to the user that apt likes to download as
	[[ $EUID -ne 0 ]] || unboxed=(-o APT::Sandbox::User=root)
	DEBIAN_FRONTEND=noninteractive "${dies_with_us[@]}" apt-get -q "${unboxed[@]}" -o DPkg::Lock::Timeout=900 "$@"
}

# the lists of another release or architecture are the user's own
may_update() {
	[[ $EUID -eq 0 || -n $APT_CONFIG ]]
}

# apt_or_update ARGS...: once more with fresh package lists if it fails
apt_or_update() {
	local log progress='' status=0 pid=$BASHPID children
	mkdir -p "$cache/log"
	log=$cache/log/apt-$BASHPID.log
	: >"$log" || die "cannot write to $cache: is it full?"
	if [[ $1 != update ]]; then
		progress "$pid" "$log" "$@" &
		progress=$!
	fi
	if ! apt "$@" >"$log" 2>&1; then
		if ! may_update || [[ $1 == update ]] || ! { apt update && apt "$@"; } >"$log" 2>&1; then
			tail -n 20 "$log" >&2
			status=1
		fi
	fi
	# it may have ended long ago, and another process have its number
	children_of "$pid"
	[[ -z $progress || " ${children[*]} " != *" $progress "* ]] || { kill "$progress" && wait "$progress"; } 2>/dev/null
	rm -f "$log"
	return $status
}

# progress PID LOG ARGS...: says every few seconds how far apt-get ARGS is, which is
# writing the log. It ends with the process, if that is killed: it has its locks.
progress() {
	local pid=$1 log=$2 folder=$PWD total had now line before='' pipe
	shift 2
	total=$(megabytes "$@")
	[[ $total -gt 0 ]] || return
	[[ $1 == download || $1 == source ]] || folder=/var/cache/apt/archives
	had=$(size "$folder")
	# a sleep would be left over
	exec {pipe}<> <(:)
	while [[ -e $log && -e /proc/$pid ]] && ! read -rt 5 -u "$pipe"; do
		now=$(($(size "$folder") - had))
		line="... $((now < total ? now : total)) of $total MB"
		! grep -q '^Unpacking' "$log" ||
			line="... $(grep -c '^Setting up' "$log") of $(grep -c '^Unpacking' "$log") packages are set up"
		[[ $line == "$before" ]] || say "$line"
		before=$line
	done
}

# size FOLDER: in MB
size() {
	du -sm "$1" 2>/dev/null | cut -f 1
}

# megabytes ARGS...: what apt-get ARGS would download
megabytes() {
	apt "$@" --print-uris -qq -y 2>/dev/null | awk '$3 ~ /^[0-9]+$/ { n += $3 } END { printf "%d\n", n / 1000000 + 0.5 }'
}

# space MB WHAT: ends with an error if the cache has not that much
space() {
	local free
	free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
	[[ $free -ge $1 ]] ||
		die "$cache needs $1 MB of space for $2, and has $free MB: free some, or say XDG_CACHE_HOME=FOLDER"
}

# missing THING=PACKAGE...: prints the packages of the things that are missing; a
# thing is a command or, with a slash, a file.
missing() {
	local pair thing
	for pair; do
		thing=${pair%%=*}
		if [[ $thing == */* ]]; then
			[[ -e $thing ]]
		else
			command -v "$thing" >/dev/null
		fi || printf '%s\n' "${pair#*=}"
	done | sort -u
}

# need THING=PACKAGE...: installs what is missing
need() {
	local packages
	mapfile -t packages < <(missing "$@")
	[[ ${#packages[@]} -gt 0 ]] || return 0
	if ! command -v apt-get >/dev/null; then
		in_container "this machine has no apt-get to install ${packages[*]} with"
	elif [[ $EUID -ne 0 ]]; then
		may_not_install "${packages[@]}"
	fi
	say "installing ${packages[*]}"
	# what is there stays, whatever the packages conflict with; and to apt, gcc- is to remove gcc
	locked apt apt_or_update install -y --no-remove --no-install-recommends "${packages[@]}" ||
		die "could not install ${packages[*]}, see above"
}

# wanted THING=PACKAGE...: as need, but returns 1 if the package cannot be had
wanted() {
	local packages
	mapfile -t packages < <(missing "$@")
	[[ ${#packages[@]} -gt 0 ]] || return 0
	[[ $EUID -eq 0 ]] && apt-cache show "${packages[@]}" >/dev/null 2>&1 || return
	need "$@"
}

# Only the process that was called can go on in a container.
may_not_install() {
	[[ $BASH_SUBSHELL -gt 0 ]] || ! { podman info || docker info; } >/dev/null 2>&1 ||
		in_container "only root can install ${*}"
	die "please have root run: apt-get install $*; or install podman, and this command runs in a container"
}

# apt_extract FOLDER PACKAGE...: unpacks packages without installing them,
# which needs no root and leaves the machine as it is.
apt_extract() {
	local dir=$1 deb debs here=$PWD
	shift
	rm -rf "$dir.debs"
	unfinished "$dir.debs"
	mkdir -p "$dir" "$dir.debs" || die "cannot write to ${dir%/*}"
	# not in a subshell, which would go on, and keep the lock, if this process is killed
	{ cd "$dir.debs" && apt_or_update download "$@" && cd "$here"; } ||
		die "could not download $*, see above: is the network there, and is there space in $cache?"
	# apt-get may succeed, and leave out some
	debs=("$dir.debs"/*.deb)
	[[ -e ${debs[0]} && ${#debs[@]} -eq $# ]] || die "could not download all of $*: please try again"
	for deb in "${debs[@]}"; do
		dpkg -x "$deb" "$dir" || die "could not unpack ${deb##*/}: is $cache full?"
	done
	rm -rf "$dir.debs"
}
