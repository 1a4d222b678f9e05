# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced: the newest kernel, which is in the backports of Debian's next release.
# Its modules need that release's compiler, so they are built in a root folder of
# that release. Nothing of this machine's system changes.
# shellcheck source=common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

newest_suite=trixie
# what is in the root folder beside what the kernel's headers depend on: what
# people have who build modules
newest_tools=(make gcc kmod libc6-dev pkgconf sparse xz-utils)

# newest_kernel VERSION: sets what kernel() sets
newest_kernel() {
	[[ $EUID -eq 0 ]] ||
		die "--kernel $1 needs root: its modules are built in a root folder of Debian's $newest_suite"
	need mmdebstrap=mmdebstrap unshare=util-linux
	kernel_release=$(newest_release "$1") || exit
	kernel_dir=$cache/kernel/$kernel_release
	kernel_image=$kernel_dir/usr/lib/modules/$kernel_release/vmlinuz
	kernel_headers=$kernel_dir/usr/src/linux-headers-$kernel_release
	kernel_modules=$kernel_dir/lib/modules/$kernel_release
	[[ -e $kernel_dir/.complete ]] ||
		locked "kernel-$kernel_release" unpack_newest_kernel || exit
	newest_packages=$(printf '%s\n' "${newest_tools[@]}" | sort -u - "$kernel_dir/.depends" | paste -sd,)
	newest_root=$cache/root/$newest_suite-$(sha256sum <<<"$newest_packages" | cut -c1-12)
	[[ -e $newest_root/.complete ]] ||
		locked "root-${newest_root##*/}" make_newest_root || exit
	kernel_run=(newest_run)
}

# newest_run COMMAND...: in the root folder, where the cache is in its usual
# place. The mounts are the command's own: they end with it, however it ends.
newest_run() {
	# shellcheck disable=SC2016 # expanded by that shell
	unshare -m sh -ec '
		root=$1 cache=$2
		shift 2
		mkdir -p "$root$cache"
		mount --bind "$cache" "$root$cache"
		mount --bind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		exec chroot "$root" "$@"' sh "$newest_root" "$cache" "$@"
}

# newest_apt COMMAND...: in the command, apt knows the packages of that release only
newest_apt() {
	local dir=$cache/apt-$newest_suite
	[[ $dir/apt.conf -nt /var/lib/apt/lists ]] || locked "apt-$newest_suite" newest_lists "$dir" || exit
	APT_CONFIG=$dir/apt.conf "$@"
}

# The lists are as new as the machine's own.
newest_lists() {
	local dir=$1
	[[ ! $dir/apt.conf -nt /var/lib/apt/lists ]] || return 0
	mkdir -p "$dir"/{lists,archives}/partial
	with_lists newest_sources >"$dir/sources.list" ||
		die "apt does not say where this machine's Debian packages are from"
	cat >"$dir/apt.conf.new" <<-END_OF_CONF
		Dir::State::status "/dev/null";
		Dir::State::lists "$dir/lists";
		Dir::Cache "$dir";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Acquire::Languages "none";
	END_OF_CONF
	APT_CONFIG=$dir/apt.conf.new apt_or_update update ||
		die "could not load the package lists of Debian's $newest_suite"
	mv "$dir/apt.conf.new" "$dir/apt.conf"
}

# Where the machine has its release from, the next one is, too.
newest_sources() {
	local uri
	# shellcheck disable=SC2016 # apt's variables
	uri=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		sed -n 's/^Debian [a-z]* //p' | head -n 1)
	[[ -n $uri ]] || return
	printf "deb $uri %s main\n" "$newest_suite" "$newest_suite-updates" "$newest_suite-backports"
}

# newest_release VERSION: the newest kernel of that version, as of uname -r
newest_release() {
	local names
	names=$(newest_apt remembered "linux-headers-$newest_suite" newest_headers) || exit
	grep "^${1//./\\.}\." <<<"$names" | sort -V | tail -n 1 | grep . ||
		die "there is no kernel $1: Debian's $newest_suite-backports has no package" \
			"linux-headers-$1.*-cloud-amd64, only ${names//$'\n'/, }"
}

newest_headers() {
	apt-cache pkgnames linux-headers- |
		sed -nE 's/^linux-headers-([0-9]+\.[0-9]+\.[0-9]+.*-cloud-amd64)$/\1/p'
}

unpack_newest_kernel() {
	local part parts=() more
	[[ ! -e $kernel_dir/.complete ]] || return 0
	say "fetching Debian's kernel $kernel_release"
	rm -rf "$kernel_dir"
	more=$(newest_apt depends "linux-headers-$kernel_release" &&
		newest_apt depends "linux-headers-$kernel_release" | grep '^linux-kbuild-' |
		while read -r part; do newest_apt depends "$part"; done)
	for part in base binary modules headers; do
		parts+=("linux-$part-$kernel_release")
	done
	mapfile -t -O ${#parts[@]} parts < <(grep -E '^linux-(headers-.*-common|kbuild-)' <<<"$more")
	[[ ${#parts[@]} -eq 6 ]] || die "unexpected dependencies of linux-headers-$kernel_release: $more"
	newest_apt apt_extract "$kernel_dir" "${parts[@]}"
	ln -s usr/lib "$kernel_dir/lib"
	# the package expects to be installed
	sed -i "s|/usr/src/|$kernel_dir/usr/src/|" "$kernel_headers/Makefile"
	depmod -b "$kernel_dir" "$kernel_release" || die "depmod failed"
	grep -v '^linux-' <<<"$more" >"$kernel_dir/.depends"
	touch "$kernel_dir/.complete"
}

make_newest_root() {
	local log=$cache/log/root-$newest_suite-$$.log conf
	[[ ! -e $newest_root/.complete ]] || return 0
	say "making a root folder of Debian's $newest_suite to build in, once per machine: about a minute"
	rm -rf "$newest_root"
	mkdir -p "$cache/log" "${newest_root%/*}"
	newest_apt true
	# proxies and the like
	conf=$(apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)')
	unshare -m mmdebstrap --mode=root --variant=essential --aptopt="$conf" \
		--include="$newest_packages" "$newest_suite" "$newest_root" \
		"$cache/apt-$newest_suite/sources.list" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "mmdebstrap failed, see $log"
	}
	rm -f "$log"
	touch "$newest_root/.complete"
}
