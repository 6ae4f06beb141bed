# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# guest-bench/: the table of rows, the wire format, and the program that runs inside the guest.

measure-sources := \
	guest-bench/measure.c \
	guest-bench/port.c \
	guest-bench/samplers.c

# A small static program.
guest-flags := -D_GNU_SOURCE -Os -static -s -fno-asynchronous-unwind-tables -fno-ident -ffunction-sections \
	-Wl,--gc-sections -Wl,--build-id=none,-z,noseparate-code,-z,norelro

build/guest-bench/measure: $(measure-sources) $(wildcard guest-bench/*.h) guest-bench/exits.def guest-bench/rules.mk \
		build/flags
	$(call say,MUSL,$@)mkdir -p $(@D); $(MUSL_CC) $(compile-flags) $(guest-flags) -o $@ $(measure-sources)

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
