# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpu/t/: what the GPU suite is tested with: a driver and an NVML that need no GPU, and the tests.

fakecuda-objects := $(patsubst %.c,build/%.o,$(sort $(wildcard gpu/t/fakecuda/*.c)))
$(fakecuda-objects): private compile-flags += -fPIC -fvisibility=hidden
# Calls within calls, as the driver may make them, for what traces them.
build/gpu/t/fakecuda/beyond.o: private compile-flags += -fno-optimize-sibling-calls

# A call of driver.def that nobody wrote does not link.
build/gpu/libfakecuda.so: $(fakecuda-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-soname,libcuda.so.1 -Wl,-Bsymbolic -Wl,--no-undefined \
		-o $@ $^ -pthread -lm

# The same with a landing pad at the begin of each function, as compilers of some distributions make them.
build/gpu/t/libfakecuda-branch.so: $(sort $(wildcard gpu/t/fakecuda/*.c gpu/t/fakecuda/*.h)) gpu/driver.def gpu/driver.h build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -fPIC -fvisibility=hidden \
		-fcf-protection=branch -fno-optimize-sibling-calls -shared -Wl,-soname,libcuda.so.1 -Wl,-Bsymbolic \
		-o $@ $(filter %.c,$^) -pthread -lm

# A driver that is too old: a call is missing.
build/gpu/t/libfakecuda-old.so: $(fakecuda-objects)
	$(call say,LINK,$@)mkdir -p $(@D); echo '{ local: cuMemMap; };' >$@.map; \
	$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-soname,libcuda.so.1 -Wl,--version-script=$@.map -o $@ $^ -pthread -lm

# Alone in its folder, under its real name, for LD_LIBRARY_PATH.
build/gpu/fakenvml/libnvidia-ml.so.1: gpu/t/fakenvml/nvml.c build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -fPIC -shared \
		-Wl,-soname,libnvidia-ml.so.1 -o $@ $<

# A library that can be preloaded and limits nothing.
build/gpu/t/no_limiter.so: build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -fPIC -shared -x c -o $@ /dev/null

# One that costs what is known.
build/gpu/t/slow_limiter.so: gpu/t/slow_limiter.c build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -fPIC -shared -o $@ $< -pthread

build/gpu/t/print_record: gpu/t/print_record.c guest-bench/record.h build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -o $@ $<

# The declarations of the driver with other names, and lists of them, to hold against the toolkit's.
build/gpu/t/driver_ours.h: gpu/driver.h
	$(quiet)mkdir -p $(@D); { \
	sed -n '/^#ifndef CUDA_VERSION/,/^#endif/p' $< | sed '1d;$$d;s/\<CU/our_CU/g'; \
	echo '#define DECLARED_TYPES \'; \
	sed -n 's/^typedef .*[ *]\(CU[A-Za-z_]*\);.*/TYPE(\1) \\/p; s/^} \(CU[A-Za-z]*\);.*/TYPE(\1) \\/p' $<; echo; \
	echo '#define DECLARED_CONSTANTS \'; \
	sed -n 's/^\t\(CU[A-Z0-9_]*\)\( =.*\)\{0,1\},.*/CONSTANT(\1) \\/p' $<; echo; } >$@

build/gpu/t/json_at: gpu/t/json_at.c build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -o $@ $< -ljansson

check-programs += build/gpu/t/driver_abi
build/gpu/t/driver_abi: gpu/t/driver_abi.c build/gpu/t/driver_ours.h gpu/driver.h gpu/driver.def build/flags build/gpu/nvcc
	$(call say,CC,$<)$(CC) $(compile-flags) -D_GNU_SOURCE -Ibuild/gpu/t \
		$(if $(NVCC),-isystem $(dir $(NVCC))../include) -o $@ $<

# Unit tests, under the sanitizers: each is linked with the objects that it lists here.
gpu-unit-tests := $(patsubst %,build/asan/gpu/t/test_%,arithmetic coordinator fakecuda outcome pace response sampling \
	suite switches team tenant)
check-programs += $(gpu-unit-tests)

build/asan/gpu/t/test_%: build/asan/gpu/t/test_%.o
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ldl -lm -pthread

gpu-asan = $(patsubst %,build/asan/gpu/%.o,$(1))
build/asan/gpu/t/test_arithmetic: $(call gpu-asan,arithmetic)
build/asan/gpu/t/test_coordinator: $(call gpu-asan,arithmetic coordinator message outcome t/misbehaving_tenant)
build/asan/gpu/t/test_fakecuda: $(patsubst build/%,build/asan/%,$(fakecuda-objects))
build/asan/gpu/t/test_outcome: $(call gpu-asan,arithmetic metric outcome t/no_metrics)
build/asan/gpu/t/test_pace: $(call gpu-asan,stressor/latency stressor/pace)
build/asan/gpu/t/test_response: $(call gpu-asan,arithmetic metrics/response outcome)
build/asan/gpu/t/test_sampling: $(call gpu-asan,arithmetic message sampling)
build/asan/gpu/t/test_suite: $(call gpu-asan,arithmetic message metric outcome suite t/no_metrics)
build/asan/gpu/t/test_switches: $(call gpu-asan,metrics/switches)
build/asan/gpu/t/test_team: $(call gpu-asan,arithmetic metrics/team metrics/turns outcome)
build/asan/gpu/t/test_tenant: $(call gpu-asan,arithmetic driver message nvml sampling tenant) | build/gpu/libfakecuda.so

# The limiter is preloaded, so this is no program of the sanitizers.
check-programs += build/gpu/t/limited
build/gpu/t/limited: $(patsubst %,build/gpu/%.o,t/limited t/limited_memory driver message) | build/gpu/liblimiter.so build/gpu/libfakecuda.so
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -lcmocka -ldl -pthread

# The suite as a whole, on the fake driver.
check-scripts += gpu/t/harness.t gpu/t/isolation.t gpu/t/limiter.t gpu/t/memory.t gpu/t/stress.t
check: $(addprefix build/gpu/,gpubench vec_add libfakecuda.so liblimiter.so fakenvml/libnvidia-ml.so.1 t/libfakecuda-old.so \
	stress t/json_at t/no_limiter.so t/slow_limiter.so t/print_record)

# What takes a GPU. Where there is none, gpubench says so and ends with 77.
.PHONY: check-gpu
check-gpu: build/exitlab $(gpu-parts) $(addprefix build/gpu/t/,json_at plant.so print_record) $(check-gpu-programs)
	$(quiet)build/gpu/gpubench --select LLM --output /dev/null && DEADLINE=3600 .ci/tap gpu/t/gpu.t \
		gpu/probes/t/overhead_gpu.t $(check-gpu-programs)

-include $(fakecuda-objects:.o=.d) build/gpu/t/limited.d build/gpu/t/limited_memory.d
