// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * transfer: copies between host and device. Samples are GB/s by events of the device, or, for
 * pageable memory, which the driver copies by hand, by the host's clock. A fact: verified, the
 * bytes that were compared with the pattern on the other side, in the end; and plain, GB/s of a
 * plain loop of copies between two events, which the samples must agree with.
 */
#include <stdlib.h>
#include <string.h>

#include "transfer.h"
#include "works.h"

#define PLAIN_COPIES 10

struct transfer {
	CUdeviceptr device;
	uint32_t *host;
	size_t bytes;
	bool pinned, to_host;
};

/* What word i of the buffer holds: no two neighbours alike, another pattern for another seed. */
static uint32_t pattern(uint64_t seed, size_t i)
{
	return (uint32_t)(i * 2654435761u) ^ (uint32_t)(seed * 0x9e3779b9u);
}

static int prepare(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state = calloc(1, sizeof(*transfer));

	if (!transfer)
		return tenant_fail(tenant, "no memory");
	transfer->bytes = tenant->order.argument[TRANSFER_BYTES];
	transfer->to_host = tenant->order.argument[TRANSFER_DIRECTION] == TRANSFER_TO_HOST;
	transfer->pinned = tenant->order.argument[TRANSFER_MEMORY] == TRANSFER_PINNED;
	if (CALL(tenant, cu.MemAlloc(&transfer->device, transfer->bytes)))
		return -1;
	if (transfer->pinned) {
		if (CALL(tenant, cu.MemHostAlloc((void **)&transfer->host, transfer->bytes, 0)))
			return -1;
	} else {
		transfer->host = malloc(transfer->bytes);
		if (!transfer->host)
			return tenant_fail(tenant, "no memory for %zu bytes", transfer->bytes);
	}
	for (size_t i = 0; i < transfer->bytes / 4; i++)
		transfer->host[i] = pattern(tenant->order.seed, i);
	return CALL(tenant, cu.MemcpyHtoD(transfer->device, transfer->host, transfer->bytes));
}

static int copy_once(struct tenant *tenant)
{
	const struct transfer *transfer = tenant->state;

	if (transfer->to_host)
		return CALL(tenant, cu.MemcpyDtoHAsync(transfer->host, transfer->device,
						       transfer->bytes, tenant->stream));
	return CALL(tenant, cu.MemcpyHtoDAsync(transfer->device, transfer->host, transfer->bytes,
					       tenant->stream));
}

/* Seconds of count copies. */
static int timed_copies(struct tenant *tenant, unsigned int count, double *seconds)
{
	const struct transfer *transfer = tenant->state;
	uint64_t start = now_ns();

	if (transfer->pinned && tenant_timer_begin(tenant))
		return -1;
	for (unsigned int i = 0; i < count; i++)
		if (copy_once(tenant))
			return -1;
	if (transfer->pinned)
		return tenant_timer_end(tenant, seconds);
	if (CALL(tenant, cu.StreamSynchronize(tenant->stream)))
		return -1;
	*seconds = (now_ns() - start) / 1e9;
	return 0;
}

/* Is the pattern on both sides? The side that was written is wiped first, then copied to once. */
static int verify(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state;
	size_t wrong = 0;
	double seconds;

	if (transfer->to_host)
		memset(transfer->host, 0xa5, transfer->bytes);
	else if (CALL(tenant, cu.MemsetD8(transfer->device, 0xa5, transfer->bytes)))
		return -1;
	if (timed_copies(tenant, 1, &seconds))
		return -1;
	if (!transfer->to_host) {
		memset(transfer->host, 0xa5, transfer->bytes);
		if (CALL(tenant, cu.MemcpyDtoH(transfer->host, transfer->device, transfer->bytes)))
			return -1;
	}
	for (size_t i = 0; i < transfer->bytes / 4; i++)
		wrong += transfer->host[i] != pattern(tenant->order.seed, i);
	if (wrong)
		return tenant_invalid(tenant, "%zu of %zu words are wrong after the copy", wrong,
				      transfer->bytes / 4);
	tenant_fact(tenant, "verified=%zu", transfer->bytes);
	return 0;
}

static int run(struct tenant *tenant)
{
	const struct transfer *transfer = tenant->state;
	double seconds;

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		if (timed_copies(tenant, tenant->order.repeat, &seconds))
			return -1;
		sampling_add(tenant, transfer->bytes / seconds / 1e9);
	}
	if (tenant->window.end)
		return 0;
	if (timed_copies(tenant, PLAIN_COPIES * tenant->order.repeat, &seconds))
		return -1;
	tenant_fact(tenant, "plain=%.3f", PLAIN_COPIES * transfer->bytes / seconds / 1e9);
	return verify(tenant);
}

static void finish(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state;

	if (!transfer)
		return;
	if (transfer->device)
		cu.MemFree(transfer->device);
	if (transfer->pinned && transfer->host)
		cu.MemFreeHost(transfer->host);
	if (!transfer->pinned)
		free(transfer->host);
	free(transfer);
}

const struct work work_transfer = {
	.name = "transfer", .prepare = prepare, .run = run, .finish = finish};
