// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "record_out.h"
#include "record_put.h"

static void put(struct suite *suite, struct record_header header, const void *payload)
{
	if (record_put(suite->out, header, payload))
		suite->write_failed = true;
}

static void put_text(struct suite *suite, struct record_header header, const char *text)
{
	if (record_put_text(suite->out, header, text))
		suite->write_failed = true;
}

void record_begin(struct suite *suite)
{
	const struct options *options = &suite->options;
	char text[4096], sm_limit[16] = "none";

	if (options->sm_limit)
		snprintf(sm_limit, sizeof(sm_limit), "%u", options->sm_limit);
	snprintf(
		text, sizeof(text),
		"kind=gpu\nsystem=%s\npreload=%s\nmem_limit=%s\nsm_limit=%s\nquick=%d\nplant=%u\n%s",
		options->system, options->preload ?: "none", options->mem_limit ?: "none", sm_limit,
		options->quick, options->plant, suite->hello);
	put_text(suite, (struct record_header){.kind = RECORD_INFO}, text);
}

void record_row(struct suite *suite, const struct metric *metric, int point, const char *row,
		const struct outcome *outcome)
{
	struct record_header header = {
		.kind = RECORD_SERIES,
		.row = metric_wire(metric, point),
		.pass = PASS_TIMED,
		.width = sizeof(double),
		.count = outcome->count,
		.executed = outcome->count + outcome->busy.throttled,
	};
	char text[4096];

	if (outcome->count)
		put(suite, header, outcome->samples);
	header.kind = RECORD_VERDICT;
	header.executed = 0;
	snprintf(
		text, sizeof(text),
		"status=%s\nreason=%s\nid=%s\nname=%s\nunit=%s\nbetter=%s\nclock=%s\nthrottled=%ju\n%s",
		status_names[outcome->status], outcome->reason, row, metric->name, metric->unit,
		metric->better, metric->clock, (uintmax_t)outcome->busy.throttled, outcome->facts);
	put_text(suite, header, text);
	suite->rows++;
	suite->samples += outcome->count;
	if (fflush(suite->out))
		suite->write_failed = true;
}

int record_end(struct suite *suite)
{
	put(suite,
	    (struct record_header){
		    .kind = RECORD_DONE, .executed = suite->rows, .total = suite->samples},
	    "");
	return fflush(suite->out) || suite->write_failed ? -1 : 0;
}
