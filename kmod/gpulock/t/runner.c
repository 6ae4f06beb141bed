// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guest's first program after init: runs test programs, one after the other, and sends their
 * TAP out on the record port as one stream of tests. After each it looks whether the kernel has
 * anything to complain of.
 *
 * usage: runner TEST...   each is /bin/TEST, but what is its own: "leaks" and "coverage"
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../guest-bench/send.h"
#include "complaints.h"
#include "coverage.h"

static int tests;

static void out(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	send_file("tap", line, strlen(line));
}

static void result(bool pass, const char *of, const char *what)
{
	out("%sok %d - %s: %s\n", pass ? "" : "not ", ++tests, of, what);
}

/* Each once; how often, and all that KCSAN says of it, is in kernel.log. */
static void tell_other(const char *title)
{
	static char told[100][COMPLAINT_MOST];
	static size_t count;

	for (size_t i = 0; i < count; i++)
		if (!strcmp(told[i], title))
			return;
	if (count < sizeof(told) / sizeof(*told))
		strcpy(told[count++], title);
	out("# of the kernel alone: %s\n", title);
}

static void check_kernel(const char *name)
{
	struct complaints complaints = {.tell_other = tell_other};
	char what[COMPLAINT_MOST + 50];

	complaints_read(&complaints);
	snprintf(what, sizeof(what), "the kernel does not complain%s%s",
		 complaints.found ? ": " : "", complaints.first);
	result(!complaints.found, name, what);
	snprintf(what, sizeof(what), "nor is it tainted (%#lx)", complaints.taint);
	result(!complaints.taint, name, what);
	if (complaints.others)
		out("# %s: %d data races of the kernel alone\n", name, complaints.others);
}

/* What a program said so far, of which whole lines are taken. */
struct lines {
	char text[4096];
	size_t length;
	int seen, planned;
};

static void take_line(struct lines *lines, const char *name, char *line)
{
	char *what = strstr(line, " - ");

	if (!strncmp(line, "1..", 3)) {
		lines->planned = atoi(line + 3);
	} else if (what && (!strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7))) {
		lines->seen++;
		result(line[0] == 'o', name, what + 3);
	} else {
		out("# %s: %s\n", name, line[0] == '#' ? line + 2 : line);
	}
}

static void take(struct lines *lines, const char *name)
{
	char *line = lines->text, *end;

	lines->text[lines->length] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		take_line(lines, name, line);
		line = end + 1;
	}
	lines->length = strlen(line);
	memmove(lines->text, line, lines->length);
	if (lines->length == sizeof(lines->text) - 1)
		lines->length = 0;
}

static void run(const char *name)
{
	struct lines lines = {.planned = -1};
	char path[64], what[100];
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	snprintf(path, sizeof(path), "/bin/%s", name);
	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		send_fail("%s: %s", name, strerror(errno));
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((got = read(ends[0], lines.text + lines.length,
			   sizeof(lines.text) - 1 - lines.length)) > 0) {
		lines.length += got;
		take(&lines, name);
	}
	close(ends[0]);
	waitpid(pid, &status, 0);
	snprintf(what, sizeof(what), "it ends with status %#x after %d of %d tests", status,
		 lines.seen, lines.planned);
	result((!status || status == 0x100) && lines.seen == lines.planned && lines.seen, name,
	       what);
	/* What a program that died left loaded is not the next one's. */
	syscall(SYS_delete_module, "gpulock_helper", O_NONBLOCK);
	syscall(SYS_delete_module, "gpulock", O_NONBLOCK);
	check_kernel(name);
}

static void leak_scan(const char *word)
{
	int fd = open("/sys/kernel/debug/kmemleak", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, word, strlen(word)) < 0)
		close(fd);
	else if (fd >= 0)
		close(fd);
}

/*
 * Memory that nothing leads to. kmemleak wants it to be 5 s old before it tells; twice, since a
 * pointer may have been in a register the first time. What was there before any test is not theirs.
 */
static void run_leaks(void)
{
	char text[4096];
	int fd = open("/sys/kernel/debug/kmemleak", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		out("ok %d - leaks: none # SKIP this kernel has no kmemleak\n", ++tests);
		return;
	}
	sleep(6);
	leak_scan("scan");
	sleep(6);
	leak_scan("scan");
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	send_file("leaks", text, strlen(text));
	result(!got, "leaks", "no memory that nothing leads to");
	check_kernel("leaks");
}

static void run_coverage(void)
{
	result(coverage_send() > 0, "coverage", "the kernel has counted lines");
}

/* What is no program, but the runner's own. */
static const struct {
	const char *name;
	void (*run)(void);
} own[] = {{"leaks", run_leaks}, {"coverage", run_coverage}};

static void run_any(const char *name)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (!strcmp(name, own[i].name)) {
			own[i].run();
			return;
		}
	run(name);
}

#define PORT_MS 60000

/*
 * The port, which comes a while after a driver that was loaded as a module. A kernel that cannot
 * tell when has its drivers built in, and the port from the start.
 */
static void open_port(void)
{
	struct pollfd created = {.fd = inotify_init1(IN_CLOEXEC), .events = POLLIN};
	bool told = inotify_add_watch(created.fd, "/dev", IN_CREATE) >= 0;
	char events[4096];

	while (!send_try())
		if (!told || poll(&created, 1, PORT_MS) <= 0 ||
		    read(created.fd, events, sizeof(events)) <= 0)
			send_fail("no virtio-serial port");
	if (told)
		close(created.fd);
}

int main(int argc, char **argv)
{
	open_port();
	complaints_open();
	leak_scan("clear");
	for (int i = 1; i < argc; i++)
		run_any(argv[i]);
	out("1..%d\n", tests);
	send_done();
	return 0;
}
