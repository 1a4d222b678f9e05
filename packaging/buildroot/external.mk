# SPDX-License-Identifier: GPL-2.0-only
# This tree is used in its place, in this source: the packages build what is around it.
MICROKERNEL_SOURCE_TREE = $(realpath $(BR2_EXTERNAL_MICROKERNEL_PATH)/../..)
MICROKERNEL_SOURCE_VERSION = $(shell sed -n 's/^.define MICRO_VERSION "\(.*\)"/\1/p' \
	$(MICROKERNEL_SOURCE_TREE)/include/microkernel_version.h)

include $(sort $(wildcard $(BR2_EXTERNAL_MICROKERNEL_PATH)/package/*/*.mk))
