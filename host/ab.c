// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab ab: does isolation matter on this host? Each round boots the same rows four times: as the
 * host is and isolated, left alone and disturbed. Rounds alternate them, so that what drifts in the
 * meantime reaches all alike.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ab.h"
#include "archive.h"
#include "boot_child.h"
#include "boot_elsewhere.h"
#include "child.h"
#include "commands.h"
#include "generator.h"
#include "json_file.h"
#include "option_number.h"
#include "report.h"
#include "util.h"
#include "whole_file.h"

#define LAB_ROUNDS 1
#define ROUNDS	   3
#define PATH_SIZE  (sizeof(((struct archive *)0)->directory) + 128)

/* Everything about one comparison that more than one step needs. */
struct ab {
	struct boot_options boot;
	const char *disturb; /* on, off, both */
	const char *read;
	long rounds;
	struct archive archive;
	struct ab_runs runs[AB_CELLS];
	char self[PATH_MAX];
};

enum { OPTION_DISTURB = 256, OPTION_FIFO, OPTION_READ };

static const struct argp_option option_table[] = {
	{"accel", 'a', "auto|kvm|lab", 0,
	 "where the guest runs [auto: KVM if it runs there, else the lab]", 0},
	{"cpu", 'c', "N", 0, "host CPU of the vCPU [the last online one]", 0},
	{"iter", 'i', "N", 0, "samples per row and run [as exitlab boot; 2000 in the lab]", 0},
	{"rounds", 'n', "N", 0, "how often each of the four is run [3; 1 in the lab]", 0},
	{"select", 's', "ROW,...", 0, "rows [user.cpuid,user.outb,kernel.cpuid]", 0},
	{"disturb", OPTION_DISTURB, "on|off|both", 0, "with the generator of interference [both]",
	 0},
	{"fifo", OPTION_FIFO, "PRIORITY", 0,
	 "real-time priority of an isolated vCPU, 1 to 99 [none]", 0},
	{"machine", 'm', "microvm|q35", 0, "the guest's machine [microvm]", 0},
	{"read", OPTION_READ, "FILE", 0, "it also reads FILE, for the interrupts of its disk", 0},
	{"results", 'r', "DIR", 0, "archive [results]", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ab *ab = state->input;

	switch (key) {
	case 'n':
		ab->rounds = option_number(argument, 1, 1000, "--rounds", state);
		return 0;
	case OPTION_DISTURB:
		if (strcmp(argument, "on") && strcmp(argument, "off") && strcmp(argument, "both"))
			argp_error(state, "--disturb: neither on, off nor both: %s", argument);
		ab->disturb = argument;
		return 0;
	case OPTION_FIFO:
		ab->boot.fifo = option_number(argument, 1, 99, "--fifo", state);
		return 0;
	case OPTION_READ:
		ab->read = argument;
		return 0;
	case 'a':
	case 'c':
	case 'i':
	case 'm':
	case 's':
	case 'r':
	case ARGP_KEY_ARG:
		return boot_option(key, argument, &ab->boot, state);
	case ARGP_KEY_END:
		if (!strcmp(ab->boot.accel, "tcg"))
			argp_error(state, "--accel: under TCG nothing is measured");
		boot_check_modules(&ab->boot, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Boot the same rows with and without isolation, with and without interference, in turn; "
	       "print and archive p50, p99, p99.9, max and the report card of each."
	       "\vAs root. Archived in DIR/<host>/<UTC time>-isolation-ab, the single runs in its runs/.",
};

/* The options that are handed on as they are. */
static void add_options(struct words *command, const struct ab *ab)
{
	command_option(command, "--accel", "kvm");
	command_option(command, "--machine", ab->boot.machine);
	command_option(command, "--select", ab->boot.select);
}

/* Replaces this process by the lab with the same command in it. Returns only when it cannot. */
static int ab_in_lab(struct ab *ab)
{
	long iter = ab->boot.iter ?: LAB_ITER, rounds = ab->rounds ?: LAB_ROUNDS;
	struct words command = {0};
	char results[PATH_MAX];

	if (find_results(ab->boot.results, results))
		return EXIT_FAILED;
	lab_begin(&command, ab->self, "amd", results, true,
		  rounds * AB_CELLS * 2 * boot_deadline(&ab->boot, iter) + 120);
	words_add(&command, "--");
	words_add(&command, "%s", ab->self);
	words_add(&command, "ab");
	add_options(&command, ab);
	command_option(&command, "--results", results);
	command_option(&command, "--disturb", ab->disturb);
	command_option(&command, "--read", ab->read);
	command_number(&command, "--iter", iter);
	command_number(&command, "--rounds", rounds);
	if (ab->boot.fifo)
		command_number(&command, "--fifo", ab->boot.fifo);
	return lab_exec(&command);
}

/* Makes the directory of one boot and opens its log in it. The log, or -1 with why. */
static int begin_cell(const struct ab *ab, const struct ab_cell *cell, long round,
		      char directory[PATH_SIZE], char *why, size_t size)
{
	int output;

	snprintf(directory, PATH_SIZE, "%s/runs/%ld%s%s", ab->archive.directory, round,
		 cell->isolated ? "-isolated" : "-plain", cell->disturbed ? "-disturbed" : "");
	output = boot_log_open(directory, why, size);
	if (output >= 0 && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kround %ld of %ld: %s", round, ab->rounds, cell->name);
	return output;
}

/* The boot of a cell. Its exit code. */
static int boot(const struct ab *ab, const struct ab_cell *cell, const char *directory, int log,
		bool *interrupted)
{
	struct words command = {0};
	int status;

	words_add(&command, "%s", ab->self);
	words_add(&command, "boot");
	words_add(&command, "--no-floor"); /* isolated or not is the question */
	add_options(&command, ab);
	command_option(&command, "--results", directory);
	command_number(&command, "--cpu", ab->boot.cpu);
	if (ab->boot.iter)
		command_number(&command, "--iter", ab->boot.iter);
	if (cell->isolated)
		words_add(&command, "--isolate");
	if (cell->isolated && ab->boot.fifo)
		command_number(&command, "--fifo", ab->boot.fifo);
	status = command_run(&command, log, interrupted);
	words_free(&command);
	return status;
}

static void keep_run(struct ab_runs *runs, char *path)
{
	runs->path = reallocarray(runs->path, runs->count + 1, sizeof(*runs->path));
	if (!runs->path)
		die("no memory");
	runs->path[runs->count++] = path;
}

/*
 * One boot of one cell. EXIT_OK, or another exit code with why. Of a boot that is not isolated
 * EXIT_CANNOT means that KVM does not run the guest: EXIT_NO_GUEST.
 */
static int run_cell(struct ab *ab, int i, long round, char *why, size_t size)
{
	const struct ab_cell *cell = &ab_cells[i];
	char directory[PATH_SIZE], line[PATH_SIZE + 64], *path;
	int status, log = begin_cell(ab, cell, round, directory, why, size);
	struct generator generator = {0};
	bool interrupted = false, failed = false;

	if (log < 0)
		return EXIT_FAILED;
	if (cell->disturbed && generator_start(&generator, ab->self, ab->boot.cpu, ab->read, log)) {
		close(log);
		boot_last_line(directory, line, sizeof(line));
		snprintf(why, size, "%s, round %ld: the generator of interference: %s", cell->name,
			 round, line);
		return EXIT_FAILED;
	}
	status = boot(ab, cell, directory, log, &interrupted);
	boot_last_line(directory, line, sizeof(line));
	if (cell->disturbed)
		failed = generator_end(&generator, log);
	close(log);
	path = boot_run_in(directory);
	/* A row that is INVALID makes the boot's exit code 1, but the run is there. */
	if (!interrupted && !failed && path && status <= EXIT_FAILED) {
		keep_run(&ab->runs[i], path);
		return EXIT_OK;
	}
	free(path);
	if (failed && !interrupted)
		snprintf(line, sizeof(line),
			 "the generator of interference failed, see %s/boot.log", directory);
	snprintf(why, size, "%s, round %ld: %s", cell->name, round,
		 interrupted ? "interrupted" : line);
	if (status != EXIT_CANNOT)
		return EXIT_FAILED;
	return cell->isolated ? EXIT_CANNOT : EXIT_NO_GUEST;
}

static bool wanted(const struct ab *ab, int cell)
{
	return !strcmp(ab->disturb, "both") ||
	       ab_cells[cell].disturbed == !strcmp(ab->disturb, "on");
}

/* EXIT_FAILED where a row is INVALID, too; the comparison is archived all the same. */
static int write_report(struct ab *ab, char *why, size_t size)
{
	static const struct {
		const char *name;
		void (*write)(const json_t *summary, FILE *out);
	} reports[] = {{"report.md", ab_markdown}, {"report.html", report_html}};
	const char *directory = ab->archive.directory;
	json_t *summary = ab_summary(ab->runs, ab->archive.time);
	int error, status;

	snprintf(why, size, "no report was made: see above");
	if (!summary)
		return EXIT_FAILED;
	status = ab_invalid(summary) ? EXIT_FAILED : EXIT_OK;
	error = json_file_write(summary, directory, "summary.json");
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		struct whole_file file;

		if (whole_file_begin(&file, "%s/%s", directory, reports[i].name))
			reports[i].write(summary, file.out);
		error |= whole_file_end(&file);
	}
	if (!error && !archive_keep(&ab->archive)) {
		why[0] = '\0';
		ab_table(summary, stdout);
		printf("archived in %s\n", directory);
	}
	json_decref(summary);
	return why[0] ? EXIT_FAILED : status;
}

/* EXIT_NO_GUEST where KVM does not run the guest and accel is auto. */
static int run_here(struct ab *ab, char *why, size_t size)
{
	int status = EXIT_OK;
	char path[PATH_SIZE];
	struct utsname host;

	uname(&host);
	if (archive_begin(&ab->archive, ab->boot.results, host.nodename, "isolation-ab"))
		return EXIT_FAILED;
	snprintf(path, sizeof(path), "%s/runs", ab->archive.directory);
	mkdir(path, 0777);
	for (long round = 1; status == EXIT_OK && round <= ab->rounds; round++)
		for (int cell = 0; status == EXIT_OK && cell < AB_CELLS; cell++)
			if (wanted(ab, cell))
				status = run_cell(ab, cell, round, why, size);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (status == EXIT_OK)
		status = write_report(ab, why, size);
	if (status == EXIT_NO_GUEST && !strcmp(ab->boot.accel, "auto")) {
		archive_discard(&ab->archive);
		return status;
	}
	if (why[0]) {
		archive_fail(&ab->archive, why);
		pr_err("%s; the boots so far: %s", why, ab->archive.directory);
	}
	return status == EXIT_NO_GUEST ? EXIT_CANNOT : status;
}

int cmd_ab(int argc, char **argv)
{
	static struct ab ab = {.disturb = "both"};
	char why[PATH_SIZE + 256] = "";
	long rounds;
	int status;

	boot_options_default(&ab.boot);
	ab.boot.select = "user.cpuid,user.outb,kernel.cpuid";
	argp_parse(&argp, argc, argv, 0, NULL, &ab);
	find_self(ab.self);
	if (lab_wanted(ab.boot.accel))
		return ab_in_lab(&ab);
	check_isolation();
	ab.boot.cpu = boot_cpu(&ab.boot);
	rounds = ab.rounds;
	ab.rounds = rounds ?: ROUNDS;
	status = run_here(&ab, why, sizeof(why));
	if (status != EXIT_NO_GUEST)
		return status;
	printf("accel: lab, since KVM does not run the guest here\n");
	ab.rounds = rounds;
	return ab_in_lab(&ab);
}
