// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "../../../host/stop_signals.h"
#include "../../../host/util.h"
#include "example.h"

static error_t parse(int key, char *text, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "takes no arguments, and not \"%s\"", text);
	return 0;
}

int example_begin(int argc, char **argv, const char *doc)
{
	const struct argp argp = {.parser = parse, .doc = doc};
	int signals;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	signals = stop_signals(0);
	if (signals < 0)
		die("signalfd: %s", strerror(errno));
	return signals;
}
