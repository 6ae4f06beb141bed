// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A case as evidence: the traced run, between two untraced ones under the same load. */
#include <string.h>

#include "gpumem_stress.h"
#include "json_file.h"
#include "util.h"

#define APART_SECONDS 1.5 /* of each untraced run */

/* What the stressor says of the time that its calls took; null where it could not. */
static json_t *latencies(const json_t *truth)
{
	return truth ? json_pack("{s:O?, s:O?}", "allocate_ns",
				 json_object_get(truth, "allocate_ns"), "free_ns",
				 json_object_get(truth, "free_ns"))
		     : json_null();
}

/* The same load without the tracer, for a shorter time. */
static int run_untraced(struct stress_run *run, const struct stress_case *one, json_t *into)
{
	struct stress_case load = *one;
	struct trial trial = {.load = &load};
	int code;

	load.of = "untraced";
	load.seconds = run->quick ? 0.5 : APART_SECONDS;
	if (load.count)
		load.count = load.count / 20 ?: 1;
	code = stress_trial(run, &trial);
	if (!code)
		json_array_append_new(into, latencies(trial.truth));
	json_decref(trial.truth);
	return code;
}

static json_t *describe(const struct stress_case *one, const struct trial *trial, json_t *untraced)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:f, s:I, s:I, s:f, s:s, s:i, s:i, s:s, s:O}", "id",
			 one->id, "title", one->title, "of", one->of, "rate",
			 one->rate ? json_integer(one->rate) : json_null(), "free_ratio",
			 one->free_ratio, "bytes", (json_int_t)one->bytes, "count",
			 (json_int_t)one->count, "seconds", one->seconds, "prints", one->prints,
			 "tracer", (int)trial->tracer, "stressor", (int)trial->stressor, "reason",
			 trial->why, "untraced", untraced);
}

int stress_case_run(struct stress_run *run, const struct stress_case *one)
{
	struct trial trial = {.load = one, .files = one->id, .traced = true};
	json_t *untraced = json_array();
	int code;

	stress_progress(run, one->title);
	code = run_untraced(run, one, untraced);
	if (!code)
		code = stress_trial(run, &trial);
	if (!code)
		code = run_untraced(run, one, untraced);
	if (!code)
		json_array_append_new(run->cases, describe(one, &trial, untraced));
	json_decref(trial.truth);
	json_decref(untraced);
	return code;
}
