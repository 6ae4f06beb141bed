// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `exitlab report`: reads a run, computes its statistics and verdicts, replaces its report. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
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
	    json_file_read(dir, "proof.json", &report->proof))
		return -1;
	if (report->proof && proof_check(report->proof, why, sizeof(why))) {
		pr_err("%s/proof.json: %s", dir, why);
		return -1;
	}
	if (!report->env)
		pr_warn("%s has no env.json: the report cannot name the host", dir);
	return 0;
}

static void unload(struct report *report)
{
	json_decref(report->env);
	json_decref(report->proof);
	if (report->records.map)
		record_file_close(&report->records);
}

/* A row's samples are needed once: sorted in samples, which as scratch has room for the largest. */
static void compute_row(struct report *report, int row, uint8_t pass, uint32_t *samples,
			uint32_t *scratch)
{
	const struct record *record = &report->records.rows[pass][row];
	struct row_stats *stats = &report->rows[row];
	size_t n = record->header.count;

	if (record->header.kind != RECORD_ROW)
		return;
	memcpy(samples, record->payload, n * sizeof(*samples));
	stats_sort(samples, scratch, n);
	if (pass == PASS_PROOF) {
		stats->proof_p50 = samples[stats_rank(5000, n) - 1];
		return;
	}
	stats_of_sorted(samples, n, &stats->timed);
	histogram_add(stats->bins, samples, n);
}

static int compute(struct report *report)
{
	uint32_t most = 0, *samples, *scratch;

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
		for (int row = 0; row < EXIT_ROWS; row++)
			compute_row(report, row, pass, samples, scratch);
	free(samples);
	return 0;
}

/* The files of a report, by their names in the run's directory. */
struct outputs {
	struct output {
		char name[64];
		char *text;
		size_t size;
	} files[EXIT_ROWS + 3];
	size_t count;
	bool plots; /* some of them are in plots/ */
};

static struct output *add_file(struct outputs *outputs, const char *name)
{
	struct output *file = &outputs->files[outputs->count++];

	snprintf(file->name, sizeof(file->name), "%s", name);
	return file;
}

/* Fills in outputs. 0, or -1 with one line on stderr. */
static int render(struct outputs *outputs, const struct report *report)
{
	static const struct {
		const char *name;
		void (*write)(const json_t *summary, FILE *out);
	} texts[] = {{"summary.json", json_file_print},
		     {"report.md", report_markdown},
		     {"report.csv", report_csv}};
	json_t *summary = report_summary(report);
	char *plots[EXIT_ROWS] = {0}, name[64];
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct output *file = add_file(outputs, texts[i].name);
		FILE *stream = open_memstream(&file->text, &file->size);

		if (!stream)
			die("no memory for %s", texts[i].name);
		texts[i].write(summary, stream);
		fclose(stream);
	}
	error = report_plots(report, summary, plots);
	for (int i = 0; i < EXIT_ROWS; i++) {
		struct output *file;

		if (!plots[i])
			continue;
		snprintf(name, sizeof(name), "plots/%s.svg", exit_rows[i].id);
		file = add_file(outputs, name);
		file->text = plots[i];
		file->size = strlen(plots[i]);
		outputs->plots = true;
	}
	json_decref(summary);
	return error;
}

static const char *new_name(const struct output *file, char name[80])
{
	snprintf(name, 80, "%s.new", file->name);
	return name;
}

static int write_file(int dir, const struct output *file)
{
	char name[80];
	int fd = openat(dir, new_name(file, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t done = 0;

	while (fd >= 0 && done < file->size) {
		ssize_t wrote = write(fd, file->text + done, file->size - done);

		if (wrote <= 0)
			break;
		done += wrote;
	}
	return fd >= 0 && close(fd) == 0 && done == file->size ? 0 : -1;
}

/* Writes all files beside those of the old report, then takes their places. */
static int replace(const struct outputs *outputs, const char *path, int dir)
{
	const struct output *file = outputs->files;
	char name[80];
	size_t i;

	if (outputs->plots && mkdirat(dir, "plots", 0755) && errno != EEXIST) {
		pr_err("%s/plots: %s; no report is made", path, strerror(errno));
		return -1;
	}
	for (i = 0; i < outputs->count; i++)
		if (write_file(dir, &file[i]))
			goto undo;
	for (i = 0; i < outputs->count; i++)
		if (renameat(dir, new_name(&file[i], name), dir, file[i].name))
			goto undo;
	return 0;
undo:
	pr_err("%s/%s: %s; no report is made", path, file[i].name, strerror(errno));
	for (i = 0; i < outputs->count; i++)
		unlinkat(dir, new_name(&file[i], name), 0);
	/* Not removed when it holds the plots of an older report. */
	unlinkat(dir, "plots", AT_REMOVEDIR);
	return -1;
}

int report_make(const char *path)
{
	struct report *report = calloc(1, sizeof(*report));
	struct outputs outputs = {0};
	int error = -1, dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	sigset_t deferred, before;

	if (dir < 0 || !report) {
		pr_err("%s: %s", path, strerror(errno));
		goto out;
	}
	if (load(report, path) || compute(report) || render(&outputs, report))
		goto out;
	/* Ctrl-C waits for the files: a moment. */
	sigemptyset(&deferred);
	sigaddset(&deferred, SIGINT);
	sigaddset(&deferred, SIGTERM);
	sigaddset(&deferred, SIGHUP);
	sigprocmask(SIG_BLOCK, &deferred, &before);
	error = replace(&outputs, path, dir);
	sigprocmask(SIG_SETMASK, &before, NULL);
out:
	for (size_t i = 0; i < outputs.count; i++)
		free(outputs.files[i].text);
	if (report)
		unload(report);
	free(report);
	if (dir >= 0)
		close(dir);
	return error;
}

int report_print(const char *dir, FILE *out)
{
	json_t *summary;

	if (json_file_read(dir, "summary.json", &summary))
		return -1;
	if (!summary) {
		pr_err("%s has no summary.json; `exitlab report %s` makes it", dir, dir);
		return -1;
	}
	report_table(summary, out);
	json_decref(summary);
	return 0;
}

static int print_json(const char *dir, FILE *out)
{
	json_t *summary;

	if (json_file_read(dir, "summary.json", &summary) || !summary)
		return -1;
	json_file_print(summary, out);
	json_decref(summary);
	return 0;
}

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "Print summary.json instead of the table", 0},
	{0},
};

struct arguments {
	const char *dir;
	bool json;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->dir)
			argp_error(state, "one directory at a time");
		arguments->dir = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which run? give its directory, results/<host>/<run>");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "DIR",
		.doc = "Make summary.json, report.md, report.csv and plots/ of the run in DIR from "
		       "its run.rec, proof.json and env.json, and print the table. The same input "
		       "gives the same bytes.",
	};
	struct arguments arguments = {0};

	argv[0] = "exitlab report";
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (report_make(arguments.dir))
		return EXIT_FAILED;
	if (arguments.json ? print_json(arguments.dir, stdout)
			   : report_print(arguments.dir, stdout))
		return EXIT_FAILED;
	if (fflush(stdout)) {
		pr_err("stdout: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
