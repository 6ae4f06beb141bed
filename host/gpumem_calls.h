/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gpumem.def and gpumem_contexts.def as a table. */
#ifndef EXITLAB_GPUMEM_CALLS_H
#define EXITLAB_GPUMEM_CALLS_H

#include "gpumem_shared.h"

struct gpumem_call_info {
	const char *symbol;
	enum gpumem_shape shape;
	enum gpumem_kind kind; /* GPUMEM_KINDS: of contexts */
};

extern const struct gpumem_call_info gpumem_calls[GPUMEM_CALLS];

#endif
