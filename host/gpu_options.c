// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "gpu_options.h"
#include "option_number.h"
#include "util.h"

enum { OPTION_GPUBENCH = 256, OPTION_LIBCUDA, OPTION_LIST, OPTION_PLANT, OPTION_REFERENCE };

static const struct argp_option table[] = {
	{"select", 's', "LIST", 0, "Metrics and categories to run, OH-001,PCIE [all]", 0},
	{"system", 'S', "NAME", 0,
	 "What is measured: native, guest, mig, mps, or the name of the limiter that --preload has "
	 "[native]",
	 0},
	{"preload", 'p', "FILE", 0, "Library of a limiter, which tenants preload", 0},
	{"mem-limit", 'm', "BYTES", 0, "Memory limit of a tenant, with k, m or g [none]", 0},
	{"sm-limit", 'l', "PERCENT", 0, "SM limit of a tenant, 1 to 100 [none]", 0},
	{"reference", OPTION_REFERENCE, "RUN", 0, "Score against that run's summary.json", 0},
	{"quick", 'q', NULL, 0, "Fewer samples: a look in less than a minute", 0},
	{"results", 'r', "DIR", 0, "Where the archive goes [results]", 0},
	{"deadline", 'd', "SECONDS", 0, "Longest time of the whole run [1800]", 0},
	{"json", 'j', NULL, 0, "Print summary.json instead of the table", 0},
	{"list", OPTION_LIST, NULL, 0, "Print the metrics and end", 0},
	{"plant-slowdown", OPTION_PLANT, "N", 0,
	 "Do each operation N times for one: a control that compare must call SLOWER [1]", 0},
	{"gpubench", OPTION_GPUBENCH, "FILE", 0, "The suite [the one that lies beside exitlab]", 0},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0, "The driver's library [libcuda.so.1]", 0},
	{0},
};

static const char *const metric_ids[] = {
#define METRIC(symbol, id, ...) id,
#include "../gpu/benches.def"
#undef METRIC
};

/* Is the word, of length characters, a metric or a category? */
static bool is_metric(const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(metric_ids); i++)
		if (length && !strncmp(word, metric_ids[i], length) &&
		    (length == strlen(metric_ids[i]) || length == strcspn(metric_ids[i], "-")))
			return true;
	return false;
}

static const char *selection(const char *list, struct argp_state *state)
{
	for (const char *at = list;; at++) {
		size_t length = strcspn(at, ",");

		if (!is_metric(at, length))
			argp_error(state,
				   "--select: there is no metric or category \"%.*s\"; --list has "
				   "them",
				   (int)length, at);
		at += length;
		if (!*at)
			return list;
	}
}

/* A file that other processes must find, too. */
static void file(const char *path, char absolute[PATH_MAX], const char *option,
		 struct argp_state *state)
{
	if (!realpath(path, absolute))
		argp_error(state, "%s: %s: %s", option, path, strerror(errno));
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct gpu_options *options = state->input;

	switch (key) {
	case 's':
		options->select = selection(argument, state);
		return 0;
	case 'S':
		options->system = argument;
		return 0;
	case 'p':
		file(argument, options->preload, "--preload", state);
		return 0;
	case 'm':
		options->mem_limit = argument;
		return 0;
	case 'l':
		options->sm_limit = option_number(argument, 1, 100, "--sm-limit", state);
		return 0;
	case OPTION_REFERENCE:
		options->reference = argument;
		return 0;
	case 'q':
		options->quick = true;
		return 0;
	case 'r':
		options->results = argument;
		return 0;
	case 'd':
		options->deadline = option_number(argument, 1, 86400, "--deadline", state);
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case OPTION_LIST:
		options->list = true;
		return 0;
	case OPTION_PLANT:
		options->plant = option_number(argument, 1, 100, "--plant-slowdown", state);
		return 0;
	case OPTION_GPUBENCH:
		file(argument, options->gpubench, "--gpubench", state);
		return 0;
	case OPTION_LIBCUDA:
		file(argument, options->libcuda, "--libcuda", state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: gpu takes options only", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void gpu_options_read(struct gpu_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Measure what a layer between programs and an NVIDIA GPU costs, and how well it "
		       "keeps tenants apart; archive and print it.",
	};

	*options = (struct gpu_options){.results = "results", .deadline = 1800};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}

void gpu_command(const struct gpu_options *options, struct words *command)
{
	words_add(command, "%s", options->gpubench);
	command_option(command, "--select", options->select);
	command_option(command, "--system", options->system);
	command_option(command, "--preload", *options->preload ? options->preload : NULL);
	command_option(command, "--mem-limit", options->mem_limit);
	if (options->sm_limit)
		command_number(command, "--sm-limit", options->sm_limit);
	if (options->quick)
		words_add(command, "--quick");
	command_option(command, "--libcuda", *options->libcuda ? options->libcuda : NULL);
	if (options->plant)
		command_number(command, "--plant-slowdown", options->plant);
}
