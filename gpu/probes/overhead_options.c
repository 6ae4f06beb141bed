// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../host/layout.h"
#include "../../host/option_number.h"
#include "../../host/util.h"
#include "outcome.h"
#include "overhead.h"

enum { OPTION_DRY_RUN = 256, OPTION_LIBCUDA, OPTION_READY, OPTION_ROOT, OPTION_VEC_ADD };

static const struct argp_option table[] = {
	{"only", 'o', "NAME", 0,
	 "Only the cases of this name, or of this pattern (*, ?, []), and their baselines; may be "
	 "repeated",
	 0},
	{"repeat", 'n', "N", 0, "Rounds: so often each case runs [5]", 0},
	{"list", 'l', NULL, 0, "Print the cases, a line each, and end", 0},
	{"dry-run", OPTION_DRY_RUN, NULL, 0, "Print what would be run, and what of it is missing",
	 0},
	{"results", 'r', "DIR", 0, "Where the archive goes [results]", 0},
	{"json", 'j', NULL, 0, "Print the results as JSON instead of the table", 0},
	{"root", OPTION_ROOT, "DIR", 0,
	 "What relative paths are relative to [the first folder, from the configuration's upward, "
	 "that has one of its programs in it]",
	 0},
	{"ready", OPTION_READY, "TEXT", 0,
	 "What a probe says when it is ready [a line that begins with \"ready\"]", 0},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0, "The driver's library, for vec_add and our probes",
	 0},
	{"vec-add", OPTION_VEC_ADD, "FILE", 0,
	 "The workload of presets that are numbers "
	 "[the one that lies beside overhead]",
	 0},
	{0},
};

/* A file, by a path that is good in any folder. */
static const char *absolute(const char *path, const char *option, struct argp_state *state)
{
	char *whole = realpath(path, NULL);

	if (!whole)
		argp_error(state, "%s %s: %s", option, path, strerror(errno));
	return whole;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct overhead_options *options = state->input;

	switch (key) {
	case 'o':
		words_add(&options->only, "%s", text);
		return 0;
	case 'n':
		options->repeat = option_number(text, 1, ROUNDS_MOST, "--repeat", state);
		return 0;
	case 'l':
		options->list = true;
		return 0;
	case OPTION_DRY_RUN:
		options->dry_run = true;
		return 0;
	case 'r':
		options->results = text;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case OPTION_ROOT:
		options->root = text;
		return 0;
	case OPTION_READY:
		if (!*text)
			argp_error(state, "--ready: a text of no length is in every line");
		options->ready = text;
		return 0;
	case OPTION_LIBCUDA:
		options->libcuda = absolute(text, "--libcuda", state);
		return 0;
	case OPTION_VEC_ADD:
		snprintf(options->vec_add, sizeof(options->vec_add), "%s",
			 absolute(text, "--vec-add", state));
		return 0;
	case ARGP_KEY_ARG:
		if (options->config)
			argp_error(state, "one configuration, and not \"%s\", too", text);
		options->config = text;
		return 0;
	case ARGP_KEY_END:
		if (!options->config)
			argp_error(state,
				   "names no configuration; gpu/probes/bench_config.json is one");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.args_doc = "CONFIG",
	.doc = "Measure what probes cost a GPU kernel: run each test case of CONFIG beside its baseline, "
	       "prove that the probe was hit, archive and print it.\v"
	       "Exit codes: 0 done, 1 a case is FAILED or INVALID or the run broke, 2 wrong usage or a "
	       "bad configuration, 77 it cannot run here.",
};

void overhead_options_read(struct overhead_options *options, int argc, char **argv)
{
	char *slash;

	*options = (struct overhead_options){.results = "results", .repeat = 5};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
	if (*options->vec_add)
		return;
	find_self(options->vec_add);
	slash = strrchr(options->vec_add, '/');
	snprintf(slash + 1, sizeof(options->vec_add) - (slash + 1 - options->vec_add), "vec_add");
}

static bool is_wanted(const struct overhead_options *options, const char *name)
{
	for (size_t i = 0; i < options->only.n; i++)
		if (!strcmp(options->only.word[i], name) ||
		    !fnmatch(options->only.word[i], name, 0))
			return true;
	return !options->only.n;
}

void overhead_select(const struct overhead_options *options, const struct config *config,
		     bool *selected)
{
	bool any = false;

	for (size_t i = 0; i < config->count; i++)
		if (is_wanted(options, config->cases[i].name)) {
			selected[i] = any = true;
			if (config->cases[i].base >= 0)
				selected[config->cases[i].base] = true;
		}
	if (!any)
		die_code(EXIT_USAGE, "--only: there is no such case; --list %s has them",
			 options->config);
}

static void print_words(const char *what, const struct words *settings, const struct words *command)
{
	if (!command->n)
		return;
	printf("  %s:", what);
	for (size_t i = 0; i < settings->n; i++)
		printf(" %s", settings->word[i]);
	for (size_t i = 0; i < command->n; i++)
		printf(" %s", command->word[i]);
	printf("%s\n", access(command->word[0], X_OK) ? "   (there is no such program)" : "");
}

static void show_commands(const struct runner *runner, const struct test_case *one)
{
	struct words probe = {0}, probe_settings = {0}, load = {0}, load_settings = {0};

	trial_commands(runner, one, &probe, &probe_settings, &load, &load_settings);
	printf("%s\n", one->name);
	print_words("probe", &probe_settings, &probe);
	print_words("workload", &load_settings, &load);
	words_free(&probe);
	words_free(&probe_settings);
	words_free(&load);
	words_free(&load_settings);
}

int overhead_show(const struct overhead_options *options, const struct runner *runner,
		  const size_t *order, size_t count)
{
	if (options->dry_run)
		printf("in %s, %d rounds of:\n", runner->config->root, options->repeat);
	for (size_t i = 0; i < count; i++) {
		const struct test_case *one = &runner->config->cases[order[i]];

		if (options->dry_run)
			show_commands(runner, one);
		else
			printf("%s\t%s\t%s\t%s\n", one->name, one->workload,
			       *one->probe ? one->probe : "-", one->baseline ?: "-");
	}
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}
