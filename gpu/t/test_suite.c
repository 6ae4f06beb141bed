// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a row comes to once it was measured: ceilings, samples that are none, rows without a
 * measurement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../record_out.h"
#include "../suite.h"
#include "../surroundings.h"
#include "../tenant.h"

/* What the suite would record. */
static struct outcome recorded;
static size_t recorded_count, recorded_rows;
static char last_row[64];

void record_begin(struct suite *suite)
{
	(void)suite;
}

void record_row(struct suite *suite, const struct metric *metric, int point, const char *row,
		const struct outcome *outcome)
{
	(void)suite;
	(void)metric;
	(void)point;
	recorded = *outcome;
	recorded.samples = NULL;
	recorded_count = outcome->count;
	recorded_rows++;
	snprintf(last_row, sizeof(last_row), "%s", row);
}

int record_end(struct suite *suite)
{
	(void)suite;
	return 0;
}

/* No tenants, no systems: no row here takes one. */
const char *surroundings_begin(struct suite *suite)
{
	(void)suite;
	return NULL;
}

void surroundings_end(struct suite *suite)
{
	(void)suite;
}

unsigned int surroundings_offer(const struct suite *suite)
{
	(void)suite;
	return 0;
}

bool suite_measure(struct suite *suite, enum surroundings where, const struct order *order,
		   struct outcome *outcome)
{
	(void)suite;
	(void)where;
	(void)order;
	(void)outcome;
	return true;
}

void tenants_dismiss(struct suite *suite)
{
	(void)suite;
}

uint32_t work_index(const char *name)
{
	(void)name;
	return 0;
}

static struct suite suite;

static int begin(void **state)
{
	(void)state;
	memset(&suite, 0, sizeof(suite));
	suite.options = (struct options){.quiet = true, .plant = 1, .system = "native"};
	snprintf(suite.hello, sizeof(suite.hello),
		 "memory_mhz_max=1000\nmemory_bus_bits=8000\nlink_gbs=63.015\n");
	recorded_rows = 0;
	return 0;
}

/* 2000 GB/s of memory, 63.015 of the link. */
static const struct metric copies = {
	.id = "T-1", .unit = "GB/s", .ceiling = CEILING_dram, .points = "a b c"};
static const struct metric transfers = {
	.id = "T-2", .unit = "GB/s", .ceiling = CEILING_link, .points = ""};
static const struct metric counts = {
	.id = "T-3", .unit = "1", .ceiling = CEILING_none, .points = ""};

/* Emits a row of one point with these samples. */
static void emit(const struct metric *metric, const double *samples, size_t count)
{
	struct outcome outcome = {0};

	suite.emitted = 0;
	suite.running = metrics;
	for (size_t i = 0; i < count; i++)
		outcome_add(&outcome, samples[i]);
	suite_emit(&suite, metric, 0, &outcome);
}
#define EMIT(metric, ...)                                                                          \
	emit(metric, (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void is(enum status status, const char *reason)
{
	if (recorded.status != status || !strstr(recorded.reason, reason))
		fail_msg("%s \"%s\", not %s \"%s\"", status_names[recorded.status], recorded.reason,
			 status_names[status], reason);
}

static void nothing_is_above_its_ceiling(void **state)
{
	(void)state;
	EMIT(&copies, 1999, 2000);
	is(STATUS_OK, "");
	EMIT(&copies, 1999, 2000.1, 1);
	is(STATUS_INVALID,
	   "2000.1 GB/s is above 2000.0: the device memory's clock times its width");
	EMIT(&transfers, 63.016, 1);
	is(STATUS_INVALID, "is above 63.0: the link's generation times its width");
	EMIT(&transfers, 63.015);
	is(STATUS_OK, "");
	EMIT(&counts, 1e30);
	is(STATUS_OK, "");
	/* Nothing is known of the device. */
	*suite.hello = '\0';
	EMIT(&copies, 1e30);
	is(STATUS_OK, "");
	EMIT(&transfers, 1e30);
	is(STATUS_OK, "");
}

static void samples_are_numbers(void **state)
{
	(void)state;
	EMIT(&counts, 1, NAN, 2);
	is(STATUS_FAILED, "sample 1 is no number");
	assert_int_equal(recorded_count, 0);
	EMIT(&counts, INFINITY);
	is(STATUS_FAILED, "sample 0 is no number");
	EMIT(&counts, -1, 0); /* a difference may be negative, or nothing */
	is(STATUS_OK, "");
	assert_int_equal(recorded_count, 2);
}

/* Never a row that is ok and has nothing to show for it. */
static void no_sample_is_not_ok(void **state)
{
	struct outcome outcome = {.busy = {.throttled = 5}};

	(void)state;
	emit(&counts, NULL, 0);
	is(STATUS_INVALID, "there is no sample");
	suite.emitted = 0;
	suite_emit(&suite, &counts, 0, &outcome);
	is(STATUS_INVALID, "below 75 % of its maximum");
	suite.emitted = 0;
	outcome_set(&outcome, STATUS_FAILED, "it broke");
	suite_emit(&suite, &counts, 0, &outcome);
	is(STATUS_FAILED, "it broke");
	assert_int_equal(suite.counts[STATUS_INVALID], 2);
	assert_int_equal(suite.counts[STATUS_FAILED], 1);
	assert_int_equal(suite.counts[STATUS_OK], 0);
}

static void rest_is_what_was_not_emitted(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	suite.running = metrics;
	outcome_add(&outcome, 1);
	suite_emit(&suite, &copies, 1, &outcome);
	assert_string_equal(last_row, "T-1.b");
	suite_emit_rest(&suite, &copies, STATUS_WAIVED, "not here");
	assert_int_equal(recorded_rows, 3);
	assert_string_equal(last_row, "T-1.c");
	is(STATUS_WAIVED, "not here");
	suite_emit_rest(&suite, &copies, STATUS_FAILED, "never");
	assert_int_equal(recorded_rows, 3);
}

/* A row twice is a bug of a metric that must not reach a record. */
static void a_row_twice_ends_the_program(void **state)
{
	pid_t child;
	int status;

	(void)state;
	EMIT(&counts, 1);
	child = fork();
	if (!child) {
		struct outcome outcome = {0};

		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		suite_emit(&suite, &counts, 0, &outcome);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* What a signal cut short is not recorded. */
static void nothing_is_recorded_once_stopped(void **state)
{
	int way[2];

	(void)state;
	assert_int_equal(pipe(way), 0);
	message_stop = way[0];
	EMIT(&counts, 1);
	assert_int_equal(recorded_rows, 1);
	assert_int_equal(write(way[1], "x", 1), 1);
	EMIT(&counts, 1);
	assert_int_equal(recorded_rows, 1);
	message_stop = -1;
	close(way[0]);
	close(way[1]);
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(point_value("8"), 8);
	assert_int_equal(point_value("2KiB"), 2048);
	assert_int_equal(point_value("1GiB"), 1 << 30);
	assert_int_equal(suite_mem_limit(&suite), 0);
	suite.options.mem_limit = "4g";
	assert_int_equal(suite_mem_limit(&suite), 4ull << 30);
	suite.options.mem_limit = "1.5M";
	assert_int_equal(suite_mem_limit(&suite), 3 << 19);
	suite.options.mem_limit = "4096";
	assert_int_equal(suite_mem_limit(&suite), 4096);
}

/* A metric's time is its cap, shared by its points; a quick run takes a tenth. */
static void orders(void **state)
{
	static const struct metric metric = {.id = "T-4", .cap = 8, .points = "a b"};
	struct order order = suite_order(&suite, &metric, "idle");

	(void)state;
	assert_true(order.cap == 4);
	assert_int_equal(order.minimum, 30);
	assert_true(order.interval == 0.005);
	assert_int_equal(order.repeat, 1);
	assert_true(suite_window(&suite) > 0.1);
	suite.options.quick = true;
	suite.options.plant = 2;
	order = suite_order(&suite, &metric, "idle");
	assert_true(order.cap == 0.4);
	assert_int_equal(order.minimum, 10);
	assert_true(order.interval == 0.02);
	assert_int_equal(order.repeat, 2);
	assert_true(suite_window(&suite) < 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_above_its_ceiling, begin),
		cmocka_unit_test_setup(samples_are_numbers, begin),
		cmocka_unit_test_setup(no_sample_is_not_ok, begin),
		cmocka_unit_test_setup(rest_is_what_was_not_emitted, begin),
		cmocka_unit_test_setup(a_row_twice_ends_the_program, begin),
		cmocka_unit_test_setup(nothing_is_recorded_once_stopped, begin),
		cmocka_unit_test_setup(sizes, begin),
		cmocka_unit_test_setup(orders, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
