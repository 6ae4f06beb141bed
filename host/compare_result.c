// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The comparison itself: each row of the base with the same row of another side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "compare.h"
#include "estimate.h"
#include "json_file.h"
#include "row_rule.h"
#include "util.h"

/* Below this many samples there is no 95 % interval of their median (stats.h). */
#define FEWEST_SAMPLES 6

static const char *const change_names[CHANGES + 1] = {"SAME", "FASTER", "SLOWER", "UNSURE",
						      "NOT COMPARED"};
#define NOT_COMPARED CHANGES

/* What one side says of a row. */
struct row_side {
	struct estimate estimate;
	json_int_t n;	      /* samples of all its runs */
	const char *unproved; /* a verdict that does not vouch for the path; NULL: none */
	char *fault;	      /* why it has no median to compare; NULL: it has */
};

static bool is_one_of(const char *text, const char *a, const char *b)
{
	return !strcmp(text, a) || !strcmp(text, b);
}

/*
 * A row's median, or what its rule names, in one run. Counted instructions are as exact as their
 * interval says: one of no width, but in rows that wait for something. What is no time is counted,
 * too.
 */
static struct estimate estimate_of_row(const json_t *row, const struct row_rule *rule, bool exact)
{
	const json_t *interval = json_object_get(row, "p50_ci95");
	double value = json_number_value(json_object_get(row, rule->of));
	double least = rule->difference ? -INFINITY : 0;
	bool few = json_integer_value(json_object_get(row, "n")) < FEWEST_SAMPLES;
	bool counted = exact || !strcmp(json_text(row, "clock"), "none");

	if (strcmp(rule->of, "p50"))
		return (struct estimate){value, value, value};
	if (!json_is_array(interval) || (few && !counted))
		return (struct estimate){value, least, INFINITY};
	return (struct estimate){value, fmax(json_number_value(json_array_get(interval, 0)), least),
				 json_number_value(json_array_get(interval, 1))};
}

/* A measurement that is listed and does not exist yet. */
static bool is_planned(const char *verdict, const json_t *row)
{
	return !strcmp(verdict, "WAIVED") && !strncmp(json_text(row, "reason"), "planned", 7);
}

/* Why the row of a run has no median to compare; NULL: it has one. The caller's to free. */
static char *row_fault(const struct side_run *run, const json_t *row, const struct row_rule *rule)
{
	const char *verdict = json_text(row, "verdict"), *reason = "";
	char *text;

	if (is_one_of(verdict, "INVALID", "WAIVED") || !strcmp(verdict, "FAILED"))
		reason = json_text(row, "reason");
	else if (!json_object_get(row, "p50") || !json_object_get(row, rule->of))
		reason = "it has no numbers";
	else if (!rule->difference && json_number_value(json_object_get(row, "p50")) <= 0)
		reason = "a median that is not above 0 has no ratio";
	else
		return NULL;
	if (is_planned(verdict, row)
		    ? asprintf(&text, "%s", COMPARE_PLANNED) < 0
		    : asprintf(&text, "%s: %s: %s", run->path, verdict, reason) < 0)
		die("no memory for a text");
	return text;
}

/* fault is the caller's to free. */
static struct row_side row_side_of(const struct side *side, const char *id,
				   const struct row_rule *rule, bool exact)
{
	struct estimate *runs = calloc(side->count, sizeof(*runs));
	struct row_side out = {0};

	if (!runs)
		die("no memory for %zu runs", side->count);
	for (size_t i = 0; !out.fault && i < side->count; i++) {
		const json_t *row = summary_row(side->runs[i].summary, id);
		const char *verdict = json_text(row, "verdict");

		out.fault = row_fault(&side->runs[i], row, rule);
		out.n += json_integer_value(json_object_get(row, "n"));
		runs[i] = estimate_of_row(row, rule, exact);
		if (is_one_of(verdict, "UNPROVEN", "NO-EXIT"))
			out.unproved = verdict;
	}
	if (!out.fault)
		out.estimate = rule->difference ? estimate_of_runs_difference(runs, side->count)
						: estimate_of_runs(runs, side->count);
	free(runs);
	return out;
}

/* An integer where it is one; null where it is none at all. */
static json_t *number(double value)
{
	if (!isfinite(value))
		return json_null();
	return value == rint(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value)
							  : json_real(value);
}

static json_t *interval_of(const struct estimate *estimate)
{
	if (!isfinite(estimate->low) || !isfinite(estimate->high))
		return json_null();
	return json_pack("[o, o]", number(estimate->low), number(estimate->high));
}

static json_t *side_numbers(const struct row_side *side)
{
	if (side->fault)
		return json_null();
	return json_pack("{s:I, s:o, s:o}", "n", side->n, "p50", number(side->estimate.value),
			 "p50_ci95", interval_of(&side->estimate));
}

/* Why a row was not compared, or what does not vouch for it. */
static json_t *reason_of(const struct row_side *base, const struct row_side *with)
{
	char text[64] = "";

	if (base->fault || with->fault)
		return json_printable(base->fault ?: with->fault);
	if (base->unproved || with->unproved)
		snprintf(text, sizeof(text), "%s in %s", base->unproved ?: with->unproved,
			 base->unproved && with->unproved ? "both"
			 : base->unproved		  ? "the base"
							  : "the other");
	return json_string(text);
}

/* The rule of a row, with the margin that was asked for in place of its own. */
static struct row_rule rule_of(const json_t *summary, const json_t *row, double margin)
{
	struct row_rule rule = *row_rule(summary, row);

	if (margin < 0)
		return rule;
	rule.share = margin;
	/* A percentage has percentage points. */
	if (rule.difference && !strcmp(json_text(row, "unit"), "%"))
		rule.absolute = 100 * margin;
	return rule;
}

/* Adds what changed from the base to the other; what it is called. */
static enum change add_change(json_t *out, const struct row_rule *rule, bool higher_is_better,
			      const struct estimate *base, const struct estimate *with)
{
	double margin = row_margin(rule, base->value);
	struct estimate change = estimate_difference(base, with), ratio;

	json_object_set_new(out, "change", number(change.value));
	json_object_set_new(out, "margin", number(margin));
	if (rule->difference) {
		json_object_set_new(out, "change_ci95", interval_of(&change));
		return judge_difference(&change, margin, higher_is_better);
	}
	ratio = estimate_ratio(base, with);
	json_object_set_new(out, "ratio", number(ratio.value));
	json_object_set_new(out, "ratio_ci95", interval_of(&ratio));
	return judge_ratio(&ratio, margin, higher_is_better);
}

static json_t *compare_row(const struct side *base, const struct side *with, const json_t *row,
			   double margin, bool exact)
{
	const struct row_rule rule = rule_of(base->runs[0].summary, row, margin);
	const char *id = json_text(row, "id"), *better = json_text(row, "better");
	struct row_side sides[2] = {row_side_of(base, id, &rule, exact),
				    row_side_of(with, id, &rule, exact)};
	json_t *out = json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o}", "id", json_printable(id),
				"unit", json_printable(json_text(row, "unit")), "better", better,
				"scale", row_scale(&rule), "of", rule.of, "base",
				side_numbers(&sides[0]), "with", side_numbers(&sides[1]));
	int change = NOT_COMPARED;

	if (!sides[0].fault && !sides[1].fault)
		change = add_change(out, &rule, !strcmp(better, "higher"), &sides[0].estimate,
				    &sides[1].estimate);
	json_object_set_new(out, "verdict", json_string(change_names[change]));
	json_object_set_new(out, "reason", reason_of(&sides[0], &sides[1]));
	free(sides[0].fault);
	free(sides[1].fault);
	return out;
}

static json_t *describe_side(const struct side *side)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < side->count; i++) {
		const json_t *summary = side->runs[i].summary;

		json_array_append_new(runs,
				      json_pack("{s:o, s:o, s:o}", "path",
						json_printable(side->runs[i].path), "host",
						json_printable(json_text(summary, "host")), "time",
						json_printable(json_text(summary, "time"))));
	}
	return json_pack("{s:o}", "runs", runs);
}

/* What the reader of a comparison has to know of a side. */
static void add_side_notes(json_t *notes, const struct side *side, bool exact)
{
	for (size_t i = 0; i < side->count; i++) {
		const struct side_run *run = &side->runs[i];
		const json_t *card = json_object_get(run->summary, "card"), *difference;
		json_t *differences = compare_setups(side->runs[0].summary, run->summary);
		char text[1024], *note;
		size_t k;

		json_array_foreach (differences, k, difference) {
			if (asprintf(&note, "%s and %s are one side and differ in %s",
				     side->runs[0].path, run->path,
				     json_text(difference, "key")) < 0)
				die("no memory for a text");
			json_array_append_new(notes, json_printable(note));
			free(note);
		}
		json_decref(differences);
		/* What disturbs a CPU adds no instruction to the median. */
		if (exact || !json_is_object(card) || !strcmp(json_text(card, "verdict"), "CLEAN"))
			continue;
		card_describe(card, text, sizeof(text));
		if (asprintf(&note, "card of %s: %s", run->path, text) < 0)
			die("no memory for a text");
		json_array_append_new(notes, json_printable(note));
		free(note);
	}
}

/* Rows of any run of a side that the other comparison partners lack, each once. */
static void add_left_out(json_t *left_out, const struct side *side, const struct side *base,
			 const struct side *with)
{
	for (size_t i = 0; i < side->count; i++) {
		const json_t *row, *other;
		size_t k, j;

		json_array_foreach (json_object_get(side->runs[i].summary, "rows"), k, row) {
			json_t *id = json_printable(json_text(row, "id"));
			bool known = false;

			json_array_foreach (left_out, j, other) {
				known |= json_equal(other, id);
			}
			if (!known && !(side_has_row(base, json_text(row, "id")) &&
					side_has_row(with, json_text(row, "id"))))
				json_array_append(left_out, id);
			json_decref(id);
		}
	}
}

static json_t *compare_two(const struct side *base, const struct side *with, double margin,
			   bool exact)
{
	json_t *rows = json_array(), *verdicts = json_object(), *notes = json_array();
	json_t *left_out = json_array(), *row;
	size_t i;

	json_array_foreach (json_object_get(base->runs[0].summary, "rows"), i, row) {
		if (side_has_row(base, json_text(row, "id")) &&
		    side_has_row(with, json_text(row, "id")))
			json_array_append_new(rows, compare_row(base, with, row, margin, exact));
	}
	for (int change = 0; change <= NOT_COMPARED; change++) {
		size_t count = 0;

		json_array_foreach (rows, i, row) {
			count += !strcmp(json_text(row, "verdict"), change_names[change]);
		}
		json_object_set_new(verdicts, change_names[change], json_integer(count));
	}
	add_left_out(left_out, base, base, with);
	add_left_out(left_out, with, base, with);
	add_side_notes(notes, base, exact);
	add_side_notes(notes, with, exact);
	if (!exact && (base->count == 1 || with->count == 1))
		json_array_append_new(
			notes,
			json_string(
				"a side of one run: what differs from run to run is in no interval"));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "with", describe_side(with), "verdicts",
			 verdicts, "rows", rows, "left_out", left_out, "differences",
			 compare_setups(base->runs[0].summary, with->runs[0].summary), "notes",
			 notes);
}

json_t *compare_sides(const struct side *sides, size_t count, double margin)
{
	const json_t *first = sides[0].runs[0].summary;
	bool exact = !strcmp(json_text(first, "clock"), "insn");
	json_t *comparisons = json_array();

	for (size_t i = 1; i < count; i++)
		json_array_append_new(comparisons,
				      compare_two(&sides[0], &sides[i], margin, exact));
	/* Where rows have different margins, that of most of them. */
	if (margin < 0)
		margin = row_rule(first, NULL)->share;
	return json_pack("{s:s, s:o, s:o, s:b, s:f, s:o, s:o}", "schema", "exitlab-compare/1",
			 "kind", json_printable(json_text(first, "kind")), "clock",
			 json_printable(json_text(first, "clock")), "exact", exact, "margin",
			 margin, "base", describe_side(&sides[0]), "comparisons", comparisons);
}
