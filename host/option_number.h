/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A number on a command line, checked in one way and refused in the same words everywhere. */
#ifndef EXITLAB_OPTION_NUMBER_H
#define EXITLAB_OPTION_NUMBER_H

#include <argp.h>

/* text as a number from least to most; what names the option it is of. A usage error otherwise. */
long option_number(const char *text, long least, long most, const char *what,
		   struct argp_state *state);

/* The same, which may be a fraction. */
double option_real(const char *text, double least, double most, const char *what,
		   struct argp_state *state);

/* The same of a time in seconds, which may be a fraction. */
double option_seconds(const char *text, double least, double most, const char *what,
		      struct argp_state *state);

#endif
