/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab pathlength --explain`: the functions that a row's instructions are of. */
#ifndef EXITLAB_EXPLAIN_H
#define EXITLAB_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "boot_options.h"
#include "explain_way.h"
#include "pathlength.h"

struct frame;
struct trace;

/*
 * Boots the row in the lab of boot's vendor with the instructions of its samples written down: in
 * the matrix' base, and where all is set in each of its cells, to tell where the differences are.
 * Archives and prints. An exit code.
 */
int explain(const char *row, const struct matrix *matrix, bool all,
	    const struct boot_options *boot);

/* The rest is between the files host/explain*.c. */

/* One boot that is explained. */
struct explained {
	const char *row, *vendor, *time;
	const struct pathlength_cell *cell;
	long iter;	       /* samples; 0: the default */
	const char *directory; /* is there; gets the profile's files, and the boot in run/ */
};

/* An exit code: with the profile's summary, a new reference, or with one line in why. */
int explain_boot(const struct explained *explained, json_t **summary, char *why, size_t size);

/*
 * The way of the row's p50, from what was written down of the run whose summary is boot. NULL with
 * one line in why where no sample took so many instructions; the caller's, way_free().
 */
struct way *explain_way(const json_t *boot, const char *row, const struct trace *trace,
			const struct names *names, char *why, size_t size);

/*
 * A trace of what Bochs' debugger writes with tracing on between two marks (guest-bench/insn.h).
 * vm_exit is the host's address at which every exit ends, vmx_vmexit of the same boot's kallsyms.
 * NULL with one line in why; the caller's, free().
 */
struct trace *trace_of_bochs(FILE *text, uint64_t vm_exit, char *why, size_t size);

/* summary.json of kind explain (results/README.md), of that way. A new reference. */
json_t *explain_summary(const json_t *boot, const char *row, const struct way *way,
			const char *time);

/*
 * Do the layers, the functions and the stacks each have as many instructions as the clock counted,
 * and the bracket as many as the clock says of the empty one? False with one line in why.
 */
bool explain_adds_up(const json_t *summary, const struct frame *stacks, char *why, size_t size);

/* The same for people. */
void explain_text(const json_t *summary, FILE *out);
void explain_markdown(const json_t *summary, FILE *out);

/* An SVG of the stacks, which are not empty. */
void explain_flame(const json_t *summary, const struct frame *stacks, FILE *out);

/*
 * summary.json of kind explain-difference: where the profiles of cells differ from the first one's.
 * labels name the cells. A new reference.
 */
json_t *explain_difference(json_t *const *profiles, const char *const *labels, size_t count,
			   const char *time);

/* Is the sum of the differences, in each cell, that of the p50s? False with one line in why. */
bool explain_difference_adds_up(const json_t *summary, char *why, size_t size);

void explain_difference_text(const json_t *summary, FILE *out);
void explain_difference_markdown(const json_t *summary, FILE *out);

/* "kernel entry and exit" of an object's "layer". */
const char *layer_title(const json_t *object);

#endif
