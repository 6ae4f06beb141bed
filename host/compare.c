// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* exitlab compare: did it get slower? The first run is the base, each other is held against it. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "compare.h"
#include "json_file.h"
#include "util.h"
#include "whole_file.h"

enum { OPTION_COMMON = 256, OPTION_FAIL_SLOWER, OPTION_MARKDOWN, OPTION_SVG };

static const struct argp_option options[] = {
	{"common", OPTION_COMMON, NULL, 0, "Compare the rows that all runs have", 0},
	{"fail-slower", OPTION_FAIL_SLOWER, NULL, 0,
	 "Exit with 1 where a row is SLOWER, or has a number in the base only", 0},
	{"margin", 'm', "PERCENT", 0,
	 "A smaller change is SAME [1; 0 where instructions are counted; of GPU runs 5 and wider]",
	 0},
	{"json", 'j', NULL, 0, "Print JSON instead of the table", 0},
	{"markdown", OPTION_MARKDOWN, NULL, 0, "Print markdown instead of the table", 0},
	{"svg", OPTION_SVG, "FILE", 0, "Draw the distributions of each row into FILE, too", 0},
	{0},
};

struct arguments {
	char **names; /* of the sides, the base first */
	size_t count;
	double margin; /* negative: the usual one */
	bool common, fail_slower;
	void (*print)(const json_t *comparison, FILE *out);
	const char *svg;
};

static double percent(const char *text, struct argp_state *state)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text || !(value >= 0 && value <= 100))
		argp_error(state, "--margin: \"%s\" is not a number from 0 to 100", text);
	return value / 100;
}

static void choose_print(struct arguments *arguments, void (*print)(const json_t *, FILE *),
			 struct argp_state *state)
{
	if (arguments->print != compare_table && arguments->print != print)
		argp_error(state, "either --json or --markdown");
	arguments->print = print;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		choose_print(arguments, json_file_print, state);
		return 0;
	case OPTION_MARKDOWN:
		choose_print(arguments, compare_markdown, state);
		return 0;
	case 'm':
		arguments->margin = percent(argument, state);
		return 0;
	case OPTION_COMMON:
		arguments->common = true;
		return 0;
	case OPTION_FAIL_SLOWER:
		arguments->fail_slower = true;
		return 0;
	case OPTION_SVG:
		arguments->svg = argument;
		return 0;
	case ARGP_KEY_ARGS:
		arguments->names = state->argv + state->next;
		arguments->count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (arguments->count < 2)
			argp_error(state, "which runs? give two or more directories, "
					  "results/<host>/<run>; the first is the base");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "BASE WITH...",
	.doc = "Compare the medians of each row of two or more runs: ratio, 95 % interval, verdict. "
	       "BASE and WITH are directories of runs or their summary.json; RUN,RUN,... are "
	       "several runs of one side, whose variation is then part of the interval."
	       "\vRuns whose clocks, units, kinds or rows differ are refused.",
};

static int draw(const char *path, const json_t *comparison, const struct side *sides, size_t count)
{
	char *text = compare_plot(comparison, sides, count);
	struct whole_file file;

	if (!text && errno == ENOENT)
		pr_err("%s: not drawn, gnuplot is not installed (Debian: gnuplot-nox)", path);
	if (!text)
		return errno == ENOENT ? EXIT_CANNOT : EXIT_FAILED;
	if (whole_file_begin(&file, "%s", path))
		fputs(text, file.out);
	free(text);
	return whole_file_end(&file) ? EXIT_FAILED : EXIT_OK;
}

/* Is there a number in the base, and none any more? */
static bool is_lost(const json_t *row)
{
	return json_is_object(json_object_get(row, "base")) &&
	       !json_is_object(json_object_get(row, "with"));
}

/* What the verdicts mean for the exit code; nothing compared is no success. */
static int judge(const json_t *comparison, bool fail_slower)
{
	const json_t *two, *row;
	size_t i, k, compared = 0, slower = 0, lost = 0;

	json_array_foreach (json_object_get(comparison, "comparisons"), i, two) {
		json_array_foreach (json_object_get(two, "rows"), k, row) {
			compared += json_is_number(json_object_get(row, "change"));
			slower += !strcmp(json_text(row, "verdict"), "SLOWER");
			lost += is_lost(row);
		}
	}
	if (!compared) {
		pr_err("no row could be compared: none has a number on both sides");
		return EXIT_FAILED;
	}
	if (!fail_slower || !(slower + lost))
		return EXIT_OK;
	pr_err("rows that are SLOWER: %zu; with a number in the base only: %zu", slower, lost);
	return EXIT_FAILED;
}

static int compare(const struct arguments *arguments, const struct side *sides)
{
	int drawn = EXIT_OK, status;
	json_t *comparison;

	if (sides_check(sides, arguments->count, arguments->common))
		return EXIT_FAILED;
	comparison = compare_sides(sides, arguments->count, arguments->margin);
	arguments->print(comparison, stdout);
	if (arguments->svg)
		drawn = draw(arguments->svg, comparison, sides, arguments->count);
	status = judge(comparison, arguments->fail_slower);
	json_decref(comparison);
	return status ?: drawn;
}

int cmd_compare(int argc, char **argv)
{
	struct arguments arguments = {.margin = -1, .print = compare_table};
	struct side *sides;
	int status = EXIT_OK;

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	sides = calloc(arguments.count, sizeof(*sides));
	if (!sides)
		die("no memory for %zu runs", arguments.count);
	for (size_t i = 0; status == EXIT_OK && i < arguments.count; i++)
		if (side_read(&sides[i], arguments.names[i]))
			status = EXIT_FAILED;
	if (status == EXIT_OK)
		status = compare(&arguments, sides);
	for (size_t i = 0; i < arguments.count; i++)
		side_free(&sides[i]);
	free(sides);
	return status;
}
