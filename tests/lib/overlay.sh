# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash disable=SC2034 # variables of the tests
# Sourced by the tests of micro_overlay, after tap.sh.

overlays=/sys/kernel/config/device-tree/overlays
dtbo=/root/dts-overlays

# tree: the whole one: names and contents of all properties
tree() {
	find /proc/device-tree/ -type f -exec md5sum {} + | sort
}

# status OVERLAY
status() {
	cat "$overlays/$1/status"
}

# apply OVERLAY BLOB: prints "ok", or the error
apply() {
	micro-try write "$overlays/$1/dtbo" - <"$dtbo/$2.dtbo"
}
