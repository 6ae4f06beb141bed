# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# host/floor/: the VMM of `exitlab floor` and its guest, which lies inside the command.

# The guest has neither a C library nor floating point, an interrupt's stack or a place of its choice.
floor-guest-flags := -std=gnu11 -Wall -Wextra -O2 -ffreestanding -fno-pic -no-pie -mno-red-zone \
	-mgeneral-regs-only -fcf-protection=none -fno-stack-protector -fno-asynchronous-unwind-tables

build/host/floor/guest.bin: host/floor/guest.c host/floor/guest.ld host/floor/layout.h host/floor/rows.def host/floor/rules.mk \
		$(wildcard guest-bench/*.h guest-bench/*.def) build/flags
	$(call say,GUEST,$@)mkdir -p $(@D); $(CC) $(floor-guest-flags) $(if $(WERROR),-Werror) -nostdlib -static \
		-Wl,-T,host/floor/guest.ld -Wl,--build-id=none -Wl,--oformat=binary -o $@ $<

build/host/floor/machine.o: build/host/floor/guest.bin
