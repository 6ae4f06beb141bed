// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guest's first program after init: runs test programs, one after the other, and sends their
 * TAP out on the record port as one stream of tests. After each it looks whether the kernel has
 * anything to complain of.
 *
 * usage: runner TEST...   each is /bin/TEST; "leaks" is its own
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../guest-bench/send.h"

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

/* What the kernel says where something is wrong with it. */
static const char *const complaints[] = {
	"WARNING:",
	"BUG:",
	"KASAN",
	"KCSAN",
	"UBSAN",
	"Oops",
	"INFO: task",
	"INFO: rcu",
	"rcu_preempt detected",
	"general protection",
	"possible recursive",
	"possible circular",
	"suspicious RCU",
	"Kernel panic",
	"unreferenced object",
	"possible new memory leaks",
	"refcount_t:",
	"list_del corruption",
	"list_add corruption",
	"ODEBUG",
	"sleeping function",
	"scheduling while atomic",
	"Call Trace:",
};

static bool is_complaint(const char *line)
{
	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++)
		if (strstr(line, complaints[i]))
			return true;
	return false;
}

static int kmsg = -1;

/*
 * Reads what the kernel said since the last time; each line is sent on, and complaints are counted.
 *
 */
static int read_kernel(char first[256])
{
	char record[8192];
	int found = 0;
	ssize_t got;

	while ((got = read(kmsg, record, sizeof(record) - 1)) > 0 || (got < 0 && errno == EPIPE)) {
		char *text;

		if (got < 0) {
			snprintf(first, 256, "messages were lost");
			found++;
			continue;
		}
		record[got] = '\0';
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		send_file("kernel.log", text, strlen(text));
		text[strcspn(text, "\n")] = '\0';
		if (is_complaint(text) && !found++)
			snprintf(first, 256, "%.250s", text);
	}
	return found;
}

/* Bits of /proc/sys/kernel/tainted that a module of another tree, and a KUnit test, always set. */
#define TAINTS_EXPECTED (1ul << 12 | 1ul << 18)

static unsigned long taint(void)
{
	unsigned long taints = 0;
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");

	if (file && fscanf(file, "%lu", &taints) != 1)
		taints = ~0ul;
	if (file)
		fclose(file);
	return taints & ~TAINTS_EXPECTED;
}

static void check_kernel(const char *name)
{
	static unsigned long before;
	char first[256] = "", what[300];
	unsigned long now;
	int found = read_kernel(first);

	snprintf(what, sizeof(what), "the kernel does not complain%s%s", found ? ": " : "", first);
	result(!found, name, what);
	now = taint();
	snprintf(what, sizeof(what), "nor is it tainted (%#lx)", now & ~before);
	result(!(now & ~before), name, what);
	before |= now;
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

int main(int argc, char **argv)
{
	char first[256];

	send_open();
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		send_fail("/dev/kmsg: %s", strerror(errno));
	/* What the kernel said of its own start is not of a test, and this kernel has its ways. */
	read_kernel(first);
	leak_scan("clear");
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "leaks"))
			run(argv[i]);
		else
			run_leaks();
	out("1..%d\n", tests);
	send_done();
	return 0;
}
