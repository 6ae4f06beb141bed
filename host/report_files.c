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
#include "util.h"

/* The files of a report, by their names in the run's directory. */
struct outputs {
	struct output {
		char name[64];
		char *text;
		size_t size;
	} files[EXIT_ROWS + 4]; /* summary.json is the first */
	size_t count;
	bool plots; /* some of them are in plots/ */
};

static struct output *add_file(struct outputs *outputs, const char *name)
{
	struct output *file = &outputs->files[outputs->count++];

	snprintf(file->name, sizeof(file->name), "%s", name);
	return file;
}

/* Fills in outputs. 0, or -1 with one line on stderr. */
static int render(struct outputs *outputs, const struct report *report)
{
	static const struct {
		const char *name;
		void (*write)(const json_t *summary, FILE *out);
	} texts[] = {{"summary.json", json_file_print},
		     {"report.md", report_markdown},
		     {"report.html", report_html},
		     {"report.csv", report_csv}};
	json_t *summary = report_summary(report);
	char *plots[EXIT_ROWS] = {0}, name[64];
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct output *file = add_file(outputs, texts[i].name);
		FILE *stream = open_memstream(&file->text, &file->size);

		if (!stream)
			die("no memory for %s", texts[i].name);
		texts[i].write(summary, stream);
		fclose(stream);
	}
	error = report_plots(report, summary, plots);
	for (int i = 0; i < EXIT_ROWS; i++) {
		struct output *file;

		if (!plots[i])
			continue;
		snprintf(name, sizeof(name), "plots/%s.svg", exit_rows[i].id);
		file = add_file(outputs, name);
		file->text = plots[i];
		file->size = strlen(plots[i]);
		outputs->plots = true;
	}
	json_decref(summary);
	return error;
}

static const char *new_name(const struct output *file, char name[80])
{
	snprintf(name, 80, "%.63s.new", file->name);
	return name;
}

static int write_file(int dir, const struct output *file)
{
	char name[80];
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
	char name[80];

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

int report_write(const struct report *report, const char *path)
{
	struct outputs outputs = {0};
	int error = -1, dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	sigset_t deferred, before;

	if (dir < 0) {
		pr_err("%s: %s", path, strerror(errno));
		return -1;
	}
	if (render(&outputs, report))
		goto out;
	/* Ctrl-C waits for the files: a moment. */
	sigemptyset(&deferred);
	sigaddset(&deferred, SIGINT);
	sigaddset(&deferred, SIGTERM);
	sigaddset(&deferred, SIGHUP);
	sigprocmask(SIG_BLOCK, &deferred, &before);
	error = replace(&outputs, path, dir);
	sigprocmask(SIG_SETMASK, &before, NULL);
out:
	for (size_t i = 0; i < outputs.count; i++)
		free(outputs.files[i].text);
	close(dir);
	return error;
}
