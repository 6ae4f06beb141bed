/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A module with a probe in it: loads, resets, collects. Takes driver_open() and a current context;
 * one thread at a time calls these.
 */
#ifndef EXITLAB_GPU_PROBES_PROBED_H
#define EXITLAB_GPU_PROBES_PROBED_H

#include <stdint.h>

#include "../driver.h"
#include "weave.h"

struct probed;

/* What a warp did: of the rings. All of its active lanes that one description fits. */
struct probe_event {
	uint64_t value; /* ring: global timer, ns, modulo 2^52; memtrace: address of the first lane
			 */
	uint32_t lanes; /* mask of the lanes */
	int32_t stride; /* bytes from one lane's address to the next's */
	uint32_t block; /* linear in the grid, modulo 2^32 */
	uint16_t warp;	/* in the block */
	uint8_t bytes;	/* of one lane's access */
	uint8_t kind;	/* enum weave_kind */
	uint32_t site;	/* in weave_outcome.sites */
};

struct probed_options {
	struct weave_options weave; /* without its state */
	unsigned int ring_bits; /* log2 of the events of each ring, 4 to 16, of 512; 0: 10, 11 in
				   host memory */
	unsigned int elements;	/* of arrays and the hash table, a power of 2; 0: 2^21 */
	/* Called for each event: of a host ring from the drain's thread, else by probed_collect().
	 */
	void (*event)(const struct probe_event *event, void *data);
	void *data;
};

struct probe_counts {
	uint64_t entries, exits, accesses; /* threads that called the probe there, exact */
	uint64_t nanoseconds;		   /* timer: from entry to exit, summed over threads */
	uint64_t events, drained, lost;	   /* of rings; events is drained + lost */
	uint64_t drained_hits;		   /* lanes of what was drained */
	uint64_t elements, sum;		   /* of arrays, hash: elements that are not 0; their sum */
	uint64_t least, most;		   /* of those */
	uint64_t slots[64];		   /* how many of those are from 2^n on, below 2^(n + 1) */
	uint64_t overflow; /* hits that found no room in array or hash: in no element */
};

/*
 * Weaves ptx, or leaves it as it is where probe is NULL, and loads it into the current context.
 * NULL, or one line of what went wrong; then *probed is NULL. options may be NULL.
 */
const char *probed_load(struct probed **probed, const char *ptx, const struct probe *probe,
			const struct probed_options *options);

CUmodule probed_module(const struct probed *probed);
const struct weave_outcome *probed_outcome(const struct probed *probed);

/* Where the probe counts, for tests that count in its place. */
const struct weave_state *probed_state(const struct probed *probed);

/* All counts to 0, all that is kept emptied. No kernel of the module may run. NULL or the error. */
const char *probed_reset(struct probed *probed);

/* What was counted since load or reset. The caller has synchronised. NULL or the error. */
const char *probed_collect(struct probed *probed, struct probe_counts *counts);

/*
 * Are the counts what launches of so many threads and accesses must make them? Both are totals:
 * launches x threads of each, launches x accesses of each. NULL, or one line of what is wrong.
 * accesses of ~0: unknown, any number but 0 will do. probe may be NULL: nothing to prove.
 */
const char *probe_proof(const struct probe *probe, const struct probe_counts *counts,
			uint64_t threads, uint64_t accesses);

void probed_close(struct probed *probed);

#endif
