// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * kexit: executes and times the instructions of exits.def in ring 0, for the guest program.
 *
 * The kernel rows are timed here, in short batches, with preemption off and interrupts off in each
 * sample; the syscall rows only execute here and are timed around the ioctl in ring 3.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/desc.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "insn.h"
#include "kexit.h"

bool insn_on_amd;

enum { user, syscall, kernel };

static const struct kexit_row {
	uint64_t (*sample)(void);
	void (*execute)(void);
	int context;
} rows[256] = {
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, prose)                  \
	[wire] = {insn_##insn, exec_##insn, context},
#include "exits.def"
#undef EXIT_ROW
};

static const struct kexit_row *find_row(unsigned long wire, int context)
{
	if (wire >= ARRAY_SIZE(rows) || !rows[wire].sample || rows[wire].context != context)
		return NULL;
	return &rows[wire];
}

static long sample_batch(const struct kexit_batch __user *from)
{
	uint32_t samples[KEXIT_BATCH];
	const struct kexit_row *row;
	struct kexit_batch batch;
	unsigned long flags;

	if (copy_from_user(&batch, from, sizeof(batch)))
		return -EFAULT;
	row = find_row(batch.row, kernel);
	if (!row || !batch.count || batch.count > KEXIT_BATCH)
		return -EINVAL;

	/*
	 * Interrupts are off within a sample and on between two: one that is pending is taken
	 * there. Left pending, it would make every later entry of the batch longer, since the
	 * hypervisor tries to inject it each time.
	 */
	preempt_disable();
	for (uint32_t i = 0; i < batch.count; i++) {
		local_irq_save(flags);
		samples[i] = sample_narrow(row->sample());
		local_irq_restore(flags);
	}
	preempt_enable();

	if (copy_to_user(u64_to_user_ptr(batch.samples), samples, batch.count * sizeof(*samples)))
		return -EFAULT;
	return 0;
}

static long kexit_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	const struct kexit_row *row;

	switch (command) {
	case KEXIT_EXECUTE:
		row = find_row(argument, syscall);
		if (!row)
			return -EINVAL;
		row->execute();
		return 0;
	case KEXIT_SAMPLE:
		return sample_batch((const struct kexit_batch __user *)argument);
	case KEXIT_TSC_KHZ:
		return put_user(tsc_khz, (uint32_t __user *)argument);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kexit_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kexit_ioctl,
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
	return misc_register(&kexit_device);
}
module_init(kexit_init);

static void __exit kexit_exit(void)
{
	misc_deregister(&kexit_device);
}
module_exit(kexit_exit);

MODULE_DESCRIPTION("exitlab: VM exits timed in ring 0");
MODULE_LICENSE("Dual BSD/GPL");
