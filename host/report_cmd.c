// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `exitlab report`: makes the report of a run anew and prints it. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "commands.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

/* Prints dir's summary.json in one of its forms. As report_print(). */
static int print(const char *dir, FILE *out, void (*form)(const json_t *summary, FILE *out))
{
	json_t *summary;
	bool invalid;

	if (json_file_read(dir, "summary.json", &summary))
		return -1;
	if (!summary) {
		pr_err("%s has no summary.json; `exitlab report %s` makes it", dir, dir);
		return -1;
	}
	form(summary, out);
	invalid = !strcmp(json_text(summary, "status"), "invalid");
	json_decref(summary);
	return invalid;
}

static void print_table(const json_t *summary, FILE *out)
{
	report_kind_of(summary)->table(summary, out);
}

int report_print(const char *dir, FILE *out)
{
	return print(dir, out, print_table);
}

int report_print_json(const char *dir, FILE *out)
{
	return print(dir, out, json_file_print);
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
		.doc = "Make summary.json, report.md, report.html, report.csv and plots/ of the run "
		       "in DIR from what was recorded (run.rec, proof.json, env.json; of "
		       "gpumem-stress, stress.json and the files of its cases), and print the "
		       "table. The same input gives the same bytes.",
	};
	struct arguments arguments = {0};
	int status;

	argv[0] = "exitlab report";
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (report_make(arguments.dir))
		return EXIT_FAILED;
	status = print(arguments.dir, stdout, arguments.json ? json_file_print : print_table);
	if (fflush(stdout)) {
		pr_err("stdout: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return status ? EXIT_FAILED : EXIT_OK;
}
