# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# initramfs/: the guest's root file system. The kernel's gen_init_cpio packs it: no root needed, no
# time stamps in it.

BUSYBOX ?= /bin/busybox

include initramfs/gpu/rules.mk

guest-parts := build/initramfs.cpio.lz4 build/kernel.stamp

build/initramfs.cpio.lz4: initramfs/init initramfs/cpio.list build/guest-bench/measure build/guest-bench/pcicheck \
		build/kmod/kexit.ko build/kmod/kpci.ko build/kmod/gpulock/guest/gpulock.ko build/kernel.stamp build/flags
	$(call say,CPIO,$@)sed 's,@BUSYBOX@,$(BUSYBOX),' initramfs/cpio.list >build/initramfs.list && \
	build/kernel/build/usr/gen_init_cpio -t 0 build/initramfs.list >build/initramfs.cpio && \
	lz4 -l -12 -q -f build/initramfs.cpio $@
