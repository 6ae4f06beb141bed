// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fill: allocates in chunks of 1/64 of the limit until it is refused, then in halves of them, down
 * to 64 KiB. Samples are the accuracy of the limit in percent: 100 where the bytes that it got are
 * the limit, less by the percentage that they are off, in either direction.
 */
#include <math.h>
#include <stdlib.h>

#include "fill.h"
#include "works.h"

#define CHUNKS	    64
#define CHUNK_LEAST (64 << 10)
#define HELD_MOST   1024

struct fill {
	CUdeviceptr held[HELD_MOST];
	size_t count;
	uint64_t bytes;
};

static int prepare(struct tenant *tenant)
{
	tenant->state = calloc(1, sizeof(struct fill));
	return tenant->state ? 0 : tenant_fail(tenant, "no memory");
}

static int empty(struct tenant *tenant)
{
	struct fill *fill = tenant->state;
	int failed = 0;

	while (fill->count)
		failed |= CALL(tenant, cu.MemFree(fill->held[--fill->count]));
	fill->bytes = 0;
	return failed;
}

static int fill_up(struct tenant *tenant)
{
	uint64_t limit = tenant->order.argument[FILL_LIMIT], chunk = limit / CHUNKS;
	struct fill *fill = tenant->state;

	while (chunk >= CHUNK_LEAST && fill->count < HELD_MOST) {
		CUresult error = cu.MemAlloc(&fill->held[fill->count], chunk);

		if (error == CUDA_ERROR_OUT_OF_MEMORY) {
			chunk /= 2;
			continue;
		}
		if (CALL(tenant, error))
			return -1;
		fill->count++;
		fill->bytes += chunk;
		if (fill->bytes > FILL_MOST * limit)
			return tenant_invalid(tenant,
					      "not limited: it got %ju bytes of a limit of %ju",
					      (uintmax_t)fill->bytes, (uintmax_t)limit);
	}
	return 0;
}

static int run(struct tenant *tenant)
{
	double limit = tenant->order.argument[FILL_LIMIT];
	struct fill *fill = tenant->state;
	uint64_t got = 0;

	while (sampling_more(tenant)) {
		if (fill_up(tenant))
			return -1;
		got = fill->bytes;
		sampling_add(tenant, 100 * (1 - fabs(got - limit) / limit));
		if (empty(tenant))
			return -1;
	}
	tenant_fact(tenant, "bytes=%ju", (uintmax_t)got);
	tenant_fact(tenant, "limit=%ju", (uintmax_t)limit);
	return 0;
}

static void finish(struct tenant *tenant)
{
	if (tenant->state)
		empty(tenant);
	free(tenant->state);
}

const struct work work_fill = {.name = "fill", .prepare = prepare, .run = run, .finish = finish};
