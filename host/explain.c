// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* exitlab pathlength --explain: one boot or several, and what is archived and printed of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "explain.h"
#include "json_file.h"
#include "report.h"
#include "util.h"
#include "whole_file.h"

#define LABEL 200

struct explanation {
	const char *row, *vendor;
	const struct matrix *matrix;
	const struct boot_options *boot;
	size_t count; /* cells of the matrix, from the base on */
	struct archive archive;
	char (*labels)[LABEL];
	json_t **profiles;
};

/* Where a cell's profile lies: the archive itself where there is but one. 0, or -1 with why. */
static int make_directory(const struct explanation *explanation, size_t i, char *path, char *why,
			  size_t size)
{
	int length = snprintf(path, PATH_MAX, "%s", explanation->archive.directory);

	if (explanation->count == 1)
		return 0;
	length += snprintf(path + length, PATH_MAX - length, "/runs");
	mkdir(path, 0777);
	snprintf(path + length, PATH_MAX - length, "/%02zu-%s", i + 1, explanation->labels[i]);
	for (char *at = path + length + 1; *at; at++)
		if (strchr(" /", *at))
			*at = '-';
	if (!mkdir(path, 0777))
		return 0;
	snprintf(why, size, "%s: %s", path, strerror(errno));
	return -1;
}

/* An exit code; all but EXIT_OK with why. */
static int explain_cell(struct explanation *explanation, size_t i, char *why, size_t size)
{
	char path[PATH_MAX], reason[1024] = "";
	const struct explained explained = {
		.row = explanation->row,
		.vendor = explanation->vendor,
		.time = explanation->archive.time,
		.cell = &explanation->matrix->cells[i],
		.iter = explanation->boot->iter,
		.directory = path,
	};
	int status;

	cell_label(explanation->matrix, explained.cell, explanation->labels[i], LABEL);
	if (make_directory(explanation, i, path, why, size))
		return EXIT_FAILED;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Ktracing %s in the %s lab, %s (%zu of %zu): some minutes",
			explanation->row, vendor_title(explanation->vendor), explanation->labels[i],
			i + 1, explanation->count);
	status = explain_boot(&explained, &explanation->profiles[i], reason, sizeof(reason));
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (status && explanation->count > 1)
		snprintf(why, size, "%s: %s", explanation->labels[i], reason);
	else if (status)
		snprintf(why, size, "%s", reason);
	return status;
}

/* Where the cells differ, to the archive and to stdout. An exit code; EXIT_FAILED with why. */
static int tell_difference(struct explanation *explanation, char *why, size_t size)
{
	const char *directory = explanation->archive.directory, *labels[explanation->count];
	struct whole_file file;
	json_t *summary;
	int status = EXIT_FAILED;

	for (size_t i = 0; i < explanation->count; i++)
		labels[i] = explanation->labels[i];
	summary = explain_difference(explanation->profiles, labels, explanation->count,
				     explanation->archive.time);
	if (explain_difference_adds_up(summary, why, size)) {
		if (whole_file_begin(&file, "%s/explain.md", directory))
			explain_difference_markdown(summary, file.out);
		if (whole_file_end(&file) || json_file_write(summary, directory, "summary.json")) {
			snprintf(why, size, "the table could not be written: see above");
		} else {
			explain_difference_text(summary, stdout);
			status = EXIT_OK;
		}
	}
	json_decref(summary);
	return status;
}

static int finish(struct explanation *explanation, int status, const char *why)
{
	if (status == EXIT_OK) {
		status = archive_keep(&explanation->archive) ? EXIT_FAILED : EXIT_OK;
		printf("archived in %s\n", explanation->archive.directory);
	} else {
		archive_fail(&explanation->archive, why);
		pr_err("%s; what there is: %s", why, explanation->archive.directory);
	}
	for (size_t i = 0; i < explanation->count; i++)
		json_decref(explanation->profiles[i]);
	free(explanation->profiles);
	free(explanation->labels);
	return status;
}

int explain(const char *row, const struct matrix *matrix, bool all, const struct boot_options *boot)
{
	struct explanation explanation = {.row = row,
					  .vendor = boot->vendor ?: "amd",
					  .matrix = matrix,
					  .boot = boot,
					  .count = all ? matrix->count : 1};
	char why[PATH_MAX + 1024] = "";
	int status = EXIT_OK;

	if (archive_begin(&explanation.archive, boot->results, "lab", "explain"))
		return EXIT_FAILED;
	explanation.labels = calloc(explanation.count, sizeof(*explanation.labels));
	explanation.profiles = calloc(explanation.count, sizeof(json_t *));
	if (!explanation.labels || !explanation.profiles)
		die("no memory");
	for (size_t i = 0; status == EXIT_OK && i < explanation.count; i++)
		status = explain_cell(&explanation, i, why, sizeof(why));
	if (status == EXIT_OK && explanation.count == 1)
		explain_text(explanation.profiles[0], stdout);
	else if (status == EXIT_OK)
		status = tell_difference(&explanation, why, sizeof(why));
	return finish(&explanation, status, why);
}
