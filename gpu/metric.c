// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* benches.def as a table, and selections from it. */
#include <stdio.h>
#include <string.h>

#include "metric.h"

/* METRIC()'s run is metric_NAME; what is planned has none. */
#define metric_planned NULL
#include "metrics/metrics.h"

const struct metric metrics[] = {
#define METRIC(symbol, id, name, unit, better, clock, needs, cap, ceiling, points, run, contract)  \
	{id,	 name,	       unit,	better, clock, needs, cap, CEILING_##ceiling,              \
	 points, metric_##run, contract},
#include "benches.def"
#undef METRIC
};

const size_t metric_count = sizeof(metrics) / sizeof(metrics[0]);

int metric_points(const struct metric *metric)
{
	int points = 1;

	for (const char *at = metric->points; (at = strchr(at, ' ')); at++)
		points++;
	return points;
}

const char *metric_point(const struct metric *metric, int point, char *name, size_t size)
{
	const char *at = metric->points;

	for (int i = 0; i < point; i++)
		at = strchr(at, ' ') + 1;
	snprintf(name, size, "%.*s", (int)strcspn(at, " "), at);
	return name;
}

void metric_row(const struct metric *metric, int point, char *name, size_t size)
{
	char of_point[32];

	metric_point(metric, point, of_point, sizeof(of_point));
	snprintf(name, size, "%s%s%s", metric->id, *of_point ? "." : "", of_point);
}

/* Does a word of length bytes name the metric, or its category? */
static bool names(const char *word, size_t length, const struct metric *metric)
{
	size_t category = strcspn(metric->id, "-");

	return length && !strncmp(word, metric->id, length) &&
	       (length == category || length == strlen(metric->id));
}

bool metric_selected(const char *list, const struct metric *metric)
{
	if (!list)
		return true;
	for (const char *at = list;; at++) {
		size_t length = strcspn(at, ",");

		if (names(at, length, metric))
			return true;
		at += length;
		if (!*at)
			return false;
	}
}

const char *metric_unknown(const char *list, char *word, size_t size)
{
	for (const char *at = list; at; at++) {
		size_t length = strcspn(at, ",");
		bool known = false;

		for (size_t i = 0; i < metric_count; i++)
			known |= names(at, length, &metrics[i]);
		if (!known) {
			snprintf(word, size, "%.*s", (int)length, at);
			return word;
		}
		at += length;
		if (!*at)
			break;
	}
	return NULL;
}

uint16_t metric_wire(const struct metric *metric, int point)
{
	return (uint16_t)((metric - metrics) * 16 + point + 1);
}
