// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every probe in every kernel of kernels.cu, on a GPU: are the results still right, are the counts
 * exact, and what does a launch cost? TAP; the costs are comments, and fail nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../host/util.h"
#include "../probed.h"
#include "check_limits.h"
#include "shapes.h"
#include "tap.h"

#define PROBES_MOST 16
#define ROUNDS	    21
#define LAUNCHES    100 /* of a round: one by one, and as many together */

struct figure {
	double single[ROUNDS], together[ROUNDS]; /* ns a launch */
};

/* The module without a probe comes first. */
struct modules {
	struct probed *probed[PROBES_MOST];
	CUfunction function[PROBES_MOST];
	struct figure figures[PROBES_MOST];
	unsigned int count;
};

static const char *name_of(unsigned int module)
{
	return module ? probes[module - 1].name : "unwoven";
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void time_round(const struct shape *shape, CUfunction function, struct figure *figure,
		       unsigned int round)
{
	static CUevent begin, end;
	double single[LAUNCHES];
	float ms;

	if (!begin) {
		must("cuEventCreate", cu.EventCreate(&begin, CU_EVENT_DEFAULT));
		must("cuEventCreate", cu.EventCreate(&end, CU_EVENT_DEFAULT));
	}
	launch_shape(shape, function);
	must("cuCtxSynchronize", cu.CtxSynchronize());
	for (unsigned int i = 0; i < LAUNCHES; i++) {
		double start = now();

		launch_shape(shape, function);
		must("cuCtxSynchronize", cu.CtxSynchronize());
		single[i] = now() - start;
	}
	must("cuEventRecord", cu.EventRecord(begin, NULL));
	for (unsigned int i = 0; i < LAUNCHES; i++)
		launch_shape(shape, function);
	must("cuEventRecord", cu.EventRecord(end, NULL));
	must("cuEventSynchronize", cu.EventSynchronize(end));
	must("cuEventElapsedTime", cu.EventElapsedTime(&ms, begin, end));
	figure->single[round] = median(single, LAUNCHES);
	figure->together[round] = ms * 1e6 / LAUNCHES;
}

/* Each round goes through all modules, from another one on, so that drift meets all alike. */
static void time_shape(const struct shape *shape, struct modules *modules)
{
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int i = 0; i < modules->count; i++) {
			unsigned int module = (i + round) % modules->count;

			time_round(shape, modules->function[module], &modules->figures[module],
				   round);
		}
}

/* Results under this module alone, after all of it was timed together. */
static void check_module(const struct shape *shape, struct modules *modules, unsigned int module)
{
	const uint64_t launches = ROUNDS * (2 * LAUNCHES + 1) + 1;
	struct probe_counts counts;
	const char *error;

	prepare_shape(shape);
	launch_shape(shape, modules->function[module]);
	must("cuCtxSynchronize", cu.CtxSynchronize());
	tap_ok(shape_is_right(shape), "%s: %s: the results are right", shape->name,
	       name_of(module));
	if (!module)
		return;
	error = probed_collect(modules->probed[module], &counts);
	if (!error)
		error = probe_proof(&probes[module - 1], &counts, launches * shape_threads(shape),
				    launches * shape->accesses);
	tap_ok(!error, "%s: %s: the counts are exact", shape->name, name_of(module));
	if (error)
		printf("# %s\n", error);
	if (counts.events)
		printf("# %s: %s: %" PRIu64 " events, %" PRIu64 " drained, %" PRIu64 " lost\n",
		       shape->name, name_of(module), counts.events, counts.drained, counts.lost);
}

/* The median and the quartiles of what a probe adds to the same round without one. */
static void print_figures(const struct shape *shape, const struct modules *modules)
{
	const struct figure *base = &modules->figures[0];

	printf("# %-10s %-9s %10s %7s %8s %17s %12s %7s\n", "shape", "probe", "single us", "ratio",
	       "added us", "quartiles", "together us", "ratio");
	for (unsigned int i = 0; i < modules->count; i++) {
		struct figure figure = modules->figures[i], ratio = figure;
		double added[ROUNDS];

		for (unsigned int round = 0; round < ROUNDS; round++) {
			ratio.single[round] /= base->single[round];
			ratio.together[round] /= base->together[round];
			added[round] = (figure.single[round] - base->single[round]) / 1e3;
		}
		qsort(added, ROUNDS, sizeof(*added), by_value);
		printf("# %-10s %-9s %10.3f %7.3f %8.3f %8.3f %8.3f %12.3f %7.3f\n", shape->name,
		       name_of(i), median(figure.single, ROUNDS) / 1e3,
		       median(ratio.single, ROUNDS), median(added, ROUNDS), added[ROUNDS / 4],
		       added[ROUNDS - 1 - ROUNDS / 4], median(figure.together, ROUNDS) / 1e3,
		       median(ratio.together, ROUNDS));
	}
}

static void load(struct modules *modules, const char *ptx)
{
	do {
		const struct probe *probe = modules->count ? &probes[modules->count - 1] : NULL;
		double start = now();
		const char *error = probed_load(&modules->probed[modules->count], ptx, probe, NULL);

		if (error)
			die("%s: %s", name_of(modules->count), error);
		printf("# %s: loaded in %.0f ms\n", name_of(modules->count), (now() - start) / 1e6);
		modules->count++;
	} while (probes[modules->count - 1].name);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size;

	if (!file || getdelim(&text, &size, EOF, file) < 0)
		die_code(EXIT_CANNOT, "%s: it takes nvcc to make it", path);
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	static struct modules modules;
	const char *error = driver_open(argc > 2 ? argv[2] : NULL);
	CUcontext context;
	int count = 0;
	char *ptx;

	if (!error && (cu.Init(0) || cu.DeviceGetCount(&count) || !count))
		error = "no GPU";
	if (error) {
		printf("1..0 # SKIP %s\n", error);
		return EXIT_CANNOT;
	}
	ptx = read_file(argc > 1 ? argv[1] : "build/gpu/probes/t/kernels.ptx");
	must("cuCtxCreate", cu.CtxCreate(&context, 0, 0));
	make_buffers();
	load(&modules, ptx);
	for (const struct shape *shape = shapes; shape->name; shape++) {
		for (unsigned int i = 0; i < modules.count; i++) {
			must("cuModuleGetFunction",
			     cu.ModuleGetFunction(&modules.function[i],
						  probed_module(modules.probed[i]), shape->kernel));
			error = probed_reset(modules.probed[i]);
			if (error)
				die("%s: %s", name_of(i), error);
		}
		prepare_shape(shape);
		time_shape(shape, &modules);
		for (unsigned int i = 0; i < modules.count; i++)
			check_module(shape, &modules, i);
		print_figures(shape, &modules);
	}
	for (unsigned int i = 0; i < modules.count; i++)
		probed_close(modules.probed[i]);
	check_limits(ptx);
	cu.CtxDestroy(context);
	free(ptx);
	return tap_done();
}
