# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpu/: the GPU suite. All but the kernels builds without the CUDA toolkit; the driver is found at run time.

NVCC ?= $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))

# What of it exitlab starts, and what is installed beside it.
gpu-parts := build/gpu/gpubench build/gpu/libfakecuda.so build/gpu/liblimiter.so build/gpu/stress
installed += 755:build/gpu/gpubench:$(partsdir)/gpu/ 755:build/gpu/stress:$(partsdir)/gpu/ 644:build/gpu/liblimiter.so:$(partsdir)/gpu/ \
	644:build/gpu/libfakecuda.so:$(partsdir)/gpu/

gpubench-sources := \
	gpu/arithmetic.c \
	gpu/coordinator.c \
	gpu/driver.c \
	gpu/gpubench.c \
	gpu/limiter/find.c \
	gpu/message.c \
	gpu/metric.c \
	gpu/mps.c \
	gpu/nvml.c \
	gpu/outcome.c \
	gpu/record_out.c \
	gpu/record_put.c \
	gpu/sampling.c \
	gpu/suite.c \
	gpu/surroundings.c \
	gpu/tenant.c \
	$(sort $(wildcard gpu/metrics/*.c)) \
	$(sort $(wildcard gpu/works/*.c))

gpubench-objects := $(gpubench-sources:%.c=build/%.o) build/gpu/kernels_image.o build/host/option_number.o

build/gpu/%.o: gpu/%.c build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE -MMD -MP -c -o $@ $<

# Machine code for each generation, and PTX for those to come. Empty without nvcc: gpubench then says so.
gpu-architectures := 75 80 86 89 90
build/gpu/kernels.fatbin: $(wildcard gpu/kernels/*) build/flags build/gpu/nvcc
	$(call say,NVCC,$(if $(NVCC),$@,none: make host-gpu takes the CUDA toolkit))mkdir -p $(@D); \
	$(if $(NVCC),$(NVCC) -O3 --threads 0 $(foreach a,$(gpu-architectures),-gencode arch=compute_$a$(,)code=sm_$a) \
		-gencode arch=compute_90$(,)code=compute_90 -fatbin -o $@ gpu/kernels/kernels.cu,: >$@)

, := ,

build/gpu/nvcc: FORCE
	$(quiet)mkdir -p $(@D); { echo '$(NVCC)'; } $(if-changed)

build/gpu/kernels_image.o: gpu/kernels_image.S build/gpu/kernels.fatbin
	$(call say,AS,$<)$(CC) -c -o $@ $<

build/gpu/gpubench: $(gpubench-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ldl -lm

# A library that tenants preload. -Bsymbolic: what it calls of its own is its own.
limiter-objects := $(patsubst %,build/gpu/limiter/%.o,hooks launches limits memory share)
$(limiter-objects): private compile-flags += -fPIC -fvisibility=hidden

build/gpu/liblimiter.so: $(limiter-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-Bsymbolic -Wl,--no-undefined \
		-o $@ $^ -ldl -pthread

# Allocates and frees, and knows what: the truth for memory tracers.
stress-objects := $(patsubst %,build/gpu/stressor/%.o,crew latency pace phase process stress truth ways worker) \
	build/gpu/driver.o build/gpu/message.o build/host/option_number.o

build/gpu/stress: $(stress-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ldl -ljansson -lm -pthread

-include $(gpubench-objects:.o=.d)
-include $(stress-objects:.o=.d)
-include $(limiter-objects:.o=.d)

include gpu/probes/rules.mk
include gpu/probes/weave.mk
include gpu/probes/woven.mk
include gpu/t/rules.mk
