// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "gpumem_stress.h"
#include "gpumem_stress_part.h"
#include "json_file.h"
#include "util.h"

#define PATIENCE_MS 60000 /* for what ends by itself, beyond the time it was given */
#define INTERVAL    "0.2" /* of pidmon, s: the original's */
#define PATH_SIZE   (sizeof(((struct archive *)0)->directory) + 64)
#define PRINT_EVERY "1" /* s: a live table's default */

struct parts {
	struct part stressor, tracer, monitor;
	int truth; /* where the stressor's goes */
};

static void stressor_command(const struct stress_run *run, const struct stress_case *load,
			     struct words *words)
{
	words_add(words, "%s", run->stressor);
	words_option(words, "--libcuda", "%s", run->library.path);
	words_option(words, "--throughput", "%ld", load->rate);
	words_option(words, "--allocate-size", "%ld", load->bytes);
	words_option(words, "--free-ratio", "%g", load->free_ratio);
	words_option(words, "--duration", "%g", load->seconds);
	if (load->count)
		words_option(words, "--count", "%ld", load->count);
	/* All of it has to be live at one time; the fake's memory does not do for one process. */
	if (!strcmp(load->of, "live")) {
		words_option(words, "--procs", "2");
		words_option(words, "--linger", "1");
	}
}

static void file_path(const struct stress_run *run, const struct trial *trial, const char *end,
		      char path[PATH_SIZE])
{
	if (trial->files)
		snprintf(path, PATH_SIZE, "%s/%s%s", run->archive.directory, trial->files, end);
	else
		snprintf(path, PATH_SIZE, "/dev/null");
}

static int fail(struct stress_run *run, const char *path)
{
	snprintf(run->why, sizeof(run->why), "%.400s: %s", path, strerror(errno));
	return EXIT_FAILED;
}

/* What ends a wait too soon. EXIT_OK: it is said in trial->why. */
static int too_soon(struct stress_run *run, struct trial *trial, struct part *part,
		    enum heard heard)
{
	int status;

	if (heard == INTERRUPTED) {
		snprintf(run->why, sizeof(run->why), "interrupted");
		return EXIT_FAILED;
	}
	if (heard == LATE) {
		snprintf(trial->why, sizeof(trial->why), "%s was not done in time", part->name);
		return EXIT_OK;
	}
	status = part_reap(part);
	part_describe_end(part, status, trial->why, sizeof(trial->why));
	if (!*trial->why)
		snprintf(trial->why, sizeof(trial->why), "%s ended too soon", part->name);
	if (status != EXIT_CANNOT << 8)
		return EXIT_OK;
	snprintf(run->why, sizeof(run->why), "%s", part_last_line(part));
	return EXIT_CANNOT;
}

static int start_stressor(struct stress_run *run, struct trial *trial, struct parts *parts)
{
	struct words words = {0};
	char path[PATH_SIZE];
	int error;

	file_path(run, trial, ".truth.json", path);
	parts->truth = trial->files ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
				    : memfd_create("truth", MFD_CLOEXEC);
	if (parts->truth < 0)
		return fail(run, path);
	stressor_command(run, trial->load, &words);
	error = part_start(&parts->stressor, "the stressor", &words, parts->truth, &run->victim,
			   true);
	words_free(&words);
	if (error)
		return fail(run, "fork");
	trial->stressor = parts->stressor.pid;
	return EXIT_OK;
}

/* The tracer traces the stressor that is held, so it misses nothing of it. */
static int start_tracer(struct stress_run *run, struct trial *trial, struct parts *parts)
{
	bool prints = !strcmp(trial->load->prints, "table");
	struct words words = {0};
	char path[PATH_SIZE];
	enum heard heard;
	int table, error;

	file_path(run, trial, ".table.txt", path);
	table = prints ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
		       : open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (table < 0)
		return fail(run, path);
	file_path(run, trial, ".trace.json", path);
	words_add(&words, "%s", run->self);
	words_add(&words, "gpumem");
	words_option(&words, "--pid", "%d", parts->stressor.pid);
	words_add(&words, "--follow");
	words_option(&words, "--libcuda", "%s", run->library.path);
	words_option(&words, "--interval", prints ? PRINT_EVERY : "0");
	words_add(&words, "--json");
	words_option(&words, "--output", "%s", path);
	error = part_start(&parts->tracer, "the tracer", &words, table, &run->tracer, false);
	close(table);
	words_free(&words);
	if (error)
		return fail(run, "fork");
	trial->tracer = parts->tracer.pid;
	heard = part_says(&parts->tracer, "exitlab: tracing", run->signals, now_ms() + PATIENCE_MS);
	return heard == HEARD ? EXIT_OK : too_soon(run, trial, &parts->tracer, heard);
}

/* CPU and memory of the tracer and of the stressor's processes. */
static int start_monitor(struct stress_run *run, struct trial *trial, struct parts *parts)
{
	struct words words = {0};
	char path[PATH_SIZE];
	enum heard heard;
	int error;

	file_path(run, trial, ".csv", path);
	words_add(&words, "%s", run->self);
	words_add(&words, "pidmon");
	words_option(&words, "--pids", "%d,%d", parts->tracer.pid, parts->stressor.pid);
	words_add(&words, "--children");
	words_option(&words, "--interval", INTERVAL);
	words_option(&words, "--desc", "%s", trial->load->title);
	words_option(&words, "--output", "%s", path);
	error = part_start(&parts->monitor, "pidmon", &words, -1, &run->others, false);
	words_free(&words);
	if (error)
		return fail(run, "fork");
	heard = part_says(&parts->monitor, "exitlab: watching", run->signals,
			  now_ms() + PATIENCE_MS);
	return heard == HEARD ? EXIT_OK : too_soon(run, trial, &parts->monitor, heard);
}

/* Waits for one that ends by itself, and says where that is no good end. */
static int finish(struct stress_run *run, struct trial *trial, struct part *part,
		  struct part *before, int64_t deadline)
{
	enum heard heard;

	if (!part->pid || *trial->why)
		return EXIT_OK;
	heard = part_ends(part, before && before->pid ? before : NULL, run->signals, deadline);
	if (heard == ENDED)
		return too_soon(run, trial, before, heard);
	if (heard != HEARD)
		return too_soon(run, trial, part, heard);
	part_describe_end(part, part_reap(part), trial->why, sizeof(trial->why));
	return EXIT_OK;
}

/* The stressor says its truth, and why it cannot run here. */
static int run_parts(struct stress_run *run, struct trial *trial, struct parts *parts)
{
	int64_t deadline;
	int code = start_stressor(run, trial, parts);

	if (!code && trial->traced)
		code = start_tracer(run, trial, parts);
	if (!code && trial->traced && trial->files && !*trial->why)
		code = start_monitor(run, trial, parts);
	if (code || *trial->why)
		return code;
	part_go(&parts->stressor);
	deadline = now_ms() + (int64_t)(trial->load->seconds * 1000) + PATIENCE_MS;
	code = finish(run, trial, &parts->stressor, &parts->tracer, deadline);
	if (!code)
		code = finish(run, trial, &parts->tracer, NULL, now_ms() + PATIENCE_MS);
	if (!code)
		code = finish(run, trial, &parts->monitor, NULL, now_ms() + PATIENCE_MS);
	return code;
}

static void read_truth(struct trial *trial, int fd)
{
	json_error_t error;

	lseek(fd, 0, SEEK_SET);
	trial->truth = json_loadfd(fd, 0, &error);
	if (!trial->truth)
		snprintf(trial->why, sizeof(trial->why), "the stressor's truth: %s", error.text);
}

int stress_trial(struct stress_run *run, struct trial *trial)
{
	struct parts parts = {.truth = -1};
	int code = run_parts(run, trial, &parts);

	part_kill(&parts.stressor);
	part_kill(&parts.tracer);
	part_kill(&parts.monitor);
	/* Without a device it has said so, and nothing else. */
	if (!code && strstr(trial->why, "the stressor ended with exit code 77")) {
		snprintf(run->why, sizeof(run->why), "%s", part_last_line(&parts.stressor));
		code = EXIT_CANNOT;
	}
	if (!code && !*trial->why)
		read_truth(trial, parts.truth);
	if (parts.truth >= 0)
		close(parts.truth);
	return code;
}
