// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab lab: runs a command on an emulated AMD host with a distribution kernel, so that machines
 * without usable KVM have one. This file reads the options and finds QEMU and the kernel. From
 * there:
 *
 *   lab/prepare      finds or makes the kernel, once
 *   lab/initramfs.c  the agent, the modules and the job, in memory
 *   lab/machine.c    QEMU's command line
 *   lab/session.c    the outer end: streams, signals, the deadline, what went wrong
 *   lab/agent.c      the inner end, the lab's first process; lab/bringup.c makes its file systems
 *   lab/wire.h       what the two ends say to each other
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "lab/lab.h"
#include "lab/wire.h"
#include "layout.h"
#include "option_number.h"
#include "util.h"

enum {
	KEY_CLOCK = 1,
	KEY_IOMMU,
	KEY_DEVICE,
	KEY_APPEND,
	KEY_RW,
	KEY_DEADLINE,
	KEY_KERNEL,
	KEY_PLUGIN
};

/* clang-format off */
static const struct argp_option option_list[] = {
	{"clock",    KEY_CLOCK,    "insn|host", 0,
	 "a tick of the lab's clock is one instruction on its one CPU, or time passes about as on this machine [insn]", 0},
	{"cpus",     'c',          "N",     0, "CPUs of the emulated host; more than 1 with the host clock only [1, host clock: 2]", 0},
	{"mem",      'm',          "SIZE",  0, "its memory, in QEMU's words [2G]", 0},
	{"iommu",    KEY_IOMMU,    NULL,    0, "with an IOMMU and interrupt remapping", 0},
	{"device",   KEY_DEVICE,   "SPEC",  0, "one more device, in the words of QEMU's -device; repeatable", 0},
	{"plugin",   KEY_PLUGIN,   "SPEC",  0, "a plugin of the emulator, in the words of QEMU's -plugin; repeatable", 0},
	{"append",   KEY_APPEND,   "ARGS",  0, "more of the kernel's command line; repeatable", 0},
	{"rw",       KEY_RW,       "DIR",   0, "a directory the command may change; repeatable", 0},
	{"deadline", KEY_DEADLINE, "S",     0, "end the lab after this many seconds [900]", 0},
	{"kernel",   KEY_KERNEL,   "IMAGE|PACKAGE", 0,
	 "its kernel [LAB_KERNEL, else the newest linux-image package apt offers, else the running one]", 0},
	{"verbose",  'v',          NULL,    0, "say which kernel was chosen and why, show QEMU's command and the console", 0},
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

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct lab_options *options = state->input;

	switch (key) {
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
	.doc = "Run COMMAND as root on an emulated AMD host that has KVM, with this machine's files, "
	       "environment and working directory."
	       "\vWhat COMMAND writes is kept only below --rw directories. It finds the clock's name in "
	       "EXITLAB_LAB_CLOCK and the emulated host's in EXITLAB_LAB. Its exit status is the lab's; "
	       "128 + n when signal n ended it. QEMU names the emulator.",
};

/* In the child of run(): ends with its parent, alone in its process group, no signal blocked. */
static void exec_tool(pid_t parent, char *const *argv, int out)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

#define VERSION_S 30   /* longest time of qemu --version */
#define PREPARE_S 1800 /* of fetching and unpacking a kernel, the first time */
#define END_MS	  2000 /* from SIGTERM to SIGKILL */

/*
 * Runs a tool and puts the first line it prints into line. Returns its exit status; a signal that
 * comes meanwhile, or the deadline, ends it and all it started, with 128 + n returned.
 */
static int run(char *const *argv, int deadline_s, int signals, char *line, size_t size)
{
	long long end = now_ms() + deadline_s * 1000ll;
	struct signalfd_siginfo info;
	int out[2], status, interrupted = 0;
	pid_t self = getpid(), pid;
	size_t used = 0;
	ssize_t n = 1;

	if (pipe2(out, O_CLOEXEC) || (pid = fork()) < 0)
		die("lab: cannot start %s: %s", argv[0], strerror(errno));
	if (!pid)
		exec_tool(self, argv, out[1]);
	setpgid(pid, pid); /* as the child does: whoever is first */
	close(out[1]);
	while (n > 0 && now_ms() < end) {
		struct pollfd fds[] = {{out[0], POLLIN, 0}, {signals, POLLIN, 0}};

		if (poll(fds, ARRAY_SIZE(fds), end - now_ms()) < 0)
			continue;
		if (fds[1].revents && read(signals, &info, sizeof(info)) == sizeof(info)) {
			interrupted = info.ssi_signo;
			kill(-pid, SIGTERM);
			end = now_ms() + END_MS;
		}
		if (fds[0].revents && (n = read(out[0], line + used, size - 1 - used)) > 0)
			used += n;
	}
	close(out[0]);
	if (n > 0) {
		if (!interrupted)
			pr_err("lab: %s did not end within %d s", argv[0], deadline_s);
		interrupted = interrupted ?: SIGKILL;
		kill(-pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	line[used] = 0;
	line[strcspn(line, "\n")] = 0;
	if (interrupted)
		return 128 + interrupted;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* "QEMU emulator version 7.2.22 (Debian ...)" becomes "QEMU 7.2.22". */
static int find_qemu(const char *qemu, int signals, char *name, size_t size)
{
	char *argv[] = {(char *)qemu, "--version", NULL}, line[256], *version;
	int code = run(argv, VERSION_S, signals, line, sizeof(line));

	if (code > 128)
		return code;
	version = strstr(line, "version ");
	if (code || !version) {
		pr_err("lab: %s does not run; make deps installs it, QEMU=PATH names another",
		       qemu);
		return EXIT_CANNOT;
	}
	version += strlen("version ");
	snprintf(name, size, "QEMU %.*s", (int)strcspn(version, " "), version);
	return EXIT_OK;
}

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
	if (options->kernel && *options->kernel)
		words_add(&words, "%s", options->kernel);
	code = run(words.word, PREPARE_S, signals, directory, sizeof(directory));
	if (code == 127)
		pr_err("lab: %s is missing; run make", prepare);
	if (code)
		return code == 127 ? EXIT_CANNOT : code;
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
	static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(&set, passed[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* In the background a terminal's input is at its end, and no reason to stop. */
	signal(SIGTTIN, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int cmd_lab(int argc, char **argv)
{
	struct lab_options options = {.insn_clock = true,
				      .memory = "2G",
				      .deadline = 900,
				      .kernel = getenv("LAB_KERNEL")};
	const char *qemu = qemu_program();
	char agent[PATH_MAX], name[64];
	struct lab_kernel kernel = {};
	struct lab_machine machine;
	int code, signals, initramfs;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	signals = catch_signals();

	code = find_qemu(qemu, signals, name, sizeof(name));
	if (!code)
		code = find_kernel(&options, signals, &kernel);
	if (code)
		return code;
	find_part("lab/agent", agent);
	initramfs = lab_initramfs(&options, &kernel, agent, name);
	if (initramfs < 0 || lab_machine_start(&machine, &options, &kernel, qemu, initramfs))
		return EXIT_FAILED;
	close(initramfs);
	return lab_session(&machine, &options, signals);
}
