// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A probe that did not run costs nothing: no figure of it counts until its counts are right. */
#include <inttypes.h>
#include <stdio.h>

#include "probed.h"

static char why[160];

static const char *differs(const char *what, uint64_t counted, uint64_t expected)
{
	snprintf(why, sizeof(why), "%s: %" PRIu64 " counted, not %" PRIu64, what, counted,
		 expected);
	return why;
}

/* What the probe keeps must agree with what it counted apart from it. */
static const char *kept(const struct probe *probe, const struct probe_counts *counts, uint64_t hits)
{
	switch (probe->keeps) {
	case PROBE_KEEPS_NOTHING:
		break;
	case PROBE_KEEPS_RING:
	case PROBE_KEEPS_HOST_RING:
		if (counts->drained + counts->lost != counts->events)
			return differs("events drained and lost", counts->drained + counts->lost,
				       counts->events);
		if (!counts->lost && counts->drained_hits != hits)
			return differs("lanes of events", counts->drained_hits, hits);
		break;
	case PROBE_KEEPS_THREADS:
	case PROBE_KEEPS_ARRAY:
	case PROBE_KEEPS_HASH:
	case PROBE_KEEPS_HOST_ARRAY:
		if (counts->sum + counts->overflow != hits)
			return differs("sum of elements", counts->sum + counts->overflow, hits);
		break;
	}
	return NULL;
}

const char *probe_proof(const struct probe *probe, const struct probe_counts *counts,
			uint64_t threads, uint64_t accesses)
{
	if (!probe)
		return NULL;
	if (probe->at & PROBE_AT_ENTRY && counts->entries != threads)
		return differs("threads that entered", counts->entries, threads);
	if (probe->at & PROBE_AT_EXIT && counts->exits != threads)
		return differs("threads that left", counts->exits, threads);
	if (probe->at & PROBE_AT_ACCESS && accesses != ~0ull && counts->accesses != accesses)
		return differs("accesses", counts->accesses, accesses);
	if (probe->at & PROBE_AT_ACCESS && !counts->accesses)
		return "no access was counted";
	return kept(probe, counts,
		    probe->at & PROBE_AT_ACCESS ? counts->accesses : counts->entries);
}
