/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exit reasons by name, the same names `perf kvm stat` and the kvm_exit tracepoint print: they come
 * from the tables of the kernel's own user headers.
 */
#ifndef EXITLAB_EXIT_REASONS_H
#define EXITLAB_EXIT_REASONS_H

#include <stdint.h>

/* Whose numbers an exit reason is in. VENDOR_OTHER: a KVM whose kvm_exit has not been seen. */
enum vendor { VENDOR_OTHER, VENDOR_VMX, VENDOR_SVM };

/*
 * SVM has one exit code for RDMSR and WRMSR; exit_info_1 tells them apart. An MSR exit that is a
 * write is counted under this code, which hardware never reports (SVM_EXIT_SW, "reserved for
 * software use", + 1). Its name is "msr_write"; a read keeps "msr".
 */
#define SVM_EXIT_MSR_WRITE 0xf0000001u

/* "svm", "vmx" or "other". */
const char *vendor_name(int vendor);

/*
 * Name of a hardware exit reason: EXIT_REASON_* without its prefix for VENDOR_VMX (the basic
 * reason, bits 15:0, counts), the kernel's lower-case names for VENDOR_SVM. NULL when it has none.
 */
const char *exit_reason_name(int vendor, uint32_t reason);

/* Name of a KVM_EXIT_* reason, lower case without the prefix: "io", "hlt". NULL when unknown. */
const char *userspace_exit_name(uint32_t reason);

#endif
