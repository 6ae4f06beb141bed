// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* micro_result.json, and the record of the run. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/json_file.h"
#include "../../host/util.h"
#include "../record_put.h"
#include "results.h"

static const char *any_text(const struct results *results, size_t offset)
{
	for (size_t i = 0; i < results->config->count; i++) {
		const char *text = (const char *)&results->outcomes[i] + offset;

		if (*text)
			return text;
	}
	return "unknown";
}

const char *results_device(const struct results *results)
{
	return any_text(results, offsetof(struct case_outcome, device));
}

const char *results_pci(const struct results *results)
{
	return any_text(results, offsetof(struct case_outcome, pci));
}

const char *results_cuda(const struct results *results)
{
	return any_text(results, offsetof(struct case_outcome, cuda));
}

/* To six digits, since a hit may cost far less than its unit; null where it is not known. */
static json_t *real(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", value);
	return isfinite(value) ? json_real(strtod(text, NULL)) : json_null();
}

static void set_estimate(json_t *object, const char *key, const struct estimate *estimate)
{
	char ci[64];

	snprintf(ci, sizeof(ci), "%s_ci95", key);
	json_object_set_new(object, key, real(estimate->value));
	json_object_set_new(object, ci,
			    json_pack("[o, o]", real(estimate->low), real(estimate->high)));
}

static json_t *statistics(const struct series *series)
{
	const struct stats_real *stats = &series->stats;

	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "n", (json_int_t)stats->n,
			 "mean", real(stats->mean), "median", real(stats->at[STATS_P50]), "min",
			 real(stats->at[STATS_MIN]), "max", real(stats->at[STATS_MAX]), "p95",
			 real(stats->at[STATS_P95]), "p99", real(stats->at[STATS_P99]), "stddev",
			 real(stats->stddev));
}

static json_t *hits_json(const struct case_outcome *outcome)
{
	const struct hits *hits = &outcome->hits;

	if (!hits->per)
		return json_null();
	return json_pack("{s:s, s:I, s:b, s:o, s:I, s:I}", "per", hit_per_names[hits->per], "times",
			 (json_int_t)hits->times, "apart", hits->apart, "counted",
			 hits->counted ? json_integer(hits->count) : json_null(), "due",
			 (json_int_t)hits->due, "lost", (json_int_t)hits->lost);
}

static json_t *overhead_json(const struct overhead *overhead)
{
	json_t *object = json_object();

	json_object_set_new(object, "against",
			    json_string(overhead->in_turns ? "turns" : "baseline"));
	set_estimate(object, "ratio", &overhead->ratio);
	set_estimate(object, "us", &overhead->us);
	set_estimate(object, "launch_us", &overhead->launch_us);
	set_estimate(object, "ns_per_hit", &overhead->ns_per_hit);
	return object;
}

static json_t *rounds_json(const struct case_outcome *outcome)
{
	json_t *rounds = json_array();

	for (size_t i = 0; i < outcome->rounds; i++) {
		json_t *round = json_object();

		set_estimate(round, "median_us", &outcome->whole.medians[i]);
		if (outcome->whole_off.count)
			set_estimate(round, "off_median_us", &outcome->whole_off.medians[i]);
		json_array_append_new(rounds, round);
	}
	return rounds;
}

static json_t *case_json(const struct test_case *one, const struct case_outcome *outcome)
{
	bool ran = outcome->status == TRIAL_OK || outcome->status == TRIAL_INVALID;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s}", "name", one->name, "workload",
				   one->workload, "probe_binary_cmd", one->probe, "baseline",
				   one->baseline, "verdict", trial_status_names[outcome->status],
				   "reason", outcome->reason);

	if (!ran || !outcome->rounds)
		return object;
	json_object_set_new(
		object, "avg_time_us",
		real(outcome->whole.count ? outcome->whole.stats.mean : outcome->median_us));
	json_object_set_new(object, "median_us", real(outcome->median_us));
	json_object_set_new(
		object, "median_us_ci95",
		json_pack("[o, o]", real(outcome->median.low), real(outcome->median.high)));
	json_object_set_new(object, "p99_us", real(outcome->p99_us));
	if (outcome->whole.count) {
		json_object_set_new(object, "whole_us", statistics(&outcome->whole));
		json_object_set_new(object, "launch_us", statistics(&outcome->launch));
	}
	if (outcome->whole_off.count) {
		json_object_set_new(object, "whole_off_us", statistics(&outcome->whole_off));
		json_object_set_new(object, "launch_off_us", statistics(&outcome->launch_off));
	}
	json_object_set_new(object, "launches", json_integer(outcome->launches));
	json_object_set_new(object, "threads", json_integer(outcome->threads));
	json_object_set_new(object, "hits", hits_json(outcome));
	json_object_set_new(object, "overhead",
			    outcome->compared && !outcome->status
				    ? overhead_json(&outcome->overhead)
				    : json_null());
	json_object_set_new(object, "rounds", rounds_json(outcome));
	return object;
}

json_t *results_json(const struct results *results)
{
	const struct config *config = results->config;
	json_t *tests = json_array();

	for (size_t i = 0; i < config->count; i++)
		if (results->selected[i])
			json_array_append_new(tests,
					      case_json(&config->cases[i], &results->outcomes[i]));
	return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:O, s:o}", "schema",
			 RESULTS_SCHEMA, "device", results_device(results), "driver",
			 *results->driver ? results->driver : NULL, "cuda", results_cuda(results),
			 "host", results->host, "timestamp", results->time, "config_file",
			 config->path, "clock", "host", "rounds", (json_int_t)results->rounds,
			 "faster_margin", FASTER_MARGIN, "workload_presets", config->presets,
			 "tests", tests);
}

static void plain_row(const char *name, char row[64])
{
	size_t length = 0;
	bool gap = false;

	if (!isalpha((unsigned char)*name))
		row[length++] = 'T';
	for (; *name && length < 56; name++) {
		bool fits = isalnum((unsigned char)*name) || *name == '.';

		if (fits && gap && length)
			row[length++] = '-';
		if (fits) {
			row[length] = length ? *name : toupper((unsigned char)*name);
			length++;
		}
		gap = !fits;
	}
	row[length] = '\0';
}

void results_row(const struct results *results, size_t index, char row[64])
{
	const struct test_case *cases = results->config->cases;
	unsigned int same = 1;
	char other[64];

	plain_row(cases[index].name, row);
	for (size_t i = 0; i < index; i++) {
		plain_row(cases[i].name, other);
		same += !strcmp(other, row);
	}
	if (same > 1)
		sprintf(row + strlen(row), "_%u", same);
}

static void facts(const struct test_case *one, const struct case_outcome *outcome, FILE *text)
{
	const struct hits *hits = &outcome->hits;

	fprintf(text, "workload=%s\nload=%s\nlaunches=%" PRIu64 "\n", one->workload, one->load,
		outcome->launches);
	if (*one->probe)
		fprintf(text, "probe=%s\n", one->probe);
	if (one->baseline)
		fprintf(text, "baseline=%s\n", one->baseline);
	if (hits->counted)
		fprintf(text, "hits=%" PRIu64 "\nlost=%" PRIu64 "\nper=%s\ntimes=%" PRIu64 "\n",
			hits->count, hits->lost, hit_per_names[hits->per], hits->times);
	if (outcome->whole_off.count)
		fprintf(text, "off_us=%.4f\n", outcome->whole_off.stats.at[STATS_P50]);
	if (outcome->compared && !outcome->status)
		fprintf(text, "overhead_ratio=%.4f\noverhead_us=%.4f\nns_per_hit=%.4f\n",
			outcome->overhead.ratio.value, outcome->overhead.us.value,
			outcome->overhead.ns_per_hit.value);
}

/* Commands are as long as the configuration has them. */
static int put_verdict(const struct results *results, size_t index, struct record_header header,
		       FILE *out)
{
	const struct case_outcome *outcome = &results->outcomes[index];
	const struct test_case *one = &results->config->cases[index];
	char *text = NULL, row[64];
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int error;

	if (!stream)
		die("no memory");
	results_row(results, index, row);
	fprintf(stream,
		"status=%s\nreason=%s\nid=%s\nname=%s\nunit=us\nbetter=lower\nclock=host\n"
		"throttled=0\n",
		trial_status_names[outcome->status], outcome->reason, row, one->name);
	facts(one, outcome, stream);
	if (fclose(stream))
		die("no memory");
	header.kind = RECORD_VERDICT;
	header.executed = 0;
	error = record_put_text(out, header, text);
	free(text);
	return error;
}

static int put_row(const struct results *results, size_t index, uint64_t *samples, FILE *out)
{
	const struct case_outcome *outcome = &results->outcomes[index];
	struct record_header header = {.kind = RECORD_SERIES,
				       .row = index + 1,
				       .pass = PASS_TIMED,
				       .width = sizeof(double),
				       .count = outcome->whole.count,
				       .executed = outcome->launches * outcome->rounds};
	double figures[ROUNDS_MOST];
	const double *values = outcome->whole.samples;

	for (size_t i = 0; i < outcome->rounds; i++)
		figures[i] = outcome->whole.medians[i].value;
	if (!values) {
		values = figures;
		header.count = header.executed = outcome->rounds;
	}
	if (header.count && record_put(out, header, values))
		return -1;
	*samples += header.count;
	return put_verdict(results, index, header, out);
}

int results_record(const struct results *results, FILE *out)
{
	struct record_header done = {.kind = RECORD_DONE};
	char text[1024];

	snprintf(text, sizeof(text),
		 "kind=gpu-overhead\nsystem=native\npreload=none\nmem_limit=none\nsm_limit=none\n"
		 "quick=0\nplant=1\ngpu=%s\npci=%s\ndriver=%s\ncuda=%s\n",
		 results_device(results), results_pci(results), results->driver,
		 results_cuda(results));
	if (record_put_text(out, (struct record_header){.kind = RECORD_INFO}, text))
		return -1;
	for (size_t i = 0; i < results->config->count; i++) {
		if (!results->selected[i])
			continue;
		if (put_row(results, i, &done.total, out))
			return -1;
		done.executed++;
	}
	return record_put(out, done, "");
}
