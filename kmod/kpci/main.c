// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* kpci: hands QEMU's edu device, passed through or emulated, to the guest program pcicheck. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "device.h"
#include "edu.h"
#include "kpci.h"

static struct device_driven device;
static DEFINE_MUTEX(claiming); /* threads of the one program */
static unsigned long opened;

static bool in_slot(struct pci_dev *pci, unsigned long slot)
{
	return device_slot(pci) == slot;
}

static bool is_edu(struct pci_dev *pci, unsigned long passed)
{
	return device_is_edu(pci) && device_passed(pci) == passed;
}

/* What was passed through comes before what QEMU emulates, and one is to be the only one. */
static const char *find_device(const struct kpci_claim *claim)
{
	unsigned int found;

	if (claim->slot)
		return device_find(&device, in_slot, claim->slot) ? NULL : "nothing in this slot";
	found = device_find(&device, is_edu, true) ?: device_find(&device, is_edu, false);
	if (found == 1)
		return NULL;
	pci_dev_put(device.pci);
	device.pci = NULL;
	return found ? "several edu devices: --slot says which"
		     : "no edu device (1234:11e8) on the guest's PCI buses";
}

static const char *claim_device(struct kpci_claim *claim)
{
	const char *why = find_device(claim) ?: device_map(&device);
	struct pci_dev *pci = device.pci;

	if (why)
		return why;
	claim->bus = pci->bus->number;
	claim->devfn = pci->devfn;
	claim->vendor = pci->vendor;
	claim->device = pci->device;
	claim->bar_size = pci_resource_len(pci, 0);
	if (!device_is_edu(pci)) {
		snprintf(device.why, sizeof(device.why), "%s is %04x:%04x, not an edu device",
			 pci_name(pci), pci->vendor, pci->device);
		return device.why;
	}
	why = device_start(&device, claim->dma_bits, KPCI_BUFFER_SIZE);
	claim->dma_address = device.address;
	return why;
}

static long claim_ioctl(struct kpci_claim __user *from)
{
	struct kpci_claim claim;
	const char *why;

	if (copy_from_user(&claim, from, sizeof(claim)))
		return -EFAULT;
	if (!claim.dma_bits || claim.dma_bits > 64)
		return -EINVAL;
	mutex_lock(&claiming);
	if (device.pci) {
		mutex_unlock(&claiming);
		return -EBUSY;
	}
	why = claim_device(&claim);
	strscpy_pad(claim.why, why ?: "", sizeof(claim.why));
	if (why)
		device_release(&device);
	mutex_unlock(&claiming);
	return copy_to_user(from, &claim, sizeof(claim)) ? -EFAULT : 0;
}

/*
 * A claim under way may still fail and let the device go. What is claimed stays so until the file
 * is closed, and that waits for ioctl() and mmap(): to have seen it once is enough.
 */
static bool is_claimed(void)
{
	bool claimed;

	mutex_lock(&claiming);
	claimed = device.pci;
	mutex_unlock(&claiming);
	return claimed;
}

static long wait_ioctl(struct kpci_wait __user *from)
{
	struct kpci_wait wait;

	if (!is_claimed())
		return -ENODEV;
	if (copy_from_user(&wait, from, sizeof(wait)))
		return -EFAULT;
	if (wait_event_interruptible_timeout(device.woken,
					     READ_ONCE(device.interrupts) > wait.beyond,
					     msecs_to_jiffies(wait.timeout_ms)) < 0)
		return -EINTR;
	wait.interrupts = READ_ONCE(device.interrupts);
	wait.reasons = READ_ONCE(device.reasons);
	return copy_to_user(from, &wait, sizeof(wait)) ? -EFAULT : 0;
}

static long kpci_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	switch (command) {
	case KPCI_CLAIM:
		return claim_ioctl((struct kpci_claim __user *)argument);
	case KPCI_WAIT:
		return wait_ioctl((struct kpci_wait __user *)argument);
	default:
		return -ENOTTY;
	}
}

static int kpci_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT, size = vma->vm_end - vma->vm_start;

	if (!is_claimed())
		return -ENODEV;
	if (offset == KPCI_BUFFER && size <= KPCI_BUFFER_SIZE)
		return remap_pfn_range(vma, vma->vm_start, device.address >> PAGE_SHIFT, size,
				       vma->vm_page_prot);
	if (offset != KPCI_BAR || size > pci_resource_len(device.pci, 0))
		return -EINVAL;
	return io_remap_pfn_range(vma, vma->vm_start,
				  pci_resource_start(device.pci, 0) >> PAGE_SHIFT, size,
				  pgprot_noncached(vma->vm_page_prot));
}

static int kpci_open(struct inode *inode, struct file *file)
{
	return test_and_set_bit_lock(0, &opened) ? -EBUSY : 0;
}

/* The last mapping is gone by then. */
static int kpci_release(struct inode *inode, struct file *file)
{
	device_release(&device);
	clear_bit_unlock(0, &opened);
	return 0;
}

static const struct file_operations kpci_operations = {
	.owner = THIS_MODULE,
	.open = kpci_open,
	.release = kpci_release,
	.unlocked_ioctl = kpci_ioctl,
	.mmap = kpci_mmap,
};

static struct miscdevice kpci_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kpci",
	.fops = &kpci_operations,
	.mode = 0600,
};
module_misc_device(kpci_device);

MODULE_DESCRIPTION("exitlab: a PCI device for pcicheck");
MODULE_LICENSE("Dual BSD/GPL");
