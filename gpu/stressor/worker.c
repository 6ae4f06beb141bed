// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A thread of the stressor: allocates when it is time, and frees, keeps, hands over or leaks what
 * it got. Each event draws the same numbers whatever comes of it, so that two runs with the same
 * seed that do the same number of events leak the same.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "worker.h"

/* splitmix64: 0 to 2^32 - 1. */
static uint32_t draw(uint64_t *random)
{
	uint64_t z = *random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) >> 32;
}

/* true for a share of the numbers: all for 1, none for 0. */
static bool is_within(uint32_t drawn, double share)
{
	return drawn < share * 0x1p32;
}

static void unexpected(struct worker *worker, const char *doing, CUresult error)
{
	struct process *process = worker->process;

	worker->totals.unexpected++;
	pthread_mutex_lock(&process->lock);
	if (!*process->what)
		snprintf(process->what, sizeof(process->what), "%s %s: %s", doing,
			 error ? "failed" : "was to fail", driver_error(error));
	pthread_mutex_unlock(&process->lock);
}

static void count_free(struct worker *worker, const struct block *block)
{
	struct process *process = worker->process;

	worker->totals.frees++;
	worker->totals.cross_frees += block->thread != worker->index;
	worker->totals.freed_bytes += block->bytes;
	level_take(&process->level, block->bytes);
	level_take(&process->shared->level, block->bytes);
}

static void release(struct worker *worker, struct block *block)
{
	const struct way *way = worker->process->plan->way;
	CUresult error;
	uint64_t ns;

	if (way->unmap)
		way->unmap(block);
	error = way->release(block, &ns);
	if (error) {
		worker->totals.failed_frees++;
		unexpected(worker, "a free", error);
		return;
	}
	latency_add(&worker->release, ns);
	count_free(worker, block);
}

/* The block is live, if the call did what it had to do. */
static bool allocate(struct worker *worker, bool fails, struct block *block)
{
	struct process *process = worker->process;
	const struct way *way = process->plan->way;
	CUresult error;
	uint64_t ns;

	*block = (struct block){
		.bytes = fails ? process->beyond : process->bytes,
		.thread = worker->index,
	};
	error = way->allocate(block, &ns);
	if (!error != !fails)
		unexpected(worker, "an allocation", error);
	if (error) {
		worker->totals.failed_allocations++;
		return false;
	}
	latency_add(&worker->allocate, ns);
	worker->totals.allocations++;
	worker->totals.allocated_bytes += block->bytes;
	level_add(&process->level, block->bytes);
	level_add(&process->shared->level, block->bytes);
	error = way->map ? way->map(block) : CUDA_SUCCESS;
	if (error)
		unexpected(worker, "mapping", error);
	return true;
}

/* A free that must fail. false: the block is gone, since it did not. */
static bool misuse(struct worker *worker, const struct block *block, uint32_t which)
{
	if (worker->process->plan->way->misuse(block, which)) {
		worker->totals.failed_frees++;
		return true;
	}
	unexpected(worker, "a free", CUDA_SUCCESS);
	count_free(worker, block);
	return false;
}

/* Frees the block, or, once there are as many as a thread keeps, one of those for it. */
static void keep_or_release(struct worker *worker, struct block block)
{
	const unsigned int hold = worker->process->plan->hold;

	if (worker->held_count < hold) {
		worker->held[worker->held_count++] = block;
		return;
	}
	if (hold) {
		struct block *old = &worker->held[draw(&worker->random_held) % hold], kept = block;

		block = *old;
		*old = kept;
	}
	release(worker, &block);
}

/* Frees what the thread before this one handed over. */
static void receive(struct worker *worker)
{
	uint64_t put = worker->inbox.put;

	for (uint64_t at = worker->inbox.taken; at < put; worker->inbox.taken = ++at)
		keep_or_release(worker, worker->inbox.blocks[at % INBOX]);
}

/*
 * To the next thread. Where its inbox is full, this thread empties its own until there is room, so
 * that no circle of threads waits for each other.
 */
static void hand_over(struct worker *worker, const struct block *block)
{
	struct process *process = worker->process;
	struct worker *next = &process->workers[(worker->index + 1) % process->plan->threads];
	uint64_t put = next->inbox.put;

	while (put - next->inbox.taken == INBOX) {
		if (process->dying)
			return;
		receive(worker);
		usleep(10);
	}
	next->inbox.blocks[put % INBOX] = *block;
	next->inbox.put = put + 1;
}

/* One event. */
static void operate(struct worker *worker)
{
	const struct plan *plan = worker->process->plan;
	bool fails = is_within(draw(&worker->random), plan->fail_allocations);
	bool misuses = is_within(draw(&worker->random), plan->fail_frees);
	bool frees = is_within(draw(&worker->random), plan->free_ratio);
	uint32_t which = draw(&worker->random);
	struct block block;

	if (!allocate(worker, fails, &block))
		return;
	if (misuses && !misuse(worker, &block, which))
		return;
	if (frees && plan->cross)
		hand_over(worker, &block);
	else if (frees)
		keep_or_release(worker, block);
}

/* Waits for the next event. false: there is none, the time is up or the process ends. */
static bool is_due(struct worker *worker)
{
	struct process *process = worker->process;
	struct shared *shared = process->shared;
	const uint64_t count = process->plan->count;
	uint64_t due = pace_due(&worker->pace), now = monotonic_ns();

	if (due >= shared->deadline || now >= shared->deadline) {
		phase_wait(shared, PHASE_GOING, shared->deadline);
		return false;
	}
	if (count && pace_event(&worker->pace) >= count) {
		phase_wait(shared, PHASE_GOING, pace_time(&worker->pace, count));
		return false;
	}
	if (due > now ? phase_wait(shared, PHASE_GOING, due) != PHASE_GOING
		      : shared->phase != PHASE_GOING)
		return false;
	if (process->dying)
		return false;
	if (process->plan->die_after && process->index == 0 &&
	    process->tickets++ >= process->plan->die_after) {
		process->dying = true;
		return false;
	}
	pace_began(&worker->pace, due > now ? monotonic_ns() : now);
	return true;
}

/* Frees what is not to be leaked, once no thread hands anything over any more. */
static void finish(struct worker *worker)
{
	struct process *process = worker->process;
	bool last;

	do {
		last = !process->allocating;
		receive(worker);
		if (!last)
			usleep(100);
	} while (!last && !process->dying);
	while (worker->held_count && !process->dying)
		release(worker, &worker->held[--worker->held_count]);
}

void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct process *process = worker->process;
	const struct plan *plan = process->plan;

	cu.CtxSetCurrent(process->context);
	worker->tid = gettid();
	phase_wait(process->shared, PHASE_READYING, UINT64_MAX);
	worker->pace = (struct pace){
		.start = process->shared->start,
		.rate = plan->throughput,
		.worker = worker->index * plan->processes + process->index,
		.workers = plan->processes * plan->threads,
	};
	if (phase_wait(process->shared, PHASE_GOING, worker->pace.start) == PHASE_GOING)
		while (is_due(worker)) {
			operate(worker);
			receive(worker);
		}
	worker->end = monotonic_ns();
	process->allocating--;
	finish(worker);
	return NULL;
}
