// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fragment: a trace of allocations and frees, the same for the same seed, and what it does to the
 * memory that is left. Sizes are 64 KiB to 64 MiB, as many of one power of two as of another; most
 * of the arena is in use all the time.
 *
 * A trace of some GiB fragments nothing in a hundred GiB that nobody uses: all memory but the arena
 * is taken in a few large blocks first.
 */
#include <stdlib.h>

#include "../arithmetic.h"
#include "fragment.h"
#include "works.h"

#define KIB	     1024ull
#define MIB	     (1024 * KIB)
#define SMALLEST     (64 * KIB)
#define DOUBLINGS    10	  /* to the largest size */
#define BLOCKS_MOST  4096 /* of the trace at one time */
#define FILLERS_MOST 256
#define FILLER_LEAST (64 * MIB) /* what the arena may be larger than it should be */
#define FULL	     0.7	/* share of the arena that is in use */
#define FREE_ONE_IN  0.45	/* share of operations that free */
#define OPERATIONS   200	/* of the trace between two samples of the index */
#define TRACE	     1000	/* that fragments fresh memory */
#define FINEST	     (2 * MIB)	/* of a search for the largest block: a page of the device */
#define TIMED_BYTES  (2 * MIB)
#define TIMED	     16 /* allocations whose median counts */

struct fragment {
	struct block {
		CUdeviceptr at;
		size_t bytes;
	} blocks[BLOCKS_MOST];
	CUdeviceptr fillers[FILLERS_MOST];
	size_t count, filler_count;
	uint64_t live, filled; /* bytes of the trace, and of the fillers */
	uint64_t reserve;      /* of a limit, bytes that nobody can have */
	uint64_t random, operations, refused;
	uint64_t largest, of; /* bytes of the last sample: it is the share of one in the other */
};

/* xorshift64*: 0 to 2^32 - 1. */
static uint32_t draw(struct fragment *fragment)
{
	fragment->random ^= fragment->random >> 12;
	fragment->random ^= fragment->random << 25;
	fragment->random ^= fragment->random >> 27;
	return fragment->random * 0x2545f4914f6cdd1dull >> 32;
}

/* The block, or 0 where there is no memory for it. -1 as CALL(). */
static int try_block(struct tenant *tenant, size_t bytes, CUdeviceptr *at)
{
	CUresult error = cu.MemAlloc(at, bytes);

	if (error)
		*at = 0;
	return error == CUDA_ERROR_OUT_OF_MEMORY ? 0 : CALL(tenant, error);
}

/*
 * Bytes that are free. Not all limiters tell of their limit here: then it is the limit that counts,
 * less what this process has.
 */
static int free_bytes(struct tenant *tenant, uint64_t *bytes)
{
	const struct fragment *fragment = tenant->state;
	uint64_t limit = tenant->order.argument[FRAGMENT_LIMIT];
	uint64_t taken = fragment->live + fragment->filled + fragment->reserve;
	size_t available, total;

	if (CALL(tenant, cu.MemGetInfo(&available, &total)))
		return -1;
	*bytes = available;
	if (limit && total > limit)
		*bytes = limit > taken ? limit - taken : 0;
	return 0;
}

/* Bytes of the largest block that can be had, to FINEST, by trying. */
static int largest_block(struct tenant *tenant, uint64_t *largest)
{
	uint64_t low = 0, high, pages;
	CUdeviceptr at;

	if (free_bytes(tenant, &high))
		return -1;
	/* Invariant: low pages can be had; high and more cannot, or are more than is free. */
	high = high / FINEST + 1;
	for (pages = high - 1; low + 1 < high; pages = (low + high) / 2) {
		if (try_block(tenant, pages * FINEST, &at))
			return -1;
		if (at && CALL(tenant, cu.MemFree(at)))
			return -1;
		if (at)
			low = pages;
		else
			high = pages;
	}
	*largest = low * FINEST;
	return 0;
}

/* Takes memory until little more than the arena is free. */
static int fill_outside(struct tenant *tenant)
{
	struct fragment *fragment = tenant->state;
	uint64_t arena = tenant->order.argument[FRAGMENT_ARENA], available, bytes;

	if (free_bytes(tenant, &available))
		return -1;
	bytes = available > arena ? available - arena : 0;
	while (bytes >= FILLER_LEAST && fragment->filler_count < FILLERS_MOST) {
		CUdeviceptr at;

		if (try_block(tenant, bytes, &at))
			return -1;
		if (!at) {
			bytes /= 2;
			continue;
		}
		fragment->fillers[fragment->filler_count++] = at;
		fragment->filled += bytes;
		if (free_bytes(tenant, &available))
			return -1;
		available = available > arena ? available - arena : 0;
		bytes = bytes < available ? bytes : available;
	}
	return 0;
}

static int prepare(struct tenant *tenant)
{
	struct fragment *fragment = tenant->state = calloc(1, sizeof(*fragment));
	uint64_t available, largest;

	if (!fragment)
		return tenant_fail(tenant, "no memory");
	fragment->random = tenant->order.seed * 0x9e3779b97f4a7c15ull | 1;
	if (tenant->order.argument[FRAGMENT_LIMIT]) {
		if (free_bytes(tenant, &available) || largest_block(tenant, &largest))
			return -1;
		/* A limiter may count what a context takes. */
		fragment->reserve = available - largest;
	}
	return fill_outside(tenant);
}

static int free_one(struct tenant *tenant)
{
	struct fragment *fragment = tenant->state;
	struct block *block = &fragment->blocks[draw(fragment) % fragment->count];
	struct block freed = *block;

	*block = fragment->blocks[--fragment->count];
	fragment->live -= freed.bytes;
	return CALL(tenant, cu.MemFree(freed.at));
}

/* One operation of the trace. */
static int operate(struct tenant *tenant)
{
	struct fragment *fragment = tenant->state;
	uint64_t size = SMALLEST << draw(fragment) % DOUBLINGS;
	struct block *block = &fragment->blocks[fragment->count];
	bool frees = draw(fragment) < FREE_ONE_IN * UINT32_MAX;

	fragment->operations++;
	block->bytes = size + size * (draw(fragment) % 256) / 256;
	if (fragment->count == BLOCKS_MOST ||
	    fragment->live + block->bytes > FULL * tenant->order.argument[FRAGMENT_ARENA])
		frees = true;
	if (fragment->count && frees)
		return free_one(tenant);
	if (try_block(tenant, block->bytes, &block->at))
		return -1;
	if (!block->at) {
		fragment->refused++;
		return fragment->count ? free_one(tenant) : 0;
	}
	fragment->live += block->bytes;
	fragment->count++;
	return 0;
}

static int trace(struct tenant *tenant, int operations)
{
	for (int i = 0; i < operations; i++)
		if (operate(tenant))
			return -1;
	return 0;
}

static int free_all(struct tenant *tenant)
{
	struct fragment *fragment = tenant->state;

	while (fragment->count)
		if (free_one(tenant))
			return -1;
	return 0;
}

/* ns of an allocation, median; none gets what was freed just before. */
static int allocation_time(struct tenant *tenant, double *ns)
{
	CUdeviceptr blocks[TIMED];
	double times[TIMED];

	for (int i = 0; i < TIMED; i++) {
		uint64_t start = now_ns();

		for (uint32_t repeat = 1; repeat < tenant->order.repeat; repeat++)
			if (CALL(tenant, cu.MemAlloc(&blocks[i], TIMED_BYTES)) ||
			    CALL(tenant, cu.MemFree(blocks[i])))
				return -1;
		if (CALL(tenant, cu.MemAlloc(&blocks[i], TIMED_BYTES)))
			return -1;
		times[i] = now_ns() - start;
	}
	for (int i = 0; i < TIMED; i++)
		if (CALL(tenant, cu.MemFree(blocks[i])))
			return -1;
	sort_ascending(times, TIMED);
	*ns = times[TIMED / 2];
	return 0;
}

static int index_sample(struct tenant *tenant, double *sample)
{
	struct fragment *fragment = tenant->state;
	uint64_t largest, available;

	if (trace(tenant, OPERATIONS) || largest_block(tenant, &largest) ||
	    free_bytes(tenant, &available))
		return -1;
	if (available < FINEST)
		return tenant_fail(tenant, "no memory is free behind the trace");
	/* Pages that are not whole are not free. */
	available = available / FINEST * FINEST;
	*sample = 100 * (1 - (double)largest / available);
	fragment->largest = largest;
	fragment->of = available;
	return 0;
}

static int latency_sample(struct tenant *tenant, double *sample)
{
	double fresh, fragmented;

	if (allocation_time(tenant, &fresh) || trace(tenant, TRACE) ||
	    allocation_time(tenant, &fragmented) || free_all(tenant))
		return -1;
	*sample = 100 * (fragmented - fresh) / fresh;
	return 0;
}

static int compaction_sample(struct tenant *tenant, double *sample)
{
	struct fragment *fragment = tenant->state;
	uint64_t before, after;

	if (largest_block(tenant, &before) || trace(tenant, TRACE) || free_all(tenant) ||
	    largest_block(tenant, &after))
		return -1;
	if (!before)
		return tenant_fail(tenant, "no memory is free before the trace");
	*sample = 100 * ((double)after / before);
	fragment->largest = after;
	fragment->of = before;
	return 0;
}

static int run(struct tenant *tenant)
{
	static int (*const samples[])(struct tenant *, double *) = {
		[FRAGMENT_INDEX] = index_sample,
		[FRAGMENT_LATENCY] = latency_sample,
		[FRAGMENT_COMPACTION] = compaction_sample,
	};
	const struct fragment *fragment = tenant->state;
	double sample;

	while (sampling_more(tenant)) {
		if (samples[tenant->order.argument[FRAGMENT_WHAT]](tenant, &sample))
			return -1;
		sampling_add(tenant, sample);
	}
	tenant_fact(tenant, "operations=%ju", (uintmax_t)fragment->operations);
	tenant_fact(tenant, "refused=%ju", (uintmax_t)fragment->refused);
	if (fragment->of) {
		tenant_fact(tenant, "largest_bytes=%ju", (uintmax_t)fragment->largest);
		tenant_fact(tenant, "of_bytes=%ju", (uintmax_t)fragment->of);
	}
	tenant_fact(tenant, "live_blocks=%zu", fragment->count);
	tenant_fact(tenant, "live_bytes=%ju", (uintmax_t)fragment->live);
	return 0;
}

static void finish(struct tenant *tenant)
{
	struct fragment *fragment = tenant->state;

	if (!fragment)
		return;
	for (size_t i = 0; i < fragment->count; i++)
		cu.MemFree(fragment->blocks[i].at);
	for (size_t i = 0; i < fragment->filler_count; i++)
		cu.MemFree(fragment->fillers[i]);
	free(fragment);
}

const struct work work_fragment = {
	.name = "fragment", .prepare = prepare, .run = run, .finish = finish};
