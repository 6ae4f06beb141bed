// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* woven NAME: a probe of probes.def on the device, until SIGTERM. */
#include <argp.h>
#include <stdio.h>

#include "../../host/util.h"
#include "woven_probe.h"

enum { OPTION_LIST = 256 };

static const struct argp_option table[] = {
	{"list", OPTION_LIST, NULL, 0, "Print the probes and end", 0},
	{0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	const struct probe **probe = state->input;

	switch (key) {
	case OPTION_LIST:
		for (size_t i = 0; probes[i].name; i++)
			printf("%s\t%s\n", probes[i].name, probes[i].prose);
		exit(fflush(stdout) ? EXIT_FAILED : EXIT_OK);
	case ARGP_KEY_ARG:
		if (*probe)
			argp_error(state, "one probe, and not \"%s\", too", text);
		*probe = probe_named(text);
		if (!*probe)
			argp_error(state, "there is no probe \"%s\"; --list has them", text);
		return 0;
	case ARGP_KEY_END:
		if (!*probe)
			argp_error(state, "which probe? --list has them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Weave a probe into the kernels that the workload loads, until SIGTERM, and say how "
	       "often it was called.",
};

int main(int argc, char **argv)
{
	const struct probe *probe = NULL;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &probe);
	return woven_probe_done(probe, woven_probe_run(probe));
}
