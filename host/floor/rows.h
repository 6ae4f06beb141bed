/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rows of a run of `exitlab floor`, one after the other on one machine. */
#ifndef EXITLAB_FLOOR_ROWS_H
#define EXITLAB_FLOOR_ROWS_H

#include "../record.h"
#include "machine.h"
#include "run.h"
#include "stream.h"

#define RING_0 0
#define RING_3 3

/* Everything that the rows of a run share. */
struct rows {
	struct floor_run *run;
	struct stream stream;
	struct machine machine;
	bool machine_is_open;
	uint32_t room;			    /* samples of the largest row, warm-up included */
	uint32_t *scratch;		    /* room for as many, twice */
	char waived[EXIT_ROWS][RECORD_WHY]; /* why the row does not run; empty: it does */
	uint32_t floors[RING_3 + 1];	    /* median of the ring's empty bracket, ticks */
	struct record_header done;	    /* totals so far */
	uint64_t sent, taken; /* OUTBs of the proof pass: executed, and come to this process */
	uint8_t pass;
	bool on_amd;
};

/* Ends the run with an outcome other than RUN_DONE; the rest is the reason, printf-style. */
#define ROWS_FAIL(rows, result, ...)                                                               \
	do {                                                                                       \
		(rows)->run->outcome = (result);                                                   \
		snprintf((rows)->run->why, sizeof((rows)->run->why), __VA_ARGS__);                 \
	} while (0)

/* Finds out which rows cannot run, and what the others need. Ends the process without memory. */
void rows_prepare(struct rows *rows, struct floor_run *run);
void rows_free(struct rows *rows);

/* Is the row asked for? An empty bracket always is. */
bool rows_selected(const struct floor_run *run, int row);

/* A machine that refused a row may be in any state: the next row gets a new one. False: why. */
bool rows_have_machine(struct rows *rows, char why[MACHINE_WHY]);

/* Runs a pass and puts its rows, or why they do not run, on the stream. */
void rows_run(struct rows *rows, uint8_t pass);

#endif
