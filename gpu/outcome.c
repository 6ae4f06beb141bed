// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What came of a measurement: samples, facts and a status. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "suite.h"

const char *const status_names[] = {"ok", "WAIVED", "FAILED", "INVALID"};

void outcome_set(struct outcome *outcome, enum status status, const char *format, ...)
{
	va_list arguments;

	if (outcome->status != STATUS_OK)
		return;
	outcome->status = status;
	va_start(arguments, format);
	vsnprintf(outcome->reason, sizeof(outcome->reason), format, arguments);
	va_end(arguments);
}

void outcome_add(struct outcome *outcome, double sample)
{
	if (outcome->count == outcome->room) {
		size_t room = outcome->room ? 2 * outcome->room : 256;
		double *samples = realloc(outcome->samples, room * sizeof(*samples));

		if (!samples) {
			outcome_set(outcome, STATUS_FAILED, "no memory for %zu samples", room);
			return;
		}
		outcome->samples = samples;
		outcome->room = room;
	}
	outcome->samples[outcome->count++] = sample;
}

void outcome_fact(struct outcome *outcome, const char *format, ...)
{
	size_t used = strlen(outcome->facts), room = sizeof(outcome->facts) - used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(outcome->facts + used, room, format, arguments);
	va_end(arguments);
	/* A fact that does not fit is left out, not cut. */
	if (length < 0 || (size_t)length + 2 > room)
		outcome->facts[used] = '\0';
	else
		strcat(outcome->facts, "\n");
}

/* The text after "key=" in "key=value\n" lines; NULL where there is none. */
static const char *value_of(const char *lines, const char *key)
{
	size_t length = strlen(key);

	while (lines && *lines) {
		if (!strncmp(lines, key, length) && lines[length] == '=')
			return lines + length + 1;
		lines = strchr(lines, '\n');
		lines = lines ? lines + 1 : NULL;
	}
	return NULL;
}

double outcome_number(const struct outcome *outcome, const char *key)
{
	const char *value = value_of(outcome->facts, key);

	return value ? strtod(value, NULL) : NAN;
}

bool outcome_word(const struct outcome *outcome, const char *key, char *text, size_t size)
{
	const char *value = value_of(outcome->facts, key);

	if (value)
		snprintf(text, size, "%.*s", (int)strcspn(value, "\n"), value);
	return value;
}

double suite_fact(const struct suite *suite, const char *key)
{
	const char *value = value_of(suite->hello, key);

	return value ? strtod(value, NULL) : 0;
}

double outcome_percentile(const struct outcome *outcome, double p)
{
	double *sorted = malloc(outcome->count * sizeof(*sorted)), value = NAN;

	if (sorted && outcome->count) {
		size_t rank = ceil(p * outcome->count / 100);

		memcpy(sorted, outcome->samples, outcome->count * sizeof(*sorted));
		sort_ascending(sorted, outcome->count);
		value = sorted[rank ? rank - 1 : 0];
	}
	free(sorted);
	return value;
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->samples);
	*outcome = (struct outcome){0};
}

double overlap_of(const struct outcome *outcomes, int count)
{
	struct busy all = outcomes[0].busy, any = outcomes[0].busy;

	for (int i = 1; i < count; i++) {
		const struct busy *busy = &outcomes[i].busy;

		all.start = busy->start > all.start ? busy->start : all.start;
		all.end = busy->end < all.end ? busy->end : all.end;
		any.start = busy->start < any.start ? busy->start : any.start;
		any.end = busy->end > any.end ? busy->end : any.end;
	}
	if (all.end <= all.start || any.end <= any.start)
		return 0;
	return (double)(all.end - all.start) / (any.end - any.start);
}
