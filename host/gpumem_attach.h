/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Probes on many places of one file by one program. */
#ifndef EXITLAB_GPUMEM_ATTACH_H
#define EXITLAB_GPUMEM_ATTACH_H

#include <stdbool.h>

#include <bpf/libbpf.h>

#include "gpumem_library.h"

/* Links of one program: one for all places, or one for each. */
struct gpumem_links {
	int all; /* a descriptor; 0: none */
	struct bpf_link *each[GPUMEM_CALLS];
};

/* To be called before the program is loaded. together: with one link, which takes Linux 6.6. */
void gpumem_attach_prepare(struct bpf_program *program, bool together);

/* Can all be one link here? 0, or the errno of the kernel that cannot; EPERM without the right. */
int gpumem_attach_try_together(void);

/* At the calls that the library has, or at their returns; a call's number is its cookie. 0 or
 * -errno.
 */
int gpumem_attach(struct gpumem_links *links, const struct bpf_program *program,
		  const struct gpumem_library *library, bool at_return, bool together);

/* When it returns none of them runs any more. */
void gpumem_detach(struct gpumem_links *links);

#endif
