// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/swarm/gpu: what each file says, what each command does, and each way in which a write is
 * refused.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static int fd;

static void test_modes(void)
{
	static const struct {
		const char *name;
		int mode;
	} files[] = {{"stats", 0444},
		     {"quotas", 0644},
		     {"allocations", 0444},
		     {"dma_permissions", 0644},
		     {"control", 0200}};
	struct stat status;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/proc/swarm/gpu/%s", files[i].name);
		is(stat(path, &status) ? errno : (int)(status.st_mode & 07777), files[i].mode,
		   "%s has mode %o", files[i].name, files[i].mode);
	}
}

/* Every file that is written to refuses, with its errno, and changes nothing. */
static void test_refusals(void)
{
	static const struct {
		const char *file, *line;
		int error;
	} lines[] = {
		{"quotas", "\n", EINVAL},
		{"quotas", "1", EINVAL},
		{"quotas", "0 5", EINVAL},
		{"quotas", "1 5 6", EINVAL},
		{"quotas", "1 -5", EINVAL},
		{"quotas", "one 5", EINVAL},
		{"quotas", "4294967296 5", ERANGE},
		{"quotas", "1 18446744073709551616", ERANGE},
		{"quotas", "1 5 6 7 8 9 10", EINVAL},
		{"dma_permissions", "1 0 5", EINVAL},
		{"dma_permissions", "1 0 5 z", EINVAL},
		{"dma_permissions", "1 0 5 rr", EINVAL},
		{"dma_permissions", "1 5 4 r", EINVAL},
		{"dma_permissions", "0 4 5 r", EINVAL},
		{"dma_permissions", "1 0 0xffffffffffffffff r", EINVAL},
		{"dma_permissions", "1 0 0x10000000000000000 r", ERANGE},
		{"control", "\n", EINVAL},
		{"control", "   ", EINVAL},
		{"control", "nothing", EINVAL},
		{"control", "allocate", EINVAL},
		{"control", "allocate 1 5", EINVAL},
		{"control", "allocate 1 5 0 0", EINVAL},
		{"control", "allocate 0 5 0", EINVAL},
		{"control", "allocate 1 0 0", EINVAL},
		{"control", "allocate 1 5 63", ENODEV},
		{"control", "allocate 1 18446744073709551615 0", EDQUOT},
		{"control", "free", EINVAL},
		{"control", "free 1000000", ENOENT},
		{"control", "free x", EINVAL},
		{"control", "create_agent 1", EINVAL},
		{"control", "create_agent 0 5", EINVAL},
		{"control", "remove_agent 1000", ENOENT},
		{"control", "remove_agent 0", EINVAL},
		{"control", "set_quota 0 1", EINVAL},
		{"control", "set_quota 1", EINVAL},
		{"control", "grant_dma 1 0 5", EINVAL},
		{"control", "grant_dma 1 5 4 rw", EINVAL},
		{"control", "grant_dma 0 4 5 rw", EINVAL},
		{"control", "revoke_dma 1000 0 5", ENOENT},
		{"control", "revoke_dma 1 5 4", EINVAL},
		{"control", "test_dma 1000 0 r", EACCES},
		{"control", "test_dma 1000 0 q", EINVAL},
		{"control", "test_dma 0 0 r", EINVAL},
		{"control", "reset_stats now", EINVAL},
		{"control", "dump_state now", EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		is(proc_write(lines[i].file, "%s", lines[i].line), lines[i].error, "%s: \"%s\": %s",
		   lines[i].file, lines[i].line[0] == '\n' ? "" : lines[i].line,
		   strerror(lines[i].error));
	is(proc_write("control", "create_agent %0200d 5", 7), EINVAL,
	   "a line that is too long: EINVAL");
	is(proc_write("control", "create_agent 7%c 5", 0), EINVAL,
	   "a line with a NUL in it: EINVAL");
	is(proc_write("control", "create_agent 7\n5"), EINVAL,
	   "a line with an end within it: EINVAL");
	is(proc_write("control", "create_agent 7 5\n\n"), EINVAL, "one with two ends: EINVAL");
	is(proc_write("control", "create_agent 7 5\ncreate_agent 8 5\n"), EINVAL,
	   "two lines in one write: EINVAL");
	is(proc_write("stats", "x"), EIO, "stats cannot be written");
	is(proc_write("allocations", "x"), EIO, "nor can allocations");
	is(stat_of("agents"), 0, "and no agent has come of it");
	is(stat_of("allocations"), 0, "nor an allocation");
	is(stat_of("granted"), 0, "nor a grant");
}

static void test_bad_address(void)
{
	int file = open("/proc/swarm/gpu/control", O_WRONLY);
	static char page[5000];

	is(write(file, (void *)8, 10) < 0 ? errno : 0, EFAULT, "a write from no memory: EFAULT");
	is(write(file, memset(page, ' ', sizeof(page)), sizeof(page)) < 0 ? errno : 0, EINVAL,
	   "a write of more than a page: EINVAL");
	memcpy(page, "create_agent 9 5", 16);
	is(write(file, page, 127), 127, "a line of 127 bytes");
	is(write(file, page, 128) < 0 ? errno : 0, EINVAL, "one of 128: EINVAL");
	is(pwrite(file, "remove_agent 9", 14, 4096), 14, "the place in the file means nothing");
	is(pwrite(file, "remove_agent 9", 14, -1) < 0 ? errno : 0, EINVAL,
	   "but one before its beginning: EINVAL");
	is(write(file, "", 0) < 0 ? errno : 0, EINVAL, "an empty write: EINVAL");
	is(read(file, &(char){0}, 1) < 0 ? errno : 0, EBADF, "control is not for reading");
	close(file);
}

static bool has_line(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool has_line(const char *name, const char *format, ...)
{
	char line[256], *text = proc_read(name), *at = text;
	va_list arguments;
	bool found = false;
	size_t length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (; at && !found; at = strchr(at, '\n')) {
		at += *at == '\n';
		found = !strncmp(at, line, length) && (at[length] == '\n' || !at[length]);
		if (!*at)
			break;
	}
	if (!found)
		note("%s has no line \"%s\" but %s", name, line, text);
	free(text);
	return found;
}

/* How often the kernel has logged it. */
static int logged(const char *what)
{
	static char log[1 << 20];
	int length = klogctl(3 /* all of it */, log, sizeof(log) - 1), times = 0;

	log[length < 0 ? 0 : length] = '\0';
	for (char *at = log; (at = strstr(at, what)); at++)
		times++;
	return times;
}

static void test_commands(void)
{
	long long over = stat_of("over_quota");
	char *text;

	is(proc_write("control", "create_agent 1 1048576"), 0, "create_agent");
	is(proc_write("control", "create_agent 1 5"), EEXIST, "create_agent once more: EEXIST");
	ok(has_line("quotas", "1 1048576 0 0 0 0xffffffffffffffff"), "quotas has it");
	is(proc_write("control", "allocate 1 4097 0\n"), 0, "allocate");
	ok(has_line("quotas", "1 1048576 4097 4097 1 0xffffffffffffffff"), "quotas counts it");
	ok(has_line("stats", "device0 virtual 0000:0000 4097"), "and stats does, of its device");
	is(proc_write("control", "set_quota 1 4096"), EBUSY, "set_quota below it: EBUSY");
	is(proc_write("control", " set_quota\t1  0x2000 "), 0, "set_quota");
	is(proc_write("quotas", "1 8193"), 0, "a write to quotas");
	ok(has_line("quotas", "1 8193 4097 4097 1 0xffffffffffffffff"), "sets the limit, too");
	is(proc_write("control", "allocate 1 4097 0"), EDQUOT, "allocate beyond it: EDQUOT");
	is(stat_of("over_quota"), over + 1, "which stats counts");
	is(ask(fd, GPULOCK_SET_QUOTA,
	       &(struct gpulock_set_quota){.agent = 1, .limit = 8193, .device_mask = 1}),
	   0, "SET_QUOTA for one device");
	is(proc_write("quotas", "1 8194"), 0, "a write to quotas");
	ok(has_line("quotas", "1 8194 4097 4097 1 0x1"), "leaves the devices as they were");
	text = proc_read("allocations");
	ok(!strncmp(text, "id agent device size start flags\n1 1 0 4097 ", 44),
	   "allocations has it");
	ok(!strstr(text, "100000000000000"), "without its address");
	ok(strstr(text, " keep\n") != NULL, "and that it is kept");
	free(text);
	is(proc_write("control", "free 1"), 0, "free");
	is(proc_write("control", "free 1"), ENOENT, "free once more: ENOENT");
	ok(has_line("stats", "device0 virtual 0000:0000 0"), "and its device has the room");

	is(proc_write("control", "grant_dma 1 0x1000 0x1fff rw"), 0, "grant_dma");
	is(proc_write("control", "grant_dma 1 0x1fff 0x2fff rw"), EEXIST, "that overlaps: EEXIST");
	is(proc_write("dma_permissions", "1 0x2000 0x2fff rwx\n"), 0, "a write to dma_permissions");
	ok(has_line("dma_permissions", "1 0x1000 0x1fff rw"), "dma_permissions has the first");
	ok(has_line("dma_permissions", "1 0x2000 0x2fff rwx"), "and the second");
	is(proc_write("control", "test_dma 1 0x1fff r"), 0, "test_dma of what was granted");
	is(proc_write("control", "test_dma 1 0x1fff x"), EACCES, "of what was not: EACCES");
	is(proc_write("control", "test_dma 1 0x3000 r"), EACCES, "of one byte behind: EACCES");
	is(check(fd, 1, 0x1000, 0x2000, GPULOCK_READ | GPULOCK_WRITE), 1, "the ioctl agrees");
	is(proc_write("control", "revoke_dma 1 0x1800 0x27ff"), 0, "revoke_dma");
	ok(has_line("dma_permissions", "1 0x1000 0x17ff rw"), "leaves what is before it");
	ok(has_line("dma_permissions", "1 0x2800 0x2fff rwx"), "and what is behind it");

	ok(stat_of("checks") == 5 && stat_of("denials") == 3, "stats counts the checks");
	ok(stat_of("allocated") == 1 && stat_of("freed") == 1 && stat_of("granted") == 2 &&
		   stat_of("revoked") == 1,
	   "and what was done");
	is(proc_write("control", "reset_stats"), 0, "reset_stats");
	ok(!stat_of("checks") && !stat_of("denials") && !stat_of("granted"), "sets them to 0");
	is(stat_of("agents"), 1, "and leaves what there is");
	is(proc_write("control", "dump_state"), 0, "dump_state");
	is(logged("gpulock: event=state agent=1 limit=8194 used=0 allocations=0 grants=2"), 1,
	   "logs it");
	is(proc_write("control", "allocate 1 4096 0"), 0, "allocate");
	is(check(fd, 1, 0x1000, 1, GPULOCK_READ), 1, "CHECK");
	is(proc_write("control", "remove_agent 1"), 0, "remove_agent");
	is(stat_of("checks"), 1, "leaves its checks in stats");
	is(stat_of("allocations"), 0, "takes its allocations with it");
	is(check(fd, 1, 0x1000, 1, GPULOCK_READ), 0, "and its grants");
	is(stat_of("agents"), 0, "and there is none left");
	proc_write("control", "reset_stats");
	is(stat_of("checks"), 0, "reset_stats forgets agents that are gone");
}

/* What a descriptor has is an administrator's to free. */
static void test_free_of_another(void)
{
	struct gpulock_alloc held;

	alloc(fd, 1, 4096, &held);
	is(proc_write("control", "free %llu", (unsigned long long)held.id), 0,
	   "free of what is a descriptor's");
	is(free_id(fd, held.id), ENOENT, "takes it from that");
	proc_write("control", "remove_agent 1");
}

static void test_log(void)
{
	int before = logged("gpulock: event=over_quota"), refused = 0, seen;

	for (int i = 0; i < 100; i++)
		refused += proc_write("control", "allocate 1 18446744073709551615 0") == EDQUOT;
	seen = logged("gpulock: event=over_quota") - before;
	ok(refused == 100 && seen && seen < 60, "%d refusals are %d lines in the log", refused,
	   seen);
}

/* Tables of more lines than a read takes: each line once, in order, however they are read. */
#define LINES 3000

static void test_long_tables(void)
{
	static char byte_wise[400000];
	char *whole, *line;
	size_t have = 0;
	int file, right = 0;
	ssize_t got;

	for (int i = 0; i < LINES; i++)
		grant(fd, 10 + i % 3, 0x10000ull * i, 0x1000, GPULOCK_READ);
	whole = proc_read("dma_permissions");
	line = strchr(whole, '\n') + 1;
	for (int agent = 0; agent < 3; agent++)
		for (int i = agent; i < LINES; i += 3) {
			char wanted[64];
			int length = snprintf(wanted, sizeof(wanted), "%d %#x %#x r\n", 10 + agent,
					      0x10000 * i, 0x10000 * i + 0xfff);

			if (!i) /* %#x of 0 has no 0x */
				length = snprintf(wanted, sizeof(wanted), "10 0x0 0xfff r\n");
			if (strncmp(line, wanted, length))
				break;
			line += length;
			right++;
		}
	if (right != LINES)
		note("line %d: %.40s", right, line);
	ok(right == LINES && !*line, "%d grants are %d lines, in order", LINES, LINES);

	file = open("/proc/swarm/gpu/dma_permissions", O_RDONLY);
	while ((got = read(file, byte_wise + have, 37)) > 0)
		have += got;
	ok(have == strlen(whole) && !memcmp(byte_wise, whole, have),
	   "so they are, 37 bytes a read");
	lseek(file, 100, SEEK_SET);
	got = read(file, byte_wise, 50);
	ok(got == 50 && !memcmp(byte_wise, whole + 100, 50), "and from where a reader seeks");
	close(file);
	free(whole);
	for (int i = 0; i < 3; i++)
		revoke(fd, 10 + i, 0, UINT64_MAX);
	whole = proc_read("dma_permissions");
	is(strcmp(whole, "agent start end access\n"), 0, "revoked, they are gone");
	free(whole);
	is(grant(fd, 10, UINT64_MAX, 1, GPULOCK_READ), 0, "GRANT of the last address");
	is(grant(fd, 11, 0, 1, GPULOCK_READ), 0, "and of the first to the next agent");
	whole = proc_read("dma_permissions");
	is(strcmp(whole, "agent start end access\n10 0xffffffffffffffff 0xffffffffffffffff r\n"
			 "11 0x0 0x0 r\n"),
	   0, "have a line each");
	free(whole);
}

/* The module goes while its files are open: they are dead then, and nothing is left of them. */
static void test_open_files(void)
{
	int file = open("/proc/swarm/gpu/quotas", O_RDONLY);
	char byte;

	is(read(file, &byte, 1), 1, "a file is being read");
	close(fd);
	is(module_unload("gpulock"), 0, "the module goes all the same");
	ok(read(file, &byte, 1) < 0, "and the reader learns of it");
	close(file);
	is(access("/proc/swarm", F_OK) ? errno : 0, ENOENT, "nothing is left in /proc");
}

int main(void)
{
	must_load("gpulock", "devices=1");
	fd = device();
	test_modes();
	test_refusals();
	test_bad_address();
	test_commands();
	test_free_of_another();
	test_log();
	test_long_tables();
	test_open_files();
	return done();
}
