// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "boot_child.h"
#include "boot_elsewhere.h"
#include "boot_vendors.h"
#include "child.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

#define PATH_SIZE (sizeof(((struct archive *)0)->directory) + 8)

/* The run of one vendor's lab. */
struct vendor_run {
	const char *vendor;
	struct archive archive;
	int status;
	bool interrupted;
};

/* Puts the run that came back into its place. 0, or -1 with one line on stderr. */
static int keep(struct vendor_run *run, const char *path)
{
	int error = boot_report_again(path, run->archive.time);

	if (!error && rename(path, run->archive.final)) {
		pr_err("%s: cannot rename to %s: %s", path, run->archive.final, strerror(errno));
		error = -1;
	}
	if (error)
		archive_fail(&run->archive, "the run could not be reported or moved");
	else
		archive_discard(&run->archive);
	return error;
}

/* There is no run: says why, and keeps the logs where there was a boot. */
static void give_up(struct vendor_run *run, const char *directory)
{
	char why[512];

	boot_last_line(directory, why, sizeof(why));
	if (run->interrupted || run->status == EXIT_CANNOT) {
		archive_discard(&run->archive);
		pr_err("%s", run->interrupted ? "interrupted" : why);
		return;
	}
	archive_fail(&run->archive, why);
	pr_err("%s; its logs: %s", why, run->archive.directory);
}

/* Runs the boot in one vendor's lab. Its run is in archive.final where status is at most 1. */
static void run_vendor(const struct boot_options *options, const char *results,
		       struct vendor_run *run)
{
	char directory[PATH_SIZE], why[512], *path;
	struct words command = {0};
	int log;

	run->status = EXIT_FAILED;
	if (archive_begin(&run->archive, results, "lab", "vmexit"))
		return;
	snprintf(directory, sizeof(directory), "%s/lab", run->archive.directory);
	log = boot_log_open(directory, why, sizeof(why));
	if (log < 0) {
		pr_err("%s", why);
		archive_discard(&run->archive);
		return;
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kin the %s lab: some minutes", vendor_title(run->vendor));
	lab_boot_command(&command, options, run->vendor, directory);
	run->status = command_run(&command, log, &run->interrupted);
	words_free(&command);
	close(log);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	path = boot_run_in(directory);
	/* A row that is INVALID makes the exit code 1, but the run is there. */
	if (!path || run->interrupted || run->status > EXIT_FAILED) {
		run->status = run->status ?: EXIT_FAILED;
		give_up(run, directory);
	} else {
		boot_log_warnings(directory);
		run->status = keep(run, path) ? EXIT_FAILED : run->status;
	}
	free(path);
}

/* The summary of the run; NULL where there is none. */
static json_t *summary_of(const struct vendor_run *run)
{
	json_t *summary = NULL;

	if (run->status <= EXIT_FAILED && !access(run->archive.final, F_OK))
		json_file_read(run->archive.final, "summary.json", &summary);
	return summary;
}

static int both(const struct boot_options *options, const char *results)
{
	struct vendor_run runs[] = {{.vendor = "amd"}, {.vendor = "intel"}};
	json_t *summaries[ARRAY_SIZE(runs)] = {0};
	int status = EXIT_OK;

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		run_vendor(options, results, &runs[i]);
		summaries[i] = summary_of(&runs[i]);
		if (runs[i].status == EXIT_FAILED || status == EXIT_OK)
			status = runs[i].status;
		if (runs[i].interrupted)
			break;
	}
	if (summaries[0] && summaries[1])
		vendors_table(summaries[0], summaries[1], stdout);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		if (summaries[i])
			printf("%s: archived in %s\n", vendor_title(runs[i].vendor),
			       runs[i].archive.final);
		json_decref(summaries[i]);
	}
	return status;
}

int boot_vendors(const struct boot_options *options, const char *results)
{
	struct vendor_run run = {.vendor = options->vendor};
	json_t *summary;

	if (!strcmp(options->vendor, "both"))
		return both(options, results);
	run_vendor(options, results, &run);
	summary = summary_of(&run);
	if (summary) {
		report_table(summary, stdout);
		printf("archived in %s\n", run.archive.final);
	}
	json_decref(summary);
	return run.status;
}
