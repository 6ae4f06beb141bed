// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What vec_add found, as a record and for people. */
#include <inttypes.h>

#include "../../host/stats_real.h"
#include "../../host/util.h"
#include "../record_put.h"
#include "vec_add.h"

bool vec_add_is_wrong(const struct result *result, char *why, size_t size)
{
	*why = '\0';
	if (result->wrong)
		snprintf(why, size,
			 "%" PRIu64 " sums are wrong, the first is element %u: %g, not %g",
			 result->wrong, result->first_wrong, result->had, result->should_have);
	else if (result->outside)
		snprintf(why, size, "%" PRIu64 " bytes behind the sums were written",
			 result->outside);
	return *why;
}

/* A series and what is said of it. */
struct row {
	const char *id, *name;
	const double *samples;
	uint32_t count;
};

static int put_row(const struct load *load, const struct result *result, uint16_t number,
		   const struct row *row, FILE *out)
{
	struct record_header header = {
		.kind = RECORD_SERIES,
		.row = number,
		.pass = PASS_TIMED,
		.width = sizeof(double),
		.count = row->count,
		.executed = row->count,
	};
	char text[1024], why[256];
	bool wrong = vec_add_is_wrong(result, why, sizeof(why));

	if (record_put(out, header, row->samples))
		return -1;
	header.kind = RECORD_VERDICT;
	header.executed = 0;
	snprintf(text, sizeof(text),
		 "status=%s\nreason=%s\nid=VEC-ADD.%s\nname=vec_add, %s\nunit=us\nbetter=lower\n"
		 "clock=host\nthrottled=0\nelements=%u\niterations=%u\nthreads=%u\nblocks=%u\n"
		 "launches=%" PRIu64 "\n",
		 wrong ? "INVALID" : "ok", why, row->id, row->name, load->elements,
		 load->iterations, load->threads, load->blocks, result->launches);
	return record_put_text(out, header, text);
}

int vec_add_record(const struct load *load, const struct result *result, FILE *out)
{
	const struct times *on = &result->on, *off = &result->off;
	const struct row rows[] = {
		{"whole", "launch and completion", on->whole, on->count},
		{"launch", "launch call alone", on->launch, on->count},
		{"whole-off", "the same without the probe", off->whole, off->count},
		{"launch-off", "launch call without the probe", off->launch, off->count},
	};
	struct record_header done = {.kind = RECORD_DONE};
	char text[512];

	snprintf(text, sizeof(text),
		 "kind=gpu\nsystem=native\npreload=none\nmem_limit=none\nsm_limit=none\nquick=0\n"
		 "plant=1\ngpu=%s\npci=%s\ncuda=%d.%d\n",
		 result->device, result->pci, result->cuda / 1000, result->cuda % 1000 / 10);
	if (record_put_text(out, (struct record_header){.kind = RECORD_INFO}, text))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(rows) && rows[i].count; i++) {
		if (put_row(load, result, i + 1, &rows[i], out))
			return -1;
		done.executed++;
		done.total += rows[i].count;
	}
	return record_put(out, done, "");
}

void vec_add_print(const struct load *load, struct result *result, FILE *out)
{
	struct stats_real whole, launch;

	stats_of_reals(result->on.whole, result->on.count, &whole);
	stats_of_reals(result->on.launch, result->on.count, &launch);
	fprintf(out,
		"vec_add on %s: %u elements, %u iterations, %u threads x %u blocks\n"
		"host clock, from the launch call to completion\n"
		"  Average kernel time: %.3f us\n",
		result->device, load->elements, load->iterations, load->threads, load->blocks,
		whole.mean);
	fprintf(out,
		"  Mean:    %.3f us\n  Median:  %.3f us\n  Min:     %.3f us\n  Max:     %.3f us\n"
		"  P95:     %.3f us\n  P99:     %.3f us\n  Std dev: %.3f us\n",
		whole.mean, whole.at[STATS_P50], whole.at[STATS_MIN], whole.at[STATS_MAX],
		whole.at[STATS_P95], whole.at[STATS_P99], whole.stddev);
	if (result->off.count) {
		stats_of_reals(result->off.whole, result->off.count, &whole);
		fprintf(out, "  In turns without the probe, median: %.3f us\n",
			whole.at[STATS_P50]);
	}
	fprintf(out, "  Launch call alone, median: %.3f us\n%s\n", launch.at[STATS_P50],
		result->wrong || result->outside ? "RESULTS ARE WRONG" : "all sums are right");
}
