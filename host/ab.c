// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab ab: does isolation matter on this host? Each round boots the same rows four times: as the
 * host is and isolated, left alone and disturbed. Rounds alternate them, so that what drifts in the
 * meantime reaches all alike.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ab.h"
#include "archive.h"
#include "boot_elsewhere.h"
#include "child.h"
#include "commands.h"
#include "exit_rows.h"
#include "json_file.h"
#include "option_number.h"
#include "record.h"
#include "util.h"

#define LAB_ROUNDS 1
#define ROUNDS	   3
#define PATH_SIZE  (sizeof(((struct archive *)0)->directory) + 128)

static struct ab {
	struct boot_options boot;
	const char *disturb; /* on, off, both */
	const char *read;
	long rounds;
	struct archive archive;
	struct ab_runs runs[AB_CELLS];
	char self[PATH_MAX];
} ab;

enum { OPTION_READ = 256 };

static const struct argp_option option_table[] = {
	{"accel", 'a', "WHERE", 0,
	 "auto, kvm or lab [auto: KVM if the guest runs on it, else the lab]", 0},
	{"cpu", 'c', "N", 0, "host CPU of the vCPU [the last online one]", 0},
	{"iter", 'i', "N", 0, "samples per row and run [as exitlab boot; 2000 in the lab]", 0},
	{"rounds", 'n', "N", 0, "how often each of the four is run [3; 1 in the lab]", 0},
	{"select", 's', "ROW,...", 0, "rows [user.cpuid,user.outb,kernel.cpuid]", 0},
	{"disturb", 'd', "WHEN", 0, "on, off or both: with the generator of interference [both]",
	 0},
	{"read", OPTION_READ, "FILE", 0, "it also reads FILE, for the interrupts of its disk", 0},
	{"results", 'r', "DIR", 0, "archive [results]", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case 'n':
		ab.rounds = option_number(argument, 1, 1000, "--rounds", state);
		return 0;
	case 'd':
		if (strcmp(argument, "on") && strcmp(argument, "off") && strcmp(argument, "both"))
			argp_error(state, "--disturb: neither on, off nor both: %s", argument);
		ab.disturb = argument;
		return 0;
	case OPTION_READ:
		ab.read = argument;
		return 0;
	case 'a':
	case 'c':
	case 'i':
	case 's':
	case 'r':
	case ARGP_KEY_ARG:
		return boot_option(key, argument, &ab.boot, state);
	case ARGP_KEY_END:
		if (!strcmp(ab.boot.accel, "tcg"))
			argp_error(state, "--accel: under TCG nothing is measured");
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

/* Replaces this process by the lab with the same command in it. Returns only when it cannot. */
static int ab_in_lab(void)
{
	long iter = ab.boot.iter ?: LAB_ITER, rounds = ab.rounds ?: LAB_ROUNDS;
	struct command command = {0};
	char results[PATH_MAX];

	if ((mkdir(ab.boot.results, 0777) && errno != EEXIST) ||
	    !realpath(ab.boot.results, results)) {
		pr_err("%s: %s; RESULTS= names another place", ab.boot.results, strerror(errno));
		return EXIT_FAILED;
	}
	command_add(&command, "%s", ab.self);
	command_add(&command, "lab");
	command_option(&command, "--clock", "host");
	command_number(&command, "--cpus", 2);
	command_number(&command, "--deadline",
		       rounds * AB_CELLS * 2 * boot_deadline(&ab.boot, iter) + 120);
	command_option(&command, "--rw", results);
	command_add(&command, "--");
	command_add(&command, "%s", ab.self);
	command_add(&command, "ab");
	command_option(&command, "--accel", "kvm");
	command_option(&command, "--results", results);
	command_option(&command, "--select", ab.boot.select);
	command_option(&command, "--disturb", ab.disturb);
	command_option(&command, "--read", ab.read);
	command_number(&command, "--iter", iter);
	command_number(&command, "--rounds", rounds);
	fflush(stdout);
	execv(ab.self, command.word);
	pr_err("%s: %s", ab.self, strerror(errno));
	return EXIT_FAILED;
}

/* Starts the generator and waits until it is at work. Its pid, or -1 with one line on stderr. */
static pid_t disturb(void)
{
	struct command command = {0};
	int ready[2];
	char line[16];
	pid_t pid;

	command_add(&command, "%s", ab.self);
	command_add(&command, "interfere");
	command_add(&command, "--cpu");
	command_add(&command, "%ld", ab.boot.cpu);
	command_add(&command, "--busy");
	command_add(&command, "--shootdowns");
	command_number(&command, "--timers", 4000);
	command_option(&command, "--read", ab.read);
	if (pipe2(ready, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		execv(ab.self, command.word);
		_exit(127);
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], line, sizeof(line)) <= 0) {
		pr_err("the generator of interference did not start");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ready[0]);
	command_free(&command);
	return pid;
}

/* The one run that lies in directory, "HOST/TIME-vmexit"; NULL where it failed. */
static char *run_in(const char *directory)
{
	char pattern[PATH_SIZE + 16];
	char *path = NULL;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*/*-vmexit", directory);
	if (!glob(pattern, 0, NULL, &found)) {
		path = strdup(found.gl_pathv[0]);
		globfree(&found);
	}
	return path;
}

/* Makes the directory of one boot and opens its log in it. The log, or -1 with why. */
static int begin_cell(const struct ab_cell *cell, long round, char directory[PATH_SIZE], char *why,
		      size_t size)
{
	char log[PATH_SIZE + 16];
	int output = -1;

	snprintf(directory, PATH_SIZE, "%s/runs/%ld%s%s", ab.archive.directory, round,
		 cell->isolated ? "-isolated" : "-plain", cell->disturbed ? "-disturbed" : "");
	snprintf(log, sizeof(log), "%s/boot.log", directory);
	if (!mkdir(directory, 0777))
		output = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (output < 0)
		snprintf(why, size, "%s: %s", log, strerror(errno));
	else if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kround %ld of %ld: %s", round, ab.rounds, cell->name);
	return output;
}

static int boot(const struct ab_cell *cell, const char *directory, int output, bool *interrupted)
{
	struct command command = {0};
	pid_t disturber = cell->disturbed ? disturb() : 0;
	int status = EXIT_FAILED;

	command_add(&command, "%s", ab.self);
	command_add(&command, "boot");
	command_option(&command, "--accel", "kvm");
	command_option(&command, "--results", directory);
	command_option(&command, "--select", ab.boot.select);
	command_number(&command, "--iter", ab.boot.iter);
	command_add(&command, "--cpu");
	command_add(&command, "%ld", ab.boot.cpu);
	if (cell->isolated)
		command_add(&command, "--isolate");
	if (disturber >= 0)
		status = command_run(&command, output, interrupted);
	if (disturber > 0) {
		kill(disturber, SIGTERM);
		waitpid(disturber, NULL, 0);
	}
	command_free(&command);
	return status;
}

/* The last line of a boot's log: what it failed of. */
static void last_line(const char *directory, char *line, size_t size)
{
	char path[PATH_SIZE + 16], next[512];
	FILE *log;

	snprintf(path, sizeof(path), "%s/boot.log", directory);
	snprintf(line, size, "it says nothing in %s", path);
	log = fopen(path, "re");
	while (log && fgets(next, sizeof(next), log))
		if (next[strspn(next, " \n")])
			snprintf(line, size, "%.*s", (int)strcspn(next, "\n"), next);
	if (log)
		fclose(log);
}

/* One boot of one cell. EXIT_OK, or another exit code with why. */
static int run_cell(int cell, long round, char *why, size_t size)
{
	struct ab_runs *runs = &ab.runs[cell];
	char directory[PATH_SIZE], line[PATH_SIZE + 64], *path;
	bool interrupted = false;
	int status, output = begin_cell(&ab_cells[cell], round, directory, why, size);

	if (output < 0)
		return EXIT_FAILED;
	status = boot(&ab_cells[cell], directory, output, &interrupted);
	close(output);
	path = run_in(directory);
	/* A row that is INVALID makes the boot's exit code 1, but the run is there. */
	if (!interrupted && path && status <= EXIT_FAILED) {
		runs->path = reallocarray(runs->path, runs->count + 1, sizeof(*runs->path));
		if (!runs->path)
			die("no memory");
		runs->path[runs->count++] = path;
		return EXIT_OK;
	}
	free(path);
	last_line(directory, line, sizeof(line));
	snprintf(why, size, "%s, round %ld: %s", ab_cells[cell].name, round,
		 interrupted ? "interrupted" : line);
	return status == EXIT_CANNOT ? EXIT_CANNOT : EXIT_FAILED;
}

static bool wanted(int cell)
{
	return !strcmp(ab.disturb, "both") || ab_cells[cell].disturbed == !strcmp(ab.disturb, "on");
}

/* EXIT_FAILED where a row is INVALID, too; the comparison is archived all the same. */
static int write_report(char *why, size_t size)
{
	const char *directory = ab.archive.directory;
	json_t *summary = ab_summary(ab.runs, ab.archive.time);
	char path[PATH_SIZE];
	FILE *markdown;
	int error, status;

	snprintf(why, size, "no report was made: see above");
	if (!summary)
		return EXIT_FAILED;
	status = ab_invalid(summary) ? EXIT_FAILED : EXIT_OK;
	error = json_file_write(summary, directory, "summary.json");
	snprintf(path, sizeof(path), "%s/report.md", directory);
	markdown = fopen(path, "we");
	if (markdown)
		ab_markdown(summary, markdown);
	if (!markdown || (fflush(markdown), ferror(markdown)) || fclose(markdown)) {
		pr_err("%s: %s", path, strerror(errno));
		error = -1;
	}
	if (!error && !archive_keep(&ab.archive)) {
		why[0] = '\0';
		ab_table(summary, stdout);
		printf("archived in %s\n", directory);
	}
	json_decref(summary);
	return why[0] ? EXIT_FAILED : status;
}

/* EXIT_CANNOT where KVM does not run the guest. */
static int run_here(char *why, size_t size)
{
	int status = EXIT_OK;
	char path[PATH_SIZE];
	struct utsname host;

	uname(&host);
	if (archive_begin(&ab.archive, ab.boot.results, host.nodename, "isolation-ab"))
		return EXIT_FAILED;
	snprintf(path, sizeof(path), "%s/runs", ab.archive.directory);
	mkdir(path, 0777);
	for (long round = 1; status == EXIT_OK && round <= ab.rounds; round++)
		for (int cell = 0; status == EXIT_OK && cell < AB_CELLS; cell++)
			if (wanted(cell))
				status = run_cell(cell, round, why, size);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (status == EXIT_OK)
		status = write_report(why, size);
	if (status == EXIT_CANNOT && !strcmp(ab.boot.accel, "auto")) {
		archive_discard(&ab.archive);
		return status;
	}
	if (why[0]) {
		archive_fail(&ab.archive, why);
		pr_err("%s", why);
	}
	return status;
}

int cmd_ab(int argc, char **argv)
{
	char why[PATH_SIZE + 256] = "";
	int status;

	boot_options_default(&ab.boot);
	ab.boot.select = "user.cpuid,user.outb,kernel.cpuid";
	ab.disturb = "both";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	find_self(ab.self);
	if (!strcmp(ab.boot.accel, "lab"))
		return ab_in_lab();
	if (access("/dev/kvm", R_OK | W_OK) && !strcmp(ab.boot.accel, "auto")) {
		printf("accel: lab, since /dev/kvm cannot be used: %s\n", strerror(errno));
		return ab_in_lab();
	}
	if (geteuid())
		die_code(EXIT_CANNOT, "isolation changes the host: run as root");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		die_code(EXIT_CANNOT, "isolation needs a second CPU for the rest of the host");
	ab.boot.cpu = boot_cpu(&ab.boot);
	if (!ab.rounds)
		ab.rounds = ROUNDS;
	status = run_here(why, sizeof(why));
	if (status == EXIT_CANNOT && !strcmp(ab.boot.accel, "auto")) {
		printf("accel: lab, since KVM does not run the guest here\n");
		return ab_in_lab();
	}
	return status;
}
