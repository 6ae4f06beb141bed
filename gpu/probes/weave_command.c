// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* weave: the weaver as a filter. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "weave.h"

enum { OPTION_GENERIC = 256, OPTION_ATOMICS, OPTION_COUNTS, OPTION_SITES };

static const struct argp_option argp_options[] = {
	{"list", 'l', NULL, 0, "List the probes", 0},
	{"kernel", 'k', "NAME", 0, "Only this kernel, and all functions [all kernels]", 0},
	{"generic", OPTION_GENERIC, NULL, 0,
	 "Also accesses without a state space, where their address is of global memory", 0},
	{"atomics", OPTION_ATOMICS, NULL, 0, "Also atom and red", 0},
	{"counts", OPTION_COUNTS, NULL, 0, "Say on stderr what was woven", 0},
	{"sites", OPTION_SITES, "FILE", 0,
	 "Write a line for each access: its number, its line in the input, kind, bytes", 0},
	{0},
};

static const char *const kinds[] = {
	[WEAVE_LOAD] = "load", [WEAVE_STORE] = "store", [WEAVE_ATOMIC] = "atomic"};

struct command {
	const struct probe *probe;
	struct weave_options options;
	const char *sites;
	bool list, counts;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct command *command = state->input;

	switch (key) {
	case 'l':
		command->list = true;
		return 0;
	case 'k':
		command->options.kernel = argument;
		return 0;
	case OPTION_GENERIC:
		command->options.generic = true;
		return 0;
	case OPTION_ATOMICS:
		command->options.atomics = true;
		return 0;
	case OPTION_COUNTS:
		command->counts = true;
		return 0;
	case OPTION_SITES:
		command->sites = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (command->probe)
			argp_error(state, "one probe at a time, not %s as well", argument);
		command->probe = probe_named(argument);
		if (!command->probe)
			argp_error(state, "no probe %s: --list has them", argument);
		return 0;
	case ARGP_KEY_END:
		if (!command->probe && !command->list)
			argp_error(state, "name a probe: --list has them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "PROBE < in.ptx > out.ptx",
	.doc = "Weave a probe into each kernel of a PTX module.\v"
	       "PTX comes from nvcc -ptx or cuobjdump -ptx. Exit codes: 0 ok, 1 the input is no PTX "
	       "that can be woven, 2 wrong usage.",
};

static int list_probes(void)
{
	for (const struct probe *probe = probes; probe->name; probe++)
		printf("%-9s %s\n", probe->name, probe->prose);
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

/* All of stdin; NULL with a line on stderr. */
static char *read_input(void)
{
	char *text = NULL;
	size_t size;

	if (getdelim(&text, &size, EOF, stdin) < 0 || ferror(stdin)) {
		pr_err("stdin: %s", ferror(stdin) ? strerror(errno) : "empty; PTX it must be");
		free(text);
		return NULL;
	}
	return text;
}

static bool write_sites(const char *path, const struct weave_outcome *outcome)
{
	FILE *file = fopen(path, "w");
	bool written = file;

	for (unsigned int i = 0; file && i < outcome->loads + outcome->stores + outcome->atomics;
	     i++)
		fprintf(file, "%u %u %s %u\n", i, outcome->sites[i].line,
			kinds[outcome->sites[i].kind], outcome->sites[i].bytes);
	if (file) {
		written = !ferror(file);
		written &= !fclose(file);
	}
	if (!written)
		pr_err("%s: %s", path, strerror(errno));
	return written;
}

static int weave_input(const struct command *command)
{
	struct weave_outcome outcome;
	char *input = read_input(), *woven;
	int status = EXIT_OK;

	if (!input)
		return EXIT_FAILED;
	woven = weave(input, command->probe, &command->options, &outcome);
	if (!woven && outcome.error_line)
		pr_err("line %u: %s", outcome.error_line, outcome.error);
	else if (!woven)
		pr_err("%s", outcome.error);
	if (woven && outcome.untraced)
		pr_warn("%u places that the probe does not see, the first in line %u",
			outcome.untraced, outcome.untraced_line);
	if (woven && command->counts)
		fprintf(stderr,
			"kernels=%u entries=%u exits=%u loads=%u stores=%u atomics=%u untraced=%u\n",
			outcome.kernels, outcome.entries, outcome.exits, outcome.loads,
			outcome.stores, outcome.atomics, outcome.untraced);
	if (!woven || (command->sites && !write_sites(command->sites, &outcome))) {
		status = EXIT_FAILED;
	} else if (fputs(woven, stdout) < 0 || fflush(stdout)) {
		pr_err("stdout: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	weave_outcome_free(&outcome);
	free(woven);
	free(input);
	return status;
}

int main(int argc, char **argv)
{
	struct command command = {0};

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &command);
	return command.list ? list_probes() : weave_input(&command);
}
