/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is a row what it says? The host's counts of its exits (proof.json) against exits.def. */
#ifndef EXITLAB_VERDICT_H
#define EXITLAB_VERDICT_H

#include <jansson.h>
#include <stdbool.h>

#include "exit_rows.h"
#include "proof.h"

/* Most ticks of an empty bracket in which RDTSC does not exit. */
#define CANARY_LIMIT 200

enum verdict_kind {
	VERDICT_PROVED,	  /* the expected exits and no others, counted exactly */
	VERDICT_UNPROVEN, /* nobody counted; the reason says what to grant */
	VERDICT_INVALID,  /* the counts, or the run, contradict the row */
	VERDICT_WAIVED,	  /* the row cannot run on this machine */
	VERDICT_NO_EXIT,  /* under TCG an instruction is emulated, it does not exit */
};

/* "PROVED", "UNPROVEN", "INVALID", "WAIVED", "NO-EXIT". */
const char *verdict_name(enum verdict_kind kind);

struct verdict {
	enum verdict_kind kind;
	char reason[400]; /* one line; empty for PROVED */
};

/* What is known of a whole run, before its rows are looked at. */
struct evidence {
	const json_t *proof;	/* checked by proof_check(); NULL: there is no proof.json */
	bool tcg;		/* the guest ran without KVM */
	uint32_t limit;		/* CANARY_LIMIT, or 0 where the clock says nothing (emulated TSC) */
	uint32_t user_canary;	/* p50 of user.empty, ticks; 0 not run */
	uint32_t kernel_canary; /* p50 of kernel.empty, ticks; 0 not run */
};

/*
 * The verdict on a row that ran in the timed pass; executed is how often its instruction ran in
 * the proof pass, 0 when the row was not in it. A waived row needs no verdict from here.
 */
void verdict_row(const struct evidence *evidence, const struct exit_row *row, uint64_t executed,
		 struct verdict *verdict);

/*
 * The "proof" object of summary.json: expected, executed, exits, userspace_exits, other and events.
 * NULL where nothing was counted for the row. The caller owns it.
 */
json_t *verdict_proof(const struct evidence *evidence, const struct exit_row *row,
		      uint64_t executed);

#endif
