#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The catalogue of mistakes in docs/teaching.md: the debug kernel says to each what the
# page says. Two that lockdep finds are in tests of their own, as it stops after its first
# report: bugs-interrupt.t and bugs-still-locked.t.
# vm: --module docs/teaching/bugs --file docs/teaching.md --append kasan_multi_shot
# vm: --file docs/teaching/bugs/bugs.c --expect 'possible circular locking dependency detected'
# kernels: debug

. /tests/lib/tap.sh
. /tests/lib/bugs.sh

# each line of code on the page is one of the module, but for where it begins
awk '/^## A catalogue/ { here = 1 } here && /^```/ { code = $1 == "```c"; next } code' teaching.md |
	sed 's/^[[:space:]]*//' | sort -u >/tmp/shown
sed 's/^[[:space:]]*//' bugs.c | sort -u >/tmp/code
isnt "$(cat /tmp/shown)" "" "the catalogue shows code"
is "$(grep -vxFf /tmp/code /tmp/shown)" "" "each line of it is one of the module"
is "$(sed -n 's/^```log //p' teaching.md | sort | xargs)" \
	"$(sed -n 's/^	{ "\(.*\)", .*/\1/p' bugs.c | grep -v remember | sort | xargs)" \
	"the page has each mistake of the module"

load_bugs

# What lockdep has to say comes first: it stops after its first report, and after one of
# KASAN. The kernel reports who sleeps in atomic context at most once a second.
for name in sleep-in-atomic inversion copy-in-atomic shift bounds; do
	bug $name
	said $name
	sleep 2
done

# what shows when the device goes, or later
mkdir $micro/bugs.1
bug double-free bugs.1
rmdir $micro/bugs.1
said double-free

mkdir $micro/bugs.1
bug remember bugs.1
rmdir $micro/bugs.1
bug use-after-free
said use-after-free

mkdir $micro/bugs.1
bug timer-left bugs.1
rmdir $micro/bugs.1
said timer-left

mkdir $micro/bugs.1
bug sleeper bugs.1 &
sleeper=$!
sleep 1
rmdir $micro/bugs.1 &
said sleeper
kill $sleeper
wait
[ ! -e $micro/bugs.1 ]
ok $? "the device is removed when the sleeper is killed"

bug leak
# who is younger than that is not looked at
sleep 6
echo scan >/sys/kernel/debug/kmemleak
echo scan >/sys/kernel/debug/kmemleak
while read -r line; do
	echo "$line"
done </sys/kernel/debug/kmemleak >/dev/kmsg
said leak
done_testing
