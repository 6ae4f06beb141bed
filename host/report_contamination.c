// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Samples that the guest knows to be disturbed, beside those that it does not: the statistics of
 * both sets and how they are shown. Nothing is dropped: the row's own statistics are over all.
 */
#include <string.h>

#include "json_file.h"
#include "report.h"
#include "util.h"

/* In the order of the bits. */
static const struct {
	uint32_t bit;
	const char *key;
} causes[DISTURBED_CAUSES] = {{DISTURBED_INTERRUPT, "interrupt"}, {DISTURBED_STEAL, "steal"}};

/* What is told of a set. */
static const enum percentile shown[] = {STATS_MIN, STATS_P50, STATS_P99, STATS_P99_9, STATS_MAX};

static void summarise(const uint32_t *sorted, size_t n, struct sample_set *set)
{
	set->n = n;
	if (n)
		stats_percentiles(sorted, n, set->at);
}

/* Moves the flagged samples behind the others, whose number it returns. */
static size_t partition(uint32_t *samples, uint32_t *scratch, size_t n,
			const struct record *disturbed, struct contamination *contamination)
{
	size_t clean = 0, next = 0, flagged = disturbed->header.count;

	for (size_t i = 0; i < flagged; i++) {
		struct disturbed flag = record_disturbed(disturbed, i);

		scratch[i] = samples[flag.sample];
		memmove(samples + clean, samples + next, (flag.sample - next) * sizeof(*samples));
		clean += flag.sample - next;
		next = flag.sample + 1;
		for (int cause = 0; cause < DISTURBED_CAUSES; cause++)
			contamination->by_cause[cause] += (flag.causes & causes[cause].bit) != 0;
	}
	memmove(samples + clean, samples + next, (n - next) * sizeof(*samples));
	memcpy(samples + n - flagged, scratch, flagged * sizeof(*samples));
	return n - flagged;
}

/* Two sorted halves, the second of them few samples and mostly the largest: merged from the end. */
static void merge(uint32_t *samples, uint32_t *scratch, size_t first, size_t n)
{
	size_t second = n - first;

	memcpy(scratch, samples + first, second * sizeof(*samples));
	while (first && second)
		if (samples[first - 1] > scratch[second - 1])
			samples[--n] = samples[--first];
		else
			samples[--n] = scratch[--second];
	memcpy(samples + n - second, scratch, second * sizeof(*samples));
}

/*
 * How many of the longest of the sorted samples interrupts are to answer for: the host's, and the
 * guest's own once more, since KVM sets the guest's timer anew in the sample after.
 */
static size_t by_host(const uint32_t *sorted, size_t n, const struct contamination *contamination)
{
	uint32_t usual = n ? sorted[stats_rank(9500, n) - 1] : 0;
	size_t flagged = 0, most = 0;

	if (contamination->host_interrupts >= 0)
		most = contamination->host_interrupts + contamination->by_cause[0];
	while (flagged < most && flagged < n && sorted[n - 1 - flagged] > usual)
		flagged++;
	return flagged;
}

void contamination_sort(uint32_t *samples, uint32_t *scratch, size_t n,
			const struct record *disturbed, struct contamination *contamination)
{
	size_t clean = partition(samples, scratch, n, disturbed, contamination);

	stats_sort(samples, scratch, clean);
	contamination->by_host = by_host(samples, clean, contamination);
	clean -= contamination->by_host;
	stats_sort(samples + clean, scratch, n - clean);
	summarise(samples, clean, &contamination->clean);
	summarise(samples + clean, n - clean, &contamination->flagged);
	merge(samples, scratch, clean, n);
}

static json_t *set_summary(const struct sample_set *set, bool with_min)
{
	json_t *out;

	if (!set->n)
		return json_null();
	out = json_pack("{s:I}", "n", (json_int_t)set->n);
	for (size_t i = with_min ? 0 : 1; i < ARRAY_SIZE(shown); i++)
		json_object_set_new(out, percentile_keys[shown[i]],
				    json_integer(set->at[shown[i]]));
	return out;
}

json_t *contamination_summary(const struct report *report, int row)
{
	const struct contamination *contamination = &report->rows[row].contamination;
	json_t *out, *known = json_array();

	if (!report->records.disturbed[PASS_TIMED][row].header.kind) {
		json_decref(known);
		return json_null();
	}
	out = json_pack("{s:o, s:I}", "causes_known", known, "n",
			(json_int_t)contamination->flagged.n);
	if (contamination->host_interrupts >= 0) {
		json_object_set_new(out, "host", json_integer(contamination->by_host));
		json_object_set_new(out, "host_interrupts",
				    json_integer(contamination->host_interrupts));
	}
	for (int i = 0; i < DISTURBED_CAUSES; i++) {
		bool told = report->records.causes & causes[i].bit;

		if (told)
			json_array_append_new(known, json_string(causes[i].key));
		json_object_set_new(out, causes[i].key,
				    told ? json_integer(contamination->by_cause[i]) : json_null());
	}
	json_object_set_new(out, "flagged", set_summary(&contamination->flagged, false));
	json_object_set_new(out, "clean", set_summary(&contamination->clean, true));
	return out;
}

/* The columns that people see: a member of a row's contamination, or of a set in it. */
static const struct column {
	const char *title, *set, *key;
	const char *csv; /* name in report.csv; NULL: not there */
} columns[] = {
	{"flagged", NULL, "n", "flagged"},
	{"by interrupt", NULL, "interrupt", NULL},
	{"by steal", NULL, "steal", NULL},
	{"by host", NULL, "host", NULL},
	{"clean p50", "clean", "p50", "clean_p50"},
	{"clean p99", "clean", "p99", "clean_p99"},
	{"clean p99.9", "clean", "p99.9", "clean_p99.9"},
	{"clean max", "clean", "max", "clean_max"},
	{"flagged p50", "flagged", "p50", NULL},
	{"flagged max", "flagged", "max", NULL},
};

/* Nothing where there is no such number. */
static void put_number(const json_t *contamination, const struct column *column, FILE *out)
{
	const json_t *set =
		column->set ? json_object_get(contamination, column->set) : contamination;
	const json_t *value = json_object_get(set, column->key);

	if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

void contamination_csv(const json_t *row, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (!columns[i].csv)
			continue;
		fputc(',', out);
		if (row)
			put_number(json_object_get(row, "contamination"), &columns[i], out);
		else
			fputs(columns[i].csv, out);
	}
}

static void put_heading(FILE *out)
{
	fputs("A sample is flagged when a counter in the guest shows that it was disturbed: an "
	      "interrupt of its timer or of a device, or time for which the host let the vCPU wait "
	      "(steal). Flagged samples are in all numbers above. The guest cannot see what the host "
	      "does not tell it: interrupts of the host that are not injected, SMIs, and whatever "
	      "else only slows the CPU. Under the insn clock interrupts are all there is: as many of the longest samples are flagged (by host) as interrupts came while "
	      "the row ran, to the host or the guest, if they are above the p95.\n\n| row |",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		fprintf(out, " %s |", columns[i].title);
	fputs("\n| --- |", out);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		fputs(" ---: |", out);
	fputc('\n', out);
}

void contamination_markdown(const json_t *summary, FILE *out)
{
	const json_t *row;
	bool any = false;
	size_t index;

	fputs("## Contamination\n\n", out);
	json_array_foreach (json_object_get(summary, "rows"), index, row) {
		const json_t *contamination = json_object_get(row, "contamination");

		if (!json_is_object(contamination))
			continue;
		if (!any)
			put_heading(out);
		any = true;
		fprintf(out, "| %s |", json_text(row, "id"));
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
			fputc(' ', out);
			put_number(contamination, &columns[i], out);
			fputs(" |", out);
		}
		fputc('\n', out);
	}
	fputs(any ? "\n" : "Not available: the guest did not say which samples were disturbed.\n\n",
	      out);
}
