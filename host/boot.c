// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab boot: one run of the VM-exit lab. Boots the appliance, takes the timed pass and the proof
 * pass, boots it once more to count the bytes that reach debugcon, archives, reports.
 *
 * Where KVM cannot run the guest, the whole of it runs once more inside `exitlab lab`.
 */
#include <errno.h>
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
#include "boot_elsewhere.h"
#include "boot_floor.h"
#include "boot_options.h"
#include "commands.h"
#include "env.h"
#include "exit_rows.h"
#include "isolation.h"
#include "json_file.h"
#include "pass.h"
#include "report.h"
#include "run.h"
#include "stop_signals.h"
#include "util.h"

#define CHECK_ITER 1000 /* most samples per row of the byte-count check */
#define ROWS_TEXT  (EXIT_ROWS * 32)
#define GUEST_ARGS (ROWS_TEXT + 128)
#define ROWS_MOST  1600 /* bytes of their names: the kernel's command line has 2048 */

/* Everything about one run that more than one step needs. */
struct boot {
	struct boot_options options;
	struct archive archive;
	char kernel[PATH_MAX], initrd[PATH_MAX], qemu[PATH_MAX]; /* what the options name */
	struct isolation isolation; /* what isolate has done to this host */
	struct pass pass;	    /* the devices that the guest gets; n is 0: none */
	struct words devices;	    /* QEMU's arguments for them */
	int signals;
	int cpu;
};

static int list_rows(void)
{
	printf("%-25s %-6s %-5s %s\n", "row", "number", "path", "what is timed");
	for (int i = 0; i < EXIT_ROWS; i++)
		printf("%-25s %-6.*d %-5s %s\n", exit_rows[i].id, exit_rows[i].number ? 1 : 0,
		       exit_rows[i].number, exit_path_name(exit_rows[i].path), exit_rows[i].prose);
	return EXIT_OK;
}

/* Says where the run took place, once that is settled. */
static void print_place(const struct boot *boot)
{
	if (!strcmp(boot->options.accel, "auto"))
		printf("accel: kvm, which runs the guest\n");
	printf("vCPU on CPU %d, %s\n", boot->cpu,
	       boot->cpu == boot->isolation.cpu ? "isolated"
	       : boot->options.cpu >= 0		? "as asked for"
	       : boot->cpu ? "the last one there is for it (CPU=N names another)"
			   : "the only one, shared with all else");
}

/*
 * A file that must be there, as an absolute path: the one that was asked for, or the one that make
 * builds beside this program.
 */
static void find_file(const char *asked, const char *built, char absolute[PATH_MAX],
		      const char *option)
{
	if ((asked ? !realpath(asked, absolute) : !find_part(built, absolute)) ||
	    access(absolute, R_OK))
		die("%s: %s; `make` builds it, %s names another", asked ?: absolute,
		    strerror(errno), option);
}

/* A row's name for the guest: where all of a module are selected, the module's is enough. */
static const char *name_for_guest(const char *select, int row)
{
	const char *context = exit_rows[row].context;

	if (!exit_row_of_module(row) || !exit_row_selected(select, context))
		return exit_rows[row].id;
	return strcmp(exit_rows[row - 1].context, context) ? context : NULL;
}

/*
 * The selected rows as a list of names, each once; only those whose bytes reach debugcon, for the
 * byte-count check. Empty when there are none.
 */
static void list_selected(const char *select, bool debugcon_only, char rows[ROWS_TEXT])
{
	size_t length = 0;

	rows[0] = '\0';
	for (int i = 0; i < EXIT_ROWS; i++) {
		const char *name = name_for_guest(select, i);

		if (name && exit_row_selected(select, exit_rows[i].id) &&
		    (!debugcon_only || exit_rows[i].debugcon))
			length += snprintf(rows + length, ROWS_TEXT - length, "%s%s",
					   length ? "," : "", name);
	}
	if (select && length > ROWS_MOST)
		die_code(
			EXIT_USAGE,
			"the names of the rows are %zu bytes, above %d: SELECT=kernel or gpulock names all of one kind",
			length, ROWS_MOST);
}

/* The second vCPU would stand still while the first waits for it. */
static void check_vcpus(const struct boot *boot)
{
	cpu_set_t usable;

	if (boot->options.vcpus > 1 && !sched_getaffinity(0, sizeof(usable), &usable) &&
	    CPU_COUNT(&usable) < 2)
		die_code(EXIT_CANNOT, "two vCPUs need two CPUs; VCPUS=1 leaves their rows out");
}

static void prepare(struct run *run, const struct boot *boot, const char *name,
		    char guest_args[GUEST_ARGS], const char *select, long iter)
{
	bool insn = !strcmp(env_clock(), "insn");
	bool modules = boot_needs_modules(&boot->options, select);
	long largest = iter ? iter : 100000;
	int length;

	length = snprintf(guest_args, GUEST_ARGS, "--clock %s --warmup %d --iter %ld", env_clock(),
			  insn ? INSN_WARMUP : TSC_WARMUP, iter);
	if (boot_fresh_mib(select))
		length += snprintf(guest_args + length, GUEST_ARGS - length, " --fresh-at %u",
				   VM_FRESH_AT_MIB);
	if (boot->options.vcpus > 1)
		length += snprintf(guest_args + length, GUEST_ARGS - length, " --vcpus %ld",
				   boot->options.vcpus);
	if (modules)
		length += snprintf(guest_args + length, GUEST_ARGS - length, " --modules %s",
				   boot->options.modules);
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
				.debugcon = "null",
				.testdevs = true,
				.memory_mib = boot_memory_mib(&boot->options, select, iter),
				.fresh_mib = boot_fresh_mib(select),
				.vcpus = boot->options.vcpus,
				.cpu = boot->cpu,
				.isolation =
					boot->isolation.cpu == boot->cpu ? &boot->isolation : NULL,
			},
		.signals = boot->signals,
		.first_s = strcmp(boot->options.accel, "auto") ? 60 : 10,
		.silence_s = 60 + largest / 2000 + (modules ? MODULES_S : 0),
		.deadline_s = boot_deadline(&boot->options, largest),
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
	run.vm.debugcon = "kept";
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

	if (status == EXIT_OK && !strcmp(run->vm.accel, "kvm") && !boot->options.no_floor)
		boot_floor(&boot->options, directory, boot->cpu, run->isolated);
	if (boot->pass.n)
		json_object_set_new(env, "passthrough", pass_json(&boot->pass));
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

/* Boots on this host. EXIT_NO_GUEST, with why, where KVM does not and accel is auto. */
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
	if (boot->options.marks)
		snprintf(guest_args + strlen(guest_args), GUEST_ARGS - strlen(guest_args),
			 " --mark %s", boot->options.select);
	run.vm.debugcon = boot->options.debugcon;
	if (boot->pass.n)
		run.vm.devices = &boot->devices;
	if (strcmp(boot->options.attach, "none"))
		run.attach = boot->options.attach;
	run.symbols = boot->options.symbols;
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
		status = EXIT_NO_GUEST;
	} else {
		status = fail(boot, why, run.outcome == RUN_CANNOT ? EXIT_CANNOT : EXIT_FAILED);
	}
	run_free(&run);
	return status;
}

/* Resolves what the command line names, so that it means the same wherever the boot takes place. */
static void find_files(struct boot *boot)
{
	struct boot_options *options = &boot->options;

	find_file(options->kernel, "kernel/vmlinux", boot->kernel, "--kernel");
	find_file(options->initrd, "initramfs.cpio.lz4", boot->initrd, "--initrd");
	options->kernel = boot->kernel;
	options->initrd = boot->initrd;
	if (strchr(options->qemu, '/') && realpath(options->qemu, boot->qemu))
		options->qemu = boot->qemu;
}

/* The signals that end a run come by a descriptor from now on; until close_signals(). */
static void open_signals(struct boot *boot, sigset_t *ends)
{
	stop_signals_set(ends);
	sigprocmask(SIG_BLOCK, ends, NULL);
	boot->signals = signalfd(-1, ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void close_signals(const struct boot *boot, const sigset_t *ends)
{
	sigprocmask(SIG_UNBLOCK, ends, NULL);
	close(boot->signals);
}

/*
 * Does KVM run the guest? Asked with one sample before the host is changed for it. EXIT_OK, or
 * EXIT_NO_GUEST with why; any other trouble is the boot's own to tell.
 */
static int probe(struct boot *boot, char *why, size_t size)
{
	char guest_args[GUEST_ARGS];
	struct utsname host;
	struct run run;
	sigset_t ends;
	int status;

	uname(&host);
	if (archive_begin(&boot->archive, boot->options.results, host.nodename, "probe"))
		return EXIT_FAILED;
	open_signals(boot, &ends);
	boot->cpu = boot_cpu(&boot->options);
	boot->isolation.cpu = -1;
	prepare(&run, boot, "probe", guest_args, "user.empty", 1);
	run_guest(&run);
	close_signals(boot, &ends);
	snprintf(why, size, "%s", run.why);
	if (run.outcome == RUN_INTERRUPTED)
		pr_err("%s", run.why);
	status = run.outcome == RUN_CANNOT	  ? EXIT_NO_GUEST
		 : run.outcome == RUN_INTERRUPTED ? EXIT_FAILED
						  : EXIT_OK;
	run_free(&run);
	archive_discard(&boot->archive);
	return status;
}

/* The same with devices of the host, which are given back whatever comes of it. */
static int run_with_devices(struct boot *boot, char *why, size_t size)
{
	unsigned int mib =
		boot_memory_mib(&boot->options, boot->options.select, boot->options.iter);
	int status, back;

	if (!boot->options.devices)
		return run_here(boot, why, size);
	status = pass_take(&boot->pass, boot->options.devices);
	if (status != EXIT_OK)
		return status;
	status = pass_fit(&boot->pass, mib)
			 ?: pass_may_lock(mib)
			 ?: pass_arguments(&boot->pass, boot->options.qemu, boot->signals,
					   &boot->devices)
			 ?: run_here(boot, why, size);
	back = pass_give_back(&boot->pass);
	words_free(&boot->devices);
	return status ?: back;
}

/* Boots on this host, on the CPU that is isolated where one is and no other was asked for. */
static int boot_here(struct boot *boot, char *why, size_t size)
{
	sigset_t ends;
	int status;

	if (isolation_read(&boot->isolation))
		return EXIT_FAILED;
	check_vcpus(boot);
	boot->cpu = boot->options.cpu;
	if (boot->cpu < 0 && boot->isolation.cpu >= 0)
		boot->cpu = boot->isolation.cpu;
	if (boot->cpu != boot->isolation.cpu || boot->cpu < 0)
		boot->cpu = boot_cpu(&boot->options);
	open_signals(boot, &ends);
	status = run_with_devices(boot, why, size);
	close_signals(boot, &ends);
	return status;
}

int cmd_boot(int argc, char **argv)
{
	static struct boot boot;
	const struct boot_options *options = &boot.options;
	char why[512] = "", rows[ROWS_TEXT];
	int status;

	boot_options_parse(&boot.options, argc, argv);
	if (options->list)
		return list_rows();
	if (!strcmp(env_clock(), "insn") && !options->iter)
		boot.options.iter = INSN_ITER;
	list_selected(options->select, false,
		      rows); /* refuses too many, wherever they are to run */
	status = pass_check(options->devices);
	if (status != EXIT_OK)
		return status;
	find_files(&boot);
	if (options->vendor && !strcmp(options->accel, "auto")) {
		printf("accel: lab, since --vendor is of it\n");
		fflush(stdout);
		boot.options.accel = "lab";
	}
	if (lab_wanted(options->accel))
		return options->under_isolate ? EXIT_NO_GUEST : boot_in_lab(options);
	if (!options->isolate) {
		status = boot_here(&boot, why, sizeof(why));
	} else {
		status = strcmp(options->accel, "auto") ? EXIT_OK : probe(&boot, why, sizeof(why));
		if (status == EXIT_OK) {
			strcpy(why, "KVM ran the guest once and no more");
			status = boot_isolated(options);
		}
	}
	if (status != EXIT_NO_GUEST || options->under_isolate)
		return status;
	printf("accel: lab, since %s\n", why);
	fflush(stdout);
	return boot_in_lab(options);
}
