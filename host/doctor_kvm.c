// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Is this a KVM that runs guests? /dev/kvm alone says little: some clouds have a paravirtual one
 * that makes VMs and runs code of ring 3, and emulates what it must of ring 0. A kernel does not
 * get far there. So a guest of two instructions is run: one that no emulator of KVM's knows, and an
 * OUT.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doctor.h"
#include "hostinfo_read.h"
#include "long_mode.h"
#include "util.h"

#define MEMORY 0x200000
#define CODE   0x1000
#define TABLES 0x2000
#define PORT   0xe9

static const uint8_t guest[] = {
	0x66, 0x0f, 0xfe, 0xc1, /* paddd %xmm1, %xmm0 */
	0xe6, PORT,		/* outb %al, $PORT */
};

struct vm {
	int kvm, vm, vcpu;
	struct kvm_run *run;
};

/* A VM with one vCPU and no memory. NULL, or what failed, with errno; ends with the process. */
static const char *make_vm(const struct doctor_host *host, struct vm *vm)
{
	char path[PATH_MAX];

	doctor_path(host, path, "/dev/kvm");
	vm->kvm = open(path, O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return "/dev/kvm";
	if (ioctl(vm->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return "KVM_GET_API_VERSION";
	vm->vm = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->vm < 0)
		return "KVM_CREATE_VM";
	vm->vcpu = ioctl(vm->vm, KVM_CREATE_VCPU, 0);
	if (vm->vcpu < 0)
		return "KVM_CREATE_VCPU";
	vm->run = mmap(NULL, ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		       MAP_SHARED, vm->vcpu, 0);
	return vm->run == MAP_FAILED ? "mmap of a vCPU" : NULL;
}

/* "AuthenticAMD" and the like; empty where /proc/cpuinfo does not tell. */
static void read_vendor(const struct doctor_host *host, char *vendor, size_t size)
{
	char path[PATH_MAX];
	json_t *text;

	doctor_path(host, path, "/proc/cpuinfo");
	text = read_field(&(struct place){path, "vendor_id", NULL});
	snprintf(vendor, size, "%s", json_string_value(text) ?: "");
	json_decref(text);
}

static const char *kvm_module(const struct doctor_host *host)
{
	char vendor[32];

	read_vendor(host, vendor, sizeof(vendor));
	return strstr(vendor, "AMD") || strstr(vendor, "Hygon") ? "kvm_amd" : "kvm_intel";
}

/* Does a word of the CPU's flags say so? */
static bool has_flag(const struct doctor_host *host, const char *flag)
{
	char path[PATH_MAX], padded[16];
	json_t *flags;
	char *text = NULL;
	bool has;

	doctor_path(host, path, "/proc/cpuinfo");
	flags = read_field(&(struct place){path, "flags", NULL});
	snprintf(padded, sizeof(padded), " %s ", flag);
	if (asprintf(&text, " %s ", json_string_value(flags) ?: "") < 0)
		text = NULL;
	has = text && strstr(text, padded);
	free(text);
	json_decref(flags);
	return has;
}

static bool has_virtualisation(const struct doctor_host *host)
{
	return has_flag(host, "svm") || has_flag(host, "vmx");
}

static void fix_vendor(const struct doctor_host *host, struct doctor_finding *finding)
{
	char vendor[32];

	read_vendor(host, vendor, sizeof(vendor));
	if (!*vendor)
		doctor_fix(finding, "sudo mount -t proc proc /proc");
	else if (has_flag(host, "hypervisor"))
		doctor_fix(finding, "# have this VM's host switch nested virtualisation on");
	else
		doctor_fix(finding, "# switch SVM (AMD) or VT-x (Intel) on in the firmware");
}

void doctor_kvm(const struct doctor_host *host, const struct doctor_check *check,
		struct doctor_finding *finding)
{
	struct vm vm = {0};
	const char *failed = make_vm(host, &vm);

	(void)check;
	if (!failed) {
		doctor_found(finding, DOCTOR_OK, "makes a VM and a vCPU, API version %d",
			     KVM_API_VERSION);
		return;
	}
	doctor_failed(finding, "%s", failed);
	if (finding->state == DOCTOR_DENIED)
		doctor_fix(finding, "sudo usermod -aG kvm \"$USER\" && exec newgrp kvm");
	else if (vm.kvm < 0 && has_virtualisation(host))
		doctor_fix(finding, "sudo modprobe %s", kvm_module(host));
	else if (vm.kvm < 0)
		fix_vendor(host, finding);
	else
		doctor_fix(finding, "# another hypervisor may hold the CPU: end it");
}

static bool set_registers(const struct vm *vm, unsigned int ring)
{
	struct kvm_regs regs = {.rip = CODE, .rflags = LONG_MODE_IOPL3};

	return !long_mode_enter(vm->vcpu, ring, TABLES) && !ioctl(vm->vcpu, KVM_SET_REGS, &regs);
}

/* Runs the guest in this ring. True where it gets to its OUT; else why says where it ended. */
static bool runs(const struct doctor_host *host, unsigned int ring, char *why, size_t size)
{
	struct kvm_userspace_memory_region region = {.memory_size = MEMORY};
	char *memory =
		mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *failed;
	struct vm vm;

	failed = make_vm(host, &vm);
	if (failed || memory == MAP_FAILED) {
		snprintf(why, size, "%s: %s", failed ?: "mmap", strerror(errno));
		return false;
	}
	long_mode_tables(memory, TABLES);
	memcpy(memory + CODE, guest, sizeof(guest));
	region.userspace_addr = (uintptr_t)memory;
	if (ioctl(vm.vm, KVM_SET_USER_MEMORY_REGION, &region) || long_mode_cpuid(vm.kvm, vm.vcpu) ||
	    !set_registers(&vm, ring) || ioctl(vm.vcpu, KVM_RUN, 0)) {
		snprintf(why, size, "a vCPU in ring %u: %s", ring, strerror(errno));
		return false;
	}
	if (vm.run->exit_reason == KVM_EXIT_IO && vm.run->io.port == PORT)
		return true;
	if (vm.run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		snprintf(why, size, "ring %u ends in KVM's internal error, suberror %u", ring,
			 vm.run->internal.suberror);
	else
		snprintf(why, size, "ring %u ends with exit reason %u", ring, vm.run->exit_reason);
	return false;
}

void doctor_kvm_kernel(const struct doctor_host *host, const struct doctor_check *check,
		       struct doctor_finding *finding)
{
	char why[128], ignored[128];

	doctor_kvm(host, check, finding);
	if (finding->state != DOCTOR_OK)
		return;
	if (runs(host, 0, why, sizeof(why)))
		doctor_found(finding, DOCTOR_OK, "code of ring 0 runs in a guest");
	else if (runs(host, 3, ignored, sizeof(ignored)))
		doctor_found(finding, DOCTOR_MISSING, "paravirtual: ring 3 runs, %s", why);
	else
		doctor_found(finding, DOCTOR_MISSING, "%s", why);
	doctor_fix(finding,
		   "# use bare metal or a VM with nested virtualisation; the lab takes none");
}

void doctor_vendor(const struct doctor_host *host, const struct doctor_check *check,
		   struct doctor_finding *finding)
{
	char vendor[32];

	(void)check;
	read_vendor(host, vendor, sizeof(vendor));
	if (has_virtualisation(host))
		doctor_found(finding, DOCTOR_OK, "%s with %s", vendor,
			     has_flag(host, "svm") ? "SVM" : "VMX");
	else if (*vendor)
		doctor_found(finding, DOCTOR_MISSING, "%s with neither SVM nor VMX%s", vendor,
			     has_flag(host, "hypervisor") ? ", and itself a guest" : "");
	else
		doctor_found(finding, DOCTOR_MISSING, "/proc/cpuinfo does not tell");
	fix_vendor(host, finding);
}

void doctor_nested(const struct doctor_host *host, const struct doctor_check *check,
		   struct doctor_finding *finding)
{
	static const char *const modules[] = {"kvm_amd", "kvm_intel"};
	char path[PATH_MAX], line[16];

	(void)check;
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/nested", modules[i]);
		if (!doctor_line(host, line, sizeof(line), path))
			continue;
		if (*line == '1' || *line == 'Y') {
			doctor_found(finding, DOCTOR_OK, "%s nested=%s", modules[i], line);
			return;
		}
		doctor_found(finding, DOCTOR_MISSING, "%s nested=%s", modules[i], line);
		doctor_fix(finding, "sudo modprobe -r %s && sudo modprobe %s nested=1", modules[i],
			   modules[i]);
		return;
	}
	doctor_found(finding, DOCTOR_MISSING, "neither kvm_amd nor kvm_intel is loaded");
	if (has_virtualisation(host))
		doctor_fix(finding, "sudo modprobe %s nested=1", kvm_module(host));
	else
		fix_vendor(host, finding);
}
