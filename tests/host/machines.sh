#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Machines without apt, without the right to install, and of the other architecture:
# stubs stand for the programs of such machines.
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
fetch need mount=mount unshare=util-linux || exit
chmod 755 "$work"
export XDG_CACHE_HOME=$work/cache

# scripts add folders to PATH, in which there is no apt-get then, either
fake=$work/fake
tools "$fake" apt-get apt-cache apt-config podman docker
sed 's|^PATH+=.*|:|' "$repo/scripts/lib/common.sh" >"$work/common.sh"
# here COMMAND...: with the stubs
# shellcheck disable=SC2016 # that shell's
here() {
	run unshare -m bash -c 'mount --bind "$1" "$2/scripts/lib/common.sh" && cd "$2" && shift 2 && PATH=$FAKE exec "$@"' \
		bash "$work/common.sh" "$repo" "$@"
}
export FAKE=$fake
if [[ $EUID -ne 0 ]]; then
	echo '1..0 # SKIP needs root, for mounts of its own'
	exit
fi

here "$repo/scripts/vm" -- true
[[ $status -eq 125 ]] && says 'no apt-get' && says 'install podman or docker' && says 'debian:12' && one_line
ok $? 'without apt and container engines one sentence names what to install and the container command'

stub "$fake/podman" <<'END'
[[ $1 != info ]] || exit 0
printf '%s\n' "$@"
exit 7
END
here "$repo/scripts/vm" --file "$work:/usr/bin/there" --get '/tmp/x:results' -- sh -c 'exit 7'
[[ $status -eq 7 ]] && says 'going on in a container of Debian 12, with podman'
ok $? 'without apt podman runs the command, whose status counts'
grep -qxF "$repo:$repo" "$work/output" && grep -qxF "$work:$work" "$work/output"
ok $? 'the container has the project and the folders of the options, each in its place'
! grep -q '^/usr/bin:' "$work/output"
ok $? 'the container keeps its own programs when a file goes into a folder of that name in the guest'
grep -qxF label=disable "$work/output"
ok $? 'the folders are not kept from the container by SELinux'
grep -qxF "XDG_CACHE_HOME=$work/cache/microkernel/container" "$work/output" && grep -qxF debian:12 "$work/output" &&
	grep -A 5 -xF "$repo/scripts/vm" "$work/output" | tr '\n' ' ' | grep -q "scripts/vm --file .* --get /tmp/x:results"
ok $? 'the container has the cache, and gets the same arguments'

stub "$fake/podman" <<<'exit 1'
stub "$fake/docker" <<'END'
[[ $1 != info ]] || exit 0
echo "docker $*"
END
here "$repo/tests/run" --kernel 6.1 chardev
[[ $status -eq 0 ]] && says 'with docker' && says 'tests/run --kernel 6.1 chardev'
ok $? 'when podman does not work docker runs tests/run'
: >"$work/results"
MICROKERNEL_RESULTS=$work/results here bash -c "cd /usr/bin && exec ../..$repo/tests/run --kernel 6.1 chardev"
[[ $status -eq 0 ]] && says "-v $work/results:$work/results" && says " sh $repo/tests/run --kernel 6.1 chardev"
ok $? 'in a container tests/run has the file for the sums of .ci/run, and its own path, wherever it is called'
stub "$fake/docker" <<<'exit 1'
here "$repo/scripts/vm" -- true
[[ $status -eq 125 ]] && says "docker is there, but 'docker info' fails" && one_line
ok $? 'a container engine that is there and does not work is named'
rm "$fake/docker" "$fake/podman"

# a user on Debian, who may not install anything
tools "$fake"
rm -f "$fake"/{podman,docker} "$fake"/qemu-system-*
# shellcheck disable=SC2016 # that shell's
user() {
	chown -R nobody "$work/cache" 2>/dev/null
	run unshare -m bash -c 'mount --bind "$1" "$2/scripts/lib/common.sh" && cd / && shift 2 && PATH=$FAKE exec "$@"' \
		bash "$work/common.sh" "$repo" setpriv --reuid nobody --regid nogroup --clear-groups "$@"
}
if setpriv --reuid nobody --regid nogroup --clear-groups test -r "$vm"; then
	user "$vm" -- true
	[[ $status -eq 125 ]] && says 'please have root run: apt-get install' && says qemu-system && says podman && one_line
	ok $? 'a user without the right to install is told what root is to install, or to use podman'
	stub "$fake/podman" <<-'END'
		[[ $1 == info ]] || echo "podman $*"
	END
	user "$repo/tests/run" --kernel 6.12 chardev
	[[ $status -eq 0 ]] && says 'only root can install' && says "podman run" && says "$repo/tests/run --kernel 6.12 chardev"
	ok $? 'with podman tests/run of such a user goes on in a container before it builds anything'
	rm "$fake/podman"
else
	skip 'a user without the right to install' 'users may not read the project'
fi

# root of a container, as a rule
run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$repo/tests/run" --tier check --list
[[ $status -eq 0 ]] && says 'Linux 7.3 is left out' && ! says /7.3/
ok $? 'where root may not mount, 7.3 is left out, and said to be'

# an arm64 machine: the emulators are missing, so what is asked for shows what it takes
stub "$fake/dpkg" <<<'echo arm64'
# shellcheck disable=SC2016 # the stub's
stub "$fake/uname" <<<'[[ $1 == -m ]] && echo aarch64'
stub "$fake/apt-get" <<<'exit 1'
stub "$fake/apt-cache" <<<'exit 0'
rm -f "$fake"/{gcc-12,x86_64-linux-gnu-gcc-12}
here "$repo/scripts/vm" -- true
says 'could not install gcc-12 ' && says qemu-system-arm && ! says qemu-system-x86 && ! says gcc-12-aarch64-linux-gnu
ok $? 'on arm64 the guest is arm64, and the compiler the own one'
here "$repo/scripts/vm" --kernel debug -- true
[[ $status -eq 125 ]] && says 'the kernel debug is there for amd64 only, not for arm64' && one_line
ok $? 'on arm64 the kernel debug, which is for amd64, is one sentence'

done_testing
