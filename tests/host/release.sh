#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a release and its contributors need: licenses, a bill of materials, how files are
# compiled, links that lead somewhere. Prints TAP.
# shellcheck disable=SC2154 # variables of what is sourced
# shellcheck source=../../scripts/lib/guest.sh
source "${BASH_SOURCE[0]%/*}/../../scripts/lib/guest.sh"
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"

need make=make gcc=gcc reuse=reuse python3=python3 /usr/include/libfdt.h=libfdt-dev \
	/usr/include/json-c/json.h=libjson-c-dev /usr/include/libudev.h=libudev-dev
kernel 6.1
trap 'rm -rf "$work"' EXIT

# only what is delivered
source=$work/source
mkdir "$source"
make -s -C "$repo" dist DIST="$work" >"$work/output" && tar -xf "$work"/*.tar.xz -C "$source" --strip-components=1
cd "$source" || exit

run reuse lint
[[ $status -eq 0 ]] && says 'Congratulations' && ! says ERROR
ok $? 'each file says its license and author, and each license has its text'
cmp LICENSE LICENSES/GPL-2.0-only.txt >"$work/output" 2>&1 && cmp lib/LICENSE LICENSES/LGPL-2.1-or-later.txt >>"$work/output" 2>&1
ok $? 'the texts in LICENSES are those beside the code'
run make -s sbom
[[ $status -eq 0 ]] && grep -q '^SPDXVersion: ' build/*.spdx && grep -qF 'FileName: ./src/core/main.c' build/*.spdx
ok $? 'make sbom writes a bill of materials with each file'

run make -s -j2 KDIR="$kernel_headers" compile_commands.json
ok $status 'make compile_commands.json writes it'
cat >"$work/compile.py" <<'END'
import json, os, shlex, subprocess, sys
commands = json.load(open("compile_commands.json"))
files = {os.path.normpath(os.path.join(c["directory"], c["file"])): c for c in commands}
here = os.getcwd()
for name in ("src/core/main.c", "src/drivers/micro_ram.c", "tools/microctl/apply.c", "lib/libmicro/serve.c"):
    c = files[os.path.join(here, name)]
    words = shlex.split(c["command"])
    # as an editor does, without output
    words = [w for w in words if not w.startswith("-Wp,-MMD")] + ["-fsyntax-only"]
    subprocess.run(words, cwd=c["directory"], check=True)
missing = [f for f in files if not os.path.exists(f)]
assert not missing, missing
END
run python3 "$work/compile.py"
ok $status 'with its commands files of all parts compile'

# [text](file) of all pages
# shellcheck disable=SC2016 # code
broken=$(find . -name '*.md' -printf '%P\n' | while read -r page; do
	sed 's/`[^`]*`//g' "$page" | grep -oE '\]\([^)# ]+' | cut -c 3- | grep -v '^https*:' | while read -r link; do
		[[ $page == */* && -e ${page%/*}/$link ]] || [[ $page != */* && -e $link ]] || echo "$page: $link"
	done
done)
echo "$broken" >"$work/output"
[[ -z $broken ]]
ok $? 'the links between pages lead to files'
for page in CONTRIBUTING.md SECURITY.md CODE_OF_CONDUCT.md NEWS.md docs/stability.md; do
	grep -qF "]($page)" README.md || echo "$page"
done >"$work/output"
[[ ! -s $work/output ]]
ok $? 'the README leads to the pages for contributors'

done_testing
