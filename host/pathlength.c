// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab pathlength: how many instructions each row takes, and what makes them more or fewer: the
 * host's kernel, its mitigations, the machine, what is behind debugcon, a tracer. Each cell of the
 * matrix is one boot in a lab of its own, so none can depend on what ran before it.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "boot_child.h"
#include "boot_elsewhere.h"
#include "boot_options.h"
#include "child.h"
#include "commands.h"
#include "explain.h"
#include "json_file.h"
#include "layout.h"
#include "pathlength.h"
#include "report.h"
#include "util.h"
#include "whole_file.h"

#define PATH_SIZE (sizeof(((struct archive *)0)->directory) + 300)

/* Everything about one matrix that more than one step needs. */
struct pathlength {
	struct boot_options boot;
	const char *kernels, *vary, *explain;
	const char *vendor; /* whose lab is used now */
	bool interrupted;
	bool full;
	struct matrix matrix;
	struct archive archive;
	char self[PATH_MAX];
};

enum { OPTION_VARY = 256, OPTION_FULL, OPTION_EXPLAIN };

static const struct argp_option option_table[] = {
	{"kernels", 'k', "NAME,...", 0,
	 "kernels of the lab, packages or images; the first is the base's [LAB_KERNELS, else the newest of each series that apt offers]",
	 0},
	{"vendor", BOOT_VENDOR, "amd|intel|both", 0,
	 "whose virtualisation the lab emulates; both: two matrices, one after the other [amd]", 0},
	{"iter", 'i', "N", 0, "samples per row [1000]", 0},
	{"select", 's', "ROW,...", 0, "rows to run beside the empty ones [all]", 0},
	{"vary", OPTION_VARY, "FACTOR,...", 0,
	 "of kernel, mitigations, machine, debugcon, attached [all]", 0},
	{"full", OPTION_FULL, NULL, 0, "run every combination, not one change at a time", 0},
	{"explain", OPTION_EXPLAIN, "ROW", 0,
	 "print instead where the instructions of one row are; with --vary, where the differences are",
	 0},
	{"results", 'r', "DIR", 0, "archive [results]", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct pathlength *pathlength = state->input;

	switch (key) {
	case 'k':
		if (!*argument)
			argp_error(state, "--kernels: which?");
		pathlength->kernels = argument;
		return 0;
	case OPTION_VARY:
		if (!*argument)
			argp_error(state, "--vary: which factors?");
		pathlength->vary = argument;
		return 0;
	case OPTION_EXPLAIN:
		if (strchr(argument, ','))
			argp_error(state, "--explain: one row at a time");
		pathlength->explain = argument;
		return boot_option('s', argument, &pathlength->boot, state);
	case OPTION_FULL:
		pathlength->full = true;
		return 0;
	case ARGP_KEY_END:
		if (pathlength->explain && pathlength->full)
			argp_error(state,
				   "--explain looks at single boots: --full is of the matrix");
		if (pathlength->explain && !strcmp(pathlength->boot.vendor ?: "amd", "both"))
			argp_error(state, "--explain: one vendor at a time");
		boot_check_modules(&pathlength->boot, state);
		return 0;
	case 'i':
	case 's':
	case 'r':
	case BOOT_VENDOR:
	case ARGP_KEY_ARG:
		return boot_option(key, argument, &pathlength->boot, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Count the instructions of every row under each kernel, with its mitigations and without, "
	       "and with one thing changed at a time: the machine, what is behind debugcon, a tracer. "
	       "All of it takes place in the lab, under the insn clock."
	       "\vArchived in DIR/lab/<UTC time>-pathlength: summary.json, pathlength.md, report.csv, "
	       "pathlength.svg, and each boot in runs/. Equal runs give an equal table.",
};

/* The kernels that lab/prepare lists, one a line; the caller's. NULL after saying why not. */
static char *usual_kernels(int *status)
{
	struct words command = {0};
	char prepare[PATH_MAX], text[4096];
	int output = memfd_create("kernels", MFD_CLOEXEC);
	bool interrupted;
	ssize_t length;

	*status = EXIT_CANNOT;
	if (!find_part("lab/prepare", prepare)) {
		pr_err("%s is missing; run make", prepare);
		return NULL;
	}
	words_add(&command, "%s", prepare);
	words_add(&command, "-l");
	*status = command_run(&command, output, &interrupted);
	words_free(&command);
	length = pread(output, text, sizeof(text) - 1, 0);
	close(output);
	text[length > 0 ? length : 0] = '\0';
	if (*status) {
		fputs(text, stderr); /* one line of prepare's */
		return NULL;
	}
	return strdup(text);
}

/* "SELF lab ... -- SELF boot ...": the boot of one cell, archived in directory. */
static void add_cell(struct words *command, const struct pathlength *pathlength,
		     const struct pathlength_cell *cell, const char *directory)
{
	const struct boot_options *boot = &pathlength->boot;

	lab_begin(command, pathlength->self, pathlength->vendor, directory, false,
		  2 * boot_deadline(boot, boot->iter ?: INSN_ITER) + 120);
	command_option(command, "--kernel", cell->value[FACTOR_KERNEL]);
	if (!strcmp(cell->value[FACTOR_MITIGATIONS], "off"))
		command_option(command, "--append", "mitigations=off");
	words_add(command, "--");
	words_add(command, "%s", pathlength->self);
	words_add(command, "boot");
	command_option(command, "--accel", "kvm");
	command_option(command, "--machine", cell->value[FACTOR_MACHINE]);
	command_option(command, "--debugcon", cell->value[FACTOR_DEBUGCON]);
	command_option(command, "--attach", cell->value[FACTOR_ATTACHED]);
	command_option(command, "--select", boot->select);
	command_option(command, "--results", directory);
	words_add(command, "--no-floor");
	if (boot->iter)
		command_number(command, "--iter", boot->iter);
}

/* Names the cell's directory, runs/02-6.1.0-56, in the archive. */
static void name_run(struct pathlength *pathlength, size_t number, char directory[PATH_SIZE])
{
	struct pathlength_cell *cell = &pathlength->matrix.cells[number];
	char label[200];

	cell_label(&pathlength->matrix, cell, label, sizeof(label));
	for (char *at = label; *at; at++)
		if (strchr(" /", *at))
			*at = '-';
	snprintf(cell->run, sizeof(cell->run), "runs/%02zu-%s", number + 1, label);
	snprintf(directory, PATH_SIZE, "%s/%s", pathlength->archive.directory, cell->run);
}

/* Takes what the boot of a cell left, which began at that time. */
static void take(struct pathlength *pathlength, struct pathlength_cell *cell, int status,
		 const char *directory, const char *began)
{
	char *run = boot_run_in(directory);

	/* A row that is INVALID makes the boot's exit code 1, but the run is there. */
	if (run && status <= EXIT_FAILED && !boot_report_again(run, began) &&
	    !json_file_read(run, "summary.json", &cell->summary) && cell->summary) {
		cell->verdict = "ok";
		snprintf(cell->run, sizeof(cell->run), "%s",
			 run + strlen(pathlength->archive.directory) + 1);
	} else {
		cell->verdict = status == EXIT_CANNOT ? "WAIVED" : "FAILED";
		boot_last_line(directory, cell->reason, sizeof(cell->reason));
	}
	free(run);
}

/* EXIT_OK, or EXIT_FAILED with why: it was interrupted, or the archive cannot be written. */
static int run_cell(struct pathlength *pathlength, size_t number, char *why, size_t size)
{
	struct pathlength_cell *cell = &pathlength->matrix.cells[number];
	struct words command = {0};
	char directory[PATH_SIZE], label[200], began[32];
	time_t now = time(NULL);
	bool interrupted = false;
	int log, status;

	name_run(pathlength, number, directory);
	log = boot_log_open(directory, why, size);
	if (log < 0)
		return EXIT_FAILED;
	cell_label(&pathlength->matrix, cell, label, sizeof(label));
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s, cell %zu of %zu, some minutes each: %s",
			vendor_title(pathlength->vendor), number + 1, pathlength->matrix.count,
			label);
	strftime(began, sizeof(began), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	add_cell(&command, pathlength, cell, directory);
	status = command_run(&command, log, &interrupted);
	words_free(&command);
	close(log);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (interrupted) {
		pathlength->interrupted = true;
		snprintf(why, size, "interrupted in cell %zu of %zu, %s", number + 1,
			 pathlength->matrix.count, label);
		return EXIT_FAILED;
	}
	take(pathlength, cell, status, directory, began);
	return EXIT_OK;
}

static int write_text(const char *directory, const char *name, const json_t *summary,
		      void (*print)(const json_t *, FILE *))
{
	struct whole_file file;

	if (whole_file_begin(&file, "%s/%s", directory, name))
		print(summary, file.out);
	return whole_file_end(&file);
}

/* 0 without gnuplot, too: then there is no plot. */
static int write_plot(const char *directory, const json_t *summary)
{
	char *svg = pathlength_plot(summary);
	struct whole_file file;

	if (!svg && errno == ENOENT) {
		pr_warn("no plot: gnuplot is not installed (Debian: gnuplot-nox)");
		return 0;
	}
	if (!svg)
		return -1;
	if (whole_file_begin(&file, "%s/pathlength.svg", directory))
		fputs(svg, file.out);
	free(svg);
	return whole_file_end(&file);
}

static int write_report(struct pathlength *pathlength, char *why, size_t size)
{
	const char *directory = pathlength->archive.directory;
	json_t *summary = pathlength_summary(&pathlength->matrix, pathlength->archive.time);
	int status = strcmp(json_text(summary, "status"), "ok") ? EXIT_FAILED : EXIT_OK;

	if (json_file_write(summary, directory, "summary.json") ||
	    write_text(directory, "pathlength.md", summary, pathlength_markdown) ||
	    write_text(directory, "report.csv", summary, pathlength_csv) ||
	    write_plot(directory, summary) || archive_keep(&pathlength->archive)) {
		snprintf(why, size, "the table could not be written: see above");
		status = EXIT_FAILED;
	} else {
		pathlength_table(summary, stdout);
		printf("archived in %s\n", directory);
	}
	json_decref(summary);
	return status;
}

static int run_matrix(struct pathlength *pathlength)
{
	const struct pathlength_cell *base = pathlength->matrix.cells;
	char why[PATH_SIZE + 600] = "";
	char path[PATH_SIZE];
	int status = EXIT_OK;

	if (archive_begin(&pathlength->archive, pathlength->boot.results, "lab", "pathlength"))
		return EXIT_FAILED;
	snprintf(path, sizeof(path), "%s/runs", pathlength->archive.directory);
	mkdir(path, 0777);
	for (size_t i = 0; status == EXIT_OK && i < pathlength->matrix.count; i++) {
		status = run_cell(pathlength, i, why, sizeof(why));
		/* All else is told as a difference to it. */
		if (status == EXIT_OK && !base->summary) {
			snprintf(why, sizeof(why), "the base: %s", base->reason);
			status = strcmp(base->verdict, "WAIVED") ? EXIT_FAILED : EXIT_CANNOT;
		}
	}
	if (status == EXIT_OK)
		status = write_report(pathlength, why, sizeof(why));
	if (why[0]) {
		archive_fail(&pathlength->archive, why);
		pr_err("%s; what there is: %s", why, pathlength->archive.directory);
	}
	return status;
}

/* The matrix of one vendor's lab, or of each: the differences are within one lab alone. */
static int run_matrices(struct pathlength *pathlength)
{
	static const char *const vendors[] = {"amd", "intel"};
	const char *asked = pathlength->boot.vendor ?: "amd";
	bool both = !strcmp(asked, "both");
	int status, worst = EXIT_OK;

	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++) {
		if (!both && strcmp(asked, vendors[i]))
			continue;
		pathlength->vendor = vendors[i];
		matrix_forget(&pathlength->matrix);
		status = run_matrix(pathlength);
		if (status == EXIT_FAILED || worst == EXIT_OK)
			worst = status;
		if (pathlength->interrupted)
			break;
		if (both && i == 0)
			printf("\n%s\n\n", vendors_note);
	}
	return worst;
}

int cmd_pathlength(int argc, char **argv)
{
	static struct pathlength pathlength;
	char why[256], results[PATH_MAX], *usual = NULL;
	int status = EXIT_OK;

	boot_options_default(&pathlength.boot);
	pathlength.kernels = getenv("LAB_KERNELS");
	argp_parse(&argp, argc, argv, 0, NULL, &pathlength);
	find_self(pathlength.self);
	if (!pathlength.kernels || !*pathlength.kernels)
		pathlength.kernels = usual = usual_kernels(&status);
	if (!pathlength.kernels)
		return status;
	if (matrix_make(&pathlength.matrix, pathlength.kernels, pathlength.vary, pathlength.full,
			why, sizeof(why))) {
		pr_err("%s; see exitlab pathlength --help", why);
		status = EXIT_USAGE;
	} else if (find_results(pathlength.boot.results, results)) {
		status = EXIT_FAILED;
	} else {
		pathlength.boot.results = results;
		status = pathlength.explain ? explain(pathlength.explain, &pathlength.matrix,
						      pathlength.vary != NULL, &pathlength.boot)
					    : run_matrices(&pathlength);
	}
	matrix_free(&pathlength.matrix);
	free(usual);
	return status;
}
