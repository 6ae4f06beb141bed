// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* micro_result.md: the published framework's table, with a distribution and intervals. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/report.h"
#include "results.h"

#define FAKE "fake libcuda" /* how the device of the library begins that has none */

static void cell(const char *text, FILE *out)
{
	fputs("| ", out);
	markdown_text(text, out);
	fputc(' ', out);
}

/* The presets that cases use, in the order of the file: a program of its own, or sizes. */
static void workloads(const struct results *results, FILE *out)
{
	const char *name;
	json_t *value;

	fputs("## Workloads\n\n| Workload | Program and arguments: elements, iterations, threads, blocks "
	      "|\n| --- | --- |\n",
	      out);
	json_object_foreach ((json_t *)results->config->presets, name, value) {
		bool used = false;

		for (size_t i = 0; i < results->config->count; i++)
			used |= results->selected[i] &&
				!strcmp(results->config->cases[i].workload, name);
		if (!used)
			continue;
		cell(name, out);
		cell(json_string_value(value), out);
		fputs("|\n", out);
	}
}

static void figure(double value, FILE *out)
{
	if (isfinite(value))
		fprintf(out, "| %.2f ", value);
	else
		fputs("| - ", out);
}

/* "1.19x (+19.3 %, +18.0 to +20.1) *" */
static void overhead_cell(const struct case_outcome *outcome, FILE *out)
{
	const struct estimate *ratio = &outcome->overhead.ratio;

	if (outcome->status) {
		fprintf(out, "| %s ", trial_status_names[outcome->status]);
		return;
	}
	if (!outcome->compared) {
		fputs("| - ", out);
		return;
	}
	fprintf(out, "| %.2fx (%+.1f %%", ratio->value, (ratio->value - 1) * 100);
	if (isfinite(ratio->high))
		fprintf(out, ", %+.1f to %+.1f", (ratio->low - 1) * 100, (ratio->high - 1) * 100);
	fprintf(out, ")%s ", outcome->overhead.in_turns ? "" : " *");
}

/* "a launch" */
static const char *each(enum hit_per per)
{
	static const char *const texts[] = {"", "a launch", "a thread", "an element"};

	return texts[per];
}

/* "612 (598 to 630) a launch" */
static void hit_cell(const struct case_outcome *outcome, FILE *out)
{
	const struct estimate *ns = &outcome->overhead.ns_per_hit;
	int digits = fabs(ns->value) >= 100 ? 0 : fabs(ns->value) >= 1 ? 1 : 4;

	if (outcome->status || !outcome->compared || !isfinite(ns->value)) {
		fputs("| - ", out);
		return;
	}
	fprintf(out, "| %.*f ", digits, ns->value);
	if (isfinite(ns->low) && isfinite(ns->high))
		fprintf(out, "(%.*f to %.*f) ", digits, ns->low, digits, ns->high);
	if (outcome->hits.times > 1)
		fprintf(out, "each of %" PRIu64 " ", outcome->hits.times);
	fputs(each(outcome->hits.per), out);
	fputc(' ', out);
}

static void row(const struct results *results, size_t index, FILE *out)
{
	const struct test_case *one = &results->config->cases[index];
	const struct case_outcome *outcome = &results->outcomes[index];
	bool ran = outcome->rounds &&
		   (outcome->status == TRIAL_OK || outcome->status == TRIAL_INVALID);

	cell(one->name, out);
	cell(one->workload, out);
	figure(ran ? outcome->median_us : NAN, out);
	figure(ran ? outcome->p99_us : NAN, out);
	figure(one->base >= 0 ? results->outcomes[one->base].median_us : NAN, out);
	overhead_cell(outcome, out);
	hit_cell(outcome, out);
	fputs("|\n", out);
}

static void reasons(const struct results *results, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < results->config->count; i++) {
		const struct case_outcome *outcome = &results->outcomes[i];

		if (!results->selected[i] || !outcome->status)
			continue;
		fputs(any ? "" : "\n## Without a figure\n\n", out);
		any = true;
		fprintf(out, "- %s: ", trial_status_names[outcome->status]);
		markdown_text(results->config->cases[i].name, out);
		fputs(": ", out);
		markdown_text(outcome->reason, out);
		fputc('\n', out);
	}
}

static void proofs(const struct results *results, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < results->config->count; i++) {
		const struct case_outcome *outcome = &results->outcomes[i];

		if (!results->selected[i] || !outcome->hits.counted || outcome->status)
			continue;
		if (!any)
			fputs("\n## Proof\n\nHow often each probe was hit in a run, by its own count, and "
			      "how often it had to be: launches that warm up count, and so do the hits of "
			      "events that were lost.\n\n"
			      "| Test Name | hits | due | events lost | each |\n"
			      "| --- | ---: | ---: | ---: | --- |\n",
			      out);
		any = true;
		cell(results->config->cases[i].name, out);
		fprintf(out, "| %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " %s%s |\n",
			outcome->hits.count, outcome->hits.due, outcome->hits.lost,
			outcome->hits.times, each(outcome->hits.per),
			outcome->hits.apart ? ", in a run of its own" : "");
	}
}

static const char about[] =
	"\n## Results\n\nMicroseconds of a launch and its completion on the host's clock "
	"(CLOCK_MONOTONIC_RAW); intervals of 95 %. \"vs Baseline\" is the median of the baseline, which "
	"runs in other processes. The overhead is against turns of the same process without the probe where "
	"the probe can be taken off, as all that are built in can; else, marked *, against the baseline.\n\n"
	"| Test Name | Workload | median | p99 | vs Baseline | Overhead | ns per probe hit |\n"
	"| --- | --- | ---: | ---: | ---: | --- | --- |\n";

void results_markdown(const struct results *results, FILE *out)
{
	fputs("# GPU instrumentation overhead\n\n| | |\n| --- | --- |\n", out);
	cell("device", out);
	cell(results_device(results), out);
	fputs("|\n", out);
	if (!strncmp(results_device(results), FAKE, strlen(FAKE)))
		fputs("| emulated | there was no GPU: the numbers mean nothing |\n", out);
	cell("driver", out);
	cell(*results->driver ? results->driver : "unknown", out);
	fputs("|\n", out);
	cell("CUDA of the driver", out);
	cell(results_cuda(results), out);
	fputs("|\n", out);
	cell("host", out);
	cell(results->host, out);
	fputs("|\n", out);
	fprintf(out, "| time | %s |\n| rounds | %zu |\n\n", results->time, results->rounds);
	workloads(results, out);
	fputs(about, out);
	for (size_t i = 0; i < results->config->count; i++)
		if (results->selected[i])
			row(results, i, out);
	reasons(results, out);
	proofs(results, out);
}
