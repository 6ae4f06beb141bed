// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The names of exit reasons, taken from the kernel's user headers so that they need no upkeep. */
#include <linux/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>
#include <stddef.h>

#include "exit_reasons.h"
#include "util.h"

struct reason {
	uint32_t reason;
	const char *name;
};

static const struct reason vmx_reasons[] = {VMX_EXIT_REASONS};
static const struct reason svm_reasons[] = {SVM_EXIT_REASONS, {SVM_EXIT_MSR_WRITE, "msr_write"}};

/* Only what an x86 host can return. */
static const char *const userspace_exits[] = {
	[KVM_EXIT_UNKNOWN] = "unknown",
	[KVM_EXIT_EXCEPTION] = "exception",
	[KVM_EXIT_IO] = "io",
	[KVM_EXIT_HYPERCALL] = "hypercall",
	[KVM_EXIT_DEBUG] = "debug",
	[KVM_EXIT_HLT] = "hlt",
	[KVM_EXIT_MMIO] = "mmio",
	[KVM_EXIT_IRQ_WINDOW_OPEN] = "irq_window_open",
	[KVM_EXIT_SHUTDOWN] = "shutdown",
	[KVM_EXIT_FAIL_ENTRY] = "fail_entry",
	[KVM_EXIT_INTR] = "intr",
	[KVM_EXIT_SET_TPR] = "set_tpr",
	[KVM_EXIT_TPR_ACCESS] = "tpr_access",
	[KVM_EXIT_NMI] = "nmi",
	[KVM_EXIT_INTERNAL_ERROR] = "internal_error",
	[KVM_EXIT_WATCHDOG] = "watchdog",
	[KVM_EXIT_SYSTEM_EVENT] = "system_event",
	[KVM_EXIT_IOAPIC_EOI] = "ioapic_eoi",
	[KVM_EXIT_HYPERV] = "hyperv",
	[KVM_EXIT_X86_RDMSR] = "x86_rdmsr",
	[KVM_EXIT_X86_WRMSR] = "x86_wrmsr",
	[KVM_EXIT_DIRTY_RING_FULL] = "dirty_ring_full",
	[KVM_EXIT_AP_RESET_HOLD] = "ap_reset_hold",
	[KVM_EXIT_X86_BUS_LOCK] = "x86_bus_lock",
	[KVM_EXIT_XEN] = "xen",
	[KVM_EXIT_NOTIFY] = "notify",
	[39] = "memory_fault", /* KVM_EXIT_MEMORY_FAULT, newer than Debian 12's headers */
};

static const char *find(const struct reason *table, size_t count, uint32_t reason)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].reason == reason)
			return table[i].name;
	return NULL;
}

const char *vendor_name(int vendor)
{
	return vendor == VENDOR_SVM ? "svm" : vendor == VENDOR_VMX ? "vmx" : "other";
}

const char *exit_reason_name(int vendor, uint32_t reason)
{
	switch (vendor) {
	case VENDOR_SVM:
		return find(svm_reasons, ARRAY_SIZE(svm_reasons), reason);
	case VENDOR_VMX:
		return find(vmx_reasons, ARRAY_SIZE(vmx_reasons), reason & 0xffff);
	default:
		return NULL;
	}
}

const char *userspace_exit_name(uint32_t reason)
{
	return reason < ARRAY_SIZE(userspace_exits) ? userspace_exits[reason] : NULL;
}
