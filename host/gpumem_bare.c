// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "bpf_warning.h"
#include "gpumem_attach.h"
#include "gpumem_bare.h"
#include "gpumem_bare.skel.h"
#include "util.h"

struct gpumem_bare {
	struct gpumem_bare_bpf *skel;
	struct gpumem_links entries, returns;
};

/* The library as if it had these calls only, to be probed where they begin, as is usual. */
static struct gpumem_library with_calls(const struct gpumem_library *library, bool frees)
{
	struct gpumem_library few = {0};

	strcpy(few.path, library->path);
	few.offset[GPUMEM_CALL_cuMemAlloc_v2] = library->offset[GPUMEM_CALL_cuMemAlloc_v2];
	if (frees)
		few.offset[GPUMEM_CALL_cuMemFree_v2] = library->offset[GPUMEM_CALL_cuMemFree_v2];
	return few;
}

static void release(struct gpumem_bare *bare)
{
	gpumem_detach(&bare->entries);
	gpumem_detach(&bare->returns);
	gpumem_bare_bpf__destroy(bare->skel);
	bare->skel = NULL;
}

/* 0 or an errno; then nothing of it is left. together: as gpumem_attach() has it. */
static int start(struct gpumem_bare *bare, const struct gpumem_library *library, bool together)
{
	const struct gpumem_library both = with_calls(library, true);
	const struct gpumem_library one = with_calls(library, false);
	int error;

	bare->skel = gpumem_bare_bpf__open();
	if (!bare->skel)
		return errno;
	gpumem_attach_prepare(bare->skel->progs.bare_entry, together);
	gpumem_attach_prepare(bare->skel->progs.bare_return, together);
	error = -gpumem_bare_bpf__load(bare->skel);
	if (!error)
		error = -gpumem_attach(&bare->returns, bare->skel->progs.bare_return, &one, true,
				       together);
	if (!error)
		error = -gpumem_attach(&bare->entries, bare->skel->progs.bare_entry, &both, false,
				       together);
	if (error)
		release(bare);
	return error;
}

struct gpumem_bare *gpumem_bare_open(const struct gpumem_library *library)
{
	struct gpumem_bare *bare = calloc(1, sizeof(*bare));
	int error;

	if (!bare)
		die("no memory");
	bpf_warning_keep();
	error = start(bare, library, true);
	if (error == EINVAL) /* a kernel older than 6.6 */
		error = start(bare, library, false);
	if (!error)
		return bare;
	free(bare);
	errno = error;
	return NULL;
}

void gpumem_bare_close(struct gpumem_bare *bare)
{
	if (!bare)
		return;
	release(bare);
	free(bare);
}
