#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Properties that a user makes in configfs, and what the driver reads of them. All
# values that are accepted and refused are in the tables of tests/kunit; here is
# what a user sees of each kind.
# except: race
. /tests/lib/tap.sh

micro=/sys/kernel/config/micro
dev=$micro/greeter
props=$dev/properties

# put FILE TEXT: with escapes as of printf, in one write(2)
put() {
	printf '%b' "$2" | micro-try write "$1" -
}

# have NAME TYPE TEXT: a property, made if need be
have() {
	[ -d "$props/$1" ] || mkdir "$props/$1"
	put "$props/$1/$2" "$3" >/dev/null
}

# drop NAME...: properties
drop() {
	for prop; do
		rmdir "$props/$prop"
	done
}

# shown NAME: type and value, on one line
shown() {
	read -r type <"$props/$1/type"
	case $type in
	bool) echo bool ;;
	*) echo "$type: $(cat "$props/$1/$type")" ;;
	esac
}

# many COUNT TEXT: so many times, each followed by a space
many() {
	awk -v n="$1" -v s="$2" 'BEGIN { while (n-- > 0) printf "%s ", s }'
}

live() {
	micro-try write $dev/live "$1"
}

attr() {
	cat "$dev/$1"
}

# log COMMAND...: what the kernel says meanwhile
log() {
	dmesg -c >/dev/null
	"$@" >/dev/null
	dmesg
}

# unreclaimable: KiB of what the kernel has allocated in small pieces
unreclaimable() {
	sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

modprobe micro_dump
mkdir $dev

note "a property"
is "$(ls $props)" "" "a new device has none"
is "$(micro-try mkdir $props/x)" ok "mkdir makes one"
is "$(cd $props/x && echo *)" "string type u16 u32 u64 u8" "a property has a file for each type"
is "$(cat $props/x/type)" bool "empty, it is a boolean"
for type in u8 u16 u32 u64 string; do
	run_fails "Invalid argument" cat $props/x/$type
done
is "$(micro-try mkdir $props/x)" EEXIST "there is one property of a name"
is "$(micro-try open w $props/x/type)" EACCES "type is not for writing"

note "numbers: what is written, and how it reads"
while IFS='|' read -r type text want; do
	is "$(put "$props/x/$type" "$text") $(shown x)" "ok $type: $want" "$type: '$text'"
done <<'END'
u8|0xff|255
u8|  1\t0x2\n\n3 \n|1 2 3
u16|0xffff 0177777 1|65535 65535 1
u32|4294967295|4294967295
u64|18446744073709551615|18446744073709551615
END

note "what is no number, or too big a one, changes nothing"
put $props/x/u16 "1 2 65535" >/dev/null
while IFS='|' read -r type text want; do
	is "$(put "$props/x/$type" "$text") $(shown x)" "$want u16: 1 2 65535" "$type: '$text' is $want"
done <<'END'
u8|256|ERANGE
u64|18446744073709551616|ERANGE
u32|-1|EINVAL
u8|1 x|EINVAL
u8| \t\n\n|EINVAL
u8|1\00002|EINVAL
END
: >$props/x/u16
is "$(shown x)" "u16: 1 2 65535" "opening it for writing is not writing"

note "strings"
while IFS='|' read -r text want; do
	is "$(put $props/x/string "$text") $(cat $props/x/type)" "ok string" "'$text'"
	cat $props/x/string >/tmp/got
	printf '%b' "$want" >/tmp/want
	cmp -s /tmp/got /tmp/want
	ok $? "the text '$text' reads as '$want'" || diag "$(hexdump -C /tmp/got)"
done <<'END'
two words|two words\n
one\n\nthree\n|one\n\nthree\n
Gr\0303\0274\0303\0237e|Gr\0303\0274\0303\0237e\n
END
put $props/x/string "stays\nhere" >/dev/null
is "$(put $props/x/string 'a\0000b') $(shown x)" "EINVAL string: stays
here" "a string with a NUL in it is refused, and the old one stays"

note "one type at a time"
have x u8 1
is "$(put $props/x/u32 70000) $(shown x)" "ok u32: 70000" "another type replaces the first"
for type in u8 u16 u64 string; do
	run_fails "Invalid argument" cat $props/x/$type
done
is "$(put $props/x/string text) $(shown x)" "ok string: text" "a number becomes a string"
is "$(put $props/x/u8 300) $(shown x)" "ERANGE string: text" "a bad number leaves the string that was there"

note "length"
printf '%04094d' 7 >/tmp/4094
printf '%04093d\n' 7 >/tmp/4094n
printf '%04095d' 7 >/tmp/4095
for file in 4094 4094n; do
	is "$(micro-try write $props/x/string - </tmp/$file)" ok "a string of $file bytes"
	is "$(cat $props/x/string)" "$(cat /tmp/$file)" "a string of $file bytes reads as it was written"
done
is "$(micro-try write $props/x/string - </tmp/4095)" E2BIG "a string of 4095 bytes"
have x string "the old value"
for size in 4095 4096 5000 8190 10000; do
	head -c $size /dev/zero | tr '\0' 7 >/tmp/long
	long=$(cat /tmp/long)
	for type in string u8 u64; do
		is "$(micro-try write $props/x/$type - </tmp/long) $(shown x)" \
			"E2BIG string: the old value" "$size bytes to $type: nothing is taken"
	done
	run_fails "Argument list too long" dd if=/tmp/long of=$props/x/string bs=1M
	run_fails "Argument list too long" cp /tmp/long $props/x/string
	(cat /tmp/long >$props/x/string) 2>/dev/null
	(echo "$long" >$props/x/string) 2>/dev/null
	is "$(shown x)" "string: the old value" "dd, cp, cat and echo of $size bytes leave the old value"
done

note "as many numbers as can be printed"
is "$({ many 194 0xffffffffffffffff; echo 1000000000000000000; } | micro-try write $props/x/u64 -)" ok \
	"numbers that print as 4094 bytes are accepted"
is "$(wc -c <$props/x/u64) $(wc -w <$props/x/u64)" "4094 195" "numbers that print as 4094 bytes can be read"
is "$(many 195 0xffffffffffffffff | micro-try write $props/x/u64 -)" E2BIG \
	"numbers that print as 4095 bytes are refused"
is "$(wc -c <$props/x/u64)" 4094 "numbers that are refused leave the old value"
drop x

note "names"
for name in a-name-of-31-characters-in-all- ',._+?#@-'; do
	is "$(micro-try mkdir "$props/$name")" ok "a property can be called '$name'"
	rmdir "$props/$name"
done
for name in a-name-of-32-characters-in-all-x "$(printf '%0255d' 0)" 'a b' "$(printf 'a\nb')" \
	"$(printf '\303\244')" compatible; do
	is "$(micro-try mkdir "$props/$name")" EINVAL "a property cannot be called '$name'"
done
is "$(ls $props)" "" "nothing is left of properties whose names were refused"
like "$(log micro-try mkdir "$props/a b")" "greeter: 'a b' is not a name in a device tree: 1 to 31 char" \
	"the log says why"
like "$(log micro-try mkdir "$props/compatible")" "greeter: .*the device's file 'compatible'" \
	"the log says where compatible strings belong"

note "what the driver sees"
have a-bool string ""
drop a-bool
mkdir $props/a-bool
have a-u8 u8 200
have b-u8 u8 "0 1 127 128 255"
have a-u16 u16 50000
have b-u16 u16 "1 256 65535"
have a-u32 u32 4000000000
have b-u32 u32 "1 65536 4294967295"
have a-u64 u64 10000000000000000000
have b-u64 u64 "1 4294967296 18446744073709551615"
have a-string string "just one"
have b-string string 'one\n\ntwo words\nthree, four\n'
have c-string string '\n'
have 'micro,Odd_name.+?#1-' u32 1
have a-name-of-31-characters-in-all- u32 31
is "$(printf 'test,most-specific\nmicrokernel,dump\n' | micro-try write $dev/compatible -)" ok "the device is bound"
cat >/tmp/want <<'END'
compatible: "test,most-specific" "microkernel,dump"
a-bool
a-u8: 200
b-u8: 0 1 127 128 255
a-u16: 50000
b-u16: 1 256 65535
a-u32: 4000000000
b-u32: 1 65536 4294967295
a-u64: 10000000000000000000
b-u64: 1 4294967296 18446744073709551615
a-string: "just one"
b-string: "one" "" "two words" "three, four"
c-string: ""
micro,Odd_name.+?#1-: 1
a-name-of-31-characters-in-all-: 31
END
is "$(cat /dev/micro/greeter)" "$(cat /tmp/want)" \
	"the driver reads every property through every call of the API"

note "while the device is bound"
for type in u8 u16 u32 u64 string; do
	is "$(put $props/a-u32/$type 1)" EBUSY "writing $type"
done
is "$(micro-try mkdir $props/x)" EBUSY "mkdir of a property"
is "$(micro-try mkdir $dev/children/x)" EBUSY "mkdir of a child"
is "$(shown a-u32)" "u32: 4000000000" "a property of a bound device can be read"
is "$(micro-try rmdir $props/a-bool) $(micro-try rmdir $props/b-string)" "ok ok" "rmdir can't be refused"
is "$(micro-try mkdir $props/a-bool)" EBUSY \
	"a property that was removed from a bound device cannot be made again"
is "$(cat /dev/micro/greeter)" "$(cat /tmp/want)" "the driver has what it was bound with"
is "$(put $dev/compatible 'test,most-specific\nmicrokernel,dump')" ok "the same strings again"
is "$(cat /dev/micro/greeter)" "$(cat /tmp/want)" "the same strings again do not bind the device anew"
is "$(live 0) $(live 1)" "ok ok" "a device can be turned off and on"
is "$(cat /dev/micro/greeter)" "$(grep -v -e a-bool -e b-string /tmp/want)" \
	"properties that were removed are gone at the next bind"
live 0 >/dev/null
is "$(put $props/a-u32/u32 5) $(micro-try mkdir $props/a-bool)" "ok ok" "off, it can be changed"
is "$(live 1) $(grep -c -x -e a-bool -e "a-u32: 5" /dev/micro/greeter)" "ok 2" \
	"the driver sees what was changed while the device was off"
is "$(micro-try write /sys/bus/micro_bus/drivers/micro_dump/unbind greeter)" ok "unbind in sysfs"
is "$(put $props/a-u32/u32 6) $(attr status)" "ok unbound" "lets it be changed, too"
is "$(micro-try write /sys/bus/micro_bus/drivers/micro_dump/bind greeter)" ok "bind"
is "$(grep a-u32 /dev/micro/greeter)" "a-u32: 6" "a bind in sysfs shows the new value"
is "$(put $dev/compatible microkernel,dump) $(head -n 1 /dev/micro/greeter)" \
	'ok compatible: "microkernel,dump"' "new compatible strings are what the driver reads"
is "$(put $dev/compatible test,nobody) $(put $props/a-u32/u32 7) $(attr status)" "ok ok unbound" \
	"unbound by its strings, it can be changed"
is "$(put $dev/compatible microkernel,dump) $(grep a-u32 /dev/micro/greeter)" "ok a-u32: 7" \
	"new compatible strings bind the device with the new value"

note "a driver that comes and goes"
is "$(micro-try rmmod micro_dump) $(put $props/a-u32/u32 8)" "ok ok" \
	"properties can be changed when the driver has gone"
gone micro_dump
run_ok insmod micro_dump.ko
is "$(attr status) $(grep a-u32 /dev/micro/greeter)" "bound a-u32: 8" "the driver that arrives sees it"

note "probe fails because of a property"
live 0 >/dev/null
have probe-error u32 12
is "$(live 1) $(attr status)" "ENOMEM failed ENOMEM" "live=1 says so, status too"
is "$(put $props/probe-error/u32 5) $(live 1) $(attr status)" "ok EIO failed EIO" \
	"a property can be changed when probe has failed"
is "$(put $props/probe-error/u32 0) $(live 1) $(attr status)" "ok ok bound" \
	"a device is bound when the property is right"
live 0 >/dev/null
put $props/probe-error/u32 19 >/dev/null
is "$(live 1) $(attr status)" "ENODEV failed ENODEV" "a property that is wrong again makes probe fail again"
drop probe-error
is "$(live 1) $(attr status)" "ok bound" "a device is bound when the wrong property is gone"

note "bound again and again"
# with what the shell has built in, as a program for each step takes far longer
i=0
while [ $i -lt 100 ]; do
	echo 0 >$dev/live
	echo $i >$props/a-u32/u32
	echo 1 >$dev/live
	[ "$(grep a-u32 /dev/micro/greeter)" = "a-u32: $i" ] || break
	i=$((i + 1))
done
is $i 100 "100 times, with a new value each time"
live 0 >/dev/null
have probe-error u32 0
i=0
while [ $i -lt 100 ]; do
	echo 5 >$props/probe-error/u32
	! echo 1 >$dev/live || break
	echo 0 >$props/probe-error/u32
	echo 1 >$dev/live || break
	echo 0 >$dev/live
	i=$((i + 1))
done 2>/dev/null
is $i 100 "100 times, with a failure in between"
drop probe-error
is "$(live 1)" ok "a device is bound after 100 failures"

# each bind copies the properties
if [ -e /sys/kernel/debug/kmemleak ]; then
	skip "kmemleak looks for what is left over; KASAN keeps what was freed"
else
	live 0 >/dev/null
	have b-string string "$(many 2000 x)"
	before=$(unreclaimable)
	i=0
	while [ $i -lt 500 ]; do
		echo 1 >$dev/live
		echo 0 >$dev/live
		i=$((i + 1))
	done
	# shellcheck disable=SC2317 # wait_for calls it
	less_than_half() {
		[ $(($(unreclaimable) - before)) -lt 1000 ]
	}
	wait_for less_than_half
	ok $? "500 times with 4000 bytes: nothing is left over"
	note "more than before: $(($(unreclaimable) - before)) KiB"
fi

note "read as another type: the value if it fits, or an error, but never nonsense"
live 0 >/dev/null
rmdir $props/*
have a-u8 u8 "200 1 2 3 4 5 6 7"
have a-u32 u32 70000
have b-u64 u64 0x4141414141414141
have a-string string "some text"
mkdir $props/a-bool
live 1 >/dev/null
echo 1 >/sys/module/micro_dump/parameters/wrong
cp /dev/micro/greeter /tmp/wrong
echo 0 >/sys/module/micro_dump/parameters/wrong
# 61 is ENODATA, 71 EPROTO, 75 EOVERFLOW
while read -r line; do
	grep -qxF "$line" /tmp/wrong
	ok $? "$line" || diag "$(grep "^${line%:*}" /tmp/wrong)"
done <<'END'
a-u8 as u64: 200
a-u32 as u8: error -75
a-u32 as u64: 70000
a-u32 as string: error -71
a-string as u32: error -71
a-bool as u8: error -61
END
live 0 >/dev/null
rmdir $props/*
mkdir $props/label $props/a-u64
echo 0x4141414141414141 >$props/label/u64
echo text >$props/a-u64/string
is "$(live 1) $(grep -e label -e a-u64 /dev/micro/greeter | xargs)" "ok label: count -71 a-u64: count -71" \
	"a number is not the address of a string"
live 0 >/dev/null
drop label a-u64
have a-u32 u32 99
live 1 >/dev/null

note "rmdir"
is "$(micro-try rmdir $dev)" ENOTEMPTY "a device with properties"
is "$(micro-try rmdir $props)" EPERM "properties/ itself"
is "$(micro-try rmdir $props/a-u32/u32)" ENOTDIR "a file"
is "$(attr status) $(grep a-u32 /dev/micro/greeter)" "bound a-u32: 99" "change nothing"
live 0 >/dev/null
is "$(micro-try rmdir $dev)" ENOTEMPTY "rmdir of a device with properties is ENOTEMPTY when it is off"
rmdir $props/*
is "$(live 1) $(cat /dev/micro/greeter)" 'ok compatible: "microkernel,dump"' \
	"the driver sees no property when all were removed"
is "$(micro-try rmdir $dev)" ok "a device without properties can be removed"

note "a device that is bound by name, and one without any property"
mkdir $micro/micro_dump.1
is "$(cat $micro/micro_dump.1/status) $(cat /dev/micro/micro_dump.1)" "bound " \
	"a driver sees nothing of a device without properties and strings"
is "$(put $micro/micro_dump.1/live 0) $(micro-try mkdir $micro/micro_dump.1/properties/a-bool)" "ok ok" \
	"a property"
is "$(put $micro/micro_dump.1/live 1) $(cat /dev/micro/micro_dump.1)" "ok a-bool" \
	"a driver sees a property of a device without strings"
rmdir $micro/micro_dump.1/properties/a-bool $micro/micro_dump.1
rmmod micro_dump

# settings COMPATIBLE PROPERTY: a device with a property to try values of
settings() {
	compatible=$1
	setting=$2
	mkdir $dev
	mkdir "$props/$setting"
}

# try TYPE VALUE: what binding with it says, and the status
try() {
	live 0 >/dev/null
	put "$props/$setting/$1" "$2" >/dev/null
	put $dev/compatible "$compatible" >/dev/null
	echo "$(live 1) $(attr status)"
}

end() {
	rmdir "$props/$setting" $dev
	rmmod "$1"
}

note "sample_driver: buffer-size"
settings microkernel,sample-driver buffer-size
for size in 1 100 4096 1048576; do
	is "$(try u32 $size)" "ok bound" "$size"
	is "$(head -c $size /dev/zero | micro-try write /dev/micro/greeter -)" ok "a message of that size"
	head -c $((size + 1)) /dev/zero >/tmp/long
	[ $size -eq 1048576 ] || # micro-try's limit
		is "$(micro-try write /dev/micro/greeter - </tmp/long)" EMSGSIZE \
			"a message that is longer than $size is EMSGSIZE"
	is "$(wc -c </dev/micro/greeter)" $size "the message is there"
done
for size in 0 1048577 4294967295; do
	is "$(try u32 $size)" "EINVAL failed EINVAL" "$size"
done
is "$(try string 64)" "EINVAL failed EINVAL" "a string"
is "$(try u64 4294967296)" "EINVAL failed EINVAL" "a number of over 32 bits"
is "$(try u8 5)" "ok bound" "the type does not matter if the value fits"
is "$(try u32 5)" "ok bound" "a buffer-size can be corrected"
end sample_driver

note "micro_fifo: fifo-size"
settings microkernel,fifo fifo-size
for size in 2 128 65536 1048576; do
	is "$(try u32 $size)" "ok bound" "$size"
	head -c $size /dev/zero >/dev/micro/greeter
	ok $? "takes as many bytes without a reader"
	is "$(head -c $size /dev/micro/greeter | wc -c)" $size "a fifo of $size gives back what it has taken"
done
for size in 0 1 3 100 65535 65537 4294967295; do
	is "$(try u32 $size)" "EINVAL failed EINVAL" "$size"
done
like "$(log try u32 3)" "greeter: fifo-size has to be .*a power of two" "the log says why"
is "$(try u32 0x80000000)" "ENOMEM failed ENOMEM" "2 GiB"
is "$(try string 64)" "EINVAL failed EINVAL" "a string"
is "$(try u8 64)" "ok bound" "the type does not matter if the value fits"
is "$(try u32 64)" "ok bound" "a fifo-size can be corrected"
end micro_fifo

note "micro_ram: size"
settings microkernel,ram size
for size in 1 4095 12345 1048576; do
	is "$(try u32 $size)" "ok bound" "$size"
	is "$(wc -c </dev/micro/greeter)" $size "a memory of $size has so many bytes"
done
is "$(try u32 1073741824)" "ok bound" "1 GiB"
for size in 0 1073741825 4294967295; do
	is "$(try u32 $size)" "EINVAL failed EINVAL" "$size"
done
like "$(log try u32 0)" "greeter: size has to be a number, 1 to 1073741824" "the log says why"
is "$(try string 64)" "EINVAL failed EINVAL" "a string"
is "$(try u64 0x100000001)" "EINVAL failed EINVAL" "a number of over 32 bits"
is "$(try u16 64)" "ok bound" "the type does not matter if the value fits"
is "$(try u32 64)" "ok bound" "a size can be corrected"
end micro_ram

run_ok rmmod microkernel

done_testing
