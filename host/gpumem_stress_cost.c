// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What tracing a pair of calls costs the victim, beside three bare probes: rounds of all three, in
 * turn and in changing order, so that whatever else the host does meets all of them alike.
 */
#include <errno.h>
#include <string.h>

#include "gpumem_bare.h"
#include "gpumem_stress.h"
#include "util.h"

#define ROUNDS_MOST 9

/* The tracer first: it says best why it cannot run here. */
static const char *const states[] = {"traced", "none", "bare"};

/* One state of a round: adds it to run->rounds. */
static int run_state(struct stress_run *run, int round, const char *state)
{
	const struct stress_case load = {.id = "cost",
					 .title = "cost",
					 .free_ratio = 1,
					 .bytes = 2048,
					 .count = run->quick ? 20000 : 40000,
					 .seconds = 20,
					 .prints = "nothing",
					 .of = "cost"};
	struct trial trial = {.load = &load, .traced = !strcmp(state, "traced")};
	struct gpumem_bare *bare = NULL;
	int code;

	if (!strcmp(state, "bare")) {
		bare = gpumem_bare_open(&run->library);
		if (!bare) {
			snprintf(run->why, sizeof(run->why), "cannot set three bare probes: %s",
				 strerror(errno));
			return EXIT_FAILED;
		}
	}
	code = stress_trial(run, &trial);
	gpumem_bare_close(bare);
	if (!code)
		json_array_append_new(
			run->rounds, json_pack("{s:i, s:s, s:s, s:O?, s:O?}", "round", round,
					       "state", state, "reason", trial.why, "allocate_ns",
					       json_object_get(trial.truth, "allocate_ns"),
					       "free_ns", json_object_get(trial.truth, "free_ns")));
	json_decref(trial.truth);
	return code;
}

int stress_cost(struct stress_run *run)
{
	int rounds = run->quick ? 3 : ROUNDS_MOST, code = EXIT_OK;

	stress_progress(run, "what a pair of calls costs");
	for (int round = 0; !code && round < rounds; round++)
		for (size_t i = 0; !code && i < ARRAY_SIZE(states); i++)
			code = run_state(run, round, states[(i + round) % ARRAY_SIZE(states)]);
	return code;
}
