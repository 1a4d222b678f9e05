#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# microctl apply and diff: what files declare, and what changes of what is there.
# except: race debug
# vm: --file dts-overlays/several.dtso

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

# inode NAME: tells a device from another one of the same name
inode() {
	stat -c %i "$micro/$1"
}

modprobe -a microkernel sample_driver micro_fifo micro_ram micro_dump
micro-hold start

note "what a file declares"
status 0 microctl apply --dry-run several.dtso
is "$(cat /tmp/out)" "create greeting
create pipe.1
create pipe.2
create scratch" "the plan"
is "$(ls $micro)" "" "dry-run makes no device"
status 0 microctl apply several.dtso
is "$(cat /tmp/out)" "4 created, 0 changed, 0 removed, 0 unchanged" "apply makes the devices of the file"
is "$(microctl save greeting)" '/dts-v1/;
/plugin/;

&{/} {
	micro-0 {
		compatible = "microkernel,bus";
		#address-cells = <1>;
		#size-cells = <0>;

		greeting {
			compatible = "microkernel,sample-driver";
			#address-cells = <1>;
			#size-cells = <0>;
			buffer-size = <64>;
			label = "greeting";
			reg = <0>;

			channel@0 {
				label = "first";
				reg = <0>;
			};

			channel@1 {
				label = "second";
				reg = <1>;
			};
		};
	};
};' "with all that it has"
is "$(cat $micro/*/status | xargs)" "bound bound bound bound" "all devices of the file are bound"
for file in several.dtso dts-overlays/several.dtbo; do
	status 0 microctl apply $file
	is "$(cat /tmp/out)" "0 created, 0 changed, 0 removed, 4 unchanged" "$file again: nothing to do"
	status 0 microctl diff --prune $file
	is "$(cat /tmp/out)" "" "$file: no difference"
done
dtc -@ -q -o several.dtb several.dtso
is "$(microctl apply - <several.dtb)" "0 created, 0 changed, 0 removed, 4 unchanged" "a blob from the standard input"
is "$(microctl apply - <several.dtso)" "0 created, 0 changed, 0 removed, 4 unchanged" "a source from there"
printf 'Hi' >/dev/micro/greeting

note "one property: one device, and no other"
for name in greeting pipe.1 pipe.2 scratch; do
	micro-hold open $name rw /dev/micro/$name >/dev/null
done
sed 's/fifo-size = <512>/fifo-size = <1024>/' several.dtso >changed.dtso
before=$(inode pipe.2)
status 1 microctl diff changed.dtso
is "$(cat /tmp/out)" '--- /sys/kernel/config/micro
+++ changed.dtso
 pipe.2 {
 	compatible = "microkernel,fifo";
-	fifo-size = <512>;
+	fifo-size = <1024>;
 	reg = <2>;
 };' "the difference"
is "$(microctl apply --dry-run changed.dtso)" "change pipe.2 (property 'fifo-size')" "the plan"
is "$(micro-hold write pipe.2 x)" 1 "neither does anything"
status 0 microctl apply changed.dtso
is "$(cat /tmp/out)" "0 created, 1 changed, 0 removed, 3 unchanged" \
	"apply changes the one device that differs"
is "$(micro-hold write pipe.2 x)" ENODEV "this device was bound anew"
# it takes this many without a reader, which half the size would not
head -c 1024 /dev/zero >/dev/micro/pipe.2
is "$(cat $micro/pipe.2/status) $(head -c 1024 /dev/micro/pipe.2 | wc -c)" "bound 1024" \
	"a changed device is bound with the new value"
is "$(inode pipe.2)" "$before" "a device that is changed stays the same device"
is "$(micro-hold write pipe.1 x)" 1 "the file of another one stays open"
is "$(micro-hold read greeting)" Hi "a device that was not changed keeps what was in it"
is "$(micro-hold write scratch x)" 1 "a file that is open on a device that was not changed works"

note "anything that can change"
bus one.dtso <<'END'
	one {
		compatible = "microkernel,dump";
		a-u32 = <1>; a-u8 = /bits/ 8 <1>; a-bool; b-bool; a-string = "a"; b-u32 = <1 2>;
		kid@1 { reg = <1>; x = <1>; };
		kid@2 { deep { x = <1>; }; };
		gone { x = <1>; goner { b-bool; }; };
	};
	by-name { };
END
status 0 microctl apply one.dtso
bus two.dtso <<'END'
	one {
		compatible = "most,specific", "microkernel,dump";
		a-u32 = <2>; a-u8 = <1>; a-bool = [05]; b-bool; a-string; b-u32 = <1 2 3>; new-one = "x";
		kid@1 { reg = <1>; b-bool; };
		kid@2 { x = <3>; deep { x = <1>; deeper { x = <2>; }; }; };
	};
	by-name { };
END
status 1 microctl diff two.dtso
is "$(cat /tmp/out)" '--- /sys/kernel/config/micro
+++ two.dtso
 one {
-	compatible = "microkernel,dump";
+	compatible = "most,specific", "microkernel,dump";
-	a-bool;
+	a-bool = /bits/ 8 <5>;
-	a-string = "a";
+	a-string;
-	a-u32 = <1>;
+	a-u32 = <2>;
-	a-u8 = /bits/ 8 <1>;
+	a-u8 = <1>;
 	b-bool;
-	b-u32 = <1 2>;
+	b-u32 = <1 2 3>;
+	new-one = "x";
 	kid@1 {
 		reg = <1>;
-		x = <1>;
+		b-bool;
 	};
 	kid@2 {
+		x = <3>;
 		deep {
 			x = <1>;
+			deeper {
+				x = <2>;
+			};
 		};
 	};
-	gone {
-		x = <1>;
-
-		goner {
-			b-bool;
-		};
-	};
 };' "the difference"
status 0 microctl apply --verbose two.dtso
is "$(cat /tmp/out)" "change one (property 'compatible')
0 created, 1 changed, 0 removed, 1 unchanged" "--verbose"
status 0 microctl diff two.dtso
is "$(microctl tree one)" 'one (bound, micro_dump, /dev/micro/one)
|-- compatible = "most,specific", "microkernel,dump"
|-- a-bool = /bits/ 8 <5>
|-- a-string
|-- a-u32 = <2>
|-- a-u8 = <1>
|-- b-bool
|-- b-u32 = <1 2 3>
|-- new-one = "x"
|-- kid@1
|   |-- b-bool
|   `-- reg = <1>
`-- kid@2
    |-- x = <3>
    `-- deep
        |-- x = <1>
        `-- deeper
            `-- x = <2>' "it is as the file says"
like "$(cat /dev/micro/one)" "a-u32: 2" "the driver sees what the file says"
status 0 microctl apply one.dtso
status 0 microctl diff one.dtso
bus three.dtso <<'END'
	one { compatible = "microkernel,fifo"; fifo-size = <2>; };
END
status 0 microctl apply three.dtso
is "$(cat $micro/one/driver)" micro_fifo "another driver"
bus four.dtso <<'END'
	one { fifo-size = <2>; };
END
before=$(inode one)
status 0 microctl apply four.dtso
isnt "$(inode one)" "$before" "compatible cannot be taken away: it is another device"
is "$(cat $micro/one/compatible $micro/one/status) $(microctl diff four.dtso)" "unbound " "without"
microctl apply -q three.dtso
echo 0 >$micro/one/live
status 1 microctl diff three.dtso
says '^-	microctl,off;'
is "$(microctl apply -n three.dtso)" "change one (it is off)" "a device that is off differs from the file"
status 0 microctl apply three.dtso
is "$(cat $micro/one/status)" bound "apply turns a device on that was off"
status 0 microctl apply --quiet three.dtso
is "$(cat /tmp/out)" "" "--quiet"
is "$(echo x >/dev/micro/one; head -c 2 /dev/micro/one)" x "a device that was turned on works"

note "the rules for names, states and fragments"
cat >rules.dtso <<'END'
/dts-v1/;
/plugin/;
&{/} {
	soc {
		inner: inner {
			compatible = "vendor,bus", "microkernel,bus";
			plain { };
			unit@1f { reg = <0x1f>; };
			two@at { label = "Label:1@x"; };
			disabled { status = "disabled"; ref = <&nobody>; };
			okay { status = "okay"; };
			off { status = "disabled"; microctl,off; compatible = "microkernel,fifo"; };
			parent {
				compatible = "microkernel,bus";
				child { };
				hidden { status = "fail"; };
			};
		};
		other { compatible = "other"; not-a-device { }; };
		gone { status = "disabled"; nested { compatible = "microkernel,bus"; no { }; }; };
	};
};
&{/soc/inner} {
	late { };
	plain { a = <1>; };
};
&{/soc} { inner { plain { b = <2>; a = <3>; }; }; };
&somewhere {
	bus { compatible = "microkernel,bus"; labelled { }; };
};
END
# shellcheck disable=SC2046 # words
microctl remove $(ls $micro)
status 0 microctl apply rules.dtso
is "$(cd $micro && echo *)" "Label:1@x labelled late off okay parent plain unit.1f" "the devices"
is "$(microctl tree plain | tail -n +2 | xargs)" "|-- a = <3> \`-- b = <2>" "fragments are put together"
is "$(cat $micro/off/status) $(ls $micro/off/properties)" "off " "off, and no property says so"
is "$(ls $micro/parent/children)" child "child nodes that are disabled are none"
dtc -@ -q -o rules.dtbo rules.dtso
status 0 microctl diff --prune rules.dtbo
cat >tree.dts <<'END'
/dts-v1/;
/memreserve/ 0x1000 0x1000;
/ {
	model = "a board";
	#address-cells = <1>;
	deep { er { bus { compatible = "microkernel,bus"; label: whole { x = /bits/ 16 <1>; }; }; }; };
};
END
status 0 microctl apply --prune tree.dts
is "$(cat /tmp/out)" "1 created, 0 changed, 8 removed, 0 unchanged; 1 without a driver yet" \
	"a whole tree, and --prune"
is "$(ls $micro) $(cat $micro/whole/properties/x/u16)" "whole 1" "apply makes the properties with their types"
cat >includes.dts <<'END'
/dts-v1/;
/include/ "tree.dtsi"
END
grep -v dts-v1 tree.dts >tree.dtsi
(cd / && microctl diff --prune /root/includes.dts)
ok $? "files that it includes are looked for beside it"

note "types: exact from a source, guessed from a blob"
bus types.dtso <<'END'
	types {
		u8 = /bits/ 8 <1 2 3 4>; u8x = [01 02 03]; u16 = /bits/ 16 <1>; u16s = /bits/ 16 <1 2>;
		u32 = <0x61626300>; u64 = /bits/ 64 <1>; s = "a", "b"; empty = ""; odd = "a", "", "b";
		latin = "\xe4"; nothing = <>; minus = <(-1)>; expr = <(1 << 4)>, <'a'>;
	};
END
dtc -@ -q -o types.dtbo types.dtso
status 0 microctl apply --prune types.dtso
is "$(microctl tree types | tail -n +2 | cut -c 5-)" 'empty = ""
expr = <16 97>
latin = "\xe4"
minus = <4294967295>
nothing
odd = "a", "", "b"
s = "a", "b"
u16 = /bits/ 16 <1>
u16s = /bits/ 16 <1 2>
u32 = <1633837824>
u64 = /bits/ 64 <1>
u8 = /bits/ 8 <1 2 3 4>
u8x = /bits/ 8 <1 2 3>' "from the source"
status 0 microctl apply types.dtbo
is "$(microctl tree types | tail -n +2 | cut -c 5-)" 'empty = /bits/ 8 <0>
expr = <16 97>
latin = /bits/ 16 <58368>
minus = <4294967295>
nothing
odd = /bits/ 8 <97 0 0 98 0>
s = "a", "b"
u16 = /bits/ 16 <1>
u16s = <65538>
u32 = "abc"
u64 = <0 1>
u8 = <16909060>
u8x = /bits/ 8 <1 2 3>' "from the blob"

note "several files"
bus a.dtso <<'END'
	a { compatible = "microkernel,fifo"; };
	both { compatible = "microkernel,fifo"; c { x = <1>; }; };
END
bus b.dtso <<'END'
	both { compatible = "microkernel,fifo"; c { x = <1>; }; };
	b { compatible = "microkernel,fifo"; };
END
status 0 microctl apply --prune a.dtso b.dtso
is "$(cat /tmp/out)" "3 created, 0 changed, 1 removed, 0 unchanged" \
	"two files may declare the same device when they agree"

note "--prune"
status 1 microctl diff --prune a.dtso
is "$(cat /tmp/out)" '--- /sys/kernel/config/micro
+++ a.dtso
-b {
-	compatible = "microkernel,fifo";
-};' "the difference"
is "$(microctl apply --prune -n a.dtso)" "remove b" "the plan"
status 0 microctl apply a.dtso
is "$(cd $micro && echo *)" "a b both" "apply without --prune removes nothing"
micro-hold open a rw /dev/micro/a >/dev/null
status 0 microctl apply --prune a.dtso
is "$(cat /tmp/out)" "0 created, 0 changed, 1 removed, 2 unchanged" \
	"apply with --prune removes only what is not declared"
is "$(micro-hold write a x)" 1 "others stay open"
is "$(cd /dev/micro && echo *)" "a both" "others leave /dev"

note "drivers that refuse, and such that are not there"
bus refused.dtso <<'END'
	refused { compatible = "microkernel,fifo"; fifo-size = <3>; };
	good { compatible = "microkernel,fifo"; };
	waits { compatible = "nobody,has"; };
END
status 1 microctl apply refused.dtso
says '^refused.dtso: /bus/refused: the driver refuses it: EINVAL'
says '^3 created, 0 changed, 0 removed, 0 unchanged; 1 without a driver yet; 1 with errors'
is "$(cat $micro/refused/status $micro/good/status | xargs)" "failed EINVAL bound" "the others are made"
status 1 microctl diff refused.dtso
says "refused: failed EINVAL; its driver would be asked again"
status 1 microctl apply refused.dtso
says '^refused.dtso: /bus/refused: the driver refuses it: EINVAL'
sed -i 's/<3>/<4>/' refused.dtso
status 0 microctl apply refused.dtso
is "$(cat $micro/refused/status)" bound "corrected"
sed -i 's/<4>/<5>/' refused.dtso
status 1 microctl apply refused.dtso
says '^refused.dtso: /bus/refused: the driver refuses it: EINVAL'

note "more than dtc takes in one node, saved and applied"
echo >/proc/sys/kernel/modprobe
microctl apply -q --prune a.dtso
{
	awk 'BEGIN { for (i = 0; i < 1100; i++) printf "m-%d { x = <%d>; };\n", i, i }'
} | bus many.dtso
status 0 microctl apply --prune many.dtso
is "$(cat /tmp/out)" "1100 created, 0 changed, 2 removed, 0 unchanged; 1100 without a driver yet" "1,100 devices"
microctl save >first.dtso
is "$(grep -c 'compatible = "microkernel,bus"' first.dtso)" 2 "first.dtso has two buses"
microctl apply -q --prune a.dtso
status 0 microctl apply --prune first.dtso
microctl save >second.dtso
cmp first.dtso second.dtso
ok $? "the same bytes again"
status 0 microctl apply --prune a.dtso
is "$(cat /tmp/out)" "2 created, 0 changed, 1100 removed, 0 unchanged" "apply removes a thousand devices"

# From here on mkdir of two names takes as long as the test wants: the kernel runs
# this program to look for a module.
cat >/tmp/modprobe <<'END'
#!/bin/sh
case $* in
*micro:interrupt) killall -INT microctl ;;
*micro:hold)
	: >/tmp/held
	while [ ! -e /tmp/go ]; do sleep 0.1; done
	;;
esac
END
chmod 755 /tmp/modprobe
echo /tmp/modprobe >/proc/sys/kernel/modprobe

note "SIGINT"
bus interrupt.dtso <<'END'
	before { compatible = "microkernel,fifo"; };
	interrupt { compatible = "microkernel,fifo"; fifo-size = <16>; };
	after { compatible = "microkernel,fifo"; };
	a { compatible = "microkernel,fifo"; };
	later { compatible = "microkernel,fifo"; };
END
status 130 microctl apply interrupt.dtso
says "interrupted after 2 of 4 steps; left: create after, create later"
is "$(cd $micro && echo *)" "a before both interrupt" "the others are not there"
is "$(cat $micro/interrupt/status $micro/interrupt/properties/fifo-size/u32 | xargs)" "bound 16" \
	"the device at hand was finished"
status 0 microctl apply interrupt.dtso
is "$(cat /tmp/out)" "2 created, 0 changed, 0 removed, 3 unchanged" "the rest, next time"

note "two at once"
bus hold.dtso <<'END'
	hold { compatible = "microkernel,fifo"; };
END
microctl apply hold.dtso >/tmp/holder 2>&1 &
holder=$!
wait_for test -e /tmp/held
status 5 microctl apply --no-wait a.dtso
says "process $holder is changing devices; try again"
status 5 microctl create --no-wait x
status 5 microctl remove --no-wait a
status 0 microctl list --names
bus second.dtso <<'END'
	second { compatible = "microkernel,fifo"; };
END
microctl apply second.dtso >/tmp/second 2>&1 &
second=$!
wait_for grep -q "process $holder is changing devices; waiting for it" /tmp/second
ok $? "the second waits, and says for whom"
microctl apply second.dtso >/tmp/third 2>&1 &
third=$!
wait_for grep -q waiting /tmp/third
kill -TERM $third
wait $third
is "$? $(tail -n 1 /tmp/third)" "143 microctl: interrupted; nothing was changed" \
	"a microctl that waits for the lock ends at a signal"
: >/tmp/go
wait $holder
ok $? "the first is through"
wait $second
is "$? $(tail -n 1 /tmp/second)" "0 1 created, 0 changed, 0 removed, 0 unchanged" \
	"a microctl that waits for the lock goes on when it is free"

note "the order of child nodes, which drivers see"
nodes() {
	grep -o '^node .*' "/dev/micro/$1" | cut -d ' ' -f 2 | xargs
}
bus order.dtso <<'END'
	order { compatible = "microkernel,dump"; k@0 { }; k@2 { x = <2>; inner { x = <3>; }; }; };
END
microctl apply -q order.dtso
is "$(nodes order)" "k@0 k@2" "child nodes are in the order of the file"
bus order.dtso <<'END'
	order { compatible = "microkernel,dump"; k@0 { }; k@1 { }; k@2 { x = <2>; inner { x = <3>; }; }; };
END
status 1 microctl diff order.dtso
is "$(grep -c '^[-+].*k@2' /tmp/out)" 2 "a child node with another before it is made anew"
status 0 microctl apply order.dtso
is "$(nodes order)" "k@0 k@1 k@2" "child nodes are in the order of the changed file"
is "$(tail -n 3 /dev/micro/order | xargs)" "x: 2 node inner x: 3" \
	"a child node that was made anew has all that it had"
status 0 microctl diff order.dtso
bus order.dtso <<'END'
	order { compatible = "microkernel,dump"; k@2 { }; k@0 { }; };
END
status 0 microctl apply order.dtso
is "$(nodes order)" "k@2 k@0" "child nodes can be put into any order"
status 0 microctl diff order.dtso

note "a driver that asks for later"
bus later.dtso <<'END'
	later { compatible = "microkernel,dump"; probe-error = <517>; };
END
status 0 microctl apply later.dtso
says "1 without a driver yet"
is "$(cat $micro/later/status)" "failed EPROBE_DEFER" "a probe that asks for later is no refusal"
status 0 microctl diff later.dtso
status 0 microctl create later.2 -c microkernel,dump -s probe-error=u32:517
says "no driver is bound to it yet"
microctl remove order later later.2

note "a bus that is the root"
printf '/dts-v1/; / { compatible = "microkernel,bus"; l: rooted { x = <1>; }; };' >root.dts
status 0 microctl apply root.dts
is "$(cat $micro/rooted/properties/x/u32)" 1 "dtc's symbols are no devices"
microctl remove rooted

note "progress"
awk 'BEGIN { for (i = 0; i < 150; i++) printf "p-%d { };\n", i }' | bus progress.dtso
micro-tty microctl apply progress.dtso >/tmp/typescript
ok $? "150 devices, on a terminal"
like "$(tr '\r' '\n' </tmp/typescript)" ' 50%  75 of 150  p-75$' "progress"
like "$(tr '\r' '\n' </tmp/typescript)" '^(.\[K)?150 created' "the sum comes after the progress"
microctl apply -q --prune a.dtso
status 0 microctl apply progress.dtso
unlike "$(cat /tmp/out)" '%' "there is no progress when the output is a file"
names=$(microctl list --names | grep '^p-')
# shellcheck disable=SC2086 # words
micro-tty microctl remove $names >/tmp/typescript
like "$(tr '\r' '\n' </tmp/typescript)" ' 50%  75 of 150  p-75$' "remove shows its progress"
awk 'BEGIN { for (i = 0; i < 90; i++) printf "q-%d { };\n", i }' | bus progress.dtso
unlike "$(micro-tty microctl apply progress.dtso)" '%' "there is no progress for a few devices"

note "a record of the devices that were made"
bus recorded.dtso <<'END'
	rec-1 { };
	rec-2 { };
END
bus less.dtso <<'END'
	rec-1 { };
END
mkdir $micro/rec-by-hand
status 0 microctl apply --record /tmp/record recorded.dtso
is "$(sort /tmp/record | xargs)" "rec-1 rec-2" "the record has the devices of the file"
status 0 microctl apply --prune --record /tmp/record less.dtso
is "$(cd $micro && echo rec-*)" "rec-1 rec-by-hand" "--prune removes only what is in the record"
status 4 microctl apply --record /nowhere/record recorded.dtso
mentions "cannot write the record /nowhere/record: No such file or directory; nothing was changed"
status 4 microctl apply --record /dev/null recorded.dtso
mentions "cannot write the record /dev/null: not a regular file; nothing was changed"
[ -c /dev/null ] && [ ! -e $micro/rec-2 ]
ok $? "nothing was changed, neither was /dev/null"
status 0 microctl apply --prune --record /tmp/record
is "$(cd $micro && echo rec-*)" "rec-by-hand" "without a file, all that is in the record goes"
microctl remove rec-by-hand

note "nobody reads the output any more"
awk 'BEGIN { for (i = 0; i < 30; i++) printf "r-%d { };\n", i }' | bus piped.dtso
mkfifo /tmp/pipe
# shellcheck disable=SC2217 # it keeps the pipe open
sleep 1000 </tmp/pipe &
reader=$!
exec 3>/tmp/pipe
kill $reader
wait $reader
microctl apply --verbose piped.dtso >&3 2>/tmp/out
is "$?" 4 "that is an error"
exec 3>&-
mentions "cannot write the output"
is "$(microctl list --names | grep -c '^r-')" 30 "apply goes on to the end"

micro-hold end
# shellcheck disable=SC2046 # words
run_ok microctl remove $(ls $micro)
for module in sample_driver micro_fifo micro_ram micro_dump microkernel; do
	run_ok rmmod $module
done
done_testing
