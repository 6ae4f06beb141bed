// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The stressor's truth against what the tracer saw. */
#include <string.h>

#include "json_file.h"
#include "report_gpumem.h"
#include "util.h"

/* A number of both "total" objects, and of what the tracer lost. */
static const struct {
	const char *truth, *seen, *also_seen, *lost;
	bool bytes_lost;   /* lost calls are of so many bytes */
	bool without_loss; /* to be compared only where nothing was lost */
} numbers[] = {
	{"allocations", "allocations", NULL, "allocations", false, false},
	{"frees", "frees", NULL, "frees", false, false},
	{"failed_allocations", "failed_allocations", NULL, NULL, false, true},
	{"failed_frees", "failed_frees", NULL, NULL, false, true},
	{"allocated_bytes", "allocated_bytes", NULL, "allocations", true, false},
	{"freed_bytes", "freed_bytes", NULL, NULL, false, true},
	{"live_pointers", "live", "leaked", NULL, false, true},
	{"live_bytes", "live_bytes", "leaked_bytes", NULL, false, true},
};

/* Calls, for which no two numbers have the same calls. */
static const char *const calls[] = {"allocations", "frees", "failed_allocations", "failed_frees"};
static const char *const losses[] = {"allocations", "frees", "failures", "untracked", "missed"};

static uint64_t number(const json_t *object, const char *path)
{
	return json_integer_value(json_member(object, path));
}

static uint64_t sum(const json_t *object, const char *of, const char *const *keys, size_t count)
{
	const json_t *part = json_object_get(object, of);
	uint64_t all = 0;

	for (size_t i = 0; i < count; i++)
		all += number(part, keys[i]);
	return all;
}

uint64_t stress_calls(const json_t *truth)
{
	return sum(truth, "total", calls, ARRAY_SIZE(calls));
}

uint64_t stress_seen(const json_t *trace)
{
	return sum(trace, "total", calls, ARRAY_SIZE(calls));
}

uint64_t stress_lost(const json_t *trace)
{
	return sum(trace, "lost", losses, ARRAY_SIZE(losses));
}

/* Are all of the numbers there? A missing one is no zero. */
static bool is_whole(const json_t *object, const char *of, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!json_is_integer(json_object_get(json_object_get(object, of), keys[i])))
			return false;
	return true;
}

static bool are_whole(const json_t *truth, const json_t *trace, char *why, size_t size)
{
	const json_t *seen = json_object_get(trace, "total"),
		     *did = json_object_get(truth, "total");
	bool whole = !strcmp(json_text(truth, "schema"), "exitlab-stress/1") &&
		     !strcmp(json_text(trace, "schema"), "exitlab-gpumem/1") &&
		     is_whole(trace, "lost", losses, ARRAY_SIZE(losses)) &&
		     json_is_integer(json_member(truth, "plan.allocate_size"));

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		whole = whole && json_is_integer(json_object_get(did, numbers[i].truth)) &&
			json_is_integer(json_object_get(seen, numbers[i].seen));
	if (!whole)
		snprintf(why, size, "the truth or the trace lacks numbers");
	else if (number(truth, "missing") || number(did, "unexpected"))
		snprintf(why, size, "the stressor does not know all that it did");
	else
		return true;
	return false;
}

bool stress_is_exact(const json_t *truth, const json_t *trace, char *why, size_t size)
{
	const json_t *seen = json_object_get(trace, "total"),
		     *lost = json_object_get(trace, "lost");
	uint64_t did = stress_calls(truth), all = stress_seen(trace) + stress_lost(trace);
	bool unknown = number(lost, "untracked") || number(lost, "missed");

	if (!are_whole(truth, trace, why, size))
		return false;
	if (did != all) {
		snprintf(why, size, "%ju calls were made, %ju seen and %ju lost", (uintmax_t)did,
			 (uintmax_t)stress_seen(trace), (uintmax_t)stress_lost(trace));
		return false;
	}
	/* Of calls that the kernel did not follow nobody knows which they were. */
	for (size_t i = 0; !unknown && i < ARRAY_SIZE(numbers); i++) {
		uint64_t truly = number(json_object_get(truth, "total"), numbers[i].truth);
		uint64_t found = number(seen, numbers[i].seen);

		if (numbers[i].without_loss && stress_lost(trace))
			continue;
		if (numbers[i].also_seen)
			found += number(seen, numbers[i].also_seen);
		if (numbers[i].lost)
			found += number(lost, numbers[i].lost) *
				 (numbers[i].bytes_lost ? number(truth, "plan.allocate_size") : 1);
		if (found == truly)
			continue;
		snprintf(why, size, "%s: %ju in truth, the tracer has %ju", numbers[i].truth,
			 (uintmax_t)truly, (uintmax_t)found);
		return false;
	}
	return true;
}

bool stress_pair_ns(const json_t *latencies, const char *which, double *ns)
{
	const json_t *allocate = json_member(latencies, "allocate_ns");
	const json_t *release = json_member(latencies, "free_ns");

	*ns = json_number_value(json_object_get(allocate, which)) +
	      json_number_value(json_object_get(release, which));
	return json_is_number(json_object_get(allocate, which));
}
