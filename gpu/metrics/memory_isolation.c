// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * IS-005: can a tenant read another's memory? Tenant 0 has the secret, tenant 1 looks for it; both
 * are told the key by which it is known, never the words.
 */
#include <string.h>
#include <sys/random.h>

#include "../works/secret.h"
#include "metrics.h"

enum { OWNER, READER };
enum { POINTER, RESIDUE }; /* points */

#define BYTES	    (64ull << 20)
#define BYTES_QUICK (16ull << 20)
#define PIECES	    4  /* of that size, which the reader looks into */
#define PIECES_EXIT 16 /* after the owner's exit: what it had may be anywhere */
#define EXITS	    3  /* each takes a new process */

/* Of one secret of a new key: orders for the owner and the reader. */
struct search {
	struct suite *suite;
	struct order owner, reader;
	char refused[64]; /* the error that the reader got; "": none */
};

static struct search search_begin(struct suite *suite, const struct metric *metric)
{
	struct search search = {
		.suite = suite,
		.owner = suite_order(suite, metric, "secret"),
		.reader = suite_order(suite, metric, "reader"),
	};
	uint64_t *argument = search.owner.argument;

	/* Where there is no random number, the time will do: nobody guesses the words. */
	if (getrandom(&argument[SECRET_KEY], sizeof(argument[SECRET_KEY]), 0) < 0)
		argument[SECRET_KEY] = now_ns() * 0x9e3779b97f4a7c15u;
	argument[SECRET_BYTES] = suite->options.quick ? BYTES_QUICK : BYTES;
	memcpy(search.reader.argument, argument, sizeof(search.reader.argument));
	search.reader.maximum = 1;
	return search;
}

/* Has one tenant do a work that was prepared. */
static bool go(struct suite *suite, int index, struct outcome *outcome)
{
	const struct member member = {SYSTEM, index};

	return tenants_go(suite, &member, 1, 0, outcome);
}

/* The reader reads in one of its ways. false: row says why; being refused is no fault. */
static bool look(struct search *search, uint64_t how, struct outcome *row)
{
	struct outcome seen = {0};
	bool ok;

	search->reader.argument[READER_HOW] = how;
	search->refused[0] = 0;
	ok = tenant_prepare(search->suite, SYSTEM, READER, &search->reader, &seen) &&
	     go(search->suite, READER, &seen);
	tenant_finish(search->suite, SYSTEM, READER);
	outcome_word(&seen, "refused", search->refused, sizeof(search->refused));
	outcome_set(row, seen.status, "the reader: %s", seen.reason);
	for (size_t i = 0; i < seen.count; i++)
		outcome_add(row, seen.samples[i]);
	outcome_free(&seen);
	return ok;
}

/*
 * What is shared on purpose must be seen, all of it, by the same code; where the system has no way
 * to share, what the reader itself has. The fact control of both rows: ipc, or own.
 */
static void control(struct suite *suite, const struct metric *metric, struct outcome *rows)
{
	struct search search = search_begin(suite, metric);
	struct outcome owner = {0}, reader = {0};
	bool shared, ok;

	search.owner.argument[SECRET_SHARED] = 1;
	ok = tenant_prepare(suite, SYSTEM, OWNER, &search.owner, &owner);
	shared = ok &&
		 outcome_word(&owner, "handle", search.reader.text, sizeof(search.reader.text));
	if (shared) {
		look(&search, READER_GIVEN, &reader);
		shared = reader.status != STATUS_WAIVED;
	}
	if (ok && !shared) {
		outcome_free(&reader);
		look(&search, READER_OWN, &reader);
	}
	ok = ok && !reader.status;
	tenant_finish(suite, SYSTEM, OWNER);
	for (int point = 0; point < 2; point++) {
		outcome_set(&rows[point], owner.status, "the control: %s", owner.reason);
		outcome_set(&rows[point], reader.status, "the control: %s", reader.reason);
		if (ok && reader.samples[0] != search.reader.argument[SECRET_BYTES])
			outcome_set(&rows[point], STATUS_INVALID,
				    "the control was not seen: %.0f of %ju bytes of a %s buffer",
				    reader.samples[0],
				    (uintmax_t)search.reader.argument[SECRET_BYTES],
				    shared ? "shared" : "tenant's own");
		outcome_fact(&rows[point], "control=%s", shared ? "ipc" : "own");
	}
	outcome_free(&owner);
	outcome_free(&reader);
}

/* intact, for this reason, or broken with what was read. */
static void judge(struct outcome *row, const char *reason)
{
	double most = outcome_percentile(row, 100);

	if (row->status)
		return;
	outcome_fact(row, "verdict=%s", most > 0 ? "broken" : "intact");
	if (most > 0)
		outcome_set(row, STATUS_OK, "broken: %.0f bytes of the secret were read", most);
	else
		outcome_set(row, STATUS_OK, "intact: %s", reason);
}

/* What came of reading an address, as a fact: the error, or that the reader has memory there, too.
 */
static void tell(struct outcome *row, const char *how, const struct search *search)
{
	outcome_fact(row, "%s=%s", how, *search->refused ? search->refused : "readable");
}

/* By its address: copies, then a kernel, whose illegal access costs the reader its context. */
static void by_pointer(struct suite *suite, const struct metric *metric, struct outcome *row)
{
	struct search search = search_begin(suite, metric);
	struct outcome owner = {0};

	if (row->status)
		return;
	if (tenant_prepare(suite, SYSTEM, OWNER, &search.owner, &owner)) {
		search.reader.argument[READER_ADDRESS] = outcome_number(&owner, "address");
		search.reader.maximum = suite_rounds(suite);
		if (look(&search, READER_COPY, row)) {
			tell(row, "copy", &search);
			/* Any other error may have broken its context. */
			if (strcmp(search.refused, "CUDA_ERROR_INVALID_VALUE"))
				tenant_kill(suite, SYSTEM, READER);
			search.reader.maximum = 1;
			if (look(&search, READER_KERNEL, row))
				tell(row, "kernel", &search);
		}
		tenant_kill(suite, SYSTEM, READER);
		go(suite, OWNER, &owner); /* it was there all the time */
	}
	tenant_finish(suite, SYSTEM, OWNER);
	outcome_set(row, owner.status, "the owner: %s", owner.reason);
	outcome_free(&owner);
	judge(row, *search.refused ? search.refused : "what is there is the reader's own");
}

/* One secret, that its owner frees or leaves behind; then the reader looks. */
static bool one_residue(struct suite *suite, const struct metric *metric, bool exits,
			struct outcome *row)
{
	struct search search = search_begin(suite, metric);
	struct outcome owner = {0};
	bool ok = tenant_prepare(suite, SYSTEM, OWNER, &search.owner, &owner);

	if (ok && exits)
		tenant_kill(suite, SYSTEM, OWNER);
	else
		ok = ok && go(suite, OWNER, &owner);
	outcome_set(row, owner.status, "the owner: %s", owner.reason);
	search.reader.argument[READER_PIECES] = exits ? PIECES_EXIT : PIECES;
	ok = ok && look(&search, READER_FRESH, row);
	tenant_finish(suite, SYSTEM, OWNER);
	outcome_free(&owner);
	return ok;
}

/* Secrets that are freed, as many as there is time for, then some that are left behind. */
static void by_residue(struct suite *suite, const struct metric *metric, struct outcome *row)
{
	int exits = suite->options.quick ? 1 : EXITS, freed = 0;
	uint64_t end = now_ns() + (uint64_t)(suite_order(suite, metric, "reader").cap * SECOND);
	bool ok = !row->status;

	while (ok && freed < suite_rounds(suite) - exits && (!freed || now_ns() < end)) {
		ok = one_residue(suite, metric, false, row);
		freed++;
	}
	for (int i = 0; ok && i < exits; i++)
		ok = one_residue(suite, metric, true, row);
	if (!ok)
		return;
	outcome_fact(row, "freed=%d", freed);
	outcome_fact(row, "exited=%d", exits);
	judge(row, "nothing of it was found");
}

METRIC_RUN(memory_isolation)
{
	struct outcome rows[2] = {0};

	control(suite, metric, rows);
	/* The pointer last: it costs the reader its context. */
	by_residue(suite, metric, &rows[RESIDUE]);
	by_pointer(suite, metric, &rows[POINTER]);
	suite_emit(suite, metric, POINTER, &rows[POINTER]);
	suite_emit(suite, metric, RESIDUE, &rows[RESIDUE]);
}
