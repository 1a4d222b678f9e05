#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Child nodes that a user makes in configfs, and what the driver sees of them.
# except: race
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
dev=$micro/greeter
kids=$dev/children

put() {
	printf '%b' "$2" | micro-try write "$1" -
}

live() {
	micro-try write $dev/live "$1"
}

# again: off and on, and what the driver sees then, after its compatible string
again() {
	live 0 >/dev/null
	live 1 >/dev/null
	sed 1d /dev/micro/greeter
}

# level N: the folder of the child N levels down, all of them called "level"
level() {
	path=$dev
	i=0
	while [ $i -lt "$1" ]; do
		path=$path/children/level
		i=$((i + 1))
	done
	echo "$path"
}

# log COMMAND...: what the kernel says meanwhile
log() {
	dmesg -c >/dev/null
	"$@" >/dev/null
	dmesg
}

modprobe micro_dump
mkdir $dev

note "a child"
is "$(ls $kids)" "" "a new device has none"
is "$(micro-try mkdir $kids/channel@0)" ok "mkdir makes one"
is "$(cd $kids/channel@0 && echo *)" "children properties" "a child has folders for properties and children"
is "$(micro-try mkdir $kids/channel@0)" EEXIST "there is one child of a name"
is "$(put $dev/compatible microkernel,dump) $(xargs </dev/micro/greeter)" \
	"ok compatible: microkernel,dump node channel@0" "the driver sees it, without any property"
is "$(again)" "node channel@0" "the driver sees the child at each bind"
live 0 >/dev/null

note "names"
for name in a 0 a-name-of-31-characters-in-all- ',._+?#@-' compatible properties children greeter uevent; do
	is "$(micro-try mkdir "$kids/$name") $(again | grep -cxF "node $name")" "ok 1" "'$name'"
	live 0 >/dev/null
	rmdir "$kids/$name"
done
for name in a-name-of-32-characters-in-all-x "$(printf '%0255d' 0)" 'a b' a:b a=b 'a*b' 'a%s' \
	"$(printf 'a\nb')" "$(printf '\303\244')"; do
	is "$(micro-try mkdir "$kids/$name")" EINVAL "'$name' is refused"
done
is "$(ls $kids)" channel@0 "nothing is left of them"
like "$(log micro-try mkdir "$kids/a:b")" "greeter: 'a:b' is not a name in a device tree" "the log says why"

note "properties of children"
mkdir $kids/channel@1 $kids/channel@1/children/sub
for path in $kids/channel@0 $kids/channel@1 $kids/channel@1/children/sub; do
	is "$(micro-try mkdir "$path/properties/compatible") $(micro-try mkdir "$path/properties/x")" "ok ok" \
		"mkdir, and 'compatible' is one as any: ${path#"$dev/"}"
	is "$(put "$path/properties/compatible/string" "test,${path##*/}")" ok \
		"a child can have a compatible string"
done
put $kids/channel@0/properties/x/u32 "1 2 3" >/dev/null
put $kids/channel@1/properties/x/u32 4294967295 >/dev/null
is "$(put $kids/channel@1/children/sub/properties/x/u32 4294967296)" ERANGE "a bad value of a child's"
is "$(put $kids/channel@1/children/sub/properties/x/u32 0)" ok "a property of a child's child can be written"
mkdir $kids/channel@1/children/sub/properties/b-bool
cat >/tmp/want <<'END'
node channel@0
  compatible: "test,channel@0"
  x: 1 2 3
node channel@1
  compatible: "test,channel@1"
  x: 4294967295
  node sub
    compatible: "test,sub"
    b-bool
    x: 0
END
is "$(again)" "$(cat /tmp/want)" "the driver sees each where it belongs"
is "$(head -n 1 /dev/micro/greeter)" 'compatible: "microkernel,dump"' "the device's own are its own"

note "while the device is bound"
sub=$kids/channel@1/children/sub
is "$(micro-try mkdir $kids/x) $(micro-try mkdir $sub/children/x)" "EBUSY EBUSY" "mkdir of a child, at any depth"
is "$(micro-try mkdir $sub/properties/y)" EBUSY \
	"mkdir of a child's property is EBUSY while the device is bound"
is "$(put $sub/properties/x/u32 1) $(put $sub/properties/x/string 1)" "EBUSY EBUSY" "writing one"
is "$(cat $sub/properties/x/u32)" 0 "the value stays"
is "$(micro-try rmdir $sub)" ENOTEMPTY "rmdir of a child that is not empty"
rmdir $sub/properties/*
is "$(micro-try rmdir $sub)" ok "rmdir of a child works while the device is bound"
is "$(sed 1d /dev/micro/greeter)" "$(cat /tmp/want)" "the driver has what it was bound with"
is "$(micro-try mkdir $kids/channel@1/children/sub)" EBUSY \
	"a child that was removed cannot be made again while the device is bound"
is "$(again)" "$(head -n 6 /tmp/want)" "a child that was removed is gone at the next bind"
live 0 >/dev/null
is "$(micro-try mkdir $sub) $(again | tail -n 1)" "ok   node sub" "made again, it is new"

note "rmdir"
is "$(micro-try rmdir $dev) $(micro-try rmdir $kids/channel@0) $(micro-try rmdir $kids/channel@1)" \
	"ENOTEMPTY ENOTEMPTY ENOTEMPTY" "rmdir of a child that is not empty is ENOTEMPTY"
is "$(micro-try rmdir $kids) $(micro-try rmdir $kids/channel@0/children) $(micro-try rmdir $kids/channel@0/properties)" \
	"EPERM EPERM EPERM" "rmdir of a child's own folders is EPERM"
is "$(cat $dev/status)" bound "the device is still bound"
rmdir $sub $kids/*/properties/* $kids/*
is "$(again)" "" "children first, then it works"

note "order"
live 0 >/dev/null
for name in z m a 9 0; do
	mkdir $kids/$name
done
is "$(again | xargs)" "node z node m node a node 9 node 0" "the driver meets them as they were made"
live 0 >/dev/null
rmdir $kids/m
mkdir $kids/m
is "$(again | xargs)" "node z node a node 9 node 0 node m" "the newest last"
live 0 >/dev/null
rmdir $kids/*

note "deep down"
i=0
while [ $i -lt 16 ]; do
	i=$((i + 1))
	mkdir "$(level $i)" "$(level $i)/properties/x" || break
	put "$(level $i)/properties/x/u32" $i >/dev/null
done
is $i 16 "16 levels"
like "$(log micro-try mkdir "$(level 17)")" "greeter: child nodes may be nested 16 levels deep" \
	"the log says how deep child nodes may be nested"
is "$(micro-try mkdir "$(level 17)")" EINVAL "mkdir of a child node that is too deep is EINVAL"
is "$(micro-try mkdir "$(level 16)/properties/y")" ok "the last has properties"
is "$(again | grep -c '^ *node level$') $(again | sed -n 's/^ *x: //p' | xargs)" \
	"16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" "the driver sees them all"
is "$(again | tail -n 2)" "$(printf '%30snode level\n%32sx: 16\n' '' '')" \
	"the driver sees child nodes each below the other"
live 0 >/dev/null
rmdir "$(level 16)/properties/y"
while [ $i -gt 0 ]; do
	rmdir "$(level $i)/properties/x" "$(level $i)" || break
	i=$((i - 1))
done
is $i 0 "child nodes can be removed from the deepest on"

note "many"
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	mkdir $kids/n$i $kids/n$i/properties/x
	echo $i >$kids/n$i/properties/x/u32
done
is "$(again | grep -c node) $(again | sed -n 's/^ *x: //p' | tail -n 1)" "200 200" "200 children"
i=0
while [ $i -lt 20 ] && [ "$(again | grep -c node)" = 200 ]; do
	i=$((i + 1))
done
is $i 20 "bound 20 times"
rmdir $kids/*/properties/x $kids/*
is "$(sed 1d /dev/micro/greeter | grep -c node)" 200 "removed while bound, the driver keeps them"
is "$(again)" "" "children that were removed are seen until the next bind"

note "two devices with children of one name"
live 0 >/dev/null
mkdir $micro/other $kids/same $micro/other/children/same $kids/same/properties/x $micro/other/children/same/properties/x
echo 1 >$kids/same/properties/x/u32
echo 2 >$micro/other/children/same/properties/x/u32
put $micro/other/compatible microkernel,dump >/dev/null
is "$(again | xargs) $(sed 1d /dev/micro/other | xargs)" "node same x: 1 node same x: 2" \
	"each of two devices has its own child of one name"
for path in $dev $micro/other; do
	rmdir "$path/children/same/properties/x" "$path/children/same" "$path"
done

note "what is no property: as of a device tree"
modprobe -r micro_dump
modprobe micro_dump calls=1
mkdir $dev $kids/channel@0 $kids/channel@1 $dev/properties/x
echo 1 >$dev/properties/x/u32
put $dev/compatible 'test,nothing\ntest,with-data' >/dev/null
is "$(sed -n '/^match data/,$p' /dev/micro/greeter)" "match data: these data
the node channel: channel@0
the node channel@1: channel@1
the node chan: none
the reference x: -EINVAL
the reference missing: -ENOENT" "the data of the string that matched, nodes with and without address, references"
put $dev/compatible microkernel,dump >/dev/null
is "$(grep "^match data" /dev/micro/greeter)" "match data: none" "another string has no data"
rmdir $dev/properties/x $kids/* $dev

is "$(ls $micro)" "" "nothing is left in configfs"
wait_for rmmod micro_dump
run_ok rmmod microkernel

done_testing
