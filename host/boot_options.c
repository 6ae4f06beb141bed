// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of `exitlab boot`, checked before anything is started. */
#include <argp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "boot_options.h"
#include "cpus.h"
#include "exit_rows.h"
#include "kexit.h"
#include "layout.h"
#include "option_number.h"
#include "record.h"
#include "util.h"

enum {
	OPTION_INITRD = 256,
	OPTION_QEMU,
	OPTION_NO_PROOF,
	OPTION_NO_FLOOR,
	OPTION_KERNEL,
	OPTION_LIST,
	OPTION_VCPUS,
	OPTION_ISOLATE,
	OPTION_UNDER_ISOLATE,
	OPTION_FIFO,
	OPTION_DEBUGCON,
	OPTION_ATTACH,
	OPTION_SYMBOLS,
	OPTION_MARKS,
	OPTION_MODULES,
	OPTION_DEVICE,
};

static const struct argp_option option_table[] = {
	{"accel", 'a', "auto|kvm|lab|tcg", 0,
	 "where the guest runs [auto: KVM if it runs there, else the lab]", 0},
	{"vendor", BOOT_VENDOR, "amd|intel|both", 0,
	 "whose virtualisation the lab emulates; both: a run on each, side by side [amd]", 0},
	{"machine", 'm', "microvm|q35", 0, "the guest's machine [microvm]", 0},
	{"cpu", 'c', "N", 0,
	 "host CPU of the vCPU [the last online one, a performance core where there are others; CPU 0 "
	 "only where there is no other]",
	 0},
	{"iter", 'i', "N", 0,
	 "samples per row [100000, 20000 where QEMU answers; 1000 under the insn clock, 2000 in the lab with --isolate]",
	 0},
	{"select", 's', "ROW,...", 0,
	 "rows to run beside the empty ones; user, syscall, kernel, gpulock: all of those [all]",
	 0},
	{"modules", OPTION_MODULES, "gpulock", 0,
	 "load that module in the guest and run its rows, all of them unless --select names some [none]",
	 0},
	{"results", 'r', "DIR", 0, "archive [results]", 0},
	{"deadline", 'd', "SECONDS", 0, "longest time of one boot [300, more with a large --iter]",
	 0},
	{"kernel", OPTION_KERNEL, "FILE", 0, "guest kernel [the one that make built]", 0},
	{"initrd", OPTION_INITRD, "FILE", 0, "guest initramfs [the one that make built]", 0},
	{"qemu", OPTION_QEMU, "PROGRAM", 0, "the emulator [$QEMU, else qemu-system-x86_64]", 0},
	{"vcpus", OPTION_VCPUS, "N", 0,
	 "1, or 2 for the rows between two vCPUs: kernel.ipi and others [1]", 0},
	{"no-proof", OPTION_NO_PROOF, NULL, 0, "leave the proof pass out: every row UNPROVEN", 0},
	{"debugcon", OPTION_DEBUGCON, "null|file|socket", 0,
	 "what takes the bytes of OUTB in the timed pass [null]", 0},
	{"attach", OPTION_ATTACH, "none|exitcount|trace-cmd|perf", 0,
	 "trace KVM's events in the timed pass [none]", 0},
	{"device", OPTION_DEVICE, "BDF,...", 0,
	 "PCI devices of this host that the guest gets, for the rows kernel.passed_*; on q35 [none]",
	 0},
	{"no-floor", OPTION_NO_FLOOR, NULL, 0,
	 "leave out the same rows without QEMU: no row gets a QEMU tax", 0},
	{"isolate", OPTION_ISOLATE, NULL, 0,
	 "isolate the vCPU's CPU meanwhile (as root; see isolate(1))", 0},
	{"fifo", OPTION_FIFO, "PRIORITY", 0,
	 "with --isolate: real-time priority of the vCPU, 1 to 99 [none]", 0},
	{"under-isolate", OPTION_UNDER_ISOLATE, NULL, OPTION_HIDDEN, NULL, 0},
	{"symbols", OPTION_SYMBOLS, NULL, 0,
	 "keep what names instructions: the kernel's symbols and QEMU's mappings", 0},
	{"marks", OPTION_MARKS, NULL, OPTION_HIDDEN, NULL, 0},
	{"list", OPTION_LIST, NULL, 0, "print the rows and exit", 0},
	{0},
};

static bool row_exists(const char *name, size_t length)
{
	for (int i = 0; i < EXIT_ROWS; i++)
		if (exit_row_has_name(exit_rows[i].id, name, length))
			return true;
	return false;
}

static void check_select(const char *select, struct argp_state *state)
{
	for (;; select++) {
		size_t length = strcspn(select, ",");

		if (!row_exists(select, length))
			argp_error(state, "no row \"%.*s\"; `exitlab boot --list` prints them",
				   (int)length, select);
		select += length;
		if (!*select)
			return;
	}
}

/* The first row of a module that is selected; -1: none. */
static int module_row(const char *select)
{
	for (int i = 0; i < EXIT_ROWS; i++)
		if (exit_row_of_module(i) && exit_row_selected(select, exit_rows[i].id))
			return i;
	return -1;
}

void boot_check_modules(struct boot_options *boot, struct argp_state *state)
{
	static char select[8192];
	int row = boot->select ? module_row(boot->select) : -1;

	if (!boot->modules && row >= 0)
		argp_error(state, "%s is a row of a module: --modules %s", exit_rows[row].id,
			   exit_rows[row].context);
	if (boot->modules && boot->select && row < 0) {
		snprintf(select, sizeof(select), "%s,%s", boot->select, boot->modules);
		boot->select = select;
	}
}

bool boot_needs_modules(const struct boot_options *options, const char *select)
{
	return options->modules && module_row(select) >= 0;
}

static const char *one_of(const char *text, const char *const *words, const char *what,
			  struct argp_state *state)
{
	for (const char *const *word = words; *word; word++)
		if (!strcmp(text, *word))
			return text;
	argp_error(state, "%s: no \"%s\"; --help names those there are", what, text);
	return NULL;
}

error_t boot_option(int key, char *argument, struct boot_options *boot, struct argp_state *state)
{
	switch (key) {
	case 'a':
		boot->accel =
			one_of(argument, (const char *const[]){"auto", "kvm", "lab", "tcg", NULL},
			       "--accel", state);
		break;
	case 'm':
		boot->machine = one_of(argument, (const char *const[]){"microvm", "q35", NULL},
				       "--machine", state);
		break;
	case 'c':
		boot->cpu = option_number(argument, 0, CPU_SETSIZE - 1, "--cpu", state);
		break;
	case 'i':
		boot->iter = option_number(argument, 1, RECORD_MAX_SAMPLES, "--iter", state);
		break;
	case 's':
		check_select(argument, state);
		boot->select = argument;
		break;
	case 'r':
		boot->results = argument;
		break;
	case 'd':
		boot->deadline = option_number(argument, 1, 1000000, "--deadline", state);
		break;
	case BOOT_VENDOR:
		boot->vendor = one_of(argument, (const char *const[]){"amd", "intel", "both", NULL},
				      "--vendor", state);
		break;
	case OPTION_KERNEL:
		boot->kernel = argument;
		break;
	case OPTION_INITRD:
		boot->initrd = argument;
		break;
	case OPTION_QEMU:
		boot->qemu = argument;
		break;
	case OPTION_VCPUS:
		boot->vcpus = option_number(argument, 1, 2, "--vcpus", state);
		break;
	case OPTION_NO_PROOF:
		boot->no_proof = true;
		break;
	case OPTION_NO_FLOOR:
		boot->no_floor = true;
		break;
	case OPTION_ISOLATE:
		boot->isolate = true;
		break;
	case OPTION_UNDER_ISOLATE:
		boot->under_isolate = true;
		break;
	case OPTION_FIFO:
		boot->fifo = option_number(argument, 1, 99, "--fifo", state);
		break;
	case OPTION_DEBUGCON:
		boot->debugcon =
			one_of(argument, (const char *const[]){"null", "file", "socket", NULL},
			       "--debugcon", state);
		break;
	case OPTION_SYMBOLS:
		boot->symbols = true;
		break;
	case OPTION_MARKS:
		boot->marks = true;
		break;
	case OPTION_MODULES:
		boot->modules = one_of(argument, (const char *const[]){"gpulock", NULL},
				       "--modules", state);
		break;
	case OPTION_ATTACH:
		boot->attach =
			one_of(argument, (const char *const[])ATTACH_NAMES, "--attach", state);
		break;
	case OPTION_DEVICE:
		boot->devices = argument;
		boot->machine = "q35";
		break;
	case OPTION_LIST:
		boot->list = true;
		break;
	case ARGP_KEY_END:
		boot_check_modules(boot, state);
		if (boot->vendor && (!strcmp(boot->accel, "kvm") || !strcmp(boot->accel, "tcg")))
			argp_error(state, "--vendor is of the lab: --accel lab, or none");
		if (boot->vendor && strcmp(boot->vendor, "amd") &&
		    (boot->vcpus > 1 || boot->isolate))
			argp_error(state, "the Intel lab has one CPU: no --vcpus 2, no --isolate");
		if (boot->devices && !strcmp(boot->accel, "auto"))
			boot->accel = "kvm"; /* a device of this host is not in the lab */
		if (boot->devices && strcmp(boot->machine, "q35"))
			argp_error(state, "--device: microvm has no PCI; --machine q35");
		if (boot->devices &&
		    (!strcmp(boot->accel, "tcg") || (boot->vendor && strcmp(boot->vendor, "amd"))))
			argp_error(state, "--device takes an IOMMU: --accel kvm, or the AMD lab");
		if (boot->marks && (!boot->select || strchr(boot->select, ',')))
			argp_error(state, "--marks: --select the one row to be marked");
		if (boot->fifo && !boot->isolate)
			argp_error(state, "--fifo is of no use without --isolate");
		if (strcmp(boot->attach, "none") && !strcmp(boot->accel, "tcg"))
			argp_error(state, "--attach is for KVM: under TCG nothing exits");
		if (boot->isolate && !strcmp(boot->accel, "tcg"))
			argp_error(state, "--isolate is for KVM: under TCG nothing is measured");
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "no argument expected: %s", argument);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	return boot_option(key, argument, state->input, state);
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Boot the appliance, measure its VM exits, prove their paths, archive and print the "
	       "run.\vThe run is archived in DIR/<host>/<UTC time>-vmexit; one that failed ends in "
	       ".failed and keeps its logs and the reason. See exitlab-boot(1).",
};

void boot_options_default(struct boot_options *options)
{
	*options = (struct boot_options){
		.accel = "auto",
		.machine = "microvm",
		.debugcon = "null",
		.attach = "none",
		.results = "results",
		.qemu = qemu_program(),
		.cpu = -1,
		.vcpus = 1,
	};
}

void boot_options_parse(struct boot_options *options, int argc, char **argv)
{
	boot_options_default(options);
	argp_parse(&argp, argc, argv, 0, NULL, options);
}

#define GUEST_MIB   96	/* of the guest, without its samples */
#define MODULES_MIB 256 /* 400 000 grants, their trees and their indexes */

/* Half a millisecond a sample is more than any path takes. */
unsigned int boot_deadline(const struct boot_options *options, long iter)
{
	unsigned int modules = options->modules ? 2 * MODULES_S : 0;

	return options->deadline ?: 300 + EXIT_ROWS * 2 * (iter / 2000) + modules;
}

unsigned int boot_fresh_mib(const char *select)
{
	return exit_row_selected(select, exit_rows[ROW_kernel_ept_fault].id) ? KEXIT_FRESH_MIB : 0;
}

unsigned int boot_memory_mib(const struct boot_options *options, const char *select, long iter)
{
	unsigned int modules = boot_needs_modules(options, select) ? MODULES_MIB : 0;

	/* A sample, its copy to find the median in, and a byte that says what disturbed it. */
	return (GUEST_MIB + (9 * (iter ?: 100000) >> 20) + 31) / 32 * 32 + boot_fresh_mib(select) +
	       modules;
}

/*
 * It need not be among those where we run now: tasks begin off the CPUs of isolcpus=, and go there
 * when they are sent.
 */
static bool may_run_on(int cpu, const cpu_set_t *now)
{
	cpu_set_t one;
	bool may;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	may = !sched_setaffinity(0, sizeof(one), &one);
	sched_setaffinity(0, sizeof(*now), now);
	return may;
}

int boot_cpu(const struct boot_options *options)
{
	cpu_set_t usable;

	sched_getaffinity(0, sizeof(usable), &usable);
	if (options->cpu >= 0 && !may_run_on(options->cpu, &usable))
		die_code(EXIT_USAGE, "CPU %ld is not online or not ours to use; CPU= names another",
			 options->cpu);
	return options->cpu >= 0 ? options->cpu : cpus_last(&usable, CPUS_FAST);
}
