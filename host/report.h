/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The report of a run: from what was recorded (run.rec, proof.json, env.json) to what is read
 * (summary.json, report.md, report.html, report.csv, plots/). The same input gives the same bytes.
 */
#ifndef EXITLAB_REPORT_H
#define EXITLAB_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "record.h"
#include "stats.h"

/*
 * Makes the report of the run in dir. 0, or -1 with one line on stderr; then the old report is as
 * it was or, where a new file could not take its place, there is no summary.json. Without gnuplot
 * there are no plots, and a warning.
 */
int report_make(const char *dir);

/* summary.json of the run in dir, which is left as it is; the caller owns it. NULL with one line.
 */
json_t *report_of(const char *dir);

/*
 * Prints dir's summary.json as a table for a terminal. 0; 1 where a row is INVALID; -1
 * with one line on stderr.
 */
int report_print(const char *dir, FILE *out);

/* Prints it as it is. As report_print(). */
int report_print_json(const char *dir, FILE *out);

/* The rest is between the files host/report*.c. */

#define DISTURBED_CAUSES 2 /* DISTURBED_* bits that there are */

/* A row's samples in two sets: those that the guest knows to be disturbed, and the others. */
struct contamination {
	uint64_t by_cause[DISTURBED_CAUSES]; /* flagged samples; one may have several causes */
	int64_t host_interrupts; /* while the row ran, of the vCPU's CPU; -1: not known */
	uint64_t by_host;	 /* samples flagged for them */
	struct sample_set {
		uint64_t n;
		uint32_t at[STATS_PERCENTILES]; /* only where n is not 0 */
	} flagged, clean;
};

/* What the samples of one row say. */
struct row_stats {
	struct stats timed;
	struct contamination contamination; /* only where the row has a DISTURBED record */
	uint64_t bins[HISTOGRAM_BINS];	    /* samples of the timed pass */
	uint32_t proof_p50;		    /* only where the row was in the proof pass */
};

/* Everything a report is made of. */
struct report {
	struct record_file records;
	json_t *env, *proof, *floor; /* NULL: there is no such file */
	struct row_stats rows[EXIT_ROWS];
};

/*
 * Sorts n samples, which come in the order in which they were taken, ascending, and summarises the
 * two sets they fall into. scratch holds n elements and is overwritten.
 * Where contamination->host_interrupts is not negative, which it is under the insn clock alone, as
 * many of the longest samples are flagged, too, at most, and as many again as were flagged for an
 * interrupt of the guest, as long as they are longer than the p95: nothing else makes a sample
 * longer there.
 */
void contamination_sort(uint32_t *samples, uint32_t *scratch, size_t n,
			const struct record *disturbed, struct contamination *contamination);

/* A row's "histogram" of summary.json: the bins that hold samples; the caller owns it. */
json_t *histogram_summary(const uint64_t bins[HISTOGRAM_BINS]);

/* A row's "contamination" of summary.json; the caller owns it. */
json_t *contamination_summary(const struct report *report, int row);

/* The same in report.md, and as the last columns of a line of report.csv: their names for NULL. */
void contamination_markdown(const json_t *summary, FILE *out);
void contamination_csv(const json_t *row, FILE *out);

/* A member of env.json by its path, "host.cpu.model"; NULL where there is none. */
json_t *report_env(const struct report *report, const char *path);

/*
 * Text from outside as a string of one line that cannot steer a terminal. A guest's bytes are ASCII
 * or nothing; what comes from JSON is UTF-8 already.
 */
json_t *report_line(const char *text, size_t length, bool from_guest);

/* A member of env.json as such text; what nobody recorded is "unknown". */
json_t *report_env_text(const json_t *env, const char *path);

/* "environment" and "repeat" of summary.json; the caller owns them. */
json_t *report_environment(const json_t *env);
json_t *report_repeat(const struct report *report);

/* The whole of summary.json; the caller owns it. */
json_t *report_summary(const struct report *report);

/* Is this a floor.json? 0, or -1 with one line in why. */
int tax_check(const json_t *floor, char *why, size_t size);

/* Adds to a summary what floor.json tells of it; NULL tells nothing. */
void tax_add(json_t *summary, const json_t *floor);

/* Have rows of the summary a QEMU tax? */
bool tax_known(const json_t *summary);

/* The tax under the terminal's table, and in report.md; nothing without a floor.json. */
void tax_line(const json_t *summary, FILE *out);
void tax_markdown(const json_t *summary, FILE *out);

/* The budget of gpulock in report.md; nothing where none of its rows ran. */
void gpulock_markdown(const json_t *summary, FILE *out);

/* A file of a report that is made from summary.json alone. */
struct report_form {
	const char *name;
	void (*write)(const json_t *summary, FILE *out);
};

/* What was drawn: plots/ID.svg, by rows. */
struct report_plots {
	struct report_plot {
		char id[64];
		char *svg;
	} * plots;
	size_t count;
};

/* Adds one; svg was allocated, and is taken over. */
void report_plots_add(struct report_plots *plots, const char *id, char *svg);

/*
 * Adds what one gnuplot draws by a script: an SVG for each of ids, in their order. 0, or -1 with
 * one line on stderr; without gnuplot 0, nothing and a warning.
 */
int report_plots_draw(const char *script, size_t size, const json_t *ids,
		      struct report_plots *plots);

/*
 * Adds the plot of what gpulock's check would cost with other structures, where their rows ran. 0,
 * also without gnuplot; -1 with one line on stderr.
 */
int gpulock_plot(const json_t *summary, struct report_plots *plots);

/* A kind of run: how its report is made, and printed. */
struct report_kind {
	const struct record_format *record; /* what its run.rec holds; NULL: it has none, */
	const char *evidence;		    /* but this file */
	const char *summary;		    /* "kind" in its summary.json; NULL: any other */
	void *(*open)(const char *dir);	    /* what was recorded; NULL with one line on stderr */
	void (*close)(void *run);
	json_t *(*summarise)(const void *run);
	/* 0, also without gnuplot; -1 with one line on stderr. NULL: there are no plots. */
	int (*plot)(const void *run, const json_t *summary, struct report_plots *plots);
	void (*table)(const json_t *summary, FILE *out); /* for a terminal */
	const struct report_form *forms;
	size_t form_count;
};

extern const struct report_kind report_kind_exits, report_kind_gpu, report_kind_gpu_overhead,
	report_kind_gpumem;

/* The kind of run whose summary this is. */
const struct report_kind *report_kind_of(const json_t *summary);

/* Writes the report's files to path. As report_make(). */
int report_write(const struct report_kind *kind, const void *run, const char *path);

/* summary.json in other forms. */
void report_markdown(const json_t *summary, FILE *out);
void report_csv(const json_t *summary, FILE *out);
void report_table(const json_t *summary, FILE *out);
void report_html(const json_t *summary, FILE *out);

/* "AMD" or "Intel", of "amd" or "intel". */
const char *vendor_title(const char *vendor);

/* How far the numbers of two labs may be compared, for people. */
extern const char vendors_note[];

/* The summaries of a run in the AMD lab and of one in the Intel lab, side by side for people. */
void vendors_table(const json_t *amd, const json_t *intel, FILE *out);

/* One line per verdict that has a reason, then the rows it is about; true when there was any. */
bool report_reasons(const json_t *rows, const char *bullet, void (*text)(const char *, FILE *),
		    FILE *out);

/* What card_describe() says for a terminal: one offender a line, those after the first indented. */
void report_offenders(const char *text, FILE *out);

/* Was the vCPU's CPU isolated? In words; summaries of before this was recorded do not say. */
const char *report_isolation(const json_t *summary);

/* The card's part in the table and in report.md. */
void report_card_line(const json_t *summary, FILE *out);
void report_card_rows(const json_t *summary, FILE *out);
void report_card_markdown(const json_t *summary, FILE *out);

/* What one unit of a summary's numbers is, in words. */
const char *report_unit(const json_t *summary);

/* Text for markdown: what comes from outside may hold characters that mean something there. */
void markdown_text(const char *text, FILE *out);

/* Text for a terminal, as it is; and for a field of CSV, in quotes. */
void plain_text(const char *text, FILE *out);
void csv_text(const char *text, FILE *out);

/*
 * Draws the histograms of the rows with samples, nothing, with a warning, where there is no
 * gnuplot. 0, or -1 with one line on stderr.
 */
int report_plot(const struct report *report, const json_t *summary, struct report_plots *plots);

#endif
