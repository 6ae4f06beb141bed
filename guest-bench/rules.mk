# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# guest-bench/: the table of rows, the wire format, and the program that runs inside the guest.

# The kernel's own headers, for interfaces of modules; behind musl's.
musl-kernel-headers := -idirafter /usr/include -idirafter /usr/include/$(shell uname -m)-linux-gnu

measure-sources := \
	guest-bench/gpulock.c \
	guest-bench/measure.c \
	guest-bench/port.c \
	guest-bench/samplers.c \
	kmod/gpulock/t/layers.c

# A small static program.
guest-flags := -D_GNU_SOURCE -Os -static -s -fno-asynchronous-unwind-tables -fno-ident -ffunction-sections \
	-Wl,--gc-sections -Wl,--build-id=none,-z,noseparate-code,-z,norelro

build/guest-bench/measure: $(measure-sources) $(wildcard guest-bench/*.h guest-bench/*.def kmod/gpulock/t/*.h) \
		kmod/gpulock/gpulock_uapi.h guest-bench/rules.mk build/flags
	$(call say,MUSL,$@)mkdir -p $(@D); $(MUSL_CC) $(compile-flags) $(guest-flags) $(musl-kernel-headers) -o $@ $(measure-sources)

# Drives a PCI device, with kmod/kpci.
pcicheck-sources := \
	guest-bench/pcicheck.c \
	guest-bench/pcicheck_dma.c \
	guest-bench/pcicheck_registers.c \
	guest-bench/send.c \
	guest-bench/tap.c

build/guest-bench/pcicheck: $(pcicheck-sources) $(wildcard guest-bench/*.h) guest-bench/rules.mk build/flags
	$(call say,MUSL,$@)mkdir -p $(@D); $(MUSL_CC) $(compile-flags) $(guest-flags) -o $@ $(pcicheck-sources)

# The first program of a guest with devices of the host.
build/guest-bench/passthrough: guest-bench/passthrough.c guest-bench/send.c guest-bench/send.h guest-bench/record.h \
		guest-bench/rules.mk build/flags
	$(call say,MUSL,$@)mkdir -p $(@D); $(MUSL_CC) $(compile-flags) $(guest-flags) -o $@ $(filter %.c,$^)

check-scripts += guest-bench/t/pcicheck.t
check: build/kmod/gpulock/t/unpack
