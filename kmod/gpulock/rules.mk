# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kmod/gpulock/: the GPU DMA lock, the kernels that it is tested on, and its tests.

gpulock-sources := $(wildcard kmod/gpulock/*.[ch] kmod/gpulock/Kbuild kmod/gpulock/t/*_kernel.c kmod/gpulock/t/bench.h kmod/gpulock/t/helper.h kmod/gpulock/t/structures.h) \
	kmod/gpulock/build_module

# The kernel that finds what is wrong with a module: build/kernel-debug.
gpulock-debug-fragments := $(kernel-fragments) kernel-config/debug.config
build/kernel-debug.stamp: $(gpulock-debug-fragments) kernel-config/build kernel-config/gate build/kernel-source \
		$(if $(wildcard build/kernel-debug/vmlinux),,FORCE)
	$(call kernel-recipe,$(gpulock-debug-fragments))

# The kernel that finds data races: build/kernel-kcsan. Both cannot be in one.
gpulock-kcsan-fragments := $(kernel-fragments) kernel-config/kcsan.config
build/kernel-kcsan.stamp: $(gpulock-kcsan-fragments) kernel-config/build kernel-config/gate build/kernel-source \
		$(if $(wildcard build/kernel-kcsan/vmlinux),,FORCE)
	$(call say,KERNEL,build/kernel-kcsan)directory=$$(kernel-config/build $(gpulock-kcsan-fragments)) && \
	ln -sfn "$$directory" build/kernel-kcsan && sha256sum build/kernel-kcsan/vmlinux >$@

# A variant of the module: the kernel, and what Kbuild is told.
build/kmod/gpulock/guest/gpulock.ko: $(gpulock-sources) build/kernel.stamp
	$(call say,KMOD,$@)kmod/gpulock/build_module build/kernel/build $(@D) GPULOCK_TESTS=y
build/kmod/gpulock/debug/gpulock.ko: $(gpulock-sources) build/kernel-debug.stamp
	$(call say,KMOD,$@)kmod/gpulock/build_module build/kernel-debug/build $(@D) GPULOCK_TESTS=y
build/kmod/gpulock/kcsan/gpulock.ko: $(gpulock-sources) build/kernel-kcsan.stamp
	$(call say,KMOD,$@)kmod/gpulock/build_module build/kernel-kcsan/build $(@D) GPULOCK_TESTS=y
build/kmod/gpulock/coverage/gpulock.ko: $(gpulock-sources) build/kernel-debug.stamp
	$(call say,KMOD,$@)kmod/gpulock/build_module build/kernel-debug/build $(@D) GPULOCK_TESTS=y GPULOCK_COVERAGE=y

# What runs in the guest: each program is of its file, both tap.c and send.c.
gpulock-guest-tests := abi concurrency fail fuzz grants kunit load plant privilege proc reload revoke stall
gpulock-guest-programs := $(patsubst %,build/kmod/gpulock/t/guest/%,runner $(gpulock-guest-tests))
build/kmod/gpulock/t/guest/%: kmod/gpulock/t/%.c kmod/gpulock/t/tap.c guest-bench/tap.c guest-bench/send.c \
		$(wildcard kmod/gpulock/t/*.h) kmod/gpulock/gpulock_uapi.h \
		guest-bench/record.h guest-bench/send.h guest-bench/tap.h build/flags
	$(call say,MUSL,$@)mkdir -p $(@D); $(MUSL_CC) $(compile-flags) -D_GNU_SOURCE -Os -static -s \
		$(musl-kernel-headers) -ffunction-sections -Wl,--gc-sections -o $@ $(filter %.c,$^)
build/kmod/gpulock/t/guest/runner: kmod/gpulock/t/complaints.c kmod/gpulock/t/coverage.c

build/kmod/gpulock/t/unpack: $(patsubst %,build/host/%.o,record record_files record_stream gpu_record exit_rows) \
		kmod/gpulock/t/unpack.c build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -o $@ $(filter %.c %.o,$^) -lm

# What a test needs of all this.
gpulock-guest := build/kmod/gpulock/t/unpack $(gpulock-guest-programs)
gpulock-debug := $(gpulock-guest) build/kmod/gpulock/debug/gpulock.ko

check-scripts += kmod/gpulock/t/gpulock.t
check: $(gpulock-debug)

# What make check leaves out, since it takes longer.
gpulock-long-tests := $(patsubst %,kmod/gpulock/t/%.t,gpulock_full gpulock_kcsan gpulock_coverage build debian) host/t/gpulock.t
gpulock-kcsan := $(gpulock-guest) build/kmod/gpulock/kcsan/gpulock.ko
gpulock-coverage := $(gpulock-guest) build/kmod/gpulock/coverage/gpulock.ko build/exitlab

.PHONY: gpulock-check gpulock-kcsan gpulock-debian gpulock-coverage gpulock-mutants gpulock-bench check-full
check-full: check
gpulock-check: gpulock-short-tests := kmod/gpulock/t/gpulock.t
gpulock-check check-full: all $(gpulock-debug) $(gpulock-kcsan) $(gpulock-coverage)
	$(quiet)DEADLINE=14400 RESULTS='$(RESULTS)' .ci/tap $(gpulock-short-tests) $(gpulock-long-tests)

gpulock-kcsan: $(gpulock-kcsan)
	$(quiet)DEADLINE=7200 .ci/tap kmod/gpulock/t/gpulock_kcsan.t

# Debian's kernels, and the modules that are built against their headers, are the test's to fetch and build: it skips
# where there are none.
gpulock-debian: $(gpulock-guest) build/kernel.stamp
	$(quiet).ci/tap kmod/gpulock/t/debian.t

gpulock-coverage: $(gpulock-coverage)
	$(quiet)kmod/gpulock/t/coverage -a '$(RESULTS)' 90

gpulock-mutants: $(gpulock-debug)
	$(quiet)kmod/gpulock/t/mutants

gpulock-bench: all
	$(quiet)kmod/gpulock/t/bench --accel '$(ACCEL)' --machine '$(MACHINE)' --results '$(RESULTS)' \
		$(if $(CPU),--cpu '$(CPU)') $(if $(ITER),--iter '$(ITER)') $(if $(filter 1,$(ISOLATE)),--isolate)
