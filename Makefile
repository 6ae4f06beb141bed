# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab: the pipeline. `make help` lists the targets and the knobs.

VERSION := 0.1.0

# Knobs. Set them on the command line: make boot SELECT=user.cpuid ITER=5000
V	   ?= 0
ACCEL	   ?= auto
MACHINE	   ?= microvm
VENDOR	   ?=
CPU	   ?=
ITER	   ?=
ISOLATE	   ?=
FIFO	   ?=
VCPUS	   ?=
DEBUGCON   ?=
LAB_KERNELS ?=
VARY	   ?=
FULL	   ?=
EXPLAIN	   ?=
ATTACH	   ?=
MODULES	   ?=
A	   ?=
B	   ?=
IRQCHIP	   ?=
ROUNDS	   ?=
DISTURB	   ?=
READ	   ?=
SYSTEM	   ?=
PRELOAD	   ?=
MEM_LIMIT  ?=
SM_LIMIT   ?=
REFERENCE  ?=
NVIDIA_DRIVER ?=
GPU	   ?=
MEMORY	   ?=
HUGEPAGES  ?=
QUICK	   ?=
FAKE	   ?=
SELECT	   ?=
KERNEL_SRC ?=
LAB_KERNEL ?=
RESULTS	   ?= results
CACHE	   ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/exitlab
QEMU	   ?= qemu-system-x86_64
CC	   := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG	   ?= clang
BPFTOOL	   ?= $(or $(shell PATH=$$PATH:/usr/sbin:/sbin command -v bpftool),bpftool)
MUSL_CC	   ?= musl-gcc
WERROR	   ?=
JOBS	   ?= 2

export CACHE KERNEL_SRC LAB_KERNEL QEMU CC

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

# Quiet by default; V=1 shows the commands.
quiet = $(if $(filter 1,$(V)),,@)
say   = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

# CFLAGS and LDFLAGS are the user's; what the sources are written for is added.
CFLAGS ?= -O2 -g
compile-flags = -std=gnu11 -Wall -Wextra $(if $(WERROR),-Werror) $(CFLAGS)

# Ends a recipe that prints what its target is to hold: the target changes only where that does.
if-changed = >$@.$$$$; if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

# make deps boot: what boot takes is installed before a rule is read, since rules name what is installed; then as much
# at a time as there are CPUs.
ifneq ($(and $(filter deps,$(MAKECMDGOALS)),$(filter-out deps,$(MAKECMDGOALS))),)

.NOTPARALLEL:
.PHONY: deps $(filter-out deps,$(MAKECMDGOALS))
$(filter-out deps,$(MAKECMDGOALS)): deps
	$(quiet)$(MAKE) -f $(firstword $(MAKEFILE_LIST)) --no-print-directory \
		$(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) $@
deps:
	$(quiet)./.ci/deps

else

check-programs :=
check-scripts  := .ci/t/make.t .ci/t/tap.t

include kernel-config/rules.mk
include guest-bench/rules.mk
include kmod/rules.mk
include initramfs/rules.mk
include host/rules.mk
include gpu/rules.mk
include isolation-scripts/rules.mk
include docs/rules.mk
include .ci/rules.mk

.PHONY: all deps doctor boot floor guest-gpu host-gpu gpu-overhead gpumem-stress isolation-ab compare pathlength results-index bench check lint clean help

deps:
	$(quiet)./.ci/deps

all: build/exitlab $(gpu-parts) $(lab-parts) $(guest-parts) $(man-pages)

.PHONY: FORCE
FORCE:

# All that is compiled or packed depends on this, so that another knob makes it anew.
build/flags: FORCE
	$(quiet)mkdir -p $(@D); { echo '$(CC) $(compile-flags) $(LDFLAGS) $(CLANG) $(BPFTOOL) $(MUSL_CC)'; \
	ls -lL $(BUSYBOX) 2>&1; } $(if-changed)

boot: all
	$(quiet)build/exitlab boot --accel '$(ACCEL)' --machine '$(MACHINE)' --results '$(RESULTS)' \
		$(if $(CPU),--cpu '$(CPU)') $(if $(ITER),--iter '$(ITER)') $(if $(SELECT),--select '$(SELECT)') \
		$(if $(filter 1,$(ISOLATE)),--isolate) $(if $(FIFO),--fifo '$(FIFO)') $(if $(VCPUS),--vcpus '$(VCPUS)') \
		$(if $(DEBUGCON),--debugcon '$(DEBUGCON)') $(if $(ATTACH),--attach '$(ATTACH)') \
		$(if $(VENDOR),--vendor '$(VENDOR)') $(if $(MODULES),--modules '$(MODULES)')

floor: all
	$(quiet)build/exitlab floor --accel '$(ACCEL)' --results '$(RESULTS)' \
		$(if $(CPU),--cpu '$(CPU)') $(if $(ITER),--iter '$(ITER)') $(if $(SELECT),--select '$(SELECT)') \
		$(if $(filter 1,$(IRQCHIP)),--irqchip)

isolation-ab: all
	$(quiet)build/exitlab ab --accel '$(ACCEL)' --machine '$(MACHINE)' --results '$(RESULTS)' \
		$(if $(CPU),--cpu '$(CPU)') $(if $(ITER),--iter '$(ITER)') $(if $(SELECT),--select '$(SELECT)') \
		$(if $(ROUNDS),--rounds '$(ROUNDS)') $(if $(DISTURB),--disturb '$(DISTURB)') \
		$(if $(READ),--read '$(READ)') $(if $(FIFO),--fifo '$(FIFO)')

# No guest is needed, so none is built.
host-gpu: build/exitlab $(gpu-parts)
	$(quiet)build/exitlab gpu --results '$(RESULTS)' \
		$(if $(SELECT),--select '$(SELECT)') $(if $(SYSTEM),--system '$(SYSTEM)') \
		$(if $(PRELOAD),--preload '$(PRELOAD)') $(if $(MEM_LIMIT),--mem-limit '$(MEM_LIMIT)') \
		$(if $(SM_LIMIT),--sm-limit '$(SM_LIMIT)') $(if $(REFERENCE),--reference '$(REFERENCE)') \
		$(if $(filter 1,$(QUICK)),--quick)

gpu-overhead: $(overhead-parts)
	$(quiet)build/gpu/overhead --results '$(RESULTS)' $(if $(ONLY),--only '$(ONLY)') \
		$(if $(REPEAT),--repeat '$(REPEAT)') '$(or $(CONFIG),gpu/probes/bench_config.json)'

# The kernel and the image of a guest that gets a device are built where that is asked for. Without GPU= there is the
# lab's edu device.
guest-gpu: all build/initramfs-gpu.cpio
	$(quiet)build/exitlab guest-gpu --results '$(RESULTS)' $(if $(GPU),--device '$(GPU)',--accel lab) \
		$(if $(MEMORY),--memory '$(MEMORY)') $(if $(VCPUS),--vcpus '$(VCPUS)') \
		$(if $(HUGEPAGES),--hugepages '$(HUGEPAGES)') $(if $(SELECT),--select '$(SELECT)') \
		$(if $(REFERENCE),--reference '$(REFERENCE)') $(if $(filter 1,$(QUICK)),--quick)

# The fake libcuda is built where it is asked for, or may be needed.
gpumem-stress: build/exitlab build/gpu/stress $(if $(filter 0,$(FAKE)),,build/gpu/libfakecuda.so)
	$(quiet)build/exitlab gpumem-stress --results '$(RESULTS)' \
		$(if $(FAKE),--fake '$(FAKE)') $(if $(filter 1,$(QUICK)),--quick)

results-index: build/exitlab
	$(quiet)build/exitlab index '$(RESULTS)'

compare: build/exitlab
	$(if $(and $(A),$(B)),,$(error name two runs: make compare A=results/HOST/RUN B=results/HOST/RUN))
	$(quiet)build/exitlab compare '$(A)' '$(B)'

pathlength: all
	$(quiet)build/exitlab pathlength --results '$(RESULTS)' \
		$(if $(LAB_KERNELS),--kernels '$(LAB_KERNELS)') $(if $(VARY),--vary '$(VARY)') \
		$(if $(VENDOR),--vendor '$(VENDOR)') $(if $(filter 1,$(FULL)),--full) $(if $(EXPLAIN),--explain '$(EXPLAIN)') \
		$(if $(ITER),--iter '$(ITER)') $(if $(SELECT),--select '$(SELECT)')

# Every test speaks TAP: cmocka programs and shell scripts, beside what they test in t/. The programs end at once each,
# so they are left for when only long scripts are still running.
check: export CMOCKA_MESSAGE_OUTPUT = TAP
check: all $(check-programs)
	$(quiet)JOBS='$(JOBS)' .ci/tap $(check-scripts) $(check-programs)

doctor: build/exitlab
	$(quiet)build/exitlab doctor --results '$(RESULTS)'

lint:
	$(quiet).ci/lint

clean:
	$(quiet)rm -rf build

help:
	@sed -n 's/^#h \{0,1\}//p' Makefile

endif

#h make deps          install what a fresh Debian needs; prints the list elsewhere
#h make doctor        what this host can do, what is missing, the command that mends it
#h make boot          build, boot the guest, measure, prove, archive, print the table
#h make floor         the same rows in a minimal VMM, without QEMU
#h make host-gpu      what GPU virtualisation costs, and how well tenants are isolated
#h make gpu-overhead  what probes cost a GPU kernel: uprobes, a preloaded library, probes on the device
#h make guest-gpu     a GPU goes to the guest, the same runs there, the GPU comes back; host against guest [GPU=BDF]
#h make gpumem-stress the GPU memory tracer under load: exact or not, and what it costs
#h make isolation-ab  the same rows with and without isolation, left alone and disturbed
#h make results-index write results/index.html: every run, by host and time [RESULTS=]
#h make compare       what changed from run A to run B [A=DIR B=DIR]
#h make pathlength    path lengths by kernel, mitigations, machine, debugcon, tracer
#h make check         every test; ends in "N passed, N failed, N skipped"
#h make check-gpu     the GPU suite and the probes on this GPU: contracts, controls, counts, compute-sanitizer [FULL=1: whole runs]
#h make gpulock-check every test of the gpulock module, in guests of the debug, the KCSAN and Debian's kernels
#h make gpulock-kcsan only that no two CPUs race; make gpulock-coverage: which lines the tests run, archived
#h make gpulock-debian only that it works on Debian's 6.1 and 6.12
#h make gpulock-bench what its checks cost, by layer, grants and agents; make gpulock-mutants: faults that its tests find
#h make check-full    make check, and what gpulock-check has beyond that
#h make bench         the project's own figures, each beside its anchor
#h make lint          shellcheck, clang-format, cppcheck
#h make docs          write the table of rows from exits.def into docs/method.md
#h make fuzz          the record readers against libFuzzer [FUZZ_RUNS=1000000]
#h make install       PREFIX=/usr/local DESTDIR= and GNU's other directories; make uninstall
#h make dist          build/exitlab-VERSION.tar.gz, the same bytes for the same commit
#h make deb           a Debian source package in build/deb
#h make clean         remove build/ (the cache is elsewhere: CACHE=)
#h
#h Knobs:
#h   ACCEL=auto|kvm|lab|tcg   where the guest runs [auto: KVM where it works, else the lab]
#h   VENDOR=amd|intel|both    of boot, pathlength: whose CPU the lab emulates [amd]
#h   MACHINE=microvm|q35      the guest's machine [microvm]
#h   CPU=N                    host CPU of the vCPU [the last online one]
#h   ITER=N SELECT=row,row    samples per row; rows to run (build/exitlab boot --list, gpu --list)
#h   VCPUS=2                  of boot: a second vCPU, for the rows between two [1]; of guest-gpu: any number
#h   ISOLATE=1 FIFO=N         isolate the CPU meanwhile; the vCPU's real-time priority then
#h   DEBUGCON=null|file|socket  of boot: what takes the bytes of OUTB to QEMU [null]
#h   ATTACH=TRACER            of boot: trace the timed pass: exitcount, trace-cmd or perf [nothing]
#h   MODULES=gpulock          of boot: load that module in the guest, and run its rows, too [none]
#h   LAB_KERNELS="A B"        of pathlength: kernels [the newest of each series that apt offers]
#h   VARY=FACTOR,... FULL=1   of pathlength: factors; every combination of them [all; one at a time]
#h   EXPLAIN=ROW              of pathlength: where the instructions of a row are; with VARY=, where they differ
#h   ROUNDS=N DISTURB=WHEN    of isolation-ab: how often [3; 1 in the lab]; on, off or both [both]
#h   IRQCHIP=1                of floor: with the interrupt controllers inside KVM
#h   READ=FILE                of isolation-ab: a file that the generator also reads, for disk interrupts
#h   SYSTEM=NAME              of host-gpu: native, guest, mig, mps, or the limiter that PRELOAD= is [native]
#h   PRELOAD=FILE MEM_LIMIT=4g SM_LIMIT=50   of host-gpu: the limiter, and the limits of a tenant [none]
#h   CONFIG=FILE ONLY=NAME REPEAT=N   of gpu-overhead: test cases [gpu/probes/bench_config.json], one of them, rounds [5]
#h   GPU=0000:65:00.0[,BDF]   of guest-gpu: the devices, by address or VENDOR:DEVICE [the lab's edu device]
#h   MEMORY=MIB HUGEPAGES=2M|1G  of guest-gpu: the guest's memory, and from which pages [what its image takes; small]
#h   NVIDIA_DRIVER=DIR        of guest-gpu: an unpacked driver package, or a root it is installed in (/) [no driver]
#h   REFERENCE=DIR QUICK=1    of host-gpu, guest-gpu: hold it against that run; a look in less than a minute
#h   FAKE=0|1 QUICK=1         of gpumem-stress: the real libcuda or the fake one [0 where there is one]; some seconds a case
#h   FUZZ=N RELOADS=N         of gpulock-check: random calls, reloads of the module [1000000, 1000]
#h   ROUNDS=N                 of gpulock-check, gpulock-kcsan: how long all is done at once [1000, 100]
#h   A=DIR B=DIR              of compare: the runs; several of one side are joined with commas
#h   KERNEL_SRC=PATH          kernel tree or tarball for the guest [the newest linux-source package]
#h   LAB_KERNEL=PATH|PACKAGE  kernel of the lab [the newest linux-image package]
#h   RESULTS=DIR CACHE=DIR    archive; kernels and packages that are costly to make
#h   JOBS=N                   of check: so many files of tests at a time [2]
#h   QEMU=PATH V=1 WERROR=1   the emulator; show commands; warnings are errors
