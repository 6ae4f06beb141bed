// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab boot: one run of the VM-exit lab. Boots the appliance, takes the timed pass and the proof
 * pass, boots it once more to count the bytes that reach debugcon, archives, reports.
 *
 * Where KVM cannot run the guest, the whole of it runs once more inside `exitlab lab`.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "archive.h"
#include "boot_options.h"
#include "commands.h"
#include "env.h"
#include "exit_rows.h"
#include "json_file.h"
#include "report.h"
#include "run.h"
#include "util.h"

/* Under the insn clock every sample of a path is the same, so few tell as much as many. */
#define INSN_ITER   1000
#define INSN_WARMUP 100
#define TSC_WARMUP  1000
#define CHECK_ITER  1000 /* most samples per row of the byte-count check */
#define GUEST_MIB   96	 /* of the guest, without its samples */
#define ROWS_TEXT   (EXIT_ROWS * 24)
#define GUEST_ARGS  (ROWS_TEXT + 128)

/* Everything about one run that more than one step needs. */
struct boot {
	struct boot_options options;
	struct archive archive;
	char kernel[PATH_MAX], initrd[PATH_MAX], qemu[PATH_MAX];
	int signals;
	int cpu;
};

static int list_rows(void)
{
	printf("%-18s %-6s %-5s %s\n", "row", "number", "path", "what is timed");
	for (int i = 0; i < EXIT_ROWS; i++)
		printf("%-18s %-6.*d %-5s %s\n", exit_rows[i].id, exit_rows[i].number ? 1 : 0,
		       exit_rows[i].number, exit_path_name(exit_rows[i].path), exit_rows[i].prose);
	return EXIT_OK;
}

/*
 * The vCPU's CPU: the one asked for, or the last one this process may use. CPU 0 is the host's
 * housekeeping CPU: it is taken only when there is no other.
 */
static int choose_cpu(long asked)
{
	cpu_set_t usable;
	int last = -1;

	sched_getaffinity(0, sizeof(usable), &usable);
	if (asked >= 0 && !CPU_ISSET(asked, &usable))
		die_code(EXIT_USAGE, "CPU %ld is not online or not ours to use; CPU= names another",
			 asked);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &usable))
			last = cpu;
	return asked >= 0 ? asked : last;
}

/* Says where the run took place, once that is settled. */
static void print_place(const struct boot *boot)
{
	if (!strcmp(boot->options.accel, "auto"))
		printf("accel: kvm, which runs the guest\n");
	printf("vCPU on CPU %d, %s\n", boot->cpu,
	       boot->options.cpu >= 0 ? "as asked for"
	       : boot->cpu	      ? "the last online one (CPU=N names another)"
				      : "the only one, shared with all else");
}

/* This program's own path. */
static void find_self(char self[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);

	if (length < 0)
		die("/proc/self/exe: %s; is /proc mounted?", strerror(errno));
	self[length] = '\0';
}

/*
 * A file that must be there, as an absolute path: the one that was asked for, or the one that make
 * builds beside this program.
 */
static void find_file(const char *asked, const char *built, char absolute[PATH_MAX],
		      const char *option)
{
	char path[2 * PATH_MAX];

	find_self(path);
	strcpy(strrchr(path, '/') + 1, built);
	if (asked)
		snprintf(path, sizeof(path), "%s", asked);
	if (!realpath(path, absolute) || access(absolute, R_OK))
		die("%s: %s; `make` builds it, %s names another", path, strerror(errno), option);
}

/* Why /dev/kvm cannot be used, or NULL. The line names what mends it. */
static const char *kvm_missing(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	switch (errno) {
	case ENOENT:
		return "there is no /dev/kvm (load kvm_amd or kvm_intel; switch SVM or VT-x on in the firmware)";
	case EACCES:
	case EPERM:
		return "no rights to /dev/kvm (join the group kvm, or run as root)";
	default:
		return "/dev/kvm cannot be opened";
	}
}

/* Longest time of one boot, seconds. Half a millisecond a sample is more than any path takes. */
static unsigned int deadline_of(const struct boot_options *options, long largest)
{
	return options->deadline ? options->deadline : 300 + EXIT_ROWS * 2 * (largest / 2000);
}

/*
 * Replaces this process by the lab with the same command in it. The CPU asked for is one of this
 * host and means nothing there. Returns only when it cannot.
 */
static int in_the_lab(const struct boot *boot)
{
	const struct boot_options *options = &boot->options;
	char self[PATH_MAX], results[PATH_MAX], iter[16], deadline[16], lab_deadline[16];
	const char *arguments[40];
	size_t count = 0;

	/* It is written back from the lab, so it must be there before. */
	if ((mkdir(options->results, 0777) && errno != EEXIST) ||
	    !realpath(options->results, results)) {
		pr_err("%s: %s; RESULTS= names another place", options->results, strerror(errno));
		return EXIT_FAILED;
	}
	find_self(self);
	snprintf(iter, sizeof(iter), "%ld", options->iter);
	snprintf(deadline, sizeof(deadline), "%ld", options->deadline);
	/* Two boots, and the lab's own. */
	snprintf(lab_deadline, sizeof(lab_deadline), "%u",
		 2 * deadline_of(options, options->iter ? options->iter : INSN_ITER) + 120);

	const struct {
		const char *name, *value; /* NULL value: not given */
	} pairs[] = {
		{"--machine", options->machine},
		{"--results", results},
		{"--kernel", boot->kernel},
		{"--initrd", boot->initrd},
		{"--qemu", options->qemu},
		{"--select", options->select},
		{"--iter", options->iter ? iter : NULL},
		{"--deadline", options->deadline ? deadline : NULL},
	};

	for (const char *const *word =
		     (const char *const[]){self, "lab", "--deadline", lab_deadline, "--rw", results,
					   "--", self, "boot", "--accel", "kvm", NULL};
	     *word; word++)
		arguments[count++] = *word;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].value) {
			arguments[count++] = pairs[i].name;
			arguments[count++] = pairs[i].value;
		}
	if (options->no_proof)
		arguments[count++] = "--no-proof";
	arguments[count] = NULL;
	fflush(stdout);
	/* A boot reads nothing; the lab would read for it. */
	if (!freopen("/dev/null", "r", stdin))
		pr_warn("/dev/null: %s", strerror(errno));
	execv(self, (char **)arguments);
	pr_err("%s: %s", self, strerror(errno));
	return EXIT_FAILED;
}

/*
 * The selected rows as a list of names, each once; only those whose bytes reach debugcon, for the
 * byte-count check. Empty when there are none.
 */
static void list_selected(const char *select, bool debugcon_only, char rows[ROWS_TEXT])
{
	size_t length = 0;

	rows[0] = '\0';
	for (int i = 0; i < EXIT_ROWS; i++)
		if (exit_row_selected(select, exit_rows[i].id) &&
		    (!debugcon_only || exit_rows[i].path == PATH_QEMU))
			length += snprintf(rows + length, ROWS_TEXT - length, "%s%s",
					   length ? "," : "", exit_rows[i].id);
}

static void prepare(struct run *run, const struct boot *boot, const char *name,
		    char guest_args[GUEST_ARGS], const char *select, long iter)
{
	bool insn = !strcmp(env_clock(), "insn");
	long largest = iter ? iter : 100000;
	int length;

	length = snprintf(guest_args, GUEST_ARGS, "--clock %s --warmup %d --iter %ld", env_clock(),
			  insn ? INSN_WARMUP : TSC_WARMUP, iter);
	if (select)
		snprintf(guest_args + length, GUEST_ARGS - length, " --select %s", select);
	*run = (struct run){
		.vm =
			{
				.qemu = boot->options.qemu,
				.machine = boot->options.machine,
				.accel = strcmp(boot->options.accel, "tcg") ? "kvm" : "tcg",
				.kernel = boot->kernel,
				.initrd = boot->initrd,
				.guest_args = guest_args,
				.directory = boot->archive.directory,
				.name = name,
				.memory_mib = (GUEST_MIB + (8 * largest >> 20) + 31) / 32 * 32,
				.cpu = boot->cpu,
			},
		.signals = boot->signals,
		.first_s = strcmp(boot->options.accel, "auto") ? 60 : 10,
		.silence_s = 60 + largest / 2000,
		.deadline_s = deadline_of(&boot->options, largest),
	};
}

/* Boots once more with a file behind debugcon: every OUTB must have left one byte in it. */
static int count_bytes(const struct boot *boot, json_t *proof, char *why, size_t size)
{
	char rows[ROWS_TEXT], guest_args[GUEST_ARGS], path[PATH_MAX + 32];
	struct stat file;
	struct run run;
	long iter = boot->options.iter;

	list_selected(boot->options.select, true, rows);
	if (!rows[0])
		return EXIT_OK;
	prepare(&run, boot, "check", guest_args, rows,
		iter && iter < CHECK_ITER ? iter : CHECK_ITER);
	run.vm.debugcon_file = true;
	run_guest(&run);
	snprintf(path, sizeof(path), "%s/check.debugcon", boot->archive.directory);
	if (run.outcome != RUN_DONE || stat(path, &file)) {
		snprintf(why, size, "byte-count check: %s",
			 run.outcome != RUN_DONE ? run.why : strerror(errno));
		run_free(&run);
		return EXIT_FAILED;
	}
	unlink(path);
	json_object_set_new(proof, "check",
			    json_pack("{s:s, s:s, s:I, s:I}", "backend", "file", "rows", rows,
				      "expected", (json_int_t)run.qemu_bytes, "written",
				      (json_int_t)file.st_size));
	run_free(&run);
	return EXIT_OK;
}

/* Keeps what there is of a run that failed, and says where. Returns status. */
static int fail(struct boot *boot, const char *why, int status)
{
	archive_fail(&boot->archive, why);
	pr_err("%s; its logs: %s", why, boot->archive.directory);
	return status;
}

static int finish(struct boot *boot, struct run *run)
{
	const char *directory = boot->archive.directory;
	json_t *env = env_json(run, boot->archive.time);
	char why[600] = "the run could not be archived or reported: see above";
	int status = count_bytes(boot, run->proof, why, sizeof(why));

	/* The evidence is kept, whatever came of the check. */
	if (json_file_write(env, directory, "env.json") ||
	    json_file_write(run->proof, directory, "proof.json") ||
	    (status == EXIT_OK && report_make(directory)))
		status = EXIT_FAILED;
	json_decref(env);
	if (status != EXIT_OK)
		return fail(boot, why, status);
	if (archive_keep(&boot->archive))
		return EXIT_FAILED;
	status = report_print(directory, stdout) ? EXIT_FAILED : EXIT_OK; /* 1: a row is INVALID */
	printf("archived in %s\n", directory);
	return status;
}

/* Boots on this host. EXIT_CANNOT, with why, where KVM does not run the guest. */
static int run_here(struct boot *boot, char *why, size_t size)
{
	bool tcg = !strcmp(boot->options.accel, "tcg");
	char guest_args[GUEST_ARGS], rows[ROWS_TEXT];
	struct utsname host;
	struct run run;
	int status;

	uname(&host);
	if (archive_begin(&boot->archive, boot->options.results, host.nodename, "vmexit"))
		return EXIT_FAILED;
	list_selected(boot->options.select, false, rows);
	prepare(&run, boot, "run", guest_args, boot->options.select ? rows : NULL,
		boot->options.iter);
	run.prove = !tcg && !boot->options.no_proof;
	run_guest(&run);
	snprintf(why, size, "%s", run.why);
	if (run.outcome == RUN_DONE && !run.memory_locked)
		pr_warn("memory is not locked: raise ulimit -l, or grant CAP_IPC_LOCK");
	if (run.outcome == RUN_DONE && !run.pinned)
		pr_warn("the vCPU could not be pinned to CPU %d", boot->cpu);
	if (run.outcome == RUN_DONE) {
		print_place(boot);
		status = finish(boot, &run);
	} else if (run.outcome == RUN_CANNOT && !strcmp(boot->options.accel, "auto")) {
		archive_discard(&boot->archive);
		status = EXIT_CANNOT;
	} else {
		status = fail(boot, why, run.outcome == RUN_CANNOT ? EXIT_CANNOT : EXIT_FAILED);
	}
	run_free(&run);
	return status;
}

int cmd_boot(int argc, char **argv)
{
	static struct boot boot;
	const char *missing;
	char why[512];
	sigset_t ends;
	int status;

	boot_options_parse(&boot.options, argc, argv);
	if (boot.options.list)
		return list_rows();
	if (!strcmp(env_clock(), "insn") && !boot.options.iter)
		boot.options.iter = INSN_ITER;
	find_file(boot.options.kernel, "kernel/vmlinux", boot.kernel, "--kernel");
	find_file(boot.options.initrd, "initramfs.cpio.lz4", boot.initrd, "--initrd");
	/* QEMU runs in the archive's directory, so a path to it must not be relative. */
	if (strchr(boot.options.qemu, '/') && realpath(boot.options.qemu, boot.qemu))
		boot.options.qemu = boot.qemu;
	if (!strcmp(boot.options.accel, "lab"))
		return in_the_lab(&boot);

	missing = strcmp(boot.options.accel, "tcg") ? kvm_missing() : NULL;
	if (missing && !strcmp(boot.options.accel, "kvm"))
		die_code(EXIT_CANNOT, "%s; ACCEL=lab needs none", missing);
	if (missing) {
		printf("accel: lab, since %s\n", missing);
		return in_the_lab(&boot);
	}

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	boot.signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	boot.cpu = choose_cpu(boot.options.cpu);
	status = run_here(&boot, why, sizeof(why));
	if (status == EXIT_CANNOT && !strcmp(boot.options.accel, "auto")) {
		printf("accel: lab, since %s\n", why);
		sigprocmask(SIG_UNBLOCK, &ends, NULL);
		close(boot.signals);
		return in_the_lab(&boot);
	}
	return status;
}
