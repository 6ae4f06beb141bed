// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab gpu: one run of the GPU suite. gpubench measures in a process of its own and writes the
 * record; what is around that is here: the archive, the deadline, the report.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "archive.h"
#include "child.h"
#include "commands.h"
#include "env.h"
#include "gpu_options.h"
#include "gpu_summary.h"
#include "json_file.h"
#include "layout.h"
#include "report.h"
#include "scores.h"
#include "util.h"

struct gpu {
	struct gpu_options options;
	struct archive archive;
	json_t *reference;    /* summary.json of --reference; NULL: none */
	struct words command; /* gpubench as it was run; --output comes last */
};

static int missing(const char *path, const char *option)
{
	pr_err("no %s; run make, or name another by %s", path, option);
	return EXIT_CANNOT;
}

static int find_parts(struct gpu_options *options)
{
	bool limiter = options->system && !strcmp(options->system, "limiter");

	if (!*options->gpubench && !find_part("gpu/gpubench", options->gpubench))
		return missing(options->gpubench, "--gpubench");
	if (limiter && !*options->preload && !find_part("gpu/liblimiter.so", options->preload))
		return missing(options->preload, "--preload");
	return EXIT_OK;
}

/* Looked at before minutes are spent on what is to be held against it. */
static int read_reference(struct gpu *gpu)
{
	const char *directory = gpu->options.reference;

	if (!directory)
		return EXIT_OK;
	if (json_file_read(directory, "summary.json", &gpu->reference))
		return EXIT_USAGE;
	if (gpu->reference && !strcmp(json_text(gpu->reference, "kind"), "gpu"))
		return EXIT_OK;
	pr_err("--reference %s: there is no summary.json of a GPU run", directory);
	return EXIT_USAGE;
}

/* Keeps what there is of a run that failed, and says where. */
static int fail(struct gpu *gpu, const char *why)
{
	archive_fail(&gpu->archive, why);
	pr_err("%s; what there is of it: %s", why, gpu->archive.directory);
	return EXIT_FAILED;
}

/* The host as for any run, the device as gpubench says it is, and what was asked for. */
static int write_env(const struct gpu *gpu, const struct gpu_record *records)
{
	json_t *env = env_begin(gpu->archive.time), *command = json_array();
	int error;

	for (size_t i = 0; i + 2 < gpu->command.n; i++) /* but --output */
		json_array_append_new(command, json_printable(gpu->command.word[i]));
	json_object_set_new(env, "kind", json_string("gpu"));
	json_object_set_new(env, "clock", json_pack("{s:s}", "kind", "ns"));
	json_object_set_new(env, "command", command);
	json_object_set_new(env, "gpu", gpu_info(records));
	error = json_file_write(env, gpu->archive.directory, "env.json");
	json_decref(env);
	return error;
}

/* Beside the run, so that its report can be made anew when the reference is gone. */
static int write_reference(const struct gpu *gpu)
{
	return gpu->reference
		       ? json_file_write(gpu->reference, gpu->archive.directory, "reference.json")
		       : 0;
}

/* The record is whole, whatever its rows say: archives, reports and prints it. */
static int finish(struct gpu *gpu, const struct gpu_record *records)
{
	const char *directory = gpu->archive.directory;
	int status;

	if (write_env(gpu, records) || write_reference(gpu) || report_make(directory))
		return fail(gpu, "the run could not be archived or reported: see above");
	if (archive_keep(&gpu->archive))
		return EXIT_FAILED;
	/* 1: a row is FAILED or INVALID */
	status = gpu->options.json ? report_print_json(directory, stdout)
				   : report_print(directory, stdout);
	if (!gpu->options.json)
		printf("archived in %s\n", directory);
	return status ? EXIT_FAILED : EXIT_OK;
}

/* Why gpubench came to no end of its own; false: it did. */
static bool broke(const struct gpu *gpu, int status, const struct command_end *end, char *why,
		  size_t size)
{
	if (end->interrupted)
		snprintf(why, size, "interrupted");
	else if (end->late)
		snprintf(why, size, "not done after %ld s; --deadline gives it more",
			 gpu->options.deadline);
	else if (status > 128)
		snprintf(why, size, "gpubench was killed by signal %d (%s)", status - 128,
			 strsignal(status - 128));
	else if (status > EXIT_FAILED)
		snprintf(why, size, "gpubench ended with exit code %d", status);
	else
		return false;
	return true;
}

/*
 * gpubench with these options, its record at path. EXIT_OK with the record opened; else what is to
 * be exited with: it has been said why, and nothing or a failed run is archived.
 */
static int run_gpubench(struct gpu *gpu, const struct gpu_options *options, struct words *command,
			const char *path, struct gpu_record *records)
{
	char why[RECORD_WHY], text[RECORD_WHY + 16];
	struct command_end end;
	int status;

	gpu_command(options, command);
	command_option(command, "--output", path);
	status = command_run_within(command, -1, gpu->options.deadline, &end);
	/* It has said why; there is nothing to keep of a run that never began. */
	if (status == EXIT_CANNOT || status == EXIT_USAGE) {
		archive_discard(&gpu->archive);
		return status;
	}
	if (broke(gpu, status, &end, why, sizeof(why)))
		return fail(gpu, why);
	if (gpu_record_open(records, path, why)) {
		snprintf(text, sizeof(text), "run.rec: %s", why);
		return fail(gpu, text);
	}
	return EXIT_OK;
}

/* Is the reference of this GPU? A run of rows that take no time tells, before minutes are spent. */
static int try_reference(struct gpu *gpu, const char *path)
{
	static struct gpu_record records;
	struct gpu_options nothing = gpu->options;
	struct words command = {0};
	json_t *device;
	int status;

	if (!gpu->reference)
		return EXIT_OK;
	nothing.select = "LLM-001";
	nothing.system = NULL;
	nothing.preload[0] = '\0';
	status = run_gpubench(gpu, &nothing, &command, path, &records);
	words_free(&command);
	if (status)
		return status;
	device = json_pack("{s:s, s:o}", "kind", "gpu", "setup", gpu_info(&records));
	gpu_record_close(&records);
	if (scores_refuse(device, gpu->reference)) {
		archive_discard(&gpu->archive);
		status = EXIT_USAGE;
	}
	json_decref(device);
	return status;
}

static int run_suite(struct gpu *gpu)
{
	static struct gpu_record records;
	char path[sizeof(gpu->archive.directory) + 16];
	int status;

	snprintf(path, sizeof(path), "%s/run.rec", gpu->archive.directory);
	status = try_reference(gpu, path)
			 ?: run_gpubench(gpu, &gpu->options, &gpu->command, path, &records);
	if (status)
		return status;
	status = finish(gpu, &records);
	gpu_record_close(&records);
	return status;
}

static int list(const struct gpu_options *options)
{
	execl(options->gpubench, options->gpubench, "--list", NULL);
	pr_err("%s: %s", options->gpubench, strerror(errno));
	return EXIT_FAILED;
}

int cmd_gpu(int argc, char **argv)
{
	static struct gpu gpu;
	struct utsname host;
	int status;

	gpu_options_read(&gpu.options, argc, argv);
	status = find_parts(&gpu.options) ?: read_reference(&gpu);
	if (status)
		return status;
	if (gpu.options.list)
		return list(&gpu.options);
	uname(&host);
	if (archive_begin(&gpu.archive, gpu.options.results, host.nodename, "gpu"))
		return EXIT_FAILED;
	status = run_suite(&gpu);
	words_free(&gpu.command);
	json_decref(gpu.reference);
	return status;
}
