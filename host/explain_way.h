/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of a row: every instruction of one sample, named, and whose it is. */
#ifndef EXITLAB_EXPLAIN_WAY_H
#define EXITLAB_EXPLAIN_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lab/trace.h"
#include "symbols.h"

/* Whose an instruction is, from the guest outwards; docs/method.md says what counts as which. */
enum layer { LAYER_GUEST, LAYER_KVM, LAYER_ENTRY, LAYER_KERNEL, LAYER_QEMU, LAYERS };

extern const struct layer_name {
	const char *id;	   /* in files: "entry" */
	const char *title; /* for people: "kernel entry and exit" */
} layer_names[LAYERS];

/* Each has a stack of its own. */
enum ring { RING_GUEST_USER, RING_GUEST_KERNEL, RING_USER, RING_KERNEL, RINGS };

/* What an instruction is of. Two places are the same function where all but the ring are equal. */
struct place {
	enum layer layer;
	enum ring ring;
	const char *object;   /* "kernel", "guest kernel", a module, a file, "measure" */
	const char *function; /* "?" without a symbol */
	uint64_t start;	      /* the function's first address; 0 without a symbol */
};

bool place_same(const struct place *left, const struct place *right);

/* Names for both levels of a trace. */
struct names {
	const struct symbols *lab, *guest; /* guest may be NULL */
};

struct place place_of(const struct names *names, uint64_t instruction);

/* The instructions that the clock counted, in their order. */
struct way {
	uint64_t *address;
	struct place *place;
	size_t length;
	uint32_t same;	 /* samples that took this way */
	uint64_t number; /* of the way in the trace */
};

/*
 * The way that most samples of so many instructions took, of those that begin in the ring: 0 for
 * kernel rows, else 3. NULL where none did; the caller's, way_free().
 */
struct way *way_of(const struct trace *trace, const struct names *names, uint32_t length,
		   bool ring0);
void way_free(struct way *way);

/* Functions in the order in which they were executed, with how many instructions of each. */
void way_print(const struct way *way, FILE *out);

#endif
