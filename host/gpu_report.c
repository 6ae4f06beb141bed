// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A GPU run as a kind of run: what is read of it, and what its report consists of. */
#include <stdlib.h>

#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "report_gpu.h"
#include "util.h"

static void close_run(void *of)
{
	struct gpu_run *run = of;

	if (run->records.map)
		gpu_record_close(&run->records);
	json_decref(run->env);
	json_decref(run->reference);
	free(run);
}

static void *open_run(const char *dir)
{
	struct gpu_run *run = calloc(1, sizeof(*run));
	char path[4200], why[RECORD_WHY];

	if (!run)
		die("no memory for a report");
	snprintf(path, sizeof(path), "%s/run.rec", dir);
	if (gpu_record_open(&run->records, path, why)) {
		pr_err("%s: %s", path, why);
		close_run(run);
		return NULL;
	}
	if (json_file_read(dir, "env.json", &run->env) ||
	    json_file_read(dir, "reference.json", &run->reference)) {
		close_run(run);
		return NULL;
	}
	if (!run->env)
		pr_warn("%s has no env.json: the report cannot name the host", dir);
	return run;
}

static json_t *summarise(const void *run)
{
	return gpu_summary(run);
}

static int plot(const void *run, const json_t *summary, struct report_plots *plots)
{
	(void)run;
	return report_gpu_plots(summary, plots);
}

static const struct report_form forms[] = {
	{"report.md", gpu_markdown},
	{"report.html", report_gpu_html},
	{"report.csv", gpu_csv},
};

#define KIND(name)                                                                                 \
	{                                                                                          \
		.record = &record_format_gpu, .summary = name, .open = open_run,                   \
		.close = close_run, .summarise = summarise, .plot = plot, .table = gpu_table,      \
		.forms = forms, .form_count = ARRAY_SIZE(forms),                                   \
	}

/* Their records and reports are of one form; they are told apart by what INFO says. */
const struct report_kind report_kind_gpu = KIND("gpu");
const struct report_kind report_kind_gpu_overhead = KIND("gpu-overhead");
