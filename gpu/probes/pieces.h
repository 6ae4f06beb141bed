/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text of a probe, in the pieces that lines "//: PLACE" divide it into. */
#ifndef EXITLAB_GPU_PROBES_PIECES_H
#define EXITLAB_GPU_PROBES_PIECES_H

#include <stdio.h>

#include "weave.h"

enum probe_place {
	PLACE_MODULE, /* functions and variables */
	PLACE_KERNEL, /* declarations of each kernel, and what it does first */
	PLACE_ENTRY,
	PLACE_EXIT,
	PLACE_ACCESS, /* with %exitlab_address and %exitlab_what: bytes | kind << 8 | site << 12 */
	PLACE_FUNCTION, /* an access in a function, which does not have what kernels declare */
};

bool has_piece(const struct probe *probe, enum probe_place place);

/* Without its comments; with the numbers of state where that is not NULL. */
void put_piece(FILE *out, const struct probe *probe, enum probe_place place,
	       const struct weave_state *state);

/* The counts that every probe has, what it keeps, and its own piece. */
void put_module_pieces(FILE *out, const struct probe *probe, const struct weave_state *state);

#endif
