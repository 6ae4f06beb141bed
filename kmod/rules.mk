# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kmod/: kernel modules, built against the guest kernel.

include kmod/gpulock/rules.mk

kexit-sources := $(wildcard kmod/kexit/*) $(wildcard guest-bench/*.h guest-bench/*.def)

# Built from a copy, so that the kernel's build system leaves nothing in the tree. Not $(MAKE): make -n
# would run the whole recipe, and what make was told is not meant for the kernel.
build/kmod/kexit.ko: $(kexit-sources) build/kernel.stamp
	$(call say,KMOD,$@)rm -rf build/kmod/kexit && mkdir -p build/kmod/kexit && \
	cp kmod/kexit/* build/kmod/kexit/ && \
	MAKEFLAGS= make -s -C build/kernel/build M=$(CURDIR)/build/kmod/kexit EXITLAB=$(CURDIR) ARCH=x86_64 \
		CC='$(CC)' modules && \
	strip --strip-unneeded -R .comment -o $@ build/kmod/kexit/kexit.ko
