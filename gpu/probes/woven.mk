# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Probes on the device as the runner has them: the weaver in a library that is preloaded, and what says so. After weave.mk.

woven-library-objects = $(patsubst %,build/gpu/probes/%.o,shared_memory_open woven_library) build/gpu/driver.o $(probed-objects)
build/gpu/probes/woven_library.o: private compile-flags += -fPIC -fvisibility=hidden
# What weaves, as code of a library.
build/gpu/driver.o $(probed-objects): private compile-flags += -fPIC -fvisibility=hidden

build/gpu/libwoven.so: $(woven-library-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-Bsymbolic -Wl,--no-undefined -o $@ $^ -ldl -pthread

build/gpu/woven: $(patsubst %,build/gpu/probes/%.o,choice shared_memory woven woven_probe) $(weaver-objects) build/host/host.a | build/gpu/libwoven.so
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(host-libs)

$(patsubst %,build/gpu/examples/%,$(woven-examples)): build/gpu/examples/%: build/gpu/probes/examples/%.o \
	$(patsubst %,build/gpu/probes/%.o,examples/example examples/example_woven shared_memory woven_probe) $(weaver-objects) build/host/host.a \
	| build/gpu/examples/libwoven.so
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(host-libs)
