// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab lab: runs a command on an emulated AMD or Intel host with a distribution kernel, so that
 * machines without usable KVM have one. This file reads the options and finds the kernel. From
 * there:
 *
 *   lab/prepare      finds or makes the kernel, once
 *   lab/initramfs.c  the agent, the modules and the job, in memory
 *   lab/backend.h    in what the vendors differ: backend_amd.c (QEMU), backend_intel.c (Bochs)
 *   lab/session.c    the outer end: streams, signals, the deadline, what went wrong
 *   lab/agent.c      the inner end, the lab's first process; lab/bringup.h has its vendors
 *   lab/wire.h       what the two ends say to each other
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "lab/backend.h"
#include "lab/tool.h"
#include "layout.h"
#include "option_number.h"
#include "stop_signals.h"
#include "util.h"

enum {
	KEY_VENDOR = 1,
	KEY_CLOCK,
	KEY_IOMMU,
	KEY_DEVICE,
	KEY_APPEND,
	KEY_RW,
	KEY_DEADLINE,
	KEY_KERNEL,
	KEY_PLUGIN,
	KEY_WITH,
	KEY_TRACE
};

/* clang-format off */
static const struct argp_option option_list[] = {
	{"vendor",   KEY_VENDOR,   "amd|intel", 0, "of the emulated CPU: QEMU emulates SVM, Bochs VT-x [amd]", 0},
	{"clock",    KEY_CLOCK,    "insn|host", 0,
	 "a tick of the lab's clock is one instruction on its one CPU, or time passes about as on this machine [insn]", 0},
	{"cpus",     'c',          "N",     0, "CPUs of the emulated host; more than 1 with the host clock only [1, host clock: 2]", 0},
	{"mem",      'm',          "SIZE",  0, "its memory, in QEMU's words [2G]", 0},
	{"iommu",    KEY_IOMMU,    NULL,    0, "with an IOMMU and interrupt remapping", 0},
	{"with",     KEY_WITH,     "PATH",  0,
	 "Intel: carry this file, directory or program too; repeatable. The programs that COMMAND names, and what they need, are carried anyway", 0},
	{"trace",    KEY_TRACE,    "FILE",  0, "Intel: write each instruction between two marks (xchg %bx,%bx) to FILE", 0},
	{"device",   KEY_DEVICE,   "SPEC",  0, "one more device, in the words of QEMU's -device; repeatable", 0},
	{"plugin",   KEY_PLUGIN,   "SPEC",  0, "a plugin of the emulator, in the words of QEMU's -plugin; repeatable", 0},
	{"append",   KEY_APPEND,   "ARGS",  0, "more of the kernel's command line; repeatable", 0},
	{"rw",       KEY_RW,       "DIR",   0, "a directory the command may change; repeatable", 0},
	{"deadline", KEY_DEADLINE, "S",     0, "end the lab after this many seconds [900]", 0},
	{"kernel",   KEY_KERNEL,   "IMAGE|PACKAGE", 0,
	 "its kernel [LAB_KERNEL, else the newest linux-image package apt offers, else the running one]", 0},
	{"verbose",  'v',          NULL,    0, "say which kernel was chosen and why, show the emulator's command and the console", 0},
	{0},
};
/* clang-format on */

static void add_writable(struct argp_state *state, struct lab_options *options,
			 const char *argument)
{
	char path[PATH_MAX];
	struct stat status;

	if (!realpath(argument, path) || stat(path, &status))
		argp_error(state, "--rw %s: %s", argument, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		argp_error(state, "--rw %s: not a directory", argument);
	/* A mount over the root is not seen by those who stand in it already. */
	if (!strcmp(path, "/"))
		argp_error(state, "--rw /: not the root; name directories in it");
	if (options->writable.n == LAB_WRITABLE_MOST)
		argp_error(state, "at most %d times --rw", LAB_WRITABLE_MOST);
	words_add(&options->writable, "%s", path);
}

static const struct lab_backend *find_backend(const char *vendor)
{
	static const struct lab_backend *const backends[] = {&lab_amd, &lab_intel};

	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (!strcmp(vendor, backends[i]->vendor))
			return backends[i];
	return NULL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct lab_options *options = state->input;
	const char *lacking;

	switch (key) {
	case KEY_VENDOR:
		options->backend = find_backend(argument);
		if (!options->backend)
			argp_error(state, "--vendor: \"%s\" is neither amd nor intel", argument);
		return 0;
	case KEY_WITH:
		words_add(&options->with, "%s", argument);
		return 0;
	case KEY_TRACE:
		options->trace = argument;
		return 0;
	case KEY_CLOCK:
		options->insn_clock = !strcmp(argument, "insn");
		if (!options->insn_clock && strcmp(argument, "host"))
			argp_error(state, "--clock: \"%s\" is neither insn nor host", argument);
		return 0;
	case 'c':
		options->cpus = option_number(argument, 1, 255, "--cpus", state);
		return 0;
	case 'm':
		options->memory = argument;
		return 0;
	case KEY_IOMMU:
		options->iommu = true;
		return 0;
	case KEY_DEVICE:
		words_add(&options->device, "%s", argument);
		return 0;
	case KEY_PLUGIN:
		words_add(&options->plugin, "%s", argument);
		return 0;
	case KEY_APPEND:
		words_add(&options->append, "%s", argument);
		return 0;
	case KEY_RW:
		add_writable(state, options, argument);
		return 0;
	case KEY_DEADLINE:
		options->deadline = option_number(argument, 1, INT_MAX, "--deadline", state);
		return 0;
	case KEY_KERNEL:
		options->kernel = argument;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		/* The first word that is no option begins the command; the rest is its own. */
		options->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!options->command)
			argp_error(state, "which command? exitlab lab -- COMMAND");
		lacking = options->backend->lacks(options);
		if (lacking)
			argp_error(state, "--vendor %s has no %s", options->backend->vendor,
				   lacking);
		if (options->insn_clock && options->cpus > 1)
			argp_error(state, "the insn clock counts one CPU; use --clock host");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "-- COMMAND...",
	.doc = "Run COMMAND as root on an emulated AMD or Intel host that has KVM, with this machine's files, "
	       "environment and working directory."
	       "\vWhat COMMAND writes is kept only below --rw directories. It finds the clock's name in "
	       "EXITLAB_LAB_CLOCK and the emulated host's in EXITLAB_LAB. Its exit status is the lab's; "
	       "128 + n when signal n ended it. QEMU and BOCHS name the emulators.",
};

#define PREPARE_S 1800 /* of fetching and unpacking a kernel, the first time */

static char *first_line(const char *directory, const char *name)
{
	char path[PATH_MAX + 256], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		line[0] = 0;
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = 0;
	return strdup(line);
}

static int find_kernel(const struct lab_options *options, int signals, struct lab_kernel *kernel)
{
	char prepare[PATH_MAX], directory[PATH_MAX], image[PATH_MAX + 8];
	struct words words = {};
	int code;

	find_part("lab/prepare", prepare);
	words_add(&words, "%s", prepare);
	if (options->verbose)
		words_add(&words, "-v");
	words_option(&words, "-V", "%s", options->backend->vendor);
	if (options->kernel && *options->kernel)
		words_add(&words, "%s", options->kernel);
	code = tool_run(words.word, PREPARE_S, signals, directory, sizeof(directory));
	words_free(&words);
	if (code == 127)
		pr_err("lab: %s is missing; run make", prepare);
	if (code)
		return code == 127 ? EXIT_CANNOT : code;
	directory[strcspn(directory, "\n")] = 0;
	kernel->directory = strdup(directory);
	kernel->release = first_line(directory, "release");
	snprintf(image, sizeof(image), "%s/vmlinux", directory);
	if (access(image, R_OK))
		snprintf(image, sizeof(image), "%s/vmlinuz", directory);
	kernel->image = strdup(image);
	return EXIT_OK;
}

static int catch_signals(void)
{
	sigset_t set;

	stop_signals_set(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* In the background a terminal's input is at its end, and no reason to stop. */
	signal(SIGTTIN, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Known before the lab starts, the end of input is no event that comes at a time of its own. */
static bool input_ended(void)
{
	struct stat input, null;

	return fstat(STDIN_FILENO, &input) ||
	       (!stat("/dev/null", &null) && S_ISCHR(input.st_mode) &&
		input.st_rdev == null.st_rdev);
}

int cmd_lab(int argc, char **argv)
{
	struct lab_options options = {.backend = &lab_amd,
				      .insn_clock = true,
				      .memory = "2G",
				      .deadline = 900,
				      .kernel = getenv("LAB_KERNEL"),
				      .no_input = input_ended()};
	char agent[PATH_MAX], name[64];
	struct lab_kernel kernel = {};
	struct lab_machine machine;
	int code, signals, initramfs;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	signals = catch_signals();

	code = options.backend->find(signals, name, sizeof(name));
	if (!code)
		code = find_kernel(&options, signals, &kernel);
	if (code)
		return code;
	find_part("lab/agent", agent);
	initramfs = lab_initramfs(&options, &kernel, agent, name);
	if (initramfs < 0)
		return EXIT_FAILED;
	code = options.backend->start(&machine, &options, &kernel, initramfs, signals);
	close(initramfs);
	return code ? code : lab_session(&machine, &options, signals);
}
