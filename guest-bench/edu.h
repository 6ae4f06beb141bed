/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* QEMU's edu device, as its docs/specs/edu has it: registers of BAR 0, and what is in them. */
#ifndef EXITLAB_EDU_H
#define EXITLAB_EDU_H

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

/* 32 bits each */
#define EDU_IDENTIFICATION	  0x00 /* 0xRRrr00ed: major, minor */
#define EDU_LIVENESS		  0x04 /* reads as the inverse of what was written */
#define EDU_FACTORIAL		  0x08 /* a number; its factorial, modulo 2^32, when computed */
#define EDU_STATUS		  0x20
#define EDU_INTERRUPT_STATUS	  0x24 /* what was raised and not acknowledged */
#define EDU_INTERRUPT_RAISE	  0x60 /* adds to the status, and interrupts */
#define EDU_INTERRUPT_ACKNOWLEDGE 0x64 /* clears in the status */

#define EDU_STATUS_COMPUTING	0x01
#define EDU_STATUS_INTERRUPT	0x80 /* the factorial interrupts when computed */
#define EDU_INTERRUPT_FACTORIAL 0x001
#define EDU_INTERRUPT_DMA	0x100

/* 64 bits each; not written while a transfer is on */
#define EDU_DMA_SOURCE	    0x80
#define EDU_DMA_DESTINATION 0x88
#define EDU_DMA_COUNT	    0x90
#define EDU_DMA_COMMAND	    0x98

#define EDU_DMA_START	    0x1 /* reads as set until the transfer is over */
#define EDU_DMA_FROM_DEVICE 0x2 /* else to the device */
#define EDU_DMA_INTERRUPT   0x4

/*
 * Where its buffer begins, to the device itself, and how much of it can be used: it has 4096 bytes,
 * but QEMU before 8.1 ends where a transfer reaches the last one.
 */
#define EDU_BUFFER	0x40000
#define EDU_BUFFER_SIZE 4095

/* It waits so long before each transfer. */
#define EDU_DMA_DELAY_MS 100
/* The addresses that it has, unless QEMU's dma_mask= says another mask. */
#define EDU_DMA_BITS	 28

#endif
