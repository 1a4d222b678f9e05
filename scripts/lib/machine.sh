# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced by scripts/vm: the machine that QEMU is for each architecture.

# machine ARCH: sets
#   qemu_system    the program
#   qemu_package   what it is in
#   log_tty        the kernel's name of the console, for the kernel's log
#   command_tty    the command has this one
#   give_tty       files for --get come out here
#   machine_args   QEMU's options for the board and its CPU; none for those of PCs, whose
#                  CPU depends on more than the architecture
#   log_port, command_port, give_port  QEMU's options for these three, with its
#                  character devices log, tty and give
machine() {
	log_port=(-serial chardev:log)
	command_port=(-serial chardev:tty)
	give_port=(-serial chardev:give)
	log_tty=ttyS0 command_tty=ttyS1 give_tty=ttyS2
	machine_args=()
	case $1 in
	arm64 | armhf)
		qemu_package=qemu-system-arm
		if [[ $1 == arm64 ]]; then
			qemu_system=qemu-system-aarch64
			machine_args=(-accel tcg -M virt -cpu neoverse-n1)
		else
			qemu_system=qemu-system-arm
			# this kernel does not see what is above 4 GiB, where PCI would be
			machine_args=(-accel tcg -M 'virt,highmem=off' -cpu cortex-a15)
		fi
		# the machine has one serial port, the others are PCI devices
		log_tty=ttyAMA0 command_tty=ttyS0 give_tty=ttyS1
		command_port=(-device 'pci-serial,chardev=tty')
		give_port=(-device 'pci-serial,chardev=give')
		;;
	ppc64el)
		qemu_system=qemu-system-ppc64 qemu_package=qemu-system-ppc
		# QEMU has no mitigations in emulation, and warns that it has not
		machine_args=(-accel tcg -M 'pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken')
		log_tty=hvc0 command_tty=hvc1 give_tty=hvc2
		;;
	riscv64)
		qemu_system=qemu-system-riscv64 qemu_package=qemu-system-misc
		machine_args=(-accel tcg -M virt)
		# as on arm64
		command_port=(-device 'pci-serial,chardev=tty')
		give_port=(-device 'pci-serial,chardev=give')
		;;
	s390x)
		qemu_system=qemu-system-s390x qemu_package=qemu-system-misc
		machine_args=(-accel tcg -M s390-ccw-virtio)
		# the kernel's name of /dev/ttysclp0
		log_tty=ttyS1 command_tty=hvc0 give_tty=hvc1
		log_port=(-device 'sclpconsole,chardev=log')
		command_port=(-device virtio-serial-ccw -device 'virtconsole,chardev=tty')
		give_port=(-device 'virtconsole,chardev=give')
		;;
	*)
		qemu_system=qemu-system-x86_64 qemu_package=qemu-system-x86
		;;
	esac
}
