/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The weaver: PTX of any kernel in, the same with calls of a probe out. Text only: it takes
 * neither a GPU nor the toolkit. probed.h loads the outcome and collects what the probe saw.
 */
#ifndef EXITLAB_GPU_PROBES_WEAVE_H
#define EXITLAB_GPU_PROBES_WEAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Places in a kernel that call a probe. */
enum {
	PROBE_AT_ENTRY = 1,  /* before its first instruction */
	PROBE_AT_EXIT = 2,   /* before ret and exit, of the threads that leave */
	PROBE_AT_ACCESS = 4, /* before each load and store of global memory, also in functions */
};

/* What a probe keeps beside its counts. */
enum probe_keeps {
	PROBE_KEEPS_NOTHING,
	PROBE_KEEPS_RING,
	PROBE_KEEPS_HOST_RING,
	PROBE_KEEPS_THREADS, /* an element for each thread */
	PROBE_KEEPS_ARRAY,   /* for blocks */
	PROBE_KEEPS_HASH,
	PROBE_KEEPS_HOST_ARRAY,
};

struct probe {
	const char *name, *prose;
	unsigned int at; /* PROBE_AT_ENTRY | ... */
	enum probe_keeps keeps;
	const char *functions; /* PTX */
};

/* The probes of probes.def, in its order; the last has no name. */
extern const struct probe probes[];

/* NULL where there is none of that name. */
const struct probe *probe_named(const char *name);

enum weave_kind {
	WEAVE_LOAD,
	WEAVE_STORE,
	WEAVE_ATOMIC,
};

/* An access that the probe sees: its number is the place in the list. */
struct weave_site {
	unsigned int line, bytes;
	enum weave_kind kind;
};

#define WEAVE_SITES_MOST (1 << 20) /* of one module */

/*
 * Where a probe counts and keeps things, as numbers in its instructions: a module that is loaded by
 * who wove it. Addresses are of the device. Variables of the module cost the first warps of each
 * launch a miss in the cache of constants.
 */
struct weave_state {
	uint64_t counts, memory, shadow; /* exitlab_counts and so on, as device/parts/ has them */
	uint32_t bits, mask, shift;
};

struct weave_options {
	const char *kernel; /* only this one, and all functions; NULL: all kernels */
	bool generic;	    /* also ld and st without a state space, where the address is global */
	bool atomics;	    /* also atom and red */
	const struct weave_state *state; /* NULL: variables of the module, exitlab_counts... */
};

struct weave_outcome {
	unsigned int kernels, entries, exits; /* woven; exits: places, not kernels */
	unsigned int loads, stores, atomics;  /* calls of the access probe */
	unsigned int untraced, untraced_line; /* accesses of kinds that no probe sees; the first */
	struct weave_site *sites;	      /* loads + stores + atomics of them */
	unsigned int error_line;	      /* of ptx, from 1; 0: of no line */
	char error[200]; /* where weave() returned NULL: one line, without a newline */
};

/*
 * The woven PTX, the caller's to free(); NULL where ptx is no PTX that can be woven: outcome->error
 * and error_line say why. options may be NULL. weave_outcome_free() is to be called in either case.
 * Ends the process when there is no memory.
 */
char *weave(const char *ptx, const struct probe *probe, const struct weave_options *options,
	    struct weave_outcome *outcome);
void weave_outcome_free(struct weave_outcome *outcome);

#endif
