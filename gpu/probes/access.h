/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which instructions reach global memory, where, and how much of it. */
#ifndef EXITLAB_GPU_PROBES_ACCESS_H
#define EXITLAB_GPU_PROBES_ACCESS_H

#include "ptx.h"
#include "weave.h"

enum access_reach {
	ACCESS_NONE,	 /* not global memory, or no access at all */
	ACCESS_GLOBAL,	 /* the instruction says so */
	ACCESS_GENERIC,	 /* by the address, which is not known before it runs */
	ACCESS_UNTRACED, /* global, but not of one address a thread: matrices, bulk copies */
};

struct access {
	enum access_reach reach;
	enum weave_kind kind;
	unsigned int bytes;  /* of one thread */
	const char *address; /* in brackets, an operand of the instruction */
};

/* False where it is an access that lacks its address or its type. */
bool access_of(const struct ptx_instruction *instruction, struct access *access);

#endif
