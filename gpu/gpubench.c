// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * gpubench: the GPU virtualisation benchmark suite. `exitlab gpu` runs it and reports; in a guest
 * it runs alone, its record going out on the record channel.
 */
#include <argp.h>
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../host/option_number.h"
#include "suite.h"
#include "tenant.h"

#define NAME_MOST	63
#define MEM_LIMIT_LEAST 0x1p20 /* below, a context has no room */
#define MEM_LIMIT_MOST	0x1p50

enum {
	OPTION_TENANT = 256,
	OPTION_PLACE,
	OPTION_LIST,
	OPTION_LIBCUDA,
	OPTION_PLANT,
	OPTION_PATIENCE,
	OPTION_QUIET,
	OPTION_WAIVE
};

static const struct argp_option argp_options[] = {
	{"output", 'o', "FILE", 0, "The record; - is standard output", 0},
	{"list", OPTION_LIST, NULL, 0, "List the metrics: id, name, unit, better, needs, contract",
	 0},
	{"select", 's', "LIST", 0, "Metrics and categories, OH-001,PCIE [all]", 0},
	{"system", 'S', "NAME", 0,
	 "native, guest, mig, mps, or the name of the limiter that --preload has [native]", 0},
	{"preload", 'p', "LIBRARY", 0, "A limiter that tenants preload", 0},
	{"mem-limit", 'm', "BYTES", 0, "Memory limit of a tenant, with k, m or g [none]", 0},
	{"sm-limit", 'l', "PERCENT", 0, "SM limit of a tenant, 1 to 100 [none]", 0},
	{"quick", 'q', NULL, 0, "Fewer samples: a look in less than a minute", 0},
	{"quiet", OPTION_QUIET, NULL, 0, "No progress line, nothing from tenants", 0},
	{"waive", OPTION_WAIVE, NULL, 0,
	 "Where there is no GPU, record every row as WAIVED with the reason", 0},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0, "The driver's library [libcuda.so.1]", 0},
	{"plant-slowdown", OPTION_PLANT, "N", 0,
	 "Do each operation N times for one: a control that compare must call SLOWER [1]", 0},
	{"patience", OPTION_PATIENCE, "SECONDS", 0,
	 "How long a tenant may be silent beyond its work [60]", 0},
	{"tenant", OPTION_TENANT, "FD", OPTION_HIDDEN, NULL, 0},
	{"place", OPTION_PLACE, "N", OPTION_HIDDEN, NULL, 0},
	{0},
};

struct arguments {
	struct suite suite;
	const char *output;
	int tenant; /* -1: the coordinator */
	int place;  /* of the tenant among the CPUs, from 0 */
	bool list;
};

static unsigned int whole(const char *text, double most, const char *option,
			  struct argp_state *state)
{
	double value = option_real(text, 1, most, option, state);

	if (text[strspn(text, "0123456789")])
		argp_error(state, "%s: \"%s\" is no whole number", option, text);
	return value;
}

/* Bytes with a suffix; the limiter reads them again, and in no other way than 1.5g. */
static const char *bytes(const char *text, struct argp_state *state)
{
	static const char suffixes[] = "kmg";
	char *end;
	double value = strtod(text, &end);

	if (!isdigit((unsigned char)*text) || strpbrk(text, "xXeEpP") || strlen(end) > 1 ||
	    !strchr("kmgKMG", *end))
		argp_error(state, "--mem-limit: \"%s\" is no size such as 4g", text);
	value *= *end ? 1 << (strchr(suffixes, tolower((unsigned char)*end)) - suffixes + 1) * 10
		      : 1;
	if (!(value >= MEM_LIMIT_LEAST && value <= MEM_LIMIT_MOST))
		argp_error(state, "--mem-limit: \"%s\" is not from 1m to 1048576g", text);
	return text;
}

/* A system's name is a line of the record. */
static const char *name(const char *text, struct argp_state *state)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)text[i]))
			length = 0;
	if (!length || length > NAME_MOST)
		argp_error(state, "--system: a name is one line of 1 to %d characters", NAME_MOST);
	return text;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct options *options = &arguments->suite.options;
	char word[64];

	switch (key) {
	case 'o':
		arguments->output = argument;
		return 0;
	case 's':
		if (metric_unknown(argument, word, sizeof(word)))
			argp_error(state,
				   "--select: there is no metric or category \"%s\"; --list "
				   "has them",
				   word);
		options->select = argument;
		return 0;
	case 'S':
		options->system = name(argument, state);
		return 0;
	case 'p':
		options->preload = argument;
		return 0;
	case 'm':
		options->mem_limit = bytes(argument, state);
		return 0;
	case 'l':
		options->sm_limit = whole(argument, 100, "--sm-limit", state);
		return 0;
	case 'q':
		options->quick = true;
		return 0;
	case OPTION_QUIET:
		options->quiet = true;
		return 0;
	case OPTION_WAIVE:
		options->waive = true;
		return 0;
	case OPTION_LIBCUDA:
		options->libcuda = argument;
		return 0;
	case OPTION_PLANT:
		options->plant = whole(argument, 100, "--plant-slowdown", state);
		return 0;
	case OPTION_PATIENCE:
		options->patience = option_real(argument, 0.1, 3600, "--patience", state);
		return 0;
	case OPTION_TENANT:
		arguments->tenant = option_real(argument, 0, 1 << 20, "--tenant", state);
		return 0;
	case OPTION_PLACE:
		arguments->place = option_real(argument, 0, 1 << 20, "--place", state);
		return 0;
	case OPTION_LIST:
		arguments->list = true;
		return 0;
	case ARGP_KEY_END:
		if (arguments->tenant < 0 && !arguments->list && !arguments->output)
			argp_error(state, "where does the record go? --output FILE; `exitlab gpu` "
					  "makes a run of it");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.doc = "Measure what GPU virtualisation costs, and how well tenants are isolated.",
};

static void needs_text(unsigned int needs, char text[64])
{
	static const char *const names[] = {"tenants",	"limiter",    "mem-limit",
					    "sm-limit", "sm-control", "two-gpus"};
	size_t length = 0;

	snprintf(text, 64, "-");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (needs & 1u << i)
			length += snprintf(text + length, 64 - length, "%s%s", length ? "," : "",
					   names[i]);
}

#define LIST_COLUMNS 7

static void list_cells(const struct metric *metric, const char *cells[LIST_COLUMNS])
{
	static char needs[64], contract[512];

	needs_text(metric->needs, needs);
	snprintf(contract, sizeof(contract), "%s%s", metric->run ? "" : "(planned) ",
		 metric->contract);
	cells[0] = metric->id;
	cells[1] = metric->name;
	cells[2] = metric->unit;
	cells[3] = metric->better;
	cells[4] = needs;
	cells[5] = *metric->points ? metric->points : "-";
	cells[6] = contract;
}

/* Separated by tabs for programs, in columns on a terminal. */
static void list(bool columns)
{
	static const char *const titles[LIST_COLUMNS] = {"id",	  "name",   "unit",    "better",
							 "needs", "points", "contract"};
	const char *cells[LIST_COLUMNS];
	int widths[LIST_COLUMNS] = {0};

	for (size_t i = 0; columns && i < metric_count; i++) {
		list_cells(&metrics[i], cells);
		for (size_t c = 0; c + 1 < LIST_COLUMNS; c++)
			if (widths[c] < (int)strlen(cells[c]))
				widths[c] = strlen(cells[c]);
	}
	for (size_t i = 0; i <= metric_count; i++) {
		if (i)
			list_cells(&metrics[i - 1], cells);
		for (size_t c = 0; c < LIST_COLUMNS; c++)
			printf("%-*s%s", widths[c], i ? cells[c] : titles[c],
			       c + 1 == LIST_COLUMNS ? "\n"
			       : columns	     ? "  "
						     : "\t");
	}
}

int main(int argc, char **argv)
{
	static struct arguments arguments = {
		.suite.options = {.system = "native", .plant = 1, .patience = 60},
		.tenant = -1,
	};
	struct suite *suite = &arguments.suite;
	struct stat file;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (arguments.tenant >= 0)
		return tenant_main(arguments.tenant, arguments.place, suite->options.libcuda,
				   suite->options.preload);
	if (arguments.list) {
		list(isatty(1));
		return fflush(stdout) ? 1 : 0;
	}
	suite->out = strcmp(arguments.output, "-") ? fopen(arguments.output, "we") : stdout;
	if (!suite->out) {
		fprintf(stderr, "gpubench: %s: %m\n", arguments.output);
		return 1;
	}
	status = suite_run(suite);
	/* Where nothing can run no record is left. */
	if (status == 77 && !suite->options.waive && !fstat(fileno(suite->out), &file) &&
	    S_ISREG(file.st_mode) && suite->out != stdout)
		unlink(arguments.output);
	return status;
}
