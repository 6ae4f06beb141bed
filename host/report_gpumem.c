// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A run of gpumem-stress as a kind of run: what is read of it, and what its report consists of. */
#include <stdlib.h>
#include <string.h>

#include "json_file.h"
#include "report.h"
#include "report_gpumem.h"
#include "util.h"

static void close_run(void *of)
{
	struct stress_record *record = of;

	for (size_t i = 0; i < record->count; i++)
		stress_evidence_free(&record->evidence[i]);
	free(record->evidence);
	json_decref(record->run);
	json_decref(record->env);
	free(record);
}

/* Names of files come from it. */
static bool are_cases(const json_t *cases)
{
	const json_t *one;
	size_t i;

	json_array_foreach (cases, i, one) {
		if (!json_is_string(json_object_get(one, "id")) ||
		    strchr(json_text(one, "id"), '/'))
			return false;
	}
	return json_is_array(cases);
}

static void *open_run(const char *dir)
{
	struct stress_record *record = calloc(1, sizeof(*record));
	const json_t *cases;

	if (!record)
		die("no memory for a report");
	if (json_file_read(dir, STRESS_FILE, &record->run) ||
	    json_file_read(dir, "env.json", &record->env)) {
		close_run(record);
		return NULL;
	}
	cases = json_object_get(record->run, "cases");
	if (strcmp(json_text(record->run, "schema"), STRESS_SCHEMA) || !are_cases(cases)) {
		pr_err("%s/" STRESS_FILE " is not of schema " STRESS_SCHEMA, dir);
		close_run(record);
		return NULL;
	}
	record->evidence = calloc(json_array_size(cases) + 1, sizeof(*record->evidence));
	if (!record->evidence)
		die("no memory for a report");
	for (size_t i = 0; i < json_array_size(cases); i++, record->count++)
		stress_evidence_read(&record->evidence[i], dir, json_array_get(cases, i));
	if (!record->env)
		pr_warn("%s has no env.json: the report cannot name the host", dir);
	return record;
}

static json_t *summarise(const void *run)
{
	return stress_summary(run);
}

static const struct report_form forms[] = {
	{"report.md", stress_markdown},
	{"report.html", stress_html},
	{"report.csv", stress_csv},
};

const struct report_kind report_kind_gpumem = {
	.evidence = STRESS_FILE,
	.summary = "gpumem-stress",
	.open = open_run,
	.close = close_run,
	.summarise = summarise,
	.plot = stress_plot,
	.table = stress_table,
	.forms = forms,
	.form_count = ARRAY_SIZE(forms),
};
