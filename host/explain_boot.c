// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One row in the lab, with every instruction of its samples written down: by lab/trace.so in QEMU,
 * by Bochs' debugger between the guest's marks. The clock counts instructions, so what is written
 * down between the two reads must be as many as the row's p50; nothing is sampled or estimated.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boot_child.h"
#include "boot_elsewhere.h"
#include "child.h"
#include "explain.h"
#include "explain_fold.h"
#include "json_file.h"
#include "words.h"
#include "lab/trace.h"
#include "layout.h"
#include "util.h"
#include "whole_file.h"

#define EXPLAIN_ITER 200 /* samples; all but a few of them are equal */
#define DEADLINE     900 /* tracing makes the lab some ten times slower */

/* In what the vendors' emulators differ. */
struct tracer {
	const char *vendor;
	bool marks; /* it stops and goes on at marks, which the guest has to set */

	/* Has the emulator write the trace. False with why. */
	bool (*add)(struct words *command, const char *trace, char *why, size_t size);

	/* Reads it, with the symbols of the lab's kernel. NULL with why; the caller's. */
	struct trace *(*read)(const char *path, const struct symbols *lab, char *why, size_t size);
};

static bool add_plugin(struct words *command, const char *trace, char *why, size_t size)
{
	char plugin[PATH_MAX], *object, *file;

	if (!find_part("lab/trace.so", plugin)) {
		snprintf(why, size, "%s is missing; run make", plugin);
		return false;
	}
	object = qemu_quoted(plugin);
	file = qemu_quoted(trace);
	words_add(command, "--plugin");
	words_add(command, "%s,out=%s", object, file);
	free(object);
	free(file);
	return true;
}

static bool add_debugger(struct words *command, const char *trace, char *why, size_t size)
{
	(void)why, (void)size;
	command_option(command, "--trace", trace);
	return true;
}

/* What the plugin wrote, as it is. */
static struct trace *read_binary(const char *path, const struct symbols *lab, char *why,
				 size_t size)
{
	struct trace *trace = malloc(sizeof(*trace));
	FILE *file = fopen(path, "re");

	(void)lab;
	if (!trace || !file || fread(trace, sizeof(*trace), 1, file) != 1 ||
	    memcmp(trace->magic, TRACE_MAGIC, sizeof(TRACE_MAGIC))) {
		snprintf(why, size, "%s: no trace; does this QEMU load plugins?", path);
		free(trace);
		trace = NULL;
	}
	if (file)
		fclose(file);
	return trace;
}

/* What is told by the debugger's text. */
static struct trace *read_text(const char *path, const struct symbols *lab, char *why, size_t size)
{
	uint64_t vm_exit = symbols_address(lab, "vmx_vmexit");
	struct trace *trace = NULL;
	FILE *file = fopen(path, "re");

	if (!vm_exit)
		snprintf(why, size, "the lab's kernel names no vmx_vmexit: whose code is it?");
	else if (!file)
		snprintf(why, size, "%s: %s", path, strerror(errno));
	else
		trace = trace_of_bochs(file, vm_exit, why, size);
	if (file)
		fclose(file);
	return trace;
}

static const struct tracer *find_tracer(const char *vendor)
{
	static const struct tracer tracers[] = {
		{"amd", false, add_plugin, read_binary},
		{"intel", true, add_debugger, read_text},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tracers); i++)
		if (!strcmp(vendor, tracers[i].vendor))
			return &tracers[i];
	die("no tracer for vendor %s", vendor);
}

static void add_boot(struct words *command, const struct explained *explained, const char *self,
		     const char *directory)
{
	const struct pathlength_cell *cell = explained->cell;

	words_add(command, "--");
	words_add(command, "%s", self);
	words_add(command, "boot");
	command_option(command, "--accel", "kvm");
	words_add(command, "--no-floor");
	words_add(command, "--symbols");
	if (find_tracer(explained->vendor)->marks)
		words_add(command, "--marks");
	command_option(command, "--machine", cell->value[FACTOR_MACHINE]);
	command_option(command, "--debugcon", cell->value[FACTOR_DEBUGCON]);
	command_option(command, "--attach", cell->value[FACTOR_ATTACHED]);
	command_option(command, "--select", explained->row);
	command_number(command, "--iter", explained->iter ?: EXPLAIN_ITER);
	command_option(command, "--results", directory);
}

/* Boots the row into directory. Exit code of the boot; EXIT_FAILED with why. */
static int boot(const struct explained *explained, const char *directory, const char *trace,
		char *why, size_t size)
{
	struct words command = {0};
	bool interrupted = false, ready;
	char self[PATH_MAX];
	int log = boot_log_open(directory, why, size), status = EXIT_FAILED;

	if (log < 0)
		return EXIT_FAILED;
	find_self(self);
	lab_begin(&command, self, explained->vendor, directory, false, DEADLINE);
	command_option(&command, "--kernel", explained->cell->value[FACTOR_KERNEL]);
	if (!strcmp(explained->cell->value[FACTOR_MITIGATIONS], "off"))
		command_option(&command, "--append", "mitigations=off");
	ready = find_tracer(explained->vendor)->add(&command, trace, why, size);
	add_boot(&command, explained, self, directory);
	if (ready)
		status = command_run(&command, log, &interrupted);
	words_free(&command);
	close(log);
	if (interrupted)
		snprintf(why, size, "interrupted");
	else if (ready && status)
		boot_last_line(directory, why, size);
	return interrupted ? EXIT_FAILED : status;
}

static bool write_text(const char *directory, const char *name, const json_t *summary,
		       void (*print)(const json_t *, FILE *))
{
	struct whole_file file;

	if (whole_file_begin(&file, "%s/%s", directory, name))
		print(summary, file.out);
	return !whole_file_end(&file);
}

/* False with one line on stderr. */
static bool write_files(const char *directory, const json_t *summary, const struct way *way,
			const struct frame *stacks)
{
	struct whole_file file;

	if (json_file_write(summary, directory, "summary.json") ||
	    !write_text(directory, "explain.md", summary, explain_markdown))
		return false;
	if (whole_file_begin(&file, "%s/explain.folded", directory))
		fold_print(stacks, file.out);
	if (whole_file_end(&file))
		return false;
	if (whole_file_begin(&file, "%s/explain.svg", directory))
		explain_flame(summary, stacks, file.out);
	if (whole_file_end(&file))
		return false;
	if (whole_file_begin(&file, "%s/way.txt", directory))
		way_print(way, file.out);
	return !whole_file_end(&file);
}

/* From a trace to the files. The summary, a new reference; NULL with why. */
static json_t *profile(const struct explained *explained, const json_t *run,
		       const struct trace *trace, const struct names *names, char *why, size_t size)
{
	struct way *way = explain_way(run, explained->row, trace, names, why, size);
	json_t *summary = NULL;
	struct frame *stacks;

	if (!way)
		return NULL;
	stacks = fold(way);
	summary = explain_summary(run, explained->row, way, explained->time);
	if (!explain_adds_up(summary, stacks, why, size)) {
		json_decref(summary);
		summary = NULL;
	} else if (!write_files(explained->directory, summary, way, stacks)) {
		snprintf(why, size, "the profile could not be written: see above");
		json_decref(summary);
		summary = NULL;
	}
	fold_free(stacks);
	way_free(way);
	return summary;
}

/* From what the boot left to the files. The summary, a new reference; NULL with why. */
static json_t *report(const struct explained *explained, const char *run, const char *path,
		      char *why, size_t size)
{
	struct symbols *lab = symbols_load(run, "run"), *guest;
	struct trace *trace = NULL;
	json_t *boot = NULL, *summary = NULL;
	struct names names;
	char map[PATH_MAX];

	guest = find_part("kernel/build/System.map", map) ? symbols_of_map(map) : NULL;
	names = (struct names){lab, guest};
	if (lab)
		trace = find_tracer(explained->vendor)->read(path, lab, why, size);
	if (trace && !json_file_read(run, "summary.json", &boot) && boot)
		summary = profile(explained, boot, trace, &names, why, size);
	if (!summary && !why[0])
		snprintf(why, size, "the boot left no run: see above");
	json_decref(boot);
	free(trace);
	symbols_free(lab);
	symbols_free(guest);
	return summary;
}

int explain_boot(const struct explained *explained, json_t **summary, char *why, size_t size)
{
	char directory[PATH_MAX], trace[PATH_MAX], began[32], *run;
	time_t now = time(NULL);
	int status;

	*summary = NULL;
	why[0] = '\0';
	snprintf(directory, sizeof(directory), "%s/run", explained->directory);
	snprintf(trace, sizeof(trace), "%s/trace", explained->directory);
	strftime(began, sizeof(began), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	status = boot(explained, directory, trace, why, size);
	run = status == EXIT_OK ? boot_run_in(directory) : NULL;
	if (status == EXIT_OK && !run)
		snprintf(why, size, "the boot left no run in %s", directory);
	else if (run && boot_report_again(run, began))
		snprintf(why, size, "the report could not be made: see above");
	else if (run)
		*summary = report(explained, run, trace, why, size);
	free(run);
	unlink(trace); /* way.txt has what is told from it */
	return status == EXIT_OK && !*summary ? EXIT_FAILED : status;
}
