################################################################################
#
# microkernel
#
################################################################################

# SPDX-License-Identifier: GPL-2.0-only
MICROKERNEL_VERSION = $(MICROKERNEL_SOURCE_VERSION)
MICROKERNEL_SITE = $(MICROKERNEL_SOURCE_TREE)
MICROKERNEL_SITE_METHOD = local
MICROKERNEL_LICENSE = GPL-2.0
MICROKERNEL_LICENSE_FILES = LICENSE

define MICROKERNEL_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MODULES)
	$(call KCONFIG_ENABLE_OPT,CONFIG_CONFIGFS_FS)
endef

$(eval $(kernel-module))
$(eval $(generic-package))
