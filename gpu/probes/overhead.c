// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * overhead CONFIG: what do probes cost a GPU kernel? Runs the cases of a configuration in turn,
 * round by round, each round in the other direction, so that what drifts costs a case and its
 * baseline alike; archives what came of it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../../host/archive.h"
#include "../../host/env.h"
#include "../../host/json_file.h"
#include "../../host/report.h"
#include "../../host/stop_signals.h"
#include "../../host/util.h"
#include "../../host/whole_file.h"
#include "../nvml.h"
#include "orphans.h"
#include "overhead.h"
#include "results.h"

struct overhead_run {
	struct overhead_options options;
	struct config config;
	struct runner runner;
	struct archive archive;
	struct utsname host;
	struct case_outcome *outcomes;
	bool *selected;
	size_t *order, count; /* the cases that run, each baseline before those held against it */
};

/* A baseline, then all cases that are held against it, then the next. */
static void make_order(struct overhead_run *run)
{
	const struct config *config = &run->config;

	run->count = 0;
	for (size_t i = 0; i < config->count; i++) {
		if (config->cases[i].base >= 0)
			continue;
		if (run->selected[i])
			run->order[run->count++] = i;
		for (size_t j = 0; j < config->count; j++)
			if (run->selected[j] && config->cases[j].base == (int)i)
				run->order[run->count++] = j;
	}
}

static void progress(const struct overhead_run *run, size_t round, size_t done, const char *name)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (name)
		fprintf(stderr, "\r\033[Kround %zu of %d, case %zu of %zu: %s", round + 1,
			run->options.repeat, done + 1, run->count, name);
	else
		fputs("\r\033[K", stderr);
}

/* A case whose baseline has no figure needs none. */
static bool is_lost(const struct overhead_run *run, size_t index)
{
	int base = run->config.cases[index].base;

	return run->outcomes[index].status || (base >= 0 && run->outcomes[base].status);
}

/* EXIT_OK, EXIT_FAILED where it was interrupted, EXIT_CANNOT where nothing can run here. */
static int run_one(struct overhead_run *run, size_t index, size_t round)
{
	const struct test_case *one = &run->config.cases[index];
	struct case_outcome *outcome = &run->outcomes[index];
	struct trial trial;
	int code = EXIT_OK;

	if (is_lost(run, index)) {
		int base = one->base;

		if (!outcome->status)
			outcome_set(outcome, TRIAL_INVALID, "its baseline \"%s\" is %s",
				    one->baseline, trial_status_names[run->outcomes[base].status]);
		return EXIT_OK;
	}
	fprintf(run->runner.log, "== %s, round %zu\n", one->name, round + 1);
	if (trial_run(&run->runner, one, false, &trial)) {
		code = EXIT_FAILED;
	} else {
		outcome_add(outcome, &trial);
		/* The workload itself says that there is nothing to run on. */
		if (trial.status == TRIAL_WAIVED && case_is_baseline(one))
			code = EXIT_CANNOT;
	}
	trial_free(&trial);
	return code;
}

static int run_rounds(struct overhead_run *run)
{
	int code = EXIT_OK;

	for (size_t round = 0; round < (size_t)run->options.repeat; round++)
		for (size_t i = 0; !code && i < run->count; i++) {
			size_t index = run->order[round % 2 ? run->count - 1 - i : i];

			progress(run, round, i, run->config.cases[index].name);
			code = run_one(run, index, round);
		}
	progress(run, 0, 0, NULL);
	return code;
}

/* Once, for those that cannot be counted while they are timed. */
static int run_proofs(struct overhead_run *run)
{
	int code = EXIT_OK;

	for (size_t i = 0; !code && i < run->count; i++) {
		const struct test_case *one = &run->config.cases[run->order[i]];
		struct case_outcome *outcome = &run->outcomes[run->order[i]];
		struct trial trial;

		if (outcome->status || !outcome->hits.apart)
			continue;
		fprintf(run->runner.log, "== %s, run for the proof\n", one->name);
		if (trial_run(&run->runner, one, true, &trial))
			code = EXIT_FAILED;
		else
			outcome_prove(outcome, &trial);
		trial_free(&trial);
	}
	return code;
}

static int write_env(const struct overhead_run *run, int argc, char **argv)
{
	json_t *env = env_begin(run->archive.time), *command = json_array();
	int error;

	for (int i = 0; i < argc; i++)
		json_array_append_new(command, json_printable(argv[i]));
	json_object_set_new(env, "kind", json_string("gpu-overhead"));
	json_object_set_new(env, "clock", json_pack("{s:s}", "kind", "ns"));
	json_object_set_new(env, "command", command);
	json_object_set(env, "config", run->config.json);
	error = json_file_write(env, run->archive.directory, "env.json");
	json_decref(env);
	return error;
}

static int write_files(const struct overhead_run *run, const struct results *results)
{
	const char *directory = run->archive.directory, *prefix = run->config.prefix;
	json_t *json = results_json(results);
	struct whole_file file;
	char name[128];
	int error;

	snprintf(name, sizeof(name), "%s_result.json", prefix);
	error = json_file_write(json, directory, name);
	json_decref(json);
	if (whole_file_begin(&file, "%s/%s_result.md", directory, prefix))
		results_markdown(results, file.out);
	error |= whole_file_end(&file);
	if (whole_file_begin(&file, "%s/run.rec", directory) && results_record(results, file.out))
		error = -1;
	return error | whole_file_end(&file) ? -1 : 0;
}

/* Keeps what there is of a run that failed, and says where. */
static int fail(struct overhead_run *run, const char *why)
{
	archive_fail(&run->archive, why);
	pr_err("%s; what there is of it: %s", why, run->archive.directory);
	return EXIT_FAILED;
}

static int print(const struct overhead_run *run, const struct results *results)
{
	int status = EXIT_OK;

	if (run->options.json) {
		json_t *json = results_json(results);

		json_file_print(json, stdout);
		json_decref(json);
	} else {
		results_markdown(results, stdout);
		printf("\narchived in %s\n", run->archive.directory);
	}
	for (size_t i = 0; i < run->config.count; i++)
		if (run->outcomes[i].status == TRIAL_FAILED ||
		    run->outcomes[i].status == TRIAL_INVALID)
			status = EXIT_FAILED;
	return fflush(stdout) ? EXIT_FAILED : status;
}

/* By NVML, as the suite has it; asked once, and not beside what is timed. */
static const char *driver_of(const struct results *results)
{
	nvml_open(results_pci(results));
	return nvml_driver_version();
}

static int finish(struct overhead_run *run, int argc, char **argv)
{
	struct results results = {.config = &run->config,
				  .outcomes = run->outcomes,
				  .selected = run->selected,
				  .host = run->host.nodename,
				  .time = run->archive.time,
				  .rounds = run->options.repeat};

	results.driver = driver_of(&results);
	outcomes_judge(run->outcomes, &run->config);
	if (fflush(run->runner.log) || ferror(run->runner.log))
		return fail(run, "the log cannot be written");
	if (write_env(run, argc, argv) || write_files(run, &results) ||
	    report_make(run->archive.directory))
		return fail(run, "the run could not be archived or reported: see above");
	if (archive_keep(&run->archive))
		return EXIT_FAILED;
	return print(run, &results);
}

static int open_log(struct overhead_run *run)
{
	char path[sizeof(run->archive.directory) + 128];

	snprintf(path, sizeof(path), "%s/%s_bench.log", run->archive.directory, run->config.prefix);
	run->runner.log = fopen(path, "we");
	if (!run->runner.log) {
		pr_err("%s: %s", path, strerror(errno));
		return -1;
	}
	setvbuf(run->runner.log, NULL, _IOLBF, 0);
	return 0;
}

static int run_all(struct overhead_run *run, int argc, char **argv)
{
	int code;

	if (archive_begin(&run->archive, run->options.results, run->host.nodename, "gpu-overhead"))
		return EXIT_FAILED;
	if (open_log(run))
		return fail(run, "there is no log");
	code = run_rounds(run) ?: run_proofs(run);
	if (code == EXIT_CANNOT) {
		for (size_t i = 0; i < run->config.count; i++)
			if (run->outcomes[i].status == TRIAL_WAIVED)
				pr_err("%s", run->outcomes[i].reason);
		archive_discard(&run->archive);
	} else {
		code = code ? fail(run, "interrupted") : finish(run, argc, argv);
	}
	fclose(run->runner.log);
	return code;
}

int main(int argc, char **argv)
{
	static struct overhead_run run;
	char why[600];
	int code;

	overhead_options_read(&run.options, argc, argv);
	if (config_read(&run.config, run.options.config, run.options.root, why, sizeof(why)))
		die_code(EXIT_USAGE, "%s: %s", run.options.config, why);
	run.outcomes = calloc(run.config.count, sizeof(*run.outcomes));
	run.selected = calloc(run.config.count, sizeof(*run.selected));
	run.order = calloc(run.config.count, sizeof(*run.order));
	if (!run.outcomes || !run.selected || !run.order)
		die("no memory for %zu cases", run.config.count);
	run.runner = (struct runner){
		.config = &run.config, .libcuda = run.options.libcuda, .ready = run.options.ready};
	strcpy(run.runner.vec_add, run.options.vec_add);
	overhead_select(&run.options, &run.config, run.selected);
	make_order(&run);
	if (run.options.list || run.options.dry_run) {
		code = overhead_show(&run.options, &run.runner, run.order, run.count);
	} else {
		signal(SIGPIPE, SIG_IGN);
		orphans_adopt();
		run.runner.signals = stop_signals(0);
		if (run.runner.signals < 0)
			die("signalfd: %s", strerror(errno));
		uname(&run.host);
		code = run_all(&run, argc, argv);
	}
	for (size_t i = 0; i < run.config.count; i++)
		outcome_free(&run.outcomes[i]);
	config_free(&run.config);
	words_free(&run.options.only);
	free(run.outcomes);
	free(run.selected);
	free(run.order);
	return code;
}
