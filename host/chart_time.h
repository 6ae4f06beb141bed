/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A chart of what was measured again and again, as SVG inside a page: as chart.h. */
#ifndef EXITLAB_CHART_TIME_H
#define EXITLAB_CHART_TIME_H

#include <jansson.h>
#include <stdio.h>

/*
 * An <svg> of values over seconds, two arrays of numbers of which the first ascends. Both axes are
 * linear and begin at 0, so no value may be below. Nothing where there are fewer than two values,
 * or not as many of both. title and unit are for who cannot see the drawing.
 */
void chart_over_time(const json_t *seconds, const json_t *values, const char *title,
		     const char *unit, FILE *out);

#endif
