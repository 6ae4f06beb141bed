// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `exitlab index`: finds the runs of an archive and writes its index.html. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "index.h"
#include "json_file.h"
#include "util.h"
#include "whole_file.h"

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		die("no memory for an index");
	return copy;
}

/* reason.txt of a run that failed: its first line; NULL where there is none. */
static char *reason_of(const char *directory)
{
	char path[PATH_MAX + 16], line[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/reason.txt", directory);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return *line ? copy_of(line) : NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* What of a summary is not as the index needs it; NULL: nothing. */
static const char *summary_fault(const json_t *summary)
{
	const json_t *row;
	size_t i;

	if (strcmp(json_text(summary, "schema"), "exitlab-summary/1"))
		return "summary.json: its schema is not exitlab-summary/1";
	if (!json_is_array(json_object_get(summary, "rows")))
		return "summary.json has no rows";
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!json_is_string(json_object_get(row, "id")))
			return "summary.json: a row has no id";
	}
	return NULL;
}

static void read_summary(struct index_entry *entry, const char *directory)
{
	char path[PATH_MAX + 16],
		why[512] = "no summary.json; exitlab report makes it from run.rec";
	json_error_t error;
	const char *fault;
	struct stat status;

	snprintf(path, sizeof(path), "%s/summary.json", directory);
	/* What is no file may not end, or not begin. */
	if (stat(path, &status)) {
		if (errno != ENOENT)
			snprintf(why, sizeof(why), "summary.json: %s", strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		snprintf(why, sizeof(why), "summary.json is no file");
	} else {
		entry->summary = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
		if (!entry->summary)
			snprintf(why, sizeof(why), "summary.json:%d: %s", error.line, error.text);
	}
	fault = entry->summary ? summary_fault(entry->summary) : why;
	if (!fault)
		return;
	entry->problem = copy_of(fault);
	json_decref(entry->summary);
	entry->summary = NULL;
}

static void read_entry(struct index_entry *entry, const char *results)
{
	static const char *const reports[] = {"report.html", "report.md"};
	char directory[PATH_MAX], path[PATH_MAX + 16];

	snprintf(directory, sizeof(directory), "%s/%s/%s", results, entry->host, entry->name);
	for (size_t i = 0; !entry->report && i < ARRAY_SIZE(reports); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, reports[i]);
		if (!access(path, R_OK))
			entry->report = copy_of(reports[i]);
	}
	if (ends_with(entry->name, ".failed"))
		entry->problem = reason_of(directory) ?: copy_of("failed");
	else if (ends_with(entry->name, ".partial"))
		entry->problem = copy_of("going on, or killed before it ended");
	else
		read_summary(entry, directory);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The directories in path, sorted, by name; -1 with errno where it is none itself. */
static int directories(const char *path, struct dirent ***names)
{
	int count = scandir(path, names, is_visible, alphasort), kept = 0;

	for (int i = 0; i < count; i++) {
		char child[PATH_MAX];
		struct stat status;

		snprintf(child, sizeof(child), "%s/%s", path, (*names)[i]->d_name);
		if (!stat(child, &status) && S_ISDIR(status.st_mode))
			(*names)[kept++] = (*names)[i];
		else
			free((*names)[i]);
	}
	return count < 0 ? -1 : kept;
}

static void add_host(struct index *index, const char *results, const char *host)
{
	char path[PATH_MAX];
	struct dirent **runs;
	int count;

	snprintf(path, sizeof(path), "%s/%s", results, host);
	count = directories(path, &runs);
	if (count < 0) {
		pr_warn("%s: %s; it is not in the index", path, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		struct index_entry *entry;

		index->entries = reallocarray(index->entries, index->count + 1, sizeof(*entry));
		if (!index->entries)
			die("no memory for an index");
		entry = &index->entries[index->count++];
		*entry = (struct index_entry){copy_of(host), copy_of(runs[i]->d_name), NULL, NULL,
					      NULL};
		read_entry(entry, results);
		free(runs[i]);
	}
	free(runs);
}

static int compare_entries(const void *left, const void *right)
{
	const struct index_entry *a = left, *b = right;
	int order = strcmp(a->host, b->host);

	if (!order)
		order = !a->summary - !b->summary;
	if (!order && a->summary)
		order = strcmp(json_text(b->summary, "time"), json_text(a->summary, "time"));
	return order ? order : strcmp(b->name, a->name);
}

/* 0, or -1 with one line on stderr. */
static int find_runs(struct index *index, const char *results)
{
	struct dirent **hosts;
	int count = directories(results, &hosts);

	if (count < 0) {
		pr_err("%s: %s; make boot makes runs, RESULTS= names another place", results,
		       strerror(errno));
		return -1;
	}
	for (int i = 0; i < count; i++) {
		add_host(index, results, hosts[i]->d_name);
		free(hosts[i]);
	}
	free(hosts);
	qsort(index->entries, index->count, sizeof(*index->entries), compare_entries);
	return 0;
}

/* 0, or -1 with one line on stderr; then the old page stays. */
static int write_page(const struct index *index, const char *results)
{
	struct whole_file file;

	if (whole_file_begin(&file, "%s/index.html", results))
		index_page(index, file.out);
	return whole_file_end(&file);
}

static void print_counts(const struct index *index, const char *results)
{
	size_t runs = 0;

	for (size_t i = 0; i < index->count; i++)
		runs += index->entries[i].summary != NULL;
	printf("%s/index.html: %zu run%s", results, runs, runs == 1 ? "" : "s");
	if (runs < index->count)
		printf("; %zu other director%s, listed with the reason", index->count - runs,
		       index->count - runs == 1 ? "y" : "ies");
	putchar('\n');
}

static void free_index(struct index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		struct index_entry *entry = &index->entries[i];

		json_decref(entry->summary);
		free(entry->host);
		free(entry->name);
		free(entry->problem);
		free(entry->report);
	}
	free(index->entries);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	const char **results = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one directory at a time");
		*results = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_index(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option,
		.args_doc = "[DIR]",
		.doc = "Write DIR/index.html: a page of all runs in DIR, by host and time, with links to "
		       "their reports. DIR is an archive [results].",
	};
	const char *results = "results";
	struct index index = {0};
	int error;

	argv[0] = "exitlab index";
	argp_parse(&argp, argc, argv, 0, NULL, &results);
	error = find_runs(&index, results) || write_page(&index, results);
	if (!error)
		print_counts(&index, results);
	free_index(&index);
	return error ? EXIT_FAILED : EXIT_OK;
}
