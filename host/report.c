// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A run of VM exits: reads what was recorded and computes the statistics of each row. */
#include <string.h>
#include <sys/mman.h>

#include "json_file.h"
#include "report.h"
#include "util.h"
#include "verdict.h"

static int load(struct report *report, const char *dir)
{
	char why[RECORD_WHY], path[4096];

	snprintf(path, sizeof(path), "%s/run.rec", dir);
	if (record_file_open(&report->records, path, why)) {
		pr_err("%s: %s", path, why);
		return -1;
	}
	if (json_file_read(dir, "env.json", &report->env) ||
	    json_file_read(dir, "proof.json", &report->proof) ||
	    json_file_read(dir, "floor.json", &report->floor))
		return -1;
	if (report->proof && proof_check(report->proof, why, sizeof(why))) {
		pr_err("%s/proof.json: %s", dir, why);
		return -1;
	}
	if (report->floor && tax_check(report->floor, why, sizeof(why))) {
		pr_err("%s/floor.json: %s", dir, why);
		return -1;
	}
	if (!report->env)
		pr_warn("%s has no env.json: the report cannot name the host", dir);
	return 0;
}

static void close_report(void *run)
{
	struct report *report = run;

	json_decref(report->env);
	json_decref(report->proof);
	json_decref(report->floor);
	if (report->records.map)
		record_file_close(&report->records);
	free(report);
}

/* While the row was timed; -1 where nobody counted. */
static int64_t host_interrupts(const struct report *report, int row)
{
	const json_t *all = json_object_get(report->env, "host_interrupts");
	const json_t *count = json_object_get(all, exit_rows[row].id);

	return json_is_integer(count) ? json_integer_value(count) : -1;
}

/* A row's samples are needed once: sorted in samples, which as scratch has room for the largest. */
static int compute_row(struct report *report, const char *dir, int row, uint8_t pass,
		       uint32_t *samples, uint32_t *scratch)
{
	const struct record *record = &report->records.rows[pass][row];
	const struct record *disturbed = &report->records.disturbed[pass][row];
	struct row_stats *stats = &report->rows[row];
	size_t n = record->header.count, saturated = 0;
	char name[64];

	if (record->header.kind != RECORD_ROW)
		return 0;
	stats->contamination.host_interrupts = host_interrupts(report, row);
	memcpy(samples, record->payload, n * sizeof(*samples));
	if (pass == PASS_TIMED && disturbed->header.kind)
		contamination_sort(samples, scratch, n, disturbed, &stats->contamination);
	else
		stats_sort(samples, scratch, n);
	while (saturated < n && samples[n - 1 - saturated] == UINT32_MAX)
		saturated++;
	if (saturated != record->header.saturated) {
		record_describe(record, name, sizeof(name));
		pr_err("%s/run.rec: %s claims %u saturated samples, %zu are there", dir, name,
		       record->header.saturated, saturated);
		return -1;
	}
	if (pass == PASS_PROOF) {
		stats->proof_p50 = samples[stats_rank(5000, n) - 1];
		return 0;
	}
	stats_of_sorted(samples, n, &stats->timed);
	histogram_add(stats->bins, samples, n);
	return 0;
}

static int compute(struct report *report, const char *dir)
{
	uint32_t most = 0, *samples, *scratch;
	int error = 0;

	for (uint8_t pass = PASS_TIMED; pass <= PASS_PROOF; pass++)
		for (int row = 0; row < EXIT_ROWS; row++) {
			const struct record_header *header =
				&report->records.rows[pass][row].header;

			if (header->kind == RECORD_ROW && header->count > most)
				most = header->count;
		}
	/* The records have been checked; sorting reads them row by row, so they need not stay. */
	madvise(report->records.map, report->records.size, MADV_DONTNEED);
	samples = malloc(2 * sizeof(*samples) * (size_t)most + 1);
	if (!samples) {
		pr_err("no memory for %u samples", most);
		return -1;
	}
	scratch = samples + most;
	for (uint8_t pass = PASS_TIMED; pass <= PASS_PROOF; pass++)
		for (int row = 0; !error && row < EXIT_ROWS; row++)
			error = compute_row(report, dir, row, pass, samples, scratch);
	free(samples);
	return error;
}

/* The report of the run in dir; NULL with one line on stderr. */
static void *open_report(const char *dir)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		die("no memory for a report");
	if (!load(report, dir) && !compute(report, dir))
		return report;
	close_report(report);
	return NULL;
}

static json_t *summarise(const void *run)
{
	return report_summary(run);
}

static int plot(const void *run, const json_t *summary, struct report_plots *plots)
{
	return report_plot(run, summary, plots);
}

static const struct report_form forms[] = {
	{"report.md", report_markdown},
	{"report.html", report_html},
	{"report.csv", report_csv},
};

const struct report_kind report_kind_exits = {
	.record = &record_format_exits,
	.open = open_report,
	.close = close_report,
	.summarise = summarise,
	.plot = plot,
	.table = report_table,
	.forms = forms,
	.form_count = ARRAY_SIZE(forms),
};
