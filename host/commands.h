/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The commands of exitlab, one line each: dispatch and `exitlab help` read this table. A command is
 * `int cmd_<name>(int argc, char **argv)` in host/<name>.c, or host/<name>_cmd.c where other
 * commands use what it does; argv[0] is "exitlab <name>", and it returns an exit code of util.h.
 * An underscore of a name is typed as a hyphen.
 */
#ifndef EXITLAB_COMMANDS_H
#define EXITLAB_COMMANDS_H

/* clang-format off */
#define COMMANDS(COMMAND)                                                                          \
	COMMAND(boot,      "boot the appliance, run the rows, prove them, archive the run")        \
	COMMAND(lab,       "run any command on an emulated host that has KVM")                     \
	COMMAND(exitcount, "count the exits of a running QEMU by reason, with latency")            \
	COMMAND(floor,     "the same rows in a minimal VMM, without QEMU")                             \
	COMMAND(gpu,       "what GPU virtualisation costs, and how well tenants are isolated")        \
	COMMAND(guest_gpu, "pass a GPU to the guest, run the same there, give it back, compare")        \
	COMMAND(gpulock,   "who has what GPU memory, and may do which DMA: asks the kernel module")            \
	COMMAND(gpumem,    "who allocates and frees memory of the GPU, by probes on libcuda")              \
	COMMAND(gpumem_stress, "gpumem under load: exact or not, its CPU and memory, what a call costs") \
	COMMAND(report,    "raw records to summary.json, report.md, .html, .csv and plots")         \
	COMMAND(index,     "results/index.html: every run, by host and time")                           \
	COMMAND(compare,   "what changed between runs: ratios of medians, with verdicts")           \
	COMMAND(interfere, "disturb a CPU, to see what isolation keeps out")                     \
	COMMAND(ab,        "the same rows with and without isolation, in turn")  \
	COMMAND(pidmon,    "CPU, memory and disk of processes, as CSV")                                      \
	COMMAND(pathlength, "the path length of every row, by kernel, mitigations, machine, tracer")     \
	COMMAND(vfio,      "PCI devices for guests: taken from their drivers, and given back")           \
	COMMAND(doctor,    "what this host can do, what is missing, and the command that mends it")
/* clang-format on */

#define COMMAND(name, prose) int cmd_##name(int argc, char **argv);
COMMANDS(COMMAND)
#undef COMMAND

#endif
