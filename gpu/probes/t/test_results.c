// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is made of samples whose answer is known: overhead, its interval, a hit's part of it, the
 * verdicts; and the files of such a run, byte by byte. GOLDEN=update writes them anew.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../host/gpu_record.h"
#include "../../../host/json_file.h"
#include "../../../host/util.h"
#include "../heard.h"
#include "../results.h"

#define GOLDEN	    "gpu/probes/t/golden/"
#define SAMPLES	    1001
#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-6)

/* Samples from median - 1 % to median + 1 % in even steps, and a launch of a third of each. */
static struct trial trial_of(double median, uint64_t threads)
{
	struct trial trial = {.on.count = SAMPLES,
			      .launches = SAMPLES + 1,
			      .threads = threads,
			      .elements = threads / 2,
			      .mean_us = NAN,
			      .median_us = NAN,
			      .p99_us = NAN};

	trial.on.whole_us = malloc(SAMPLES * sizeof(double));
	trial.on.launch_us = malloc(SAMPLES * sizeof(double));
	assert_true(trial.on.whole_us && trial.on.launch_us);
	for (int i = 0; i < SAMPLES; i++) {
		trial.on.whole_us[i] = median * (0.99 + 0.02 * i / (SAMPLES - 1));
		trial.on.launch_us[i] = trial.on.whole_us[i] / 3;
	}
	strcpy(trial.device, "Example GPU");
	strcpy(trial.pci, "0000:65:00.0");
	strcpy(trial.cuda, "13.0");
	return trial;
}

static struct hits hits_of(enum hit_per per, uint64_t times, uint64_t count)
{
	return (struct hits){
		.per = per, .times = times, .counted = true, .count = count, .due = count};
}

/* A round with turns without the probe, whose median is another. */
static void add_turns(struct case_outcome *outcome, double on, double off, struct hits hits)
{
	struct trial trial = trial_of(on, 32), other = trial_of(off, 32);

	trial.hits = hits;
	trial.off = other.on;
	outcome_add(outcome, &trial);
	trial_free(&trial);
}

static void add(struct case_outcome *outcome, double median, uint64_t threads, struct hits hits)
{
	struct trial trial = trial_of(median, threads);

	trial.hits = hits;
	outcome_add(outcome, &trial);
	trial_free(&trial);
}

static void test_overhead(void **state)
{
	struct case_outcome base = {0}, with = {0};
	struct overhead overhead;

	(void)state;
	/* The host drifts by a tenth from round to round: the difference does not. */
	for (int round = 0; round < 3; round++) {
		add(&base, 10 + round, 32, (struct hits){0});
		add(&with, 10.5 + round, 32, (struct hits){0});
	}
	overhead_of(&base, &with, 32, &overhead);
	CLOSE(overhead.us.value, 0.5);
	assert_true(overhead.us.low > 0.45 && overhead.us.high < 0.55);
	CLOSE(overhead.launch_us.value, 0.5 / 3);
	CLOSE(overhead.ns_per_hit.value, 500.0 / 32);
	CLOSE(overhead.ns_per_hit.low, overhead.us.low * 1000 / 32);
	CLOSE(overhead.ratio.value, cbrt(10.5 / 10 * 11.5 / 11 * 12.5 / 12));
	assert_true(overhead.ratio.low > 1.03 && overhead.ratio.high < 1.07);
	overhead_of(&base, &with, 0, &overhead);
	assert_true(isnan(overhead.ns_per_hit.value));
	outcome_free(&base);
	outcome_free(&with);
}

/* What a process has of its own, a place that suits it, is in both of its turns. */
static void test_turns(void **state)
{
	struct case_outcome base = {0}, with = {0};
	struct overhead overhead;

	(void)state;
	for (int round = 0; round < 3; round++) {
		add(&base, 20 - round, 32, (struct hits){0});
		add_turns(&with, 10.5 + round, 10 + round, hits_of(HITS_PER_LAUNCH, 1, 0));
	}
	overhead_of(&base, &with, 2, &overhead);
	assert_true(overhead.in_turns);
	CLOSE(overhead.us.value, 0.5);
	CLOSE(overhead.launch_us.value, 0.5 / 3);
	CLOSE(overhead.ns_per_hit.value, 250);
	outcome_free(&base);
	outcome_free(&with);
}

/* A program that prints a mean only: of one run nothing is known but itself. */
static void test_figures(void **state)
{
	struct trial ten = {.mean_us = 10, .median_us = NAN, .p99_us = NAN};
	struct trial twelve = {.mean_us = 12.5, .median_us = 12, .p99_us = 20};
	struct case_outcome base = {0}, with = {0};
	struct overhead overhead;

	(void)state;
	outcome_add(&base, &ten);
	outcome_add(&with, &twelve);
	overhead_of(&base, &with, 0, &overhead);
	CLOSE(overhead.ratio.value, 1.2);
	assert_true(overhead.ratio.low == 0 && isinf(overhead.ratio.high));
	assert_true(isnan(overhead.launch_us.value));
	CLOSE(with.p99_us, 20);
	outcome_add(&base, &ten);
	outcome_add(&with, &twelve);
	overhead_of(&base, &with, 0, &overhead);
	CLOSE(overhead.us.low, 2);
	outcome_free(&base);
	outcome_free(&with);
}

static void test_hits_due(void **state)
{
	struct trial trial = {.launches = 101, .threads = 256, .elements = 250};

	(void)state;
	assert_int_equal(hits_due(&trial), 0);
	trial.hits = hits_of(HITS_PER_LAUNCH, 2, 0);
	assert_int_equal(hits_due(&trial), 202);
	trial.hits = hits_of(HITS_PER_THREAD, 1, 0);
	assert_int_equal(hits_due(&trial), 101 * 256);
	trial.hits = hits_of(HITS_PER_ELEMENT, 3, 0);
	assert_int_equal(hits_due(&trial), 101 * 250 * 3);
}

static void test_heard(void **state)
{
	struct heard_probe probe = {.hits.times = 1}, other = {.text = "is up"};

	(void)state;
	/* A word in a line is no readiness, nor is an end before it. */
	heard_probe_line(&probe, "already there");
	heard_probe_line(&probe, "done hits=3");
	assert_false(probe.ready || probe.hits.counted);
	heard_probe_line(&probe, "ready LD_PRELOAD=/a.so  X=y=z per=thread times=2 proof=apart");
	assert_true(probe.ready && probe.hits.apart && !*probe.why);
	assert_int_equal(probe.hits.per, HITS_PER_THREAD);
	assert_int_equal(probe.hits.times, 2);
	assert_int_equal(probe.settings.n, 2);
	assert_string_equal(probe.settings.word[1], "X=y=z");
	heard_probe_line(&probe, "done hits=18446744073709551615 lost=7");
	assert_true(probe.hits.counted && probe.hits.count == UINT64_MAX && probe.hits.lost == 7);
	heard_probe_line(&probe, "done hits=many");
	assert_false(probe.hits.counted);
	assert_non_null(strstr(probe.why, "hits=many"));
	words_free(&probe.settings);
	heard_probe_line(&other, "ready");
	assert_false(other.ready);
	heard_probe_line(&other, "the probe is up.");
	assert_true(other.ready);
}

static void test_printed(void **state)
{
	struct trial trial = {.mean_us = NAN, .median_us = NAN, .p99_us = NAN};

	(void)state;
	heard_load_line(&trial, "  Average kernel time: 5.23 us");
	heard_load_line(&trial, "  P99:               6.50 us");
	heard_load_line(&trial, "  Median:            nan us");
	heard_load_line(&trial, "  Median: ");
	CLOSE(trial.mean_us, 5.23);
	CLOSE(trial.p99_us, 6.5);
	assert_true(isnan(trial.median_us));
}

/* The cases of the golden files: each verdict, each way to be hit. */
static const char config_text[] =
	"{\"output_prefix\": \"micro\", \"workload_presets\": {\"tiny\": \"32 10000 32 1\", \"other\": "
	"\"/bin/other 7\"}, \"test_cases\": ["
	"{\"name\": \"Baseline (tiny)\", \"probe_binary_cmd\": \"\", \"workload\": \"tiny\"},"
	"{\"name\": \"Entry (tiny)\", \"probe_binary_cmd\": \"probe entry\", \"workload\": \"tiny\", "
	"\"baseline\": \"Baseline (tiny)\"},"
	"{\"name\": \"Threads (tiny)\", \"probe_binary_cmd\": \"probe threads\", \"workload\": \"tiny\", "
	"\"baseline\": \"Baseline (tiny)\"},"
	"{\"name\": \"Both | apart (tiny)\", \"probe_binary_cmd\": \"probe both\", \"workload\": \"tiny\", "
	"\"baseline\": \"Baseline (tiny)\"},"
	"{\"name\": \"Faster (tiny)\", \"probe_binary_cmd\": \"probe faster\", \"workload\": \"tiny\", "
	"\"baseline\": \"Baseline (tiny)\"},"
	"{\"name\": \"Crash (tiny)\", \"probe_binary_cmd\": \"probe crash\", \"workload\": \"tiny\", "
	"\"baseline\": \"Baseline (tiny)\"},"
	"{\"name\": \"No right (tiny)\", \"probe_binary_cmd\": \"probe right\", \"workload\": \"tiny\", "
	"\"baseline\": \"Baseline (tiny)\"},"
	"{\"name\": \"other\", \"probe_binary_cmd\": \"\", \"workload\": \"other\"},"
	"{\"name\": \"not selected\", \"probe_binary_cmd\": \"\", \"workload\": \"other\"}]}";

#define CASES 9

struct run_of {
	struct config config;
	struct case_outcome outcomes[CASES];
	bool selected[CASES];
	struct results results;
};

static void make_run(struct run_of *run)
{
	char path[] = "/tmp/test_results.XXXXXX", why[600];
	struct trial figure = {.mean_us = 7.5, .median_us = NAN, .p99_us = NAN};
	struct trial crash = {.status = TRIAL_FAILED,
			      .reason =
				      "the workload was killed by signal 11 (Segmentation fault)"};
	struct trial waived = {.status = TRIAL_WAIVED, .reason = "no right to load BPF programs"};
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, config_text, strlen(config_text)) > 0);
	close(fd);
	if (config_read(&run->config, path, "/", why, sizeof(why)))
		fail_msg("%s", why);
	unlink(path);
	strcpy(run->config.path, "config.json");
	for (int round = 0; round < 2; round++) {
		double drift = round * 0.05;

		add(&run->outcomes[0], 10 + drift, 32, (struct hits){0});
		add_turns(&run->outcomes[1], 11.2 + drift, 10 + drift,
			  hits_of(HITS_PER_LAUNCH, 1, SAMPLES + 1));
		add(&run->outcomes[2], 10.32 + drift, 32,
		    hits_of(HITS_PER_THREAD, 1, (SAMPLES + 1) * 32));
		add(&run->outcomes[3], 10.1 + drift, 32,
		    (struct hits){.per = HITS_PER_LAUNCH, .times = 2, .apart = true});
		add(&run->outcomes[4], 9 + drift, 32, hits_of(HITS_PER_ELEMENT, 3, 0));
		outcome_add(&run->outcomes[7], &figure);
	}
	figure.hits = hits_of(HITS_PER_LAUNCH, 2, 202);
	figure.hits.lost = 2;
	outcome_prove(&run->outcomes[3], &figure);
	outcome_add(&run->outcomes[5], &crash);
	outcome_add(&run->outcomes[6], &waived);
	for (int i = 0; i < CASES; i++)
		run->selected[i] = i + 1 < CASES;
	outcomes_judge(run->outcomes, &run->config);
	run->results = (struct results){.config = &run->config,
					.outcomes = run->outcomes,
					.selected = run->selected,
					.driver = "580.159.04",
					.host = "example",
					.time = "2026-11-30T12:00:00Z",
					.rounds = 2};
}

static void free_run(struct run_of *run)
{
	for (int i = 0; i < CASES; i++)
		outcome_free(&run->outcomes[i]);
	config_free(&run->config);
}

static void test_verdicts(void **state)
{
	struct run_of run = {0};

	(void)state;
	make_run(&run);
	assert_int_equal(run.outcomes[1].status, TRIAL_OK);
	assert_int_equal(run.outcomes[3].status, TRIAL_OK);
	/* Never a speed-up. */
	assert_int_equal(run.outcomes[4].status, TRIAL_INVALID);
	assert_non_null(strstr(run.outcomes[4].reason, "faster than its baseline"));
	assert_int_equal(run.outcomes[5].status, TRIAL_FAILED);
	assert_int_equal(run.outcomes[6].status, TRIAL_WAIVED);
	CLOSE(run.outcomes[1].overhead.ns_per_hit.value, 1200);
	CLOSE(run.outcomes[2].overhead.ns_per_hit.value, 10);
	CLOSE(run.outcomes[3].overhead.ns_per_hit.value, 50);
	free_run(&run);
}

/* Without a baseline there is no figure of what is held against it. */
static void test_lost_baseline(void **state)
{
	struct run_of run = {0};

	(void)state;
	make_run(&run);
	run.outcomes[1].compared = false;
	outcome_set(&run.outcomes[0], TRIAL_FAILED, "it broke");
	outcomes_judge(run.outcomes, &run.config);
	assert_int_equal(run.outcomes[1].status, TRIAL_INVALID);
	assert_string_equal(run.outcomes[1].reason, "its baseline \"Baseline (tiny)\" is FAILED");
	free_run(&run);
}

static void assert_golden(const char *name, const char *text)
{
	const char *update = getenv("GOLDEN");
	char path[256], *golden;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	file = fopen(path, update ? "w+" : "r");
	assert_non_null(file);
	if (update)
		fputs(text, file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	golden = calloc(size + 1, 1);
	assert_int_equal(fread(golden, 1, size, file), size);
	fclose(file);
	assert_string_equal(text, golden);
	free(golden);
}

static void test_golden(void **state)
{
	struct run_of run = {0};
	char *text = NULL;
	size_t size;
	json_t *json;
	FILE *out;

	(void)state;
	make_run(&run);
	out = open_memstream(&text, &size);
	results_markdown(&run.results, out);
	fclose(out);
	assert_golden("micro_result.md", text);
	free(text);
	out = open_memstream(&text, &size);
	json = results_json(&run.results);
	json_file_print(json, out);
	json_decref(json);
	fclose(out);
	assert_golden("micro_result.json", text);
	free(text);
	free_run(&run);
}

/* What it writes the readers of all records read. */
static void test_record(void **state)
{
	static struct gpu_record record;
	struct run_of run = {0};
	char *bytes = NULL, why[RECORD_WHY], row[64];
	size_t size, length;
	FILE *out;

	(void)state;
	make_run(&run);
	out = open_memstream(&bytes, &size);
	assert_int_equal(results_record(&run.results, out), 0);
	fclose(out);
	if (gpu_record_read(&record, bytes, size, why))
		fail_msg("%s", why);
	assert_int_equal(record.count, CASES - 1);
	assert_int_equal(record.rows[1].series.header.count, 2 * SAMPLES);
	assert_memory_equal(gpu_verdict(&record.rows[5], GPU_STATUS, &length), "FAILED", 6);
	results_row(&run.results, 3, row);
	assert_string_equal(row, "Both-apart-tiny");
	results_row(&run.results, 7, row);
	assert_string_equal(row, "Other");
	free(bytes);
	free_run(&run);
}

/* Commands are as long as somebody writes them. */
static void test_long_command(void **state)
{
	static struct gpu_record record;
	struct run_of run = {0};
	char *bytes = NULL, why[RECORD_WHY], load[10000] = "";
	size_t size, length;
	FILE *out;

	(void)state;
	make_run(&run);
	memset(load, 'a', sizeof(load) - 1);
	run.config.cases[1].load = load;
	out = open_memstream(&bytes, &size);
	assert_int_equal(results_record(&run.results, out), 0);
	fclose(out);
	if (gpu_record_read(&record, bytes, size, why))
		fail_msg("%s", why);
	assert_non_null(record_text(&record.rows[1].verdict, "load", &length));
	assert_int_equal(length, sizeof(load) - 1);
	assert_non_null(record_text(&record.rows[1].verdict, "overhead_us", &length));
	free(bytes);
	free_run(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overhead),     cmocka_unit_test(test_turns),
		cmocka_unit_test(test_figures),	     cmocka_unit_test(test_hits_due),
		cmocka_unit_test(test_heard),	     cmocka_unit_test(test_printed),
		cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_lost_baseline),
		cmocka_unit_test(test_golden),	     cmocka_unit_test(test_record),
		cmocka_unit_test(test_long_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
