# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpu/t/: what the GPU suite is tested with: a driver and an NVML that need no GPU.

fakecuda-objects := $(patsubst %.c,build/%.o,$(sort $(wildcard gpu/t/fakecuda/*.c)))
$(fakecuda-objects): compile-flags += -fPIC -fvisibility=hidden

# A call of driver.def that nobody wrote does not link.
build/gpu/libfakecuda.so: $(fakecuda-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-soname,libcuda.so.1 -Wl,-Bsymbolic -Wl,--no-undefined \
		-o $@ $^ -pthread -lm

# Alone in its folder, under its real name, for LD_LIBRARY_PATH.
build/gpu/fakenvml/libnvidia-ml.so.1: gpu/t/fakenvml/nvml.c build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -fPIC -shared \
		-Wl,-soname,libnvidia-ml.so.1 -o $@ $<

-include $(fakecuda-objects:.o=.d)

# The declarations of the driver with other names, and lists of them, to hold against the toolkit's.
build/gpu/t/driver_ours.h: gpu/driver.h
	$(quiet)mkdir -p $(@D); { \
	sed -n '/^#ifndef CUDA_VERSION/,/^#endif/p' $< | sed '1d;$$d;s/\<CU/our_CU/g'; \
	echo '#define DECLARED_TYPES \'; \
	sed -n 's/^typedef .*[ *]\(CU[A-Za-z_]*\);.*/TYPE(\1) \\/p; s/^} \(CU[A-Za-z]*\);.*/TYPE(\1) \\/p' $<; echo; \
	echo '#define DECLARED_CONSTANTS \'; \
	sed -n 's/^\t\(CU[A-Z0-9_]*\)\( =.*\)\{0,1\},.*/CONSTANT(\1) \\/p' $<; echo; } >$@

check-programs += build/gpu/t/driver_abi
build/gpu/t/driver_abi: gpu/t/driver_abi.c build/gpu/t/driver_ours.h gpu/driver.h gpu/driver.def build/flags build/gpu/nvcc
	$(call say,CC,$<)$(CC) $(compile-flags) -D_GNU_SOURCE -Ibuild/gpu/t \
		$(if $(NVCC),-isystem $(dir $(NVCC))../include) -o $@ $<

# Tests. A cmocka program is linked with the objects it lists here, under the sanitizers.
build/asan/gpu/t/test_%: build/asan/gpu/t/test_%.o
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ldl -lm -pthread

check-programs += build/asan/gpu/t/test_fakecuda
build/asan/gpu/t/test_fakecuda: $(patsubst build/%,build/asan/%,$(fakecuda-objects))

check-programs += build/asan/gpu/t/test_coordinator
build/asan/gpu/t/test_coordinator: $(patsubst %,build/asan/gpu/%.o,coordinator message outcome)

check-programs += $(patsubst %,build/asan/gpu/t/test_%,outcome sampling tenant)
build/asan/gpu/t/test_outcome: $(patsubst %,build/asan/gpu/%.o,metric outcome)
build/asan/gpu/t/test_sampling: $(patsubst %,build/asan/gpu/%.o,message sampling)
build/asan/gpu/t/test_tenant: $(patsubst %,build/asan/gpu/%.o,driver message nvml sampling tenant) | build/gpu/libfakecuda.so

check-programs += build/asan/gpu/t/test_switches
build/asan/gpu/t/test_switches: build/asan/gpu/metrics/switches.o

# A driver that is too old: a call is missing.
build/gpu/t/libfakecuda-old.so: $(fakecuda-objects)
	$(call say,LINK,$@)mkdir -p $(@D); echo '{ local: cuMemMap; };' >$@.map; \
	$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,-soname,libcuda.so.1 -Wl,--version-script=$@.map -o $@ $^ -pthread -lm

build/gpu/t/print_record: gpu/t/print_record.c guest-bench/record.h build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -o $@ $<

# What gpu/t/harness.t, gpu/t/memory.t and gpu/t/isolation.t run.
check: build/gpu/gpubench build/gpu/libfakecuda.so build/gpu/fakenvml/libnvidia-ml.so.1 \
	build/gpu/t/libfakecuda-old.so build/gpu/t/print_record
check-scripts += gpu/t/harness.t gpu/t/memory.t gpu/t/isolation.t

check-programs += build/asan/gpu/t/test_suite
build/asan/gpu/t/test_suite: $(patsubst %,build/asan/gpu/%.o,message metric outcome suite)

check-programs += build/asan/gpu/t/test_arithmetic
build/asan/gpu/t/test_arithmetic: build/asan/gpu/arithmetic.o
check-programs += build/asan/gpu/t/test_team
build/asan/gpu/t/test_team: $(patsubst %,build/asan/gpu/%.o,metrics/team metrics/turns outcome)


# gpu/t/memory.t runs the suite.
build/gpu/t/verdicts: gpu/t/verdicts.c guest-bench/record.h build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE -o $@ $<

check-scripts += gpu/t/memory.t
check: build/gpu/gpubench build/gpu/libfakecuda.so build/gpu/t/verdicts

# The limiter is preloaded, so this is no program of the sanitizers.
check-programs += build/gpu/t/limited
build/gpu/t/limited: build/gpu/t/limited.o build/gpu/driver.o build/gpu/message.o | build/gpu/liblimiter.so build/gpu/libfakecuda.so
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -lcmocka -ldl -pthread

-include build/gpu/t/limited.d

check-programs += build/asan/gpu/t/test_response
build/asan/gpu/t/test_response: $(patsubst %,build/asan/gpu/%.o,metrics/response outcome)

# gpu/t/limiter.t runs the suite with the limiter, and with one that is none.
build/gpu/t/no_limiter.so: build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -fPIC -shared -x c -o $@ /dev/null

check-scripts += gpu/t/limiter.t
check: build/gpu/liblimiter.so build/gpu/t/no_limiter.so
# What takes a GPU. Where there is none, gpubench says so and ends with 77.
.PHONY: check-gpu
check-gpu: all build/gpu/t/print_record
	$(quiet)build/gpu/gpubench --select LLM --output /dev/null && DEADLINE=3600 .ci/tap gpu/t/gpu.t
