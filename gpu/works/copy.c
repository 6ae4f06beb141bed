// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * copy: device memory to device memory, GB/s of read and written bytes, in windows. read: a set
 * that is read again and again, GB/s, in windows. saturation: a copy by more and more blocks, the
 * fewest of an SM that reach 95 % of the best. All are verified: fact verified, bytes.
 *
 * What copies fastest differs by device, so that the copy takes the best of some when it warms up.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../arithmetic.h"
#include "../kernels/pattern.h"
#include "copy.h"
#include "window.h"
#include "works.h"

#define VECTOR		 16	/* bytes of a load */
#define IN_FLIGHT	 4	/* loads of a thread, as the kernels have it */
#define THREADS		 256	/* of a block of the kernels that are not timed */
#define BLOCKS		 8	/* of them for each SM */
#define TRIALS		 3	/* timed copies of each kind while warming up */
#define READ_SECONDS	 200e-6 /* of one operation of read, about: launches are no part of it */
#define SATURATION_SHARE 0.95

/* Blocks for each SM that are tried; 32 of them fill an SM. */
static const unsigned int saturation_blocks[] = {1, 2, 4, 8, 16, 32};
#define SATURATION_LEVELS  (sizeof(saturation_blocks) / sizeof(saturation_blocks[0]))
#define SATURATION_THREADS 64

/* Ways to copy. blocks for each SM; 0: as many as there are pieces. */
static const struct way {
	const char *name, *kernel; /* NULL: the driver's own copy */
	unsigned int threads, blocks;
} ways[] = {
	{"the driver's", NULL, 0, 0},
	{"pieces, 256 threads a block", "copy_pieces", 256, 0},
	{"pieces, 1024 threads a block", "copy_pieces", 1024, 0},
	{"pieces kept, 256 threads a block", "copy_pieces_kept", 256, 0},
	{"pieces kept, 1024 threads a block", "copy_pieces_kept", 1024, 0},
	{"strides, 512 threads an SM", "copy_strides", 512, 1},
	{"strides, 2 times 512 threads an SM", "copy_strides", 512, 2},
	{"strides, 2 times 1024 threads an SM", "copy_strides", 1024, 2},
	{"strides kept, 512 threads an SM", "copy_strides_kept", 512, 1},
	{"strides kept, 2 times 512 threads an SM", "copy_strides_kept", 512, 2},
	{"strides kept, 2 times 1024 threads an SM", "copy_strides_kept", 1024, 2},
};

struct copy {
	CUdeviceptr from, to, result;
	uint64_t bytes;
	const struct way *way;
	CUfunction kernel;
	unsigned int multiprocessors;
	uint32_t passes;   /* of one operation of read */
	uint32_t sum;	   /* of all words that were read */
	uint32_t expected; /* of one pass */
};

static int launch(struct tenant *tenant, CUfunction kernel, uint64_t blocks, unsigned int threads,
		  void **parameters)
{
	return CALL(tenant, cu.LaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, tenant->stream,
					    parameters, NULL));
}

/* pattern_fill or pattern_check over a buffer. */
static int pattern(struct tenant *tenant, const char *kernel, CUdeviceptr buffer)
{
	struct copy *copy = tenant->state;
	uint64_t words = copy->bytes / 4;
	uint32_t seed = tenant->order.seed;
	void *parameters[] = {&buffer, &words, &seed, &copy->result};
	CUfunction function;

	return tenant_kernel(tenant, &function, kernel) ||
			       launch(tenant, function, BLOCKS * copy->multiprocessors, THREADS,
				      parameters)
		       ? -1
		       : 0;
}

static int copy_by(struct tenant *tenant, const struct way *way, CUfunction kernel)
{
	struct copy *copy = tenant->state;
	uint64_t vectors = copy->bytes / VECTOR, piece = (uint64_t)way->threads * IN_FLIGHT;
	void *parameters[] = {&copy->to, &copy->from, &vectors};

	if (!way->kernel)
		return CALL(tenant,
			    cu.MemcpyDtoDAsync(copy->to, copy->from, copy->bytes, tenant->stream));
	return launch(tenant, kernel,
		      way->blocks ? (uint64_t)way->blocks * copy->multiprocessors
				  : (vectors + piece - 1) / piece,
		      way->threads, parameters);
}

static int copy_once(struct tenant *tenant)
{
	struct copy *copy = tenant->state;

	return copy_by(tenant, copy->way, copy->kernel);
}

/* Seconds of one copy, the shortest of some. */
static int try_way(struct tenant *tenant, const struct way *way, CUfunction kernel, double *best)
{
	*best = 0;
	for (int i = 0; i < TRIALS; i++) {
		double seconds;

		if (tenant_timer_begin(tenant) || copy_by(tenant, way, kernel) ||
		    tenant_timer_end(tenant, &seconds))
			return -1;
		*best = i && *best < seconds ? *best : seconds;
	}
	return 0;
}

static int choose_way(struct tenant *tenant)
{
	struct copy *copy = tenant->state;
	double best = 0, seconds;
	char text[256];
	int length = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CUfunction kernel = NULL;

		if ((ways[i].kernel && tenant_kernel(tenant, &kernel, ways[i].kernel)) ||
		    try_way(tenant, &ways[i], kernel, &seconds))
			return -1;
		length += snprintf(text + length, sizeof(text) - length, "%s%.0f", i ? " " : "",
				   2 * copy->bytes / seconds / 1e9);
		if (copy->way && seconds >= best)
			continue;
		copy->way = &ways[i];
		copy->kernel = kernel;
		best = seconds;
	}
	tenant_fact(tenant, "way=%d", (int)(copy->way - ways) + 1);
	tenant_fact(tenant, "copy=%s", copy->way->name);
	tenant_fact(tenant, "ways_gbs=%s", text);
	return 0;
}

static int take_way(struct tenant *tenant, uint64_t number)
{
	struct copy *copy = tenant->state;

	if (number > sizeof(ways) / sizeof(ways[0]))
		return tenant_fail(tenant, "there is no way %ju to copy", (uintmax_t)number);
	copy->way = &ways[number - 1];
	if (copy->way->kernel && tenant_kernel(tenant, &copy->kernel, copy->way->kernel))
		return -1;
	return copy_once(tenant);
}

/* Overwrites what copies write and clears the count of wrong words. */
static int wipe(struct tenant *tenant)
{
	struct copy *copy = tenant->state;

	return CALL(tenant,
		    cu.MemsetD32Async(copy->to, 0xa5a5a5a5, copy->bytes / 4, tenant->stream)) ||
			       CALL(tenant,
				    cu.MemsetD32Async(copy->result, 0, 2, tenant->stream)) ||
			       CALL(tenant, cu.StreamSynchronize(tenant->stream))
		       ? -1
		       : 0;
}

/* The buffers; with_target: one to copy to as well. */
static int allocate(struct tenant *tenant, bool with_target)
{
	struct copy *copy = tenant->state = calloc(1, sizeof(*copy));
	int multiprocessors;

	if (!copy)
		return tenant_fail(tenant, "no memory");
	copy->bytes = tenant->order.argument[COPY_BYTES] / VECTOR * VECTOR;
	if (CALL(tenant,
		 cu.DeviceGetAttribute(&multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
				       tenant->device)))
		return -1;
	copy->multiprocessors = multiprocessors;
	if (CALL(tenant, cu.MemAlloc(&copy->from, copy->bytes)) ||
	    CALL(tenant, cu.MemAlloc(&copy->result, 8)) ||
	    (with_target && CALL(tenant, cu.MemAlloc(&copy->to, copy->bytes))) ||
	    pattern(tenant, "pattern_fill", copy->from))
		return -1;
	return 0;
}

static int prepare_copy(struct tenant *tenant)
{
	uint64_t way = tenant->order.argument[COPY_WAY];

	if (allocate(tenant, true) || (way ? take_way(tenant, way) : choose_way(tenant)))
		return -1;
	return wipe(tenant);
}

/* Is the pattern in what copies wrote? Then wipes it, for the next GO. */
static int verify_copy(struct tenant *tenant)
{
	struct copy *copy = tenant->state;
	unsigned long long wrong = copy->bytes / 4; /* a result that is lost is no good one */

	if (pattern(tenant, "pattern_check", copy->to) ||
	    CALL(tenant, cu.StreamSynchronize(tenant->stream)) ||
	    CALL(tenant, cu.MemcpyDtoH(&wrong, copy->result, sizeof(wrong))))
		return -1;
	if (wrong)
		return tenant_invalid(tenant, "%llu of %ju words are wrong after the copy", wrong,
				      (uintmax_t)(copy->bytes / 4));
	tenant_fact(tenant, "verified=%ju", (uintmax_t)copy->bytes);
	return wipe(tenant);
}

static int run_copy(struct tenant *tenant)
{
	const struct copy *copy = tenant->state;
	bool copied = false;

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		if (window_throughput(tenant, copy_once, 2 * copy->bytes / 1e9))
			return -1;
		copied = true;
	}
	return copied ? verify_copy(tenant) : 0;
}

static void finish(struct tenant *tenant)
{
	struct copy *copy = tenant->state;

	if (!copy)
		return;
	if (copy->from)
		cu.MemFree(copy->from);
	if (copy->to)
		cu.MemFree(copy->to);
	if (copy->result)
		cu.MemFree(copy->result);
	free(copy);
}

const struct work work_copy = {
	.name = "copy", .prepare = prepare_copy, .run = run_copy, .finish = finish};

static int read_once(struct tenant *tenant)
{
	struct copy *copy = tenant->state;
	uint64_t vectors = copy->bytes / VECTOR;
	void *parameters[] = {&copy->from, &vectors, &copy->passes, &copy->result};

	copy->sum += copy->expected * copy->passes;
	return launch(tenant, copy->kernel, BLOCKS * copy->multiprocessors, THREADS, parameters);
}

/* So many passes that a launch of them is nothing beside them. */
static int choose_passes(struct tenant *tenant)
{
	struct copy *copy = tenant->state;
	double seconds;

	copy->passes = 1;
	if (read_once(tenant) || tenant_timer_begin(tenant) || read_once(tenant) ||
	    tenant_timer_end(tenant, &seconds))
		return -1;
	copy->passes = 1 + READ_SECONDS / (seconds > 1e-6 ? seconds : 1e-6);
	return 0;
}

static int prepare_read(struct tenant *tenant)
{
	struct copy *copy;

	if (allocate(tenant, false))
		return -1;
	copy = tenant->state;
	for (uint64_t i = 0; i < copy->bytes / 4; i++)
		copy->expected += pattern_word(tenant->order.seed, i);
	if (tenant_kernel(tenant, &copy->kernel, "read_sum") ||
	    CALL(tenant, cu.MemsetD32Async(copy->result, 0, 2, tenant->stream)))
		return -1;
	return choose_passes(tenant);
}

static int run_read(struct tenant *tenant)
{
	const struct copy *copy = tenant->state;
	uint32_t sum;

	sampling_watch_clock(tenant);
	while (sampling_more(tenant))
		if (window_throughput(tenant, read_once, copy->passes * (copy->bytes / 1e9)))
			return -1;
	sum = ~copy->sum;
	if (CALL(tenant, cu.MemcpyDtoH(&sum, copy->result, sizeof(sum))))
		return -1;
	if (sum != copy->sum)
		return tenant_invalid(tenant, "the sum of what was read is %u, not %u", sum,
				      copy->sum);
	tenant_fact(tenant, "verified=%ju", (uintmax_t)copy->bytes);
	return 0;
}

const struct work work_read = {
	.name = "read", .prepare = prepare_read, .run = run_read, .finish = finish};

static int prepare_saturation(struct tenant *tenant)
{
	struct copy *copy;

	if (allocate(tenant, true))
		return -1;
	copy = tenant->state;
	return tenant_kernel(tenant, &copy->kernel, "copy_strides") || wipe(tenant) ? -1 : 0;
}

/* GB/s of one copy with each number of blocks. */
static int measure_levels(struct tenant *tenant, double *bandwidths)
{
	const struct copy *copy = tenant->state;

	for (size_t i = 0; i < SATURATION_LEVELS; i++) {
		struct way way = {.kernel = "copy_strides",
				  .threads = SATURATION_THREADS,
				  .blocks = saturation_blocks[i]};
		double seconds;

		if (try_way(tenant, &way, copy->kernel, &seconds))
			return -1;
		bandwidths[i] = 2 * copy->bytes / seconds / 1e9;
	}
	return 0;
}

static int run_saturation(struct tenant *tenant)
{
	double bandwidths[SATURATION_LEVELS];

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		if (measure_levels(tenant, bandwidths))
			return -1;
		sampling_add(tenant, saturation_blocks[first_reaching(bandwidths, SATURATION_LEVELS,
								      SATURATION_SHARE)]);
	}
	for (size_t i = 0; i < SATURATION_LEVELS; i++)
		tenant_fact(tenant, "gbs_%u=%.1f", saturation_blocks[i], bandwidths[i]);
	return verify_copy(tenant);
}

const struct work work_saturation = {.name = "saturation",
				     .prepare = prepare_saturation,
				     .run = run_saturation,
				     .finish = finish};
