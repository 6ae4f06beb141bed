# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# host/lab/: what `exitlab lab` finds beside itself. The kernel is fetched on first use, not here.

lab-parts := $(addprefix build/lab/,agent carry closure.sh prepare start.bin trace.so)

lab-agent-sources := $(addprefix host/lab/,agent.c bringup.c bringup_amd.c bringup_intel.c stream.c)

# The kernel's own headers (netlink) are not musl's: they are looked for after those.
build/lab/agent: $(lab-agent-sources) $(wildcard host/lab/*.h) build/flags
	$(call say,MUSL,$@)mkdir -p $(@D); $(MUSL_CC) $(compile-flags) -D_GNU_SOURCE -Os -static -s \
		-idirafter /usr/include -idirafter /usr/include/$(shell uname -m)-linux-gnu -o $@ $(lab-agent-sources)

# A plugin of QEMU's, whose functions it finds when it is loaded.
build/lab/trace.so: host/lab/trace.c host/lab/trace.h build/flags
	$(call say,PLUGIN,$@)mkdir -p $(@D); $(CC) $(compile-flags) -fPIC -shared -fvisibility=hidden $(LDFLAGS) -o $@ $<

check-scripts += host/lab/t/carry.t host/lab/t/prepare.t

build/lab/carry build/lab/prepare: build/lab/%: host/lab/%
	$(quiet)mkdir -p $(@D); install -m 755 $< $@

build/lab/closure.sh: host/lab/closure.sh
	$(quiet)mkdir -p $(@D); install -m 644 $< $@

# An option ROM of the Intel lab; assembly that includes a header of C's.
build/lab/start.bin: host/lab/start.S host/lab/payload.h
	$(call say,ROM,$@)mkdir -p $(@D); $(CC) -m32 -c -o build/lab/start.o $< && \
		$(LD) -m elf_i386 -Ttext=0 --oformat binary -o $@ build/lab/start.o
