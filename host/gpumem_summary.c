// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "clock.h"
#include "gpumem_summary.h"
#include "gpumem_summary_shared.h"
#include "util.h"

#define BATCH 1024 /* elements that are read in one go */

/* Of summaries, what is read of them at one time. */
struct found {
	uint32_t *programs;
	struct gpumem_summary *summaries;
	size_t number, size;
};

static void make_room(struct found *found)
{
	if (found->number + BATCH <= found->size)
		return;
	found->size = 2 * found->size + BATCH;
	found->programs = reallocarray(found->programs, found->size, sizeof(*found->programs));
	found->summaries = reallocarray(found->summaries, found->size, sizeof(*found->summaries));
	if (!found->programs || !found->summaries)
		die("no memory for another process");
}

/* One more batch of a map; from: where the last one ended. 1: there is more, 0: that was all, -1.
 */
static int read_batch(int map, uint32_t *from, bool first, void *keys, void *values,
		      uint32_t *number)
{
	int error;

	*number = BATCH;
	error = -bpf_map_lookup_batch(map, first ? NULL : from, from, keys, values, number, NULL);
	if (!error)
		return 1;
	if (error == ENOENT)
		return 0;
	pr_err("cannot read what was added up in the kernel: %s", strerror(error));
	return -1;
}

static int read_all(int map, struct found *found)
{
	bool first = true;
	uint32_t from, number;
	int more;

	do {
		make_room(found);
		more = read_batch(map, &from, first, found->programs + found->number,
				  found->summaries + found->number, &number);
		if (more >= 0)
			found->number += number;
		first = false;
	} while (more > 0);
	return more;
}

static struct gpumem_account *account_of(struct gpumem_summary_reader *reader,
					 struct gpumem_accounts *accounts, uint32_t program,
					 const struct gpumem_summary *summary)
{
	struct gpumem_account *account;

	if (program >= reader->size) {
		size_t size = 2 * (size_t)program + 64;

		reader->accounts = reallocarray(reader->accounts, size, sizeof(account));
		if (!reader->accounts)
			die("no memory for another process");
		memset(reader->accounts + reader->size, 0, (size - reader->size) * sizeof(account));
		reader->size = size;
	}
	account = reader->accounts[program];
	if (account)
		return account;
	account = gpumem_accounts_add(accounts, summary->process);
	account->start = summary->start;
	memcpy(account->name, summary->name, sizeof(account->name));
	account->name[sizeof(account->name) - 1] = 0;
	return reader->accounts[program] = account;
}

static void update(struct gpumem_account *account, const struct gpumem_summary *summary)
{
	account->counts = (struct gpumem_counts){
		.allocations = summary->allocations,
		.frees = summary->frees,
		.failed_allocations = summary->failed_allocations,
		.failed_frees = summary->failed_frees,
		.unknown_frees = summary->unknown_frees,
		.allocated_bytes = summary->allocated_bytes,
		.freed_bytes = summary->freed_bytes,
		.live = summary->live,
		.live_bytes = summary->live_bytes,
		.peak_bytes = summary->peak_bytes,
	};
}

/* Frees the places of pointers whose program has ended. */
static int sweep(const struct gpumem_summary_reader *reader)
{
	static struct gpumem_live_key keys[BATCH];
	static uint64_t bytes[BATCH];
	bool first = true;
	uint32_t from, number;
	int more;

	do {
		more = read_batch(reader->pointers, &from, first, keys, bytes, &number);
		for (uint32_t i = 0; more >= 0 && i < number; i++) {
			uint32_t program = keys[i].program;

			/* One that is not known yet has begun meanwhile. */
			if (program < reader->size && reader->accounts[program] &&
			    reader->accounts[program]->state != GPUMEM_RUNNING)
				bpf_map_delete_elem(reader->pointers, &keys[i]);
		}
		first = false;
	} while (more > 0);
	return more;
}

static void add_up(struct gpumem_accounts *accounts, uint64_t peak_bytes)
{
	struct gpumem_counts *total = &accounts->total;

	*total = (struct gpumem_counts){0};
	for (const struct gpumem_account *one = accounts->first; one; one = one->next) {
#define COUNT(name) total->name += one->counts.name;
		GPUMEM_COUNTS(COUNT)
#undef COUNT
	}
	total->peak_bytes = peak_bytes;
}

int gpumem_summary_read(struct gpumem_summary_reader *reader, struct gpumem_accounts *accounts)
{
	struct found found = {0};
	bool leaked = false;
	int failed = read_all(reader->summaries, &found);

	for (size_t i = 0; !failed && i < found.number; i++) {
		const struct gpumem_summary *summary = &found.summaries[i];
		struct gpumem_account *account;

		if (summary->stage == GPUMEM_UNBORN)
			continue;
		account = account_of(reader, accounts, found.programs[i], summary);
		update(account, summary);
		if (summary->stage == GPUMEM_LIVES)
			continue;
		leaked |= account->counts.live;
		gpumem_counts_end(&account->counts, account->counts.live,
				  account->counts.live_bytes, GPUMEM_LEAKED);
		gpumem_accounts_close(accounts, account,
				      summary->stage == GPUMEM_HAS_EXECED ? GPUMEM_REPLACED
									  : GPUMEM_EXITED,
				      now_ns());
		bpf_map_delete_elem(reader->summaries, &found.programs[i]);
	}
	free(found.programs);
	free(found.summaries);
	if (!failed && leaked)
		failed = sweep(reader);
	add_up(accounts, __atomic_load_n(reader->peak_bytes, __ATOMIC_RELAXED));
	return failed;
}

void gpumem_summary_end(struct gpumem_summary_reader *reader)
{
	free(reader->accounts);
	reader->accounts = NULL;
	reader->size = 0;
}
