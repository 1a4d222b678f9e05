# SPDX-License-Identifier: GPL-2.0-only
# What a person calls; see "make help". The kernel's build system reads Kbuild.

# The kernel to build for: KDIR is its source or its headers. Yocto calls that
# KERNEL_SRC, others KERNELDIR. O is where it was built, if that is elsewhere: as the
# kernel has it, that counts on the command line, and KBUILD_OUTPUT everywhere.
output := $(if $(filter command,$(origin O)),$(O))
named_kernel := $(or $(filter-out undefined,$(origin KDIR)),$(KERNEL_SRC),$(KERNELDIR),$(output))
KDIR ?= $(or $(KERNEL_SRC),$(KERNELDIR),$(output),/lib/modules/$(or $(KVER),$(shell uname -r))/build)
# the kernel's makefile would take a relative folder for one in KDIR, and make it there
built_in := $(abspath $(or $(output),$(KBUILD_OUTPUT)))
kbuild := $(or $(built_in),$(KDIR))
kbuild_flags = $(if $(built_in),O=$(built_in))
# what uname -r says there: Debian's include/config/kernel.release says something else
release := $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	$(kbuild)/include/generated/utsrelease.h 2>/dev/null)
# another kernel's modules are not for the running one
KVER ?= $(or $(release),$(if $(named_kernel),$(error The kernel in $(kbuild) has no \
include/generated/utsrelease.h: call "make modules_prepare" there, or say KVER=release)),$(shell uname -r))
PREFIX ?= /usr
DEPMOD ?= depmod

# Who stages modules in a folder wants all the rest there too
DESTDIR ?= $(INSTALL_MOD_PATH)
INSTALL_MOD_DIR ?= updates/microkernel
modroot = $(abspath $(or $(INSTALL_MOD_PATH),$(DESTDIR)))
MODLIB ?= $(modroot)/lib/modules/$(KVER)
moddir = $(abspath $(MODLIB))/$(INSTALL_MOD_DIR)
incdir = $(DESTDIR)$(PREFIX)/include/microkernel
pcdir = $(DESTDIR)$(PREFIX)/share/pkgconfig
version = $(shell sed -n 's/^.define MICRO_VERSION "\(.*\)"/\1/p' include/microkernel_version.h)

# kconfig OPTION: its value in that kernel, without quotes
kconfig = $(shell sed -n 's/^$(1)="\{0,1\}\([^"]*\)"\{0,1\}$$/\1/p' $(kbuild)/include/config/auto.conf 2>/dev/null)

# The compiler that has built the kernel, as it knows which flags to give. A CC in the
# environment says nothing: the kernel's makefile does not look at it
ifeq ($(origin LLVM)$(filter command,$(origin CC))$(call kconfig,CONFIG_CC_IS_CLANG),undefinedy)
clang := $(shell echo '$(call kconfig,CONFIG_CC_VERSION_TEXT)' | sed -n 's/.*clang version \([0-9]*\).*/\1/p')
clang := $(if $(shell command -v clang-$(clang);),-$(clang))
# LLVM= means its linker, too
kbuild_flags += $(if $(call kconfig,CONFIG_LD_IS_LLD),LLVM=$(or $(clang),1),CC=clang$(clang))
endif
# Modules are signed with a key that is there, and have types for BPF if pahole
# and the kernel's own are there. Without these, the kernel's makefiles fail
sign_key = $(call kconfig,CONFIG_MODULE_SIG_KEY)
ifeq ($(filter pkcs11:%,$(sign_key))$(wildcard $(sign_key) $(kbuild)/$(sign_key)),)
kbuild_flags += CONFIG_MODULE_SIG_ALL=
endif
ifeq ($(and $(wildcard $(kbuild)/vmlinux),$(shell command -v pahole;)),)
kbuild_flags += CONFIG_DEBUG_INFO_BTF_MODULES=
endif

# The package that has the headers, by its name in this distribution
wanted = $(if $(filter file,$(origin KVER)),$(or $(release),$(shell uname -r)),$(KVER))
headers_package = $(or $(shell packaging/package-name --headers $(wanted) 2>/dev/null),\
	with the headers of Linux $(wanted))

# A folder to stage modules in lacks the kernel's own: who unpacks it there runs depmod. That
# may be where only root has it in the path
modbase = $(filter-out /usr,$(patsubst %/lib/modules/$(KVER),%,$(abspath $(MODLIB))))
depmod = [ ! -e $(abspath $(MODLIB))$(if $(modbase),/modules.order) ] || \
	PATH="$$PATH:/usr/sbin:/sbin" $(DEPMOD) -b $(or $(modbase),/) $(KVER)

define headers
$(if $(wildcard $(KDIR)/Makefile),,$(error No kernel headers in $(KDIR): \
install the package $(headers_package), or say KDIR=folder))
endef

all: modules

# "make -j modules modules_install" does one after the other; each may use all processors
.NOTPARALLEL:

modules:
	$(headers)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(kbuild_flags) modules

install: install-dev install-man modules
	@$(MAKE) --no-print-directory modules_install

# the modules alone, as Yocto and Buildroot ask for them; they are built before
modules_install:
	$(headers)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(kbuild_flags) MODLIB=$(abspath $(MODLIB)) INSTALL_MOD_DIR=$(INSTALL_MOD_DIR) \
		DEPMOD=true modules_install
	install -m 644 Module.symvers $(moddir)
	$(depmod)

# what drivers elsewhere are built with
install-dev:
	install -d $(incdir)/uapi $(pcdir)
	install -m 644 include/*.h $(incdir)
	install -m 644 include/uapi/*.h $(incdir)/uapi
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(version)|' \
		-e 's|@MODULES@|$(INSTALL_MOD_DIR)|' packaging/microkernel.pc.in \
		>$(pcdir)/microkernel.pc

# the manual pages of the modules
mandir = $(DESTDIR)$(PREFIX)/share/man/man4

install-man:
	install -d $(mandir)
	install -m 644 docs/man/*.4 $(mandir)

uninstall-man:
	rm -f $(addprefix $(mandir)/,$(notdir $(wildcard docs/man/*.4)))

# By name, as the folder may have other people's modules in it, too
installed_modules = $(foreach part,core drivers user overlay,$(addprefix $(moddir)/src/$(part)/,\
	$(shell sed -n 's/^obj-.* += \([a-z0-9_]*\)\.o$$/\1.ko*/p' src/$(part)/Kbuild)))

uninstall: uninstall-man
	rm -f $(installed_modules)
	! grep -qs __micro_register_driver $(moddir)/Module.symvers || rm -f $(moddir)/Module.symvers
	@rmdir $(addprefix $(moddir)/src/,core drivers user overlay) $(moddir)/src $(moddir) 2>/dev/null || :
	rm -rf $(incdir) $(pcdir)/microkernel.pc
	$(depmod)

# a relative folder is one here, and not there
here = $(if $(DESTDIR),DESTDIR=$(abspath $(DESTDIR)))

tools:
	@$(MAKE) --no-print-directory -C tools/microctl

install-tools uninstall-tools:
	@$(MAKE) --no-print-directory -C tools/microctl $(here) $(@:-tools=)

lib:
	@$(MAKE) --no-print-directory -C lib/libmicro

install-lib uninstall-lib:
	@$(MAKE) --no-print-directory -C lib/libmicro $(here) $(@:-lib=)

# The boot service and the rules, for systems without our packages. systemd and udev look
# below /usr and /usr/local, and nowhere else. Before /usr was merged, they had their folders in /lib
systemlib = $(if $(filter /usr,$(PREFIX)),/usr,/usr/local)/lib
# libdir systemd|udev: where it has its folder
libdir = $(or $(shell [ $(systemlib) = /usr/lib ] && [ -d $(DESTDIR)/lib/$(1) ] && [ ! -L $(DESTDIR)/lib ] && \
	echo /lib),$(systemlib))
unitdir ?= $(call libdir,systemd)/systemd/system
rulesdir ?= $(call libdir,udev)/udev/rules.d
udev_files = $(rulesdir)/60-micro.rules:packaging/udev/60-micro.rules
system_files = $(udev_files) \
	$(unitdir)/micro.service:packaging/systemd/micro.service \
	$(unitdir)/micro-driver@.service:packaging/systemd/micro-driver@.service \
	$(systemlib)/sysusers.d/micro.conf:packaging/systemd/sysusers.d/micro.conf \
	$(systemlib)/tmpfiles.d/micro.conf:packaging/systemd/tmpfiles.d/micro.conf \
	$(systemlib)/modules-load.d/microkernel.conf:packaging/systemd/modules-load.d/microkernel.conf
# the administrator's: they are not overwritten, and stay
udev_conffiles = /etc/default/micro:packaging/default/micro
system_conffiles = $(udev_conffiles) /etc/micro.d/README:packaging/micro.d/README
# install_all FILES CONFFILES: each is PLACE:SOURCE
define install_all
	@$(foreach f,$(1),install -D -m 644 $(lastword $(subst :, ,$(f))) $(DESTDIR)$(firstword $(subst :, ,$(f))) &&) :
	@$(foreach f,$(2),{ [ -e $(DESTDIR)$(firstword $(subst :, ,$(f))) ] || \
		install -D -m 644 $(lastword $(subst :, ,$(f))) $(DESTDIR)$(firstword $(subst :, ,$(f))); } &&) :
endef

install-system:
	$(call install_all,$(system_files),$(system_conffiles))
	@sed -i 's|/usr/bin/microctl|$(PREFIX)/bin/microctl|' $(DESTDIR)$(unitdir)/micro.service
	@[ -n "$(DESTDIR)" ] || echo "Now run: systemd-sysusers; systemd-tmpfiles --create micro.conf; systemctl daemon-reload; udevadm control --reload"

# the part for systems with udev, but without systemd
install-udev:
	$(call install_all,$(udev_files),$(udev_conffiles))

# without the unit, "systemctl disable" would find nothing to disable
uninstall-system:
	@$(if $(DESTDIR),,! command -v systemctl >/dev/null || systemctl disable --now micro || :)
	rm -f $(foreach f,$(system_files),$(DESTDIR)$(firstword $(subst :, ,$(f))))
	$(if $(DESTDIR),,rm -f /dev/micro/.keep; [ ! -d /dev/micro ] || rmdir --ignore-fail-on-non-empty /dev/micro)
	@$(if $(DESTDIR),,! command -v systemctl >/dev/null || systemctl daemon-reload || :)
	@echo "These stay: /etc/micro.d, /etc/default/micro, the groups micro and micro_server"

overlays:
	@command -v dtc >/dev/null || { echo "Please install the package $$(packaging/package-name device-tree-compiler)." >&2; exit 1; }
	@$(MAKE) --no-print-directory -C dts-overlays

demo:
	@scripts/vm -- "sh configfs-examples/0-taken-away.sh && sh configfs-examples/1-first-instance.sh"

demo-user:
	@scripts/lib/demo-user

# the problem: a device goes while a program sleeps in it, with and without the framework
oops:
	@scripts/lib/oops

shell:
	@scripts/vm

# docs/testing.md says what each tier of the tests has
check:
	@tests/run --tier check

check-ci:
	@tests/run --tier ci

check-all:
	@tests/run --tier all $(if $(RESUME),--resume)

check-long:
	@tests/run --tier long $(if $(RESUME),--resume)

check-arm64:
	@tests/run --tier all --arch arm64

check-debug:
	@tests/run --tier ci --kernel debug

check-race:
	@tests/run --tier all --kernel race

check-model:
	@tests/run --tier all model

# what scripts/vm does with the machine; and all from nothing, in bare Debians
check-host:
	@tests/host/run

check-fresh:
	@tests/host/fresh --user
	@tests/host/fresh --release trixie

bench:
	@bench/run && bench/plot

bench-check:
	@bench/run --check

check-system:
	@tests/run --tier all system

deb:
	@scripts/deb

# the tarball of a release, in build/ or the folder DIST
dist:
	@scripts/dist $(DIST)

# what is in it, by whom, under which license, as SPDX has it
sbom:
	@command -v reuse >/dev/null || { echo "Please install the package reuse." >&2; exit 1; }
	@mkdir -p build && reuse spdx -o build/microkernel-$(version).spdx && echo build/microkernel-$(version).spdx

# for clangd and others: how each file is compiled
compile_commands.json: modules
	@scripts/compile-commands $(kbuild) >$@.new && mv $@.new $@

# the pages of docs/, in build/html
html:
	@scripts/html

lint:
	@scripts/lint

lint-archs:
	@scripts/lint archs

# without kernel headers too
clean:
	rm -rf build
	find . -path ./.git -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '*.dtbo' -o -name '.*.cmd' -o -name '.*.d' \
		-o -name Module.symvers -o -name modules.order \) -exec rm -f {} +
	rm -f tools/microctl/microctl lib/libmicro/libmicro.a lib/libmicro/libmicro.so.1

define help
make              build the modules for the running kernel, or with KDIR=folder
                  for the kernel with its headers there
make install      install them, the headers and manual pages; DESTDIR= and PREFIX= as usual, and
                  INSTALL_MOD_PATH=, INSTALL_MOD_DIR=, KERNEL_SRC=, O= as the kernel's
make modules_install
                  install the modules alone
make install-man  install the manual pages of the modules alone; uninstall-man
make uninstall    remove all that "make install" has installed
make tools        build microctl, which needs the headers of libfdt, json-c and libudev;
                  WITH_JSON=0 and WITH_UDEV=0 leave out the last two
make install-tools
                  install it, its manual page and completions; uninstall-tools
make lib          build libmicro, with which a program serves devices
make install-lib  install it, static and shared; LIBDIR= as usual; uninstall-lib
make install-system
                  install the boot service, udev rules, the group and what loads the
                  core at boot; uninstall-system leaves /etc/micro.d and the groups
make install-udev install the udev rules alone, for systems without systemd
make overlays     compile the device tree overlays in dts-overlays

These need no kernel headers, install missing packages, and run in QEMU:
make demo         a device is taken away under a reader; then the first instances, from
                  mkdir to rmdir
make demo-user    a driver in C and in Python, which is killed while a cat reads from it
make oops         shows a textbook driver that crashes the kernel of a guest (amd64) when its device
                  is removed; the same driver with the framework does not
make shell        a shell in a guest with everything in it
make check        tests the behaviour on Linux 6.12; the main job on 6.1, 7.3 (as
                  root) and arm64
make check-ci     lint, packages, costs, the model, and a kernel with KASAN, lockdep,
                  kmemleak ...; .ci/run is "make check" and this
make check-all    every test on every kernel, and long: hours. RESUME=1 goes on
                  where it was interrupted; SEED=N repeats what is done at random
make check-long   kills 10,000 servers; also runs check-host and check-fresh. Takes hours;
                  RESUME=1 and SEED=N as above
make check-arm64, check-debug, check-race, check-model, check-system
                  parts of it
make check-host   what scripts/vm does with this machine: files, signals, errors; and the
                  README, the site of "make html", releases, builds, recipes of packages
make check-fresh  make demo, packages and tests in bare roots of Debian 12 and 13, as root
make bench        measures all figures and compares them with other implementations; plots for docs/
make bench-check  measures the short figures; fails if one is over 2 % worse
make deb          Debian packages, in build/
make dist         the tarball of a release, in build/ or DIST=folder: same source, same bytes
make sbom         a bill of materials (SPDX), in build/
make html         a site of all pages, manual pages and the kernel API, in build/html
make compile_commands.json
                  how each file is compiled, for clangd and others
make lint         W=1, sparse, checkpatch, shellcheck, English, links
make lint-archs   W=1 on armhf, i386, ppc64el, riscv64 and s390x, and sparse but on riscv64

make clean        remove what was built here

scripts/vm --help and tests/run --help say more. The files for QEMU are
in ~/.cache/microkernel.
endef
export help

help:
	@echo "$$help"

.PHONY: all modules modules_install install install-dev install-man uninstall uninstall-man tools install-tools uninstall-tools lib \
	install-lib uninstall-lib install-system install-udev uninstall-system overlays demo demo-user oops shell check \
	check-ci check-all check-long check-host check-fresh check-arm64 check-debug check-race check-model check-system bench bench-check deb dist sbom compile_commands.json html lint lint-archs clean help
