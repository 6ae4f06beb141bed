// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The run: which metrics, in what order, what each came to. */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../host/stop_signals.h"
#include "record_out.h"
#include "suite.h"
#include "surroundings.h"
#include "tenant.h"

/* Of what a quick run takes: a share of the time, fewer samples. */
#define QUICK_SHARE    10
#define MINIMUM	       30
#define MINIMUM_QUICK  10
#define LEAST_SHARE    0.5 /* of the time, before convergence may end it */
#define INTERVAL       0.005
#define INTERVAL_QUICK 0.02

struct order suite_order(const struct suite *suite, const struct metric *metric, const char *work)
{
	bool quick = suite->options.quick;
	double cap = metric->cap / metric_points(metric) / (quick ? QUICK_SHARE : 1);

	return (struct order){
		.work = work_index(work),
		.minimum = quick ? MINIMUM_QUICK : MINIMUM,
		.repeat = suite->options.plant,
		.cap = cap,
		.least = LEAST_SHARE * cap,
		.interval = quick ? INTERVAL_QUICK : INTERVAL,
		.seed = 1,
	};
}

double suite_window(const struct suite *suite)
{
	return suite->options.quick ? 0.04 : 0.15;
}

int suite_rounds(const struct suite *suite)
{
	return suite->options.quick ? MINIMUM_QUICK : MINIMUM;
}

uint64_t point_value(const char *point)
{
	char *end;
	uint64_t value = strtoull(point, &end, 10);

	return value << (*end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0);
}

uint64_t suite_mem_limit(const struct suite *suite)
{
	char *end;
	double value;

	if (!suite->options.mem_limit)
		return 0;
	value = strtod(suite->options.mem_limit, &end);
	return value * (*end == 'k' || *end == 'K'   ? 1 << 10
			: *end == 'm' || *end == 'M' ? 1 << 20
			: *end == 'g' || *end == 'G' ? 1 << 30
						     : 1);
}

/* What no sample can exceed, in the metric's unit; INFINITY where nothing is known. */
static double ceiling_of(const struct suite *suite, const struct metric *metric, const char **what)
{
	double peak = 0;

	if (metric->ceiling == CEILING_dram) {
		double mhz = suite_fact(suite, "memory_mhz_max")
				     ?: suite_fact(suite, "memory_khz") / 1000;

		/* Two transfers a clock, bits to bytes, to GB/s. */
		peak = mhz * 1e6 * 2 * suite_fact(suite, "memory_bus_bits") / 8 / 1e9;
		*what = "the device memory's clock times its width";
	}
	if (metric->ceiling == CEILING_link) {
		peak = suite_fact(suite, "link_gbs");
		*what = "the link's generation times its width";
	}
	return peak > 0 ? peak : INFINITY;
}

/* Samples that cannot be: none of the row's numbers may be used. */
static void check_samples(const struct suite *suite, const struct metric *metric,
			  struct outcome *outcome)
{
	const char *what = "";
	double ceiling = ceiling_of(suite, metric, &what);

	if (outcome->status == STATUS_OK && !outcome->count)
		outcome_set(outcome, STATUS_INVALID,
			    outcome->busy.throttled ? "all samples were taken while the clock was "
						      "below 75 %% of its maximum"
						    : "there is no sample");
	for (size_t i = 0; i < outcome->count; i++) {
		if (!isfinite(outcome->samples[i])) {
			outcome_set(outcome, STATUS_FAILED, "sample %zu is no number", i);
			outcome->count = 0;
		} else if (outcome->samples[i] > ceiling) {
			outcome_set(outcome, STATUS_INVALID, "%.1f %s is above %.1f: %s",
				    outcome->samples[i], metric->unit, ceiling, what);
		}
	}
}

static void progress(const struct suite *suite, const char *row)
{
	size_t done = suite->running - metrics;

	if (!suite->options.quiet && isatty(2))
		fprintf(stderr, "\r\033[K%zu/%zu %s", done + 1, metric_count, row);
}

/*
 * From now on Ctrl-C and the like do not end this process, they end its waiting, so that it can end
 * its tenants and put back what it changed. What is ignored, as under nohup, stays ignored.
 */
static void watch_signals(void)
{
	static const int signals[] = {STOP_SIGNALS};
	struct sigaction now;
	sigset_t stops;

	sigemptyset(&stops);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(&stops, signals[i]);
	sigprocmask(SIG_BLOCK, &stops, NULL);
	message_stop = signalfd(-1, &stops, SFD_CLOEXEC);
}

static bool is_stopped(void)
{
	struct pollfd stop = {.fd = message_stop, .events = POLLIN};

	return poll(&stop, 1, 0) > 0;
}

void suite_emit(struct suite *suite, const struct metric *metric, int point,
		struct outcome *outcome)
{
	char row[64];

	metric_row(metric, point, row, sizeof(row));
	progress(suite, row);
	if (suite->emitted & 1u << point) {
		fprintf(stderr, "gpubench: %s: recorded twice\n", row);
		abort();
	}
	suite->emitted |= 1u << point;
	if (is_stopped()) { /* what came of it says nothing */
		outcome_free(outcome);
		return;
	}
	check_samples(suite, metric, outcome);
	outcome_fact(outcome, "seconds=%.2f", (now_ns() - suite->last_row) / 1e9);
	suite->last_row = now_ns();
	suite->counts[outcome->status]++;
	record_row(suite, metric, point, row, outcome);
	outcome_free(outcome);
}

void suite_emit_rest(struct suite *suite, const struct metric *metric, enum status status,
		     const char *reason)
{
	for (int point = 0; point < metric_points(metric); point++) {
		struct outcome outcome = {0};

		if (suite->emitted & 1u << point)
			continue;
		outcome_set(&outcome, status, "%s", reason);
		suite_emit(suite, metric, point, &outcome);
	}
}

void suite_each_point(struct suite *suite, const struct metric *metric, const char *work)
{
	for (int point = 0; point < metric_points(metric); point++) {
		struct order order = suite_order(suite, metric, work);
		struct outcome outcome = {0};

		metric_point(metric, point, order.text, sizeof(order.text));
		order.argument[0] = point_value(order.text);
		suite_measure(suite, SYSTEM, &order, &outcome);
		suite_emit(suite, metric, point, &outcome);
	}
}

/* Why a metric cannot run here; NULL: it can. */
static const char *lacking(const struct suite *suite, const struct metric *metric)
{
	static const struct {
		unsigned int need;
		const char *reason;
	} reasons[] = {
		{NEED_LIMITER,
		 "there is no limiter to measure: SYSTEM=NAME PRELOAD=lib.so, or SYSTEM=mps"},
		{NEED_MEM_LIMIT, "no memory limit is configured: MEM_LIMIT=4g"},
		{NEED_SM_LIMIT, "no SM limit is configured: SM_LIMIT=50"},
		{NEED_SM_CONTROL, "this system's SM limit cannot be changed while it works"},
		{NEED_TWO_GPUS, "planned; needs two GPUs"},
	};
	unsigned int lacks = metric->needs & ~(surroundings_offer(suite) | NEED_TENANTS);

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (lacks & reasons[i].need)
			return reasons[i].reason;
	return metric->run ? NULL : "planned";
}

static void begin_metric(struct suite *suite, const struct metric *metric)
{
	suite->emitted = 0;
	suite->last_row = now_ns();
	suite->running = metric;
	progress(suite, metric->id);
}

static void waive_metric(struct suite *suite, const struct metric *metric, const char *why)
{
	begin_metric(suite, metric);
	suite_emit_rest(suite, metric, STATUS_WAIVED, why);
}

static void run_metric(struct suite *suite, const struct metric *metric)
{
	const char *why = lacking(suite, metric);

	if (why) {
		waive_metric(suite, metric, why);
		return;
	}
	begin_metric(suite, metric);
	metric->run(suite, metric);
	/* One tenant may serve many metrics; several contexts at a time disturb one. */
	if (metric->needs & NEED_TENANTS)
		tenants_dismiss(suite);
	suite_emit_rest(suite, metric, STATUS_FAILED, "it was not measured: a bug of the suite");
}

/* Is there a GPU that works? Learns what it is, too. NULL, or the reason. */
static const char *try_device(struct suite *suite)
{
	struct order order = {.work = work_index("nothing"), .repeat = 1};
	static struct outcome outcome;

	return suite_measure(suite, BARE, &order, &outcome) ? NULL : outcome.reason;
}

/*
 * Does a tenant come up with the limiter in it? One that breaks later is a finding of the rows.
 * NULL, or the reason.
 */
static const char *try_limiter(struct suite *suite)
{
	struct order order = {.work = work_index("nothing"), .repeat = 1};
	static struct outcome outcome;

	if (!suite->options.preload)
		return NULL;
	suite_measure(suite, SYSTEM, &order, &outcome);
	tenants_dismiss(suite);
	return outcome.status == STATUS_WAIVED ? outcome.reason : NULL;
}

/* Records every row that is selected; why: nothing can run here. */
static void run_metrics(struct suite *suite, const char *why)
{
	record_begin(suite);
	for (size_t i = 0; i < metric_count && !is_stopped() && !suite->write_failed; i++) {
		if (!metric_selected(suite->options.select, &metrics[i]))
			continue;
		if (why && metrics[i].run)
			waive_metric(suite, &metrics[i], why);
		else
			run_metric(suite, &metrics[i]); /* one that is planned says so itself */
	}
}

int suite_run(struct suite *suite)
{
	const char *why;

	watch_signals();
	why = surroundings_begin(suite) ?: try_device(suite) ?: try_limiter(suite);
	if (!why || suite->options.waive)
		run_metrics(suite, why);
	tenants_dismiss(suite);
	surroundings_end(suite);
	if (!suite->options.quiet && isatty(2))
		fputs("\r\033[K", stderr);
	if (is_stopped()) {
		fprintf(stderr, "gpubench: stopped by a signal: the record is not whole\n");
		return 1;
	}
	if (why)
		fprintf(stderr, "gpubench: %s\n", why);
	if (why && !suite->options.waive)
		return 77;
	if (record_end(suite)) {
		fprintf(stderr, "gpubench: the record cannot be written: make room\n");
		return 1;
	}
	if (why)
		return 77;
	if (!suite->counts[STATUS_FAILED] && !suite->counts[STATUS_INVALID])
		return 0;
	if (!suite->options.quiet)
		fprintf(stderr,
			"gpubench: %u rows FAILED, %u INVALID: the record has the reasons\n",
			suite->counts[STATUS_FAILED], suite->counts[STATUS_INVALID]);
	return 1;
}
