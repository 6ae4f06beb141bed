// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rows that need a register of the CPU's: is it there, and what is in it. */
#include <asm/cpufeature.h>
#include <asm/special_insns.h>

#include "needs.h"
#include "privileged.h"

static void begin_cr8(void)
{
	insn_operand = read_cr8();
}

static void begin_cr0(void)
{
	insn_operand = native_read_cr0();
}

static void begin_cr4(void)
{
	insn_operand = native_read_cr4();
}

static void begin_gs_base(void)
{
	insn_operand = native_read_msr(MSR_KERNEL_GS_BASE);
}

static const char *need_spec_ctrl(void)
{
	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL) || !boot_cpu_has(X86_FEATURE_IBRS))
		return "the CPU of the guest has no SPEC_CTRL";
	insn_operand = native_read_msr(MSR_IA32_SPEC_CTRL) & ~(u64)SPEC_CTRL_IBRS;
	return NULL;
}

static const char *need_ibpb(void)
{
	return boot_cpu_has(X86_FEATURE_IBPB) ? NULL : "the CPU of the guest has no PRED_CMD";
}

static const char *need_tsx_ctrl(void)
{
	u64 capabilities = 0;

	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl_safe(MSR_IA32_ARCH_CAPABILITIES, &capabilities);
	if (!(capabilities & ARCH_CAP_TSX_CTRL_MSR))
		return "the CPU of the guest has no TSX_CTRL";
	insn_operand = native_read_msr(MSR_IA32_TSX_CTRL);
	return NULL;
}

static const char *need_tsc_adjust(void)
{
	if (!boot_cpu_has(X86_FEATURE_TSC_ADJUST))
		return "the CPU of the guest has no TSC_ADJUST";
	insn_operand = native_read_msr(MSR_IA32_TSC_ADJUST);
	return NULL;
}

/*
 * Interrupts stay on: the lab's QEMU (TCG 7.2) dies of a write to CR8 while an interrupt waits for
 * them.
 */
const struct need need_CR8 = {.begin = begin_cr8, .open = true};
const struct need need_CR0 = {.begin = begin_cr0};
const struct need need_CR4 = {.begin = begin_cr4};
const struct need need_GS_BASE = {.begin = begin_gs_base};
const struct need need_SPEC_CTRL = {need_spec_ctrl};
const struct need need_IBPB = {need_ibpb};
const struct need need_TSX_CTRL = {need_tsx_ctrl};
const struct need need_TSC_ADJUST = {need_tsc_adjust};
