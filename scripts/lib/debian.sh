# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced: packages of a Debian release, whatever this machine runs. They are
# downloaded and unpacked into the cache. Nothing of this machine's system changes,
# and none of it needs root.
# shellcheck source=common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

# debian SUITE ARCH COMMAND...: in the command, apt knows the packages of that
# release and architecture, and no others. It has lists of its own, which are as
# new as the machine's.
debian() {
	local suite=$1 arch=$2 dir=$cache/apt/$1-$2
	shift 2
	if ! lists_are_new "$dir"; then
		locked "apt-$suite-$arch" load_lists "$suite" "$arch" "$dir" || exit
	fi
	APT_CONFIG=$dir/apt.conf "$@"
}

lists_are_new() {
	[[ -e $1/apt.conf && ! /var/lib/apt/lists -nt $1/apt.conf ]]
}

# load_lists SUITE ARCH DIR
load_lists() {
	local suite=$1 arch=$2 dir=$3
	! lists_are_new "$dir" || return 0
	say "loading the package lists of Debian's $suite for $arch"
	mkdir -p "$dir"/{lists,archives}/partial
	debian_sources "$suite" "$arch" >"$dir/sources.list" || exit
	# How to get at packages (proxies and the like) is a matter of the machine. All
	# else that its configuration says is about its own packages.
	{
		apt-config dump --no-empty --format '%f "%v";%n' Acquire |
			grep -E '^Acquire::(https?|ftp|Check-|Retries|Force)'
		cat <<-END
			APT::Architecture "$arch";
			APT::Architectures { "$arch"; };
			Dir::State::status "/dev/null";
			Dir::State::lists "$dir/lists";
			Dir::Cache "$dir";
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$dir/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			Acquire::Languages "none";
			APT::Update::Error-Mode "any";
		END
	} >"$dir/apt.conf.new"
	if APT_CONFIG=$dir/apt.conf.new apt_or_update update || without_updates "$arch" "$dir"; then
		mv "$dir/apt.conf.new" "$dir/apt.conf"
	elif [[ -e $dir/apt.conf ]]; then
		say "could not load the package lists of Debian's $suite: going on with those from $(date -r "$dir/apt.conf" +%F)"
	else
		die "could not load the package lists of Debian's $suite, see above: is the network there? Is $cache full?"
	fi
}

# without_updates ARCH DIR: the release's own lists alone. Mirrors that are right for the
# architectures that all have may be wrong for the others, for days.
without_updates() {
	[[ $1 != a??64 && ! -e $2/apt.conf ]] || return
	say "updates for $1 cannot be had, see above: going on without them"
	# the first line is the release
	sed -i 1q "$2/sources.list"
	APT_CONFIG=$2/apt.conf.new apt_or_update update
}

# debian_sources SUITE ARCH: the lines of a sources.list
debian_sources() {
	local suite=$1 arch=$2 main security options
	read -r main security options < <(debian_mirror) || exit
	[[ -n $security ]] || exit
	printf "deb $options%s %s main\n" "$main" "$suite" "$main" "$suite-updates"
	# the long-term support of Debian 12, which makes its security updates, leaves s390x out
	[[ $arch == s390x ]] || printf "deb $options%s %s main\n" "$security" "$suite-security"
	# where the newest kernels are, which are for this machine
	[[ $suite != "$newest_suite" || $arch != "$host_arch" ]] || printf "deb $options%s %s main\n" "$main" "$suite-backports"
}

# debian_mirror: prints where Debian's packages are, where its security updates
# are, and options for sources.list. A Debian machine has both from somewhere;
# other machines take DEBIAN_MIRROR, or what debootstrap takes.
debian_mirror() {
	local main='' security='' keyring=/usr/share/keyrings/debian-archive-keyring options=''
	if [[ -z $DEBIAN_MIRROR && $(os_release ID) == debian ]]; then
		read -r main security < <(machine_sources)
	fi
	if [[ -z $main ]]; then
		keyring=$(compgen -G "$keyring.[gp][pg]*" | head -n 1)
		if [[ -z $keyring ]]; then
			need /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring
			keyring=/usr/share/keyrings/debian-archive-keyring.gpg
		fi
		options="[signed-by=$keyring] "
		main=$DEBIAN_MIRROR
		if [[ -z $main ]]; then
			need debootstrap=debootstrap
			main=$(default_mirror) || die "debootstrap does not say where Debian's packages are:" \
				"say DEBIAN_MIRROR=URL, with the URL of a mirror of Debian"
		fi
	fi
	main=${main%/}
	# beside the packages, on the mirrors that have both
	security=${security:-${DEBIAN_SECURITY_MIRROR:-${main%/debian}/debian-security}}
	printf '%s %s %s\n' "$main" "${security%/}" "$options"
}

# machine_sources: from apt's own sources, whether its lists were loaded or not
machine_sources() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
		awk -v codename="$(os_release VERSION_CODENAME)" '
			$3 != "main" { next }
			($1 == codename || $1 ~ /^(old|oldold)?stable$/) && main == "" { main = $2 }
			$1 ~ /-security$/ && security == "" { security = $2 }
			END { print main, security }'
}

# default_mirror: as debootstrap says for Debian's releases
default_mirror() {
	local share=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}
	{
		sed -nE 's/^[[:space:]]*default_mirror[[:space:]]+"?([^"[:space:]]+).*/\1/p' "$share/scripts/$debian_suite"
		sed -nE 's/^[[:space:]]*(DEB_|DEF_)MIRROR="?([^"[:space:]]+).*/\2/p' "$(command -v debootstrap)"
	} 2>/dev/null | grep -m 1 '/debian/\?$'
}

# os_release NAME: prints what this machine's os-release says
os_release() {
	(
		# shellcheck source=/dev/null
		. /etc/os-release && printf '%s\n' "${!1}"
	) 2>/dev/null
}

# remembered SUITE ARCH NAME COMMAND...: the command's output, asked for again only
# when package lists changed; without lists, what was known last.
remembered() {
	local suite=$1 arch=$2 dir=$cache/apt/$1-$2 file=$cache/apt/$1-$2/known/$3 out
	shift 3
	if [[ ! -s $file || $dir/apt.conf -nt $file ]] || ! lists_are_new "$dir"; then
		if out=$(debian "$suite" "$arch" "$@") && [[ -n $out ]]; then
			mkdir -p "$dir/known"
			printf '%s\n' "$out" >"$file.$BASHPID" && mv "$file.$BASHPID" "$file"
		fi
	fi
	[[ -s $file ]] && cat "$file"
}

# no_package SUITE ARCH NAME: after remembered(). Without lists, what loads them has said why.
no_package() {
	[[ -e $cache/apt/$1-$2/apt.conf ]] || exit 125
	die "Debian's $1 has no $3"
}

candidate() {
	apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -v none
}

depends() {
	apt-cache depends --important "$1" | sed -n 's/^[ |]*Depends: //p'
}

# debian_root SUITE PACKAGE...: sets root_dir, a root folder of that release with
# those packages, to run programs in that this machine does not have
debian_root() {
	local suite=$1
	shift
	[[ $EUID -eq 0 ]] || die "a root folder of Debian's $suite is needed, and only root can make it"
	need mmdebstrap=mmdebstrap unshare=util-linux
	root_packages=$(printf '%s\n' "$@" | sort -u | paste -sd,)
	root_dir=$cache/root/$suite-$(sha256sum <<<"$root_packages" | cut -c1-12)
	[[ -e $root_dir/.complete ]] || locked "root-${root_dir##*/}" make_root "$suite" || exit
}

make_root() {
	local suite=$1 log=$cache/log/root-$1-$$.log
	[[ ! -e $root_dir/.complete ]] || return 0
	say "making a root folder of Debian's $suite to build in, once per machine: about a minute"
	rm -rf "$root_dir"
	unfinished "$root_dir"
	mkdir -p "$cache/log" "${root_dir%/*}"
	debian_bootstrap "$suite" "$root_dir" --mode=root --variant=essential \
		--include="$root_packages" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "mmdebstrap failed, see $log"
	}
	rm -f "$log"
	finished "$root_dir"
}

# debian_bootstrap SUITE TARGET OPTION...: mmdebstrap, from where this machine has
# its packages, in a mount namespace that ends with it
debian_bootstrap() {
	local suite=$1 target=$2 conf=$cache/apt/$1-$host_arch own_mounts=()
	shift 2
	debian "$suite" "$host_arch" true
	[[ $EUID -ne 0 ]] || own_mounts
	"${dies_with_us[@]}" "${own_mounts[@]}" mmdebstrap --aptopt="$(grep ^Acquire:: "$conf/apt.conf")" \
		"$@" "$suite" "$target" "$conf/sources.list"
}

# in_root FOLDER COMMAND...: in that root folder, where the cache is in its usual
# place. The mounts are the command's own: they end with it, however it ends.
in_root() {
	local own_mounts
	own_mounts
	# shellcheck disable=SC2016 # expanded by that shell
	"${dies_with_us[@]}" "${own_mounts[@]}" sh -ec '
		root=$1 cache=$2
		shift 2
		mkdir -p "$root$cache"
		mount --bind "$cache" "$root$cache"
		mount --bind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		exec chroot "$root" "$@"' sh "$1" "$cache" "${@:2}"
}
