// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab gpumem-stress: is what the tracer counts exact, and what does it cost? The cases are
 * those of a known experiment with another tracer, and beyond: the highest rate without loss, and
 * ten million live pointers.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "commands.h"
#include "env.h"
#include "gpumem_bare.h"
#include "gpumem_stress.h"
#include "gpumem_stress_options.h"
#include "json_file.h"
#include "layout.h"
#include "report.h"
#include "report_gpumem.h"
#include "stop_signals.h"
#include "util.h"

#define SEARCH_STEPS 6 /* a rate within a 64th of the full one */

static const struct stress_case cases[] = {
	{"1000-1", "1000/s ratio 1", 1000, 1, 2048, 0, 10, "table", "original"},
	{"4000-0", "4000/s ratio 0", 4000, 0, 2048, 0, 10, "table", "original"},
	{"4000-1", "4000/s ratio 1", 4000, 1, 2048, 0, 10, "table", "original"},
	{"4000-0-quiet", "4000/s ratio 0 without printing", 4000, 0, 2048, 0, 10, "nothing",
	 "original"},
};

static const struct stress_case full_speed = {
	"search-1", "full speed ratio 1", 0, 1, 2048, 0, 5, "nothing", "search"};

/* More than one process of the fake has memory for, see stressor_command(). */
static const struct stress_case ten_million = {
	"live", "10 million live pointers", 0, 0, 256, 10000000, 240, "nothing", "live"};

#define STEPS (ARRAY_SIZE(cases) + SEARCH_STEPS + 2)

void stress_progress(const struct stress_run *run, const char *what)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (what)
		fprintf(stderr, "\r\033[Kgpumem-stress, %u of %zu at most: %s", run->done + 1,
			STEPS, what);
	else
		fputs("\r\033[K", stderr);
}

static int run_one(struct stress_run *run, const struct stress_case *one, double quick_seconds)
{
	struct stress_case load = *one;
	int code;

	if (run->quick)
		load.seconds = quick_seconds;
	code = stress_case_run(run, &load);
	run->done++;
	return code;
}

/* What the last case lost, and how fast it went. False: it came to no good end. */
static bool outcome(const struct stress_run *run, uint64_t *lost, double *rate)
{
	const json_t *last = json_array_get(run->cases, json_array_size(run->cases) - 1);
	struct stress_evidence evidence;
	bool good;

	stress_evidence_read(&evidence, run->archive.directory, last);
	good = !*evidence.why;
	*lost = evidence.lost;
	*rate = evidence.rate_reached;
	stress_evidence_free(&evidence);
	return good;
}

/* Full speed first; where that loses calls, the highest rate that does not, by halves. */
static int search(struct stress_run *run)
{
	struct stress_case one = full_speed;
	double low = 0, high, rate;
	char id[32], title[64];
	uint64_t lost;
	int code = run_one(run, &one, 1.5);

	if (code || !outcome(run, &lost, &high) || !lost)
		return code;
	one.id = id;
	one.title = title;
	one.seconds = 2;
	for (int step = 2; !code && step <= 1 + SEARCH_STEPS; step++) {
		one.rate = (low + high) / 2;
		snprintf(id, sizeof(id), "search-%d", step);
		snprintf(title, sizeof(title), "%ld/s ratio 1", one.rate);
		code = run_one(run, &one, 1);
		if (code || !outcome(run, &lost, &rate))
			break;
		if (lost)
			high = one.rate;
		else
			low = one.rate;
	}
	return code;
}

static int run_cases(struct stress_run *run)
{
	int code = stress_cost(run);

	run->done++;
	for (size_t i = 0; !code && i < ARRAY_SIZE(cases); i++)
		code = run_one(run, &cases[i], 3);
	if (!code)
		code = search(run);
	/* The tracer's memory is tried, for which a real driver would take above ten minutes. */
	if (!code && !run->quick && run->fake)
		code = run_one(run, &ten_million, 0);
	stress_progress(run, NULL);
	return code;
}

int stress_write(const struct stress_run *run)
{
	json_t *object = json_pack(
		"{s:s, s:b, s:s, s:o, s:o, s:s, s:O, s:O}", "schema", STRESS_SCHEMA, "quick",
		run->quick, "libcuda", run->library.path, "tracer_cpu",
		run->tracer_cpu < 0 ? json_null() : json_integer(run->tracer_cpu), "victim_cpu",
		run->victim_cpu < 0 ? json_null() : json_integer(run->victim_cpu), "bare",
		GPUMEM_BARE_SET, "cases", run->cases, "rounds", run->rounds);
	int error = json_file_write(object, run->archive.directory, STRESS_FILE);

	json_decref(object);
	return error;
}

static int write_env(const struct stress_run *run)
{
	json_t *env = env_begin(run->archive.time);
	int error;

	json_object_set_new(env, "kind", json_string("gpumem-stress"));
	json_object_set_new(env, "clock", json_pack("{s:s}", "kind", "ns"));
	error = json_file_write(env, run->archive.directory, "env.json");
	json_decref(env);
	return error;
}

/* Keeps what there is of a run that failed, and says where. */
static int fail(struct stress_run *run, const char *why)
{
	stress_write(run);
	archive_fail(&run->archive, why);
	pr_err("%s; what there is of it: %s", why, run->archive.directory);
	return EXIT_FAILED;
}

static int finish(struct stress_run *run)
{
	const char *directory = run->archive.directory;
	int status;

	if (stress_write(run) || write_env(run) || report_make(directory))
		return fail(run, "the run could not be archived or reported: see above");
	if (archive_keep(&run->archive))
		return EXIT_FAILED;
	/* 1: a case is FAILED */
	status = run->json ? report_print_json(directory, stdout) : report_print(directory, stdout);
	if (!run->json)
		printf("archived in %s\n", directory);
	return status ? EXIT_FAILED : EXIT_OK;
}

static int run_all(struct stress_run *run)
{
	int code = run_cases(run);

	if (code == EXIT_CANNOT) {
		pr_err("%s", run->why);
		archive_discard(&run->archive);
		return code;
	}
	return code ? fail(run, run->why) : finish(run);
}

int cmd_gpumem_stress(int argc, char **argv)
{
	static struct stress_run run;
	struct utsname host;
	int code;

	stress_options_read(&run, argc, argv);
	code = stress_find_parts(&run);
	if (code)
		return code;
	find_self(run.self);
	stress_place(&run);
	signal(SIGPIPE, SIG_IGN);
	run.signals = stop_signals(0);
	if (run.signals < 0)
		die("signalfd: %s", strerror(errno));
	uname(&host);
	if (archive_begin(&run.archive, run.results, host.nodename, "gpumem"))
		return EXIT_FAILED;
	run.cases = json_array();
	run.rounds = json_array();
	code = run_all(&run);
	json_decref(run.cases);
	json_decref(run.rounds);
	return code;
}
