/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the runs of a test case come to: its distribution, what it costs beside its baseline. */
#ifndef EXITLAB_PROBES_OUTCOME_H
#define EXITLAB_PROBES_OUTCOME_H

#include "../../host/estimate.h"
#include "../../host/stats_real.h"
#include "trial.h"

#define ROUNDS_MOST 20

/*
 * A case whose ratio to its baseline lies wholly below 1 / (1 + this) is INVALID: a probe makes
 * nothing faster, so the two were not measured alike. Below it is what a launch varies by from
 * process to process.
 */
#define FASTER_MARGIN 0.02

struct series {
	double *samples; /* of all rounds; sorted when it has been summarised */
	size_t count;
	struct estimate medians[ROUNDS_MOST]; /* of each round, with the interval of its samples */
	struct stats_real stats;	      /* of the samples; n is 0 where there are none */
};

struct overhead {
	struct estimate ratio;	    /* of medians */
	struct estimate us;	    /* their difference, of a launch and its completion */
	struct estimate launch_us;  /* of the launch call alone; NAN where it is not known */
	struct estimate ns_per_hit; /* NAN where hits are not known */
	bool in_turns;		    /* against turns of the same process, not the baseline's */
};

struct case_outcome {
	enum trial_status status;
	char reason[512];
	size_t rounds;
	struct series whole, launch; /* launch: nothing where the workload is none of ours */
	struct series whole_off,
		launch_off;	  /* of turns without the probe; nothing: there are none */
	double median_us, p99_us; /* of all rounds; NAN: not known */
	struct estimate median;	  /* with the interval that has the rounds in it */
	uint64_t launches, threads, elements; /* of the last round */
	struct hits hits;		      /* of the last round, or of the run for the proof */
	bool compared;			      /* overhead is known */
	struct overhead overhead;
	char device[128], pci[32], cuda[32];
};

/* Adds a round, which becomes the outcome's where it is not ok. */
void outcome_add(struct case_outcome *outcome, const struct trial *trial);

/* Adds the run for the proof. */
void outcome_prove(struct case_outcome *outcome, const struct trial *trial);

/* Summarises the rounds of all cases, holds them against their baselines, and judges. */
void outcomes_judge(struct case_outcome *outcomes, const struct config *config);

void outcome_set(struct case_outcome *outcome, enum trial_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void outcome_free(struct case_outcome *outcome);

/*
 * What with costs more than its turns without the probe where it has some, else than base, round by
 * round: both have as many. hits_per_launch 0: not known.
 * Rounds are compared each with its own, so that what drifts from round to round is in the interval
 * once and not twice.
 */
void overhead_of(const struct case_outcome *base, const struct case_outcome *with,
		 double hits_per_launch, struct overhead *overhead);

#endif
