// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * stress: allocates and frees GPU memory at a given rate, and says exactly what it did: the truth
 * that a memory tracer is held against, and the load that its cost is measured under.
 */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/option_number.h"
#include "stress.h"

#define SIZE_MOST    (1ull << 50)
#define SECONDS_MOST 86400

enum {
	OPTION_PROCS = 256,
	OPTION_THREADS,
	OPTION_COUNT,
	OPTION_SEED,
	OPTION_CROSS,
	OPTION_HOLD,
	OPTION_FAIL_ALLOC,
	OPTION_FAIL_FREE,
	OPTION_DIE_AFTER,
	OPTION_LINGER,
	OPTION_LIBCUDA,
	OPTION_ASYNC, /* from here on as ways has them */
	OPTION_MANAGED,
	OPTION_HOST,
	OPTION_VMM
};

static const struct way *const ways[] = {&way_async, &way_managed, &way_host, &way_vmm};

static const struct argp_option argp_options[] = {
	{"throughput", 't', "N", 0,
	 "Allocations a second, of all threads together; 0: as fast as it goes [1000]", 0},
	{"allocate-size", 's', "BYTES", 0, "Of each, with k, m or g [1024]", 0},
	{"free-ratio", 'r', "RATIO", 0, "1 frees all, 0 leaks all [1]", 0},
	{"duration", 'd', "SECONDS", 0, "How long [10]", 0},
	{"count", OPTION_COUNT, "N", 0,
	 "End after so many allocations, of all threads together [when the time is up]", 0},
	{"procs", OPTION_PROCS, "N", 0, "Processes, 1 to 64 [1]", 0},
	{"threads", OPTION_THREADS, "N", 0, "Threads of each process, 1 to 64 [1]", 0},
	{"seed", OPTION_SEED, "N", 0, "Of what is leaked and what fails [1]", 0},
	{0, 0, NULL, 0, "Which calls, instead of cuMemAlloc and cuMemFree:", 1},
	{"async", OPTION_ASYNC, NULL, 0, "cuMemAllocAsync and cuMemFreeAsync", 1},
	{"managed", OPTION_MANAGED, NULL, 0, "cuMemAllocManaged and cuMemFree", 1},
	{"host", OPTION_HOST, NULL, 0, "cuMemHostAlloc and cuMemFreeHost", 1},
	{"vmm", OPTION_VMM, NULL, 0, "cuMemCreate and cuMemRelease, mapped in between", 1},
	{0, 0, NULL, 0, "What becomes of them:", 2},
	{"cross", OPTION_CROSS, NULL, 0, "Another thread frees what a thread allocated", 2},
	{"hold", OPTION_HOLD, "N", 0,
	 "Blocks that a thread keeps; then it frees any of them for each new one [0]", 2},
	{"fail-alloc", OPTION_FAIL_ALLOC, "SHARE", 0,
	 "Share of the allocations that ask for more than the device has [0]", 2},
	{"fail-free", OPTION_FAIL_FREE, "SHARE", 0,
	 "Share of the allocations behind which a free fails: of a pointer that nobody has, or of "
	 "the new one by the wrong call [0]",
	 2},
	{"die-after", OPTION_DIE_AFTER, "N", 0,
	 "The first process kills itself after N allocations, and frees no more", 2},
	{"linger", OPTION_LINGER, "SECONDS", 0,
	 "Live on after the truth is out, with what was leaked; SIGINT ends that [0]", 2},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0, "The driver's library [libcuda.so.1]", 3},
	{0},
};

/* Bytes, with a suffix. */
static size_t size(const char *text, struct argp_state *state)
{
	static const char suffixes[] = "kmg";
	char *end;
	unsigned long long value = strtoull(text, &end, 10);
	const char *suffix = *end ? strchr(suffixes, tolower((unsigned char)*end)) : NULL;
	unsigned int shift = suffix ? (suffix - suffixes + 1) * 10 : 0;

	if (!isdigit((unsigned char)*text) || (*end && (!suffix || end[1])) || !value ||
	    value > SIZE_MOST >> shift)
		argp_error(state, "--allocate-size: \"%s\" is no size such as 1024 or 2m", text);
	return (size_t)value << shift;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct plan *plan = state->input;

	switch (key) {
	case 't':
		plan->throughput = option_number(argument, 0, 1000000000, "--throughput", state);
		return 0;
	case 's':
		plan->bytes = size(argument, state);
		return 0;
	case 'r':
		plan->free_ratio = option_real(argument, 0, 1, "--free-ratio", state);
		return 0;
	case 'd':
		plan->duration = option_real(argument, 0.001, SECONDS_MOST, "--duration", state);
		return 0;
	case OPTION_PROCS:
		plan->processes = option_number(argument, 1, PROCESSES_MOST, "--procs", state);
		return 0;
	case OPTION_THREADS:
		plan->threads = option_number(argument, 1, THREADS_MOST, "--threads", state);
		return 0;
	case OPTION_COUNT:
		plan->count = option_number(argument, 1, INT64_MAX, "--count", state);
		return 0;
	case OPTION_SEED:
		plan->seed = option_number(argument, 0, INT64_MAX, "--seed", state);
		return 0;
	case OPTION_ASYNC ... OPTION_VMM:
		if (plan->way != &way_sync && plan->way != ways[key - OPTION_ASYNC])
			argp_error(state, "--async, --managed, --host, --vmm: one of them");
		plan->way = ways[key - OPTION_ASYNC];
		return 0;
	case OPTION_CROSS:
		plan->cross = true;
		return 0;
	case OPTION_HOLD:
		plan->hold = option_number(argument, 0, HOLD_MOST, "--hold", state);
		return 0;
	case OPTION_FAIL_ALLOC:
		plan->fail_allocations = option_real(argument, 0, 1, "--fail-alloc", state);
		return 0;
	case OPTION_FAIL_FREE:
		plan->fail_frees = option_real(argument, 0, 1, "--fail-free", state);
		return 0;
	case OPTION_DIE_AFTER:
		plan->die_after = option_number(argument, 1, INT64_MAX, "--die-after", state);
		return 0;
	case OPTION_LINGER:
		plan->linger = option_real(argument, 0, SECONDS_MOST, "--linger", state);
		return 0;
	case OPTION_LIBCUDA:
		plan->libcuda = argument;
		return 0;
	case ARGP_KEY_END:
		if (plan->cross && plan->threads < 2)
			argp_error(state, "--cross takes --threads 2 or more");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.doc = "Allocate and free GPU memory at a given rate, and print exactly what was done, as "
	       "JSON (exitlab-stress/1).\v"
	       "Each call is due at a time that the start fixes, so that the rate does not drift. "
	       "What a stall has delayed is caught up with at twice the rate, 10 ms of it at once; "
	       "what is not done when the time is up is left out, and rate.reached says so.\n"
	       "SIGINT ends it early, with the truth until then. Exit codes: 0 ok, 1 a process is "
	       "missing or a call did what nobody asked for, 2 wrong usage, 77 no device.",
};

int main(int argc, char **argv)
{
	static struct crew crew = {
		.plan =
			{
				.way = &way_sync,
				.throughput = 1000,
				.bytes = 1024,
				.free_ratio = 1,
				.processes = 1,
				.threads = 1,
				.duration = 10,
				.seed = 1,
			},
	};

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &crew.plan);
	return crew_run(&crew);
}
