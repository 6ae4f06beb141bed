/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a row's number is held against that of another run: by ratio or by difference, and which
 * change is of no interest. One table, by the kind of run and what the row is; exitlab compare,
 * the scores and "scale" of summary.json come from it.
 */
#ifndef EXITLAB_ROW_RULE_H
#define EXITLAB_ROW_RULE_H

#include <jansson.h>
#include <stdbool.h>

struct row_rule {
	const char *kind, *metric, *unit, *clock; /* of what it is for; NULL: any */
	/*
	 * A number that may be zero or negative, or near zero, has no ratio that says anything; it
	 * is judged by difference.
	 */
	bool difference;
	/*
	 * The margin of a change: of a ratio, share (0.05: 5 %); of a difference the larger of
	 * absolute, in the row's unit, and of share of the base's magnitude.
	 */
	double share, absolute;
	/*
	 * The worsening that scores 0, where a difference is scored by what it has worsened. 0: by
	 * the ratio, in which a difference counts as `absolute` at least.
	 */
	double worst;
	/* What of the row is compared: "p50", or "max" where one sample is one too many. */
	const char *of;
};

/* The rule of a row of a summary. */
const struct row_rule *row_rule(const json_t *summary, const json_t *row);

/* "ratio" or "difference": the row's "scale" of summary.json. */
const char *row_scale(const struct row_rule *rule);

/* The margin of a row whose base is such a number: a fraction for a ratio, else in the row's unit.
 */
double row_margin(const struct row_rule *rule, double base);

#endif
