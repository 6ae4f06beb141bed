/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The timed instructions that only ring 0 may execute, in the form of insn.h. What they write is
 * mostly the value that is there already, so nothing changes; needs_*.c read it before.
 */
#ifndef EXITLAB_PRIVILEGED_H
#define EXITLAB_PRIVILEGED_H

#include <asm/apicdef.h>
#include <asm/barrier.h>
#include <asm/irq_vectors.h>
#include <asm/msr.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "edu.h"
#include "insn_device.h"
#include "processor.h"

/*
 * The interrupt that is taken: one that a guest has no other use for, whose handler only ends it
 * and counts.
 */
#define NEEDS_VECTOR X86_PLATFORM_IPI_VECTOR

/* What the instructions are given beside insn_operand and insn_address, by needs_*.c. */
extern bool insn_x2apic;	      /* the local APIC is in that mode */
extern const volatile u32 *insn_seen; /* interrupts so far: this vCPU's, the second's, a device's */
extern const volatile u64 *insn_when; /* the TSC when the handler of the device's began */

#define WRMSR_OPERAND "movl " OPERAND ", %%eax\n\tmovl 4+" OPERAND ", %%edx\n\twrmsr"
#define ECX(msr)      "movl $" INSN_STRING(msr) ", %%ecx\n\t"

INSN(rd_cr8, "movq %%cr8, %%rax")
INSN(wr_cr8, "movq " OPERAND ", %%rax\n\tmovq %%rax, %%cr8")
INSN(wr_dr7, "movl $0x400, %%eax\n\tmovq %%rax, %%dr7")

#define TOGGLE(reg, bit)                                                                           \
	"movq " OPERAND ", %%rax\n\tmovq %%rax, %%rbx\n\txorq $" #bit ", %%rbx\n\t"                \
	"movq %%rbx, %%" #reg "\n\tmovq %%rax, %%" #reg

INSN(toggle_cr0_wp, TOGGLE(cr0, 0x10000))
INSN(toggle_cr4_pge, TOGGLE(cr4, 0x80))

INSN(wrmsr_gs_base, ECX(MSR_KERNEL_GS_BASE) WRMSR_OPERAND)
INSN(wrmsr_tsx_ctrl, ECX(MSR_IA32_TSX_CTRL) WRMSR_OPERAND)
INSN(wrmsr_tsc_adjust, ECX(MSR_IA32_TSC_ADJUST) WRMSR_OPERAND)
INSN(wrmsr_tsc_deadline, ECX(MSR_IA32_TSC_DEADLINE) WRMSR_OPERAND)
INSN(rdmsr_tsc_adjust, ECX(MSR_IA32_TSC_ADJUST) "rdmsr")
INSN(wrmsr_pred_cmd, ECX(MSR_IA32_PRED_CMD) "movl $1, %%eax\n\txorl %%edx, %%edx\n\twrmsr")
INSN(wrmsr_spec_ctrl, ECX(MSR_IA32_SPEC_CTRL) "movl " OPERAND ", %%eax\n\txorl %%edx, %%edx\n\t"
					      "orl $1, %%eax\n\twrmsr\n\t"
					      "movl " OPERAND ", %%eax\n\twrmsr")

INSN(touch, "movq " ADDRESS ", %%rbx\n\tmovb (%%rbx), %%al")

/* A page of the second level is 2 MiB at most: each step is a fault, whatever the host uses. */
#define FRESH_STEP (2u << 20)

static inline u64 insn_ept_fault(void)
{
	u64 ticks = insn_touch();

	insn_address += FRESH_STEP;
	return ticks;
}

INSN(tsc_deadline_now, "rdtsc\n\t" ECX(MSR_IA32_TSC_DEADLINE) "wrmsr\n\tsti\n\tnop\n\tcli")

static inline u64 read_cr8(void)
{
	u64 value;

	asm volatile("movq %%cr8, %0" : "=r"(value));
	return value;
}

/* Interrupts are off, and on meanwhile; see need_CR8. */
static inline void write_cr8(u64 value)
{
	asm volatile("sti\n\tnop\n\tmovq %0, %%cr8\n\tcli" ::"r"(value) : "memory");
}

/* Waits until the counter at insn_address has left the value in insn_operand. */
INSN(deadline_spin, "rdtsc\n\taddl $3000, %%eax\n\tadcl $0, %%edx\n\t" ECX(
			    MSR_IA32_TSC_DEADLINE) "wrmsr\n\tmovq " ADDRESS
						   ", %%rbx\n\tmovl " OPERAND ", %%ecx\n\tsti\n"
						   "1:\tcmpl %%ecx, (%%rbx)\n\tje 1b\n\tcli")

static inline u64 insn_tsc_deadline_spin(void)
{
	insn_operand = *insn_seen;
	insn_address = (u64)insn_seen;
	return insn_deadline_spin();
}

/* Ticks from the deadline on: what came before it is the guest's own wait. */
static inline u64 insn_hlt_wake(void)
{
	u64 deadline = rdtsc_ordered() + insn_operand, now;

	native_wrmsr(MSR_IA32_TSC_DEADLINE, (u32)deadline, (u32)(deadline >> 32));
	asm volatile("sti\n\thlt\n\tcli" ::: "memory");
	now = rdtsc_ordered();
	return now > deadline ? now - deadline : 0;
}

/* The ways to send an interrupt to itself ... */
#define SEND_ICR_MSR                                                                               \
	ECX(APIC_BASE_MSR + (APIC_ICR >> 4)) "movl " OPERAND ", %%eax\n\txorl %%edx, %%edx\n\twrmsr"
#define SEND_ICR_MMIO "movq " ADDRESS ", %%rbx\n\tmovl " OPERAND ", %%eax\n\tmovl %%eax, (%%rbx)"
#define SEND_SELF                                                                                  \
	ECX(APIC_BASE_MSR + (APIC_SELF_IPI >> 4))                                                  \
	"movl $" INSN_STRING(NEEDS_VECTOR) ", %%eax\n\txorl %%edx, %%edx\n\twrmsr"
/* ... and to take it. The task priority is 0 afterwards: every vector may come. It is raised with
 * interrupts on (need_CR8 says why), and none comes then. */
#define RAISE "sti\n\tmovl $15, %%eax\n\tmovq %%rax, %%cr8\n\tcli\n\t"
#define LOWER "\n\txorl %%eax, %%eax\n\tmovq %%rax, %%cr8"

#define IPI_INSNS(name, send)                                                                      \
	INSN(name, send "\n\tsti\n\tnop\n\tcli")                                                   \
	INSN(name##_hlt, send "\n\tsti\n\thlt\n\tcli")                                             \
	INSN(name##_tpr, RAISE "sti\n\t" send LOWER "\n\tnop\n\tcli")                              \
	INSN(name##_tpr_nop, RAISE send LOWER "\n\tsti\n\tnop\n\tcli")                             \
	INSN(name##_tpr_hlt, RAISE send LOWER "\n\tsti\n\thlt\n\tcli")

IPI_INSNS(icr_msr, SEND_ICR_MSR)
IPI_INSNS(icr_mmio, SEND_ICR_MMIO)
IPI_INSNS(x2apic_ipi, SEND_SELF)

/* The ICR is an MSR or in memory, by the mode of the local APIC. */
#define ICR_INSN(form)                                                                             \
	static inline u64 insn_self_ipi##form(void)                                                \
	{                                                                                          \
		return insn_x2apic ? insn_icr_msr##form() : insn_icr_mmio##form();                 \
	}

ICR_INSN()
ICR_INSN(_hlt)
ICR_INSN(_tpr)
ICR_INSN(_tpr_nop)
ICR_INSN(_tpr_hlt)

/* Waits until the counter at insn_address has left the value in insn_operand, but not for ever. */
#define WAIT                                                                                       \
	"movq " ADDRESS ", %%rbx\n\tmovl " OPERAND ", %%ecx\n\tmovl $1 << 26, %%eax\n"             \
	"1:\tpause\n\tcmpl %%ecx, (%%rbx)\n\tjne 2f\n\tdecl %%eax\n\tjnz 1b\n2:"

INSN(send_and_wait,
     ECX(APIC_BASE_MSR + (APIC_ICR >> 4)) "movl $" INSN_STRING(
	     APIC_INT_ASSERT +
	     NEEDS_VECTOR) ", %%eax\n\t"
			   "movl $" INSN_STRING(PROCESSOR_APIC_ID) ", %%edx\n\twrmsr\n\t" WAIT)

static inline u64 insn_ipi(void)
{
	insn_operand = *insn_seen;
	insn_address = (u64)insn_seen;
	return insn_send_and_wait();
}

/* The word is the next one each time; the second vCPU's copy of it is PROCESSOR_BACK. */
INSN(hand_over,
     "movq " ADDRESS ", %%rbx\n\tmovl " OPERAND ", %%ecx\n\tincl %%ecx\n\t"
     "movl %%ecx, (%%rbx)\n\tmovl $1 << 26, %%eax\n"
     "1:\tpause\n\tcmpl %%ecx, " INSN_STRING(PROCESSOR_BACK -
					     PROCESSOR_THERE) "(%%rbx)\n\t"
							      "je 2f\n\tdecl %%eax\n\tjnz 1b\n2:")

static inline u64 insn_ple_round_robin(void)
{
	insn_address = (u64)processor_word(PROCESSOR_THERE);
	insn_operand = *processor_word(PROCESSOR_THERE);
	return insn_hand_over();
}

/*
 * Raises the interrupt and waits for its handler, which has read the clock first thing; not for
 * ever: then the sample is of no length that there is.
 */
static inline u64 insn_device_interrupt(void)
{
	u32 seen = *insn_seen, wait = 1 << 26;
	u64 start = rdtsc_ordered();

	*(volatile u32 *)insn_address = insn_operand;
	asm volatile("sti" ::: "memory");
	while (*insn_seen == seen && --wait)
		;
	asm volatile("cli" ::: "memory");
	return wait ? *insn_when - start : U64_MAX;
}

/* Starts the transfer and asks until it is over. */
static inline u64 insn_device_dma(void)
{
	volatile u64 *command = (volatile u64 *)insn_address;
	u64 start = rdtsc_ordered();
	u32 wait = 1 << 26;

	*command = insn_operand;
	while ((*command & EDU_DMA_START) && --wait)
		;
	return wait ? rdtsc_ordered() - start : U64_MAX;
}

#endif
