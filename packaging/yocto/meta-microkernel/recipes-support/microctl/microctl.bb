# SPDX-License-Identifier: GPL-2.0-only
SUMMARY = "Devices of the microkernel driver framework, as device-tree files describe them"
DESCRIPTION = "The tool microctl, and with systemd or udev the boot service and the rules for nodes."
HOMEPAGE = "https://example.org/microkernel"
SECTION = "base"
LICENSE = "GPL-2.0-only"
LIC_FILES_CHKSUM = "file://LICENSE;md5=b234ee4d69f5fce4486a80fdaf4a4263"

PV = "${MICROKERNEL_VERSION}"

DEPENDS = "dtc"

inherit externalsrc pkgconfig systemd useradd

EXTERNALSRC = "${MICROKERNEL_SOURCE}"
EXTERNALSRC_BUILD = "${WORKDIR}/build"

# udev is systemd's, or eudev
PACKAGECONFIG ??= "json ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'udev', \
	bb.utils.contains_any('VIRTUAL-RUNTIME_dev_manager', 'udev eudev', 'udev', '', d), d)}"
PACKAGECONFIG[json] = "WITH_JSON=1,WITH_JSON=0,json-c"
PACKAGECONFIG[udev] = "WITH_UDEV=1,WITH_UDEV=0,udev"

EXTRA_OEMAKE = "-C ${S}/tools/microctl OUT=${B} PREFIX=${prefix} ZSH_COMPLETIONS=${datadir}/zsh/site-functions ${PACKAGECONFIG_CONFARGS}"

SYSTEMD_SERVICE:${PN} = "micro.service"
SYSTEMD_AUTO_ENABLE = "disable"

# of the udev rules, and of the services of user drivers
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system micro; --system micro_server"

do_compile() {
	oe_runmake
}

do_install() {
	oe_runmake install DESTDIR="${D}"
	if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
		make -C ${S} install-system DESTDIR="${D}" PREFIX="${prefix}" \
			unitdir="${systemd_system_unitdir}" rulesdir="${nonarch_base_libdir}/udev/rules.d"
		# KERNEL_MODULE_AUTOLOAD of the recipe microkernel does this
		rm -r ${D}${prefix}/lib/modules-load.d
	elif ${@bb.utils.contains('PACKAGECONFIG', 'udev', 'true', 'false', d)}; then
		make -C ${S} install-udev DESTDIR="${D}" PREFIX="${prefix}" rulesdir="${nonarch_base_libdir}/udev/rules.d"
	fi
}

# systemd.bbclass adds SYSTEMD_SERVICE alone
FILES:${PN} += "${systemd_system_unitdir}/micro-driver@.service"
FILES:${PN} += "${datadir}/zsh ${datadir}/bash-completion ${prefix}/lib/sysusers.d ${prefix}/lib/tmpfiles.d ${nonarch_base_libdir}/udev"
CONFFILES:${PN} = "${sysconfdir}/default/micro ${sysconfdir}/micro.d/README"

# microctl calls dtc for sources, not for blobs
RRECOMMENDS:${PN} = "dtc kernel-module-microkernel"
