// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where pidmon's rows go. Whatever ends it, a file has whole lines: the rows of one moment are
 * written in one go, and what did not fit is taken back.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "pidmon.h"
#include "report.h"
#include "utc.h"
#include "util.h"

#define KB 1024.0
#define MB (1024.0 * 1024.0)

/* The columns in order; the names of numbers have the places they are printed with. */
enum { CPU_PERCENT, MEMORY_MB, MEMORY_PERCENT, DISK_READ_KB, DISK_WRITE_KB, NUMBERS };

static const struct {
	const char *name;
	int places;
} numbers[NUMBERS] = {
	[CPU_PERCENT] = {"cpu_percent", 3},	  [MEMORY_MB] = {"memory_mb", 3},
	[MEMORY_PERCENT] = {"memory_percent", 4}, [DISK_READ_KB] = {"disk_read_kb", 1},
	[DISK_WRITE_KB] = {"disk_write_kb", 1},
};

#define HEADER_TEXTS "timestamp,description,pid,name"

static void put_header(FILE *out)
{
	fputs(HEADER_TEXTS, out);
	for (int i = 0; i < NUMBERS; i++)
		fprintf(out, ",%s", numbers[i].name);
	fputc('\n', out);
}

/* What a file of this kind begins with; the caller's. */
static char *beginning(const struct pidmon_output *output)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (output->json)
		fputs("{\"timestamp\":", out);
	else
		put_header(out);
	fclose(out);
	return text;
}

/* Whether rows may follow what is in the file. */
static bool can_continue(const struct pidmon_output *output, off_t size)
{
	char *wanted = beginning(output), first[256], last = 0;
	size_t length = wanted ? strlen(wanted) : 0;
	bool same = length && length < sizeof(first) &&
		    pread(output->fd, first, length, 0) == (ssize_t)length &&
		    !memcmp(first, wanted, length) && pread(output->fd, &last, 1, size - 1) == 1;

	free(wanted);
	if (!same)
		pr_err("%s: not written by pidmon%s before; name another file", output->path,
		       output->json ? " --json" : "");
	else if (last != '\n')
		pr_err("%s: its last line is cut off; name another file", output->path);
	return same && last == '\n';
}

static int open_file(struct pidmon_output *output)
{
	struct stat status;

	output->created = true;
	output->fd = open(output->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
	if (output->fd >= 0 || errno != EEXIST)
		return output->fd;
	output->created = false;
	if (stat(output->path, &status) || S_ISREG(status.st_mode)) {
		output->fd = open(output->path, O_RDWR | O_APPEND | O_CLOEXEC);
		return output->fd;
	}
	/* A pipe that nobody reads is an error, not to be waited for. */
	output->fd = open(output->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (output->fd >= 0)
		fcntl(output->fd, F_SETFL, 0);
	return output->fd;
}

int pidmon_output_open(struct pidmon_output *output, const char *path, bool json,
		       const char *description, int stop)
{
	struct sysinfo host;
	struct stat status;

	sysinfo(&host);
	*output = (struct pidmon_output){
		.fd = STDOUT_FILENO,
		.stop = stop,
		.path = path ?: "standard output",
		.json = json,
		.description = description,
		.host_bytes = (int64_t)host.totalram * host.mem_unit,
	};
	if (path && open_file(output) < 0) {
		pr_err("%s: %s", path, errno == ENXIO ? "nobody reads it" : strerror(errno));
		return EXIT_FAILED;
	}
	output->rows = open_memstream(&output->text, &output->size);
	if (!output->rows)
		die("no memory");
	if (path && !fstat(output->fd, &status) && S_ISREG(status.st_mode)) {
		if (flock(output->fd, LOCK_EX | LOCK_NB)) {
			pr_err("%s: another pidmon writes to it; name another file", path);
			return EXIT_FAILED;
		}
		if (status.st_size)
			return can_continue(output, status.st_size) ? EXIT_OK : EXIT_FAILED;
	}
	if (json)
		return EXIT_OK;
	put_header(output->rows);
	return pidmon_output_write(output);
}

static double scaled(int64_t value, double unit)
{
	return value == NOT_MEASURED ? NAN : value / unit;
}

static void put_csv(FILE *out, const char *text)
{
	if (strpbrk(text, ",\"") || *text == ' ')
		csv_text(text, out);
	else
		fputs(text, out);
}

static void put_csv_row(struct pidmon_output *output, const char *time,
			const struct process *process, const char *name, const double *values)
{
	fprintf(output->rows, "%s,", time);
	put_csv(output->rows, output->description);
	fprintf(output->rows, ",%d,", process->pid);
	put_csv(output->rows, name);
	for (int i = 0; i < NUMBERS; i++) {
		fputc(',', output->rows);
		if (!isnan(values[i]))
			fprintf(output->rows, "%.*f", numbers[i].places, values[i]);
	}
	fputc('\n', output->rows);
}

static void put_json_row(struct pidmon_output *output, const char *time,
			 const struct process *process, const char *name, const double *values)
{
	json_t *row = json_pack("{s:s, s:s, s:i, s:s}", "timestamp", time, "description",
				output->description, "pid", process->pid, "name", name);

	for (int i = 0; i < NUMBERS; i++) {
		double unit = pow(10, numbers[i].places);

		json_object_set_new(row, numbers[i].name,
				    isnan(values[i]) ? json_null()
						     : json_real(round(values[i] * unit) / unit));
	}
	json_dumpf(row, output->rows, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
	fputc('\n', output->rows);
	json_decref(row);
}

void pidmon_output_row(struct pidmon_output *output, const struct process *process,
		       const struct process_sample *now)
{
	const struct process_sample *before = &process->before;
	const double values[NUMBERS] = {
		[CPU_PERCENT] =
			100.0 * (now->cpu_ns - before->cpu_ns) / (now->time_ns - before->time_ns),
		[MEMORY_MB] = scaled(now->memory_bytes, MB),
		[MEMORY_PERCENT] = scaled(now->memory_bytes, output->host_bytes / 100.0),
		[DISK_READ_KB] = scaled(now->read_bytes, KB),
		[DISK_WRITE_KB] = scaled(now->written_bytes, KB),
	};
	char stamp[64];

	utc_text(&now->time, stamp);
	(output->json ? put_json_row : put_csv_row)(output, stamp, process, now->name, values);
}

/*
 * Writes some of it, as write(2); to a pipe in pieces that it takes without a wait. ECANCELED where
 * nobody reads it until the stop.
 */
static ssize_t write_some(const struct pidmon_output *output, bool file, const char *text,
			  size_t size)
{
	struct pollfd watched[] = {{output->fd, POLLOUT, 0}, {output->stop, POLLIN, 0}};

	if (file)
		return write(output->fd, text, size);
	if (poll(watched, ARRAY_SIZE(watched), -1) < 0)
		return -1;
	if (!watched[0].revents) {
		errno = ECANCELED;
		return -1;
	}
	return write(output->fd, text, size < PIPE_BUF ? size : PIPE_BUF);
}

int pidmon_output_write(struct pidmon_output *output)
{
	struct stat status;
	bool file;
	size_t done = 0;
	int error = 0;

	if (fflush(output->rows))
		die("no memory");
	file = !fstat(output->fd, &status) && S_ISREG(status.st_mode);
	while (done < output->size && !error) {
		ssize_t written =
			write_some(output, file, output->text + done, output->size - done);

		if (written >= 0)
			done += written;
		else if (errno != EINTR)
			error = errno;
	}
	rewind(output->rows);
	if (!error)
		return EXIT_OK;
	if (file && done && ftruncate(output->fd, status.st_size))
		pr_err("%s: its last line is cut off: %s", output->path, strerror(errno));
	if (error == ECANCELED)
		pr_err("%s: nobody reads it, so not all was written", output->path);
	else
		pr_err("%s: %s; what was written before is whole", output->path, strerror(error));
	return EXIT_FAILED;
}

int pidmon_output_close(struct pidmon_output *output, bool any_row)
{
	int error = 0;

	if (output->rows)
		fclose(output->rows);
	free(output->text);
	if (output->created && !any_row)
		unlink(output->path);
	if (output->fd > STDERR_FILENO && close(output->fd))
		error = errno;
	if (error)
		pr_err("%s: %s", output->path, strerror(error));
	return error ? EXIT_FAILED : EXIT_OK;
}
