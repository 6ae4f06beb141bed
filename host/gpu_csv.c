// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.csv of a GPU run: one line a row, all digits that summary.json has. */
#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "stats.h"
#include "util.h"

/* Of the run, and of the row; its reason stands last before the numbers. */
static const char *const setup_texts[] = {"gpu", "system"};
static const char *const texts[] = {"id",     "metric", "category", "name",  "unit",
				    "better", "clock",	"verdict",  "reason"};
static const char *const numbers[] = {"n", "throttled",
#define PERCENTILE(name, key, per10000) key,
				      PERCENTILES(PERCENTILE)
#undef PERCENTILE
					      "mean",
				      "stddev"};

static void field(const json_t *object, const char *key, FILE *out)
{
	fputc(',', out);
	csv_text(json_text(object, key), out);
}

/* Empty where there is none. */
static void number(const json_t *value, FILE *out)
{
	fputc(',', out);
	if (json_is_number(value))
		fprintf(out, "%.15g", json_number_value(value));
}

/* "overlap=0.98; loop=55.3" */
static void facts(const json_t *row, FILE *out)
{
	char *text = NULL;
	const char *key, *separator = "";
	json_t *value;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		die("no memory for report.csv");
	json_object_foreach (json_object_get(row, "facts"), key, value) {
		fprintf(stream, "%s%s=%s", separator, key, json_string_value(value) ?: "");
		separator = "; ";
	}
	fclose(stream);
	fputc(',', out);
	csv_text(text, out);
	free(text);
}

static void head(FILE *out)
{
	fputs("host,time,emulated", out);
	for (size_t i = 0; i < ARRAY_SIZE(setup_texts); i++)
		fprintf(out, ",%s", setup_texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		fprintf(out, ",%s", texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		fprintf(out, ",%s", numbers[i]);
	fputs(",p50_ci95_low,p50_ci95_high,facts\n", out);
}

void gpu_csv(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup"), *row;
	size_t index;

	head(out);
	json_array_foreach (json_object_get(summary, "rows"), index, row) {
		const json_t *interval = json_object_get(row, "p50_ci95");

		csv_text(json_text(summary, "host"), out);
		field(summary, "time", out);
		fputs(json_is_true(json_object_get(summary, "emulated")) ? ",true" : ",false", out);
		for (size_t i = 0; i < ARRAY_SIZE(setup_texts); i++)
			field(setup, setup_texts[i], out);
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
			field(row, texts[i], out);
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
			number(json_object_get(row, numbers[i]), out);
		number(json_array_get(interval, 0), out);
		number(json_array_get(interval, 1), out);
		facts(row, out);
		fputc('\n', out);
	}
}
