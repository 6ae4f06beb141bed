// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * items: samples are work items a second, by events of the device. An item is a product of
 * matrices, which takes arithmetic, and copies within the device, which take its memory. Every
 * element of the product and every byte of the copy are verified once.
 */
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "works.h"

enum { BEGIN, BETWEEN, END, EVENTS };

struct items {
	struct gemm gemm;
	CUdeviceptr from, to;
	size_t bytes;
	uint32_t *host; /* what from holds */
	CUevent events[EVENTS];
	double of_gemm, of_copy; /* seconds, sums */
	uint64_t count;
	bool verified;
};

static int prepare(struct tenant *tenant)
{
	struct items *items = tenant->state = calloc(1, sizeof(*items));

	if (!items)
		return tenant_fail(tenant, "no memory");
	items->bytes = tenant->order.argument[ITEMS_BYTES];
	items->host = malloc(items->bytes);
	if (!items->host)
		return tenant_fail(tenant, "no memory for %zu bytes", items->bytes);
	for (size_t i = 0; i < items->bytes / 4; i++)
		items->host[i] = (uint32_t)(i * 2654435761u);
	for (int i = 0; i < EVENTS; i++)
		if (CALL(tenant, cu.EventCreate(&items->events[i], CU_EVENT_DEFAULT)))
			return -1;
	if (gemm_prepare(tenant, &items->gemm, tenant->order.argument[GEMM_N], 2 * items->bytes) ||
	    CALL(tenant, cu.MemAlloc(&items->from, items->bytes)) ||
	    CALL(tenant, cu.MemAlloc(&items->to, items->bytes)))
		return -1;
	if (CALL(tenant, cu.MemcpyHtoD(items->from, items->host, items->bytes)))
		return -1;
	return CALL(tenant, cu.CtxSynchronize());
}

static int copy(struct tenant *tenant, const struct items *items)
{
	for (uint64_t i = 0; i < tenant->order.argument[ITEMS_COPIES]; i++)
		if (CALL(tenant,
			 cu.MemcpyDtoDAsync(items->to, items->from, items->bytes, tenant->stream)))
			return -1;
	return 0;
}

/* Seconds of one item. */
static int once(struct tenant *tenant, struct items *items, double *seconds)
{
	float of_gemm, of_copy;

	if (CALL(tenant, cu.EventRecord(items->events[BEGIN], tenant->stream)))
		return -1;
	for (uint32_t i = 0; i < tenant->order.repeat; i++)
		if (gemm_launch(tenant, &items->gemm))
			return -1;
	if (CALL(tenant, cu.EventRecord(items->events[BETWEEN], tenant->stream)))
		return -1;
	for (uint32_t i = 0; i < tenant->order.repeat; i++)
		if (copy(tenant, items))
			return -1;
	if (CALL(tenant, cu.EventRecord(items->events[END], tenant->stream)) ||
	    CALL(tenant, cu.EventSynchronize(items->events[END])) ||
	    CALL(tenant,
		 cu.EventElapsedTime(&of_gemm, items->events[BEGIN], items->events[BETWEEN])) ||
	    CALL(tenant, cu.EventElapsedTime(&of_copy, items->events[BETWEEN], items->events[END])))
		return -1;
	items->of_gemm += of_gemm / 1e3;
	items->of_copy += of_copy / 1e3;
	items->count++;
	*seconds = (of_gemm + of_copy) / 1e3;
	return 0;
}

static int verify(struct tenant *tenant, struct items *items)
{
	char *seen;
	int failed = 0;
	bool wrong = false;

	if (gemm_verify(tenant, &items->gemm))
		return -1;
	seen = malloc(items->bytes);
	if (!seen)
		return tenant_fail(tenant, "no memory for %zu bytes", items->bytes);
	if (CALL(tenant, cu.MemsetD8(items->to, 0xff, items->bytes)) ||
	    CALL(tenant, cu.CtxSynchronize()) || copy(tenant, items) ||
	    CALL(tenant, cu.StreamSynchronize(tenant->stream)) ||
	    CALL(tenant, cu.MemcpyDtoH(seen, items->to, items->bytes)))
		failed = -1;
	else
		wrong = memcmp(seen, items->host, items->bytes);
	free(seen);
	if (wrong)
		return tenant_invalid(tenant, "the copy of %zu bytes is not what was copied",
				      items->bytes);
	items->verified = !failed;
	return failed;
}

static void say_facts(struct tenant *tenant, const struct items *items)
{
	double n = items->gemm.n, repeat = tenant->order.repeat;
	double of_gemm = items->of_gemm / items->count, of_copy = items->of_copy / items->count;
	double copied = 2.0 * items->bytes * tenant->order.argument[ITEMS_COPIES];

	tenant_fact(tenant, "n=%u", items->gemm.n);
	tenant_fact(tenant, "gemm_seconds=%.9f", of_gemm);
	tenant_fact(tenant, "copy_seconds=%.9f", of_copy);
	tenant_fact(tenant, "gflops=%.1f", repeat * 2 * n * n * n / of_gemm / 1e9);
	tenant_fact(tenant, "gbs=%.1f", repeat * copied / of_copy / 1e9);
}

static int run(struct tenant *tenant)
{
	struct items *items = tenant->state;
	double seconds;

	sampling_watch_clock(tenant);
	items->of_gemm = items->of_copy = items->count = 0;
	while (sampling_more(tenant)) {
		if (once(tenant, items, &seconds))
			return -1;
		sampling_add(tenant, 1 / seconds);
	}
	if (items->count)
		say_facts(tenant, items);
	return items->verified ? 0 : verify(tenant, items);
}

static void finish(struct tenant *tenant)
{
	struct items *items = tenant->state;

	if (!items)
		return;
	gemm_finish(&items->gemm);
	if (items->from)
		cu.MemFree(items->from);
	if (items->to)
		cu.MemFree(items->to);
	for (int i = 0; i < EVENTS; i++)
		if (items->events[i])
			cu.EventDestroy(items->events[i]);
	free(items->host);
	free(items);
}

const struct work work_items = {.name = "items", .prepare = prepare, .run = run, .finish = finish};
