# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of, and for, scripts/vm
# Sourced by scripts/vm: files that come out of the guest, folders that it shares with
# this machine, and programs of this machine.
# shellcheck source=guest.sh
source "${BASH_SOURCE[0]%/*}/guest.sh"

# guest_path PATH: an absolute one, without slashes at its end; the guest's commands run in /root
guest_path() {
	local path=$1
	while [[ $path == ?*/ ]]; do
		path=${path%/}
	done
	[[ $path == /* ]] && printf '%s\n' "$path" || printf '/root/%s\n' "$path"
}

# get_prepare FOLDER PATH[:DEST]...: what the guest has to know; sets get_args of QEMU
get_prepare() {
	local folder=$1 item path dest
	shift
	get_args=()
	[[ $# -gt 0 ]] || return 0
	for item; do
		path=$(guest_path "${item%%:*}")
		dest=.
		[[ $item != *:* ]] || dest=${item#*:}
		[[ -n ${item%%:*} && -n $dest ]] || die "--get needs PATH or PATH:DEST, not '$item'"
		[[ -d $dest || ($dest != */ && -d $(dirname "$dest")) ]] || die "--get: there is no folder $dest"
		[[ $path != *[*?[]* || -d $dest ]] || die "--get $item: a pattern needs a folder to put the files into"
		printf '%s\n' "${path#/}"
	done >"$folder/root/vm/give.paths" || exit
	cp "$repo/scripts/guest/give" "$folder/root/vm/give"
	: >"$folder/given"
	# shellcheck disable=SC2054 # QEMU's commas
	get_args=(-chardev "file,id=give,path=${folder//,/,,}/given" "${give_port[@]}")
	echo "/dev/$give_tty" >"$folder/root/vm/give.tty"
}

# get_files FOLDER PATH[:DEST]...: puts the files where they are to go. Returns 1 if one is
# not there, or if another one of them has its place.
get_files() {
	local folder=$1 item path dest place found status=0
	local -A from=()
	shift
	mkdir -p "$folder/got"
	if [[ -s $folder/given ]]; then
		tar -xzf "$folder/given" -C "$folder/got" --no-same-owner 2>"$folder/got.log" || {
			say "--get: not all of it arrived: $(tail -n 1 "$folder/got.log")"
			status=1
		}
	fi
	for item; do
		path=$(guest_path "${item%%:*}")
		dest=.
		[[ $item != *:* ]] || dest=${item#*:}
		mapfile -t found < <(cd "$folder/got" && IFS='' && compgen -G "${path#/}" | LC_ALL=C sort)
		if [[ ${#found[@]} -eq 0 ]]; then
			say "--get: the guest had no $path"
			status=1
			continue
		fi
		[[ ! -d $dest ]] || dest=${dest%/}/
		for path in "${found[@]}"; do
			place=$dest
			[[ $dest != */ ]] || place+=${path##*/}
			if [[ -n ${from[$place]} && ${from[$place]} != "$path" ]]; then
				say "--get: /$path is left out, as $place is /${from[$place]}: say another DEST"
				status=1
				continue
			fi
			from[$place]=$path
			cp -rPT --preserve=mode,timestamps -- "$folder/got/$path" "$place" || status=1
		done
	done
	return $status
}

# share_prepare FOLDER DIR[:ro]...: starts a server for each; sets share_args of QEMU
share_prepare() {
	local folder=$1 item dir options name n=0 server
	local -A names=()
	shift
	share_args=()
	[[ $# -gt 0 ]] || return 0
	# the modules of --system are on its disk, and its kernels have it
	[[ -n $system ]] || grep -qs '/virtiofs\.ko' "$kernel_modules"/modules.{dep,builtin} ||
		die "--share: the kernel $kernel_release has no virtiofs; 6.1, 6.12, 7.3 and the -rt kernels have it. There are --file and --get"
	[[ $EUID -eq 0 ]] || die "--share needs root, as the server of virtiofs does; there are --file and --get"
	[[ -e /usr/lib/qemu/virtiofsd ]] || need /usr/libexec/virtiofsd=virtiofsd
	need unshare=util-linux
	server=$(compgen -G '/usr/lib*/*/virtiofsd' || compgen -G '/usr/libexec/virtiofsd')
	# shellcheck disable=SC2054 # QEMU's commas
	share_args=(-object "memory-backend-memfd,id=mem,size=${mem}M,share=on" -numa node,memdev=mem)
	for item; do
		dir=${item%:ro} options=rw
		[[ $dir == "$item" ]] || options=ro
		dir=$(cd "$dir" 2>/dev/null && pwd -P) || die "--share: there is no folder ${item%:ro}"
		name=${dir##*/}
		[[ $dir != *[$'\n,']* && -n $name ]] || die "--share: $dir has a name that cannot be shared"
		[[ -z ${names[$name]} ]] || die "--share: $dir and ${names[$name]} would both be /mnt/$name"
		names[$name]=$dir
		printf 'share%d %s %s\n' "$n" "$options" "$name"
		share_server "$folder/share$n" "$dir" "$options" "${server%%$'\n'*}"
		share_args+=(-chardev "socket,id=share$n,path=${folder//,/,,}/share$n"
			-device "vhost-user-fs-pci,chardev=share$n,tag=share$n")
		n=$((n + 1))
	done >"$folder/root/vm/shares" || exit
}

# share_server SOCKET DIR OPTIONS SERVER: in a mount namespace of its own, in which the folder
# can be read-only whatever the guest does
share_server() {
	local socket=$1 dir=$2 options=$3 server=$4 tries=100 own_mounts
	own_mounts
	# shellcheck disable=SC2016 # expanded by that shell
	"${dies_with_us[@]}" "${own_mounts[@]}" sh -ec '
		mount --bind "$2" "$2"
		[ "$3" = rw ] || mount -o remount,bind,ro "$2"
		exec "$4" --socket-path="$1" -o source="$2" -o sandbox=chroot -o cache=none' \
		sh "$socket" "$dir" "$options" "$server" </dev/null >"$socket.log" 2>&1 &
	while [[ ! -S $socket ]]; do
		tries=$((tries - 1))
		if [[ $tries -eq 0 || ! -e /proc/$! ]]; then
			cat "$socket.log" >&2
			die "--share $dir: the server did not start, see above"
		fi
		sleep 0.1
	done
}

# program_add FOLDER PROGRAM...: puts programs of this machine into the guest, each with its
# loader and its libraries
program_add() {
	local folder=$1 name program machine output
	local -A names=()
	shift
	mkdir -p "$folder/root/usr/local/bin"
	for name; do
		program=$(command -v -- "$name")
		[[ -f $program && -x $program ]] ||
			die "--program: there is no program $name"
		[[ -z ${names[${program##*/}]} || ${names[${program##*/}]} -ef $program ]] ||
			die "--program: $program and ${names[${program##*/}]} would both be /usr/local/bin/${program##*/}"
		names[${program##*/}]=$program
		machine=$(readelf -h "$program" 2>/dev/null | sed -n 's/^ *Machine: *//p')
		case $machine-$kernel_arch in
		*X86-64*-amd64 | AArch64-arm64 | ARM-armhf | *80386-i386 | PowerPC64-ppc64el | RISC-V-riscv64 | *S/390-s390x) ;;
		-*) ;; # a script has none
		*) die "--program: $name is for $machine, and the guest is $kernel_arch" ;;
		esac
		if [[ $kernel_arch == "$host_arch" ]] && output=$(ldd "$program" 2>&1) && grep 'not found' <<<"$output" >&2; then
			die "--program: $name does not run on this machine either, see above"
		fi
		add_program "$folder/root" "$program"
	done
}
