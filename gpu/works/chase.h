/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the works "chase", "evict" and "touch". */
#ifndef EXITLAB_GPU_WORKS_CHASE_H
#define EXITLAB_GPU_WORKS_CHASE_H

enum {
	CHASE_BYTES,  /* of the set of lines */
	CHASE_PAUSE,  /* chase: microseconds between the pass over the set and the walk */
	CHASE_STREAM, /* evict: bytes of the stream between warming and walking; 0: none */
};

#endif
