// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tables of `exitlab doctor`: what is looked for, and what follows for exitlab's commands. */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

/* Words with an @ are put in place by host/doctor_fix.c. */
#define DEPS	"@deps"
#define ONE_CPU "# give this machine a second CPU"

/* clang-format off */
const struct doctor_check doctor_checks[] = {
	/* what every measurement takes */
	{"guest",        "boot, floor, ab: the kernel and initramfs that are booted", doctor_guest, NULL, "@make"},
	{"qemu",         "boot, lab: the emulator", doctor_qemu, NULL, DEPS},
	{"qemu-microvm", "boot: the guest's machine", doctor_qemu_help, "-machine help:microvm", DEPS},
	{"kvm",          "boot, floor: /dev/kvm makes a VM and a vCPU", doctor_kvm, NULL, NULL},
	{"kvm-kernel",   "boot: KVM runs a guest's ring 0", doctor_kvm_kernel, NULL, NULL},
	{"vendor",       "boot: the CPU's virtualisation, whose exit reasons are expected", doctor_vendor, NULL, NULL},
	{"lab-kernel",   "lab: the emulated host's kernel", doctor_lab, NULL, DEPS},
	{"qemu-plugins", "pathlength --explain: QEMU writes down each instruction", doctor_qemu_help, "--help:-plugin", DEPS},
	{"bochs",        "lab --vendor intel: emulates VT-x", doctor_bochs, "corei7_skylake_x", DEPS},
	{"bochs-bios",   "lab --vendor intel: its firmware", doctor_bochs_file, "BIOS-bochs-latest", DEPS},
	{"sqfstar",      "lab --vendor intel: carries files into it", doctor_tool, "sqfstar -version", DEPS},
	{"results-room", "boot: the archive", doctor_room, "results", NULL},
	{"cache-room",   "make, lab: kernels", doctor_room, "cache", NULL},
	/* what the proof takes */
	{"bpf",          "boot, exitcount: counting programs can be loaded", doctor_bpf, NULL, NULL},
	{"btf",          "boot, exitcount: the kernel's types", doctor_btf, NULL, "# run a kernel with CONFIG_DEBUG_INFO_BTF=y"},
	{"tracefs",      "boot, exitcount, perf: the tracepoints of KVM", doctor_tracefs, NULL, NULL},
	{"memlock",      "boot: the guest's memory is locked", doctor_memlock, "256", "sudo prlimit --memlock=unlimited --pid $$"},
	/* what a number worth keeping takes */
	{"root",         "isolate, vfio, gpulock: this host may be changed", doctor_root, NULL, "sudo -s"},
	{"cpus",         "isolate: a second CPU for the rest of the host", doctor_cpus, NULL, ONE_CPU},
	{"cgroup-v2",    "isolate: a partition of its own for the CPU", doctor_cgroup, NULL, NULL},
	{"hugepages",    "isolate: the guest's memory in 2 MiB pages", doctor_hugepages, NULL, "# run a kernel with CONFIG_HUGETLBFS=y"},
	{"boot-parameters", "isolate: isolcpus, nohz_full, rcu_nocbs", doctor_boot_parameters, NULL, ONE_CPU},
	/* devices */
	{"nested",       "guests that are hosts: KVM offers the guest its virtualisation", doctor_nested, NULL, NULL},
	{"iommu",        "vfio, guest-gpu: groups of devices that can be passed through", doctor_iommu, NULL, NULL},
	{"vfio",         "vfio, guest-gpu: the driver that passes them through", doctor_vfio, NULL, "sudo modprobe vfio-pci"},
	{"gpu",          "host-gpu, guest-gpu: an NVIDIA GPU on PCI", doctor_gpu, NULL, "# no command adds a GPU: use a machine that has one"},
	{"gpu-driver",   "host-gpu, gpumem: NVIDIA's driver", doctor_nvidia, NULL, "# install NVIDIA's driver, 525 or newer"},
	{"libcuda",      "gpumem: the library that is probed", doctor_libcuda, NULL,
	 "# install NVIDIA's driver, or name a library: exitlab gpumem --libcuda FILE"},
	{"uprobes",      "gpumem: probes in programs", doctor_uprobes, NULL, "# run a kernel with CONFIG_UPROBE_EVENTS=y"},
	{"uprobe-multi", "gpumem: many probes as one, which end at once", doctor_uprobe_multi, NULL, "# run Linux 6.6 or newer"},
	{"libmicrohttpd", "gpumem --metrics: HTTP", doctor_library, "libmicrohttpd.so.12", DEPS},
	{"nvcc",         "host-gpu: builds the GPU benchmarks", doctor_nvcc, NULL, "# install the CUDA toolkit; nvcc in PATH or /usr/local/cuda/bin"},
	{"gpubench",     "host-gpu: the suite", doctor_part, "gpu/gpubench", "@make"},
	{"modules",      "gpulock: kernel modules can be loaded", doctor_modules, NULL, NULL},
	{"headers",      "gpulock: modules for the running kernel can be built", doctor_headers, NULL, NULL},
	/* tools */
	{"busybox",      "make: the guest's shell, static", doctor_static, "busybox", DEPS},
	{"musl-gcc",     "make: the guest's programs", doctor_tool, "musl-gcc --version", DEPS},
	{"clang",        "make: BPF programs", doctor_tool, "clang --version", DEPS},
	{"bpftool",      "make: BPF skeletons", doctor_tool, "bpftool version", DEPS},
	{"gnuplot",      "report: plots", doctor_tool, "gnuplot --version", DEPS},
	{"scdoc",        "make: man pages", doctor_tool, "scdoc", DEPS},
	{"perf",         "make check: exits counted a second way", doctor_tool, "perf --version", DEPS},
	{"trace-cmd",    "debugging: records KVM's tracepoints", doctor_tool, "trace-cmd", "@install trace-cmd"},
	{"chromium",     "make check: the page in a browser", doctor_tool, "chromium", DEPS},
	{0},
};

const struct doctor_ability doctor_abilities[] = {
	{"boot", "make boot",
	 {{"on KVM", "guest qemu qemu-microvm kvm-kernel results-room"},
	  {"in the lab", "guest qemu qemu-microvm lab-kernel results-room"}},
	 "bpf btf memlock"},
	{"boot-intel", "make boot VENDOR=intel",
	 {{"in the lab", "guest qemu qemu-microvm lab-kernel bochs bochs-bios sqfstar results-room"}}, ""},
	{"floor", "exitlab floor", {{"on this host", "kvm"}, {"in the lab", "qemu lab-kernel"}}, "kvm-kernel bpf btf"},
	{"isolate", "make boot ISOLATE=1",
	 {{"on this host", "root cpus guest qemu qemu-microvm kvm-kernel results-room"},
	  {"in the lab", "guest qemu qemu-microvm lab-kernel results-room"}},
	 "cgroup-v2 hugepages boot-parameters"},
	{"vfio", "exitlab vfio", {{"on this host", "root iommu"}}, "vfio"},
	{"guest-gpu", "make guest-gpu",
	 {{"on this host", "root iommu vfio gpu guest qemu kvm-kernel results-room"},
	  {"in the lab", "guest qemu lab-kernel results-room"}},
	 "memlock hugepages"},
	{"exitcount", "exitlab exitcount", {{"on this host", "bpf btf tracefs"}, {"in the lab", "qemu lab-kernel"}}, ""},
	{"gpumem", "exitlab gpumem", {{"on this host", "bpf btf uprobes libcuda"}}, "uprobe-multi libmicrohttpd"},
	{"host-gpu", "make host-gpu", {{"on this host", "gpu gpu-driver gpubench results-room"}}, "nvcc"},
	{0},
};
/* clang-format on */

static bool is_ok(const char *name, size_t length, const struct doctor_finding *findings)
{
	for (size_t i = 0; doctor_checks[i].name; i++)
		if (strlen(doctor_checks[i].name) == length &&
		    !strncmp(doctor_checks[i].name, name, length))
			return findings[i].state == DOCTOR_OK;
	return false;
}

/* Writes those of the names, separated by blanks, that are not ok. True where all are. */
static bool all_ok(const char *names, const struct doctor_finding *findings, char *lacks,
		   size_t size)
{
	size_t used = 0;

	lacks[0] = '\0';
	while (*(names += strspn(names, " "))) {
		size_t length = strcspn(names, " ");

		if (!is_ok(names, length, findings) && used < size)
			used += snprintf(lacks + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)length, names);
		names += length;
	}
	return !used;
}

int doctor_route(const struct doctor_ability *ability, const struct doctor_finding *findings,
		 char *lacks, size_t size)
{
	for (int i = 0; i < 2 && ability->route[i].needs; i++) {
		if (!all_ok(ability->route[i].needs, findings, lacks, size))
			continue;
		if (i == 0)
			all_ok(ability->wants, findings, lacks, size);
		else
			all_ok(ability->route[0].needs, findings, lacks, size);
		return i;
	}
	return -1;
}
