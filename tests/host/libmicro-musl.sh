#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libmicro and its examples with musl: static programs, which serve devices in a guest. Prints TAP.
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
cd "$repo" || exit
fetch need make=make gcc=gcc musl-gcc=musl-tools readelf=binutils /usr/include/linux/types.h=linux-libc-dev

mkdir "$work/musl"
run make -s -C lib/libmicro CC=musl-gcc OUT="$work/musl"
[[ $status -eq 0 ]] && ! says warning && readelf -d "$work/musl/libmicro.so.1" | grep -q 'NEEDED.*libc.so'
ok $? 'libmicro is built with musl'
run make -s -C lib/libmicro OUT="$work/musl" DESTDIR="$work/stage" install
[[ $status -eq 0 ]] && readelf -d "$work/stage/usr/lib/libmicro.so.1" | grep -q 'NEEDED.*\[libc\.so\]'
ok $? 'make install without the variables of the build installs what was built'
# rpm finds no names of libraries in others
[[ $(stat -c %a "$work/stage/usr/lib/libmicro.so.1") == 755 ]]
ok $? 'the shared library can be executed'
run make -s -C lib/libmicro OUT="$work/musl"
[[ $status -eq 0 ]] && readelf -d "$work/musl/libmicro.so.1" | grep -q 'NEEDED.*\[libc\.so\.6\]' &&
	run make -s install-lib CC=musl-gcc OUT="$work/musl" DESTDIR="$work/stage" && [[ $status -eq 0 ]] &&
	readelf -d "$work/stage/usr/lib/libmicro.so.1" | grep -q 'NEEDED.*\[libc\.so\]'
ok $? 'make install-lib with another CC= builds it again'
programs=()
for file in lib/examples/*.c; do
	name=${file##*/}
	name=${name%.c}
	run musl-gcc -static -O2 -Wall -Wextra -Ilib/libmicro -Iinclude/uapi -idirafter /usr/include \
		-idirafter "/usr/include/$(gcc -print-multiarch)" -o "$work/user-$name" "$file" "$work/musl/libmicro.a"
	[[ $status -eq 0 ]] && ! says warning && ! readelf -l "$work/user-$name" | grep -q interpreter
	ok $? "the example $name is built as a static program"
	programs+=(--file "$work/user-$name:/usr/local/bin/user-$name")
done
run "$vm" --kernel 6.12 --timeout 1200 "${programs[@]}" -- 'sh /tests/user/libmicro.t'
[[ $status -eq 0 ]] && ! grep -q '^not ok' "$work/output" && grep -q '^1\.\.' "$work/output"
ok $? 'these programs pass the tests of the library'
done_testing
