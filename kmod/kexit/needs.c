// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a row needs: is it there, what is its instruction given, and what of the guest's own has to
 * stand aside meanwhile. A row that cannot run says why, in the words of its WAIVED record.
 */
#include <linux/hardirq.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <asm/cpufeature.h>
#include <asm/kvm_para.h>
#include <asm/special_insns.h>

#include "kexit.h"
#include "needs.h"
#include "privileged.h"

u64 insn_operand, insn_address;
bool insn_x2apic;
const volatile u32 *insn_seen = &irq_stat.x86_platform_ipis;
struct kexit_machine machine = {.vcpus = 1};

static const char *need_hypercall(void)
{
	return kvm_para_available() ? NULL : "no hypercalls: the guest does not run on KVM";
}

static const char *need_elcr(void)
{
	return inb(PORT_ELCR) == 0xff
		       ? "no interrupt controller answers at port 0x4d0 on this machine"
		       : NULL;
}

static const char *need_pm_timer(void)
{
	return inl(PORT_PM_TIMER) == ~0u ? "no ACPI PM timer on this machine: MACHINE=q35 has one"
					 : NULL;
}

/* pci-testdev, which QEMU has for this: one register of each BAR selects what another one does. */
#define TESTDEV_VENDOR 0x1b36
#define TESTDEV_DEVICE 0x0005

struct testdev_header {
	u8 test, width, pad[2];
	__le32 offset, data, count;
};

enum { TESTDEV_QEMU, TESTDEV_ANY, TESTDEV_MATCH };

static struct pci_dev *testdev;
static void __iomem *testdev_bar[2]; /* memory, ports */

static bool find_testdev(void)
{
	if (testdev)
		return testdev_bar[0] && testdev_bar[1];
	testdev = pci_get_device(TESTDEV_VENDOR, TESTDEV_DEVICE, NULL);
	if (testdev && pci_enable_device(testdev)) {
		pci_dev_put(testdev);
		testdev = NULL;
	}
	if (!testdev)
		return false;
	testdev_bar[0] = pci_iomap(testdev, 0, 0);
	testdev_bar[1] = pci_iomap(testdev, 1, 0);
	return testdev_bar[0] && testdev_bar[1];
}

/* The operand is what its header says is to be written, and where. */
static const char *select_test(int bar, u8 test)
{
	void __iomem *header;

	if (!find_testdev())
		return "no pci-testdev on this machine: MACHINE=q35 has one";
	header = testdev_bar[bar];
	iowrite8(test, header + offsetof(struct testdev_header, test));
	if (ioread8(header + offsetof(struct testdev_header, width)) != 1)
		return "pci-testdev does not know this test";
	insn_operand = ioread32(header + offsetof(struct testdev_header, data));
	insn_address = ioread32(header + offsetof(struct testdev_header, offset));
	insn_address += bar ? pci_resource_start(testdev, bar) : (u64)testdev_bar[bar];
	return NULL;
}

static const char *need_pio(void)
{
	return select_test(1, TESTDEV_QEMU);
}

static const char *need_pio_match(void)
{
	return select_test(1, TESTDEV_MATCH);
}

static const char *need_pio_any(void)
{
	return select_test(1, TESTDEV_ANY);
}

static const char *need_mmio_match(void)
{
	return select_test(0, TESTDEV_MATCH);
}

static const char *need_mmio_any(void)
{
	return select_test(0, TESTDEV_ANY);
}

/* microvm's first virtio-mmio transport; QEMU fills them from the last one down. */
#define VIRTIO_MMIO_START  0xfeb00000
#define VIRTIO_MMIO_SIZE   512
#define VIRTIO_MMIO_MAGIC  0x74726976
#define VIRTIO_MMIO_DEVICE 8
#define VIRTIO_MMIO_NOTIFY 0x50

static void __iomem *slot;

/* A slot without a device behind it is a device of QEMU's all the same, and ignores writes. */
static const char *need_mmio(void)
{
	if (!select_test(0, TESTDEV_QEMU))
		return NULL;
	if (!slot)
		slot = ioremap(VIRTIO_MMIO_START, VIRTIO_MMIO_SIZE);
	if (!slot || readl(slot) != VIRTIO_MMIO_MAGIC || readl(slot + VIRTIO_MMIO_DEVICE))
		return "neither pci-testdev nor a free virtio-mmio slot on this machine";
	insn_operand = 0;
	insn_address = (u64)(slot + VIRTIO_MMIO_NOTIFY);
	return NULL;
}

/* Memory that Linux was told to leave alone, so that nothing has touched it. */
static void *fresh;
static u32 fresh_used; /* steps given to rows so far */

static const char *need_fresh(void)
{
	if (!machine.fresh)
		return "no memory was set aside for it";
	if (!fresh)
		fresh = memremap(machine.fresh, (size_t)KEXIT_FRESH_MIB << 20, MEMREMAP_WB);
	if (!fresh)
		return "the memory set aside for it cannot be mapped";
	if ((fresh_used + KEXIT_FRESH_STEPS) * (u64)FRESH_STEP > (u64)KEXIT_FRESH_MIB << 20)
		return "the memory set aside for it is used up";
	insn_address = (u64)fresh + fresh_used * (u64)FRESH_STEP;
	fresh_used += KEXIT_FRESH_STEPS;
	return NULL;
}

static u64 read_cr8(void)
{
	u64 value;

	asm volatile("movq %%cr8, %0" : "=r"(value));
	return value;
}

static void write_cr8(u64 value)
{
	asm volatile("movq %0, %%cr8" ::"r"(value) : "memory");
}

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

/* A halted vCPU is polled for 200 us at most (halt_poll_ns): the deadline lies well within. */
#define HLT_US 20

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
	insn_operand = (u64)tsc_khz * HLT_US / 1000;
}

static void end_timer(void)
{
	/* A sample that something else ended has left its own interrupt behind. */
	set_deadline(0);
	take_pending();
	local_apic_write(APIC_LVTT, saved_lvtt);
	end_deadline();
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
	return find_apic() ?: processor_start();
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

const struct need needs[] = {
	[NEED_NOTHING] = {},
	[NEED_HYPERCALL] = {need_hypercall},
	[NEED_ELCR] = {need_elcr},
	[NEED_PM_TIMER] = {need_pm_timer},
	[NEED_PIO] = {need_pio},
	[NEED_PIO_MATCH] = {need_pio_match},
	[NEED_PIO_ANY] = {need_pio_any},
	[NEED_MMIO] = {need_mmio},
	[NEED_MMIO_MATCH] = {need_mmio_match},
	[NEED_MMIO_ANY] = {need_mmio_any},
	[NEED_FRESH] = {need_fresh, .most = KEXIT_FRESH_STEPS},
	[NEED_CR8] = {.begin = begin_cr8},
	[NEED_CR0] = {.begin = begin_cr0},
	[NEED_CR4] = {.begin = begin_cr4},
	[NEED_GS_BASE] = {.begin = begin_gs_base},
	[NEED_SPEC_CTRL] = {need_spec_ctrl},
	[NEED_IBPB] = {need_ibpb},
	[NEED_TSX_CTRL] = {need_tsx_ctrl},
	[NEED_TSC_ADJUST] = {need_tsc_adjust},
	[NEED_DEADLINE] = {need_deadline, begin_deadline, end_deadline},
	[NEED_TIMER] = {need_deadline, begin_timer, end_timer, .interrupts = true},
	[NEED_IPI] = {find_apic, begin_ipi, end_ipi, .interrupts = true},
	[NEED_X2APIC] = {need_x2apic, begin_ipi, end_ipi, .interrupts = true},
	[NEED_SPINNING] = {need_processor, begin_spinning, end_processor, .interrupts = true},
	[NEED_HALTED] = {need_processor, begin_halted, .interrupts = true},
	[NEED_ROBIN] = {need_processor, begin_robin, end_processor},
};

void needs_release(void)
{
	processor_release();
	if (apic_registers)
		iounmap(apic_registers);
	if (slot)
		iounmap(slot);
	if (fresh)
		memunmap(fresh);
	for (int bar = 0; bar < 2; bar++)
		if (testdev_bar[bar])
			pci_iounmap(testdev, testdev_bar[bar]);
	pci_dev_put(testdev);
}
