// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "option_number.h"

long option_number(const char *text, long least, long most, const char *what,
		   struct argp_state *state)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (*end || end == text || errno || value < least || value > most)
		argp_error(state, "%s: \"%s\" is not a number from %ld to %ld", what, text, least,
			   most);
	return value;
}

double option_real(const char *text, double least, double most, const char *what,
		   struct argp_state *state)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text || !(value >= least && value <= most))
		argp_error(state, "%s: \"%s\" is not a number from %g to %g", what, text, least,
			   most);
	return value;
}

double option_seconds(const char *text, double least, double most, const char *what,
		      struct argp_state *state)
{
	char *end;
	double seconds = strtod(text, &end);

	if (*end || end == text || !(seconds >= least && seconds <= most))
		argp_error(state, "%s: \"%s\" is no time from %g to %g seconds", what, text, least,
			   most);
	return seconds;
}
