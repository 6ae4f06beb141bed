/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads what gpumem's programs have added up in the kernel with --summary-only. */
#ifndef EXITLAB_GPUMEM_SUMMARY_H
#define EXITLAB_GPUMEM_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "gpumem_account.h"

struct gpumem_summary_reader {
	int summaries, pointers;	  /* descriptors of the maps */
	const uint64_t *peak_bytes;	  /* of all processes */
	struct gpumem_account **accounts; /* by program */
	size_t size;
};

/*
 * Brings the accounts up to date, and frees the maps' places of programs that have ended. 0, or -1
 * with one line on stderr. Ends the process when there is no memory.
 */
int gpumem_summary_read(struct gpumem_summary_reader *reader, struct gpumem_accounts *accounts);

void gpumem_summary_end(struct gpumem_summary_reader *reader);

#endif
