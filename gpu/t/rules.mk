# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpu/t/: what the GPU suite is tested with: a driver and an NVML that need no GPU.

fakecuda-objects := $(patsubst %.c,build/%.o,$(sort $(wildcard gpu/t/fakecuda/*.c)))
$(fakecuda-objects): compile-flags += -fPIC -fvisibility=hidden

# A call of driver.def that nobody wrote does not link.
build/gpu/libfakecuda.so: $(fakecuda-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-soname,libcuda.so.1 -Wl,--no-undefined \
		-o $@ $^ -pthread -lm

# Alone in its folder, under its real name, for LD_LIBRARY_PATH.
build/gpu/fakenvml/libnvidia-ml.so.1: gpu/t/fakenvml/nvml.c build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -fPIC -shared \
		-Wl,-soname,libnvidia-ml.so.1 -o $@ $<

-include $(fakecuda-objects:.o=.d)
