// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rows that take an interrupt: from the timer, from themselves, by the second vCPU. Linux's own
 * timer and task priority stand aside for a batch.
 */
#include <linux/hardirq.h>
#include <linux/io.h>
#include <asm/tsc.h>

#include "needs.h"
#include "privileged.h"

bool insn_x2apic;
const volatile u32 *insn_seen = &irq_stat.x86_platform_ipis;

/* The local APIC, in the mode that Linux has put it in. */
static void __iomem *apic_registers;

static const char *find_apic(void)
{
	u64 base = native_read_msr(MSR_IA32_APICBASE);

	insn_x2apic = base & X2APIC_ENABLE;
	if (!insn_x2apic && !apic_registers)
		apic_registers = ioremap(base & MSR_IA32_APICBASE_BASE, PAGE_SIZE);
	return insn_x2apic || apic_registers ? NULL : "the local APIC cannot be mapped";
}

static u32 local_apic_read(u32 reg)
{
	return insn_x2apic ? native_read_msr(APIC_BASE_MSR + (reg >> 4))
			   : readl(apic_registers + reg);
}

static void local_apic_write(u32 reg, u32 value)
{
	if (insn_x2apic)
		native_write_msr(APIC_BASE_MSR + (reg >> 4), value, 0);
	else
		writel(value, apic_registers + reg);
}

/* The local APIC's timer, by deadline: the guest's own, borrowed for a batch. */
static const char *need_deadline(void)
{
	const char *why = find_apic();

	if (why)
		return why;
	if ((local_apic_read(APIC_LVTT) & APIC_LVT_TIMER_TSCDEADLINE) != APIC_LVT_TIMER_TSCDEADLINE)
		return "the guest's timer is not in TSC-deadline mode";
	return NULL;
}

static void set_deadline(u64 deadline)
{
	native_write_msr(MSR_IA32_TSC_DEADLINE, (u32)deadline, (u32)(deadline >> 32));
}

static void begin_deadline(void)
{
	insn_operand = rdtsc_ordered() + (1ull << 32);
}

/* Linux finds that its own deadline has come early or late, and sets the next. */
static void end_deadline(void)
{
	set_deadline(rdtsc_ordered());
}

static void count_own(void)
{
	insn_seen = &irq_stat.x86_platform_ipis;
}

static u32 saved_lvtt;

/* Interrupts are off; one that is pending comes here and not in a sample. */
static void take_pending(void)
{
	local_irq_enable();
	asm volatile("nop" ::: "memory");
	local_irq_disable();
}

static void begin_timer(void)
{
	take_pending(); /* Linux's own, if it is due; its next is a tick away */
	count_own();
	saved_lvtt = local_apic_read(APIC_LVTT);
	local_apic_write(APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | NEEDS_VECTOR);
}

static void end_timer(void)
{
	/* A sample that something else ended has left its own interrupt behind. */
	set_deadline(0);
	take_pending();
	local_apic_write(APIC_LVTT, saved_lvtt);
	end_deadline();
}

/* A halted vCPU is polled for 200 us at most (halt_poll_ns): the deadline lies well within. */
#define HLT_US 20

/*
 * Linux's own timer and its handler, which sets the next deadline: should the interrupt come before
 * HLT (the lab's QEMU does not always hold it back after STI), there is another to end it.
 */
static void begin_halt(void)
{
	take_pending();
	insn_operand = (u64)tsc_khz * HLT_US / 1000;
}

/*
 * The task priority, which Linux keeps above the vectors of exceptions, by CR8: a QEMU that looks
 * for writes to the APIC's own register (kvmvapic, on q35) would be asked each time.
 */
static u64 saved_cr8;

static void begin_ipi(void)
{
	count_own();
	saved_cr8 = read_cr8();
	write_cr8(0);
	insn_operand = APIC_DEST_SELF | APIC_INT_ASSERT | APIC_DM_FIXED | NEEDS_VECTOR;
	insn_address = (u64)(apic_registers + APIC_ICR);
}

static void end_ipi(void)
{
	write_cr8(saved_cr8);
}

static const char *need_x2apic(void)
{
	return find_apic() ?: insn_x2apic ? NULL : "the guest's local APIC is not in x2APIC mode";
}

/* The second vCPU, in the mode the row is about; else it is in HLT and costs nothing. */
static const char *need_processor(void)
{
	if (machine.vcpus < 2)
		return "the guest has one vCPU: VCPUS=2 gives it another";
	return need_x2apic() ?: processor_start();
}

static void begin_spinning(void)
{
	processor_mode(PROCESSOR_SPIN);
	insn_seen = processor_word(PROCESSOR_COUNT);
}

static void begin_halted(void)
{
	insn_seen = processor_word(PROCESSOR_COUNT);
}

static void begin_robin(void)
{
	processor_mode(PROCESSOR_ROBIN);
}

static void end_processor(void)
{
	processor_mode(PROCESSOR_HALT);
}

const struct need need_DEADLINE = {need_deadline, begin_deadline, end_deadline};
const struct need need_TIMER = {need_deadline, begin_timer, end_timer, .interrupts = true};
const struct need need_HALT = {need_deadline, begin_halt, end_deadline, .counted = true};
const struct need need_IPI = {find_apic, begin_ipi, end_ipi, .interrupts = true};
const struct need need_X2APIC = {need_x2apic, begin_ipi, end_ipi, .interrupts = true};
const struct need need_SPINNING = {need_processor, begin_spinning, end_processor,
				   .interrupts = true};
const struct need need_HALTED = {need_processor, begin_halted, .interrupts = true};
const struct need need_ROBIN = {need_processor, begin_robin, end_processor};

void release_interrupts(void)
{
	processor_release();
	if (apic_registers)
		iounmap(apic_registers);
}
