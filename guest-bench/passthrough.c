// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * passthrough: the first program of a guest that devices of the host were passed to. Runs pcicheck
 * where there is an edu device, and the GPU suite; all that these say goes out on the record port
 * as files, while they run. guest.txt, "KEY=VALUE" lines, says how each ended and when what began:
 * nanoseconds since the guest's kernel started.
 *
 * usage: passthrough [--init-ns N] [--driver-ns N] [--pcicheck WORDS] [GPUBENCH OPTION...]
 *        passthrough --now
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "send.h"

#define WORDS_MOST 32

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	send_file("guest.txt", line, strlen(line));
}

/* A number of a file in sysfs, hexadecimal as those of PCI devices are; 0 where there is none. */
static unsigned long number_of(const char *directory, const char *name)
{
	char path[300];
	unsigned long number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (file && fscanf(file, "%lx", &number) != 1)
		number = 0;
	if (file)
		fclose(file);
	return number;
}

/* What this guest has, for who asks why a device was not used. */
static void find_devices(bool *edu, bool *nvidia)
{
	glob_t found;

	*edu = *nvidia = false;
	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		unsigned long vendor = number_of(path, "vendor"),
			      device = number_of(path, "device"), class = number_of(path, "class");
		char line[128];

		snprintf(line, sizeof(line), "%s %04lx:%04lx class %06lx\n", strrchr(path, '/') + 1,
			 vendor, device, class);
		send_file("pci.txt", line, strlen(line));
		*edu |= vendor == 0x1234 && device == 0x11e8;
		*nvidia |= vendor == 0x10de && class >> 16 == 0x03;
	}
	globfree(&found);
}

/* Sends on what has come; false at the end. */
static bool pass_on(int fd, const char *name)
{
	static char data[32768];
	ssize_t got = read(fd, data, sizeof(data));

	if (got < 0 && errno == EINTR)
		return true;
	if (got > 0 && name)
		send_file(name, data, got);
	return got > 0;
}

static pid_t start(char *const *words, const int out[2], const int err[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(out[1], STDOUT_FILENO);
	dup2(err[1], STDERR_FILENO);
	execv(words[0], words);
	dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

/*
 * Runs a program; its stdout goes to one file, its stderr to another (NULL: to none). Says when it
 * began and ended, and its exit code, 128 + n where signal n ended it.
 */
static int run(const char *key, char *const *words, const char *out_name, const char *err_name)
{
	int out[2], err[2], status = 0;
	bool more_out = true, more_err = true;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		send_fail("passthrough: pipe: %s", strerror(errno));
	tell("%s_begin_ns=%llu\n", key, now_ns());
	pid = start(words, out, err);
	if (pid < 0)
		send_fail("passthrough: fork: %s", strerror(errno));
	close(out[1]);
	close(err[1]);
	while (more_out || more_err) {
		struct pollfd ends[] = {{more_out ? out[0] : -1, POLLIN, 0},
					{more_err ? err[0] : -1, POLLIN, 0}};

		poll(ends, 2, -1);
		if (ends[0].revents)
			more_out = pass_on(out[0], out_name);
		if (ends[1].revents)
			more_err = pass_on(err[0], err_name);
	}
	close(out[0]);
	close(err[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	tell("%s_end_ns=%llu\n%s_status=%d\n", key, now_ns(), key, status);
	return status;
}

/* Appends the words of a text, which is cut up. */
static size_t add_words(char **words, size_t count, char *text)
{
	for (char *word = strtok(text, " "); word && count < WORDS_MOST; word = strtok(NULL, " "))
		words[count++] = word;
	return count;
}

static void run_pcicheck(char *options)
{
	char *words[WORDS_MOST + 1] = {"/bin/pcicheck"};

	add_words(words, 1, options);
	run("pcicheck", words, "pcicheck.tap", "pcicheck.log");
}

/*
 * The suite; before it, the least of it that there is: a tenant, cuInit and a context. That is the
 * first call of CUDA in this guest, which starts the GPU where no one has.
 */
static void run_suite(char **options, int count, bool nvidia)
{
	char *first[] = {"/bin/gpubench", "--output", "-", "--quiet", "--select", "LLM-001", NULL};
	char *words[WORDS_MOST + 1] = {"/bin/gpubench", "--output", "-",    "--quiet",
				       "--waive",	"--system", "guest"};
	size_t n = 7;

	for (int i = 0; i < count && n < WORDS_MOST; i++)
		words[n++] = options[i];
	if (nvidia)
		run("cuda", first, NULL, "gpubench.log");
	run("suite", words, "gpu.rec", "gpubench.log");
}

/* What the kernel said, for who looks into a failure; not more than a lot. */
static void send_kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[8192];
	ssize_t got;

	for (int i = 0; fd >= 0 && i < 10000; i++) {
		const char *text;

		got = read(fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE)
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		text = strchr(record, ';');
		if (text)
			send_file("kernel.log", text + 1, strlen(text + 1));
	}
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	unsigned long long begin_ns = now_ns();
	char *pcicheck = "";
	bool edu, nvidia;
	int at = 1;

	if (argc == 2 && !strcmp(argv[1], "--now")) {
		printf("%llu\n", begin_ns);
		return 0;
	}
	send_open();
	for (; at + 1 < argc; at += 2) {
		if (!strcmp(argv[at], "--init-ns"))
			tell("init_ns=%s\n", argv[at + 1]);
		else if (!strcmp(argv[at], "--driver-ns"))
			tell("driver_begin_ns=%s\ndriver_end_ns=%llu\n", argv[at + 1], begin_ns);
		else if (!strcmp(argv[at], "--pcicheck"))
			pcicheck = argv[at + 1];
		else
			break;
	}
	find_devices(&edu, &nvidia);
	if (edu)
		run_pcicheck(pcicheck);
	run_suite(argv + at, argc - at, nvidia);
	send_kernel_log();
	send_done();
	return 0;
}
