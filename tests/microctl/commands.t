#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# microctl: devices one at a time, and what it shows of them.
# except: race
. /tests/lib/tap.sh
. /tests/lib/microctl.sh

modprobe -a microkernel sample_driver micro_fifo micro_dump

note "the command line"
status 2 microctl
status 2 microctl dance
says "no command 'dance'"
status 0 microctl --help
says 'microctl apply .*FILE'
for command in list show tree create remove apply diff save watch wait; do
	status 0 microctl $command --help
	says "^Usage: microctl $command"
	status 2 microctl $command --dance
	says "no option --dance"
done
for command in show create remove apply diff wait; do
	status 2 microctl $command
	says "it needs"
done
status 2 microctl create one two
status 2 microctl create --compatible
status 2 microctl wait x --timeout soon
says "'soon' is not a number of seconds"

note "create"
status 0 microctl create greeter -c most,specific --compatible microkernel,dump \
	-s a-bool -s b-bool=bool -s a-u8=u8:0xff -s 'b-u8=u8:1 2,3' -s a-u16=u16:65535 \
	-s a-u32=u32:4294967295 -s a-u64=u64:18446744073709551615 -s 'a-string=string:one word, or two' \
	-s 'b-string=string:one

three' -s 'c-string=string:' --child empty --child deep/er -s channel@0/reg=u32:0 -s channel@0/sub/a-bool
is "$(cat $micro/greeter/status)" bound "a device that was created is bound"
is "$(cat $micro/greeter/compatible)" "most,specific
microkernel,dump" "compatible strings, in this order"
is "$(cd $micro/greeter && find properties children -mindepth 1 -type d | sort | xargs)" "children/channel@0 \
children/channel@0/children children/channel@0/children/sub children/channel@0/children/sub/children \
children/channel@0/children/sub/properties children/channel@0/children/sub/properties/a-bool \
children/channel@0/properties children/channel@0/properties/reg \
children/deep children/deep/children children/deep/children/er children/deep/children/er/children \
children/deep/children/er/properties children/deep/properties \
children/empty children/empty/children children/empty/properties \
properties/a-bool properties/a-string properties/a-u16 properties/a-u32 properties/a-u64 properties/a-u8 \
properties/b-bool properties/b-string properties/b-u8 properties/c-string" "its directories"
is "$(cat /dev/micro/greeter)" 'compatible: "most,specific" "microkernel,dump"
a-bool
b-bool
a-u8: 255
b-u8: 1 2 3
a-u16: 65535
a-u32: 4294967295
a-u64: 18446744073709551615
a-string: "one word, or two"
b-string: "one" "" "three"
c-string: ""
node empty
node deep
  node er
node channel@0
  reg: 0
  node sub
    a-bool' "what the driver sees"

status 0 microctl create micro_dump.0 -s a-u32=u32:8
is "$(cat /dev/micro/micro_dump.0)" "a-u32: 8" "bound by mkdir already, it gets its properties, too"
status 0 microctl create nobody -c nobody,knows
says "nobody: the device exists, but no driver is bound to it yet"
status 0 microctl create --off sleeper -c microkernel,fifo -s fifo-size=u32:16
is "$(cat $micro/sleeper/live $micro/sleeper/status | xargs)" "0 off" "--off"

note "create: all or nothing"
before=$(find $micro | sort)
status 1 microctl create greeter
says "there is a device 'greeter' already"
status 1 microctl create sample_driver
says "there is a device 'sample_driver' already"
status 1 microctl create bad -c microkernel,fifo -s fifo-size=u32:3
says "bad: the driver refuses it: EINVAL"
status 1 microctl create micro_fifo.bad -s fifo-size=u32:3 -s x/y/z=u8:1
says "the driver refuses it: EINVAL"
while IFS='|' read -r words regex; do
	# shellcheck disable=SC2086 # words
	status 2 microctl create $words
	says "$regex"
done <<'END'
-bad|no option
-- -bad|letter or digit first
a/b|letter or digit first
uevent|choose another one
x -s compatible=string:y|--compatible
x -s a=u32|TYPE:VALUE is missing
x -s a=u31:1|TYPE is u8
x -s a=1|TYPE:VALUE
x -s a=u32:|at least one number
x -s a=u32:x|not a number
x -s a=u32:-1|not a number
x -s a=u32:1x|not a number
x -s a=u8:256|too large
x -s a=u32:4294967296|too large
x -s a=u64:18446744073709551616|too large
x -s a=bool:1|has no value
x -s a -s a|set twice
x -s a*b|in configfs a name
x -s =u8:1|1 to 31
x -s a-name-of-32-characters-in-all-x|1 to 31
x --child a*b|in configfs a name
x --child a//b|1 to 31
x --child ..|another directory
x --child a/./b|another directory
x -s ..=u8:1|another directory
x -s ../a=u8:1|another directory
x --child 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17|16 levels
x -c|needs a value
END
status 2 microctl create x -c ''
says "an empty string"
is "$(find $micro | sort)" "$before" "nothing of all this is left"

note "list, show, tree"
is "$(microctl list)" "NAME           STATUS   DRIVER         NODE                     FROM
greeter        bound    micro_dump     /dev/micro/greeter       configfs
micro_dump.0   bound    micro_dump     /dev/micro/micro_dump.0  configfs
nobody         unbound  -              -                        configfs
sample_driver  bound    sample_driver  /dev/sample_driver       kernel
sleeper        off      -              -                        configfs" list
is "$(microctl list --names | xargs)" "greeter micro_dump.0 nobody sample_driver sleeper" \
	"list --names prints only the names"
is "$(microctl show sleeper)" "sleeper
  status      off
  from        configfs
  compatible  microkernel,fifo
  properties
    fifo-size = <16>" "show"
is "$(microctl show greeter | sed 's/([0-9]*:[0-9]*)/(DEV)/')" 'greeter
  status      bound
  driver      micro_dump
  node        /dev/micro/greeter (DEV)
  from        configfs
  compatible  most,specific
              microkernel,dump
  properties
    a-bool
    a-string = "one word, or two"
    a-u16 = /bits/ 16 <65535>
    a-u32 = <4294967295>
    a-u64 = /bits/ 64 <18446744073709551615>
    a-u8 = /bits/ 8 <255>
    b-bool
    b-string = "one", "", "three"
    b-u8 = /bits/ 8 <1 2 3>
    c-string = ""
  children
    empty
    deep
      er
    channel@0
      reg = <0>
      sub
        a-bool' "with everything"
is "$(microctl tree greeter)" 'greeter (bound, micro_dump, /dev/micro/greeter)
|-- compatible = "most,specific", "microkernel,dump"
|-- a-bool
|-- a-string = "one word, or two"
|-- a-u16 = /bits/ 16 <65535>
|-- a-u32 = <4294967295>
|-- a-u64 = /bits/ 64 <18446744073709551615>
|-- a-u8 = /bits/ 8 <255>
|-- b-bool
|-- b-string = "one", "", "three"
|-- b-u8 = /bits/ 8 <1 2 3>
|-- c-string = ""
|-- empty
|-- deep
|   `-- er
`-- channel@0
    |-- reg = <0>
    `-- sub
        `-- a-bool' "tree"
is "$(microctl tree | grep -c '^[a-z]')" 5 "tree, of all"
status 1 microctl show nobody missing ../greeter
says "there is no device 'missing'"
says "there is no device '../greeter'"
says "^nobody"
long=$(printf '%5000s' '' | tr ' ' x)
microctl show "$long" nobody >/tmp/out 2>&1
is "$? $(sed "s/$long/LONG/" /tmp/out | head -n 1)" "1 microctl: there is no device 'LONG'" "a name that is too long for a path is no device's"
status 2 microctl wait --timeout 0 a/b
says "letter or digit first"

note "JSON"
json=$(microctl show --json greeter | sed 's/^ *//' | tr -d '\n' | sed 's/"dev":"[0-9]*:[0-9]*"/"dev":"DEV"/')
is "$json" '[{"name":"greeter","origin":"configfs","status":"bound","error":null,"live":true,'\
'"driver":"micro_dump","node":"/dev/micro/greeter","dev":"DEV","node_fault":null,'\
'"compatible":["most,specific","microkernel,dump"],"properties":{'\
'"a-bool":{"type":"bool","value":true},"a-string":{"type":"string","value":["one word, or two"]},'\
'"a-u16":{"type":"u16","value":[65535]},"a-u32":{"type":"u32","value":[4294967295]},'\
'"a-u64":{"type":"u64","value":[18446744073709551615]},"a-u8":{"type":"u8","value":[255]},'\
'"b-bool":{"type":"bool","value":true},"b-string":{"type":"string","value":["one","","three"]},'\
'"b-u8":{"type":"u8","value":[1,2,3]},"c-string":{"type":"string","value":[""]}},"children":['\
'{"name":"empty","properties":{},"children":[]},'\
'{"name":"deep","properties":{},"children":[{"name":"er","properties":{},"children":[]}]},'\
'{"name":"channel@0","properties":{"reg":{"type":"u32","value":[0]}},'\
'"children":[{"name":"sub","properties":{"a-bool":{"type":"bool","value":true}},"children":[]}]}]}]' \
	"show --json"
is "$(microctl list --json | grep -c '^    "name":')" 5 "list --json has all"
is "$(microctl tree --json nobody)" "$(microctl show --json nobody)" "tree --json is the same"
echo 3 >/tmp/three
mkdir $micro/refused $micro/refused/properties/fifo-size
cat /tmp/three >$micro/refused/properties/fifo-size/u32
{ echo microkernel,fifo >$micro/refused/compatible; } 2>/dev/null
like "$(microctl show --json refused | xargs)" "status:failed, *error:EINVAL" "a device that its driver refused"
microctl create latin >/dev/null 2>&1
mkdir $micro/latin/properties/s
printf 'caf\351 \342\202\254' >$micro/latin/properties/s/string
is "$(microctl show --json latin | grep -c "\"$(printf 'caf\357\277\275 \342\202\254')\"")" 1 \
	"what is no UTF-8 is replaced, as JSON cannot have it"
microctl remove latin
like "$(microctl list)" "refused  *failed EINVAL  *-  *-  *configfs" \
	"list shows a device that its driver refused"

note "others than root"
chmod 711 /root
is "$(su -s /bin/sh -c 'microctl list --names' nobody 2>&1 | xargs)" \
	"greeter micro_dump.0 nobody refused sample_driver sleeper" "may look"
for command in 'create x' 'remove greeter' 'apply /tmp/three'; do
	status 4 su -s /bin/sh -c "microctl $command" nobody
	says "no permission to change devices .*: run it as root"
done

note "remove"
status 1 microctl remove greeter missing
says "there is no device 'missing'"
status 1 microctl remove greeter sample_driver
says "sample_driver: the kernel made it"
[ -d $micro/greeter ]
ok $? "remove removes none if one cannot be"
micro-hold start
micro-hold open file rw /dev/micro/micro_dump.0 >/dev/null
status 0 microctl remove micro_dump.0 greeter refused
is "$(cd $micro && echo *)" "nobody sleeper" "remove removes those that are named"
is "$(micro-hold read file)" ENODEV "open files, too"
micro-hold end
status 0 microctl remove nobody sleeper

note "save"
is "$(microctl save)" '/dts-v1/;
/plugin/;

&{/} {
	micro-0 {
		compatible = "microkernel,bus";
		#address-cells = <1>;
		#size-cells = <0>;
	};
};' "no devices"
microctl save >/tmp/none.dtso
status 0 microctl apply /tmp/none.dtso
says "^0 created, 0 changed, 0 removed, 0 unchanged"

# all that is odd
microctl create types -c microkernel,dump -s b -s u8=u8:1,2,3,4 -s u16=u16:1,2 -s u32=u32:0x61626300 \
	-s u64=u64:1,18446744073709551615 -s '#cells=u32:1' -s 'e=string:' -s 's=string:quote " back \ end
' -s 'a.+?,_-=u8:0' -s x=string:123
printf '\001\033[0m\377afe\nGr\303\274\303\237e\n\n' >/tmp/bytes
mkdir $micro/types/properties/bytes 2>/dev/null # it is bound
echo 0 >$micro/types/live
mkdir $micro/types/properties/bytes
cat /tmp/bytes >$micro/types/properties/bytes/string
echo 1 >$micro/types/live
microctl create a:b@c >/dev/null 2>&1
microctl create a-b-c >/dev/null 2>&1
microctl create A-B-C >/dev/null 2>&1
microctl create b:c -c microkernel,sample-driver -s buffer-size=u32:64 -s z
microctl create a-device-with-a-name-that-is-longer-than-a-node-name-may-be-123 >/dev/null 2>&1
microctl create a-device-with-a-name-that-is-longer-than-a-node-name-may-be-124 -s label=string:a-device-with-a-name-that-is-longer-than-a-node-name-may-be-124 >/dev/null 2>&1
microctl create fifo.1f -c microkernel,fifo -s reg=u32:31
microctl create fifo.2 -c microkernel,fifo -s reg=u32:3 -s status=string:okay
microctl create off --off -c microkernel,fifo -s fifo-size=u32:2
microctl create order -c microkernel,dump --child z --child a --child m@1/z --child m@1/a -s m@1/reg=u32:1
microctl save >/tmp/first.dtso
ok $? "devices with all that is odd"
dtc -@ -q -o /tmp/first.dtbo /tmp/first.dtso
ok $? "dtc takes it"
is "$(grep -c -e '^		fifo@1f {' -e '^		fifo.2 {' /tmp/first.dtso)" 2 "reg gives a node its address"
microctl show --json types fifo.1f fifo.2 off order | grep -v '"dev"' >/tmp/first.json
status 0 microctl diff --prune /tmp/first.dtso
is "$(cat /tmp/out)" "" "apply of what save printed changes nothing"
# shellcheck disable=SC2046 # words
microctl remove $(ls $micro)
status 0 microctl apply /tmp/first.dtso
says "^11 created, 0 changed"
microctl save >/tmp/second.dtso
cmp /tmp/first.dtso /tmp/second.dtso
ok $? "save, apply, save: the same bytes" || diag "$(diff /tmp/first.dtso /tmp/second.dtso)"
microctl show --json types fifo.1f fifo.2 off order | grep -v '"dev"' >/tmp/second.json
is "$(diff /tmp/first.json /tmp/second.json)" "" "apply of what save printed makes the same devices"
is "$(cmp /tmp/bytes $micro/types/properties/bytes/string 2>&1)" "" "save and apply keep any bytes in strings"
is "$(microctl save order fifo.2 | grep -c 'compatible = ')" 3 "save NAME..."
status 1 microctl save order missing
says "there is no device 'missing'"
status 1 microctl save sample_driver
says "device 'sample_driver' is not in configfs: the firmware or a module made it"
# shellcheck disable=SC2046 # words
microctl remove $(ls $micro)

note "what cannot be saved"
while IFS='|' read -r words regex; do
	# shellcheck disable=SC2086 # words
	microctl create x $words >/dev/null 2>&1
	status 1 microctl save
	says "^save: x: $regex"
	unlike "$(cat /tmp/out)" "dts-v1" "save prints nothing if something cannot be expressed"
	microctl remove x
done <<'END'
-s label=string:y|property 'label': .*the name of the device
-s label=u32:1|property 'label': .*the name of the device
-s status=string:disabled|property 'status'
-s c/status=u32:1|property 'status'
-s status=string:okay --off|property 'status'
-s microctl,off|property 'microctl,off'
-s phandle=u32:1|property 'phandle'
-s c/linux,phandle=u32:1|property 'linux,phandle'
-s name=string:x|property 'name'
-s a@b|property 'a@b'
--child a@b@c|child node 'a@b@c'
--child b@|child node 'b@'
--child a#b|child node 'a#b'
--child c/d?|child node 'd.'
END

note "watch"
microctl watch >/tmp/events 2>&1 &
all=$!
microctl watch --json one >/tmp/events.json 2>&1 &
one=$!
# listening COUNT: so many programs hear uevents
listening() {
	[ "$(awk '$2 == 15 && $4 != "00000000" { n++ } END { print n + 0 }' /proc/net/netlink)" -ge "$1" ]
}
wait_for listening 2
microctl create one -c microkernel,fifo
# it looks for the node when it hears of the device
wait_for grep -q 'bind    one' /tmp/events
wait_for grep -q '"bind"' /tmp/events.json
microctl create two -c nobody >/dev/null 2>&1
echo 0 >$micro/one/live
echo microkernel,dump >$micro/two/compatible
wait_for grep -q 'bind    two' /tmp/events
microctl remove one two
wait_for grep -q 'remove  two' /tmp/events
wait_for grep -q remove /tmp/events.json
kill $all $one
is "$(cat /tmp/events)" "add     one
change  one
bind    one  micro_fifo  /dev/micro/one
add     two
change  two
unbind  one
change  two
bind    two  micro_dump  /dev/micro/two
remove  one
unbind  two
remove  two" "what happened"
is "$(cat /tmp/events.json)" '{"event":"add","name":"one","driver":null,"node":null}
{"event":"change","name":"one","driver":null,"node":null}
{"event":"bind","name":"one","driver":"micro_fifo","node":"/dev/micro/one"}
{"event":"unbind","name":"one","driver":null,"node":null}
{"event":"remove","name":"one","driver":null,"node":null}' "to one of them, as JSON"
microctl watch >/tmp/events 2>&1 &
all=$!
wait_for listening 1
kill -STOP $all
microctl create three -c microkernel,fifo
microctl remove three
kill -CONT $all
wait_for grep -q 'remove  three' /tmp/events
kill $all
is "$(grep '^bind' /tmp/events)" "bind    three  micro_fifo" "watch prints no node that is gone when it looks"

note "wait"
microctl create one -c microkernel,fifo
status 0 microctl wait one
status 1 microctl wait --timeout 0 missing
says "missing is not bound after 0 s: it is not there"
microctl create --off two -c microkernel,fifo
status 1 microctl wait -t 0.2 one two
says "two is not bound after 0.2 s: it is off"
microctl wait --timeout 600 one two three &
waiter=$!
echo 1 >$micro/two/live
mkdir $micro/three
kill -0 $waiter
ok $? "wait waits for all that are named"
echo microkernel,fifo >$micro/three/compatible
wait $waiter
ok $? "wait ends when all are bound"
microctl remove one two three

run_ok rmmod sample_driver
run_ok rmmod micro_fifo
run_ok rmmod micro_dump
run_ok rmmod microkernel
done_testing
