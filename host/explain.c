// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One row in the lab under lab/trace.so. The clock counts instructions, so what the plugin writes
 * down between the two reads must be as many as the row's p50; nothing is sampled or estimated.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "boot_child.h"
#include "boot_elsewhere.h"
#include "child.h"
#include "explain.h"
#include "explain_fold.h"
#include "json_file.h"
#include "lab/words.h"
#include "lab/trace.h"
#include "layout.h"
#include "util.h"
#include "whole_file.h"

#define PATH_SIZE    (sizeof(((struct archive *)0)->directory) + 300)
#define EXPLAIN_ITER 200 /* samples; all but a few of them are equal */
#define DEADLINE     900 /* the plugin makes the lab some ten times slower */

struct explanation {
	const char *row, *kernel;
	const struct boot_options *boot;
	struct archive archive;
	char directory[PATH_SIZE]; /* of the boot, within the archive */
	char trace[PATH_SIZE];
};

/* Boots the row under the plugin. Exit code of the boot; EXIT_FAILED with why. */
static int boot(const struct explanation *explanation, char *why, size_t size)
{
	char self[PATH_MAX], plugin[PATH_MAX], *file, *object;
	struct command command = {0};
	bool interrupted = false;
	int log, status;

	if (!find_part("lab/trace.so", plugin)) {
		snprintf(why, size, "%s is missing; run make", plugin);
		return EXIT_FAILED;
	}
	log = boot_log_open(explanation->directory, why, size);
	if (log < 0)
		return EXIT_FAILED;
	find_self(self);
	object = qemu_quoted(plugin);
	file = qemu_quoted(explanation->trace);
	command_add(&command, "%s", self);
	command_add(&command, "lab");
	command_number(&command, "--deadline", DEADLINE);
	command_option(&command, "--kernel", explanation->kernel);
	command_option(&command, "--rw", explanation->directory);
	command_add(&command, "--plugin");
	command_add(&command, "%s,out=%s", object, file);
	free(object);
	free(file);
	command_add(&command, "--");
	command_add(&command, "%s", self);
	command_add(&command, "boot");
	command_option(&command, "--accel", "kvm");
	command_add(&command, "--no-floor");
	command_add(&command, "--symbols");
	command_option(&command, "--machine", explanation->boot->machine);
	command_option(&command, "--debugcon", explanation->boot->debugcon);
	command_option(&command, "--attach", explanation->boot->attach);
	command_option(&command, "--select", explanation->row);
	command_number(&command, "--iter", explanation->boot->iter ?: EXPLAIN_ITER);
	command_option(&command, "--results", explanation->directory);
	status = command_run(&command, log, &interrupted);
	command_free(&command);
	close(log);
	if (interrupted)
		snprintf(why, size, "interrupted");
	else if (status)
		boot_last_line(explanation->directory, why, size);
	return interrupted ? EXIT_FAILED : status;
}

/* The trace as it lies in memory; NULL with why. */
static const struct trace *open_trace(const char *path, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct trace *trace = MAP_FAILED;
	struct stat file;

	if (fd >= 0 && !fstat(fd, &file) && file.st_size == sizeof(*trace))
		trace = mmap(NULL, sizeof(*trace), PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (trace == MAP_FAILED) {
		snprintf(why, size, "%s: no trace; does this QEMU load plugins?", path);
		return NULL;
	}
	return trace;
}

/* 0, or -1 with one line on stderr. */
static int write_files(const char *directory, const json_t *summary, const struct way *way,
		       const struct frame *stacks)
{
	struct whole_file file;

	if (json_file_write(summary, directory, "summary.json"))
		return -1;
	if (whole_file_begin(&file, "%s/explain.md", directory))
		explain_markdown(summary, file.out);
	if (whole_file_end(&file))
		return -1;
	if (whole_file_begin(&file, "%s/explain.folded", directory))
		fold_print(stacks, file.out);
	if (whole_file_end(&file))
		return -1;
	if (whole_file_begin(&file, "%s/explain.svg", directory))
		explain_flame(summary, stacks, file.out);
	if (whole_file_end(&file))
		return -1;
	if (whole_file_begin(&file, "%s/way.txt", directory))
		way_print(way, file.out);
	return whole_file_end(&file);
}

/* From what the boot left to the report. EXIT_OK, or EXIT_FAILED with why. */
static int report(struct explanation *explanation, char *why, size_t size)
{
	char *run = boot_run_in(explanation->directory), map[PATH_MAX];
	const struct trace *trace = open_trace(explanation->trace, why, size);
	struct symbols *lab = trace && run ? symbols_load(run, "run") : NULL;
	struct symbols *guest =
		find_part("kernel/build/System.map", map) ? symbols_of_map(map) : NULL;
	struct names names = {lab, guest};
	struct frame *stacks = NULL;
	struct way *way = NULL;
	json_t *boot = NULL, *summary = NULL;
	int status = EXIT_FAILED;

	if (trace && lab && !json_file_read(run, "summary.json", &boot))
		way = explain_way(boot, explanation->row, trace, &names, why, size);
	if (way) {
		stacks = fold(way);
		summary = explain_summary(boot, explanation->row, way, explanation->archive.time);
	}
	if (summary && explain_adds_up(summary, stacks, why, size)) {
		if (write_files(explanation->archive.directory, summary, way, stacks))
			snprintf(why, size, "the profile could not be written: see above");
		else
			status = EXIT_OK;
	}
	if (status == EXIT_OK)
		explain_text(summary, stdout);
	else if (!why[0])
		snprintf(why, size, "the boot left no run: see above");
	if (stacks)
		fold_free(stacks);
	way_free(way);
	json_decref(summary);
	json_decref(boot);
	symbols_free(lab);
	symbols_free(guest);
	if (trace)
		munmap((void *)trace, sizeof(*trace));
	free(run);
	return status;
}

int explain(const char *row, const char *kernel, const struct boot_options *options)
{
	struct explanation explanation = {.row = row, .kernel = kernel, .boot = options};
	char why[PATH_SIZE + 256] = "";
	int status;

	if (archive_begin(&explanation.archive, options->results, "lab", "explain"))
		return EXIT_FAILED;
	snprintf(explanation.directory, sizeof(explanation.directory), "%s/run",
		 explanation.archive.directory);
	snprintf(explanation.trace, sizeof(explanation.trace), "%s/trace",
		 explanation.archive.directory);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "tracing %s in the lab: a minute or two", row);
	status = boot(&explanation, why, sizeof(why));
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (status == EXIT_OK)
		status = report(&explanation, why, sizeof(why));
	unlink(explanation.trace); /* way.txt has what is told from it */
	if (status == EXIT_OK) {
		status = archive_keep(&explanation.archive) ? EXIT_FAILED : EXIT_OK;
		printf("archived in %s\n", explanation.archive.directory);
		return status;
	}
	archive_fail(&explanation.archive, why);
	pr_err("%s; what there is: %s", why, explanation.archive.directory);
	return status;
}
