// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The arithmetic of gpumem-stress: what is exact, what a tracer took, what a pair of calls costs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../json_file.h"
#include "../report_gpumem.h"
#include "../util.h"

#define HEADER                                                                                     \
	"timestamp,description,pid,name,cpu_percent,memory_mb,memory_percent,disk_read_kb,disk_write_kb\n"

/* Numbers of two objects that agree: 100 allocations of 2048 bytes, 90 of them freed. */
static json_t *truth_of(void)
{
	return json_pack("{s:s, s:i, s:{s:i}, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}}",
			 "schema", "exitlab-stress/1", "missing", 0, "plan", "allocate_size", 2048,
			 "total", "allocations", 100, "frees", 90, "failed_allocations", 3,
			 "failed_frees", 2, "allocated_bytes", 204800, "freed_bytes", 184320,
			 "live_pointers", 10, "live_bytes", 20480, "unexpected", 0);
}

static json_t *trace_of(void)
{
	return json_pack("{s:s, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}, "
			 "s:{s:i, s:i, s:i, s:i, s:i}}",
			 "schema", "exitlab-gpumem/1", "total", "allocations", 100, "frees", 90,
			 "failed_allocations", 3, "failed_frees", 2, "allocated_bytes", 204800,
			 "freed_bytes", 184320, "live", 0, "leaked", 10, "live_bytes", 0,
			 "leaked_bytes", 20480, "lost", "allocations", 0, "frees", 0, "failures", 0,
			 "untracked", 0, "missed", 0);
}

/* Adds to a number; "-" takes it away. */
static void change(json_t *object, const char *of, const char *key, int by)
{
	json_t *part = of ? json_object_get(object, of) : object;

	if (by)
		json_object_set_new(
			part, key,
			json_integer(json_integer_value(json_object_get(part, key)) + by));
	else
		json_object_del(part, key);
}

static bool exact_after(const char *of_truth, const char *truth_key, int truth_by,
			const char *of_trace, const char *trace_key, int trace_by)
{
	json_t *truth = truth_of(), *trace = trace_of();
	char why[256] = "";
	bool exact;

	if (truth_key)
		change(truth, of_truth, truth_key, truth_by);
	if (trace_key)
		change(trace, of_trace, trace_key, trace_by);
	exact = stress_is_exact(truth, trace, why, sizeof(why));
	assert_int_equal(exact, !*why);
	json_decref(truth);
	json_decref(trace);
	return exact;
}

static void exact(void **state)
{
	static const char *const keys[] = {"allocations",   "frees",	       "failed_allocations",
					   "failed_frees",  "allocated_bytes", "freed_bytes",
					   "live_pointers", "live_bytes"};
	static const char *const lost[] = {"allocations", "frees", "failures", "untracked",
					   "missed"};

	(void)state;
	assert_true(exact_after(NULL, NULL, 0, NULL, NULL, 0));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_false(exact_after("total", keys[i], 1, NULL, NULL, 0));
		assert_false(exact_after("total", keys[i], -1, NULL, NULL, 0));
		assert_false(exact_after("total", keys[i], 0, NULL, NULL, 0));
	}
	/* What was said to be lost and was not is as wrong. */
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		assert_false(exact_after(NULL, NULL, 0, "lost", lost[i], 1));
		assert_false(exact_after(NULL, NULL, 0, "lost", lost[i], 0));
	}
	assert_false(exact_after(NULL, NULL, 0, "total", "leaked", -1));
	assert_false(exact_after(NULL, "missing", 1, NULL, NULL, 0));
	assert_false(exact_after("total", "unexpected", 1, NULL, NULL, 0));
	assert_false(exact_after("plan", "allocate_size", 0, NULL, NULL, 0));
}

/* With a loss that is counted it is exact, too. */
static void exact_with_loss(void **state)
{
	json_t *truth = truth_of(), *trace = trace_of();
	char why[256];

	(void)state;
	change(trace, "total", "allocations", -4);
	change(trace, "total", "allocated_bytes", -4 * 2048);
	change(trace, "lost", "allocations", 4);
	change(trace, "total", "freed_bytes", -3 * 2048);
	assert_true(stress_is_exact(truth, trace, why, sizeof(why)));
	assert_int_equal(stress_calls(truth), 195);
	assert_int_equal(stress_seen(trace), 191);
	assert_int_equal(stress_lost(trace), 4);
	change(trace, "total", "allocated_bytes", -1);
	assert_false(stress_is_exact(truth, trace, why, sizeof(why)));
	/* One call for another: the sum alone does not see it. */
	change(trace, "total", "allocated_bytes", 1);
	change(trace, "total", "frees", -1);
	change(trace, "lost", "allocations", 1);
	assert_false(stress_is_exact(truth, trace, why, sizeof(why)));
	json_decref(truth);
	json_decref(trace);
}

static int monitor(const char *text, struct stress_monitor *monitor)
{
	char why[128];
	FILE *csv = fmemopen((void *)text, strlen(text), "r");
	int error = stress_monitor_read(monitor, csv, 7, why, sizeof(why));

	fclose(csv);
	return error;
}

static void monitored(void **state)
{
	struct stress_monitor seen;

	(void)state;
	assert_int_equal(
		monitor(HEADER "2026-11-30 23:59:59.900000,one,8,stress,99.000,1.000,0.0,0.0,0.0\n"
			       "2026-11-30 23:59:59.900100,one,7,exitlab,1.000,3.500,0.1,0.0,0.0\n"
			       "2026-12-01 00:00:00.100000,one,7,exitlab,0.500,4.500,0.1,,\n"
			       "2026-12-01 00:00:00.300000,one,7,exitlab,1.500,4.000,0.1,0.0,0.0\n"
			       "2026-12-01 00:00:00.500000,one,7,exitlab,1.500,,,0.0,0.0\n",
			&seen),
		0);
	assert_int_equal(seen.count, 3);
	assert_float_equal(seen.points[0].seconds, 0.0001, 1e-6);
	assert_float_equal(seen.points[2].seconds, 0.4, 1e-6);
	assert_float_equal(seen.cpu_mean, 1, 1e-9);
	assert_float_equal(seen.cpu_most, 1.5, 1e-9);
	assert_float_equal(seen.mb_most, 4.5, 1e-9);
	stress_monitor_free(&seen);
	/* Numbers that no row of pidmon has, and that would pass for a tracer without cost. */
	assert_int_equal(monitor(HEADER "2026-11-30 00:00:00.1,one,7,exitlab,nan,1,,,\n", &seen),
			 -1);
	assert_int_equal(monitor(HEADER "2026-11-30 00:00:00.1,one,7,exitlab,-5,1,,,\n", &seen),
			 -1);
	assert_int_equal(monitor(HEADER "2026-11-30 00:00:00.1,one,7,exitlab,1,inf,,,\n", &seen),
			 -1);
}

static void monitored_badly(void **state)
{
	static const char *const bad[] = {
		"",
		HEADER,
		HEADER "2026-11-30 23:59:59.900000,one,8,stress,99.000,1.000,0.0,0.0,0.0\n",
		HEADER "2026-11-30 23:59:59.900000,one,7,exitlab,99.000,1.000\n",
		HEADER "soon,one,7,exitlab,99.000,1.000,0.0,0.0,0.0\n",
		HEADER "2026-11-30 23:59:59.900000,one,x,exitlab,99.000,1.000,0.0,0.0,0.0\n",
		HEADER "2026-11-30 23:59:59.900000,o,ne,7,exitlab,99.000,1.000,0.0,0.0,0.0\n",
	};
	struct stress_monitor seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(monitor(*bad[i] ? bad[i] : "\n", &seen), -1);
		stress_monitor_free(&seen);
	}
}

static void add_round(json_t *rounds, int round, const char *state, const char *reason,
		      double allocate, double release)
{
	json_array_append_new(rounds,
			      json_pack("{s:i, s:s, s:s, s:{s:f, s:f}, s:{s:f, s:f}}", "round",
					round, "state", state, "reason", reason, "allocate_ns",
					"p50", allocate, "mean", 2 * allocate, "free_ns", "p50",
					release, "mean", 2 * release));
}

static double number(const json_t *object, const char *path)
{
	return json_number_value(json_member(object, path));
}

/* Of differences within a round the median: a round in which all was slow moves nothing. */
static void costs(void **state)
{
	static const double slow[] = {0, 1000, 7};
	json_t *rounds = json_array(), *cost;

	(void)state;
	for (int i = 0; i < 3; i++) {
		add_round(rounds, i, "traced", "", 2100 + slow[i], 2200);
		add_round(rounds, i, "none", "", 100 + slow[i], 200);
		add_round(rounds, i, "bare", "", 1600 + slow[i], 1700 + i);
	}
	cost = stress_cost_summary(rounds);
	assert_int_equal(json_integer_value(json_object_get(cost, "rounds")), 3);
	assert_float_equal(number(cost, "none.p50"), 307, 1e-9);
	assert_float_equal(number(cost, "added_traced.p50"), 4000, 1e-9);
	assert_float_equal(number(cost, "added_traced.mean"), 8000, 1e-9);
	assert_float_equal(number(cost, "added_bare.p50"), 3001, 1e-9);
	json_decref(cost);
	json_decref(rounds);
}

static void costs_unknown(void **state)
{
	json_t *rounds = json_array(), *cost;

	(void)state;
	add_round(rounds, 0, "none", "", 100, 200);
	add_round(rounds, 0, "traced", "the tracer was killed", 100, 200);
	cost = stress_cost_summary(rounds);
	assert_true(json_is_null(json_object_get(cost, "added_traced")));
	assert_true(json_is_null(json_object_get(cost, "bare")));
	json_decref(cost);
	json_decref(rounds);
}

static const char *verdict(const json_t *targets, const char *id)
{
	return json_text(json_find(targets, "id", id), "verdict");
}

static json_t *row(const char *of, double asked, const char *verdict, double cpu, double mb,
		   json_int_t live, json_int_t lost)
{
	return json_pack("{s:s, s:o, s:s, s:f, s:f, s:I, s:I, s:f}", "of", of, "rate_asked",
			 asked ? json_real(asked) : json_null(), "verdict", verdict, "cpu_mean",
			 cpu, "rss_max_mb", mb, "live_pointers", live, "lost", lost, "rate_reached",
			 asked ? asked : 500000.0);
}

static void targets(void **state)
{
	json_t *rows = json_array(), *cost = json_pack("{s:{s:f}, s:{s:f}}", "added_bare", "p50",
						       3000.0, "added_traced", "p50", 3000.0);
	json_t *all = stress_targets(rows, cost);

	(void)state;
	assert_string_equal(verdict(all, "cpu"), "NOT RUN");
	assert_string_equal(verdict(all, "memory"), "NOT RUN");
	assert_string_equal(verdict(all, "live"), "NOT RUN");
	assert_string_equal(verdict(all, "lossless"), "NOT RUN");
	assert_string_equal(verdict(all, "pair"), "MET");
	json_decref(all);

	json_array_append_new(rows, row("live", 0, "ok", 9, 300, 9999999, 0));
	all = stress_targets(rows, cost);
	assert_string_equal(verdict(all, "live"), "SHORT");
	json_decref(all);
	json_array_clear(rows);

	json_array_append_new(rows, row("original", 1000, "ok", 5, 11, 0, 0));
	json_array_append_new(rows, row("original", 4000, "ok", 0.9, 13, 60000, 0));
	json_array_append_new(rows, row("original", 4000, "FAILED", 9, 90, 0, 0));
	json_array_append_new(rows, row("search", 0, "ok", 9, 4, 0, 0));
	json_array_append_new(rows, row("live", 0, "ok", 9, 300, 10000000, 0));
	json_object_set_new(cost, "added_traced", json_pack("{s:f}", "p50", 3001.0));
	all = stress_targets(rows, cost);
	assert_string_equal(verdict(all, "cpu"), "MET");
	assert_string_equal(verdict(all, "memory"), "MET");
	assert_float_equal(number(json_find(all, "id", "memory"), "value"), 13, 1e-9);
	assert_string_equal(verdict(all, "live"), "MET");
	assert_string_equal(verdict(all, "lossless"), "MET");
	assert_string_equal(verdict(all, "pair"), "MISSED");
	json_decref(all);

	json_array_append_new(rows, row("original", 4000, "ok", 1, 14, 60000, 0));
	json_array_append_new(rows, row("live", 0, "ok", 9, 341, 10000000, 0));
	json_array_set_new(rows, 3, row("search", 0, "ok", 9, 4, 0, 5));
	json_array_append_new(rows, row("search", 250000, "ok", 9, 4, 0, 0));
	/* The worst counts, not the last. */
	json_array_append_new(rows, row("original", 4000, "ok", 0.1, 4, 0, 0));
	all = stress_targets(rows, cost);
	assert_string_equal(verdict(all, "cpu"), "MISSED");
	assert_string_equal(verdict(all, "memory"), "MISSED");
	assert_string_equal(verdict(all, "live"), "MISSED");
	assert_string_equal(verdict(all, "lossless"), "MISSED");
	assert_float_equal(number(json_find(all, "id", "lossless"), "value"), 250000, 1e-9);
	json_decref(all);
	json_decref(rows);
	json_decref(cost);
}

static void pairs(void **state)
{
	json_t *both =
		json_pack("{s:{s:f}, s:{s:f}}", "allocate_ns", "p50", 3.5, "free_ns", "p50", 1.0);
	json_t *one = json_pack("{s:{s:f}, s:n}", "allocate_ns", "p50", 3.5, "free_ns");
	double ns;

	(void)state;
	assert_true(stress_pair_ns(both, "p50", &ns));
	assert_float_equal(ns, 4.5, 1e-9);
	assert_true(stress_pair_ns(one, "p50", &ns));
	assert_float_equal(ns, 3.5, 1e-9);
	assert_false(stress_pair_ns(one, "mean", &ns));
	assert_false(stress_pair_ns(NULL, "p50", &ns));
	json_decref(both);
	json_decref(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact),     cmocka_unit_test(exact_with_loss),
		cmocka_unit_test(monitored), cmocka_unit_test(monitored_badly),
		cmocka_unit_test(costs),     cmocka_unit_test(costs_unknown),
		cmocka_unit_test(targets),   cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
