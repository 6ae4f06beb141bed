// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab floor: the rows of ring 3 and ring 0 without QEMU. A minimal VMM in this process runs
 * them on /dev/kvm: what is left is the cost of KVM and, where user space answers, of one ioctl
 * loop. A row of a boot less its row here is what QEMU adds.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "archive.h"
#include "boot_elsewhere.h"
#include "boot_options.h"
#include "child.h"
#include "commands.h"
#include "env.h"
#include "exit_rows.h"
#include "floor/run.h"
#include "isolation.h"
#include "json_file.h"
#include "layout.h"
#include "option_number.h"
#include "report.h"
#include "stop_signals.h"
#include "util.h"
#include "verdict.h"

/* Everything about one run that more than one step needs. */
struct floor {
	struct boot_options options; /* those that floor and boot have in common */
	const char *output;	     /* where summary.json goes; NULL: an archive */
	const char *spin;	     /* row that is to loop, and limit of the canaries: for tests */
	long canary;
	bool json, irqchip;
	struct archive archive;
	struct isolation isolation;
};

enum { OPTION_NO_PROOF = 512, OPTION_LIST, OPTION_SPIN, OPTION_CANARY, OPTION_IRQCHIP };

static const struct argp_option option_table[] = {
	{"accel", 'a', "WHERE", 0, "kvm, lab, or auto: kvm if there is a /dev/kvm for us [kvm]", 0},
	{"cpu", 'c', "N", 0, "host CPU of the vCPU [the last online one]", 0},
	{"iter", 'i', "N", 0,
	 "samples per row [100000, 20000 where this process answers; 1000 under the insn clock]",
	 0},
	{"select", 's', "ROW,...", 0, "rows to run beside the empty ones [all]", 0},
	{"deadline", 'd', "SECONDS", 0, "longest time of one row [10, more with a large --iter]",
	 0},
	{"results", 'r', "DIR", 0, "archive [results]", 0},
	{"output", 'o', "FILE", 0, "write summary.json to FILE and archive nothing", 0},
	{"json", 'j', NULL, 0, "print summary.json instead of the table", 0},
	{"irqchip", OPTION_IRQCHIP, NULL, 0,
	 "with the interrupt controllers inside KVM that QEMU's machines have", 0},
	{"no-proof", OPTION_NO_PROOF, NULL, 0, "leave the proof pass out: every row UNPROVEN", 0},
	{"spin", OPTION_SPIN, "ROW", OPTION_HIDDEN, "loop for ever in ROW, to test its deadline",
	 0},
	{"canary", OPTION_CANARY, "TICKS", OPTION_HIDDEN, "limit of an empty bracket, to test it",
	 0},
	{"list", OPTION_LIST, NULL, 0, "print the rows and exit", 0},
	{0},
};

static void check_end(const struct floor *floor, struct argp_state *state)
{
	if (!strcmp(floor->options.accel, "tcg"))
		argp_error(state, "--accel: under TCG nothing exits");
	if (floor->output && strcmp(floor->options.accel, "kvm"))
		argp_error(state, "--output is for --accel kvm; the lab archives its runs");
	for (int i = 0; floor->options.select && i < EXIT_ROWS; i++)
		if (!floor_has_row(i) && exit_row_selected(floor->options.select, exit_rows[i].id))
			argp_error(state, "%s needs a guest's kernel: it is a row of exitlab boot",
				   exit_rows[i].id);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct floor *floor = state->input;

	switch (key) {
	case 'o':
		if (!*argument)
			argp_error(state, "--output: which file?");
		floor->output = argument;
		return 0;
	case 'j':
		floor->json = true;
		return 0;
	case OPTION_IRQCHIP:
		floor->irqchip = true;
		return 0;
	case OPTION_NO_PROOF:
		floor->options.no_proof = true;
		return 0;
	case OPTION_LIST:
		floor->options.list = true;
		return 0;
	case OPTION_CANARY:
		floor->canary = option_number(argument, 1, CANARY_LIMIT, "--canary", state);
		return 0;
	case OPTION_SPIN:
		floor->spin = argument;
		return 0;
	case ARGP_KEY_END:
		check_end(floor, state);
		return 0;
	case 'a':
	case 'c':
	case 'd':
	case 'i':
	case 'r':
	case 's':
	case ARGP_KEY_ARG:
		return boot_option(key, argument, &floor->options, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Run the rows of ring 3 and ring 0 in a minimal VMM in this process, without QEMU, prove, "
	       "archive and print them."
	       "\vThe run is archived in DIR/<host>/<UTC time>-floor. See exitlab-floor(1).",
};

static int list_rows(void)
{
	printf("%-25s %-5s %s\n", "row", "path", "what is timed; this process stands in for QEMU");
	for (int i = 0; i < EXIT_ROWS; i++)
		if (floor_has_row(i))
			printf("%-25s %-5s %s\n", exit_rows[i].id,
			       floor_path_name(exit_rows[i].path), exit_rows[i].prose);
	return EXIT_OK;
}

/* Replaces this process by the lab with the same command in it. Returns only when it cannot. */
static int floor_in_lab(const struct floor *floor)
{
	const struct boot_options *options = &floor->options;
	char self[PATH_MAX], results[PATH_MAX];
	struct words command = {0};

	if (find_results(options->results, results))
		return EXIT_FAILED;
	find_self(self);
	lab_begin(&command, self, "amd", results, false,
		  boot_deadline(options, options->iter) + 120);
	words_add(&command, "--");
	words_add(&command, "%s", self);
	words_add(&command, "floor");
	command_option(&command, "--select", options->select);
	command_option(&command, "--results", results);
	command_option(&command, "--spin", floor->spin);
	if (options->iter)
		command_number(&command, "--iter", options->iter);
	if (options->deadline)
		command_number(&command, "--deadline", options->deadline);
	if (options->no_proof)
		words_add(&command, "--no-proof");
	if (floor->irqchip)
		words_add(&command, "--irqchip");
	if (floor->json)
		words_add(&command, "--json");
	return lab_exec(&command);
}

/* What is not of the host: the VMM, which is this process, and its guest. */
static void complete_env(json_t *env, const struct floor *floor, const struct floor_run *run)
{
	json_t *more = json_pack(
		"{s:s, s:s, s:s, s:{s:s}, s:{s:s}, s:{s:i, s:b, s:b}, s:{s:i, s:b, s:b}, "
		"s:{s:s, s:o}, s:{s:s}, s:{s:O?, s:O?}, s:{s:I, s:s?, s:b}}",
		"kind", "floor", "accel", "kvm", "machine",
		floor->irqchip ? "exitlab floor, irqchip" : "exitlab floor", "qemu", "version",
		"none", "debugcon", "backend", "exitlab", "vcpu", "cpu", run->cpu, "pinned",
		run->pinned, "isolated", run->isolated, "memory", "mib",
		(int)(run->memory_size >> 20), "locked", run->memory_locked, "hugepages", false,
		"clock", "kind", run->clock == CLOCK_INSN ? "insn" : "tsc", "tsc_khz",
		run->tsc_khz ? json_integer(run->tsc_khz) : json_null(), "guest", "kernel", "none",
		"isolation", "applied", run->isolation ? floor->isolation.applied : NULL, "card",
		run->card, "floor", "iter", (json_int_t)floor->options.iter, "select",
		floor->options.select, "irqchip", floor->irqchip);

	json_object_update(env, more);
	json_decref(more);
}

/* summary.json alone, whole or not at all. */
static int write_output(const struct floor *floor)
{
	json_t *summary = report_of(floor->archive.directory);
	char path[PATH_MAX + 32];
	int error = !summary || json_file_write(summary, floor->archive.directory, "summary.json");

	json_decref(summary);
	snprintf(path, sizeof(path), "%s/summary.json", floor->archive.directory);
	if (!error && rename(path, floor->output)) {
		pr_err("%s: %s; --output names another place", floor->output, strerror(errno));
		error = -1;
	}
	return error ? -1 : 0;
}

/* Keeps what there is of a run that failed, and says where; an output has nothing to keep. */
static int fail(struct floor *floor, const char *why, int status)
{
	if (floor->output) {
		archive_discard(&floor->archive);
		pr_err("%s", why);
		return status;
	}
	archive_fail(&floor->archive, why);
	pr_err("%s; what there is of it: %s", why, floor->archive.directory);
	return status;
}

/* The run is done: archives and prints it. */
static int finish(struct floor *floor, json_t *env, const struct floor_run *run)
{
	static const char why[] = "the run could not be archived or reported: see above";
	const char *directory = floor->archive.directory;
	int status;

	if (!run->memory_locked)
		pr_warn("memory is not locked: raise ulimit -l, or grant CAP_IPC_LOCK");
	if (!run->pinned)
		pr_warn("the vCPU could not be pinned to CPU %d", run->cpu);
	complete_env(env, floor, run);
	if (json_file_write(env, directory, "env.json") ||
	    json_file_write(run->proof, directory, "proof.json") ||
	    (floor->output ? write_output(floor) : report_make(directory)))
		return fail(floor, why, EXIT_FAILED);
	if (floor->output) {
		archive_discard(&floor->archive);
		return EXIT_OK;
	}
	if (archive_keep(&floor->archive))
		return EXIT_FAILED;
	/* 1: a row is INVALID */
	status = floor->json ? report_print_json(directory, stdout)
			     : report_print(directory, stdout);
	if (!floor->json)
		printf("%.1f s from opening /dev/kvm to the last sample; archived in %s\n",
		       run->timed_s, directory);
	return status ? EXIT_FAILED : EXIT_OK;
}

static int run_here(struct floor *floor, json_t *env)
{
	const struct boot_options *options = &floor->options;
	bool insn = !strcmp(env_clock(), "insn");
	bool emulated = json_is_true(json_object_get(json_object_get(env, "host"), "emulated"));
	int cpu = options->cpu < 0 && floor->isolation.cpu >= 0 ? floor->isolation.cpu
								: boot_cpu(options);
	struct floor_run run = {
		.directory = floor->archive.directory,
		.select = options->select,
		.spin = floor->spin,
		.iter = insn && !options->iter ? INSN_ITER : options->iter,
		.warmup = insn ? INSN_WARMUP : TSC_WARMUP,
		.deadline_s = options->deadline,
		.cpu = cpu,
		.isolation = floor->isolation.cpu == cpu ? &floor->isolation : NULL,
		.clock = insn ? CLOCK_INSN : CLOCK_TSC,
		.canary_limit = floor->canary	    ? floor->canary
				: insn || !emulated ? CANARY_LIMIT
						    : 0,
		.irqchip = floor->irqchip,
		.prove = !options->no_proof,
	};
	int status;

	floor_run(&run);
	if (run.outcome == RUN_DONE)
		status = finish(floor, env, &run);
	else
		status =
			fail(floor, run.why, run.outcome == RUN_CANNOT ? EXIT_CANNOT : EXIT_FAILED);
	floor_run_free(&run);
	return status;
}

/* A directory to work in: one of the archive, or one beside the output. */
static int make_directory(struct floor *floor)
{
	struct utsname host;

	uname(&host);
	if (floor->output)
		return archive_begin_at(&floor->archive, floor->output);
	return archive_begin(&floor->archive, floor->options.results, host.nodename, "floor");
}

int cmd_floor(int argc, char **argv)
{
	static struct floor floor;
	sigset_t ends;
	json_t *env;
	int status = EXIT_FAILED;

	boot_options_default(&floor.options);
	floor.options.accel = "kvm";
	argp_parse(&argp, argc, argv, 0, NULL, &floor);
	if (floor.options.list)
		return list_rows();
	if (lab_wanted(floor.options.accel))
		return floor_in_lab(&floor);
	/* The vCPU's thread takes them; whoever it is that writes files finishes first. */
	stop_signals_set(&ends);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (!isolation_read(&floor.isolation) && !make_directory(&floor)) {
		env = env_begin(floor.archive.time);
		status = run_here(&floor, env);
		json_decref(env);
	}
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
	return status;
}
