// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was aimed at, and whether it was met. A miss is told, and no failure of the run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_file.h"
#include "report_gpumem.h"
#include "util.h"

#define CPU_MOST 1.0  /* %, mean, at RATE */
#define RATE	 4000 /* allocations a second */
#define MB_EMPTY 12.0 /* resident, without a live pointer */
#define POINTER	 32.0 /* bytes of a live one */
#define LIVE	 10000000
#define LIVE_MB	 340.0 /* of so many */

json_t *stress_real(double value)
{
	return isfinite(value) ? json_real(round(value * 1000) / 1000) : json_null();
}

static double real(const json_t *object, const char *path)
{
	return json_number_value(json_member(object, path));
}

/* value below limit, or at most limit; known: was it measured? */
static json_t *target(const char *id, const char *text, const char *unit, bool known, double value,
		      double limit, bool met)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "id", id, "text", text, "unit", unit,
			 "value", known ? stress_real(value) : json_null(), "limit",
			 stress_real(limit), "verdict",
			 !known ? "NOT RUN"
			 : met	? "MET"
				: "MISSED");
}

static bool is_good(const json_t *row)
{
	return !strcmp(json_text(row, "verdict"), "ok");
}

static json_t *cpu_target(const json_t *rows)
{
	double worst = 0;
	bool known = false;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!is_good(row) || strcmp(json_text(row, "of"), "original") ||
		    real(row, "rate_asked") != RATE)
			continue;
		known = true;
		worst = fmax(worst, real(row, "cpu_mean"));
	}
	return target("cpu", "the tracer's CPU at 4000/s, mean of the worst case, below", "%",
		      known, worst, CPU_MOST, worst < CPU_MOST);
}

/* The case that is nearest to its limit, or the farthest beyond it. */
static json_t *memory_target(const json_t *rows)
{
	double value = 0, limit = MB_EMPTY, worst = -INFINITY;
	bool known = false;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		double most = MB_EMPTY + real(row, "live_pointers") * POINTER / 1048576;

		if (!is_good(row) || real(row, "rss_max_mb") - most < worst)
			continue;
		known = true;
		worst = real(row, "rss_max_mb") - most;
		value = real(row, "rss_max_mb");
		limit = most;
	}
	return target("memory",
		      "the tracer's memory, the case nearest to its limit of 12 MB and 32 bytes "
		      "a live pointer, below",
		      "MB", known, value, limit, value < limit);
}

static json_t *live_target(const json_t *rows)
{
	bool known = false, tried = false;
	double value = 0;
	json_t *result;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!is_good(row) || strcmp(json_text(row, "of"), "live"))
			continue;
		tried = true;
		if (real(row, "live_pointers") < LIVE)
			continue;
		known = true;
		value = real(row, "rss_max_mb");
	}
	result = target("live", "the tracer's memory with 10 million live pointers, below", "MB",
			known, value, LIVE_MB, value < LIVE_MB);
	/* The time was up before there were so many. */
	if (tried && !known)
		json_object_set_new(result, "verdict", json_string("SHORT"));
	return result;
}

/* At full speed, which has no limit that was aimed at but itself. */
static json_t *rate_target(const json_t *rows)
{
	double full = 0, best = 0;
	bool known = false;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!is_good(row) || strcmp(json_text(row, "of"), "search"))
			continue;
		known = true;
		if (json_is_null(json_object_get(row, "rate_asked")))
			full = real(row, "rate_reached");
		if (!real(row, "lost"))
			best = fmax(best, real(row, "rate_reached"));
	}
	return target("lossless",
		      "the highest rate without loss, at least that of one process's full speed,",
		      "/s", known, best, full, best >= full);
}

json_t *stress_targets(const json_t *rows, const json_t *cost)
{
	double bare = real(cost, "added_bare.p50"), traced = real(cost, "added_traced.p50");
	json_t *targets = json_array();

	json_array_append_new(targets, cpu_target(rows));
	json_array_append_new(targets, memory_target(rows));
	json_array_append_new(targets, live_target(rows));
	json_array_append_new(targets, rate_target(rows));
	json_array_append_new(
		targets,
		target("pair", "what tracing adds to a pair of calls, at most three bare probes,",
		       "ns", json_is_object(json_object_get(cost, "added_traced")), traced, bare,
		       traced <= bare));
	return targets;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The mean of the two in the middle where there is no one. */
static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count ? (values[(count - 1) / 2] + values[count / 2]) / 2 : NAN;
}

/* By round, of one state; NULL where the round lacks it. */
static const json_t *state_of(const json_t *rounds, json_int_t round, const char *state)
{
	const json_t *one;
	size_t i;

	json_array_foreach (rounds, i, one) {
		if (json_integer_value(json_object_get(one, "round")) == round &&
		    !strcmp(json_text(one, "state"), state) && !*json_text(one, "reason"))
			return one;
	}
	return NULL;
}

/* The median over the rounds of what a state takes, or takes more than another of its round. */
static bool median_of(const json_t *rounds, const char *state, const char *less, const char *which,
		      double *result)
{
	size_t count = json_array_size(rounds), found = 0;
	double *values = calloc(count + 1, sizeof(*values)), ns, base = 0;

	if (!values)
		die("no memory for %zu rounds", count);
	for (size_t round = 0; round < count; round++) {
		if (!stress_pair_ns(state_of(rounds, round, state), which, &ns) ||
		    (less && !stress_pair_ns(state_of(rounds, round, less), which, &base)))
			continue;
		values[found++] = ns - base;
	}
	*result = median(values, found);
	free(values);
	return found > 0;
}

json_t *stress_cost_summary(const json_t *rounds)
{
	static const struct {
		const char *key, *state, *less;
	} parts[] = {
		{"none", "none", NULL},
		{"bare", "bare", NULL},
		{"traced", "traced", NULL},
		{"added_bare", "bare", "none"},
		{"added_traced", "traced", "none"},
	};
	static const char *const whiches[] = {"p50", "mean"};
	json_t *cost = json_object();

	json_object_set_new(cost, "rounds", json_integer(json_array_size(rounds) / 3));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		json_t *part = json_object();
		double ns;

		for (size_t k = 0; k < ARRAY_SIZE(whiches); k++)
			if (median_of(rounds, parts[i].state, parts[i].less, whiches[k], &ns))
				json_object_set_new(part, whiches[k], stress_real(ns));
		json_object_set_new(cost, parts[i].key,
				    json_object_size(part) ? json_incref(part) : json_null());
		json_decref(part);
	}
	return cost;
}
