/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What calls add up to: of an origin, a device, a process, or all. */
#ifndef EXITLAB_GPUMEM_COUNTS_H
#define EXITLAB_GPUMEM_COUNTS_H

#include <stdint.h>

/* Calls, and bytes. allocations = what was freed + taken_back + leaked + live. */
struct gpumem_counts {
	uint64_t allocations, frees; /* that succeeded */
	uint64_t failed_allocations, failed_frees;
	uint64_t unknown_frees; /* of the frees: those whose allocation was not seen */
	uint64_t allocated_bytes, freed_bytes;
	uint64_t live, live_bytes;	       /* now */
	uint64_t peak_bytes;		       /* the most that was live */
	uint64_t leaked, leaked_bytes;	       /* live when their process ended, and no longer */
	uint64_t taken_back, taken_back_bytes; /* live when their context was destroyed or reset */
};

/* Its members, in the order in which they are shown. */
#define GPUMEM_COUNTS(COUNT)                                                                       \
	COUNT(allocations)                                                                         \
	COUNT(frees)                                                                               \
	COUNT(failed_allocations)                                                                  \
	COUNT(failed_frees)                                                                        \
	COUNT(unknown_frees)                                                                       \
	COUNT(allocated_bytes)                                                                     \
	COUNT(freed_bytes)                                                                         \
	COUNT(live)                                                                                \
	COUNT(live_bytes)                                                                          \
	COUNT(peak_bytes)                                                                          \
	COUNT(leaked)                                                                              \
	COUNT(leaked_bytes)                                                                        \
	COUNT(taken_back)                                                                          \
	COUNT(taken_back_bytes)

/* What of it becomes of one that is no longer live. */
enum gpumem_fate { GPUMEM_FREED, GPUMEM_TAKEN_BACK, GPUMEM_LEAKED };

static inline void gpumem_counts_begin(struct gpumem_counts *counts, uint64_t bytes)
{
	counts->live++;
	counts->live_bytes += bytes;
	if (counts->live_bytes > counts->peak_bytes)
		counts->peak_bytes = counts->live_bytes;
}

static inline void gpumem_counts_end(struct gpumem_counts *counts, uint64_t number, uint64_t bytes,
				     enum gpumem_fate fate)
{
	counts->live -= number;
	counts->live_bytes -= bytes;
	switch (fate) {
	case GPUMEM_FREED:
		counts->freed_bytes += bytes;
		break;
	case GPUMEM_TAKEN_BACK:
		counts->taken_back += number;
		counts->taken_back_bytes += bytes;
		break;
	case GPUMEM_LEAKED:
		counts->leaked += number;
		counts->leaked_bytes += bytes;
		break;
	}
}

#endif
