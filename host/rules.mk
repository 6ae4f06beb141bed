# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# host/: the exitlab command, one file a subcommand, and the lab that gives any machine a KVM.

host-sources := \
	host/ab.c \
	host/ab_report.c \
	host/archive.c \
	host/attach.c \
	host/boot.c \
	host/boot_child.c \
	host/boot_elsewhere.c \
	host/boot_floor.c \
	host/boot_options.c \
	host/boot_vendors.c \
	host/bpf_warning.c \
	host/card.c \
	host/card_counters.c \
	host/card_judge.c \
	host/chart.c \
	host/chart_real.c \
	host/chart_small.c \
	host/chart_time.c \
	host/child.c \
	host/compare.c \
	host/compare_check.c \
	host/compare_columns.c \
	host/compare_distribution.c \
	host/compare_plot.c \
	host/compare_result.c \
	host/compare_run.c \
	host/compare_setup.c \
	host/compare_text.c \
	host/cpus.c \
	host/diagnose.c \
	host/doctor.c \
	host/doctor_checks.c \
	host/doctor_devices.c \
	host/doctor_fix.c \
	host/doctor_gpumem.c \
	host/doctor_kvm.c \
	host/doctor_probe.c \
	host/doctor_programs.c \
	host/doctor_system.c \
	host/doctor_trace.c \
	host/env.c \
	host/estimate.c \
	host/exit_reasons.c \
	host/exit_rows.c \
	host/exitcount.c \
	host/exitcount_cmd.c \
	host/exitcount_table.c \
	host/exitlab.c \
	host/explain.c \
	host/explain_bochs.c \
	host/explain_boot.c \
	host/explain_difference.c \
	host/explain_flame.c \
	host/explain_fold.c \
	host/explain_report.c \
	host/explain_summary.c \
	host/explain_way.c \
	host/floor.c \
	host/floor/machine.c \
	host/floor/rows.c \
	host/floor/run.c \
	host/floor/stream.c \
	host/generator.c \
	host/gpu.c \
	host/gpu_columns.c \
	host/gpu_csv.c \
	host/gpu_markdown.c \
	host/gpu_options.c \
	host/gpu_passthrough.c \
	host/gpu_record.c \
	host/gpu_report.c \
	host/gpu_summary.c \
	host/gpu_text.c \
	host/gpulock.c \
	host/gpulock_actions.c \
	host/gpulock_bench.c \
	host/gpulock_status.c \
	host/gpumem.c \
	host/gpumem_account.c \
	host/gpumem_attach.c \
	host/gpumem_bare.c \
	host/gpumem_calls.c \
	host/gpumem_command.c \
	host/gpumem_csv.c \
	host/gpumem_leaks.c \
	host/gpumem_library.c \
	host/gpumem_live.c \
	host/gpumem_metrics.c \
	host/gpumem_modules.c \
	host/gpumem_openmetrics.c \
	host/gpumem_options.c \
	host/gpumem_origin.c \
	host/gpumem_probe.c \
	host/gpumem_prologue.c \
	host/gpumem_ring.c \
	host/gpumem_stacks.c \
	host/gpumem_stress.c \
	host/gpumem_stress_case.c \
	host/gpumem_stress_cost.c \
	host/gpumem_stress_options.c \
	host/gpumem_stress_part.c \
	host/gpumem_stress_place.c \
	host/gpumem_stress_trial.c \
	host/gpumem_summary.c \
	host/gpumem_symbols.c \
	host/gpumem_text.c \
	host/gnuplot.c \
	host/guest_compare.c \
	host/guest_files.c \
	host/guest_gpu.c \
	host/guest_gpu_options.c \
	host/guest_said.c \
	host/hostinfo.c \
	host/hostinfo_read.c \
	host/html.c \
	host/hugepages.c \
	host/index.c \
	host/index_page.c \
	host/interfere.c \
	host/isolation.c \
	host/json_file.c \
	host/lab.c \
	host/lab/backend_amd.c \
	host/lab/backend_intel.c \
	host/lab/changes.c \
	host/lab/initramfs.c \
	host/lab/machine.c \
	host/lab/memory_file.c \
	host/lab/payload.c \
	host/lab/relay.c \
	host/lab/session.c \
	host/lab/stream.c \
	host/lab/tool.c \
	host/layout.c \
	host/memlock.c \
	host/long_mode.c \
	host/option_number.c \
	host/pass.c \
	host/pass_qemu.c \
	host/pathlength.c \
	host/pathlength_matrix.c \
	host/pathlength_plot.c \
	host/pathlength_report.c \
	host/pathlength_summary.c \
	host/pidmon.c \
	host/pidmon_output.c \
	host/pidmon_process.c \
	host/process_of.c \
	host/proof.c \
	host/qmp.c \
	host/real_axis.c \
	host/record.c \
	host/record_files.c \
	host/record_stream.c \
	host/report.c \
	host/report_card.c \
	host/report_cmd.c \
	host/report_contamination.c \
	host/report_draw.c \
	host/report_environment.c \
	host/report_files.c \
	host/report_gpu_html.c \
	host/report_gpu_plot.c \
	host/report_gpulock.c \
	host/report_gpumem.c \
	host/report_gpumem_evidence.c \
	host/report_gpumem_exact.c \
	host/report_gpumem_files.c \
	host/report_gpumem_html.c \
	host/report_gpumem_monitor.c \
	host/report_gpumem_plot.c \
	host/report_gpumem_summary.c \
	host/report_gpumem_targets.c \
	host/report_gpumem_text.c \
	host/report_html.c \
	host/report_html_host.c \
	host/report_html_rows.c \
	host/report_kind.c \
	host/report_plot.c \
	host/report_summary.c \
	host/report_tax.c \
	host/report_text.c \
	host/report_vendors.c \
	host/row_rule.c \
	host/run.c \
	host/scores.c \
	host/scores_text.c \
	host/stats.c \
	host/stats_real.c \
	host/stop_signals.c \
	host/symbols.c \
	host/verdict.c \
	host/vfio.c \
	host/vfio_back.c \
	host/vfio_bind.c \
	host/vfio_class.c \
	host/vfio_device.c \
	host/vfio_disk.c \
	host/vfio_files.c \
	host/vfio_iommu.c \
	host/vfio_journal.c \
	host/vfio_open.c \
	host/vfio_plan.c \
	host/vfio_status.c \
	host/vfio_use.c \
	host/vm.c \
	host/watch.c \
	host/whole_file.c \
	host/words.c

include host/lab/rules.mk
include host/floor/rules.mk

host-libs := -lbpf -ldw -lelf -ljansson -lm -pthread

host-objects := $(host-sources:%.c=build/%.o)

# A tarball of `make dist` holds the revision that it was made of; a tree is asked for its own.
build/host/version.h: FORCE
	$(quiet)mkdir -p $(@D); { echo '#define EXITLAB_VERSION "$(VERSION)"'; \
	echo "#define EXITLAB_REVISION \"$$(cat .tarball-version 2>/dev/null || git -c safe.directory='*' describe \
		--always --dirty --abbrev=12 2>/dev/null || echo unknown)\""; \
	echo '#define EXITLAB_PARTS "$(way-to-parts)"'; \
	} $(if-changed)

build/host/%.o: host/%.c build/flags | build/host/version.h
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE -Iguest-bench -Ibuild/host -MMD -MP -c -o $@ $<

# BPF: compiled without the C library, relocated to the running kernel when it is loaded. The types
# of the kernel it needs are in the source, so the build needs none.
bpf-architecture := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))

bpf-flags = -g -O2 -target bpf -D__TARGET_ARCH_$(bpf-architecture) -mcpu=v3 -ffreestanding -Wall -Wextra \
	-Wno-unused-parameter $(if $(WERROR),-Werror) -I/usr/include/$(shell uname -m)-linux-gnu

build/host/%.bpf.o: host/%.bpf.c build/flags
	$(call say,BPF,$<)mkdir -p $(@D); $(CLANG) $(bpf-flags) -MMD -MP -c -o $@ $<

build/host/%.skel.h: build/host/%.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

.PRECIOUS: build/host/%.bpf.o

build/host/exitcount.o: build/host/exitcount.skel.h
build/host/gpumem_bare.o: build/host/gpumem_bare.skel.h
build/host/gpumem_probe.o: build/host/gpumem.skel.h

build/exitlab: $(host-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ $(host-libs)

check-scripts += host/t/lab.t
check-scripts += host/t/compare.t
check-scripts += host/t/exitcount.t
check-scripts += host/t/floor.t
check-scripts += host/t/gpu.t
check-scripts += host/t/isolation.t
check-scripts += host/t/pidmon.t
check-scripts += host/t/lab_intel.t
check-scripts += host/t/lab_vendor.t
check-scripts += host/t/marks.t host/t/pathlength.t host/t/html.t
check: build/host/t/make_records
check-scripts += host/t/doctor.t
check-scripts += host/t/passthrough.t
check: build/initramfs-gpu.cpio build/gpu/libfakecuda.so
check-scripts += host/t/lab_boot.t host/t/boot.t host/t/lint.t host/t/fuzz.t

# The guest whose exits host/t/exitcount.t knows.
check: build/host/t/ring3
build/host/t/ring3: host/t/ring3.c host/long_mode.c host/long_mode.h build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE $(LDFLAGS) -pthread -o $@ $(filter %.c,$^)

# Ends a program by kill -9 before one of the calls that change the host.
check: build/host/t/kill_before.so
check-scripts += host/t/vfio.t
build/host/t/kill_before.so: host/t/kill_before.c build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -D_GNU_SOURCE -shared -fPIC $(LDFLAGS) -o $@ $<

# A program that knows its calls of libcuda.
check: build/host/t/gpumem_truth build/gpu/libfakecuda.so build/gpu/t/libfakecuda-branch.so build/gpu/stress
check-scripts += host/t/gpumem.t host/t/gpumem_targets.t host/t/gpumem_views.t host/t/gpumem_stress.t
truth-objects := $(patsubst %,build/host/t/%.o,gpumem_truth gpumem_truth_contexts gpumem_truth_stacks)
$(truth-objects): compile-flags += -fno-omit-frame-pointer -fno-optimize-sibling-calls
build/host/t/gpumem_truth: $(truth-objects) build/gpu/driver.o
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ldl -pthread

# The style of the pages is in the program.
build/host/html.o build/asan/host/html.o: host/page.css

# Tests. A cmocka program is linked with the objects it lists here as its prerequisites, under the
# sanitizers.
check-programs += build/asan/host/t/test_attach
build/asan/host/t/test_attach: build/asan/host/attach.o build/asan/host/archive.o

check-programs += build/asan/host/t/test_cpus
build/asan/host/t/test_cpus: build/asan/host/cpus.o

check-programs += build/asan/host/t/test_hostinfo
build/asan/host/t/test_hostinfo: build/asan/host/hostinfo.o build/asan/host/hostinfo_read.o

check-programs += build/asan/host/t/test_gpumem
build/asan/host/t/test_gpumem: $(patsubst %,build/asan/host/%.o,gpumem_account gpumem_calls gpumem_live \
	gpumem_origin)

check-programs += build/asan/host/t/test_gpumem_prologue
build/asan/host/t/test_gpumem_prologue: build/asan/host/gpumem_prologue.o

check-programs += build/asan/host/t/test_gpumem_stacks
build/asan/host/t/test_gpumem_stacks: build/asan/host/t/test_gpumem_stacks.o $(patsubst %,build/asan/host/%.o, \
		gpumem_modules gpumem_stacks gpumem_symbols json_file whole_file)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ldw -lelf -ljansson

check-programs += build/asan/host/t/test_card
build/asan/host/t/test_card: $(patsubst %,build/asan/host/%.o,card card_counters card_judge hostinfo_read json_file \
	whole_file)

check-programs += build/asan/host/t/test_pass
build/asan/host/t/test_pass: $(patsubst %,build/asan/host/%.o,gpu_passthrough html json_file lab/machine lab/tool memlock \
	pass_qemu vfio_class whole_file words)

check-programs += build/asan/host/t/test_changes
build/asan/host/t/test_changes: $(patsubst %,build/asan/host/lab/%.o,changes machine)

check-programs += build/asan/host/t/test_relay
build/asan/host/t/test_relay: $(patsubst %,build/asan/host/lab/%.o,changes machine relay) build/asan/host/words.o

# Their kernel is in the test: it answers what is written.
vfio-tests := build/asan/host/t/test_vfio build/asan/host/t/test_vfio_use
check-programs += $(vfio-tests)
$(vfio-tests): %: %.o $(patsubst %.c,build/asan/%.o,$(filter host/vfio%.c,$(host-sources)) host/child.c host/json_file.c \
		host/stop_signals.c host/t/vfio_tree.c host/whole_file.c host/words.c)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -Wl,--wrap=fsync,--wrap=rename,--wrap=unlink,--wrap=vfio_put \
		-o $@ $^ -lcmocka -ljansson

check-programs += build/asan/host/t/test_estimate
build/asan/host/t/test_estimate: $(patsubst %,build/asan/host/%.o,estimate stats)

check-programs += build/asan/host/t/test_doctor
build/asan/host/t/test_doctor: build/asan/host/t/test_doctor.o $(patsubst %.c,build/asan/%.o,$(filter-out host/doctor.c, \
		$(filter host/doctor%.c,$(host-sources))) host/hostinfo_read.c \
		host/gpumem_attach.c host/gpumem_calls.c host/gpumem_library.c host/gpumem_prologue.c host/layout.c host/long_mode.c host/memlock.c \
		host/child.c host/stop_signals.c host/vfio_files.c host/vfio_iommu.c host/words.c)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -lbpf -lelf -ljansson -lm

build/asan/host/t/test_%: build/asan/host/t/test_%.o
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ljansson -lm

# The report's tests and its fuzzer run under the address and undefined-behaviour sanitizers.
report-sources := $(filter-out host/gpu_options.c,$(filter host/ab_report.c host/card_judge.c host/chart%.c host/exit_reasons.c \
	host/exit_rows.c host/html.c host/index_page.c \
	host/gnuplot.c host/json_file.c host/proof.c host/gpu_%.c host/real_axis.c host/record%.c host/report%.c host/row_rule.c host/scores%.c host/stats%.c host/stop_signals.c host/verdict.c \
	host/whole_file.c,$(host-sources)))
report-objects := $(report-sources:%.c=build/asan/%.o)
report-tests := $(patsubst %,build/asan/host/t/test_%,ab contamination explain explain_bochs explain_difference explain_fold gpu_page gpu_record gpu_report gpumem_stress html json_file pathlength record record_files record_flags report report_files report_gpulock scores stats tax vendors verdict vmx)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_RUNS ?= 1000000

check-programs += $(report-tests)

$(patsubst %,build/asan/host/t/test_%,explain explain_bochs explain_difference explain_fold pathlength): $(patsubst %,build/asan/host/%.o,explain_bochs explain_difference explain_flame explain_fold explain_report explain_summary explain_way \
	pathlength_matrix pathlength_plot pathlength_report pathlength_summary symbols)

build/asan/%.o: %.c build/flags | build/host/version.h
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) $(sanitize) -D_GNU_SOURCE -Ibuild/host -MMD -MP -c -o $@ $<

$(report-tests): %: %.o $(report-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ljansson -lelf -lm

# What a comparison is made of, without the command.
compare-objects := $(patsubst %.c,build/asan/%.o,$(filter host/compare_%.c host/estimate.c,$(host-sources)))
compare-tests := $(patsubst %,build/asan/host/t/test_%,compare compare_gpu)
check-programs += $(compare-tests)
$(compare-tests): %: %.o $(compare-objects) $(report-objects)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(sanitize) -o $@ $^ -lcmocka -ljansson -lm

check-programs += build/asan/host/t/test_pidmon
build/asan/host/t/test_pidmon: build/asan/host/process_of.o build/asan/host/pidmon_process.o build/asan/host/pidmon_output.o $(report-objects)

build/host/t/fuzz_record: host/t/fuzz_record.c host/record.c host/record_files.c host/record_stream.c host/gpu_record.c host/exit_rows.c $(wildcard host/*.h guest-bench/*.h guest-bench/*.def) build/flags
	$(call say,FUZZ,$@)mkdir -p $(@D); $(CLANG) $(compile-flags) $(sanitize) -fsanitize=fuzzer -D_GNU_SOURCE \
		-o $@ $(filter %.c,$^)

.PHONY: fuzz bench-report bench-boot
fuzz: build/host/t/fuzz_record
	$(quiet)mkdir -p build/fuzz; $< -runs=$(FUZZ_RUNS) -max_len=8192 -print_final_stats=1 \
		-artifact_prefix=build/fuzz- build/fuzz host/t/golden

build/host/t/make_records: $(patsubst %,build/host/%.o,t/make_records exit_reasons exit_rows)
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ljansson

check: build/gpu/libfakecuda.so
build/host/t/make_gpu_run: build/host/t/make_gpu_run.o
	$(call say,LINK,$@)$(CC) $(compile-flags) $(LDFLAGS) -o $@ $^ -ljansson

# Ten million samples: 29 rows of 344828.
bench: bench-report bench-boot
bench-boot: all
	$(quiet)host/t/bench_boot
bench-report: build/exitlab build/host/t/make_records
	$(quiet)build/host/t/make_records build/bench-report vmx 344828
	$(quiet)host/t/bench_report build/exitlab build/bench-report

.PRECIOUS: build/host/%.o build/asan/%.o

# What each object was made of, as its compiler saw it.
-include $(shell find build/host build/asan -name '*.d' 2>/dev/null)
