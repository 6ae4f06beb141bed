// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See device.h. */
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <asm/msr.h>

#include "device.h"
#include "edu.h"

bool device_is_edu(const struct pci_dev *pci)
{
	return pci->vendor == EDU_VENDOR && pci->device == EDU_DEVICE;
}

bool device_passed(struct pci_dev *pci)
{
	return pci_upstream_bridge(pci);
}

unsigned int device_slot(struct pci_dev *pci)
{
	struct pci_dev *port;

	while ((port = pci_upstream_bridge(pci)))
		pci = port;
	return PCI_SLOT(pci->devfn);
}

unsigned int device_find(struct device_driven *device,
			 bool (*wanted)(struct pci_dev *pci, unsigned long purpose),
			 unsigned long purpose)
{
	struct pci_dev *pci = NULL;
	unsigned int found = 0;

	*device = (struct device_driven){};
	for_each_pci_dev(pci) if (!pci_is_bridge(pci) && wanted(pci, purpose) && !found++)
		device->pci = pci_dev_get(pci);
	return found;
}

const char *device_map(struct device_driven *device)
{
	struct pci_dev *pci = device->pci;
	int error;

	init_waitqueue_head(&device->woken);
	error = pci_enable_device_mem(pci);
	if (!error) {
		device->bar = pci_iomap(pci, 0, 0);
		if (device->bar)
			return NULL;
		pci_disable_device(pci);
		error = -ENODEV;
	}
	snprintf(device->why, DEVICE_WHY, "%s (%04x:%04x): no memory at its BAR 0 (%d)",
		 pci_name(pci), pci->vendor, pci->device, error);
	pci_dev_put(pci);
	device->pci = NULL;
	return device->why;
}

/* Reads the clock first, since that is what the time of an interrupt is taken by. */
static irqreturn_t take_interrupt(int irq, void *of)
{
	u64 now = rdtsc_ordered();
	struct device_driven *device = of;

	device->when = now;
	device->reasons = readl(device->bar + EDU_INTERRUPT_STATUS);
	writel(device->reasons, device->bar + EDU_INTERRUPT_ACKNOWLEDGE);
	WRITE_ONCE(device->interrupts, device->interrupts + 1);
	wake_up(&device->woken);
	return IRQ_HANDLED;
}

static const char *start_interrupt(struct device_driven *device)
{
	struct pci_dev *pci = device->pci;

	if (pci_alloc_irq_vectors(pci, 1, 1, PCI_IRQ_MSI) != 1)
		return "the guest's kernel gives it no MSI";
	if (!request_irq(pci_irq_vector(pci, 0), take_interrupt, 0, "edu", device))
		return NULL;
	pci_free_irq_vectors(pci);
	return "the guest's kernel gives it no interrupt";
}

/*
 * Memory that the device reaches. The kernel's zones know 16 MiB and 4 GiB, which is too little for
 * a guest that has more than the device's 256 MiB: so pages are taken until one lies low enough.
 */
static struct page *find_pages(unsigned int order, unsigned int dma_bits)
{
	u64 last = dma_bits < 64 ? (1ull << dma_bits) - 1 : U64_MAX;
	struct page *page, *high, *next;
	LIST_HEAD(too_high);

	while ((page = alloc_pages(GFP_KERNEL | GFP_DMA32 | __GFP_NOWARN | __GFP_NORETRY, order))) {
		if (page_to_phys(page) + (PAGE_SIZE << order) - 1 <= last)
			break;
		list_add(&page->lru, &too_high);
	}
	list_for_each_entry_safe(high, next, &too_high, lru) __free_pages(high, order);
	return page;
}

const char *device_start(struct device_driven *device, unsigned int dma_bits, size_t buffer_size)
{
	unsigned int order = get_order(buffer_size);
	struct pci_dev *pci = device->pci;
	struct page *page;
	const char *why;

	page = find_pages(order, dma_bits);
	if (!page) {
		snprintf(device->why, DEVICE_WHY,
			 "no memory is free within the %u bits of its DMA's addresses", dma_bits);
		return device->why;
	}
	/* Where the guest has no IOMMU of its own, the device has the guest's physical addresses.
	 */
	device->buffer = page_address(page);
	device->address = page_to_phys(page);
	device->order = order;
	memset(device->buffer, 0, PAGE_SIZE << order);
	pci_set_master(pci);
	why = start_interrupt(device);
	if (!why)
		return NULL;
	pci_clear_master(pci);
	__free_pages(page, order);
	device->buffer = NULL;
	return why;
}

void device_release(struct device_driven *device)
{
	struct pci_dev *pci = device->pci;

	if (!pci)
		return;
	if (device->buffer) {
		/* A transfer under way reaches nothing from here on. */
		pci_clear_master(pci);
		free_irq(pci_irq_vector(pci, 0), device);
		pci_free_irq_vectors(pci);
		free_pages((unsigned long)device->buffer, device->order);
	}
	pci_iounmap(pci, device->bar);
	pci_disable_device(pci);
	pci_dev_put(pci);
	*device = (struct device_driven){};
}
