/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Call stacks of a way: which function was called from which, and the instructions in each. */
#ifndef EXITLAB_EXPLAIN_FOLD_H
#define EXITLAB_EXPLAIN_FOLD_H

#include "explain_way.h"

/* A function as called from its parent. The root of all and those of the rings have no place. */
struct frame {
	const struct place *place;
	enum ring ring;
	struct frame *parent, *child, *next; /* children in the order of their first call */
	uint32_t self, total;		     /* instructions: its own; with those it called */
};

/*
 * Rebuilds the stacks from addresses. A transfer to the first address of a function calls it; one
 * to behind a call on the stack, or into the middle of a function on it, returns there; another
 * takes the top's place. Code without a symbol has no first address: there a transfer is a call if
 * it is come back from. Each ring has a stack of its own; a kernel that is entered from its ring 3
 * begins with none. The samples are a loop, so what is on the stacks when one begins is what was on
 * them when it ended. The frames are as good as the way, which has to live as long; fold_free().
 */
struct frame *fold(const struct way *way);
void fold_free(struct frame *root);

/* Lines "layer;caller;callee N": the layer of the last one, and its own instructions. */
void fold_print(const struct frame *root, FILE *out);

/* "memcpy"; "[libc.so.6]" where it has no symbol; "host kernel" of a ring; "all". */
void frame_name(const struct frame *frame, char *text, size_t size);

#endif
