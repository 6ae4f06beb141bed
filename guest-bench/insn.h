/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The timed instructions, the same asm in ring 3 (the guest program) and ring 0 (kexit.ko).
 *
 * INSN(name, text) makes two functions: insn_<name>() returns the ticks of one bracketed execution,
 * exec_<name>() executes without a bracket (the syscall rows time it from ring 3). text may change
 * rax, rbx, rcx and rdx and must set up what it needs of them.
 *
 * The bracket is one asm block so that the compiler puts nothing inside it. LFENCE orders RDTSC on
 * both sides, RDTSCP waits for what came before it. CPUID would order too, but it exits.
 */
#ifndef EXITLAB_INSN_H
#define EXITLAB_INSN_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
#endif

#include "record.h"

#define BRACKET_OPEN  "lfence\n\trdtsc\n\tlfence\n\tmovl %%eax, %%r8d\n\tmovl %%edx, %%r9d\n\t"
#define BRACKET_CLOSE "\n\trdtscp\n\tlfence"

/*
 * Around the brackets of a row's last samples, for an emulator that can be told to stop at it and
 * write down what it executes until the next one. Everywhere else it does nothing. Outside both
 * reads, and by the caller, so that what is timed is the same bytes with it and without.
 */
#define MARKED_SAMPLES 20u

static inline void mark(bool wanted)
{
	if (wanted)
		asm volatile("xchg %%bx, %%bx" ::: "memory");
}

/* Ticks between the bracket's two reads. */
static inline uint64_t bracket_ticks(uint32_t low, uint32_t high, uint64_t low0, uint64_t high0)
{
	return (((uint64_t)high << 32) | low) - ((high0 << 32) | low0);
}

#define INSN(name, text)                                                                           \
	static inline uint64_t insn_##name(void)                                                   \
	{                                                                                          \
		register uint64_t low0 asm("r8");                                                  \
		register uint64_t high0 asm("r9");                                                 \
		uint32_t low, high;                                                                \
                                                                                                   \
		asm volatile(BRACKET_OPEN text BRACKET_CLOSE                                       \
			     : "=a"(low), "=d"(high), "=r"(low0), "=r"(high0)                      \
			     :                                                                     \
			     : "rbx", "rcx", "memory");                                            \
		return bracket_ticks(low, high, low0, high0);                                      \
	}                                                                                          \
	static inline void exec_##name(void)                                                       \
	{                                                                                          \
		asm volatile(text ::: "rax", "rbx", "rcx", "rdx", "memory");                       \
	}

#define INSN_STRING_(x) #x
#define INSN_STRING(x)	INSN_STRING_(x)

INSN(empty, "")
INSN(cpuid, "xorl %%eax, %%eax\n\tcpuid")
/* IA32_APIC_BASE: intercepted on both vendors. */
INSN(rdmsr, "movl $0x1b, %%ecx\n\trdmsr")
/* Hypercall 1, KVM_HC_VAPIC_POLL_IRQ: KVM accepts it and does nothing. */
INSN(vmcall, "movl $1, %%eax\n\tvmcall")
INSN(vmmcall, "movl $1, %%eax\n\tvmmcall")
INSN(outb, "movl $" INSN_STRING(PORT_DEBUGCON) ", %%edx\n\tmovb $0x2e, %%al\n\toutb %%al, %%dx")
/* 0 is what the register holds after reset: all lines edge-triggered. */
INSN(outb_kvm, "movl $" INSN_STRING(PORT_ELCR) ", %%edx\n\txorl %%eax, %%eax\n\toutb %%al, %%dx")
INSN(inb_kvm, "movl $" INSN_STRING(PORT_ELCR) ", %%edx\n\tinb %%dx, %%al")
INSN(inl_qemu, "movl $" INSN_STRING(PORT_NOBODY) ", %%edx\n\tinl %%dx, %%eax")
INSN(inl_pmtimer, "movl $" INSN_STRING(PORT_PM_TIMER) ", %%edx\n\tinl %%dx, %%eax")

/* AMD has VMMCALL, Intel VMCALL; the other one raises #UD, and emulating it costs ten times. */
extern bool insn_on_amd; /* each program that times has one, and sets it */

static inline uint64_t insn_hypercall(void)
{
	return insn_on_amd ? insn_vmmcall() : insn_vmcall();
}

static inline void exec_hypercall(void)
{
	insn_on_amd ? exec_vmmcall() : exec_vmcall();
}

/* A sample as the wire has it: saturating. */
static inline uint32_t sample_narrow(uint64_t ticks)
{
	return ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

#endif
