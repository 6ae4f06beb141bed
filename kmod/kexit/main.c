// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * kexit: executes and times the instructions of exits.def in ring 0, for the guest program.
 *
 * The kernel rows are timed here, in short batches, with preemption off and interrupts off in each
 * sample; the syscall rows only execute here and are timed around the ioctl in ring 3. Ring 3 may
 * map the counters that tell which of its samples were disturbed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kernel_stat.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/desc.h>
#include <asm/kvm_para.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "counters.h"
#include "insn.h"
#include "kexit.h"
#include "needs.h"
#include "privileged.h"

bool insn_on_amd;

/* Only the rows of its context are ever executed for ring 3, or timed here. */
#define EXECUTE_user(insn)    NULL
#define EXECUTE_syscall(insn) exec_##insn
#define EXECUTE_kernel(insn)  NULL
#define SAMPLE_user(insn)     NULL
#define SAMPLE_syscall(insn)  NULL
#define SAMPLE_kernel(insn)   insn_##insn

static const struct kexit_row {
	uint64_t (*sample)(void);
	void (*execute)(void);
	const struct need *need;
} rows[] = {
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	[wire] = {SAMPLE_##context(insn), EXECUTE_##context(insn), &need_##needs},
#include "exits.def"
#undef EXIT_ROW
};

static const struct kexit_row *find_row(unsigned long wire)
{
	return wire < ARRAY_SIZE(rows) && rows[wire].need ? &rows[wire] : NULL;
}

/*
 * The guest has one CPU, so per-CPU variables are the kernel's own data, at one address each. KVM
 * writes the steal time to where the kernel told it to: that register is read once, here, since
 * reading it exits.
 */
static const u64 never_stolen;
static struct counters counters = {
	.timer = &irq_stat.apic_timer_irqs,
	.device = (const volatile uint64_t *)&kstat.irqs_sum,
	.steal = &never_stolen,
};

static void find_steal_time(void)
{
	const struct kvm_steal_time *area;
	u64 told;

	BUILD_BUG_ON(IS_ENABLED(CONFIG_SMP) || sizeof(kstat.irqs_sum) != sizeof(uint64_t));
	if (rdmsrl_safe(MSR_KVM_STEAL_TIME, &told) || !(told & KVM_MSR_ENABLED))
		return;
	area = __va(told & KVM_STEAL_VALID_BITS);
	counters.steal = &area->steal;
}

/* The counters in the order of their pages in the mapping; NULL where there is none. */
static const volatile void *counter_of_page(unsigned int page)
{
	const volatile void *const of_page[KEXIT_PAGES] = {
		counters.timer, counters.device,
		counters.steal == &never_stolen ? NULL : counters.steal};

	return of_page[page];
}

static uint32_t counter_offset(unsigned int page)
{
	const volatile void *counter = counter_of_page(page);

	return counter ? page * PAGE_SIZE + offset_in_page(counter) : KEXIT_ABSENT;
}

static long tell_counters(struct kexit_counters __user *to)
{
	struct kexit_counters offsets = {counter_offset(0), counter_offset(1), counter_offset(2)};

	return copy_to_user(to, &offsets, sizeof(offsets)) ? -EFAULT : 0;
}

static int kexit_mmap(struct file *file, struct vm_area_struct *vma)
{
	int error = 0;

	if (vma->vm_pgoff || vma_pages(vma) != KEXIT_PAGES || (vma->vm_flags & VM_WRITE))
		return -EINVAL;
	vm_flags_clear(vma, VM_MAYWRITE);
	for (unsigned int page = 0; !error && page < KEXIT_PAGES; page++) {
		const volatile void *counter = counter_of_page(page);

		if (counter)
			error = remap_pfn_range(vma, vma->vm_start + page * PAGE_SIZE,
						__pa(counter) >> PAGE_SHIFT, PAGE_SIZE,
						vma->vm_page_prot);
	}
	return error;
}

/*
 * Interrupts are off within a sample and on between two: one that is pending is taken there. Left
 * pending, it would make every later entry of the batch longer, since the hypervisor tries to
 * inject it each time. It counts for the sample that it waited in; so does
 * that of the row itself where another came first. Returns how many of the row itself were taken.
 */
static uint32_t take_samples(const struct kexit_row *row, const struct kexit_batch *batch,
			     uint32_t *samples, uint8_t *causes)
{
	uint32_t first = *insn_seen, seen;
	unsigned long flags;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct counts before;

		local_irq_save(flags);
		if (row->need->open)
			local_irq_enable();
		before = counters_read(&counters);
		before.interrupts += row->need->counted;
		seen = *insn_seen;
		mark(i >= batch->mark_from);
		samples[i] = sample_narrow(row->sample());
		mark(i >= batch->mark_from);
		local_irq_restore(flags);
		/* STI holds interrupts off for one instruction more: a pending one comes after
		 * this. */
		asm volatile("nop" ::: "memory");
		causes[i] = counters_causes(&counters, before);
		if (row->need->interrupts && *insn_seen != seen + 1)
			causes[i] |= DISTURBED_INTERRUPT;
	}
	return *insn_seen - first;
}

/* What the row needs stands ready for the batch only: Linux has its timer back after it. */
static uint32_t take_batch(const struct kexit_row *row, const struct kexit_batch *batch,
			   uint32_t *samples, uint8_t *causes)
{
	unsigned long flags;
	uint32_t interrupts;

	preempt_disable();
	local_irq_save(flags);
	if (row->need->begin)
		row->need->begin();
	local_irq_restore(flags);
	interrupts = take_samples(row, batch, samples, causes);
	local_irq_save(flags);
	if (row->need->end)
		row->need->end();
	local_irq_restore(flags);
	preempt_enable();
	return interrupts;
}

static long sample_batch(const struct kexit_batch __user *from)
{
	uint32_t samples[KEXIT_BATCH];
	uint8_t causes[KEXIT_BATCH];
	const struct kexit_row *row;
	struct kexit_batch batch;
	uint32_t interrupts;

	if (copy_from_user(&batch, from, sizeof(batch)))
		return -EFAULT;
	row = find_row(batch.row);
	if (!row || !row->sample || !batch.count || batch.count > KEXIT_BATCH)
		return -EINVAL;
	interrupts = take_batch(row, &batch, samples, causes);
	if ((row->need->interrupts && !interrupts) || (row->need->verify && !row->need->verify()))
		return -EIO;
	if (copy_to_user(u64_to_user_ptr(batch.samples), samples, batch.count * sizeof(*samples)) ||
	    copy_to_user(u64_to_user_ptr(batch.causes), causes, batch.count * sizeof(*causes)))
		return -EFAULT;
	return 0;
}

static long prepare_row(struct kexit_prepare __user *from)
{
	struct kexit_prepare prepare;
	const struct kexit_row *row;
	const char *why = NULL;

	if (copy_from_user(&prepare, from, sizeof(prepare)))
		return -EFAULT;
	row = find_row(prepare.row);
	if (!row)
		return -EINVAL;
	if (row->need->prepare)
		why = row->need->prepare();
	prepare.most = row->need->most;
	strscpy_pad(prepare.why, why ?: "", sizeof(prepare.why));
	return copy_to_user(from, &prepare, sizeof(prepare)) ? -EFAULT : 0;
}

static long tell_machine(const struct kexit_machine __user *from)
{
	struct kexit_machine told;

	if (copy_from_user(&told, from, sizeof(told)))
		return -EFAULT;
	if (!IS_ALIGNED(told.fresh, FRESH_STEP))
		return -EINVAL;
	machine = told;
	return 0;
}

static long kexit_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	const struct kexit_row *row;

	switch (command) {
	case KEXIT_EXECUTE:
		row = find_row(argument);
		if (!row || !row->execute)
			return -EINVAL;
		row->execute();
		return 0;
	case KEXIT_SAMPLE:
		return sample_batch((const struct kexit_batch __user *)argument);
	case KEXIT_TSC_KHZ:
		return put_user(tsc_khz, (uint32_t __user *)argument);
	case KEXIT_COUNTERS:
		return tell_counters((struct kexit_counters __user *)argument);
	case KEXIT_PREPARE:
		return prepare_row((struct kexit_prepare __user *)argument);
	case KEXIT_MACHINE:
		return tell_machine((const struct kexit_machine __user *)argument);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kexit_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kexit_ioctl,
	.mmap = kexit_mmap,
};

static struct miscdevice kexit_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kexit",
	.fops = &kexit_operations,
	.mode = 0600,
};

static int __init kexit_init(void)
{
	insn_on_amd = boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
		      boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
	/*
	 * A QEMU that has written the registers back leaves the TSS marked busy, and an emulated
	 * SVM takes no such TSS for its check of ring 3's ports (user.outb, the marker).
	 */
	preempt_disable();
	force_reload_TR();
	preempt_enable();
	find_steal_time();
	return misc_register(&kexit_device);
}
module_init(kexit_init);

static void __exit kexit_exit(void)
{
	misc_deregister(&kexit_device);
	release_devices();
	release_interrupts();
	release_machine();
}
module_exit(kexit_exit);

MODULE_DESCRIPTION("exitlab: VM exits timed in ring 0");
MODULE_LICENSE("Dual BSD/GPL");
