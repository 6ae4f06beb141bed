// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The runs that are compared: read, and checked as far as a comparison uses them. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"
#include "json_file.h"
#include "stats.h"
#include "util.h"

int refuse(const char *format, ...)
{
	va_list arguments;
	char *line;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		die("no memory for a text");
	va_end(arguments);
	tame(line);
	pr_err("%s", line);
	free(line);
	return -1;
}

bool side_has_row(const struct side *side, const char *id)
{
	for (size_t i = 0; i < side->count; i++)
		if (!summary_row(side->runs[i].summary, id))
			return false;
	return true;
}

/* Is there a string of that name? */
static bool has_text(const json_t *object, const char *key)
{
	return json_is_string(json_object_get(object, key));
}

/* May a bin begin there? Samples are whole and have 32 bits, or are real. */
static bool is_low(const json_t *low, bool real)
{
	double size = fabs(json_number_value(low));

	if (real)
		return json_is_number(low) && (size == 0 || (size > 1e-300 && size < 1e300));
	return json_is_integer(low) && json_integer_value(low) >= 0 &&
	       json_integer_value(low) <= UINT32_MAX;
}

/* Ascending lows, whose counts add up to n. */
static const char *histogram_fault(const json_t *row, bool real)
{
	const json_t *histogram = json_object_get(row, "histogram"), *bin;
	json_int_t left = json_integer_value(json_object_get(row, "n"));
	double last = -INFINITY;
	size_t i;

	if (!histogram)
		return NULL;
	if (!json_is_array(histogram))
		return "histogram is not an array";
	json_array_foreach (histogram, i, bin) {
		const json_t *low = json_array_get(bin, 0), *count = json_array_get(bin, 1);

		if (!is_low(low, real) || json_number_value(low) <= last)
			return "the bins of histogram are not ascending";
		if (!json_is_integer(count) || json_integer_value(count) <= 0 ||
		    json_integer_value(count) > left)
			return "the counts of histogram do not add up to n";
		last = json_number_value(low);
		left -= json_integer_value(count);
	}
	return left ? "the counts of histogram do not add up to n" : NULL;
}

static const char *interval_fault(const json_t *row)
{
	const json_t *interval = json_object_get(row, "p50_ci95");
	const json_t *low = json_array_get(interval, 0), *high = json_array_get(interval, 1);
	double median = json_number_value(json_object_get(row, "p50"));

	if (!interval || json_is_null(interval))
		return NULL;
	if (!json_is_number(low) || !json_is_number(high) || json_array_size(interval) != 2)
		return "p50_ci95 is not two numbers";
	return json_number_value(low) <= median && median <= json_number_value(high)
		       ? NULL
		       : "p50_ci95 does not hold p50";
}

/* What is wrong with the statistics of a row; NULL: nothing. A row that did not run has none. */
static const char *statistics_fault(const json_t *row, bool real)
{
	const json_t *n = json_object_get(row, "n");
	double last = -INFINITY;

	if (!json_object_get(row, "p50"))
		return NULL;
	if (!json_is_integer(n) || json_integer_value(n) <= 0)
		return "n is not a number of samples";
	for (int i = 0; i < STATS_PERCENTILES; i++) {
		const json_t *value = json_object_get(row, percentile_keys[i]);

		if (!value && i != STATS_P50)
			continue;
		if (!json_is_number(value))
			return "a percentile is not a number";
		if (json_number_value(value) < last)
			return "the percentiles are not ascending";
		last = json_number_value(value);
	}
	return interval_fault(row) ?: histogram_fault(row, real);
}

static const char *row_fault(const json_t *rows, const json_t *row, bool real)
{
	const char *better = json_text(row, "better");

	if (!has_text(row, "id") || !has_text(row, "unit") || !has_text(row, "verdict"))
		return "a row lacks its id, unit or verdict";
	if (strcmp(better, "lower") && strcmp(better, "higher"))
		return "better is neither lower nor higher";
	for (size_t i = 0; json_array_get(rows, i) != row; i++)
		if (!strcmp(json_text(json_array_get(rows, i), "id"), json_text(row, "id")))
			return "it is there twice";
	return statistics_fault(row, real);
}

static int check_summary(const char *path, const json_t *summary)
{
	const json_t *rows = json_object_get(summary, "rows"), *row;
	const char *schema = json_text(summary, "schema");
	bool real = summary_is_of_gpu(summary);
	size_t i;

	if (strcmp(schema, "exitlab-summary/1"))
		return refuse("%s: not the summary of a run, exitlab-summary/1; its schema is %s",
			      path, schema);
	if (!has_text(summary, "kind") || !has_text(summary, "clock") || !json_is_array(rows))
		return refuse("%s: damaged: kind, clock or rows are missing", path);
	/* Their rows are loads with many figures each, and none has a distribution. */
	if (!strcmp(json_text(summary, "kind"), "gpumem-stress"))
		return refuse("%s: runs of gpumem-stress have no medians to compare", path);
	json_array_foreach (rows, i, row) {
		const char *fault = row_fault(rows, row, real);

		if (fault)
			return refuse("%s: damaged: %s: %s", path, json_text(row, "id"), fault);
	}
	if (!i)
		return refuse("%s: it has no rows", path);
	return 0;
}

/* Adds a run of length bytes of path to the side. 0, or -1 with one line on stderr. */
static int read_run(struct side *side, const char *path, size_t length)
{
	struct side_run *run;
	char file[PATH_MAX];
	json_error_t error;
	struct stat status;

	side->runs = reallocarray(side->runs, side->count + 1, sizeof(*side->runs));
	if (!side->runs)
		die("no memory for a run");
	run = &side->runs[side->count++];
	*run = (struct side_run){.path = strndup(path, length)};
	if (!run->path)
		die("no memory for a path");
	if (!length)
		return refuse("an empty name; give the directory of a run, or a summary.json");
	if (stat(run->path, &status))
		return refuse("%s: %s; give the directory of a run, or a summary.json", run->path,
			      strerror(errno));
	snprintf(file, sizeof(file), "%s%s", run->path,
		 S_ISDIR(status.st_mode) ? "/summary.json" : "");
	if (stat(file, &status))
		return refuse("%s: %s; of a run `exitlab report %s` makes it", file,
			      strerror(errno), run->path);
	if (!S_ISREG(status.st_mode))
		return refuse("%s: not a file; give the directory of a run, or a summary.json",
			      file);
	if (access(file, R_OK))
		return refuse("%s: %s", file, strerror(errno));
	run->summary = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	if (!run->summary)
		return refuse("%s:%d: %s; `exitlab report` makes it anew", file, error.line,
			      error.text);
	return check_summary(file, run->summary);
}

/* A run that is there twice would pass for one that does not vary. 0, or -1 with one line on
 * stderr. */
static int check_twice(const struct side *side)
{
	const struct side_run *last = &side->runs[side->count - 1];

	for (const struct side_run *run = side->runs; run < last; run++)
		if (!strcmp(json_text(run->summary, "host"), json_text(last->summary, "host")) &&
		    !strcmp(json_text(run->summary, "time"), json_text(last->summary, "time")))
			return refuse(
				"%s and %s are the same run, of one host and time; give each once",
				run->path, last->path);
	return 0;
}

int side_read(struct side *side, const char *argument)
{
	struct stat status;
	int error = 0;

	*side = (struct side){0};
	/* A comma may be part of a name. */
	if (!stat(argument, &status))
		error = read_run(side, argument, strlen(argument));
	else
		for (const char *at = argument; !error; at += strcspn(at, ",") + 1) {
			error = read_run(side, at, strcspn(at, ",")) || check_twice(side);
			if (!at[strcspn(at, ",")])
				break;
		}
	if (error)
		side_free(side);
	return error ? -1 : 0;
}

void side_free(struct side *side)
{
	for (size_t i = 0; i < side->count; i++) {
		free(side->runs[i].path);
		json_decref(side->runs[i].summary);
	}
	free(side->runs);
	*side = (struct side){0};
}
