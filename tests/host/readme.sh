#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The README: it is short, its session is what the example prints, its drivers work.
# Prints TAP.
# shellcheck disable=SC2016,SC2154 # fences of code; variables of what is sourced
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
readme=$repo/README.md

run wc -l "$readme"
[[ $(wc -l <"$readme") -le 150 ]]
ok $? 'the README has at most 150 lines'
run cat "$readme"
says 'make check' && says 'make demo'
ok $? 'it says how to try and to test'

run make -s -C "$repo" demo
# what is said while it is built is no part of it
grep -v '^vm: ' "$work/output" >"$work/shown"
[[ $status -eq 0 ]]
ok $? 'make demo works'
# the session is the block after the example's name, and the example goes on a little
sed -n '/0-taken-away/,/^## /{s/^    //p}' "$readme" >"$work/printed"
grep -v '^$' "$work/shown" | head -n "$(wc -l <"$work/printed")" | diff "$work/printed" - >"$work/output"
[[ $? -eq 0 && -s $work/printed ]]
ok $? 'the example prints the session of the README'

# numbers of devices, and the time, are others each time
settled() {
	sed -E -e 's/ +/ /g' -e 's/[0-9]+, +[0-9]+ [A-Z][a-z]{2} +[0-9]+ [0-9:]+/NUMBER TIME/' -e 's/^[0-9]+:[0-9]+$/NUMBER/'
}
/usr/bin/python3 -B "$repo/scripts/lib/cast.py" text "$repo/docs/demo.cast" | settled >"$work/recorded"
settled <"$work/shown" | diff "$work/recorded" - >"$work/output"
[[ $? -eq 0 && -s $work/recorded ]]
ok $? 'docs/demo.cast shows what make demo prints; scripts/cast makes it again'

mkdir "$work/counter"
sed -n '/^```c$/,/^```$/{//!p}' "$readme" >"$work/counter/counter.c"
echo 'obj-m := counter.o' >"$work/counter/Kbuild"
diff "$work/counter/counter.c" "$repo/packaging/examples/counter/counter.c" | grep '^<' >"$work/output"
[[ ! -s $work/output && -s $work/counter/counter.c ]]
ok $? 'each line of its driver is one of packaging/examples/counter'
command=$(sed -n '/scripts\/vm --module FOLDER/,/^$/p' "$readme" | sed 's/^ *//' | tr '\n' ' ')
run bash -c "cd '$repo' && ${command/FOLDER/$work/counter}"
[[ $status -eq 0 && $(grep -v '^vm:' "$work/output") == 1 ]]
ok $? 'the driver works with the command as it is printed'

# with a module micro that only looks
mkdir "$work/python"
sed -n '/^```python$/,/^```$/{//!p}' "$readme" >"$work/python/driver.py"
cat >"$work/python/try.py" <<'END'
import runpy
import types
import micro
served = []
micro.serve = lambda name, driver: served.append((name, driver))
runpy.run_path(__file__.replace("try.py", "driver.py"))
(name, driver), = served
file = types.SimpleNamespace()
assert name == "counter" and isinstance(driver, micro.Driver)
# each reads up to the end of the file
assert [driver.read(file, 9, pos) for pos in (0, 2, 0, 2)] == [b"1\n", b"", b"2\n", b""]
END
run env PYTHONPATH="$repo/lib/python" PYTHONDONTWRITEBYTECODE=1 python3 "$work/python/try.py"
ok $status 'the Python driver counts, and cat comes to its end'
done_testing
