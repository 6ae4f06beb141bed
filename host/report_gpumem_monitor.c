// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What pidmon wrote of the tracer. */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report_gpumem.h"
#include "util.h"

/* pidmon's columns; no text of the experiment has a comma. */
enum {
	TIMESTAMP,
	DESCRIPTION,
	PID,
	NAME,
	CPU,
	MEMORY,
	MEMORY_PERCENT,
	DISK_READ,
	DISK_WRITE,
	COLUMNS
};

/* Seconds since the epoch; false where it is no time. */
static bool seconds_of(const char *text, double *seconds)
{
	struct tm utc = {0};
	char *rest = strptime(text, "%Y-%m-%d %H:%M:%S", &utc), *end;

	if (!rest)
		return false;
	*seconds = timegm(&utc) + strtod(rest, &end);
	return *rest == '.' && !*end;
}

static bool number_of(const char *text, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end && isfinite(*number) && *number >= 0;
}

/* Empty is what was not measured. */
static bool number_or_empty(const char *text)
{
	double number;

	return !*text || number_of(text, &number);
}

/* Splits a line, in place; whether it has all columns. */
static bool split(char *line, char *fields[COLUMNS])
{
	size_t count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *field; (field = strsep(&line, ",")); count++)
		if (count < COLUMNS)
			fields[count] = field;
	return count == COLUMNS;
}

static void add(struct stress_monitor *monitor, const struct stress_point *point)
{
	monitor->points =
		reallocarray(monitor->points, monitor->count + 1, sizeof(*monitor->points));
	if (!monitor->points)
		die("no memory for the rows of pidmon");
	monitor->points[monitor->count++] = *point;
	monitor->cpu_mean += (point->cpu - monitor->cpu_mean) / monitor->count;
	if (monitor->cpu_most < point->cpu)
		monitor->cpu_most = point->cpu;
	if (monitor->mb_most < point->mb)
		monitor->mb_most = point->mb;
}

int stress_monitor_read(struct stress_monitor *monitor, FILE *csv, pid_t process, char *why,
			size_t size)
{
	char *line = NULL, *fields[COLUMNS];
	double start = 0, time, pid;
	size_t room = 0, number = 0;
	int error = 0;

	*monitor = (struct stress_monitor){0};
	while (!error && getline(&line, &room, csv) > 0) {
		struct stress_point point;

		if (!number++)
			continue; /* the header */
		if (!split(line, fields) || !seconds_of(fields[TIMESTAMP], &time) ||
		    !number_of(fields[PID], &pid) || !number_or_empty(fields[CPU]) ||
		    !number_or_empty(fields[MEMORY])) {
			snprintf(why, size, "line %zu is no row of pidmon", number);
			error = -1;
			continue;
		}
		if (number == 2)
			start = time;
		/* Memory is not measured of a process that has just given it up. */
		point.seconds = time - start;
		if (pid == process && number_of(fields[CPU], &point.cpu) &&
		    number_of(fields[MEMORY], &point.mb))
			add(monitor, &point);
	}
	free(line);
	if (!error && !monitor->count) {
		snprintf(why, size, "pidmon has no row of the tracer");
		error = -1;
	}
	return error;
}

void stress_monitor_free(struct stress_monitor *monitor)
{
	free(monitor->points);
	monitor->points = NULL;
}
