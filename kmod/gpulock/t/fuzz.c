// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random calls, the same in every run: first against a model, which knows what each must answer,
 * then with arguments that are anything. FUZZ= says how many of each [20000].
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"
#include "tap.h"

#define AGENTS	  4u
#define ADDRESSES 128u /* that the model knows, of each agent */
#define HELD	  32u
#define LIMIT	  40000ull
#define SEED	  2026

static int fd;
static uint64_t state = SEED;
static long wrong;

static struct {
	uint8_t access[ADDRESSES];
	uint64_t used, allocations, peak, checks, denials;
} model[AGENTS + 1];

static struct {
	uint64_t id, size, dma_start;
	uint32_t agent;
} held[HELD];

static void expect(const char *what, long got, long wanted)
{
	if (got == wanted)
		return;
	if (wrong++ < 5)
		note("%s: %ld, not %ld", what, got, wanted);
}

static bool any(uint32_t agent, uint32_t start, uint32_t size)
{
	for (uint32_t i = start; i < start + size; i++)
		if (model[agent].access[i])
			return true;
	return false;
}

static int allowed(uint32_t agent, uint32_t start, uint32_t size, uint32_t access)
{
	for (uint32_t i = start; i < start + size; i++)
		if (access & ~model[agent].access[i])
			return 0;
	return 1;
}

static void do_grants(uint32_t agent)
{
	uint32_t start = random_below(&state, ADDRESSES);
	uint32_t size = 1 + random_below(&state, 12), access = 1 + random_below(&state, 7);

	if (start + size > ADDRESSES)
		size = ADDRESSES - start;
	switch (random_below(&state, 5)) {
	case 0:
		expect("GRANT", grant(fd, agent, start, size, access),
		       any(agent, start, size) ? EEXIST : 0);
		if (!any(agent, start, size))
			memset(model[agent].access + start, access, size);
		return;
	case 1:
		expect("REVOKE", revoke(fd, agent, start, size),
		       any(agent, start, size) ? 0 : ENOENT);
		memset(model[agent].access + start, 0, size);
		return;
	default:
		expect("CHECK", check(fd, agent, start, size, access),
		       allowed(agent, start, size, access));
		model[agent].checks++;
		model[agent].denials += !allowed(agent, start, size, access);
	}
}

static void do_alloc(uint32_t agent, uint32_t slot)
{
	uint64_t size = random_below(&state, 10) ? 1 + random_below(&state, 9000)
						 : UINT64_MAX - random_below(&state, 50000);
	bool fits = size <= LIMIT - model[agent].used;
	struct gpulock_alloc request;

	expect("ALLOC", alloc(fd, agent, size, &request), fits ? 0 : EDQUOT);
	if (!fits)
		return;
	model[agent].used += size;
	model[agent].allocations++;
	if (model[agent].used > model[agent].peak)
		model[agent].peak = model[agent].used;
	for (uint32_t i = 0; i < HELD; i++)
		if (held[i].id && held[i].dma_start < request.dma_start + size &&
		    request.dma_start < held[i].dma_start + held[i].size)
			expect("ALLOC of addresses that are another's", 1, 0);
	held[slot].id = request.id;
	held[slot].size = size;
	held[slot].dma_start = request.dma_start;
	held[slot].agent = agent;
}

static void do_allocations(uint32_t agent)
{
	uint32_t slot = random_below(&state, HELD);
	struct gpulock_query now;

	if (!held[slot].id) {
		do_alloc(agent, slot);
	} else {
		expect("FREE", free_id(fd, held[slot].id), 0);
		expect("FREE once more", free_id(fd, held[slot].id), ENOENT);
		model[held[slot].agent].used -= held[slot].size;
		model[held[slot].agent].allocations--;
		held[slot].id = 0;
	}
	expect("QUERY", query(fd, agent, &now), 0);
	expect("used", now.used, model[agent].used);
	expect("peak", now.peak, model[agent].peak);
	expect("allocations", now.allocations, model[agent].allocations);
	expect("checks", now.checks, model[agent].checks);
	expect("denials", now.denials, model[agent].denials);
}

static void against_model(long calls)
{
	for (uint32_t agent = 1; agent <= AGENTS; agent++)
		set_quota(fd, agent, LIMIT);
	for (long i = 0; i < calls; i++) {
		uint32_t agent = 1 + random_below(&state, AGENTS);

		if (random_below(&state, 4))
			do_grants(agent);
		else
			do_allocations(agent);
	}
	is(wrong, 0, "%ld calls answer as the model does, seed %d", calls, SEED);
}

/* A number as an attacker would choose it. */
static uint64_t number(void)
{
	switch (random_below(&state, 6)) {
	case 0:
		return random_below(&state, 8);
	case 1:
		return random_below(&state, 100000);
	case 2:
		return UINT64_MAX - random_below(&state, 8);
	case 3:
		return 1ull << random_below(&state, 64);
	case 4:
		return (1ull << random_below(&state, 64)) - 1;
	default:
		return random_next(&state);
	}
}

static void with_anything(long calls)
{
	static const unsigned long commands[] = {
		GPULOCK_ALLOC, GPULOCK_FREE,  GPULOCK_QUERY,  GPULOCK_SET_QUOTA,
		GPULOCK_CHECK, GPULOCK_GRANT, GPULOCK_REVOKE, GPULOCK_CHECK_BATCH};
	uint64_t *argument =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long unknown = 0, answered = 0;

	munmap(argument + 512, 4096);
	for (long i = 0; i < calls; i++) {
		/* The end of the argument may lie in memory that is not there. */
		uint64_t *at =
			argument + (random_below(&state, 16) ? 0 : 505 + random_below(&state, 7));
		unsigned long command = random_below(&state, 20) ? commands[random_below(&state, 8)]
								 : (unsigned long)number();
		int error;

		for (uint64_t *word = at; word < at + 7 && word < argument + 512; word++)
			*word = number();
		/* As 32-bit members have it: often a small agent, no padding and an access. */
		if (random_below(&state, 3))
			*(uint32_t *)at = 1 + random_below(&state, 6);
		if (random_below(&state, 3))
			((uint32_t *)at)[1] = random_below(&state, 8);
		if (command == GPULOCK_CHECK_BATCH && at == argument && random_below(&state, 2)) {
			at[0] = (uintptr_t)argument;
			at[1] = random_below(&state, 64);
		}
		error = ask(fd, command, at);
		unknown += error == ENOTTY;
		answered += !error;
		if (error && error != EINVAL && error != EFAULT && error != ENOTTY &&
		    error != ENODEV && error != EDQUOT && error != ENOMEM && error != ENOENT &&
		    error != EPERM && error != EBUSY && error != EEXIST)
			expect("an error that is none of the interface's", error, 0);
	}
	note("%ld of %ld calls succeeded, %ld commands were unknown", answered, calls, unknown);
	ok(!wrong && answered && unknown, "%ld calls with anything, seed %d", calls, SEED);
}

/* Lines of allocations that say so. */
static int kept(void)
{
	char *text = proc_read("allocations"), *at = text;
	int lines = 0;

	while ((at = strstr(at, " keep\n"))) {
		lines++;
		at++;
	}
	free(text);
	return lines;
}

int main(void)
{
	long calls = atol(getenv("FUZZ") ?: "20000");

	must_load("gpulock", "devices=3");
	fd = device();
	against_model(calls);
	with_anything(calls);
	close(fd);
	is(stat_of("allocations"), kept(), "closed, nothing is left but what was to be kept");
	must_unload("gpulock");
	return done();
}
