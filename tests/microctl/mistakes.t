#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# microctl: what is wrong with files and with the system is told, and changes nothing.
# except: race debug
. /tests/lib/tap.sh
. /tests/lib/microctl.sh

# bus FILE: makes an overlay with the devices of the standard input on a bus
bus() {
	{
		printf '/dts-v1/;\n/plugin/;\n&{/} {\nbus: bus { compatible = "microkernel,bus";\n'
		cat
		printf '};\n};\n'
	} >"$1"
}

bus good.dtso <<'END'
	good { compatible = "microkernel,fifo"; };
END

note "a system that is not ready"
umount /sys/kernel/config
for command in list 'show x' 'create x' 'remove x' 'apply good.dtso' \
	save 'wait x'; do
	# shellcheck disable=SC2086 # words
	status 4 microctl $command
	mentions 'configfs is not mounted: run "mount -t configfs none /sys/kernel/config"'
done
# what files say can be seen anywhere
status 0 microctl apply -n good.dtso
mentions 'the module microkernel is not loaded here: only the files are checked'
status 1 microctl diff good.dtso
mentions 'only the files are checked'
status 0 microctl check good.dtso
if ! skip_built_in configfs 2; then
	rmmod configfs
	status 4 microctl list
	mentions 'the kernel has no configfs yet: run "modprobe configfs"'
	modprobe configfs
fi
mount -t configfs configfs /sys/kernel/config
status 4 microctl apply good.dtso
mentions 'there is no /sys/kernel/config/micro: run "modprobe microkernel"'
modprobe -a microkernel micro_fifo sample_driver
status 0 microctl apply good.dtso
before=$(find $micro; cat $micro/good/status)

note "files that are no device trees"
echo hello >text.txt
: >empty.dts
: >empty.dtb
dtc -@ -q -o good.dtbo good.dtso
head -c 100 good.dtbo >short.dtbo
{
	head -c 60 good.dtbo
	head -c 200 /dev/zero | tr '\0' x
	tail -c +261 good.dtbo
} >damaged.dtbo
printf '/dts-v1/; / { model = "nothing of ours"; };' >others.dts
printf '/dts-v1/; / { oops };' >syntax.dts
while IFS='|' read -r file text; do
	status 3 microctl apply "$file"
	mentions "$file: $text"
	status 3 microctl apply --dry-run "$file"
	status 3 microctl diff "$file"
done <<'END'
text.txt|not a device tree: neither a blob (.dtb, .dtbo) nor, by its name, a source (.dts, .dtso)
empty.dtb|not a device tree: neither
empty.dts|dtc cannot compile it; its messages are above
syntax.dts|dtc cannot compile it; its messages are above
short.dtbo|not a device tree, or a damaged one
damaged.dtbo|not a device tree, or a damaged one
others.dts|it declares no devices: no node (that is not disabled) has compatible = "microkernel,bus"
missing.dts|cannot read it: No such file or directory
END
grep -q 'syntax.dts:1' /tmp/out || microctl diff syntax.dts >/tmp/out 2>&1
mentions "syntax.dts:1"
status 3 microctl apply --prune others.dts
status 3 microctl apply missing.dts good.dtso
mentions "nothing was changed"
status 3 env PATH=/nowhere /usr/local/bin/microctl apply good.dtso
mentions "good.dtso: dtc, which compiles sources, is not installed: install the package device-tree-compiler"
status 0 env PATH=/nowhere /usr/local/bin/microctl apply good.dtbo

note "what configfs cannot have"
# "another node", or, as dtc 1.7 tells its label, "the node l"
# row FILE: each line is a device, and what is said of it
cat >/tmp/rows <<'END'
dev { ref = <&elsewhere 1>; };|/bus/dev: property 'ref': it refers to the node elsewhere (a phandle), which configfs cannot have
dev { kid { ref = <1 2 &l>; }; l: other { }; };|/bus/dev/kid: property 'ref': it refers to
dev { mix = <1>, "x"; };|/bus/dev: property 'mix': its parts are of several types
dev { mix = /bits/ 8 <1>, <2>; };|/bus/dev: property 'mix': its parts are of several types
dev { text = "one\ntwo"; };|/bus/dev: property 'text': a string with a newline in it
dev { a-name-of-32-characters-in-all-x = <1>; };|/bus/dev: property 'a-name-of-32-characters-in-all-x': the name has 32 characters; in configfs it has 1 to 31
dev { star*; };|/bus/dev: property 'star*': in configfs a name is made of
dev { a-name-of-32-characters-in-all-x { }; };|/bus/dev/a-name-of-32-characters-in-all-x: the name has 32 characters
a-name-of-64-characters-in-all-123456789-123456789-123456789-123 { };|a device's has up to 63; a property 'label' gives it another name
dev { label = "two words"; };|/bus/dev: property 'label': 'two words': a device's name is made of
dev { label = ""; };|/bus/dev: property 'label': '': a device has to have a name
dev { label = <1>; };|/bus/dev: property 'label': '': a device's label is a string
a,b { };|/bus/a,b: 'a,b': a device's name is made of
uevent { };|/bus/uevent: 'uevent': the name is needed in sysfs or /dev/micro
by-driver { };|/bus/by-driver: 'by-driver': the name is needed in sysfs or /dev/micro
dev { compatible = <1>; };|/bus/dev: property 'compatible': compatible strings are strings
dev { compatible = "x", ""; };|/bus/dev: property 'compatible': an empty string
dev { compatible; };|/bus/dev: property 'compatible': it takes at least one string
dev { compatible = "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"; };|/bus/dev: property 'compatible': 17 strings; up to 16
dev@1 { }; other { label = "dev.1"; x; };|/bus/other: /bus/dev@1 declares the device 'dev.1' too, but differently (property 'x')
a { b { c { d { e { f { g { h { i { j { k { l { m { n { o { p { q { r { }; }; }; }; }; }; }; }; }; }; }; }; }; }; }; }; }; };|/bus/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r: child nodes are nested more than 16 levels deep
END
printf 'dev { long = "%s"; };|/bus/dev: property '"'long'"': 4095 bytes as text; configfs takes 4094\n' \
	"$(head -c 4095 /dev/zero | tr '\0' x)" >>/tmp/rows
printf 'dev { long = /bits/ 8 <%s>; };|/bus/dev: property '"'long'"': 4096 bytes as text; configfs takes 4094\n' \
	"$(awk 'BEGIN { for (i = 0; i < 2048; i++) printf "1 " }')" >>/tmp/rows
while IFS='|' read -r node text; do
	printf 'first { compatible = "microkernel,fifo"; };\n%s\n' "$node" | bus bad.dtso
	status 3 microctl apply bad.dtso
	mentions "bad.dtso: "
	mentions "$text"
done </tmp/rows
bus blob.dtso <<'END'
	dev { ref = <&elsewhere 1>; star* = <1>; kid { ref = <&l>; }; l: other { }; };
END
dtc -@ -q -o blob.dtbo blob.dtso
status 3 microctl apply blob.dtbo
mentions "blob.dtbo: /bus/dev: property 'ref': it refers to the node elsewhere (a phandle)"
mentions "blob.dtbo: /bus/dev/kid: property 'ref': it refers to another node (a phandle)"
mentions "blob.dtbo: /bus/dev: property 'star*': in configfs a name"
cat >target.dts <<'END'
/dts-v1/;
/ { fragment@0 { __overlay__ { bus { compatible = "microkernel,bus"; dev { }; }; }; }; };
END
status 3 microctl apply target.dts
mentions "target.dts: /fragment@0: this fragment has no target"
cat >fixups.dts <<'END'
/dts-v1/;
/ {
	fragment@0 { target-path = "/"; __overlay__ { bus { compatible = "microkernel,bus"; }; }; };
	__fixups__ { x = "/nowhere:prop:0"; };
};
END
status 3 microctl apply fixups.dts
mentions "fixups.dts: a damaged overlay"

note "files that contradict each other, or the system"
bus other.dtso <<'END'
	new { };
	good { compatible = "microkernel,fifo"; fifo-size = <16>; };
END
status 3 microctl apply good.dtso other.dtso
mentions "other.dtso: /bus/good: good.dtso: /bus/good declares the device 'good' too, but differently (property 'fifo-size')"
bus module.dtso <<'END'
	new { };
	sample_driver { };
END
status 3 microctl apply module.dtso
mentions "module.dtso: /bus/sample_driver: there is a device 'sample_driver' already, which the firmware or a module made"

is "$(find $micro; cat $micro/good/status)" "$before" "after all this, nothing has changed"

note "names that are too long for any path"
awk 'BEGIN { for (i = 0; i < 5000; i++) name = name "a"; print "\t" name " { };" }' | bus long.dtso
status 3 microctl apply long.dtso
mentions "long.dtso: /bus: the name of a node in it is too long: 5000 characters"
awk 'BEGIN { for (i = 0; i < 5000; i++) name = name "a"; print "\tlong { " name " { }; };" }' | bus long.dtso
status 3 microctl diff long.dtso
mentions "long.dtso: /bus/long: the name of a node in it is too long: 5000 characters"

note "a file that does not end"
mkfifo endless
sleep 1000 >endless &
sleeper=$!
microctl apply - <endless >/tmp/endless 2>&1 &
reader=$!
asleep() {
	grep -q pipe_read "/proc/$reader/wchan" "/proc/$reader/stack"
}
wait_for asleep
kill -TERM $reader
wait_for ended $reader || kill -KILL $reader
wait $reader
is "$? $(tail -n 1 /tmp/endless)" "143 microctl: interrupted; nothing was changed" "can be interrupted"
kill $sleeper

note "--keep-going"
bus bad.dtso <<'END'
	bad { x = <&y>; };
	not-bad { };
END
bus fine.dtso <<'END'
	fine { };
END
status 3 microctl diff --keep-going --prune bad.dtso missing.dts fine.dtso
is "$(grep -c '^[-+].*fine {' /tmp/out)" 1 "diff, too"
status 3 microctl apply --keep-going --prune long.dtso bad.dtso missing.dts fine.dtso other.dtso
mentions "bad.dtso: nothing of this file is applied"
mentions "missing.dts: nothing of this file is applied"
mentions "nothing is removed, as not all files could be read"
mentions "2 created, 1 changed, 0 removed"
is "$(cd $micro && echo *)" "fine good new" "the others are applied"
status 3 microctl apply -k good.dtso other.dtso
mentions "other.dtso: nothing of this file is applied"
is "$(microctl diff good.dtso)" "" "of two files that contradict each other, the first counts"

# shellcheck disable=SC2046 # words
run_ok microctl remove $(ls $micro)
for module in sample_driver micro_fifo microkernel; do
	run_ok rmmod $module
done
done_testing
