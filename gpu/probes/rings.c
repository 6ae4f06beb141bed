// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events by their tags: of which round of the ring each of their words is. */
#include <string.h>

#include "rings.h"

#define TAGS 4096

/* A word, written by the device at any time, in one go. */
static uint64_t word_at(const uint64_t *words, uint64_t at)
{
	return __atomic_load_n(&words[at], __ATOMIC_RELAXED);
}

static uint64_t low(uint64_t word, unsigned int shift, unsigned int bits)
{
	return word >> shift & ((1ull << bits) - 1);
}

/* How many rounds a word is ahead of the one that the event is of; negative: not yet written. */
static int rounds_ahead(const struct rings *rings, uint64_t number, uint64_t word)
{
	int ahead = ((word >> RING_TAG_SHIFT) - ((number >> rings->bits) + 1)) % TAGS;

	return ahead < TAGS / 2 ? ahead : ahead - TAGS;
}

static void give(struct rings *rings, const uint64_t *word)
{
	struct probe_event event = {
		.value = low(word[0], 0, RING_TAG_SHIFT),
		.lanes = low(word[1], 0, 32),
		.bytes = low(word[1], 32, 8),
		.kind = low(word[1], 40, 4),
		.block = low(word[2], 0, 32),
		.warp = low(word[2], 32, 16),
		.stride = (int32_t)low(word[3], 0, 32),
		.site = low(word[3], 32, 20),
	};

	/* The device takes it from a lane that a single one does not have. */
	if (!(event.lanes & (event.lanes - 1)))
		event.stride = 0;
	rings->drained++;
	rings->drained_hits += __builtin_popcount(event.lanes);
	if (rings->event)
		rings->event(&event, rings->data);
}

/*
 * The event of this number: 0 it was given, positive the rounds that its place is ahead, negative
 * it is not there, or not all of it.
 */
static int take(struct rings *rings, const uint64_t *words, uint64_t number)
{
	uint64_t place = (number & ((1ull << rings->bits) - 1)) * RING_WORDS, word[RING_WORDS];
	int least = 0, most = 0;

	for (unsigned int i = 0; i < RING_WORDS; i++) {
		int ahead;

		word[i] = word_at(words, place + i);
		ahead = rounds_ahead(rings, number, word[i]);
		least = ahead < least ? ahead : least;
		most = ahead > most ? ahead : most;
	}
	if (!least && !most)
		give(rings, word);
	return most ?: least;
}

uint64_t rings_drain(struct rings *rings, unsigned int ring, const uint64_t *words)
{
	uint64_t taken = 0, *next = &rings->next[ring];

	for (;;) {
		int ahead = take(rings, words, *next);

		if (ahead < 0)
			return taken;
		if (ahead) {
			/* The device has been round: so far nothing is left of this one. */
			rings->lost += (uint64_t)ahead << rings->bits;
			*next += (uint64_t)ahead << rings->bits;
			continue;
		}
		++*next;
		taken++;
	}
}

void rings_finish(struct rings *rings, unsigned int ring, const uint64_t *words, uint64_t events)
{
	uint64_t *next = &rings->next[ring], size = 1ull << rings->bits;

	if (events > *next && events - *next > size) {
		rings->lost += events - *next - size;
		*next = events - size;
	}
	for (; *next < events; ++*next)
		rings->lost += take(rings, words, *next) != 0;
}

void rings_reset(struct rings *rings)
{
	memset(rings->next, 0, sizeof(rings->next));
	rings->drained = rings->lost = rings->drained_hits = 0;
}
