# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kmod/: kernel modules, built against the guest kernel.

include kmod/gpulock/rules.mk

kexit-sources := $(wildcard kmod/kexit/* kmod/kpci/device.[ch]) $(wildcard guest-bench/*.h) guest-bench/exits.def

# Built from a copy, so that the kernel's build system leaves nothing in the tree. Not $(MAKE): make -n
# would run the whole recipe, and what make was told is not meant for the kernel.
build-module = rm -rf build/kmod/$* && mkdir -p build/kmod/$* && \
	cp kmod/kpci/device.[ch] kmod/$*/* build/kmod/$*/ && \
	MAKEFLAGS= make -s -C build/kernel/build M=$(CURDIR)/build/kmod/$* EXITLAB=$(CURDIR) ARCH=x86_64 \
		CC='$(CC)' modules && \
	strip --strip-unneeded -R .comment -o $@ build/kmod/$*/$*.ko

build/kmod/kexit.ko: $(kexit-sources)
build/kmod/kpci.ko: $(wildcard kmod/kpci/*) guest-bench/edu.h guest-bench/kpci.h
build/kmod/kexit.ko build/kmod/kpci.ko: build/kmod/%.ko: build/kernel.stamp
	$(call say,KMOD,$@)$(build-module)
