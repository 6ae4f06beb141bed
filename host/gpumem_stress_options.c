// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "gpumem_stress_options.h"
#include "layout.h"
#include "option_number.h"
#include "util.h"

enum { OPTION_FAKE = 256, OPTION_LIBCUDA, OPTION_STRESSOR };

static const struct argp_option table[] = {
	{"fake", OPTION_FAKE, "0|1", 0,
	 "1: the fake libcuda of the tests; 0: the real one [0 where there is one]", 0},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0, "The driver's library, whichever it is", 0},
	{"quick", 'q', NULL, 0, "A few seconds a case, and no ten million pointers", 0},
	{"results", 'r', "DIR", 0, "Where the archive goes [results]", 0},
	{"json", 'j', NULL, 0, "Print summary.json instead of the table", 0},
	{"stressor", OPTION_STRESSOR, "FILE", 0, "The load [the one that lies beside exitlab]", 0},
	{0},
};

static void path(char to[PATH_MAX], const char *from, const char *option, struct argp_state *state)
{
	if (!realpath(from, to))
		argp_error(state, "%s %s: no such file", option, from);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct stress_run *run = state->input;

	switch (key) {
	case OPTION_FAKE:
		run->fake = option_number(argument, 0, 1, "--fake", state);
		return 0;
	case OPTION_LIBCUDA:
		path(run->libcuda, argument, "--libcuda", state);
		return 0;
	case OPTION_STRESSOR:
		path(run->stressor, argument, "--stressor", state);
		return 0;
	case 'q':
		run->quick = true;
		return 0;
	case 'r':
		run->results = argument;
		return 0;
	case 'j':
		run->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "takes options only, and not \"%s\"", argument);
		return 0;
	case ARGP_KEY_END:
		if (run->fake >= 0 && *run->libcuda)
			argp_error(state, "--fake or --libcuda: one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.doc = "Put exitlab gpumem under load: are its totals exact, how much CPU and memory does it take, "
	       "and what does it cost the program that is traced?\v"
	       "Takes about three minutes, and root or CAP_BPF and CAP_PERFMON. Archived in "
	       "DIR/HOST/TIME-gpumem. Exit codes: 0 all cases are exact, 1 one is not or it failed, "
	       "2 wrong usage, 77 it cannot run here.",
};

void stress_options_read(struct stress_run *run, int argc, char **argv)
{
	*run = (struct stress_run){.results = "results", .fake = -1};
	argp_parse(&argp, argc, argv, 0, NULL, run);
}

static int find_fake(struct stress_run *run)
{
	if (find_part("gpu/libfakecuda.so", run->libcuda))
		return EXIT_OK;
	pr_err("no %s; run make gpumem-stress, or name a library with --libcuda", run->libcuda);
	return EXIT_CANNOT;
}

int stress_find_parts(struct stress_run *run)
{
	if (!*run->stressor && !find_part("gpu/stress", run->stressor)) {
		pr_err("no %s; run make, or name another with --stressor", run->stressor);
		return EXIT_CANNOT;
	}
	if (!*run->libcuda && run->fake < 0)
		run->fake = !gpumem_library_is_there();
	if (!*run->libcuda && run->fake && find_fake(run))
		return EXIT_CANNOT;
	return gpumem_library_find(&run->library, *run->libcuda ? run->libcuda : NULL, 0);
}
