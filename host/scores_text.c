// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The scores of a GPU run for people. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "scores.h"
#include "util.h"

#define CELL 64

/* How a table is drawn: on a terminal, or in markdown. */
struct style {
	const char *row;    /* format of a line of six cells */
	const char *bullet; /* before a line below the table */
	void (*text)(const char *text, FILE *out);
};

static const struct style terminal = {"%-24s  %8s  %6s  %6s  %-5s  %s\n", "", plain_text};
static const struct style markdown = {"| %s | %s | %s | %s | %s | %s |\n", "- ", markdown_text};

static const char *score_text(const json_t *score, char text[CELL])
{
	if (json_is_number(score))
		snprintf(text, CELL, "%.3f", json_number_value(score));
	else
		snprintf(text, CELL, "-");
	return text;
}

static void put_category(const json_t *category, const struct style *style, FILE *out)
{
	json_int_t counted = json_integer_value(json_object_get(category, "counted"));
	char name[CELL], count[CELL], weight[CELL], score[CELL], least[CELL], worst[2 * CELL];

	snprintf(name, CELL, "%.10s, %.30s", json_text(category, "category"),
		 gpu_category_title(json_text(category, "category")));
	snprintf(count, CELL, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT, counted,
		 json_integer_value(json_object_get(category, "metrics")));
	snprintf(weight, CELL, "%.3g", json_number_value(json_object_get(category, "weight")));
	score_text(json_object_get(category, "score"), score);
	snprintf(worst, sizeof(worst), "%.20s %.20s", json_text(category, "worst"),
		 score_text(json_object_get(category, "worst_score"), least));
	fprintf(out, style->row, name, count, weight, score,
		counted ? json_text(category, "grade") : "-", counted ? worst : "-");
}

static void put_total(const json_t *scores, const struct style *style, FILE *out)
{
	const json_t *category;
	json_int_t counted = 0, metrics = 0;
	char count[CELL], weight[CELL], score[CELL];
	double weights = 0;
	size_t i;

	json_array_foreach (json_object_get(scores, "categories"), i, category) {
		counted += json_integer_value(json_object_get(category, "counted"));
		metrics += json_integer_value(json_object_get(category, "metrics"));
		weights += json_number_value(json_object_get(category, "weight"));
	}
	snprintf(count, CELL, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT, counted,
		 metrics);
	snprintf(weight, CELL, "%.3g", weights);
	score_text(json_object_get(scores, "total"), score);
	fprintf(out, style->row, "total", count, weight, score,
		weights > 0 ? json_text(scores, "grade") : "-", "");
}

/* "not counted, WAIVED: OH-005, OH-007": the metrics of a reason, in a line; those planned by
 * number. */
static void put_reason(const json_t *metrics, const char *reason, bool counted,
		       const struct style *style, FILE *out)
{
	const json_t *metric;
	bool planned = !strcmp(reason, "planned");
	const char *separator = ": ";
	size_t i, number = 0;

	fputs(style->bullet, out);
	fputs(counted ? "counted as 0, " : "not counted, ", out);
	style->text(reason, out);
	json_array_foreach (metrics, i, metric) {
		if (strcmp(json_text(metric, "reason"), reason) ||
		    json_is_number(json_object_get(metric, "score")) != counted)
			continue;
		number++;
		if (planned)
			continue;
		fputs(separator, out);
		style->text(json_text(metric, "metric"), out);
		separator = ", ";
	}
	if (planned)
		fprintf(out, ": %zu metric%s", number, number == 1 ? "" : "s");
	fputc('\n', out);
}

static void put_reasons(const json_t *metrics, const struct style *style, FILE *out)
{
	size_t count = json_array_size(metrics);

	for (size_t i = 0; i < count; i++) {
		const json_t *metric = json_array_get(metrics, i);
		const char *reason = json_text(metric, "reason");
		bool counted = json_is_number(json_object_get(metric, "score"));
		size_t first = 0;

		while (strcmp(json_text(json_array_get(metrics, first), "reason"), reason) ||
		       json_is_number(json_object_get(json_array_get(metrics, first), "score")) !=
			       counted)
			first++;
		if (*reason && first == i)
			put_reason(metrics, reason, counted, style, out);
	}
}

/* Which categories have nothing that counts, in a line. */
static void put_empty(const json_t *categories, const struct style *style, FILE *out)
{
	const json_t *category;
	const char *separator = style->bullet;
	size_t i;

	json_array_foreach (categories, i, category) {
		if (json_integer_value(json_object_get(category, "counted")))
			continue;
		fputs(separator, out);
		style->text(json_text(category, "category"), out);
		separator = ", ";
	}
	if (separator != style->bullet)
		fputs(": nothing there counts, so the weight is 0\n", out);
}

static void put_notes(const json_t *scores, const struct style *style, FILE *out)
{
	const json_t *reference = json_object_get(scores, "reference");

	fprintf(out, "%sreference: ", style->bullet);
	style->text(json_text(reference, "run"), out);
	fputs(" on ", out);
	style->text(json_text(reference, "host"), out);
	fputs(", system ", out);
	style->text(json_text(reference, "system"), out);
	fputs("; 1 is as good as that in every row\n", out);
	put_empty(json_object_get(scores, "categories"), style, out);
	put_reasons(json_object_get(scores, "metrics"), style, out);
	fprintf(out, "%sgrades: ", style->bullet);
	scores_thresholds(out);
	fputc('\n', out);
}

static void put_scores(const json_t *scores, const struct style *style, const char *rule, FILE *out)
{
	const json_t *category;
	size_t i;

	fprintf(out, style->row, "category", "counted", "weight", "score", "grade", "worst metric");
	fputs(rule, out);
	json_array_foreach (json_object_get(scores, "categories"), i, category) {
		put_category(category, style, out);
	}
	put_total(scores, style, out);
}

void scores_table(const json_t *summary, FILE *out)
{
	const json_t *scores = json_object_get(summary, "scores");

	if (!json_is_object(scores))
		return;
	fputc('\n', out);
	put_scores(scores, &terminal, "", out);
	put_notes(scores, &terminal, out);
}

void scores_markdown(const json_t *summary, FILE *out)
{
	const json_t *scores = json_object_get(summary, "scores");

	if (!json_is_object(scores))
		return;
	fputs("\n## Scores\n\n", out);
	put_scores(scores, &markdown, "| --- | ---: | ---: | ---: | --- | --- |\n", out);
	fputc('\n', out);
	put_notes(scores, &markdown, out);
}
