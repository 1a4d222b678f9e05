#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The recipes in packaging/ for other distributions, each run as far as the tools that
# Debian has can run it, and the release's tarball, from which they build. Prints TAP.
# shellcheck disable=SC2154 # variables of what is sourced
# shellcheck source=../../scripts/lib/guest.sh
source "${BASH_SOURCE[0]%/*}/../../scripts/lib/guest.sh"
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"

need make=make gcc=gcc xz=xz-utils depmod=kmod rpmbuild=rpm rpmlint=rpmlint dkms=dkms python3=python3 \
	/usr/include/libfdt.h=libfdt-dev /usr/include/json-c/json.h=libjson-c-dev /usr/include/libudev.h=libudev-dev
kernel 6.1
trap 'rm -rf "$work"' EXIT
cd "$repo" || exit
version=$(sed -n 's/^#define MICRO_VERSION "\(.*\)"/\1/p' include/microkernel_version.h)
modules=(microkernel sample_driver micro_fifo micro_ram micro_user)

# there FOLDER FILE...: they are in it
there() {
	local folder=$1 file
	shift
	for file; do
		# shellcheck disable=SC2086 # a pattern
		compgen -G "$folder/$file" >/dev/null || {
			echo "there is no $file" >>"$work/output"
			return 1
		}
	done
}

# The version is in one place
run scripts/set-version --check
ok $status 'all files for package managers have the version of the header'
mkdir "$work/other" && tar -c --exclude=.git --exclude=./build . | tar -x -C "$work/other"
run "$work/other/scripts/set-version" 7.8.9-rc2
[[ $status -eq 1 ]] && says 'packaging/debian/changelog needs an entry for 7.8.9~rc2' && says 'NEWS.md needs a heading' &&
	grep -q '^version = "7.8.9rc2"' "$work/other/lib/python/pyproject.toml" &&
	grep -q '^Version: *7.8.9~rc2$' "$work/other/packaging/rpm/microkernel.spec" &&
	diff <("$work/other/packaging/dkms/conf" 7.8.9-rc2) "$work/other/dkms.conf" >>"$work/output"
ok $? 'set-version writes them all, and names those that must be written by hand'
sed -i 's/^pkgver=.*/pkgver=1/' "$work/other/packaging/arch/PKGBUILD"
run "$work/other/scripts/set-version" --check
[[ $status -eq 1 ]] && says 'packaging/arch/PKGBUILD has another version'
ok $? 'set-version --check names a file with another version'
rm -r "$work/other"

# The tarball
run make -s dist DIST="$work/first"
[[ $status -eq 0 ]] && run make -s dist DIST="$work/second" && [[ $status -eq 0 ]] &&
	cmp "$work"/{first,second}/microkernel-"$version".tar.xz >"$work/output" 2>&1
ok $? 'make dist makes the same bytes twice'
tarball=$work/first/microkernel-$version.tar.xz
mkdir "$work/unpacked"
tar -xf "$tarball" -C "$work/unpacked"
source=$work/unpacked/microkernel-$version
touch "$source"/{README.md,src/core/main.o}
chmod 600 "$source/Makefile"
run env TZ=Pacific/Apia make -s -C "$source" dist DIST="$work/third"
cmp "$tarball" "$work/third/microkernel-$version.tar.xz" >"$work/output" 2>&1
ok $? 'the unpacked tarball makes the same bytes, without git, at another time and in another zone'
run make -s -C "$source" dist DIST=packaging/arch
[[ $status -eq 0 ]] && run make -s -C "$source" dist DIST=packaging/arch &&
	cmp "$tarball" "$source/packaging/arch/microkernel-$version.tar.xz" >"$work/output" 2>&1
ok $? 'so it does in packaging/arch, where makepkg takes it from, and twice'
rm "$source/packaging/arch/microkernel-$version.tar.xz"
tools "$work/no-git" git
run env PATH="$work/no-git" make -s -j2 -C "$source" KDIR="$kernel_headers" modules tools lib
[[ $status -eq 0 ]] && there "$source" src/core/microkernel.ko tools/microctl/microctl lib/libmicro/libmicro.so.1 &&
	"$source/tools/microctl/microctl" --help >"$work/output"
ok $? 'modules, microctl and libmicro are built from it without git'
make -s -C "$source" clean

# DKMS, with folders of its own instead of /usr/src, /var/lib/dkms and /lib/modules
packaging/dkms/conf "$version" | diff - dkms.conf >"$work/output"
ok $? 'packaging/dkms/conf prints dkms.conf'
taken=''
for release in 4.19.0 6.0.9 6.1.0-56-amd64 6.1.176 6.2.0 6.4.16 6.5.0 6.10.3 6.12.1 7.3-1 10.0; do
	[[ ! $release =~ $(sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"/\1/p' dkms.conf) ]] || taken+=" $release"
done
echo "$taken" >"$work/output"
[[ $taken == ' 6.1.0-56-amd64 6.1.176 6.5.0 6.10.3 6.12.1 7.3-1 10.0' ]]
ok $? 'dkms leaves out kernels that lack what the modules need'
mkdir -p "$work"/{dkms,src} "$work/modules/$kernel_release"
trees=(--dkmstree "$work/dkms" --sourcetree "$work/src")
run dkms add "$source" "${trees[@]}"
[[ $status -eq 0 ]] && there "$work/src/microkernel-$version" dkms.conf src/core/main.c
ok $? 'dkms add of the source adds it'
this=(-m microkernel -v "$version" -k "$kernel_release/$(uname -m)" "${trees[@]}" --kernelsourcedir "$kernel_headers")
# as the installation of a kernel calls it; dpkg leaves the kernel unconfigured if it fails
run dkms autoinstall -k "6.3.0-none/$(uname -m)" "${trees[@]}"
[[ $status -eq 0 ]] && ! says 'cannot be built'
ok $? 'dkms autoinstall for a kernel that is left out is no error'
run dkms autoinstall -k "6.12.0-none/$(uname -m)" "${trees[@]}"
[[ $status -eq 0 ]] && says 'microkernel: the modules cannot be built for Linux 6.12.0-none, and are left out there'
ok $? 'dkms autoinstall for a kernel that the modules cannot be built for says so, and is no error'
rm -f /run/microkernel-dkms.*
touch "$work/src/microkernel-$version/src/core/stale.o"
run dkms build "${this[@]}"
built=$work/dkms/microkernel/$version/$kernel_release/$(uname -m)
[[ $status -eq 0 ]] && there "$built" Module.symvers &&
	[[ $(find "$built/module" -name '*.ko*' | wc -l) -eq ${#modules[@]} ]]
ok $? 'dkms build builds all modules'
says 'pre_build script' && ! says 'Deprecated feature' &&
	(cd "$work/src/microkernel-$version" && packaging/dkms/symvers clean && [[ ! -e src/core/stale.o ]])
ok $? 'it has what somebody built in the source cleaned up before, and uses nothing deprecated'
run dkms install "${this[@]}" --installtree "$work/modules" --no-depmod
[[ $status -eq 0 ]] && there "$work/modules/$kernel_release" 'updates/dkms/microkernel.ko*' updates/microkernel/Module.symvers
ok $? 'dkms install installs them, with the symbols for drivers elsewhere'

# RPM
for spec in packaging/rpm/*.spec; do
	run rpmspec -P "$spec"
	[[ $status -eq 0 ]] && run rpmlint -c packaging/rpm/rpmlint.toml "$spec" && [[ $status -eq 0 ]] &&
		says '0 errors, 0 warnings'
	ok $? "$spec is valid, and rpmlint finds nothing"
done
run rpmspec -q --buildrequires packaging/rpm/microkernel.spec
says 'pkgconfig(json-c)' && says 'pkgconfig(libudev)' && ! says json-c-devel && ! says systemd-devel
ok $? 'microkernel.spec asks for libraries by names that Fedora and openSUSE both have'
mkdir -p "$work/rpm/SOURCES"
cp "$tarball" "$work/rpm/SOURCES"
# the packages that it asks for have other names here
rpm=(rpmbuild --define "_topdir $work/rpm" --nodeps)
run "${rpm[@]}" -bb packaging/rpm/microkernel.spec
[[ $status -eq 0 ]] && there "$work/rpm/RPMS" "*/microctl-*.rpm" "*/libmicro-1*.rpm" "*/libmicro-devel-*.rpm" \
	"noarch/dkms-microkernel-*.rpm" "noarch/microkernel-devel-*.rpm" "noarch/microkernel-kmod-common-*.rpm" \
	"noarch/python3-micro-*.rpm"
ok $? 'rpmbuild builds all packages of microkernel.spec'
run rpm -qp --provides "$work"/rpm/RPMS/*/libmicro-1*.rpm
says 'libmicro.so.1('
ok $? 'other packages can ask for libmicro.so.1'
run rpm -qpl "$work"/rpm/RPMS/*/microctl-*.rpm
says /usr/bin/microctl && says micro.service && says 60-micro.rules && says /etc/default/micro
ok $? 'the package microctl has the program, its service and its rules'
# what kmodtool of Fedora prints, in short
mkdir "$work/kmodtool"
stub "$work/kmodtool/kmodtool" <<END
cat <<'STUB'
%global kernel_versions $kernel_release\___$kernel_headers
%package -n kmod-microkernel
Summary: Modules
%description -n kmod-microkernel
Modules.
%files -n kmod-microkernel
/lib/modules/*/extra/microkernel
STUB
END
run env PATH="$work/kmodtool:$PATH" "${rpm[@]}" --define "kernels $kernel_release" -bb packaging/rpm/microkernel-kmod.spec
[[ $status -eq 0 ]] && run rpm -qpl "$work"/rpm/RPMS/*/kmod-microkernel-*.rpm &&
	says "/lib/modules/$kernel_release/extra/microkernel/src/core/microkernel.ko"
ok $? 'rpmbuild builds the modules of microkernel-kmod.spec for a kernel'
rm -rf "$work/rpm"

# Arch
run bash -n packaging/arch/PKGBUILD
ok $status 'PKGBUILD is valid'
mkdir -p "$work/arch/src"
tar -xf "$tarball" -C "$work/arch/src"
# as makepkg calls it
cat >"$work/makepkg" <<'END'
set -e
srcdir=$2 pkgdir=''
source "$1"
for variable in pkgbase pkgver pkgrel pkgdesc url; do
	[[ -n ${!variable} ]] || { echo "$variable is not set" >&2; exit 1; }
done
[[ $pkgver != *[-~]* && ${#source[@]} -eq ${#sha256sums[@]} ]]
cd "$srcdir"
build
for name in "${pkgname[@]}"; do
	mkdir -p "$3/$name"
	(pkgdir=$3/$name && cd "$srcdir" && "package_$name")
	[[ -n $(find "$3/$name" -type f) ]]
done
END
run bash "$work/makepkg" packaging/arch/PKGBUILD "$work/arch/src" "$work/arch/pkg"
[[ $status -eq 0 ]] && there "$work/arch/pkg" microctl/usr/bin/microctl microctl/usr/lib/systemd/system/micro.service \
	libmicro/usr/lib/libmicro.so.1 'microkernel-dkms/usr/src/microkernel-*/dkms.conf' \
	microkernel-dkms/usr/lib/modules-load.d/microkernel.conf \
	microkernel-dkms/usr/share/man/man4/microkernel.4 \
	'python-micro/usr/lib/python3*/site-packages/micro/__init__.py'
ok $? 'the functions of PKGBUILD build and fill all packages'
[[ -z $(cd "$work/arch/pkg" && find . -type f | cut -d / -f 3- | sort | uniq -d) ]]
ok $? 'no file is in two packages'

# Buildroot: with what these files take of it
cat >"$work/buildroot.mk" <<'END'
BR2_EXTERNAL_MICROKERNEL_PATH := $(REPO)/packaging/buildroot
TARGET_CONFIGURE_OPTS = CC=gcc
TARGET_DIR = $(OUT)/target
kernel-module = MODULES += $(MICROKERNEL_SITE)
generic-package = PACKAGES += called
include $(BR2_EXTERNAL_MICROKERNEL_PATH)/external.mk
info:
	@echo "$(words $(PACKAGES)) packages, $(words $(MODULES)) with modules: $(MICROKERNEL_VERSION) $(MICROCTL_VERSION)"
	@echo "in $(MICROKERNEL_SITE) and $(MICROCTL_SITE); $(MICROCTL_DEPENDENCIES)"
	@test -e $(MICROKERNEL_SITE)/$(MICROKERNEL_LICENSE_FILES) -a -e $(MICROCTL_SITE)/$(MICROCTL_LICENSE_FILES)
target: @D = $(OUT)/source
target:
	$(MICROCTL_BUILD_CMDS)
	$(MICROCTL_INSTALL_TARGET_CMDS)
	$(MICROCTL_INSTALL_INIT_SYSTEMD)
eudev: @D = $(OUT)/source
eudev:
	$(foreach hook,$(MICROCTL_POST_INSTALL_TARGET_HOOKS),$($(hook)))
users:
	$(info $(MICROCTL_USERS))
END
buildroot() {
	run make -s -f "$work/buildroot.mk" REPO="$repo" OUT="$work/br" "$@"
}
buildroot info
[[ $status -eq 0 ]] && says "2 packages, 1 with modules: $version $version" && says "in $repo and $repo; dtc"
ok $? 'Buildroot finds two packages in this source, with the version of the header and their license'
mkdir -p "$work/br/source"
tar -xf "$tarball" -C "$work/br/source" --strip-components=1
buildroot target
[[ $status -eq 0 ]] && there "$work/br/target" usr/bin/microctl usr/lib/systemd/system/micro.service &&
	! "$work/br/target/usr/bin/microctl" list --json >"$work/output" 2>&1 && says 'not built into'
ok $? 'Buildroot builds and installs microctl, without json-c and udev if they are not chosen'
buildroot eudev TARGET_DIR="$work/br/none"
[[ $status -eq 0 && ! -e $work/br/none ]] && buildroot eudev BR2_PACKAGE_HAS_UDEV=y TARGET_DIR="$work/br/eudev" &&
	[[ $status -eq 0 && ! -e $work/br/eudev/usr ]] && there "$work/br/eudev" lib/udev/rules.d/60-micro.rules etc/default/micro
ok $? 'with udev Buildroot has the rules, also without systemd'
buildroot users
mapfile -t groups < <(sed -n 's/^g \([a-z_]*\) -$/\1/p' packaging/systemd/sysusers.d/micro.conf)
for group in "${groups[@]}"; do
	grep -qE "^\s*- - $group -1 \* - - - [A-Z]" "$work/output" || break
	grep -qE "^GROUPADD_PARAM:.*--system ${group}[;\"]" packaging/yocto/meta-microkernel/recipes-support/microctl/microctl.bb || break
	group=''
done
[[ ${#groups[@]} -eq 2 && -z $group ]]
ok $? 'images of Buildroot and Yocto have the groups, also without systemd-sysusers'
grep -q '^	depends on !BR2_STATIC_LIBS' packaging/buildroot/package/microctl/Config.in
ok $? 'microctl cannot be chosen where dtc, which it selects, cannot'
# shellcheck disable=SC2016 # expanded by that shell
run env BR2_EXTERNAL_MICROKERNEL_PATH="$repo/packaging/buildroot" bash -c '
	sed -n "s/^source \"\(.*\)\"/\1/p" packaging/buildroot/Config.in | while read -r file; do
		file=$(eval echo "$file"); grep -q "^config BR2_PACKAGE_" "$file" || exit 1; done'
[[ $status -eq 0 ]] && grep -q '^name: MICROKERNEL$' packaging/buildroot/external.desc
ok $? 'its Config.in has the options of both packages'

# Yocto: bitbake is in no package of Debian 12
for recipe in packaging/yocto/meta-microkernel/recipes-*/*/*.bb; do
	license=$(sed -n 's/^LIC_FILES_CHKSUM = "file:\/\/\(.*\);md5=\(.*\)"/\2  \1/p' "$recipe")
	run md5sum --check <(echo "$license")
	[[ -n $license && $status -eq 0 ]] &&
		for variable in SUMMARY LICENSE PV 'inherit .*externalsrc' EXTERNALSRC; do
			grep -q "^$variable\b" "$recipe" || { echo "no $variable" >>"$work/output" && false; } || break
		done && sed -n '/^do_[a-z_:]*() {/,/^}/p' "$recipe" |
		sed -e 's/\${@[^}]*}/true/g' -e 's/^do_\([a-z]*\):append/do_\1/' | bash -n >>"$work/output" 2>&1
	ok $? "$recipe has the right checksum of the license, what a recipe needs, and valid functions"
done

# do_install of the recipe, after that of module.bbclass
sed -n '/^do_install:append() {/,/^}/p' packaging/yocto/meta-microkernel/recipes-kernel/microkernel/microkernel.bb |
	sed 's/^do_install:append/do_install/' >"$work/append"
mkdir -p "$work/yocto/lib/modules/6.9/updates/microkernel"
touch "$work/yocto/lib/modules/6.9/updates/microkernel/Module.symvers" "$work/yocto/Module.symvers"
# shellcheck disable=SC2016 # that shell's
run env B="$work/yocto" D="$work/yocto" includedir=/usr/include nonarch_base_libdir=/lib KERNEL_VERSION=6.9 prefix=/usr bash -ec '
	oe_runmake() { make -s "$@"; }
	source "$0" && do_install' "$work/append"
[[ $status -eq 0 ]] && there "$work/yocto" usr/include/kernel-module-microkernel/Module.symvers usr/include/microkernel/microkernel.h &&
	grep -q '^PROVIDES += "kernel-module-microkernel"' packaging/yocto/meta-microkernel/recipes-kernel/microkernel/microkernel.bb
ok $? 'DEPENDS = "kernel-module-microkernel" gives a driver in another recipe the symbols'

# insane.bbclass takes files that no package has for an error
layer=packaging/yocto/meta-microkernel
for unit in packaging/systemd/*.service; do
	unit=${unit##*/}
	grep -q "^SYSTEMD_SERVICE.*[\" ]${unit}[\" ]" $layer/recipes-support/microctl/microctl.bb ||
		grep -q "^FILES:.*/${unit}[\" ]" $layer/recipes-support/microctl/microctl.bb || echo "no package has $unit"
done >"$work/output"
grep -q 'rm .*/updates/microkernel/Module.symvers$' $layer/recipes-kernel/microkernel/microkernel.bb ||
	echo 'no package has Module.symvers' >>"$work/output"
[[ ! -s $work/output ]]
ok $? 'the packages of the layer have all units, and no symbols stay without one'

done_testing
