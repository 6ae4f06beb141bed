// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of works, and the one that shows that a tenant can have a context at all. */
#include "works.h"

static int nothing(struct tenant *tenant)
{
	return CALL(tenant, cu.CtxSynchronize());
}

const struct work work_nothing = {.name = "nothing", .run = nothing};

const struct work *const works[] = {
#define WORK(name) &work_##name,
#include "works.def"
#undef WORK
};

const size_t work_count = sizeof(works) / sizeof(works[0]);
