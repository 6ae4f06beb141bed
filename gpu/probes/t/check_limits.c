// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rings that overflow, tables without room: all of it is counted. Events say what was accessed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../host/util.h"
#include "../probed.h"
#include "check_limits.h"
#include "shapes.h"
#include "tap.h"

static const struct shape *shape_named(const char *name)
{
	for (const struct shape *shape = shapes; shape->name; shape++)
		if (!strcmp(shape->name, name))
			return shape;
	for (const struct shape *shape = special_shapes; shape->name; shape++)
		if (!strcmp(shape->name, name))
			return shape;
	die("no shape %s", name);
}

/* So many launches of a shape under a probe; false with the reason where counts are wrong. */
static bool run(const char *ptx, const char *name, const char *shape_name, unsigned int launches,
		const struct probed_options *options, struct probe_counts *counts)
{
	const struct probe *probe = probe_named(name);
	const struct shape *shape = shape_named(shape_name);
	uint64_t accesses = shape->accesses;
	struct probed *probed;
	CUfunction function;
	const char *error = probed_load(&probed, ptx, probe, options);

	if (error)
		die("%s: %s", name, error);
	must("cuModuleGetFunction",
	     cu.ModuleGetFunction(&function, probed_module(probed), shape->kernel));
	prepare_shape(shape);
	for (unsigned int i = 0; i < launches; i++)
		launch_shape(shape, function);
	must("cuCtxSynchronize", cu.CtxSynchronize());
	error = shape_is_right(shape) ? probed_collect(probed, counts) : "wrong results";
	/* Even threads load from global memory by the address. */
	if (options && options->weave.generic)
		accesses += shape->n / 2;
	if (!error)
		error = probe_proof(probe, counts, launches * shape_threads(shape),
				    launches * accesses);
	if (error)
		printf("# %s: %s\n", name, error);
	probed_close(probed);
	return !error;
}

static void check_rings(const char *ptx)
{
	const struct probed_options small = {.ring_bits = 4};
	struct probe_counts counts;

	tap_ok(run(ptx, "ring", "small", 1000, NULL, &counts) && !counts.lost &&
		       counts.drained == 32000,
	       "ring: what the drain can take is not lost");
	tap_ok(run(ptx, "ring", "xlarge", 100, &small, &counts) && counts.lost,
	       "ring: beyond that losses are counted");
	printf("# ring of 16: %" PRIu64 " events, %" PRIu64 " drained, %" PRIu64 " lost\n",
	       counts.events, counts.drained, counts.lost);
	tap_ok(run(ptx, "memtrace", "large", 10, &small, &counts) && counts.lost,
	       "memtrace: beyond its rings losses are counted");
}

static void check_tables(const char *ptx)
{
	const struct probed_options few = {.elements = 16}, some = {.elements = 1024};
	struct probe_counts counts;

	tap_ok(run(ptx, "threads", "medium", 3, &some, &counts) && counts.overflow == 3 * 9216 &&
		       counts.elements == 1024 && counts.least == 3 && counts.most == 3,
	       "threads: those beyond the array are counted apart");
	tap_ok(run(ptx, "hash", "medium", 3, &few, &counts) && counts.elements == 16 &&
		       counts.overflow == 3 * 24 * 256,
	       "hash: blocks without an entry are counted apart");
	tap_ok(run(ptx, "hash", "xlarge", 3, NULL, &counts) && counts.elements == 1954 &&
		       !counts.overflow && counts.least == 3 * 512,
	       "hash: an entry for each block");
	tap_ok(run(ptx, "array", "small", 3, NULL, &counts) && counts.elements == 4 &&
		       counts.least == 768 && counts.most == 768,
	       "array: an element for each block");
	tap_ok(run(ptx, "hostmap", "small", 3, NULL, &counts) && counts.elements == 32 &&
		       counts.least == 96 && counts.most == 96,
	       "hostmap: an element for each warp");
	tap_ok(run(ptx, "hostmap", "medium", 3, &few, &counts) && counts.elements == 16 &&
		       counts.overflow == 3 * (10240 - 16 * 32),
	       "hostmap: warps without an element are counted apart");
}

/* How often each word of a, b, c was accessed. */
struct seen {
	uint8_t *times[3];
	uint64_t elsewhere;
};

static void see(const struct probe_event *event, void *data)
{
	const struct buffers *buffers = shape_buffers();
	const CUdeviceptr begin[] = {buffers->a, buffers->b, buffers->c};
	struct seen *seen = data;
	unsigned int first = __builtin_ctz(event->lanes);

	for (unsigned int lane = first; lane < 32; lane++) {
		uint64_t address = event->value + (int64_t)event->stride * (int)(lane - first);
		unsigned int buffer = 0;

		if (!(event->lanes >> lane & 1))
			continue;
		while (buffer < 3 && address - begin[buffer] >= SHAPE_WORDS * sizeof(uint32_t))
			buffer++;
		if (buffer == 3 || event->kind != (buffer == 2 ? WEAVE_STORE : WEAVE_LOAD))
			seen->elsewhere++;
		else
			for (unsigned int i = 0; i < event->bytes / sizeof(uint32_t); i++)
				seen->times[buffer][(address - begin[buffer]) / 4 + i]++;
	}
}

static void check_trace(const char *ptx, const char *shape_name, unsigned int words_of_a,
			unsigned int words_of_b, unsigned int words_of_c)
{
	const unsigned int words[] = {words_of_a, words_of_b, words_of_c};
	struct probe_counts counts;
	struct seen seen = {0};
	struct probed_options options = {.event = see, .data = &seen};
	bool exact;
	uint64_t times = 0;

	for (unsigned int i = 0; i < 3; i++) {
		seen.times[i] = calloc(SHAPE_WORDS, 1);
		if (!seen.times[i])
			die("out of memory");
	}
	exact = run(ptx, "memtrace", shape_name, 1, &options, &counts) && !counts.lost &&
		!seen.elsewhere;
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int word = 0; word < SHAPE_WORDS; word++) {
			exact &= seen.times[i][word] <= 1;
			times += seen.times[i][word];
		}
		free(seen.times[i]);
	}
	exact &= times == (uint64_t)words[0] + words[1] + words[2];
	tap_ok(exact, "memtrace: %s: each word once, none beside them", shape_name);
	if (!exact)
		printf("# %" PRIu64 " words, %" PRIu64 " elsewhere, %" PRIu64 " lost\n", times,
		       seen.elsewhere, counts.lost);
}

static void check_functions(const char *ptx)
{
	const struct probed_options generic = {.weave = {.generic = true}};
	struct probe_counts counts;

	tap_ok(run(ptx, "memtrace", "calls", 3, NULL, &counts) && !counts.lost,
	       "memtrace: what says that it is global");
	tap_ok(run(ptx, "memtrace", "calls", 3, &generic, &counts) && !counts.lost,
	       "memtrace: in functions, what is global by its address, and not what is shared");
	tap_ok(run(ptx, "both", "leaves", 3, NULL, &counts),
	       "both: threads that leave in a function");
}

void check_limits(const char *ptx)
{
	const unsigned int scattered = 65536 - 65536 / 3;

	check_rings(ptx);
	check_tables(ptx);
	check_functions(ptx);
	check_trace(ptx, "small", 1000, 1000, 1000);
	check_trace(ptx, "scatter", 4 * scattered, 0, scattered);
}
