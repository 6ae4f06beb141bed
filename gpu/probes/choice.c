// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "../../host/util.h"
#include "choice.h"

enum { OPTION_LIBCUDA = 256, OPTION_LIST };

struct choosing {
	const struct choice *choices;
	size_t count, chosen; /* count: none yet */
	const char **libcuda;
};

static const struct argp_option table[] = {
	{"list", OPTION_LIST, NULL, 0, "Print the probes and end", 0},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0,
	 "The library to probe [$EXITLAB_LIBCUDA, what programs find]", 0},
	{0},
};

static const struct argp_option table_without_libcuda[] = {
	{"list", OPTION_LIST, NULL, 0, "Print the probes and end", 0},
	{0},
};

static void take_name(struct choosing *choosing, const char *name, struct argp_state *state)
{
	if (choosing->chosen < choosing->count)
		argp_error(state, "one probe, and not \"%s\", too", name);
	for (size_t i = 0; i < choosing->count; i++)
		if (!strcmp(choosing->choices[i].name, name))
			choosing->chosen = i;
	if (choosing->chosen == choosing->count)
		argp_error(state, "there is no probe \"%s\"; --list has them", name);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct choosing *choosing = state->input;

	switch (key) {
	case OPTION_LIBCUDA:
		*choosing->libcuda = text;
		return 0;
	case OPTION_LIST:
		for (size_t i = 0; i < choosing->count; i++)
			printf("%s\t%s\n", choosing->choices[i].name, choosing->choices[i].prose);
		exit(fflush(stdout) ? EXIT_FAILED : EXIT_OK);
	case ARGP_KEY_ARG:
		take_name(choosing, text, state);
		return 0;
	case ARGP_KEY_END:
		if (choosing->chosen == choosing->count)
			argp_error(state, "which probe? --list has them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

size_t choose(int argc, char **argv, const char *doc, const struct choice *choices, size_t count,
	      const char **libcuda)
{
	const struct argp argp = {.options = libcuda ? table : table_without_libcuda,
				  .parser = parse,
				  .args_doc = "NAME",
				  .doc = doc};
	struct choosing choosing = {choices, count, count, libcuda};

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &choosing);
	return choosing.chosen;
}
