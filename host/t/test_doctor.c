// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The checks against hosts made up for the purpose, and what follows from them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../doctor.h"
#include "tree.h"

static struct doctor_finding finding;

static const struct doctor_check *named(const char *name)
{
	const struct doctor_check *check = doctor_checks;

	while (check->name && strcmp(check->name, name))
		check++;
	assert_non_null(check->name);
	return check;
}

/* The check of that name, on the host below root, finds this. */
static void finds(const char *name, enum doctor_state state, const char *detail)
{
	struct doctor_host host = {.root = root, .results = root, .cache = root};

	doctor_examine(&host, named(name), &finding);
	assert_string_equal(finding.detail, detail);
	assert_string_equal(doctor_state_name(finding.state), doctor_state_name(state));
	assert_int_equal(finding.fix[0] == '\0', state == DOCTOR_OK);
}

/* A program below root that ends so and prints this. */
static void put_program(const char *path, const char *script)
{
	char whole[512];

	put(path, script);
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	assert_int_equal(chmod(whole, 0755), 0);
}

static void processors(void **state)
{
	(void)state;
	finds("vendor", DOCTOR_MISSING, "/proc/cpuinfo does not tell");
	put("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm_lock sse\n");
	finds("vendor", DOCTOR_MISSING, "AuthenticAMD with neither SVM nor VMX");
	assert_string_equal(finding.fix, "# switch SVM (AMD) or VT-x (Intel) on in the firmware");
	put("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor\n");
	finds("vendor", DOCTOR_MISSING,
	      "AuthenticAMD with neither SVM nor VMX, and itself a guest");
	assert_string_equal(finding.fix, "# have this VM's host switch nested virtualisation on");
	put("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n");
	finds("vendor", DOCTOR_OK, "AuthenticAMD with SVM");
	put("/proc/modules", "");
	finds("kvm", DOCTOR_MISSING, "/dev/kvm: No such file or directory");
	assert_non_null(strstr(finding.fix, "modprobe kvm_amd"));
	finds("nested", DOCTOR_MISSING, "neither kvm_amd nor kvm_intel is loaded");
	put("/sys/module/kvm_amd/parameters/nested", "0\n");
	finds("nested", DOCTOR_MISSING, "kvm_amd nested=0");
	put("/sys/module/kvm_amd/parameters/nested", "1\n");
	finds("nested", DOCTOR_OK, "kvm_amd nested=1");
	put("/dev/kvm", "");
	finds("kvm", DOCTOR_MISSING, "KVM_GET_API_VERSION: Inappropriate ioctl for device");
	put("/sys/devices/system/cpu/online", "0\n");
	finds("cpus", DOCTOR_MISSING, "one CPU");
	put("/sys/devices/system/cpu/online", "0-2,4\n");
	finds("cpus", DOCTOR_OK, "4 CPUs");
}

static void isolation(void **state)
{
	(void)state;
	finds("cgroup-v2", DOCTOR_MISSING, "not mounted");
	put("/proc/self/mounts", "cgroup /sys/fs/cgroup/cpuset cgroup rw 0 0\n");
	finds("cgroup-v2", DOCTOR_MISSING, "not mounted, and version 1 has the controllers");
	put("/proc/self/mounts", "proc /proc proc rw 0 0\nnone /sys/fs/cgroup cgroup2 rw 0 0\n");
	put("/sys/fs/cgroup/cgroup.controllers", "cpu cpusets io\n");
	finds("cgroup-v2", DOCTOR_MISSING, "/sys/fs/cgroup is without the cpuset controller");
	put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io\n");
	finds("cgroup-v2", DOCTOR_OK, "/sys/fs/cgroup, with cpuset");
	put("/proc/cmdline", "quiet nohz_full=3 xisolcpus=1\n");
	finds("boot-parameters", DOCTOR_MISSING, "isolcpus -, nohz_full 3, rcu_nocbs -");
	put("/proc/cmdline", "isolcpus=managed_irq,3 nohz_full=3 rcu_nocbs=3\n");
	finds("boot-parameters", DOCTOR_OK, "isolcpus managed_irq,3, nohz_full 3, rcu_nocbs 3");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "12\n");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "4\n");
	finds("hugepages", DOCTOR_OK, "12 of 2 MiB, 4 free");
}

static void devices(void **state)
{
	(void)state;
	finds("iommu", DOCTOR_MISSING, "no groups in /sys/kernel/iommu_groups");
	assert_non_null(strstr(finding.fix, "# switch VT-d or AMD-Vi on in the firmware"));
	put("/sys/firmware/acpi/tables/DMAR", "");
	finds("iommu", DOCTOR_MISSING, "no groups in /sys/kernel/iommu_groups");
	assert_string_equal(finding.fix, "# boot with intel_iommu=on");
	put("/sys/kernel/iommu_groups/0/type", "DMA\n");
	put("/sys/kernel/iommu_groups/1/type", "DMA\n");
	finds("iommu", DOCTOR_OK, "2 groups");
	finds("gpu", DOCTOR_MISSING, "no display or 3D controller on PCI");
	put("/sys/bus/pci/devices/0000:00:01.0/class", "0x030000\n");
	put("/sys/bus/pci/devices/0000:00:01.0/vendor", "0x1234\n");
	put("/sys/bus/pci/devices/0000:00:01.0/device", "0x1111\n");
	put("/sys/bus/pci/devices/0000:00:02.0/class", "0x020000\n");
	put("/sys/bus/pci/devices/0000:00:02.0/vendor", "0x10de\n");
	finds("gpu", DOCTOR_MISSING, "none of NVIDIA: 0000:00:01.0 1234:1111");
	put("/sys/bus/pci/devices/0000:65:00.0/class", "0x030200\n");
	put("/sys/bus/pci/devices/0000:65:00.0/vendor", "0x10de\n");
	put("/sys/bus/pci/devices/0000:65:00.0/device", "0x2336\n");
	finds("gpu", DOCTOR_OK, "0000:00:01.0 1234:1111, 0000:65:00.0 10de:2336");
	put("/proc/driver/nvidia/version",
	    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19\nGCC\n");
	finds("gpu-driver", DOCTOR_MISSING, "/dev/nvidiactl: No such file or directory");
	put("/dev/nvidiactl", "");
	finds("gpu-driver", DOCTOR_OK, "535.104.05");
	put("/sys/bus/pci/drivers/vfio-pci/bind", "");
	finds("vfio", DOCTOR_OK, "vfio-pci is loaded");
	put("/dev/iommu", "");
	finds("vfio", DOCTOR_OK, "vfio-pci is loaded, iommufd, too");
}

/* A libcuda is looked for where a program would find it. */
static void tracing(void **state)
{
	char library[PATH_MAX];

	(void)state;
	finds("uprobes", DOCTOR_MISSING,
	      "/sys/bus/event_source/devices/uprobe/type: No such file or directory");
	put("/sys/bus/event_source/devices/uprobe/type", "9\n");
	finds("uprobes", DOCTOR_OK, "perf events of type 9");
	put("/lib/libcuda.so.1", "no library at all");
	snprintf(library, sizeof(library), "%s/lib", root);
	setenv("LD_LIBRARY_PATH", library, 1);
	snprintf(library, sizeof(library), "%s/lib/libcuda.so.1 is none", root);
	finds("libcuda", DOCTOR_MISSING, library);
	unsetenv("LD_LIBRARY_PATH");
	doctor_examine(&(struct doctor_host){.root = root},
		       &(struct doctor_check){.probe = doctor_library,
					      .argument = "libnone.so.7",
					      .fix = "install it"},
		       &finding);
	assert_int_equal(finding.state, DOCTOR_MISSING);
	assert_non_null(strstr(finding.detail, "libnone.so.7"));
}

static void modules(void **state)
{
	(void)state;
	finds("modules", DOCTOR_MISSING, "/proc/modules: No such file or directory");
	put("/proc/modules", "");
	put("/proc/cmdline", "quiet nomodule\n");
	finds("modules", DOCTOR_MISSING, "the kernel was booted with nomodule");
	put("/proc/cmdline", "quiet nomodules\n");
	put("/proc/sys/kernel/modules_disabled", "1\n");
	finds("modules", DOCTOR_MISSING, "switched off: kernel.modules_disabled=1");
	put("/proc/sys/kernel/modules_disabled", "0\n");
	put("/proc/self/status", "Name:\tx\nCapEff:\t000001fffffeffff\n");
	finds("modules", DOCTOR_DENIED, "no CAP_SYS_MODULE");
	put("/proc/self/status", "Name:\tx\nCapEff:\t0000000000010000\n");
	finds("modules", DOCTOR_OK, "CAP_SYS_MODULE");
}

static void programs(void **state)
{
	(void)state;
	setenv("PATH", "/usr/bin", 1);
	unsetenv("QEMU");
	finds("qemu", DOCTOR_MISSING, "qemu-system-x86_64 is not in PATH");
	put_program("/usr/bin/qemu-system-x86_64",
		    "#!/bin/sh\ncase $* in --version) echo QEMU emulator version 9.1.0 \\(x\\) ;;\n"
		    "'-machine help') echo 'microvm  the one' ;; esac\n");
	snprintf(finding.detail, sizeof(finding.detail), "9.1.0, %s/usr/bin/qemu-system-x86_64",
		 root);
	finds("qemu", DOCTOR_OK, strdupa(finding.detail));
	finds("qemu-microvm", DOCTOR_OK, "it has microvm");
	snprintf(finding.detail, sizeof(finding.detail),
		 "%s/usr/bin/qemu-system-x86_64 has no -plugin", root);
	finds("qemu-plugins", DOCTOR_MISSING, strdupa(finding.detail));
	put_program("/usr/bin/qemu-system-x86_64", "#!/bin/sh\necho no libfoo.so; exit 127\n");
	snprintf(finding.detail, sizeof(finding.detail),
		 "%s/usr/bin/qemu-system-x86_64 does not run: no libfoo.so", root);
	finds("qemu", DOCTOR_MISSING, strdupa(finding.detail));
	finds("bochs", DOCTOR_MISSING, "bochs is not in PATH");
	put_program("/usr/bin/bochs", "#!/bin/sh\n[ \"$*\" = '--help cpu' ] || exit 1\n"
				      "echo '  Bochs x86 Emulator 2.6.9'; echo tigerlake\n");
	snprintf(finding.detail, sizeof(finding.detail),
		 "%s/usr/bin/bochs has no CPU corei7_skylake_x", root);
	finds("bochs", DOCTOR_MISSING, strdupa(finding.detail));
	put_program("/usr/bin/bochs", "#!/bin/sh\necho '  Bochs x86 Emulator 2.7'\n"
				      "echo corei7_skylake_x\n");
	snprintf(finding.detail, sizeof(finding.detail), "2.7, %s/usr/bin/bochs", root);
	finds("bochs", DOCTOR_OK, strdupa(finding.detail));
	put("/usr/share/bochs/BIOS-bochs-latest", "");
	finds("bochs-bios", DOCTOR_OK, "/usr/share/bochs/BIOS-bochs-latest");
	setenv("BXSHARE", "/opt/bochs", 1);
	finds("bochs-bios", DOCTOR_MISSING,
	      "/opt/bochs/BIOS-bochs-latest: No such file or directory");
	unsetenv("BXSHARE");
	finds("sqfstar", DOCTOR_MISSING, "sqfstar is not in PATH");
	put_program("/usr/local/cuda/bin/nvcc", "#!/bin/sh\necho tools, release 12.4, V1\n");
	snprintf(finding.detail, sizeof(finding.detail), "release 12.4, %s/usr/local/cuda/bin/nvcc",
		 root);
	finds("nvcc", DOCTOR_OK, strdupa(finding.detail));
	put_program("/sbin/busybox", "#!/bin/sh\n");
	snprintf(finding.detail, sizeof(finding.detail), "%s/sbin/busybox is not static", root);
	finds("busybox", DOCTOR_MISSING, strdupa(finding.detail));
	put("/etc/os-release",
	    "NAME=x\nVERSION_ID=\"fedora\"\nID=nobara\nID_LIKE=\"rhel fedora\"\n");
	finds("trace-cmd", DOCTOR_MISSING, "trace-cmd is not in PATH");
	assert_non_null(strstr(finding.fix, "dnf install trace-cmd"));
	put("/etc/os-release", "ID=gentoo\nVERSION_CODENAME=debian\n");
	finds("trace-cmd", DOCTOR_MISSING, "trace-cmd is not in PATH");
	assert_string_equal(finding.fix, "# with this distribution's tool install trace-cmd");
}

/* On an empty host nothing but room is there, and every check says so. */
static void bare(void **state)
{
	struct doctor_host host = {.root = root, .results = root, .cache = root};

	(void)state;
	setenv("PATH", "", 1);
	for (const struct doctor_check *check = doctor_checks; check->name; check++) {
		doctor_examine(&host, check, &finding);
		assert_string_not_equal(finding.detail, "");
		assert_true(finding.state == DOCTOR_OK || finding.fix[0]);
	}
	finds("tracefs", DOCTOR_MISSING, "/sys/kernel/tracing: No such file or directory");
	finds("btf", DOCTOR_MISSING, "/sys/kernel/btf/vmlinux: No such file or directory");
	put("/sys/kernel/btf/vmlinux", "no types at all");
	finds("btf", DOCTOR_MISSING, "/sys/kernel/btf/vmlinux is no BTF");
}

static void crash(const struct doctor_host *host, const struct doctor_check *check,
		  struct doctor_finding *found)
{
	(void)host, (void)check, (void)found;
	raise(SIGKILL);
}

static void hang(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *found)
{
	(void)host, (void)check;
	doctor_run((char *[]){"/bin/sleep", "1000", NULL}, found->detail, sizeof(found->detail));
}

static void probes_end(void **state)
{
	static const struct doctor_host host = {.root = ""};

	(void)state;
	doctor_examine(&host, &(struct doctor_check){.probe = crash, .fix = "mend it"}, &finding);
	assert_int_equal(finding.state, DOCTOR_MISSING);
	assert_string_equal(finding.detail, "its probe crashed: signal 9");
	assert_string_equal(finding.fix, "mend it");
	doctor_deadline_ms = 50;
	doctor_examine(&host, &(struct doctor_check){.probe = hang}, &finding);
	doctor_deadline_ms = 15000;
	assert_int_equal(finding.state, DOCTOR_MISSING);
	assert_non_null(strstr(finding.detail, "did not end within"));
}

/* Marks the named checks, separated by blanks, as not ok, all others as ok. */
static const struct doctor_finding *without(const char *names)
{
	static struct doctor_finding findings[128];
	char padded[256], name[64];

	snprintf(padded, sizeof(padded), " %s ", names);
	for (size_t i = 0; doctor_checks[i].name; i++) {
		snprintf(name, sizeof(name), " %s ", doctor_checks[i].name);
		findings[i].state = strstr(padded, name) ? DOCTOR_DENIED : DOCTOR_OK;
	}
	return findings;
}

static void routes(void **state)
{
	char lacks[256];

	(void)state;
	assert_int_equal(doctor_route(doctor_abilities, without(""), lacks, sizeof(lacks)), 0);
	assert_string_equal(lacks, "");
	assert_int_equal(doctor_route(doctor_abilities, without("bpf lab-kernel memlock"), lacks,
				      sizeof(lacks)),
			 0);
	assert_string_equal(lacks, "bpf, memlock");
	assert_int_equal(
		doctor_route(doctor_abilities, without("kvm-kernel bpf"), lacks, sizeof(lacks)), 1);
	assert_string_equal(lacks, "kvm-kernel");
	assert_int_equal(doctor_route(doctor_abilities, without("kvm-kernel lab-kernel gpu"), lacks,
				      sizeof(lacks)),
			 -1);
	assert_string_equal(lacks, "lab-kernel");
	assert_string_equal(doctor_abilities[1].command, "make boot VENDOR=intel");
	assert_int_equal(
		doctor_route(&doctor_abilities[1], without("kvm-kernel bpf"), lacks, sizeof(lacks)),
		0);
	assert_string_equal(lacks, "");
	assert_int_equal(
		doctor_route(&doctor_abilities[1], without("sqfstar bochs"), lacks, sizeof(lacks)),
		-1);
	assert_string_equal(lacks, "bochs, sqfstar");
	assert_int_equal(doctor_route(doctor_abilities, without("guest"), lacks, sizeof(lacks)),
			 -1);
}

/* What is refused is denied; all else is missing, and nothing that failed is ok. */
static void failures(void **state)
{
	static const struct {
		int error;
		enum doctor_state state;
	} cases[] = {{EACCES, DOCTOR_DENIED},
		     {EPERM, DOCTOR_DENIED},
		     {ENOENT, DOCTOR_MISSING},
		     {EIO, DOCTOR_MISSING}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		errno = cases[i].error;
		doctor_failed(&finding, "a file");
		assert_int_equal(finding.state, cases[i].state);
		assert_non_null(strstr(finding.detail, strerror(cases[i].error)));
	}
}

/* Every name in the table of abilities is one of the table of checks. */
static void names(void **state)
{
	(void)state;
	for (const struct doctor_ability *ability = doctor_abilities; ability->name; ability++) {
		const char *all[] = {ability->route[0].needs, ability->route[1].needs ?: "",
				     ability->wants};

		for (size_t i = 0; i < 3; i++) {
			char *list = strdupa(all[i]);

			for (char *name = strtok(list, " "); name; name = strtok(NULL, " "))
				named(name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(processors, make_root, remove_root),
		cmocka_unit_test_setup_teardown(isolation, make_root, remove_root),
		cmocka_unit_test_setup_teardown(devices, make_root, remove_root),
		cmocka_unit_test_setup_teardown(tracing, make_root, remove_root),
		cmocka_unit_test_setup_teardown(modules, make_root, remove_root),
		cmocka_unit_test_setup_teardown(programs, make_root, remove_root),
		cmocka_unit_test_setup_teardown(bare, make_root, remove_root),
		cmocka_unit_test(probes_end),
		cmocka_unit_test(routes),
		cmocka_unit_test(failures),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
