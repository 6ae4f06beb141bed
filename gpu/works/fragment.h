/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the work "fragment". */
#ifndef EXITLAB_GPU_WORKS_FRAGMENT_H
#define EXITLAB_GPU_WORKS_FRAGMENT_H

enum {
	FRAGMENT_WHAT,	/* FRAGMENT_INDEX, ... */
	FRAGMENT_ARENA, /* bytes that are left free for the trace */
	FRAGMENT_LIMIT, /* bytes that a tenant may have; 0: all */
};

/* What a sample is, in %. */
enum {
	FRAGMENT_INDEX,	     /* of the free memory: what the largest block leaves of it */
	FRAGMENT_LATENCY,    /* that an allocation takes longer */
	FRAGMENT_COMPACTION, /* largest block after all was freed, of that before */
};

#endif
