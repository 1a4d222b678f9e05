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

# what drivers in other recipes are built with, and the manual pages. module.bbclass puts the
# symbols into ${includedir}/microkernel; no package would have those beside the modules
do_install:append() {
	rm ${D}${nonarch_base_libdir}/modules/${KERNEL_VERSION}/updates/microkernel/Module.symvers
	oe_runmake install-dev install-man DESTDIR="${D}" PREFIX="${prefix}"
}
