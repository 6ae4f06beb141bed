/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What pcicheck asks of kpci.ko through /dev/kpci, which one program has open at a time. Where that
 * closes it, or ends, the device is let go.
 */
#ifndef EXITLAB_KPCI_H
#define EXITLAB_KPCI_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#include <linux/types.h>
#else
#include <stdint.h>
#include <sys/ioctl.h>
#endif

struct kpci_claim {
	uint32_t slot;	   /* of bus 0: where the device is, or the port that leads to it; 0: any */
	uint32_t dma_bits; /* of the addresses that the device has */
	/* The answer. */
	uint32_t bus, devfn;
	uint32_t vendor, device;
	uint64_t bar_size;    /* of BAR 0 */
	uint64_t dma_address; /* of the buffer, as the device has it */
	char why[120];	      /* empty, or why there is no such device to be had */
};

struct kpci_wait {
	uint32_t beyond;     /* a number of interrupts */
	uint32_t timeout_ms; /* for more than that; 0: do not wait */
	/* The answer. */
	uint32_t interrupts; /* since the device was claimed */
	uint32_t reasons;    /* EDU_INTERRUPT_STATUS of the last one, which is acknowledged */
};

/* mmap() offsets: BAR 0, and the buffer for DMA. */
#define KPCI_BAR	 0u
#define KPCI_BUFFER	 0x80000000u
#define KPCI_BUFFER_SIZE 16384u

/* Claims an edu device: its registers, a buffer that it can reach, its interrupt. */
#define KPCI_CLAIM _IOWR('p', 1, struct kpci_claim)
/* Waits for its interrupts, which are counted and acknowledged. */
#define KPCI_WAIT  _IOWR('p', 2, struct kpci_wait)

#endif
