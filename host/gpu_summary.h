/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The report of a GPU run: from run.rec and env.json to summary.json, and that in other forms. */
#ifndef EXITLAB_GPU_SUMMARY_H
#define EXITLAB_GPU_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "gpu_record.h"

/* Everything a report is made of. */
struct gpu_run {
	struct gpu_record records;
	json_t *env;	   /* NULL: there is no such file */
	json_t *reference; /* summary.json of the run that scores are held against; NULL: none */
};

/* The whole of summary.json (results/README.md); the caller owns it. */
json_t *gpu_summary(const struct gpu_run *run);

/* INFO as an object: numbers where they are numbers; the caller owns it. */
json_t *gpu_info(const struct gpu_record *records);

/* What a category is called, "overhead" of "OH"; itself where it has no name. */
const char *gpu_category_title(const char *category);
/* "IS: isolation"; the category alone where that says all. */
void gpu_category_heading(const char *category, char *text, size_t size);

/* What kind of run it is, for the title of its report. */
const char *gpu_run_title(const json_t *summary);

/* Is the row one of those that are to be written, yet? */
bool gpu_is_planned(const json_t *row);

/* summary.json in other forms. */
void gpu_table(const json_t *summary, FILE *out);
void gpu_markdown(const json_t *summary, FILE *out);
void gpu_csv(const json_t *summary, FILE *out);

#endif
