// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The report of any run: what run.rec holds says of which kind it is; where there is none, the file
 * that a kind has in its place.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json_file.h"
#include "report.h"
#include "util.h"

static const struct report_kind *const kinds[] = {&report_kind_gpu, &report_kind_gpu_overhead,
						  &report_kind_gpumem, &report_kind_exits};

static const struct report_kind *kind_of_evidence(const char *dir)
{
	char path[4200];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, kinds[i]->evidence ?: "");
		if (kinds[i]->evidence && !access(path, F_OK))
			return kinds[i];
	}
	return &report_kind_exits;
}

/* Of what cannot be read, any: its reader says what is wrong. */
static const struct report_kind *kind_of_run(const char *dir)
{
	const struct report_kind *kind = &report_kind_exits;
	struct record_header header = {0};
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/run.rec", dir);
	file = fopen(path, "re");
	if (!file)
		return kind_of_evidence(dir);
	if (fread(&header, sizeof(header), 1, file) == 1 && header.magic == RECORD_MAGIC)
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (kinds[i]->record &&
			    kinds[i]->record == record_format_of(header.version))
				kind = kinds[i];
	fclose(file);
	return kind;
}

const struct report_kind *report_kind_of(const json_t *summary)
{
	size_t i = 0;

	while (kinds[i]->summary && strcmp(kinds[i]->summary, json_text(summary, "kind")))
		i++;
	return kinds[i];
}

int report_make(const char *dir)
{
	const struct report_kind *kind = kind_of_run(dir);
	void *run = kind->open(dir);
	int error;

	if (!run)
		return -1;
	error = report_write(kind, run, dir);
	kind->close(run);
	return error;
}

json_t *report_of(const char *dir)
{
	const struct report_kind *kind = kind_of_run(dir);
	void *run = kind->open(dir);
	json_t *summary;

	if (!run)
		return NULL;
	summary = kind->summarise(run);
	kind->close(run);
	return summary;
}
