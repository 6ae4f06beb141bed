/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guest program's parts: rows, how each context is sampled, and the record port. */
#ifndef EXITLAB_MEASURE_H
#define EXITLAB_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "insn.h"
#include "record.h"

enum context { CONTEXT_user, CONTEXT_syscall, CONTEXT_kernel, CONTEXT_gpulock, CONTEXTS };
enum path { PATH_NONE, PATH_KVM, PATH_QEMU };

struct row {
	uint8_t wire;
	const char *name;  /* context.name */
	uint8_t context;   /* enum context */
	uint8_t path;	   /* enum path */
	uint8_t unneeding; /* it needs nothing but its instruction */
	uint8_t empty;	   /* it is its context's floor: nothing is timed */
	/*
	 * Takes count samples of the row into samples, ticks, and what disturbed each into causes.
	 * The last `marked` of them have marks around them.
	 */
	void (*sampler)(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
			uint32_t marked);
	uint64_t (*sample)(void); /* the bracketed instruction of insn.h */
};

extern struct options {
	uint32_t iterations;  /* samples per row; 0: 100 000, or 20 000 where QEMU answers */
	uint32_t warmup;      /* executions before the first sample */
	uint8_t clock;	      /* CLOCK_*: what the host says a tick is */
	const char *select;   /* comma-separated row names; NULL: all */
	const char *mark;     /* name of the row whose last timed samples are marked; NULL: none */
	const char *modules;  /* "gpulock", to be loaded for its rows; NULL: none */
	const char *init_tsc; /* TSC when init began, decimal; INFO carries it */
	uint32_t fresh_at;    /* MiB: where memory begins that Linux leaves alone; 0: none */
	uint32_t vcpus;	      /* of the machine; Linux uses the first */
} options;

/* Nearest-rank median of count samples, with room for as many. */
uint32_t median(const uint32_t *samples, uint32_t *scratch, uint32_t count);

/* samplers.c: one per context. */
extern int kexit_fd; /* -1 where kexit.ko is not loaded */
void open_kexit(void);
uint32_t kexit_tsc_khz(void); /* 0 unknown */
/* Asks whether a row can run now; most: samples it can have, 0 any. The reason, or NULL. */
const char *kexit_prepare(const struct row *row, uint32_t *most);
const char *contamination(void); /* INFO's line: which causes can be told */
void sampler_user(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		  uint32_t marked);
void sampler_syscall(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		     uint32_t marked);
void sampler_kernel(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		    uint32_t marked);
void sampler_gpulock(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		     uint32_t marked);

/* gpulock.c: the rows of gpulock.def, by their wire numbers. */
void gpulock_open(void);
/* Brings the grants of a row about. */
void gpulock_prepare(uint8_t wire);
/* Of other rows it takes so many samples where this one takes one, which is long. */
uint32_t gpulock_share(uint8_t wire);
/* The median of its empty bracket, ticks. */
uint32_t gpulock_floor(uint8_t wire);
/* Takes count samples, the first being the ith of its row; gpulock_at_once() says how many. */
void gpulock_sample(uint8_t wire, uint32_t i, uint32_t *samples, uint32_t count);
uint32_t gpulock_at_once(uint8_t wire);
/* Is it timed in the kernel, with interrupts off? */
int gpulock_in_kernel(uint8_t wire);

/* port.c: the virtio-serial port named RECORD_PORT. */
void open_port(void);
/*
 * Fills in magic, version, clock, tsc_khz and checksum, writes header and payload, and waits for
 * the host's word, one of GO_*, which it returns; DONE is not answered and returns GO_END.
 */
char send_record(struct record_header *header, const void *payload);
void send_info(void);

/* One line on the console, then exit 1: init powers off and the host reports the line. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

#endif
