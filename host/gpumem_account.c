// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpumem_account.h"
#include "gpumem_calls.h"
#include "util.h"

void gpumem_accounts_begin(struct gpumem_accounts *accounts)
{
	memset(accounts, 0, sizeof(*accounts));
	accounts->end = &accounts->first;
}

static struct gpumem_account **bucket_of(struct gpumem_accounts *accounts, uint32_t process)
{
	return &accounts->buckets[process % ARRAY_SIZE(accounts->buckets)];
}

/* That of a process that runs; NULL: it has none. */
static struct gpumem_account *find(struct gpumem_accounts *accounts, uint32_t process)
{
	struct gpumem_account *account = accounts->last;

	if (account && account->process == process)
		return account;
	account = *bucket_of(accounts, process);
	while (account && account->process != process)
		account = account->bucket;
	if (account)
		accounts->last = account;
	return account;
}

struct gpumem_account *gpumem_accounts_add(struct gpumem_accounts *accounts, uint32_t process)
{
	struct gpumem_account **bucket = bucket_of(accounts, process);
	struct gpumem_account *account = calloc(1, sizeof(*account));

	if (!account)
		die("no memory for another process");
	account->process = process;
	account->bucket = *bucket;
	*bucket = account;
	*accounts->end = account;
	accounts->end = &account->next;
	accounts->number++;
	return account;
}

void gpumem_accounts_close(struct gpumem_accounts *accounts, struct gpumem_account *account,
			   enum gpumem_state state)
{
	struct gpumem_account **bucket = bucket_of(accounts, account->process);
	struct gpumem_counts *counts = &account->counts, *total = &accounts->total;

	while (*bucket != account)
		bucket = &(*bucket)->bucket;
	*bucket = account->bucket;
	accounts->last = NULL;
	account->state = state;
	counts->leaked = counts->live;
	counts->leaked_bytes = counts->live_bytes;
	total->leaked += counts->live;
	total->leaked_bytes += counts->live_bytes;
	total->live -= counts->live;
	total->live_bytes -= counts->live_bytes;
	counts->live = counts->live_bytes = 0;
	gpumem_live_clear(&account->live);
}

static void begin(struct gpumem_accounts *accounts, const struct gpumem_event *event)
{
	struct gpumem_account *account = find(accounts, event->process);

	/* Two threads may have begun their process at once. */
	if (account && account->start == event->time)
		return;
	if (account && account->start) /* the end of one with the same id was lost */
		gpumem_accounts_close(accounts, account, GPUMEM_EXITED);
	if (!account || account->start)
		account = gpumem_accounts_add(accounts, event->process);
	account->start = event->time;
	memcpy(account->name, event->name, sizeof(account->name));
	account->name[sizeof(account->name) - 1] = 0;
}

static void grow(struct gpumem_counts *counts, uint64_t bytes)
{
	counts->live_bytes += bytes;
	if (counts->live_bytes > counts->peak_bytes)
		counts->peak_bytes = counts->live_bytes;
}

static void allocate(struct gpumem_accounts *accounts, struct gpumem_account *account,
		     const struct gpumem_event *event)
{
	struct gpumem_counts *counts = &account->counts, *total = &accounts->total;
	struct gpumem_pointer fresh = {.pointer = event->pointer,
				       .time = event->time,
				       .kind = gpumem_calls[event->call].kind,
				       .bytes = event->bytes};
	struct gpumem_pointer *old = gpumem_live_find(&account->live, fresh.pointer, fresh.kind);

	counts->allocations++;
	total->allocations++;
	counts->allocated_bytes += event->bytes;
	total->allocated_bytes += event->bytes;
	if (old) {
		account->owed++;
		counts->live_bytes -= old->bytes;
		total->live_bytes -= old->bytes;
		counts->freed_bytes += old->bytes;
		total->freed_bytes += old->bytes;
		*old = fresh;
	} else if (fresh.pointer) {
		gpumem_live_add(&account->live, &fresh);
		counts->live++;
		total->live++;
	}
	grow(counts, event->bytes);
	grow(total, event->bytes);
}

static void release(struct gpumem_accounts *accounts, struct gpumem_account *account,
		    const struct gpumem_event *event)
{
	struct gpumem_counts *counts = &account->counts, *total = &accounts->total;
	struct gpumem_pointer *slot =
		gpumem_live_find(&account->live, event->pointer, gpumem_calls[event->call].kind);

	counts->frees++;
	total->frees++;
	/* One that was called before the pointer was given is of him who had it before. */
	if (slot && event->time >= slot->time) {
		counts->live--;
		total->live--;
		counts->live_bytes -= slot->bytes;
		total->live_bytes -= slot->bytes;
		counts->freed_bytes += slot->bytes;
		total->freed_bytes += slot->bytes;
		gpumem_live_remove(&account->live, slot);
	} else if (account->owed) {
		account->owed--;
	} else {
		counts->unknown_frees++;
		total->unknown_frees++;
	}
}

void gpumem_accounts_take(struct gpumem_accounts *accounts, const struct gpumem_event *event)
{
	struct gpumem_account *account = find(accounts, event->process);

	switch (event->type) {
	case GPUMEM_BEGIN:
		begin(accounts, event);
		return;
	case GPUMEM_EXEC:
	case GPUMEM_EXIT:
		if (account)
			gpumem_accounts_close(accounts, account,
					      event->type == GPUMEM_EXEC ? GPUMEM_REPLACED
									 : GPUMEM_EXITED);
		return;
	}
	if (!account) /* its BEGIN was lost */
		account = gpumem_accounts_add(accounts, event->process);
	switch (event->type) {
	case GPUMEM_ALLOCATION:
		allocate(accounts, account, event);
		break;
	case GPUMEM_RELEASE:
		release(accounts, account, event);
		break;
	case GPUMEM_FAILURE:
		if (gpumem_calls[event->call].shape == GPUMEM_FREE) {
			account->counts.failed_frees++;
			accounts->total.failed_frees++;
		} else {
			account->counts.failed_allocations++;
			accounts->total.failed_allocations++;
		}
		break;
	}
}

void gpumem_accounts_sweep(struct gpumem_accounts *accounts)
{
	for (struct gpumem_account *account = accounts->first; account; account = account->next)
		if (account->state == GPUMEM_RUNNING && kill(account->process, 0) && errno == ESRCH)
			gpumem_accounts_close(accounts, account, GPUMEM_EXITED);
}

void gpumem_accounts_end(struct gpumem_accounts *accounts)
{
	struct gpumem_account *next;

	for (struct gpumem_account *account = accounts->first; account; account = next) {
		next = account->next;
		gpumem_live_clear(&account->live);
		free(account);
	}
	gpumem_accounts_begin(accounts);
}
