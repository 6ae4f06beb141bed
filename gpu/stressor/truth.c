// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ground truth as JSON, exitlab-stress/1: ../README.md has the keys. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pace.h"
#include "stress.h"

#define SECOND 1e9

static json_t *count(uint64_t number)
{
	return json_integer((json_int_t)number);
}

static void set_totals(json_t *object, const struct totals *totals, uint64_t peak)
{
	const struct {
		const char *key;
		uint64_t value;
	} members[] = {
		{"allocations", totals->allocations},
		{"frees", totals->frees},
		{"cross_frees", totals->cross_frees},
		{"failed_allocations", totals->failed_allocations},
		{"failed_frees", totals->failed_frees},
		{"allocated_bytes", totals->allocated_bytes},
		{"freed_bytes", totals->freed_bytes},
		{"live_pointers", totals->allocations - totals->frees},
		{"live_bytes", totals->allocated_bytes - totals->freed_bytes},
		{"peak_live_bytes", peak},
		{"unexpected", totals->unexpected},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_object_set_new(object, members[i].key, count(members[i].value));
}

static json_t *tenths(double value)
{
	return isfinite(value) ? json_real(round(value * 10) / 10) : json_null();
}

static json_t *latency_of(const struct latency *latency)
{
	if (!latency->count)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "count", count(latency->count), "mean",
			 tenths((double)latency->sum / latency->count), "p50",
			 tenths(latency_quantile(latency, 0.5)), "p99",
			 tenths(latency_quantile(latency, 0.99)), "max", count(latency->most));
}

static json_t *threads_of(const struct report *report, unsigned int threads)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < threads; i++)
		json_array_append_new(all, json_integer(report->threads[i]));
	return all;
}

static json_t *process_of(const struct crew *crew, const struct member *member)
{
	const struct report *report = &member->report;
	json_t *process = json_pack("{s:i, s:o}", "pid", (int)member->pid, "missing",
				    *member->missing ? json_string(member->missing) : json_null());

	if (*member->missing)
		return process;
	json_object_set_new(process, "threads", threads_of(report, crew->plan.threads));
	json_object_set_new(process, "died", json_boolean(report->died));
	set_totals(process, &report->totals, report->peak_bytes);
	return process;
}

static void add(struct totals *to, const struct totals *from)
{
	to->allocations += from->allocations;
	to->frees += from->frees;
	to->cross_frees += from->cross_frees;
	to->failed_allocations += from->failed_allocations;
	to->failed_frees += from->failed_frees;
	to->allocated_bytes += from->allocated_bytes;
	to->freed_bytes += from->freed_bytes;
	to->unexpected += from->unexpected;
}

static json_t *plan_of(const struct crew *crew)
{
	const struct plan *plan = &crew->plan;

	return json_pack("{s:s, s:b, s:o, s:f, s:f, s:f, s:i, s:i, s:f, s:I, s:i, s:I, s:I}",
			 "calls", plan->way->name, "cross", plan->cross, "allocate_size",
			 count(crew->members[0].hello.bytes), "free_ratio", plan->free_ratio,
			 "fail_allocations", plan->fail_allocations, "fail_frees", plan->fail_frees,
			 "processes", (int)plan->processes, "threads", (int)plan->threads,
			 "duration", plan->duration, "seed", (json_int_t)plan->seed, "hold",
			 (int)plan->hold, "die_after", (json_int_t)plan->die_after, "count",
			 (json_int_t)plan->count);
}

/* Of allocation calls, those that failed among them, in the seconds that were spent on them. */
static json_t *rate_of(const struct crew *crew, const struct totals *total, double seconds)
{
	const struct plan *plan = &crew->plan;
	uint64_t called = total->allocations + total->failed_allocations;
	uint64_t asked = plan->throughput ? pace_events(plan->throughput,
							(uint64_t)(plan->duration * SECOND))
					  : UINT64_MAX;

	if (plan->count && asked > plan->count)
		asked = plan->count;

	return json_pack("{s:o, s:o, s:o, s:o, s:f}", "asked",
			 plan->throughput ? count(plan->throughput) : json_null(), "reached",
			 seconds > 0 ? tenths(called / seconds) : json_null(), "calls_asked",
			 asked != UINT64_MAX ? count(asked) : json_null(), "calls", count(called),
			 "seconds", seconds);
}

int truth_print(const struct crew *crew)
{
	static struct latency allocate, release;
	json_t *root, *total = json_object(), *processes = json_array();
	struct totals sum = {0};
	unsigned int missing = 0;
	uint64_t end = 0;
	int failed;

	for (unsigned int i = 0; i < crew->plan.processes; i++) {
		const struct member *member = &crew->members[i];

		json_array_append_new(processes, process_of(crew, member));
		missing += *member->missing != '\0';
		if (*member->missing)
			continue;
		add(&sum, &member->report.totals);
		latency_merge(&allocate, &member->report.allocate);
		latency_merge(&release, &member->report.release);
		end = end > member->report.end ? end : member->report.end;
	}
	set_totals(total, &sum, crew->shared->level.peak);
	/* What a process that is missing had live is in it. */
	if (missing)
		json_object_set_new(total, "peak_live_bytes", json_null());
	root = json_pack(
		"{s:s, s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "exitlab-stress/1",
		"gpu", crew->members[0].hello.why, "interrupted", crew->interrupted, "missing",
		(int)missing, "plan", plan_of(crew), "rate",
		rate_of(crew, &sum,
			end > crew->shared->start ? (end - crew->shared->start) / SECOND : 0),
		"total", total, "processes", processes, "allocate_ns", latency_of(&allocate),
		"free_ns", latency_of(&release));
	failed = !root || json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) ||
		 putchar('\n') == EOF || fflush(stdout);
	json_decref(root);
	if (failed)
		fprintf(stderr, "stress: the truth cannot be written: %m\n");
	return failed ? -1 : 0;
}
