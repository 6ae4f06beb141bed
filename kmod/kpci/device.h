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
	size_t buffer_size;
	dma_addr_t address; /* of the buffer, as the device has it */
	u32 interrupts;	    /* so far */
	u32 reasons;	    /* EDU_INTERRUPT_STATUS of the last one */
	u64 when;	    /* the TSC when its handler began */
	wait_queue_head_t woken;
	char why[DEVICE_WHY];
};

/*
 * Each returns NULL, or why not. The first two take the device and map its BAR 0; slot is of bus 0,
 * where the device is or the port that leads to it.
 */
const char *device_find_slot(struct device_driven *device, unsigned int slot);
/* The only edu device that is not at that slot, 0 being the slot of none. */
const char *device_find_edu(struct device_driven *device, unsigned int except);
bool device_is_edu(const struct device_driven *device);
/* Its DMA and its interrupt; of an edu device only. */
const char *device_start(struct device_driven *device, unsigned int dma_bits, size_t buffer_size);

/* Lets it go; harmless where there is none. */
void device_release(struct device_driven *device);

#endif
