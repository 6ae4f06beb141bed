// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json of a run of gpumem-stress. */
#include <string.h>

#include "json_file.h"
#include "report_gpumem.h"
#include "util.h"

#define FAKE "fake libcuda" /* how its device's name begins */

/* Median of none, mean of two: what the short runs before and after the case took. */
static json_t *untraced_ns(const json_t *of)
{
	const json_t *runs = json_object_get(of, "untraced"), *run;
	static const char *const whiches[] = {"p50", "mean"};
	json_t *ns = json_object();
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(whiches); k++) {
		double sum = 0, one;
		size_t count = 0;

		json_array_foreach (runs, i, run) {
			if (stress_pair_ns(run, whiches[k], &one)) {
				sum += one;
				count++;
			}
		}
		if (count)
			json_object_set_new(ns, whiches[k], stress_real(sum / count));
	}
	return ns;
}

static json_t *traced_ns(const json_t *truth)
{
	json_t *ns = json_object();
	double value;

	if (stress_pair_ns(truth, "p50", &value))
		json_object_set_new(ns, "p50", stress_real(value));
	if (stress_pair_ns(truth, "mean", &value))
		json_object_set_new(ns, "mean", stress_real(value));
	return ns;
}

/* What its charts are drawn from. */
static json_t *course_of(const struct stress_monitor *monitor)
{
	json_t *seconds = json_array(), *cpu = json_array(), *memory = json_array();

	for (size_t i = 0; i < monitor->count; i++) {
		json_array_append_new(seconds, stress_real(monitor->points[i].seconds));
		json_array_append_new(cpu, stress_real(monitor->points[i].cpu));
		json_array_append_new(memory, stress_real(monitor->points[i].mb));
	}
	return json_pack("{s:o, s:o, s:o}", "seconds", seconds, "cpu", cpu, "memory", memory);
}

static void add_monitor(json_t *row, const struct stress_monitor *monitor)
{
	const struct stress_point *last = monitor->points + monitor->count - 1;

	if (!monitor->count)
		return;
	json_object_set_new(row, "samples", json_integer(monitor->count));
	json_object_set_new(row, "cpu_mean", stress_real(monitor->cpu_mean));
	json_object_set_new(row, "cpu_max", stress_real(monitor->cpu_most));
	json_object_set_new(row, "rss_start_mb", stress_real(monitor->points->mb));
	json_object_set_new(row, "rss_end_mb", stress_real(last->mb));
	json_object_set_new(row, "rss_max_mb", stress_real(monitor->mb_most));
	json_object_set_new(row, "course", course_of(monitor));
}

/* A member of the case as it is. */
static void copy(json_t *row, const char *as, const json_t *from, const char *path)
{
	json_t *value = json_member(from, path);

	json_object_set(row, as, value ?: json_null());
}

static json_t *row_of(const json_t *of, const struct stress_evidence *evidence)
{
	static const char *const copied[] = {"of", "free_ratio", "prints"};
	json_t *row =
		json_pack("{s:s, s:s}", "id", json_text(of, "id"), "title", json_text(of, "title"));
	bool read = evidence->truth && evidence->trace;

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		copy(row, copied[i], of, copied[i]);
	copy(row, "allocate_size", of, "bytes");
	copy(row, "rate_asked", of, "rate");
	copy(row, "rate_reached", evidence->truth, "rate.reached");
	copy(row, "seconds", evidence->truth, "rate.seconds");
	copy(row, "live_pointers", evidence->truth, "total.live_pointers");
	json_object_set_new(row, "truth", read ? json_integer(evidence->calls) : json_null());
	json_object_set_new(row, "seen", read ? json_integer(evidence->seen) : json_null());
	json_object_set_new(row, "lost", read ? json_integer(evidence->lost) : json_null());
	add_monitor(row, &evidence->monitor);
	json_object_set_new(row, "untraced_ns", untraced_ns(of));
	json_object_set_new(row, "traced_ns", traced_ns(evidence->truth));
	json_object_set_new(row, "verdict", json_string(*evidence->why ? "FAILED" : "ok"));
	json_object_set_new(row, "reason", json_printable(evidence->why));
	return row;
}

/* Of the first case that knows it. */
static const char *device(const struct stress_record *record)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->evidence[i].truth)
			return json_text(record->evidence[i].truth, "gpu");
	return "unknown";
}

/* Why rounds of the cost have no numbers; NULL: all have. */
static const char *cost_fault(const json_t *rounds)
{
	const json_t *round;
	size_t i;

	json_array_foreach (rounds, i, round) {
		if (*json_text(round, "reason"))
			return json_text(round, "reason");
	}
	return NULL;
}

static json_t *setup_of(const struct stress_record *record, const char *gpu)
{
	static const char *const copied[] = {"quick", "tracer_cpu", "victim_cpu", "bare"};
	json_t *setup =
		json_pack("{s:o, s:o, s:s}", "cpu", report_env_text(record->env, "host.cpu.model"),
			  "kernel", report_env_text(record->env, "host.kernel"), "gpu", gpu);

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		copy(setup, copied[i], record->run, copied[i]);
	return setup;
}

json_t *stress_summary(const struct stress_record *record)
{
	const json_t *cases = json_object_get(record->run, "cases");
	const json_t *rounds = json_object_get(record->run, "rounds");
	const char *gpu = device(record), *fault = cost_fault(rounds);
	json_t *rows = json_array(), *cost = stress_cost_summary(rounds), *targets;
	bool good = !fault && record->count;

	for (size_t i = 0; i < record->count; i++) {
		json_array_append_new(rows, row_of(json_array_get(cases, i), &record->evidence[i]));
		good = good && !*record->evidence[i].why;
	}
	json_object_set_new(cost, "reason", json_string(fault ?: ""));
	targets = stress_targets(rows, cost);
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:{s:o, s:o}, s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o}",
		"schema", "exitlab-summary/1", "kind", "gpumem-stress", "host",
		report_env_text(record->env, "host.name"), "time",
		report_env_text(record->env, "time"), "tool", "version",
		report_env_text(record->env, "tool.version"), "revision",
		report_env_text(record->env, "tool.revision"), "clock", "ns", "emulated",
		!strncmp(gpu, FAKE, strlen(FAKE)), "status", good ? "ok" : "invalid", "setup",
		setup_of(record, gpu), "environment", report_environment(record->env), "cost", cost,
		"targets", targets, "rows", rows);
}
