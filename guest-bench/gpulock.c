// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rows of gpulock.def: what each times, and over which grants. */
#include <stddef.h>
#include <unistd.h>

#include "../kmod/gpulock/t/bench.h"
#include "../kmod/gpulock/t/layers.h"
#include "measure.h"

/* Behind a tenth of a second without changes the module has the index of its grants. */
#define INDEXED_US 300000

#define FLOOR_SAMPLES 101u

/* Agents of other numbers for each number of grants. */
#define FIRST_AGENT(grants) ((grants) == 1 ? 1 : (grants) == 1000 ? 11 : 21)

static const struct gpulock_row {
	uint8_t wire;
	struct point point;
	uint64_t (*time)(const struct point *point, uint32_t i); /* NULL: the kernel times it */
	uint32_t what;						 /* that: of enum bench_what */
	uint8_t changes; /* a grant is made and revoked just before */
	uint8_t share;	 /* a sample takes long: one for so many of another row; 0: 1 */
} gpulock_rows[] = {
#define LAYER_kernel	 .what = BENCH_CHECK
#define LAYER_changed	 .what = BENCH_CHECK, .changes = 1
#define LAYER_ioctl	 .time = layer_ioctl
#define LAYER_check	 .time = layer_check
#define LAYER_batch	 .time = layer_batch, .share = 20
#define LAYER_write	 .time = layer_write
#define LAYER_open_write .time = layer_open_write
#define LAYER_alloc	 .time = layer_alloc
#define LAYER_free	 .time = layer_free
#define LAYER_maple	 .what = BENCH_MAPLE, .share = 2
#define LAYER_maple_gaps .what = BENCH_MAPLE_ALLOC, .share = 2
#define LAYER_index	 .what = BENCH_INDEX, .share = 2
#define LAYER_list	 .what = BENCH_LIST, .share = 2
#define LAYER_rhashtable .what = BENCH_RHASHTABLE, .share = 2
#define GPULOCK_ROW(wire, layer, label, grants, agents, prose)                                     \
	{wire, {FIRST_AGENT(grants), agents, grants}, LAYER_##layer},
#include "gpulock.def"
#undef GPULOCK_ROW
};

static const struct gpulock_row *find(uint8_t wire)
{
	const struct gpulock_row *row = gpulock_rows;

	while (row->wire != wire)
		row++;
	return row;
}

/* Filled anew for each call, so all samples are taken in few. */
static int is_structure(const struct gpulock_row *row)
{
	return !row->time && row->what != BENCH_CHECK;
}

void gpulock_open(void)
{
	layers_open();
}

void gpulock_prepare(uint8_t wire)
{
	const struct gpulock_row *row = find(wire);

	if (is_structure(row))
		return;
	layers_fill(&row->point);
	usleep(INDEXED_US);
}

uint32_t gpulock_share(uint8_t wire)
{
	return find(wire)->share ?: 1;
}

uint32_t gpulock_at_once(uint8_t wire)
{
	const struct gpulock_row *row = find(wire);

	return row->time ? 1 : is_structure(row) ? 1000 : 64;
}

int gpulock_in_kernel(uint8_t wire)
{
	return !find(wire)->time;
}

void gpulock_sample(uint8_t wire, uint32_t i, uint32_t *samples, uint32_t count)
{
	const struct gpulock_row *row = find(wire);

	if (row->changes)
		layers_change(&row->point);
	if (!row->time)
		layer_kernel(&row->point, row->what, i, samples, count);
	for (uint32_t j = 0; row->time && j < count; j++)
		samples[j] = sample_narrow(row->time(&row->point, i + j));
}

uint32_t gpulock_floor(uint8_t wire)
{
	const struct gpulock_row *row = find(wire);
	uint32_t samples[FLOOR_SAMPLES], scratch[FLOOR_SAMPLES];

	if (row->time == layer_batch)
		return 0; /* a thousandth of it */
	if (!row->time)
		layer_kernel(&row->point, BENCH_EMPTY, 0, samples, FLOOR_SAMPLES);
	for (uint32_t i = 0; row->time && i < FLOOR_SAMPLES; i++)
		samples[i] = layer_empty(&row->point, i);
	return median(samples, scratch, FLOOR_SAMPLES);
}
