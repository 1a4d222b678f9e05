#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# microctl with other C libraries and without the libraries that it can do without.
# The tests of its commands run with a static build for musl in a guest. Prints TAP.
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
# shellcheck source=../../scripts/lib/common.sh
source "$repo/scripts/lib/common.sh"

need make=make gcc=gcc musl-gcc=musl-tools readelf=binutils /usr/include/libfdt.h=libfdt-dev \
	/usr/include/json-c/json.h=libjson-c-dev /usr/include/libudev.h=libudev-dev
trap 'rm -rf "$work"' EXIT

# build FOLDER [VARIABLE=VALUE]...: sets status; a warning is a failure
build() {
	local folder=$work/$1
	shift
	mkdir -p "$folder"
	run make -s -j2 -C "$repo/tools/microctl" OUT="$folder" "$@"
	! says 'warning:' || status=1
}

# takes FOLDER LIBRARY: the program there is linked with it
takes() {
	readelf -d "$work/$1/microctl" | grep -q "NEEDED.*\[$2\."
}

build both
[[ $status -eq 0 ]] && takes both libudev && takes both libjson-c
ok $? 'microctl is built with libudev and json-c'
build none WITH_UDEV=0 WITH_JSON=0
[[ $status -eq 0 ]] && ! takes none libudev && ! takes none libjson-c && takes none libfdt
ok $? 'WITH_UDEV=0 WITH_JSON=0 builds it with libfdt alone'
build none WITH_UDEV=0 WITH_JSON=1
[[ $status -eq 0 ]] && ! takes none libudev && takes none libjson-c
ok $? 'another WITH_JSON= builds it again in the same folder'
build none WITH_UDEV=1 WITH_JSON=0
[[ $status -eq 0 ]] && takes none libudev && ! takes none libjson-c
ok $? 'WITH_JSON=0 builds it with libudev'
run make -s -C "$repo/tools/microctl" OUT="$work/none" DESTDIR="$work/stage" install
[[ $status -eq 0 ]] && cmp "$work/none/microctl" "$work/stage/usr/bin/microctl" && takes none libudev && ! takes none libjson-c
ok $? 'make install without the variables of the build installs what was built'
for command in list 'show x' tree watch; do
	# shellcheck disable=SC2086 # words
	run "$work/none/microctl" $command --json
	[[ $status -eq 2 ]] && says "${command%% *}: --json is not built into this microctl" && says 'WITH_JSON=1'
	ok $? "then ${command%% *} --json says that it is not built in, and how it is"
done
build wrong WITH_JSON=yes
[[ $status -eq 2 ]] && says 'WITH_JSON=yes: it is 0 or 1'
ok $? 'a switch that is neither 0 nor 1 is an error'
# which does not look in /usr/include
build missing CC=musl-gcc
[[ $status -eq 2 ]] && says 'install the packages libfdt-dev libjson-c-dev libudev-dev, or build without them' &&
	says 'WITH_JSON=0 WITH_UDEV=0'
ok $? 'without headers, make names the packages and the switches'
echo 'ID=fedora' >"$work/fedora"
OS_RELEASE=$work/fedora build missing CC=musl-gcc
[[ $status -eq 2 ]] && says 'install the packages libfdt-devel json-c-devel systemd-devel, or build without them' &&
	says 'WITH_JSON=0 WITH_UDEV=0'
ok $? '... and on Fedora the names that they have there'
build missing CC=musl-gcc WITH_JSON=0 WITH_UDEV=0
[[ $status -eq 2 ]] && says 'install the packages libfdt-dev, or say' && ! says libjson
ok $? 'with the switches it asks for libfdt alone'

# Debian's static libfdt calls nothing that musl lacks. json-c calls what glibc has to
# check the size of buffers: here are the same functions without the checks.
mkdir -p "$work/libraries" "$work/headers"
cp "$(gcc -print-file-name=libfdt.a)" "$(gcc -print-file-name=libjson-c.a)" "$work/libraries"
cp -r /usr/include/{libfdt.h,libfdt_env.h,fdt.h,json-c} "$work/headers"
cat >"$work/unchecked.c" <<'END'
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
int __vasprintf_chk(char **s, int flag, const char *f, va_list a) { return vasprintf(s, f, a); }
int __vfprintf_chk(FILE *s, int flag, const char *f, va_list a) { return vfprintf(s, f, a); }
int __vsnprintf_chk(char *s, size_t n, int flag, size_t room, const char *f, va_list a) { return vsnprintf(s, n, f, a); }
char *__strcat_chk(char *to, const char *from, size_t room) { return strcat(to, from); }
void __vsyslog_chk(int level, int flag, const char *f, va_list a) { vsyslog(level, f, a); }
int __fprintf_chk(FILE *s, int flag, const char *f, ...)
{
	va_list a;
	va_start(a, f);
	int n = vfprintf(s, f, a);
	va_end(a);
	return n;
}
int __snprintf_chk(char *s, size_t n, int flag, size_t room, const char *f, ...)
{
	va_list a;
	va_start(a, f);
	n = vsnprintf(s, n, f, a);
	va_end(a);
	return n;
}
END
musl-gcc -O2 -c -o "$work/unchecked.o" "$work/unchecked.c" && ar qs "$work/libraries/libjson-c.a" "$work/unchecked.o"
musl=(CC=musl-gcc CPPFLAGS=-I"$work/headers")

build dynamic "${musl[@]}" LDFLAGS=-L"$work/libraries" WITH_UDEV=0 WITH_JSON=0
[[ $status -eq 0 ]] && "$work/dynamic/microctl" --help >"$work/output" && says 'Usage: microctl' &&
	readelf -l "$work/dynamic/microctl" | grep -q 'interpreter: .*ld-musl'
ok $? 'it is built with musl'
build static "${musl[@]}" LDFLAGS="-static -L$work/libraries" WITH_UDEV=0
[[ $status -eq 0 ]] && ! readelf -l "$work/static/microctl" | grep -q interpreter &&
	"$work/static/microctl" --help >"$work/output"
ok $? 'it is built with musl as a static program, with json-c'

run "$vm" --kernel 6.12 --timeout 1200 --file "$work/static/microctl:/usr/local/bin/microctl" \
	-- 'sh /tests/microctl/commands.t'
[[ $status -eq 0 ]] && ! grep -q '^not ok' "$work/output" && grep -q '^1\.\.' "$work/output"
ok $? 'that program passes the tests of its commands, with the events of the kernel itself'

done_testing
