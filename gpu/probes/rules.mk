# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpu/probes/: what a probe costs a GPU kernel. The program that is probed, the probes, the runner.

# What make gpu-overhead runs.
overhead-parts := $(addprefix build/gpu/,overhead vec_add uprobe libturns.so preload libpreload.so woven libwoven.so)
gpu-parts += $(overhead-parts)

# PTX of the oldest version that knows the oldest architecture, so that drivers older than the toolkit take it.
build/gpu/probes/vec_add.ptx: gpu/probes/vec_add.cu build/flags build/gpu/nvcc
	$(call say,NVCC,$(if $(NVCC),$@,none: make gpu-overhead takes the CUDA toolkit))mkdir -p $(@D); \
	$(if $(NVCC),$(NVCC) -O3 -arch=compute_75 -ptx -o $@.new $< && sed 's/^\.version .*/.version 6.5/' $@.new >$@,: >$@)

build/gpu/probes/vec_add_image.o: gpu/probes/vec_add_image.S build/gpu/probes/vec_add.ptx
	$(call say,AS,$<)$(CC) -c -o $@ $<

vec-add-objects := $(patsubst %,build/%.o,gpu/driver gpu/record_put gpu/probes/vec_add gpu/probes/vec_add_image \
	gpu/probes/vec_add_report gpu/probes/vec_add_run host/option_number host/stats host/stats_real)

build/gpu/vec_add: $(vec-add-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ldl -lm

-include $(wildcard build/gpu/probes/*.d)

# The runner. What it has in common with exitlab it takes from there: only what it uses is linked.
build/host/host.a: $(filter-out build/host/exitlab.o,$(host-objects))
	$(call say,AR,$@)rm -f $@; ar rcs $@ $^

overhead-objects := $(patsubst %,build/gpu/probes/%.o,config heard orphans outcome overhead overhead_options process results \
	results_markdown trial) build/gpu/nvml.o build/gpu/record_put.o
$(overhead-objects): private compile-flags += -Iguest-bench

build/gpu/overhead: $(overhead-objects) build/host/host.a
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(host-libs)

# The probes of the kernel.
build/gpu/probes/%.bpf.o: gpu/probes/%.bpf.c build/flags
	$(call say,BPF,$<)mkdir -p $(@D); $(CLANG) $(bpf-flags) -MMD -MP -c -o $@ $<

build/gpu/probes/%.skel.h: build/gpu/probes/%.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

.PRECIOUS: build/gpu/probes/%.bpf.o

build/gpu/probes/uprobe.o: build/gpu/probes/uprobe.skel.h
build/gpu/probes/uprobe.o: private compile-flags += -Ibuild/gpu/probes

build/gpu/uprobe: $(patsubst %,build/gpu/probes/%.o,choice launch_probe shared_memory turns_probe uprobe) build/host/host.a | build/gpu/libturns.so
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(host-libs)

$(patsubst %,build/gpu/probes/%.o,shared_memory_open turns_library): private compile-flags += -fPIC -fvisibility=hidden
build/gpu/libturns.so: $(patsubst %,build/gpu/probes/%.o,shared_memory_open turns_library)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,--no-undefined -o $@ $^

# The same by a library that is preloaded, beside the program that says so.
build/gpu/probes/preload_library.o: private compile-flags += -fPIC -fvisibility=hidden

build/gpu/preload: $(patsubst %,build/gpu/probes/%.o,choice preload shared_memory) build/host/host.a | build/gpu/libpreload.so
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -Wl,--as-needed -o $@ $^ -pthread

build/gpu/libpreload.so: $(patsubst %,build/gpu/probes/%.o,preload_library shared_memory_open)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -shared -Wl,--no-undefined -o $@ $^ -ldl

# Unit tests, under the sanitizers.
overhead-asan = $(patsubst %,build/asan/gpu/probes/%.o,$(1)) $(patsubst %,build/asan/host/%.o,$(2))
overhead-unit-tests := $(patsubst %,build/asan/gpu/probes/t/test_%,config results)
check-programs += $(overhead-unit-tests)

build/asan/gpu/probes/t/test_config: $(call overhead-asan,config t/test_config,archive json_file whole_file words)
build/asan/gpu/probes/t/test_results: build/asan/gpu/record_put.o $(call overhead-asan,config heard orphans outcome process results \
	results_markdown t/test_results trial,$(sort estimate words $(patsubst host/%.c,%,$(report-sources))))
$(overhead-unit-tests):
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka $(host-libs)

# The whole of it, on the fake driver.
check-scripts += gpu/probes/t/overhead.t
check: $(overhead-parts)

# Programs that are probes: by BPF, and by what is woven.
bpf-examples := cuda-counter launchlate
woven-examples := kernelretsnoop mem_trace threadhist
examples := $(patsubst %,build/gpu/examples/%,$(bpf-examples) $(woven-examples))
gpu-parts += $(examples)
overhead-parts += $(examples)

build/gpu/probes/examples/%.skel.h: build/gpu/probes/examples/%.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf >$@

.PRECIOUS: build/gpu/probes/examples/%.bpf.o

$(patsubst %,build/gpu/probes/examples/%.o,$(bpf-examples)): build/gpu/probes/examples/%.o: build/gpu/probes/examples/%.skel.h
$(patsubst %,build/gpu/probes/examples/%.o,$(bpf-examples)): private compile-flags += -Ibuild/gpu/probes/examples

$(patsubst %,build/gpu/examples/%,$(bpf-examples)): build/gpu/examples/%: build/gpu/probes/examples/%.o build/gpu/probes/examples/example.o \
	$(patsubst %,build/gpu/probes/%.o,launch_probe shared_memory turns_probe) build/host/host.a | build/gpu/examples/libturns.so
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(host-libs)

# The libraries are looked for beside the program.
build/gpu/examples/lib%.so: build/gpu/lib%.so
	$(quiet)mkdir -p $(@D); ln -sf ../$(<F) $@

-include $(wildcard build/gpu/probes/examples/*.d)

# What a probe must not be taken for.
build/gpu/t/plant.so: gpu/probes/t/plant.c gpu/probes/turns.h build/flags
	$(call say,LINK,$@)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -fPIC -shared -o $@ $< -ldl
