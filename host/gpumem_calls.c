// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "gpumem_calls.h"

const struct gpumem_call_info gpumem_calls[GPUMEM_CALLS] = {
#define CALL(symbol, shape, kind, pointer_bits, size_bits) {#symbol, GPUMEM_##shape, GPUMEM_##kind},
#include "gpumem.def"
#undef CALL
#define CONTEXT(symbol, shape, device) {#symbol, GPUMEM_##shape, GPUMEM_KINDS},
#include "gpumem_contexts.def"
#undef CONTEXT
};
