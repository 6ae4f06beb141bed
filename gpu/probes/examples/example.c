// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../../host/stop_signals.h"
#include "../../../host/util.h"
#include "example.h"

#define COLUMN 15 /* characters of a bound of a histogram */

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

void example_histogram(const char *title, const char *counted, const uint64_t *counts,
		       unsigned int slots)
{
	static const char bar[] = "**************************************************";
	uint64_t most = 1;

	for (unsigned int i = 0; i < slots; i++)
		if (counts[i] > most)
			most = counts[i];
	printf("%*s  %10s\n", COLUMN, title, counted);
	for (unsigned int i = 0; i < slots; i++)
		if (counts[i])
			printf("%*llu  %10" PRIu64 "  %.*s\n", COLUMN, 1ull << i, counts[i],
			       (int)((double)counts[i] / most * (sizeof(bar) - 1)), bar);
}
