// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * transfer: copies between host and device. Samples are GB/s: of one copy, by events of the device;
 * or, in a window, of pieces, by what arrived until it closed. Facts: plain, GB/s of plain loops of
 * copies between two events, the median of them, which the samples must agree with; verified, bytes
 * that were compared with the pattern on the other side. Loops and samples take turns: others use
 * the link, too, and what they leave changes within a second.
 *
 * pageable: the bandwidth of pinned over that of pageable memory, one copy of each a sample, by the
 * host's clock, since of pageable memory the driver makes copies by hand. A planted slowdown
 * repeats the pinned copy only: the ratio would not know of it otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "../arithmetic.h"
#include "../kernels/pattern.h"
#include "transfer.h"
#include "window.h"
#include "works.h"

#define PLAIN_COPIES 10		 /* of a loop; and samples between two of them */
#define PLAIN_LOOPS  256	 /* of which the latest are kept */
#define PIECE	     (32u << 20) /* bytes of one operation in a window */
#define WIPED	     0xa5

struct transfer {
	CUdeviceptr device;
	uint32_t *host;
	size_t bytes, piece; /* the latter divides the former */
	bool pinned, to_host;
	size_t next;		   /* byte at which the next piece begins */
	double plain[PLAIN_LOOPS]; /* GB/s */
	size_t loops;
};

/* Overwrites a part of the side that copies write. */
static int wipe(struct tenant *tenant, struct transfer *transfer, size_t at, size_t bytes)
{
	if (!transfer->to_host)
		return CALL(tenant, cu.MemsetD8(transfer->device + at, WIPED, bytes)) ||
				       CALL(tenant, cu.CtxSynchronize())
			       ? -1
			       : 0;
	memset((char *)transfer->host + at, WIPED, bytes);
	return 0;
}

static int allocate(struct tenant *tenant, struct transfer *transfer)
{
	transfer->bytes = tenant->order.argument[TRANSFER_BYTES];
	transfer->piece = transfer->bytes % PIECE ? transfer->bytes : PIECE;
	transfer->to_host = tenant->order.argument[TRANSFER_DIRECTION] == TRANSFER_TO_HOST;
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
		transfer->host[i] = pattern_word(tenant->order.seed, i);
	/* Of pageable memory it may return before the last of it has arrived. */
	if (CALL(tenant, cu.MemcpyHtoD(transfer->device, transfer->host, transfer->bytes)) ||
	    CALL(tenant, cu.CtxSynchronize()))
		return -1;
	return wipe(tenant, transfer, 0, transfer->bytes);
}

static void release(struct transfer *transfer)
{
	if (transfer->device)
		cu.MemFree(transfer->device);
	if (transfer->pinned && transfer->host)
		cu.MemFreeHost(transfer->host);
	if (!transfer->pinned)
		free(transfer->host);
}

static int copy(struct tenant *tenant, const struct transfer *transfer, size_t at, size_t bytes)
{
	void *host = (char *)transfer->host + at;

	if (transfer->to_host)
		return CALL(tenant,
			    cu.MemcpyDtoHAsync(host, transfer->device + at, bytes, tenant->stream));
	return CALL(tenant, cu.MemcpyHtoDAsync(transfer->device + at, host, bytes, tenant->stream));
}

/* Is the pattern in a part of what copies wrote? It is wiped then. */
static int check(struct tenant *tenant, struct transfer *transfer, size_t at, size_t bytes)
{
	char *host = (char *)transfer->host + at;
	size_t wrong = 0;

	if (!transfer->to_host) {
		memset(host, WIPED, bytes);
		if (CALL(tenant, cu.MemcpyDtoH(host, transfer->device + at, bytes)))
			return -1;
	}
	for (size_t i = at / 4; i < (at + bytes) / 4; i++)
		wrong += transfer->host[i] != pattern_word(tenant->order.seed, i);
	if (wrong)
		return tenant_invalid(tenant, "%zu of %zu words are wrong after the copy", wrong,
				      bytes / 4);
	tenant_fact(tenant, "verified=%zu", bytes);
	return wipe(tenant, transfer, at, bytes);
}

/* Seconds of count copies, by events of the device. */
static int timed_copies(struct tenant *tenant, const struct transfer *transfer, unsigned int count,
			double *seconds)
{
	if (tenant_timer_begin(tenant))
		return -1;
	for (unsigned int i = 0; i < count; i++)
		if (copy(tenant, transfer, 0, transfer->bytes))
			return -1;
	return tenant_timer_end(tenant, seconds);
}

static int prepare(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state = calloc(1, sizeof(*transfer));

	if (!transfer)
		return tenant_fail(tenant, "no memory");
	transfer->pinned = true;
	return allocate(tenant, transfer);
}

static int copy_piece(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state;
	size_t at = transfer->next;

	transfer->next = (at + transfer->piece) % transfer->bytes;
	return copy(tenant, transfer, at, transfer->piece);
}

/* A window; the first of its pieces is looked at, which is another one in the next. */
static int run_window(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state;

	while (sampling_more(tenant)) {
		size_t first = transfer->next;

		if (window_throughput(tenant, copy_piece, transfer->piece / 1e9))
			return -1;
		if (check(tenant, transfer, first, transfer->piece))
			return -1;
		transfer->next = (first + transfer->piece) % transfer->bytes;
	}
	return 0;
}

static int plain_loop(struct tenant *tenant, struct transfer *transfer)
{
	double seconds;

	if (timed_copies(tenant, transfer, PLAIN_COPIES * tenant->order.repeat, &seconds))
		return -1;
	transfer->plain[transfer->loops++ % PLAIN_LOOPS] =
		PLAIN_COPIES * transfer->bytes / seconds / 1e9;
	return 0;
}

static double plain_median(struct transfer *transfer)
{
	size_t kept = transfer->loops < PLAIN_LOOPS ? transfer->loops : PLAIN_LOOPS;

	sort_ascending(transfer->plain, kept);
	return transfer->plain[kept / 2];
}

static int run(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state;
	double seconds;

	sampling_watch_clock(tenant);
	if (tenant->window.end)
		return run_window(tenant);
	for (size_t samples = 0; sampling_more(tenant); samples++) {
		if (samples % PLAIN_COPIES == 0 && plain_loop(tenant, transfer))
			return -1;
		if (timed_copies(tenant, transfer, tenant->order.repeat, &seconds))
			return -1;
		sampling_add(tenant, transfer->bytes / seconds / 1e9);
	}
	if (plain_loop(tenant, transfer))
		return -1;
	tenant_fact(tenant, "plain=%.3f", plain_median(transfer));
	return check(tenant, transfer, 0, transfer->bytes);
}

static void finish(struct tenant *tenant)
{
	struct transfer *transfer = tenant->state;

	if (transfer)
		release(transfer);
	free(transfer);
}

const struct work work_transfer = {
	.name = "transfer", .prepare = prepare, .run = run, .finish = finish};

enum { PINNED, PAGEABLE, MEMORIES };

static int prepare_pageable(struct tenant *tenant)
{
	struct transfer *transfers = tenant->state = calloc(MEMORIES, sizeof(*transfers));

	if (!transfers)
		return tenant_fail(tenant, "no memory");
	transfers[PINNED].pinned = true;
	return allocate(tenant, &transfers[PINNED]) || allocate(tenant, &transfers[PAGEABLE]) ? -1
											      : 0;
}

/* Seconds of the host for count copies and for waiting until they are done. */
static int host_timed(struct tenant *tenant, const struct transfer *transfer, unsigned int count,
		      double *seconds)
{
	uint64_t start = now_ns();

	for (unsigned int i = 0; i < count; i++)
		if (copy(tenant, transfer, 0, transfer->bytes))
			return -1;
	if (CALL(tenant, cu.StreamSynchronize(tenant->stream)))
		return -1;
	*seconds = (now_ns() - start) / 1e9;
	return 0;
}

static int run_pageable(struct tenant *tenant)
{
	struct transfer *transfers = tenant->state;
	double seconds[MEMORIES], sums[MEMORIES] = {0};
	unsigned int count = 0;

	while (sampling_more(tenant)) {
		for (int turn = 0; turn < MEMORIES; turn++) {
			/* Which is first changes with each sample. */
			int memory = (turn + count) % MEMORIES;

			if (host_timed(tenant, &transfers[memory],
				       memory == PINNED ? tenant->order.repeat : 1,
				       &seconds[memory]))
				return -1;
			sums[memory] += seconds[memory];
		}
		sampling_add(tenant, seconds[PAGEABLE] / seconds[PINNED]);
		count++;
	}
	tenant_fact(tenant, "pinned_gbs=%.3f", count * transfers->bytes / sums[PINNED] / 1e9);
	tenant_fact(tenant, "pageable_gbs=%.3f", count * transfers->bytes / sums[PAGEABLE] / 1e9);
	for (int memory = 0; memory < MEMORIES; memory++)
		if (check(tenant, &transfers[memory], 0, transfers->bytes))
			return -1;
	return 0;
}

static void finish_pageable(struct tenant *tenant)
{
	struct transfer *transfers = tenant->state;

	for (int memory = 0; transfers && memory < MEMORIES; memory++)
		release(&transfers[memory]);
	free(transfers);
}

const struct work work_pageable = {.name = "pageable",
				   .prepare = prepare_pageable,
				   .run = run_pageable,
				   .finish = finish_pageable};
