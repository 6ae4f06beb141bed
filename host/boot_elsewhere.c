// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One command line, rebuilt for the place where it is to run. Files and the archive are named by
 * absolute paths, since the place may have another working directory.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot_elsewhere.h"
#include "util.h"

#define WORDS_MOST 64

/* A command in the making. */
struct command {
	char *word[WORDS_MOST];
	size_t count;
};

static void add(struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (command->count + 1 >= WORDS_MOST ||
	    vasprintf(&command->word[command->count++], format, arguments) < 0)
		die("no memory");
	va_end(arguments);
}

void find_self(char self[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);

	if (length < 0)
		die("/proc/self/exe: %s; is /proc mounted?", strerror(errno));
	self[length] = '\0';
}

/* "SELF boot" and all its options but those that say where; results is the archive. */
static void add_boot(struct command *command, const struct boot_options *options, const char *self,
		     const char *results)
{
	const struct {
		const char *name, *value; /* NULL value: not given */
	} texts[] = {
		{"--machine", options->machine}, {"--kernel", options->kernel},
		{"--initrd", options->initrd},	 {"--qemu", options->qemu},
		{"--select", options->select},	 {"--results", results},
	};
	const struct {
		const char *name;
		long value; /* 0: not given */
	} numbers[] = {{"--iter", options->iter}, {"--deadline", options->deadline}};

	add(command, "%s", self);
	add(command, "boot");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].value) {
			add(command, "%s", texts[i].name);
			add(command, "%s", texts[i].value);
		}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].value) {
			add(command, "%s", numbers[i].name);
			add(command, "%ld", numbers[i].value);
		}
	if (options->no_proof)
		add(command, "--no-proof");
}

/* The archive's directory, made where it is not there. 0 or -1. */
static int find_results(const char *asked, char results[PATH_MAX])
{
	if ((mkdir(asked, 0777) && errno != EEXIST) || !realpath(asked, results)) {
		pr_err("%s: %s; RESULTS= names another place", asked, strerror(errno));
		return -1;
	}
	return 0;
}

int boot_in_lab(const struct boot_options *options)
{
	char self[PATH_MAX], results[PATH_MAX];
	struct command command = {0};

	if (find_results(options->results, results))
		return EXIT_FAILED;
	find_self(self);
	add(&command, "%s", self);
	add(&command, "lab");
	add(&command, "--deadline");
	/* Two boots, and the lab's own. */
	add(&command, "%u", 2 * boot_deadline(options, options->iter ?: INSN_ITER) + 120);
	add(&command, "--rw");
	add(&command, "%s", results);
	if (options->isolate) { /* there must be another CPU for the rest of the host */
		add(&command, "--clock");
		add(&command, "host");
		add(&command, "--cpus");
		add(&command, "2");
	}
	add(&command, "--");
	add_boot(&command, options, self, results);
	add(&command, "--accel");
	add(&command, "kvm");
	if (options->isolate)
		add(&command, "--isolate");
	if (options->fifo) {
		add(&command, "--fifo");
		add(&command, "%ld", options->fifo);
	}
	fflush(stdout);
	/* A boot reads nothing; the lab would read for it. */
	if (!freopen("/dev/null", "r", stdin))
		pr_warn("/dev/null: %s", strerror(errno));
	execv(self, command.word);
	pr_err("%s: %s", self, strerror(errno));
	return EXIT_FAILED;
}

/* The script lies beside the directory of this program, in the tree that both were made from. */
static void find_isolate(const char *self, char isolate[PATH_MAX])
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s", self);
	strcpy(strrchr(path, '/') + 1, "../isolation-scripts/isolate");
	if (!realpath(path, isolate) || access(isolate, X_OK))
		die("%s: %s; run exitlab from its tree", path, strerror(errno));
}

static pid_t child;

static void pass_on(int signal)
{
	kill(child, signal);
}

/* Runs the command; a signal that would end us is for it, since it has a host to put back. */
static int run(char **words)
{
	struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART}, dead = {0};
	const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t blocked, before;
	int status = 0;

	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	fflush(stdout);
	child = fork();
	if (!child) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execv(words[0], words);
		pr_err("%s: %s", words[0], strerror(errno));
		_exit(EXIT_FAILED);
	}
	if (child < 0)
		die("fork: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &action, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	dead.sa_handler = SIG_DFL;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &dead, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

int boot_isolated(const struct boot_options *options)
{
	char self[PATH_MAX], results[PATH_MAX], isolate[PATH_MAX];
	struct command command = {0};

	if (geteuid())
		die_code(EXIT_CANNOT, "isolation changes the host: run as root");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		die_code(EXIT_CANNOT, "isolation needs a second CPU for the rest of the host");
	if (find_results(options->results, results))
		return EXIT_FAILED;
	find_self(self);
	find_isolate(self, isolate);
	add(&command, "%s", isolate);
	add(&command, "run");
	add(&command, "--cpu");
	add(&command, "%d", boot_cpu(options));
	add(&command, "--outside"); /* of QEMU's threads only the vCPU's is to be in */
	add(&command, "--hugepages");
	add(&command, "%u", boot_memory_mib(options->iter));
	if (options->fifo) {
		add(&command, "--fifo");
		add(&command, "%ld", options->fifo);
	}
	add(&command, "--");
	add_boot(&command, options, self, results);
	add(&command, "--accel");
	add(&command, "%s", options->accel);
	add(&command, "--under-isolate");
	return run(command.word);
}
