# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
# Sourced: the newest kernel, which is in the backports of Debian's next release.
# Modules of that release's kernels need its compiler, so they are built in a root folder
# of that release.
# shellcheck source=debian.sh
source "${BASH_SOURCE[0]%/*}/debian.sh"

# what is in the root folder beside what the kernel's headers depend on: what
# people have who build modules
newest_tools=(make gcc gcc-multilib kmod libc6-dev pkgconf sparse xz-utils)

# newest_kernel VERSION: sets what kernel() sets
newest_kernel() {
	needs_root "--kernel $1"
	kernel_release=$(newest_release "$1") || exit
	kernel_dir=$cache/kernel/$kernel_release
	kernel_image=$kernel_dir/usr/lib/modules/$kernel_release/vmlinuz
	kernel_headers=$kernel_dir/usr/src/linux-headers-$kernel_release
	kernel_modules=$kernel_dir/lib/modules/$kernel_release
	[[ -e $kernel_dir/.complete ]] ||
		locked "kernel-$kernel_release" unpack_newest_kernel || exit
	mapfile -t newest_depends <"$kernel_dir/.depends"
	in_newest "${newest_tools[@]}" "${newest_depends[@]}"
}

# needs_root OPTION: ends with an error if there can be no such root folder
needs_root() {
	may_mount ||
		die "$1 needs root, who may mount: its modules are built in a root folder of Debian's $newest_suite"
}

# in_newest PACKAGE...: modules are built in a root folder with these packages
in_newest() {
	debian_root "$newest_suite" "$@"
	kernel_run=(in_root "$root_dir")
}

# newest_release VERSION: the newest kernel of that version, as of uname -r
newest_release() {
	local names
	names=$(remembered "$newest_suite" "$kernel_arch" cloud-headers newest_headers) || exit
	grep "^${1//./\\.}\." <<<"$names" | sort -V | tail -n 1 | grep . ||
		die "there is no kernel $1: Debian's $newest_suite-backports has no package" \
			"linux-headers-$1.*-cloud-$kernel_arch, only ${names//$'\n'/, }; other kernels are $kernel_names"
}

newest_headers() {
	apt-cache pkgnames linux-headers- |
		sed -nE "s/^linux-headers-([0-9]+\.[0-9]+\.[0-9]+.*-cloud-$kernel_arch)$/\1/p"
}

unpack_newest_kernel() {
	local part parts=() more
	[[ ! -e $kernel_dir/.complete ]] || return 0
	say "fetching Debian's kernel $kernel_release"
	rm -rf "$kernel_dir"
	unfinished "$kernel_dir"
	more=$(debian "$newest_suite" "$kernel_arch" newest_dependencies)
	for part in base binary modules headers; do
		parts+=("linux-$part-$kernel_release")
	done
	mapfile -t -O ${#parts[@]} parts < <(grep -E '^linux-(headers-.*-common|kbuild-)' <<<"$more")
	[[ ${#parts[@]} -eq 6 ]] || die "unexpected dependencies of linux-headers-$kernel_release: $more"
	debian "$newest_suite" "$kernel_arch" apt_extract "$kernel_dir" "${parts[@]}"
	ln -s usr/lib "$kernel_dir/lib"
	# the package expects to be installed
	sed -i "s|/usr/src/|$kernel_dir/usr/src/|" "$kernel_headers/Makefile"
	depmod -b "$kernel_dir" "$kernel_release" || die "depmod failed"
	grep -v '^linux-' <<<"$more" >"$kernel_dir/.depends"
	finished "$kernel_dir"
}

# newest_dependencies: of the headers, and of the programs that build modules
newest_dependencies() {
	local part
	depends "linux-headers-$kernel_release"
	depends "linux-headers-$kernel_release" | grep '^linux-kbuild-' |
		while read -r part; do depends "$part"; done
}
