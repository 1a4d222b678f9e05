# SPDX-License-Identifier: GPL-2.0-only
# What a person calls; see "make help". The kernel's build system reads Kbuild.

ifdef KDIR
# what uname -r says there: Debian's include/config/kernel.release says something else
KVER ?= $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
else
KVER ?= $(shell uname -r)
endif
KDIR ?= /lib/modules/$(KVER)/build
PREFIX ?= /usr
DEPMOD ?= depmod
# where depmod is, which only root has in the path
export PATH := $(PATH):/usr/sbin:/sbin

moddir = $(DESTDIR)/lib/modules/$(KVER)/updates/microkernel
incdir = $(DESTDIR)$(PREFIX)/include/microkernel
pcdir = $(DESTDIR)$(PREFIX)/share/pkgconfig
version = $(shell sed -n 's/^.define MICRO_VERSION "\(.*\)"/\1/p' include/microkernel_version.h)

define headers
$(if $(wildcard $(KDIR)/Makefile),,$(error No kernel headers in $(KDIR): \
install the package linux-headers-$(KVER), or say KDIR=folder))
endef

all:
	$(headers)
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install: install-dev all
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) \
		INSTALL_MOD_DIR=updates/microkernel DEPMOD=true modules_install
	install -m 644 Module.symvers $(moddir)
	$(DEPMOD) -b $(DESTDIR)/ $(KVER)

# what drivers elsewhere are built with
install-dev:
	install -d $(incdir)/uapi $(pcdir)
	install -m 644 include/*.h $(incdir)
	install -m 644 include/uapi/*.h $(incdir)/uapi
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(version)|' packaging/microkernel.pc.in \
		>$(pcdir)/microkernel.pc

uninstall:
	rm -rf $(moddir) $(incdir) $(pcdir)/microkernel.pc
	$(DEPMOD) -b $(DESTDIR)/ $(KVER)

tools:
	@$(MAKE) --no-print-directory -C tools/microctl

install-tools uninstall-tools:
	@$(MAKE) --no-print-directory -C tools/microctl $(@:-tools=)

lib:
	@$(MAKE) --no-print-directory -C lib/libmicro

install-lib uninstall-lib:
	@$(MAKE) --no-print-directory -C lib/libmicro $(@:-lib=)

overlays:
	@command -v dtc >/dev/null || { echo "Please install the package device-tree-compiler." >&2; exit 1; }
	@$(MAKE) --no-print-directory -C dts-overlays

demo:
	@scripts/vm -- sh configfs-examples/1-first-instance.sh

demo-user:
	@scripts/lib/demo-user

shell:
	@scripts/vm

# docs/testing.md says what each tier of the tests has
check:
	@tests/run --tier check

check-ci:
	@tests/run --tier ci

check-all:
	@tests/run --tier all $(if $(RESUME),--resume)

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
	@prove --timer --exec bash tests/host/*.sh

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

lint:
	@scripts/lint

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
make install      install them and the headers; DESTDIR= and PREFIX= as usual
make uninstall    remove both
make tools        build microctl, which needs libfdt-dev, libjson-c-dev, libudev-dev
make install-tools
                  install it, its manual page and completions; uninstall-tools
make lib          build libmicro, with which a program serves devices
make install-lib  install it, static and shared; LIBDIR= as usual; uninstall-lib
make overlays     compile the device tree overlays in dts-overlays

These need no kernel headers, install what they miss, and run in QEMU:
make demo         show the first instances, from mkdir to rmdir
make demo-user    a driver in C and in Python, which is killed while a cat reads from it
make shell        a shell in a guest with everything in it
make check        what everything does, on Linux 6.12; the main job on 6.1, 7.3 (as
                  root) and arm64
make check-ci     lint, packages, costs, the model, and a kernel with KASAN, lockdep,
                  kmemleak ...; .ci/run is "make check" and this
make check-all    every test on every kernel, and long: an hour. RESUME=1 goes on
                  where it was interrupted; SEED=N repeats what is done at random
make check-arm64, check-debug, check-race, check-model, check-system
                  parts of it
make check-host   what scripts/vm does with this machine: files, signals, errors
make check-fresh  make demo and tests in bare roots of Debian 12 and 13, as root
make bench        every figure against its peers, in instructions; plots for docs/
make bench-check  the short ones against bench/results: none over 2 % worse
make deb          Debian packages, in build/
make lint         W=1, sparse, checkpatch, shellcheck

make clean        remove what was built here

scripts/vm --help and tests/run --help say more. What is fetched and built for
QEMU is in ~/.cache/microkernel.
endef
export help

help:
	@echo "$$help"

.PHONY: all install install-dev uninstall tools install-tools uninstall-tools lib \
	install-lib uninstall-lib overlays demo demo-user shell check \
	check-ci check-all check-host check-fresh check-arm64 check-debug check-race check-model check-system bench bench-check deb lint clean help
