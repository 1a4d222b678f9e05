# SPDX-License-Identifier: GPL-2.0-only
SUMMARY = "Driver framework whose devices come and go at run time"
DESCRIPTION = "The modules of microkernel: the core, drivers to copy, and the one for drivers that are programs."
HOMEPAGE = "https://example.org/microkernel"
SECTION = "kernel/modules"
LICENSE = "GPL-2.0-only"
LIC_FILES_CHKSUM = "file://LICENSE;md5=b234ee4d69f5fce4486a80fdaf4a4263"

PV = "${MICROKERNEL_VERSION}"

inherit module externalsrc

# module.bbclass builds where the source is
EXTERNALSRC = "${MICROKERNEL_SOURCE}"
EXTERNALSRC_BUILD = "${EXTERNALSRC}"

KERNEL_MODULE_AUTOLOAD += "microkernel"

# For drivers in other recipes, with DEPENDS = "kernel-module-microkernel": module.bbclass looks for
# the symbols of what they depend on in a folder of that name, and only if it begins so
PROVIDES += "kernel-module-microkernel"

# What these drivers are built with, and the manual pages. No package would have the symbols
# beside the modules
do_install:append() {
	install -D -m 0644 ${B}/Module.symvers ${D}${includedir}/kernel-module-microkernel/Module.symvers
	rm ${D}${nonarch_base_libdir}/modules/${KERNEL_VERSION}/updates/microkernel/Module.symvers
	oe_runmake install-dev install-man DESTDIR="${D}" PREFIX="${prefix}"
}
