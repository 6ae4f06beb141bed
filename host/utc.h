/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The time in the rows of CSV, as tools for tables read it. */
#ifndef EXITLAB_UTC_H
#define EXITLAB_UTC_H

#include <stdio.h>
#include <time.h>

/* "2025-09-15 17:01:05.038128", UTC; text has 64 bytes. */
static inline const char *utc_text(const struct timespec *time, char text[64])
{
	char seconds[32];
	struct tm utc;

	gmtime_r(&time->tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%d %H:%M:%S", &utc);
	snprintf(text, 64, "%s.%06ld", seconds, time->tv_nsec / 1000);
	return text;
}

#endif
