#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# microctl: a node that was removed, or something else in its place, is told and mended.
# except: race debug
. /tests/lib/tap.sh
. /tests/lib/microctl.sh

modprobe -a microkernel sample_driver micro_fifo

cat >two.dtso <<'END'
/dts-v1/;
/plugin/;
&{/} {
	bus {
		compatible = "microkernel,bus";

		good { compatible = "microkernel,fifo"; };

		hello { compatible = "microkernel,sample-driver"; };
	};
};
END
node=/dev/micro/hello

# told TEXT STATUS: list, show, tree, wait and diff see what is wrong with the node
told() {
	for command in list 'show hello' 'tree hello' 'list --json'; do
		# shellcheck disable=SC2086 # words
		status 1 microctl $command
		mentions "microctl: hello: its node $node $1"
	done
	status 1 microctl wait hello
	mentions "hello is bound, but its node $node $1"
	status 1 microctl diff two.dtso
	mentions "/* hello: its node $node $1"
	status 0 microctl apply --dry-run two.dtso
	mentions "mend hello (its node $1"
	status 0 microctl show good
}

# mended: and the other device is not touched
mended() {
	status 0 microctl apply two.dtso
	mentions "0 created, 1 changed, 0 removed, 1 unchanged"
	[ -c $node ]
	ok $? "apply makes the node again"
	is "$(cat $node)" "Sample driver data" "the new node is that of the device"
	is "$(stat -c '%t:%T' $node | awk -F : '{ print ("0x" $1) + 0 ":" ("0x" $2) + 0 }')" \
		"$(cat $micro/hello/dev)" "the new node has the device's number"
	status 0 microctl list
	status 0 microctl wait hello
	status 0 microctl apply two.dtso
	mentions "0 created, 0 changed, 0 removed, 2 unchanged"
}

status 0 microctl apply two.dtso
echo kept >/dev/micro/good
status 0 microctl list

note "the node is gone"
rm $node
told "is gone"
is "$(microctl show --json hello 2>/dev/null | grep -o '"node_fault":.*"')" '"node_fault":"is gone"' \
	"JSON says that the node is gone"
is "$(microctl show --json good | grep -o '"node_fault":.*')" '"node_fault":null,' \
	"JSON says that nothing is wrong with a good node"
mended

note "a regular file is in its place"
rm $node
echo "meant for the device" >$node
told "is a regular file"
mended
is "$(cat $node~)" "meant for the device" "what was written to the file is kept under another name"
rm $node~

note "an empty file, a folder, a pipe, a dead link, and the node of another device are in its place"
rm $node
: >$node
told "is a regular file"
mended
[ ! -e $node~ ]
ok $? "an empty file is not kept"
rm $node
mkdir $node
told "is a folder"
mended
rm $node
mkfifo $node
told "is a pipe"
mended
rm $node
ln -s /nothing $node
told "is a symbolic link to nothing"
mended
rm $node
mknod $node c 1 3
told "is that of another device"
mended

note "a link to the node is as good as the node"
mv $node /dev/elsewhere
ln -s /dev/elsewhere $node
status 0 microctl show hello
rm $node
mv /dev/elsewhere $node

note "what cannot be mended"
rm $node
mkdir -p $node/inner
status 1 microctl apply two.dtso
mentions "$node is a folder, which cannot be removed: Directory not empty"
is "$(cat $micro/hello/status)" bound "the device is bound again all the same"
rmdir $node/inner
mended

note "a new device whose node has something in its place"
status 0 microctl remove hello
echo leftover >$node
status 0 microctl create hello --compatible microkernel,sample-driver
is "$(cat $node) $(cat $node~)" "Sample driver data leftover" "create makes the node, and keeps what was there"
status 0 microctl remove hello
echo again >$node
status 1 microctl create hello --compatible microkernel,sample-driver
mentions "$node is a regular file, which cannot be renamed to $node~: File exists"
[ ! -e $micro/hello ]
ok $? "create leaves no device when there is no place for its node"
status 1 microctl apply two.dtso
mentions "1 created, 0 changed, 0 removed, 1 unchanged; 1 with errors"
status 0 microctl remove hello
rm $node~
status 0 microctl apply two.dtso
is "$(cat $node) $(cat $node~)" "Sample driver data again" "apply makes the node of a new device, and keeps what was there"
rm $node~
status 1 microctl create hello --compatible microkernel,sample-driver
is "$(cat $node)" "Sample driver data" "create of a name that is taken does not touch its node"

is "$(dd if=/dev/micro/good bs=5 count=1 2>/dev/null)" kept "the device that was right was never unbound"
status 0 microctl remove hello good
done_testing
