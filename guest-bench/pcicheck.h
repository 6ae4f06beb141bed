/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of pcicheck: the device it has claimed, and its groups of checks. */
#ifndef EXITLAB_PCICHECK_H
#define EXITLAB_PCICHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edu.h"
#include "kpci.h"

extern struct kpci_claim claimed;

/* Its registers. */
uint32_t register_read(uint32_t at);
void register_write(uint32_t at, uint32_t value);

/* Waits until interrupts are more than beyond; how many there are then, which may be no more. */
uint32_t interrupts_wait(uint32_t beyond);
uint32_t interrupts_now(void);
/* EDU_INTERRUPT_STATUS of the last one. */
uint32_t interrupts_reasons(void);

/* Seconds of a clock that only goes on. */
double seconds(void);
/* What is to happen has so long. */
#define PATIENCE_S 10

/* The guest's end of a transfer: KPCI_BUFFER_SIZE bytes, at claimed.dma_address to the device. */
extern uint8_t *memory;

/*
 * Moves size bytes between an address and the device's buffer at an offset, from 1 byte to what
 * ends at EDU_BUFFER_SIZE; flags is EDU_DMA_FROM_DEVICE or 0, and EDU_DMA_INTERRUPT. Returns its
 * seconds, or -1 where it does not end.
 */
double transfer(uint64_t flags, uint64_t address, uint32_t offset, uint32_t size);

/* Fills with bytes that depend on the seed, each on its place. */
void fill(void *bytes, size_t size, uint32_t seed);
/* Has it these bytes? The first that differs into at. */
bool is_filled(const void *bytes, size_t size, uint32_t seed, size_t *at);

/* The groups; each says what it has found with ok() and fact(). */
void check_registers(void);
void check_interrupts(uint32_t count);
void check_dma(void);
/*
 * Transfers where the guest has no memory; address 0: in the first MiB behind it, or nowhere where
 * the device does not reach that.
 */
void check_outside(uint64_t address);
/* Transfers until it is killed. */
_Noreturn void hold_dma(void);

/* One "key value" for programs, in the file pcicheck.txt of the record. */
void fact(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
