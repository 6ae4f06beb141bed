// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <string.h>

#include "child.h"
#include "guest_gpu_options.h"
#include "hugepages.h"
#include "layout.h"
#include "option_number.h"
#include "util.h"

enum {
	OPTION_HUGEPAGES = 256,
	OPTION_INITRD,
	OPTION_KERNEL,
	OPTION_PCICHECK,
	OPTION_QEMU,
	OPTION_REFERENCE,
	OPTION_VCPUS
};

static const struct argp_option table[] = {
	{"device", 'D', "BDF,...", 0,
	 "What the guest gets: PCI addresses such as 0000:65:00.0, or VENDOR:DEVICE, all of that kind",
	 0},
	{"accel", 'a', "kvm|lab", 0,
	 "lab: the whole way on an emulated host, with QEMU's edu device for a GPU [kvm]", 0},
	{"memory", 'm', "MIB", 0, "Of the guest [what its image takes; with a GPU 8192 more]", 0},
	{"vcpus", OPTION_VCPUS, "N", 0, "Of the guest [1; with a GPU as the host has, 8 at most]",
	 0},
	{"hugepages", OPTION_HUGEPAGES, "2M|1G", 0,
	 "Take the guest's memory from reserved huge pages", 0},
	{"select", 's', "LIST", 0, "Metrics and categories of the GPU suite [all]", 0},
	{"quick", 'q', NULL, 0, "Fewer samples: a look in less than a minute", 0},
	{"reference", OPTION_REFERENCE, "RUN", 0,
	 "Compare with that run [the newest of `exitlab gpu` on this host]", 0},
	{"results", 'r', "DIR", 0, "Where the archive goes [results]", 0},
	{"deadline", 'd', "SECONDS", 0, "Longest time of the boot [3600; without a GPU 300]", 0},
	{"pcicheck", OPTION_PCICHECK, "OPTIONS", 0, "For pcicheck, which drives an edu device", 0},
	{"kernel", OPTION_KERNEL, "FILE", 0, "Guest kernel [the one that make built]", 0},
	{"initrd", OPTION_INITRD, "FILE", 0, "Guest image [the one that make built]", 0},
	{"qemu", OPTION_QEMU, "PROGRAM", 0, "The emulator [$QEMU, else qemu-system-x86_64]", 0},
	{0},
};

/* What becomes words on the guest's kernel command line, between quotes. */
static const char *words_of(const char *text, const char *option, struct argp_state *state)
{
	if (strlen(text) > 512 || strpbrk(text, "\"\n"))
		argp_error(state, "%s: at most 512 characters, and no quotes: %s", option, text);
	return text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct guest_gpu_options *options = state->input;

	switch (key) {
	case 'a':
		if (strcmp(argument, "kvm") && strcmp(argument, "lab"))
			argp_error(state, "--accel: neither kvm nor lab: %s", argument);
		options->accel = argument;
		return 0;
	case 'D':
		options->devices = argument;
		return 0;
	case 'd':
		options->deadline = option_number(argument, 1, 1000000, "--deadline", state);
		return 0;
	case 'm':
		options->memory_mib = option_number(argument, 128, 1 << 24, "--memory", state);
		return 0;
	case 'q':
		options->quick = true;
		return 0;
	case 'r':
		options->results = argument;
		return 0;
	case 's':
		options->select = words_of(argument, "--select", state);
		return 0;
	case OPTION_HUGEPAGES:
		options->page_mib = hugepages_mib(argument);
		if (!options->page_mib)
			argp_error(state, "--hugepages: neither 2M nor 1G: %s", argument);
		return 0;
	case OPTION_INITRD:
		options->initrd = argument;
		return 0;
	case OPTION_KERNEL:
		options->kernel = argument;
		return 0;
	case OPTION_PCICHECK:
		options->pcicheck = words_of(argument, "--pcicheck", state);
		return 0;
	case OPTION_QEMU:
		options->qemu = argument;
		return 0;
	case OPTION_REFERENCE:
		options->reference = argument;
		return 0;
	case OPTION_VCPUS:
		options->vcpus = option_number(argument, 1, 128, "--vcpus", state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: guest-gpu takes options only", argument);
		return 0;
	case ARGP_KEY_END:
		if (!options->devices && !strcmp(options->accel, "kvm"))
			argp_error(state, "which device? --device 0000:65:00.0, GPU= of make; "
					  "`exitlab vfio status` lists them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void guest_gpu_options_read(struct guest_gpu_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Take PCI devices from the host, boot the appliance with them, run the GPU "
		       "suite inside, give them back, archive the run and compare it with the "
		       "host's.\vSee exitlab-guest-gpu(1) and docs/passthrough.md.",
	};

	*options = (struct guest_gpu_options){
		.accel = "kvm", .results = "results", .qemu = qemu_program()};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}

void guest_gpu_options_write(const struct guest_gpu_options *options, struct words *command)
{
	const struct {
		const char *name;
		long value;
	} numbers[] = {{"--memory", options->memory_mib},
		       {"--vcpus", options->vcpus},
		       {"--deadline", options->deadline}};

	command_option(command, "--device", options->devices);
	command_option(command, "--reference", options->reference);
	command_option(command, "--kernel", options->kernel);
	command_option(command, "--initrd", options->initrd);
	command_option(command, "--qemu", options->qemu);
	command_option(command, "--select", options->select);
	command_option(command, "--pcicheck", options->pcicheck);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].value)
			command_number(command, numbers[i].name, numbers[i].value);
	if (options->page_mib)
		command_option(command, "--hugepages", options->page_mib == 2 ? "2M" : "1G");
	if (options->quick)
		words_add(command, "--quick");
}
