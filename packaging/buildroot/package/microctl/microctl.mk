################################################################################
#
# microctl
#
################################################################################

# SPDX-License-Identifier: GPL-2.0-only
MICROCTL_VERSION = $(MICROKERNEL_SOURCE_VERSION)
MICROCTL_SITE = $(MICROKERNEL_SOURCE_TREE)
MICROCTL_SITE_METHOD = local
MICROCTL_LICENSE = GPL-2.0
MICROCTL_LICENSE_FILES = LICENSE
MICROCTL_DEPENDENCIES = dtc

ifeq ($(BR2_PACKAGE_JSON_C),y)
MICROCTL_DEPENDENCIES += json-c
MICROCTL_OPTS += WITH_JSON=1
else
MICROCTL_OPTS += WITH_JSON=0
endif

ifeq ($(BR2_PACKAGE_HAS_UDEV),y)
MICROCTL_DEPENDENCIES += udev
MICROCTL_OPTS += WITH_UDEV=1

# eudev has them in /lib, which for systemd is /usr/lib
define MICROCTL_INSTALL_UDEV
	$(MAKE) -C $(@D) DESTDIR=$(TARGET_DIR) PREFIX=/usr rulesdir=/lib/udev/rules.d install-udev
endef
MICROCTL_POST_INSTALL_TARGET_HOOKS += MICROCTL_INSTALL_UDEV
else
MICROCTL_OPTS += WITH_UDEV=0
endif

define MICROCTL_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) $(MICROCTL_OPTS) -C $(@D)/tools/microctl
endef

define MICROCTL_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) $(MICROCTL_OPTS) -C $(@D)/tools/microctl \
		DESTDIR=$(TARGET_DIR) PREFIX=/usr install
endef

define MICROCTL_INSTALL_INIT_SYSTEMD
	$(MAKE) -C $(@D) DESTDIR=$(TARGET_DIR) PREFIX=/usr install-system
endef

# of the udev rules, and of the services of user drivers
define MICROCTL_USERS
	- - micro -1 * - - - Users of the nodes in /dev/micro
	- - micro_server -1 * - - - Servers of user drivers
endef

$(eval $(generic-package))
