// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json of a GPU run: the shape of the other runs, with real numbers. */
#include <stdlib.h>
#include <string.h>

#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "row_rule.h"
#include "scores.h"
#include "stats_real.h"
#include "util.h"

/* How the device of the library begins that lets tests run without one. */
#define FAKE "fake libcuda"

/* The next "key=value" line of a text; false at its end. Lines without "=" are passed over. */
struct line {
	const char *key, *value;
	size_t key_length, value_length;
};

static bool next_line(const struct record *record, const char **at, struct line *line)
{
	const char *end = (const char *)record->payload + record->header.count;

	while (*at < end) {
		const char *stop = memchr(*at, '\n', end - *at) ?: end;
		const char *equals = memchr(*at, '=', stop - *at);

		*line = (struct line){.key = *at};
		*at = stop + (stop < end);
		if (!equals)
			continue;
		line->key_length = equals - line->key;
		line->value = equals + 1;
		line->value_length = stop - line->value;
		return true;
	}
	return false;
}

/* A key or a value in memory, as one line. */
static json_t *text_of(const char *text, size_t length)
{
	return length ? report_line(text, length, true) : json_string("");
}

static void set_text(json_t *object, const struct line *line)
{
	json_t *key = text_of(line->key, line->key_length);

	json_object_set_new(object, json_string_value(key) ?: "",
			    text_of(line->value, line->value_length));
	json_decref(key);
}

/* "132" and "63.015" as numbers; NULL where it is none. */
static json_t *number_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 18)
		return NULL;
	if (!text[digits])
		return json_integer(strtoll(text, NULL, 10));
	if (text[digits] != '.' ||
	    strspn(text + digits + 1, "0123456789") != strlen(text) - digits - 1)
		return NULL;
	return json_real(strtod(text, NULL));
}

/* INFO in texts. */
static json_t *info_texts(const struct gpu_record *records)
{
	const char *at = records->info.payload;
	json_t *info = json_object();
	struct line line;

	while (next_line(&records->info, &at, &line))
		set_text(info, &line);
	return info;
}

json_t *gpu_info(const struct gpu_record *records)
{
	json_t *info = info_texts(records), *value;
	const char *key;

	json_object_foreach (info, key, value) {
		/* Versions and sizes with a suffix are no numbers. */
		json_t *number = strcmp(key, "cuda") ? number_of(json_string_value(value)) : NULL;

		if (number)
			json_object_set_new(info, key, number);
		else if (!*json_string_value(value))
			json_object_set_new(info, key, json_null());
	}
	return info;
}

/* Members of setup, by their names in INFO. What is empty there is unknown. */
static const char *const setup_texts[] = {"gpu",     "driver",	  "cuda",    "system",
					  "preload", "mem_limit", "sm_limit"};

static json_t *setup_of(const struct gpu_run *run, const json_t *texts)
{
	json_t *setup = json_pack("{s:o, s:o}", "cpu", report_env_text(run->env, "host.cpu.model"),
				  "kernel", report_env_text(run->env, "host.kernel"));

	for (size_t i = 0; i < ARRAY_SIZE(setup_texts); i++) {
		const char *text = json_text(texts, setup_texts[i]);

		json_object_set_new(setup, setup_texts[i], json_string(*text ? text : "unknown"));
	}
	json_object_set_new(setup, "quick", json_boolean(!strcmp(json_text(texts, "quick"), "1")));
	json_object_set_new(setup, "plant", number_of(json_text(texts, "plant")) ?: json_null());
	return setup;
}

static bool is_setup(const char *key)
{
	static const char *const others[] = {"kind", "quick", "plant"};

	for (size_t i = 0; i < ARRAY_SIZE(setup_texts); i++)
		if (!strcmp(key, setup_texts[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(key, others[i]))
			return true;
	return false;
}

/* The numbers of the device. gpubench says 0 for what it does not know; only versions may be 0. */
static json_t *device_of(const json_t *texts)
{
	json_t *device = json_object(), *text;
	const char *key;

	json_object_foreach ((json_t *)texts, key, text) {
		json_t *number = is_setup(key) ? NULL : number_of(json_string_value(text));

		if (number && (json_number_value(number) || !strncmp(key, "compute_", 8)))
			json_object_set(device, key, number);
		json_decref(number);
	}
	return device;
}

/* The bins that hold samples, which are in ascending order. */
static json_t *histogram_of(const double *sorted, size_t n)
{
	json_t *bins = json_array();

	for (size_t i = 0, first = 0; i < n; first = i) {
		double low = histogram_real_low(sorted[first]);

		while (i < n && histogram_real_low(sorted[i]) == low)
			i++;
		json_array_append_new(bins, json_pack("[f, I]", low, (json_int_t)(i - first)));
	}
	return bins;
}

static void add_statistics(json_t *out, const struct gpu_row *row, json_int_t throttled)
{
	size_t n = row->series.header.count;
	double *samples = malloc(n * sizeof(*samples));
	struct stats_real stats;

	if (!samples)
		die("no memory for %zu samples", n);
	gpu_samples(row, samples);
	stats_of_reals(samples, n, &stats);
	json_object_set_new(out, "n", json_integer(n));
	json_object_set_new(out, "throttled", json_integer(throttled));
	for (int i = 0; i < STATS_PERCENTILES; i++)
		json_object_set_new(out, percentile_keys[i], json_real(stats.at[i]));
	json_object_set_new(out, "mean", json_real(stats.mean));
	json_object_set_new(out, "stddev", json_real(stats.stddev));
	json_object_set_new(out, "p50_ci95",
			    json_pack("[f, f]", stats.median_low, stats.median_high));
	json_object_set_new(out, "histogram", histogram_of(samples, n));
	free(samples);
}

/* All but the keys that every VERDICT has. */
static json_t *facts_of(const struct gpu_row *row)
{
	const char *at = row->verdict.payload;
	json_t *facts = json_object();
	struct line line;

	while (next_line(&row->verdict, &at, &line))
		if (!gpu_is_verdict_key(line.key, line.key_length))
			set_text(facts, &line);
	return facts;
}

/* Did it run to its end? The samples of what broke on the way mean nothing. */
static bool has_numbers(const struct gpu_row *row)
{
	size_t length;
	const char *status = gpu_verdict(row, GPU_STATUS, &length);

	/* "ok" or "INVALID"; the reader knows no others that begin so. */
	return row->series.header.kind && (*status == 'o' || *status == 'I');
}

static void set_verdict_text(json_t *out, const char *name, const struct gpu_row *row,
			     enum gpu_verdict_key key)
{
	size_t length;
	const char *text = gpu_verdict(row, key, &length);

	json_object_set_new(out, name, text_of(text, length));
}

static json_t *row_summary(const struct gpu_row *row)
{
	size_t length;
	const char *id = gpu_verdict(row, GPU_ID, &length);
	const char *point = memchr(id, '.', length) ?: id + length;
	const char *number = memchr(id, '-', point - id) ?: point;
	const char *throttled = gpu_verdict(row, GPU_THROTTLED, &length);
	json_t *out = json_object();

	set_verdict_text(out, "id", row, GPU_ID);
	json_object_set_new(out, "metric", json_stringn(id, point - id));
	json_object_set_new(out, "category", json_stringn(id, number - id));
	set_verdict_text(out, "name", row, GPU_NAME);
	set_verdict_text(out, "unit", row, GPU_UNIT);
	set_verdict_text(out, "better", row, GPU_BETTER);
	set_verdict_text(out, "clock", row, GPU_CLOCK);
	if (has_numbers(row))
		add_statistics(out, row, strtoll(throttled, NULL, 10));
	set_verdict_text(out, "verdict", row, GPU_STATUS);
	set_verdict_text(out, "reason", row, GPU_REASON);
	json_object_set_new(out, "facts", facts_of(row));
	return out;
}

json_t *gpu_summary(const struct gpu_run *run)
{
	json_t *texts = info_texts(&run->records), *rows = json_array(), *summary, *row;
	json_t *scores = NULL;
	bool valid = true;
	size_t i;

	for (i = 0; i < run->records.count; i++) {
		const char *verdict;

		row = row_summary(&run->records.rows[i]);
		verdict = json_text(row, "verdict");
		valid &= strcmp(verdict, "FAILED") && strcmp(verdict, "INVALID");
		json_array_append_new(rows, row);
	}
	summary = json_pack(
		"{s:s, s:s, s:o, s:o, s:{s:o, s:o}, s:s, s:b, s:s, s:o, s:o, s:o, s:o}", "schema",
		"exitlab-summary/1", "kind", "gpu", "host", report_env_text(run->env, "host.name"),
		"time", report_env_text(run->env, "time"), "tool", "version",
		report_env_text(run->env, "tool.version"), "revision",
		report_env_text(run->env, "tool.revision"), "clock", "ns", "emulated",
		!strncmp(json_text(texts, "gpu"), FAKE, strlen(FAKE)), "status",
		valid ? "ok" : "invalid", "setup", setup_of(run, texts), "device", device_of(texts),
		"environment", report_environment(run->env), "rows", rows);
	json_decref(texts);
	if (json_object_get(run->env, "passthrough"))
		json_object_set(summary, "passthrough", json_object_get(run->env, "passthrough"));
	json_array_foreach (rows, i, row) {
		json_object_set_new(row, "scale", json_string(row_scale(row_rule(summary, row))));
	}
	if (run->reference)
		scores = scores_of(summary, run->reference);
	if (scores)
		json_object_set_new(summary, "scores", scores);
	return summary;
}
