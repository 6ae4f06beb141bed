// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The files of a report: all are made, then they take the place of the old report's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json_file.h"
#include "report.h"
#include "stop_signals.h"
#include "util.h"

/* The files of a report, by their names in the run's directory. */
struct outputs {
	struct output {
		char name[80];
		char *text;
		size_t size;
	} * files; /* summary.json is the first */
	size_t count;
	bool plots; /* some of them are in plots/ */
};

static struct output *add_file(struct outputs *outputs, const char *directory, const char *name,
			       const char *end)
{
	struct output *file;

	outputs->files = reallocarray(outputs->files, outputs->count + 1, sizeof(*file));
	if (!outputs->files)
		die("no memory for a report");
	file = &outputs->files[outputs->count++];
	*file = (struct output){0};
	snprintf(file->name, sizeof(file->name), "%s%s%s", directory, name, end);
	return file;
}

static void add_form(struct outputs *outputs, const struct report_form *form, const json_t *summary)
{
	struct output *file = add_file(outputs, "", form->name, "");
	FILE *stream = open_memstream(&file->text, &file->size);

	if (!stream)
		die("no memory for %s", form->name);
	form->write(summary, stream);
	fclose(stream);
}

void report_plots_add(struct report_plots *plots, const char *id, char *svg)
{
	plots->plots = reallocarray(plots->plots, plots->count + 1, sizeof(*plots->plots));
	if (!plots->plots || !svg)
		die("no memory for a plot");
	snprintf(plots->plots[plots->count].id, sizeof(plots->plots->id), "%s", id);
	plots->plots[plots->count++].svg = svg;
}

/* Fills in outputs. 0, or -1 with one line on stderr. */
static int render(struct outputs *outputs, const struct report_kind *kind, const void *run)
{
	json_t *summary = kind->summarise(run);
	struct report_plots plots = {0};
	int error;

	add_form(outputs, &(struct report_form){"summary.json", json_file_print}, summary);
	for (size_t i = 0; i < kind->form_count; i++)
		add_form(outputs, &kind->forms[i], summary);
	error = kind->plot ? kind->plot(run, summary, &plots) : 0;
	for (size_t i = 0; i < plots.count; i++) {
		struct output *file = add_file(outputs, "plots/", plots.plots[i].id, ".svg");

		file->text = plots.plots[i].svg;
		file->size = strlen(file->text);
		outputs->plots = true;
	}
	free(plots.plots);
	json_decref(summary);
	return error;
}

static const char *new_name(const struct output *file, char name[96])
{
	snprintf(name, 96, "%.79s.new", file->name);
	return name;
}

static int write_file(int dir, const struct output *file)
{
	char name[96];
	int fd = openat(dir, new_name(file, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t done = 0;

	while (fd >= 0 && done < file->size) {
		ssize_t wrote = write(fd, file->text + done, file->size - done);

		if (wrote <= 0)
			break;
		done += wrote;
	}
	return fd >= 0 && close(fd) == 0 && done == file->size ? 0 : -1;
}

/* Takes the old report away, the plots of rows that are no more among it. */
static int remove_old(int dir)
{
	int fd = openat(dir, "plots", O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	DIR *plots = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (unlinkat(dir, "summary.json", 0) && errno != ENOENT)
		return -1;
	while (plots && (entry = readdir(plots))) {
		const char *end = strrchr(entry->d_name, '.');

		if (end && !strcmp(end, ".svg"))
			unlinkat(fd, entry->d_name, 0);
	}
	if (plots)
		closedir(plots);
	return 0;
}

/*
 * Writes all files beside those of the old report, then takes their places. summary.json goes first
 * and comes last: where it is, the report is whole and of one run.
 */
static int replace(const struct outputs *outputs, const char *path, int dir)
{
	const struct output *file = outputs->files, *end = file + outputs->count;
	char name[96];

	if (outputs->plots && mkdirat(dir, "plots", 0755) && errno != EEXIST) {
		pr_err("%s/plots: %s; no report is made", path, strerror(errno));
		return -1;
	}
	for (; file < end; file++)
		if (write_file(dir, file))
			goto undo;
	file = outputs->files;
	if (remove_old(dir))
		goto undo;
	for (file = end; file-- > outputs->files;)
		if (renameat(dir, new_name(file, name), dir, file->name))
			goto undo;
	/* Not removed while it holds plots. */
	unlinkat(dir, "plots", AT_REMOVEDIR);
	return 0;
undo:
	pr_err("%s/%s: %s; no report is made", path, file->name, strerror(errno));
	for (file = outputs->files; file < end; file++)
		unlinkat(dir, new_name(file, name), 0);
	unlinkat(dir, "plots", AT_REMOVEDIR);
	return -1;
}

int report_write(const struct report_kind *kind, const void *run, const char *path)
{
	struct outputs outputs = {0};
	int error = -1, dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	sigset_t deferred, before;

	if (dir < 0) {
		pr_err("%s: %s", path, strerror(errno));
		return -1;
	}
	if (render(&outputs, kind, run))
		goto out;
	/* Ctrl-C waits for the files: a moment. */
	stop_signals_set(&deferred);
	sigprocmask(SIG_BLOCK, &deferred, &before);
	error = replace(&outputs, path, dir);
	sigprocmask(SIG_SETMASK, &before, NULL);
out:
	for (size_t i = 0; i < outputs.count; i++)
		free(outputs.files[i].text);
	free(outputs.files);
	close(dir);
	return error;
}
