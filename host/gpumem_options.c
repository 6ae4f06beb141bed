// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpumem_metrics.h"
#include "gpumem_options.h"
#include "option_number.h"

#define RING_MOST     (1l << 30)
#define POINTERS_MOST (1l << 28)

enum { LIBCUDA = 256, RING_SIZE, OLDER, STACKS, SUMMARY_ONLY, MAX_POINTERS, CSV, METRICS };

static const struct argp_option option_list[] = {
	{"pid", 'p', "PID", 0, "trace this process [all]", 0},
	{"comm", 'c', "NAME", 0, "trace only processes of this name [all]", 0},
	{"follow", 'f', 0, 0, "of --pid: those that it starts, too", 0},
	{"libcuda", LIBCUDA, "FILE", 0, "the library to probe [what the process has, or ldconfig]",
	 0},
	{"duration", 'd', "SECONDS", 0, "end after this time [when what is traced ends]", 0},
	{"interval", 'i', "SECONDS", 0,
	 "refresh the live table, or write rows of CSV, so often; 0 for none [1 on a terminal and "
	 "of --csv, else 0]",
	 0},
	{"top", 't', "N", 0,
	 "the processes with the most memory in a table, the largest leaks [10]", 0},
	{"leaks", 'l', 0, 0, "report what is leaked, or live, by where it came from", 0},
	{"older", OLDER, "SECONDS", 0, "of --leaks: what has been live for so long [0]", 0},
	{"stacks", STACKS, 0, 0, "of --leaks: by which calls of the program, too", 0},
	{"events", 'e', 0, 0, "print a line for each call", 0},
	{"json", 'j', 0, 0, "print JSON (schema exitlab-gpumem/1)", 0},
	{"summary-only", SUMMARY_ONLY, 0, 0,
	 "add up in the kernel, without an event for each call: same totals", 0},
	{"max-pointers", MAX_POINTERS, "N", 0,
	 "of --summary-only: pointers that can be live at one time [1048576]", 0},
	{"csv", CSV, 0, 0, "write rows of CSV: of processes, or with --events of calls", 0},
	{"metrics", METRICS, "ADDRESS:PORT", 0,
	 "serve the figures as OpenMetrics there, at /metrics: 127.0.0.1:9000, [::1]:9000; port 0 for "
	 "any",
	 0},
	{"output", 'o', "FILE", 0, "write there instead of to stdout", 0},
	{"ring-size", RING_SIZE, "SIZE", 0,
	 "buffer in the kernel, a power of two: 4k to 1024m [16m]", 0},
	{0},
};

/* 4096, 64k, 16m. */
static long parse_size(const char *text, struct argp_state *state)
{
	char *end;
	long size = strtol(text, &end, 10);

	if (end != text && *end && !end[1] && size > 0 && size <= RING_MOST)
		size <<= *end == 'k' || *end == 'K' ? 10 : *end == 'm' || *end == 'M' ? 20 : 62;
	else if (end == text || *end)
		size = 0;
	if (size < sysconf(_SC_PAGESIZE) || size > RING_MOST || size & (size - 1))
		argp_error(state, "--ring-size: \"%s\" is no power of two from 4k to 1024m", text);
	return size;
}

static void check(struct gpumem_options *options, struct argp_state *state)
{
	if (options->command && (options->scope.process || options->scope.name))
		argp_error(state, "a command, --pid or --comm: one of them");
	if (options->scope.process && options->scope.name)
		argp_error(state, "--pid or --comm: one of them");
	if (options->scope.follow && !options->scope.process)
		argp_error(state, "--follow is of --pid; the children of a command are traced");
	if (options->scope.summary_only && (options->events || options->leaks))
		argp_error(state, "--summary-only has no %s",
			   options->events ? "events" : "leaks by where they came from");
	if (options->csv && options->leaks)
		argp_error(state, "--csv has no leaks: take --json");
	if (options->csv && options->json)
		argp_error(state, "--csv or --json: one of them");
	/* A table and events in one stream would be neither; with --output there are two. */
	if (options->events || (options->json && !options->output))
		options->interval = 0;
	else if (options->interval < 0)
		options->interval = options->csv || (!options->output && isatty(STDOUT_FILENO));
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct gpumem_options *options = state->input;

	switch (key) {
	case 'p':
		options->scope.process = option_number(argument, 1, INT_MAX, "--pid", state);
		return 0;
	case 'c':
		if (!*argument || strlen(argument) >= GPUMEM_NAME)
			argp_error(state, "--comm: a name has 1 to %d characters", GPUMEM_NAME - 1);
		options->scope.name = argument;
		return 0;
	case 'f':
		options->scope.follow = true;
		return 0;
	case LIBCUDA:
		options->libcuda = argument;
		return 0;
	case 'd':
		options->duration = option_seconds(argument, 0, 1e9, "--duration", state);
		return 0;
	case 'i':
		options->interval = option_seconds(argument, 0, 1e9, "--interval", state);
		return 0;
	case 't':
		options->top = option_number(argument, 1, INT_MAX, "--top", state);
		options->top_given = true;
		return 0;
	case 'l':
		options->leaks = true;
		return 0;
	case OLDER:
		options->older = option_seconds(argument, 0, 1e7, "--older", state);
		options->leaks = true;
		return 0;
	case STACKS:
		options->leaks = options->scope.stacks = true;
		return 0;
	case 'e':
		options->events = true;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case METRICS:
		if (!gpumem_metrics_address(argument, &options->metrics))
			argp_error(
				state,
				"--metrics: \"%s\" is no port of the loopback, as 127.0.0.1:9000 or "
				"[::1]:9000",
				argument);
		return 0;
	case CSV:
		options->csv = true;
		return 0;
	case 'o':
		options->output = argument;
		return 0;
	case SUMMARY_ONLY:
		options->scope.summary_only = true;
		return 0;
	case MAX_POINTERS:
		options->scope.pointers =
			option_number(argument, 1, POINTERS_MOST, "--max-pointers", state);
		return 0;
	case RING_SIZE:
		options->scope.ring_bytes = parse_size(argument, state);
		return 0;
	case ARGP_KEY_ARGS: /* the first word that is no option, and all behind it */
		options->command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		check(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list,
	parse,
	"[COMMAND [ARGUMENT...]]",
	"Traces who allocates and frees memory of the GPU: the calls of libcuda of a command and "
	"all that it starts, of a process, or of all processes.\v"
	"Ends with the command or the process, after --duration or on Ctrl-C, and prints the "
	"totals. Needs root, or CAP_BPF and CAP_PERFMON.",
	NULL,
	NULL,
	NULL};

void gpumem_options_parse(struct gpumem_options *options, int argc, char **argv)
{
	*options = (struct gpumem_options){
		.interval = -1, /* not given */
		.top = 10,
		.scope.ring_bytes = 16 << 20,
		.scope.pointers = 1 << 20,
	};
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, options);
}
