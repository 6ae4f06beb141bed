# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kmod/: kernel modules, built against the guest kernel.

include kmod/gpulock/rules.mk

kexit-sources := $(wildcard kmod/kexit/* kmod/kpci/device.[ch]) $(wildcard guest-bench/*.h guest-bench/*.def)

# Built from a copy, so that the kernel's build system leaves nothing in the tree. Not $(MAKE): make -n
# would run the whole recipe, and what make was told is not meant for the kernel.
# $(call build-module,KERNEL): $@, of the directory of its name.
build-module = rm -rf $(@:.ko=) && mkdir -p $(@:.ko=) && \
	cp $(sort $(wildcard kmod/kpci/device.[ch] kmod/$*/*.[chS] kmod/$*/Kbuild)) $(@:.ko=)/ && \
	MAKEFLAGS= make -s -C $(1)/build M=$(CURDIR)/$(@:.ko=) EXITLAB=$(CURDIR) ARCH=x86_64 CC='$(CC)' modules && \
	strip --strip-unneeded -R .comment -o $@ $(@:.ko=)/$*.ko

build/kmod/kexit.ko build/kmod/kpci.ko: build/kmod/%.ko: build/kernel.stamp
	$(call say,KMOD,$@)$(call build-module,build/kernel)
build/kmod/kexit.ko: $(kexit-sources)

# For the kernel of a guest with a GPU, which runs pcicheck as well.
build/kmod/gpu/kpci.ko: build/kmod/gpu/%.ko: build/kernel-gpu.stamp
	$(call say,KMOD,$@)$(call build-module,build/kernel-gpu)
build/kmod/kpci.ko build/kmod/gpu/kpci.ko: $(wildcard kmod/kpci/*.[ch] kmod/kpci/Kbuild) guest-bench/edu.h guest-bench/kpci.h

# kpci.ko's file in ring 3: a kernel of the test's own stands for the headers that it names.
check-programs += build/asan/kmod/kpci/t/test_kpci
kpci-headers := $(patsubst %,build/kmod/kpci-headers/linux/%.h,fs jiffies miscdevice mm module mutex pci uaccess wait)
$(kpci-headers):
	$(quiet)mkdir -p $(@D); echo '#include "kmod/kpci/t/kernel.h"' >$@
kpci-test-objects := $(patsubst %,build/asan/kmod/kpci/%.o,main t/test_kpci)
$(kpci-test-objects): private compile-flags += -Ibuild/kmod/kpci-headers -I. -Iguest-bench -Wno-unused-parameter
$(kpci-test-objects): | $(kpci-headers)
build/asan/kmod/kpci/t/test_kpci: $(kpci-test-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -pthread
