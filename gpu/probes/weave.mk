# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The weaver of device-side probes. It is text in, text out: neither nvcc nor a GPU is needed.

weaver-objects := $(patsubst %,build/gpu/probes/%.o,access dump pieces ptx ptx_instruction weave weave_put) build/gpu/probes_image.o

build/gpu/probes_image.o: gpu/probes/probes_image.S gpu/probes/probes.def $(wildcard gpu/probes/device/*.ptx gpu/probes/device/parts/*.ptx)
	$(call say,AS,$<)mkdir -p $(@D); $(CC) -c -o $@ $<

gpu-parts += build/gpu/weave
installed += 755:build/gpu/weave:$(partsdir)/gpu/

build/gpu/weave: build/gpu/probes/weave_command.o $(weaver-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^

-include build/gpu/probes/weave_command.d

# What loads a woven module, and collects what its probe saw.
probed-objects := $(patsubst %,build/gpu/probes/%.o,probed probed_proof rings) $(weaver-objects)

-include $(probed-objects:.o=.d)

# Every probe in every kernel of t/kernels.cu, on a GPU.
check-gpu-programs += build/gpu/probes/t/probe_check
probe-check-objects := $(patsubst %,build/gpu/probes/t/%.o,check_limits probe_check shapes tap workload) $(probed-objects) \
	build/gpu/driver.o

build/gpu/probes/t/kernels.ptx: gpu/probes/t/kernels.cu build/gpu/nvcc
	$(call say,NVCC,$(if $(NVCC),$@,none: the probes' kernels take the CUDA toolkit))mkdir -p $(@D); \
	$(if $(NVCC),$(NVCC) -O3 -arch=compute_75 -ptx -o $@ $<,: >$@)

build/gpu/probes/t/probe_check: $(probe-check-objects) | build/gpu/probes/t/kernels.ptx
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ldl -pthread

-include $(probe-check-objects:.o=.d)

# Unit tests, under the sanitizers.
probes-unit-tests := $(patsubst %,build/asan/gpu/probes/t/test_%,probed rings weave)
check-programs += $(probes-unit-tests)

build/asan/gpu/probes/t/test_%: build/asan/gpu/probes/t/test_%.o
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ldl -pthread

weaver-asan = $(patsubst build/gpu/probes/%.o,build/asan/gpu/probes/%.o,$(filter-out %_image.o,$(weaver-objects))) build/gpu/probes_image.o
build/asan/gpu/probes/t/test_weave: $(weaver-asan)
build/asan/gpu/probes/t/test_rings: build/asan/gpu/probes/rings.o
build/asan/gpu/probes/t/test_probed: $(patsubst %,build/asan/gpu/probes/%.o,probed probed_proof rings) \
	$(weaver-asan) build/asan/gpu/driver.o | build/gpu/libfakecuda.so

# The weaver on kernels of compilers: those of probe_check, and the suite's own.
check-scripts += gpu/probes/t/weave.t
check: build/gpu/weave build/gpu/probes/t/kernels.ptx build/gpu/probes/t/suite_75.ptx build/gpu/probes/t/suite_90.ptx

build/gpu/probes/t/suite_%.ptx: $(wildcard gpu/kernels/*) build/gpu/nvcc
	$(call say,NVCC,$(if $(NVCC),$@,none: the weaver is tested on fewer kernels))mkdir -p $(@D); \
	$(if $(NVCC),$(NVCC) -O3 -arch=compute_$* -ptx -o $@ gpu/kernels/kernels.cu,: >$@)
