// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One process as procfs has it. Of the ways to the same number the one that is exact and cheap is
 * taken: CPU time from the process's clock, in nanoseconds (stat has ticks of 10 ms), memory from
 * statm, which sums up what each CPU counts (stat may be off by some hundred kB a CPU).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "pidmon.h"
#include "process_of.h"
#include "util.h"

#define PF_KTHREAD 0x00200000 /* of include/linux/sched.h */

bool process_parse_stat(const char *text, struct process_stat *stat)
{
	/* The name, in parentheses, may have any of them itself. */
	const char *rest = strrchr(text, ')');
	unsigned int flags;

	if (!rest || sscanf(rest, ") %*c %d %*d %*d %*d %*d %u", &stat->parent, &flags) != 2)
		return false;
	stat->kernel_thread = flags & PF_KTHREAD;
	return true;
}

int64_t process_parse_statm(const char *text, bool kernel_thread)
{
	int64_t pages, resident;

	if (sscanf(text, "%" SCNd64 " %" SCNd64, &pages, &resident) != 2)
		return NOT_MEASURED;
	/* No size at all: it is about to end, or its first thread has ended before others. */
	if (!pages && !kernel_thread)
		return NOT_MEASURED;
	return resident * sysconf(_SC_PAGESIZE);
}

int64_t process_parse_io(const char *text, const char *field)
{
	size_t length = strlen(field);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		int64_t value;

		line += *line == '\n';
		if (!strncmp(line, field, length) && line[length] == ':' &&
		    sscanf(line + length + 1, "%" SCNd64, &value) == 1)
			return value;
	}
	return NOT_MEASURED;
}

void process_parse_name(const char *text, char name[PROCESS_NAME])
{
	size_t length = strlen(text);

	if (length && text[length - 1] == '\n')
		length--;
	if (length >= PROCESS_NAME)
		length = PROCESS_NAME - 1;
	for (size_t i = 0; i < length; i++)
		name[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	name[length] = '\0';
}

/* The file as it is now, all of it. False, with errno, where it cannot be read. */
static bool read_now(int fd, char *text, size_t size)
{
	ssize_t got = pread(fd, text, size - 1, 0);

	text[got < 0 ? 0 : got] = '\0';
	return got >= 0;
}

bool process_sample(struct process *process, struct process_sample *sample)
{
	struct timespec cpu, now;
	char text[512];

	/*
	 * The clock goes by the number. What is read afterwards belongs to the process, and so did
	 * the number when the clock was read.
	 */
	clock_gettime(CLOCK_REALTIME, &sample->time);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (clock_gettime(process->clock, &cpu) || !read_now(process->comm, text, sizeof(text))) {
		process->ended = true;
		return false;
	}
	sample->time_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	sample->cpu_ns = cpu.tv_sec * 1000000000LL + cpu.tv_nsec;
	process_parse_name(text, sample->name);
	read_now(process->statm, text, sizeof(text));
	sample->memory_bytes = process_parse_statm(text, process->kernel_thread);
	read_now(process->io, text, sizeof(text));
	sample->read_bytes = process_parse_io(text, "read_bytes");
	sample->written_bytes = process_parse_io(text, "write_bytes");
	return true;
}

static bool has_ended(const struct process *process)
{
	struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};

	return poll(&ended, 1, 0) == 1;
}

static int refuse(struct process *process, int code)
{
	process_close(process);
	return code;
}

static int no_process(struct process *process, pid_t pid, char *why, size_t size)
{
	pid_t whole = process_of(pid);

	if (whole && whole != pid)
		snprintf(why, size, "%d is a thread of process %d: name that", pid, whole);
	else
		snprintf(why, size, "no process %d", pid);
	return refuse(process, EXIT_FAILED);
}

static bool is_short_of_files(int error)
{
	return error == EMFILE || error == ENFILE;
}

/* Opens the files. What the kernel has not or this user may not read is -1, not to be measured. */
static int open_files(struct process *process)
{
	const int flags = O_RDONLY | O_CLOEXEC;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", process->pid);
	process->directory = open(path, flags | O_DIRECTORY);
	if (process->directory < 0)
		return -1;
	process->comm = openat(process->directory, "comm", flags);
	process->statm = openat(process->directory, "statm", flags);
	if (process->comm < 0 || process->statm < 0)
		return -1;
	process->io = openat(process->directory, "io", flags);
	return process->io < 0 && is_short_of_files(errno) ? -1 : 0;
}

static bool read_stat(const struct process *process, struct process_stat *stat)
{
	int fd = openat(process->directory, "stat", O_RDONLY | O_CLOEXEC);
	char text[1024];
	bool known = fd >= 0 && read_now(fd, text, sizeof(text)) && process_parse_stat(text, stat);

	if (fd >= 0)
		close(fd);
	return known;
}

int process_open(struct process *process, pid_t pid, pid_t parent, char *why, size_t size)
{
	struct process_stat stat;
	bool opened;
	int error;

	*process = (struct process){.pid = pid, .directory = -1, .comm = -1, .statm = -1, .io = -1};
	process->pidfd = pidfd_open(pid, 0);
	if (process->pidfd < 0 && errno != ENOSYS && !is_short_of_files(errno))
		return no_process(process, pid, why, size);
	opened = process->pidfd >= 0 && !open_files(process);
	error = errno;
	/* While it has not ended the number is its own, and so were the files. */
	if (process->pidfd >= 0 && has_ended(process)) {
		snprintf(why, size, "process %d has ended", pid);
		return refuse(process, EXIT_FAILED);
	}
	if (!opened) {
		snprintf(why, size, "cannot look into process %d: %s; %s", pid, strerror(error),
			 error == ENOSYS	    ? "it takes Linux 5.3"
			 : is_short_of_files(error) ? "raise ulimit -n"
						    : "run as root");
		return refuse(process, EXIT_CANNOT);
	}
	if (clock_getcpuclockid(pid, &process->clock) || !read_stat(process, &stat))
		return no_process(process, pid, why, size);
	process->kernel_thread = stat.kernel_thread;
	if ((parent && stat.parent != parent) || !process_sample(process, &process->before))
		return no_process(process, pid, why, size);
	return EXIT_OK;
}

void process_close(struct process *process)
{
	int *const fds[] = {&process->pidfd, &process->directory, &process->comm, &process->statm,
			    &process->io};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static void children_of_thread(int directory, const char *thread,
			       void (*found)(pid_t child, void *context), void *context)
{
	char path[300];
	pid_t child;
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "%s/children", thread);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (fscanf(file, "%d", &child) == 1)
		found(child, context);
	fclose(file);
}

void process_children(const struct process *process, void (*found)(pid_t child, void *context),
		      void *context)
{
	int fd = openat(process->directory, "task", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	DIR *threads = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!threads) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(threads)))
		if (isdigit((unsigned char)entry->d_name[0]))
			children_of_thread(fd, entry->d_name, found, context);
	closedir(threads);
}

bool process_children_known(void)
{
	return !access("/proc/thread-self/children", R_OK);
}
