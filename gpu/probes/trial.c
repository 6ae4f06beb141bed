// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../host/clock.h"
#include "../../host/json_file.h"
#include "../../host/util.h"
#include "heard.h"
#include "orphans.h"
#include "process.h"

#define GRACE_MS	 10000 /* from asking a probe to end to ending it */
#define PROOF_ITERATIONS 100

const char *const trial_status_names[] = {"ok", "WAIVED", "FAILED", "INVALID"};

void trial_set(struct trial *trial, enum trial_status status, const char *format, ...)
{
	va_list arguments;

	if (trial->status != TRIAL_OK)
		return;
	trial->status = status;
	va_start(arguments, format);
	vsnprintf(trial->reason, sizeof(trial->reason), format, arguments);
	va_end(arguments);
	tame(trial->reason);
}

uint64_t hits_due(const struct trial *trial)
{
	const uint64_t each[] = {
		[HITS_UNKNOWN] = 0,
		[HITS_PER_LAUNCH] = 1,
		[HITS_PER_THREAD] = trial->threads,
		[HITS_PER_ELEMENT] = trial->elements,
	};

	return trial->launches * each[trial->hits.per] * trial->hits.times;
}

/* A preloaded library of the probe's comes before those of the configuration. */
static void join_preload(struct words *settings)
{
	const char *const name = "LD_PRELOAD=";
	const char *before = getenv("LD_PRELOAD");
	char *last = NULL;

	for (size_t i = 0; i < settings->n; i++)
		if (!strncmp(settings->word[i], name, strlen(name))) {
			if (last)
				before = last + strlen(name);
			last = settings->word[i];
		}
	if (last && before && *before)
		words_add(settings, "%s:%s", last, before);
}

static void add_driver(const struct runner *runner, struct words *settings)
{
	if (runner->libcuda)
		words_add(settings, "EXITLAB_LIBCUDA=%s", runner->libcuda);
}

void trial_commands(const struct runner *runner, const struct test_case *one, struct words *probe,
		    struct words *probe_settings, struct words *load, struct words *load_settings)
{
	const struct config *config = runner->config;

	config_command(config, one->load, runner->vec_add, load);
	config_settings(config, config->global_env, load_settings);
	if (*one->probe) {
		config_command(config, one->probe, runner->vec_add, probe);
		config_settings(config, config->global_env, probe_settings);
		config_settings(config, config->probe_env, probe_settings);
		config_settings(config, config->agent_env, load_settings);
		add_driver(runner, probe_settings);
	}
	config_settings(config, one->env, load_settings);
	add_driver(runner, load_settings);
}

/* All that one run has. */
struct parts {
	const struct runner *runner;
	const struct test_case *one;
	struct trial *trial;
	struct process probe, load;
	struct heard_probe heard;
	struct words probe_command, probe_settings, load_command, load_settings;
	int record;
};

static void log_command(const struct parts *parts, const char *what, const struct words *command,
			const struct words *settings)
{
	FILE *log = parts->runner->log;

	fprintf(log, "%s:", what);
	for (size_t i = 0; i < settings->n; i++)
		fprintf(log, " %s", settings->word[i]);
	for (size_t i = 0; i < command->n; i++)
		fprintf(log, " %s", command->word[i]);
	fputs("\n", log);
}

/* Says why a wait ended otherwise than it should. -1: interrupted. */
static int too_soon(struct parts *parts, struct process *process, enum waited waited,
		    double seconds, const char *what, const char *when)
{
	struct trial *trial = parts->trial;
	bool forced;
	char why[400];
	int status;

	if (waited == WAITED_INTERRUPTED)
		return -1;
	if (waited == WAITED_LATE) {
		trial_set(trial, TRIAL_FAILED, "%s was not %s within %g s%s%s", process->name, what,
			  seconds, *process->last ? "; it said last: " : "", process->last);
		return 0;
	}
	status = process_end(process, parts->runner->signals, 0, &forced);
	process_describe(process, status, why, sizeof(why));
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CANNOT)
		trial_set(trial, TRIAL_WAIVED, "%s", *process->last ? process_said(process) : why);
	else
		trial_set(trial, TRIAL_FAILED, "%s, %s", when, why);
	return 0;
}

static int start_probe(struct parts *parts, bool prove)
{
	const struct runner *runner = parts->runner;
	const struct place place = {&parts->probe_settings, runner->config->root, -1};
	const struct test_case *one = parts->one;
	enum waited waited;

	parts->probe = (struct process){.name = "the probe",
					.log = runner->log,
					.line = heard_probe_line,
					.context = &parts->heard};
	parts->heard.text = runner->ready ?: one->ready;
	parts->heard.hits.times = 1;
	if (prove)
		words_add(&parts->probe_settings, "EXITLAB_PROBE_PROVE=1");
	log_command(parts, "probe", &parts->probe_command, &parts->probe_settings);
	if (process_start(&parts->probe, &parts->probe_command, &place)) {
		trial_set(parts->trial, TRIAL_FAILED, "the probe cannot be started: %s",
			  strerror(errno));
		return 0;
	}
	waited = process_wait(&parts->probe, NULL, &parts->heard.ready, runner->signals,
			      now_ms() + (int64_t)(one->ready_timeout * 1000));
	if (waited != WAITED_FOR)
		return too_soon(parts, &parts->probe, waited, one->ready_timeout, "ready",
				"before it was ready");
	for (size_t i = 0; i < parts->heard.settings.n; i++)
		words_add(&parts->load_settings, "%s", parts->heard.settings.word[i]);
	parts->trial->hits = parts->heard.hits;
	return 0;
}

/* Of vec_add in a run for the proof: as many launches as do. */
static void fewer_iterations(const struct runner *runner, struct words *command)
{
	if (command->n != 5 || strcmp(command->word[0], runner->vec_add) ||
	    strtoul(command->word[2], NULL, 10) <= PROOF_ITERATIONS)
		return;
	free(command->word[2]);
	if (asprintf(&command->word[2], "%d", PROOF_ITERATIONS) < 0)
		die("no memory");
}

static void judge_end(struct parts *parts, int status)
{
	struct trial *trial = parts->trial;
	char why[400] = "";

	if (heard_record(parts->record, trial, why, sizeof(why)))
		trial_set(trial, TRIAL_FAILED, "%s", why);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CANNOT) {
		trial_set(trial, TRIAL_WAIVED, "%s", process_said(&parts->load));
	} else if (status) {
		process_describe(&parts->load, status, why, sizeof(why));
		trial_set(trial, TRIAL_FAILED, "%s", why);
	} else if (!trial->on.count && isnan(trial->mean_us)) {
		trial_set(trial, TRIAL_FAILED,
			  "the workload left no record and printed no \"Average kernel time:\"");
	}
}

static int run_load(struct parts *parts, bool prove)
{
	const struct runner *runner = parts->runner;
	const struct place place = {&parts->load_settings, runner->config->root, parts->record};
	const struct test_case *one = parts->one;
	struct process *probe = *one->probe ? &parts->probe : NULL;
	enum waited waited;
	bool forced;

	parts->load = (struct process){.name = "the workload",
				       .log = runner->log,
				       .line = heard_load_line,
				       .context = parts->trial};
	if (prove)
		fewer_iterations(runner, &parts->load_command);
	words_add(&parts->load_settings, "EXITLAB_RECORD=/dev/fd/%d", parts->record);
	join_preload(&parts->load_settings);
	log_command(parts, "workload", &parts->load_command, &parts->load_settings);
	if (process_start(&parts->load, &parts->load_command, &place)) {
		trial_set(parts->trial, TRIAL_FAILED, "the workload cannot be started: %s",
			  strerror(errno));
		return 0;
	}
	waited = process_wait(&parts->load, probe, NULL, runner->signals,
			      now_ms() + (int64_t)(one->timeout * 1000));
	if (waited == WAITED_OTHER_ENDED)
		return too_soon(parts, probe, waited, 0, "", "while the workload ran");
	if (waited != WAITED_FOR)
		return too_soon(parts, &parts->load, waited, one->timeout, "done", "");
	judge_end(parts, process_end(&parts->load, runner->signals, 0, &forced));
	return 0;
}

/* One of others may end as it likes, but not by a fault. */
static bool ended_well(const struct parts *parts, int status)
{
	if (parts->heard.hits.per)
		return !status;
	return !WIFSIGNALED(status) || WTERMSIG(status) == SIGTERM;
}

static void stop_probe(struct parts *parts)
{
	struct trial *trial = parts->trial;
	char why[400];
	bool forced;
	int status;

	if (!parts->probe.pid)
		return;
	status = process_end(&parts->probe, parts->runner->signals, GRACE_MS, &forced);
	trial->hits = parts->heard.hits;
	if (forced) {
		trial_set(trial, TRIAL_FAILED, "the probe did not end within %d s of SIGTERM",
			  GRACE_MS / 1000);
	} else if (!ended_well(parts, status)) {
		process_describe(&parts->probe, status, why, sizeof(why));
		trial_set(trial, TRIAL_FAILED, "%s when it was asked to end", why);
	}
}

/* A probe that says what hits it has to have been hit so often. */
static void judge_hits(struct parts *parts, bool prove)
{
	struct trial *trial = parts->trial;
	struct hits *hits = &trial->hits;

	if (*parts->heard.why)
		trial_set(trial, TRIAL_FAILED, "%s", parts->heard.why);
	if (!hits->per || (hits->apart && !prove))
		return;
	hits->due = hits_due(trial);
	if (!hits->counted)
		trial_set(trial, TRIAL_FAILED, "the probe did not say how often it was hit");
	else if (!trial->launches)
		trial_set(trial, TRIAL_INVALID,
			  "the workload does not say how many launches it made, so the "
			  "probe's hits prove nothing");
	else if (hits->count != hits->due)
		trial_set(trial, TRIAL_INVALID,
			  "the probe was hit %" PRIu64 " times, %" PRIu64 " were due: %" PRIu64
			  " launches, %" PRIu64 " a %s",
			  hits->count, hits->due, trial->launches, hits->times,
			  hit_per_names[hits->per]);
}

int trial_run(const struct runner *runner, const struct test_case *one, bool prove,
	      struct trial *trial)
{
	struct parts parts = {.runner = runner, .one = one, .trial = trial};
	int interrupted = 0;
	bool forced;

	*trial = (struct trial){.mean_us = NAN, .median_us = NAN, .p99_us = NAN};
	parts.record = memfd_create("record", MFD_CLOEXEC);
	if (parts.record < 0)
		die("memfd_create: %s", strerror(errno));
	trial_commands(runner, one, &parts.probe_command, &parts.probe_settings,
		       &parts.load_command, &parts.load_settings);
	if (*one->probe)
		interrupted = start_probe(&parts, prove);
	if (!interrupted && !trial->status)
		interrupted = run_load(&parts, prove);
	process_end(&parts.load, runner->signals, 0, &forced);
	stop_probe(&parts);
	orphans_end();
	if (!interrupted)
		judge_hits(&parts, prove);
	fprintf(runner->log, "%s%s%s\n\n",
		interrupted ? "interrupted" : trial_status_names[trial->status],
		*trial->reason ? ": " : "", trial->reason);
	close(parts.record);
	words_free(&parts.probe_command);
	words_free(&parts.probe_settings);
	words_free(&parts.load_command);
	words_free(&parts.load_settings);
	words_free(&parts.heard.settings);
	return interrupted;
}

void trial_free(struct trial *trial)
{
	free(trial->on.whole_us);
	free(trial->on.launch_us);
	free(trial->off.whole_us);
	free(trial->off.launch_us);
	trial->on = trial->off = (struct samples){0};
}
