// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "outcome.h"

static const struct estimate unknown = {NAN, NAN, NAN};

void outcome_set(struct case_outcome *outcome, enum trial_status status, const char *format, ...)
{
	va_list arguments;

	if (outcome->status != TRIAL_OK)
		return;
	outcome->status = status;
	va_start(arguments, format);
	vsnprintf(outcome->reason, sizeof(outcome->reason), format, arguments);
	va_end(arguments);
}

void outcome_free(struct case_outcome *outcome)
{
	struct series *const all[] = {&outcome->whole, &outcome->launch, &outcome->whole_off,
				      &outcome->launch_off};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		free(all[i]->samples);
		*all[i] = (struct series){0};
	}
}

/* Sorts the samples of the round. */
static void add_samples(struct series *series, size_t round, double *samples, size_t count)
{
	struct stats_real stats;
	double *all = realloc(series->samples, (series->count + count) * sizeof(*all));

	if (!all)
		die("no memory for %zu samples", series->count + count);
	stats_of_reals(samples, count, &stats);
	series->medians[round] =
		(struct estimate){stats.at[STATS_P50], stats.median_low, stats.median_high};
	memcpy(all + series->count, samples, count * sizeof(*all));
	series->samples = all;
	series->count += count;
}

static void add_pair(struct series *whole, struct series *launch, size_t round,
		     const struct samples *samples)
{
	add_samples(whole, round, samples->whole_us, samples->count);
	add_samples(launch, round, samples->launch_us, samples->count);
}

/* What another program prints: its median where it does, else its mean; no interval. */
static void add_figure(struct case_outcome *outcome, const struct trial *trial)
{
	double value = isnan(trial->median_us) ? trial->mean_us : trial->median_us;

	outcome->whole.medians[outcome->rounds] = (struct estimate){value, value, value};
	if (!isnan(trial->p99_us) && !(outcome->p99_us > trial->p99_us))
		outcome->p99_us = trial->p99_us;
}

void outcome_add(struct case_outcome *outcome, const struct trial *trial)
{
	if (!outcome->rounds)
		outcome->p99_us = NAN;
	outcome->hits = trial->hits;
	outcome->launches = trial->launches;
	outcome->threads = trial->threads;
	outcome->elements = trial->elements;
	if (*trial->device) {
		strcpy(outcome->device, trial->device);
		strcpy(outcome->pci, trial->pci);
		strcpy(outcome->cuda, trial->cuda);
	}
	if (trial->status) {
		outcome_set(outcome, trial->status, "%s", trial->reason);
		return;
	}
	if (trial->on.count)
		add_pair(&outcome->whole, &outcome->launch, outcome->rounds, &trial->on);
	else
		add_figure(outcome, trial);
	if (trial->off.count)
		add_pair(&outcome->whole_off, &outcome->launch_off, outcome->rounds, &trial->off);
	outcome->rounds++;
}

void outcome_prove(struct case_outcome *outcome, const struct trial *trial)
{
	outcome->hits.counted = trial->hits.counted;
	outcome->hits.count = trial->hits.count;
	outcome->hits.due = trial->hits.due;
	outcome->hits.lost = trial->hits.lost;
	if (trial->status)
		outcome_set(outcome, trial->status, "in the run for the proof: %s", trial->reason);
}

static struct estimate scaled(const struct estimate *estimate, double by)
{
	return (struct estimate){estimate->value * by, estimate->low * by, estimate->high * by};
}

static struct estimate difference_of(const struct estimate *base, const struct estimate *with,
				     size_t rounds)
{
	struct estimate each[ROUNDS_MOST] = {{0}};

	for (size_t i = 0; i < rounds; i++)
		each[i] = estimate_difference(&base[i], &with[i]);
	return estimate_of_runs_difference(each, rounds);
}

static struct estimate ratio_of(const struct estimate *base, const struct estimate *with,
				size_t rounds)
{
	struct estimate each[ROUNDS_MOST] = {{0}};

	for (size_t i = 0; i < rounds; i++)
		each[i] = estimate_ratio(&base[i], &with[i]);
	return estimate_of_runs(each, rounds);
}

/* Of one figure without samples nothing is known but itself. */
static bool has_interval(const struct case_outcome *outcome)
{
	return outcome->whole.count || outcome->rounds > 1;
}

void overhead_of(const struct case_outcome *base, const struct case_outcome *with,
		 double hits_per_launch, struct overhead *overhead)
{
	bool in_turns = with->whole_off.count;
	const struct series *whole = in_turns ? &with->whole_off : &base->whole;
	const struct series *launch = in_turns ? &with->launch_off : &base->launch;
	size_t rounds = with->rounds;

	*overhead = (struct overhead){
		.ratio = ratio_of(whole->medians, with->whole.medians, rounds),
		.us = difference_of(whole->medians, with->whole.medians, rounds),
		.launch_us = unknown,
		.ns_per_hit = unknown,
		.in_turns = in_turns,
	};
	if (!in_turns && (!has_interval(base) || !has_interval(with))) {
		overhead->ratio.low = 0;
		overhead->us.low = -INFINITY;
		overhead->ratio.high = overhead->us.high = INFINITY;
	}
	if (launch->count && with->launch.count)
		overhead->launch_us = difference_of(launch->medians, with->launch.medians, rounds);
	if (hits_per_launch > 0)
		overhead->ns_per_hit = scaled(&overhead->us, 1000 / hits_per_launch);
}

static void summarise_series(struct series *series)
{
	if (series->count)
		stats_of_reals(series->samples, series->count, &series->stats);
}

static void summarise(struct case_outcome *outcome)
{
	struct series *whole = &outcome->whole;

	outcome->median = unknown;
	outcome->median_us = NAN;
	if (!outcome->rounds)
		return;
	outcome->median = estimate_of_runs(whole->medians, outcome->rounds);
	outcome->median_us = outcome->median.value;
	if (!has_interval(outcome))
		outcome->median = (struct estimate){outcome->median_us, 0, INFINITY};
	if (!whole->count)
		return;
	summarise_series(whole);
	summarise_series(&outcome->launch);
	summarise_series(&outcome->whole_off);
	summarise_series(&outcome->launch_off);
	outcome->median_us = whole->stats.at[STATS_P50];
	outcome->p99_us = whole->stats.at[STATS_P99];
}

static double hits_per_launch(const struct case_outcome *outcome)
{
	const struct trial one = {.launches = 1,
				  .threads = outcome->threads,
				  .elements = outcome->elements,
				  .hits = outcome->hits};

	return hits_due(&one);
}

static void judge(struct case_outcome *outcome, const struct case_outcome *base,
		  const char *baseline)
{
	const struct overhead *overhead = &outcome->overhead;

	if (outcome->status)
		return;
	if (base->status || base->rounds != outcome->rounds) {
		outcome_set(outcome, TRIAL_INVALID, "its baseline \"%s\" is %s", baseline,
			    base->status ? trial_status_names[base->status] : "of other rounds");
		return;
	}
	overhead_of(base, outcome, hits_per_launch(outcome), &outcome->overhead);
	outcome->compared = true;
	if (judge_ratio(&overhead->ratio, FASTER_MARGIN, false) == CHANGE_FASTER)
		outcome_set(
			outcome, TRIAL_INVALID,
			"faster than its baseline, %.3f (%.3f to %.3f) of it, which no probe makes "
			"a kernel: they were not measured alike",
			overhead->ratio.value, overhead->ratio.low, overhead->ratio.high);
}

void outcomes_judge(struct case_outcome *outcomes, const struct config *config)
{
	for (size_t i = 0; i < config->count; i++)
		summarise(&outcomes[i]);
	for (size_t i = 0; i < config->count; i++) {
		const struct test_case *one = &config->cases[i];

		if (one->base >= 0 && outcomes[i].rounds)
			judge(&outcomes[i], &outcomes[one->base], one->baseline);
	}
}
