// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "gpu_summary.h"
#include "json_file.h"
#include "row_rule.h"
#include "scores.h"
#include "util.h"

/* All weigh the same: which of them matters is for the reader to say. */
static const struct {
	const char *category;
	double weight;
} weights[] = {
	{"OH", 1},    {"IS", 1},   {"BW", 1},  {"CACHE", 1}, {"PCIE", 1},
	{"SCHED", 1}, {"FRAG", 1}, {"ERR", 1}, {"LLM", 1},   {"NCCL", 1},
};

/* The least score of each grade, the best first. */
static const struct {
	const char *name;
	double least;
} grades[] = {{"A+", 0.98}, {"A", 0.95}, {"B", 0.85}, {"C", 0.70}, {"D", 0.50}, {"F", 0}};

const char *scores_grade(double score)
{
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(grades) && score < grades[i].least)
		i++;
	return grades[i].name;
}

void scores_thresholds(FILE *out)
{
	for (size_t i = 0; i + 1 < ARRAY_SIZE(grades); i++)
		fprintf(out, i ? ", %s %.2f" : "%s from %.2f", grades[i].name, grades[i].least);
	fprintf(out, ", else %s", grades[ARRAY_SIZE(grades) - 1].name);
}

/* That of a category that is not known is 0: it is shown, and of no weight. */
static double weight_of(const char *category)
{
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		if (!strcmp(weights[i].category, category))
			return weights[i].weight;
	return 0;
}

/* "NVIDIA H200", also of "NVIDIA H200 MIG 1g.18gb": a part is held against the whole. */
static size_t gpu_length(const char *gpu)
{
	const char *part = strstr(gpu, " MIG ");

	return part ? (size_t)(part - gpu) : strlen(gpu);
}

int scores_refuse(const json_t *summary, const json_t *reference)
{
	const json_t *both[] = {summary, reference};
	json_t *names[2];
	const char *gpu[2];
	int error = 0;

	for (int i = 0; i < 2; i++) {
		names[i] = json_printable(json_text(json_object_get(both[i], "setup"), "gpu"));
		gpu[i] = json_string_value(names[i]);
	}
	if (strcmp(json_text(summary, "kind"), "gpu") ||
	    strcmp(json_text(reference, "kind"), "gpu")) {
		pr_err("no scores: the run and its reference must both be GPU runs; make host-gpu "
		       "makes one");
		error = -1;
	} else if (gpu_length(gpu[0]) != gpu_length(gpu[1]) ||
		   strncmp(gpu[0], gpu[1], gpu_length(gpu[0]))) {
		pr_err("no scores: the reference is of another GPU, %s, not %s; name a run of this one",
		       gpu[1], gpu[0]);
		error = -1;
	}
	json_decref(names[0]);
	json_decref(names[1]);
	return error;
}

/* A median in the good direction by that of the reference, from 0 to 1; NAN where none is to be. */
static double score_of_medians(const struct row_rule *rule, bool higher, double base, double with)
{
	double worse = higher ? base - with : with - base;

	if (rule->difference && rule->worst > 0)
		return fmin(fmax(1 - worse / rule->worst, 0), 1);
	if (rule->difference) {
		base = fmax(base, rule->absolute);
		with = fmax(with, rule->absolute);
	}
	if (!(base > 0 && with > 0))
		return NAN;
	return fmin(higher ? with / base : base / with, 1);
}

static bool verdict_is(const json_t *row, const char *verdict)
{
	return !strcmp(json_text(row, "verdict"), verdict);
}

/* The score of a row; NAN with the reason where it is not counted. */
static double score_of_row(const json_t *summary, const json_t *row, const json_t *reference,
			   const char **reason)
{
	const json_t *base = summary_row(reference, json_text(row, "id"));
	const struct row_rule *rule = row_rule(summary, row);
	double score;

	*reason = "";
	if (verdict_is(row, "WAIVED"))
		*reason = strncmp(json_text(row, "reason"), "planned", 7) ? "WAIVED" : "planned";
	else if (!base)
		*reason = "not in the reference";
	else if (verdict_is(base, "WAIVED"))
		*reason = "WAIVED in the reference";
	else if (verdict_is(row, "FAILED") || verdict_is(row, "INVALID"))
		return 0;
	else if (!json_object_get(row, rule->of))
		*reason = "no number";
	else if (!verdict_is(base, "ok") || !json_object_get(base, rule->of))
		*reason = "no number in the reference";
	if (**reason)
		return NAN;
	score = score_of_medians(rule, !strcmp(json_text(row, "better"), "higher"),
				 json_number_value(json_object_get(base, rule->of)),
				 json_number_value(json_object_get(row, rule->of)));
	if (isnan(score))
		*reason = "a median that is not above 0";
	return score;
}

/* To a ten-thousandth; null where there is none. */
static json_t *number(double score)
{
	return isnan(score) ? json_null() : json_real(round(score * 10000) / 10000);
}

/* An entry of "metrics"; row is any of its rows. */
static json_t *pack_metric(const json_t *row, double score, size_t rows, size_t counted,
			   const char *reason)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:s}", "metric",
			 json_printable(json_text(row, "metric")), "category",
			 json_printable(json_text(row, "category")), "name",
			 json_printable(json_text(row, "name")), "score", number(score), "rows",
			 (json_int_t)rows, "counted", (json_int_t)counted, "reason", reason);
}

/* The rows of one metric of the run as an entry of "metrics". */
static json_t *score_metric(const json_t *summary, const json_t *reference, const char *metric)
{
	const json_t *row, *first = json_find(json_object_get(summary, "rows"), "metric", metric);
	const char *reason, *verdict = "ok", *left_out = "";
	double product = 1, score;
	size_t i, rows = 0, counted = 0;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (strcmp(json_text(row, "metric"), metric))
			continue;
		rows++;
		score = score_of_row(summary, row, reference, &reason);
		if (isnan(score)) {
			left_out = reason;
			continue;
		}
		counted++;
		product *= score;
		if (!verdict_is(row, "ok"))
			verdict = json_text(row, "verdict");
	}
	score = counted ? pow(product, 1.0 / counted) : NAN;
	return pack_metric(first, score, rows, counted,
			   counted ? strcmp(verdict, "ok") ? verdict : "" : left_out);
}

static json_t *score_metrics(const json_t *summary, const json_t *reference)
{
	json_t *out = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		const char *metric = json_text(row, "metric");

		if (!json_find(out, "metric", metric))
			json_array_append_new(out, score_metric(summary, reference, metric));
	}
	json_array_foreach (json_object_get(reference, "rows"), i, row) {
		if (!json_find(out, "metric", json_text(row, "metric")))
			json_array_append_new(out, pack_metric(row, NAN, 0, 0, "not in this run"));
	}
	return out;
}

/* The metrics of one category as one entry of "categories". */
static json_t *score_category(const json_t *metrics, const char *id)
{
	const json_t *metric, *worst = NULL;
	double sum = 0, least = INFINITY;
	size_t i, of = 0, counted = 0;

	json_array_foreach (metrics, i, metric) {
		const json_t *score = json_object_get(metric, "score");

		if (strcmp(json_text(metric, "category"), id))
			continue;
		of++;
		if (!json_is_number(score))
			continue;
		counted++;
		sum += json_number_value(score);
		if (json_number_value(score) < least) {
			least = json_number_value(score);
			worst = metric;
		}
	}
	return json_pack("{s:o, s:I, s:I, s:f, s:o, s:o, s:o, s:o}", "category", json_printable(id),
			 "metrics", (json_int_t)of, "counted", (json_int_t)counted, "weight",
			 counted ? weight_of(id) : 0, "score",
			 number(counted ? sum / counted : NAN), "grade",
			 counted ? json_string(scores_grade(sum / counted)) : json_null(), "worst",
			 worst ? json_incref(json_object_get(worst, "metric")) : json_null(),
			 "worst_score", number(worst ? least : NAN));
}

static json_t *score_categories(const json_t *metrics)
{
	json_t *out = json_array();
	const json_t *metric;
	size_t i;

	json_array_foreach (metrics, i, metric) {
		const char *id = json_text(metric, "category");

		if (!json_find(out, "category", id))
			json_array_append_new(out, score_category(metrics, id));
	}
	return out;
}

/* Whose scores they are: the reference by its directory, as the archive names it. */
static json_t *describe(const json_t *reference)
{
	const char *time = json_text(reference, "time");
	char run[64];
	size_t length = 0;

	for (; *time && length < sizeof(run) - 5; time++)
		if (*time != '-' && *time != ':')
			run[length++] = *time;
	snprintf(run + length, sizeof(run) - length, "-gpu");
	return json_pack("{s:o, s:o, s:o, s:o}", "run", json_printable(run), "host",
			 json_printable(json_text(reference, "host")), "time",
			 json_printable(json_text(reference, "time")), "system",
			 json_printable(json_text(json_object_get(reference, "setup"), "system")));
}

json_t *scores_of(const json_t *summary, const json_t *reference)
{
	json_t *metrics, *all;
	const json_t *category;
	double sum = 0, weights = 0, total;
	size_t i;

	if (scores_refuse(summary, reference))
		return NULL;
	metrics = score_metrics(summary, reference);
	all = score_categories(metrics);
	json_array_foreach (all, i, category) {
		double weight = json_number_value(json_object_get(category, "weight"));

		sum += weight * json_number_value(json_object_get(category, "score"));
		weights += weight;
	}
	total = weights > 0 ? sum / weights : NAN;
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "reference", describe(reference), "total",
			 number(total), "grade",
			 weights > 0 ? json_string(scores_grade(total)) : json_null(), "categories",
			 all, "metrics", metrics);
}
