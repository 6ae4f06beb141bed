/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One PCI device in the guest, driven by what checks it (kpci.ko) and what times it (kexit.ko): its
 * registers, and of QEMU's edu device a buffer for its DMA and its interrupt.
 *
 * In the kernel and not by VFIO in ring 3: without an IOMMU in the guest that would be VFIO's
 * no-IOMMU mode, which the guest's kernel would have to be built with, and an interrupt would be
 * timed through a file descriptor and a wake-up. A handler of ours is nearest to the device.
 */
#ifndef EXITLAB_DEVICE_H
#define EXITLAB_DEVICE_H

#include <linux/pci.h>
#include <linux/wait.h>

#define DEVICE_WHY 120

struct device_driven {
	struct pci_dev *pci; /* NULL: none */
	void __iomem *bar;   /* its BAR 0 */
	void *buffer;	     /* for its DMA; NULL: not started */
	u64 address;	     /* of that, as the device has it */
	unsigned int order;  /* of its pages */
	u32 interrupts;	     /* so far */
	u32 reasons;	     /* EDU_INTERRUPT_STATUS of the last one */
	u64 when;	     /* the TSC when its handler began */
	wait_queue_head_t woken;
	char why[DEVICE_WHY];
};

/* Is it one that the host passed through? exitlab boot puts those behind a port, and no other. */
bool device_passed(struct pci_dev *pci);
bool device_is_edu(const struct pci_dev *pci);
/* On bus 0: its own slot, or that of the port that leads to it. */
unsigned int device_slot(struct pci_dev *pci);

/* Takes the first one that is wanted, for a purpose of the caller's. How many there are. */
unsigned int device_find(struct device_driven *device,
			 bool (*wanted)(struct pci_dev *pci, unsigned long purpose),
			 unsigned long purpose);

/* These return NULL, or why not. The first maps BAR 0 of what was found, or lets it go. */
const char *device_map(struct device_driven *device);
/* Its DMA and its interrupt; of an edu device only. */
const char *device_start(struct device_driven *device, unsigned int dma_bits, size_t buffer_size);

/* Lets it go; harmless where there is none. */
void device_release(struct device_driven *device);

#endif
