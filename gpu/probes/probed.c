// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loads a woven module and gives its probe what it keeps. The driver compiles the PTX itself: what
 * is linked is one text, so nvJitLink and cuLink would only add a pass.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "probed.h"
#include "rings.h"

struct probed {
	const struct probe *probe; /* NULL: none */
	struct weave_outcome outcome;
	CUmodule module;
	CUdeviceptr counts;
	struct weave_state state;
	unsigned int bits;  /* log2 of the elements of what is kept */
	size_t bytes;	    /* of what is kept; 0: nothing */
	CUdeviceptr memory; /* also the shadow of what the host has */
	void *host; /* the same for the host, where that has it; else room for a copy of it */
	bool pinned;

	struct rings rings;
	pthread_mutex_t lock; /* of rings, while the drain runs */
	pthread_t drain;
	bool draining;
	_Atomic bool stop;
};

static char why[256];

static const char *failed(const char *call, CUresult error)
{
	snprintf(why, sizeof(why), "%s: %s", call, driver_error(error));
	return why;
}

/* Returns from the caller where the driver refuses. */
#define DRIVER(call)                                                                               \
	do {                                                                                       \
		CUresult error_ = cu.call;                                                         \
                                                                                                   \
		if (error_)                                                                        \
			return failed("cu" #call, error_);                                         \
	} while (0)

/* Empties rings until told to stop. The device has no way to call, so it has to be looked. */
static void *drain(void *data)
{
	struct probed *probed = data;
	const uint64_t *words = probed->host;
	const struct timespec pause = {.tv_nsec = 20000};

	while (!probed->stop) {
		uint64_t taken = 0;

		pthread_mutex_lock(&probed->lock);
		for (unsigned int ring = 0; ring < COUNT_SLOTS; ring++)
			taken += rings_drain(&probed->rings, ring,
					     words + ((size_t)ring << probed->bits) * RING_WORDS);
		pthread_mutex_unlock(&probed->lock);
		/* Nothing came: the rings have room for more than comes in such a pause. */
		if (!taken)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static const char *begin_drain(struct probed *probed)
{
	int error = pthread_create(&probed->drain, NULL, drain, probed);

	probed->draining = !error;
	if (!error)
		return NULL;
	snprintf(why, sizeof(why), "a thread for the drain: %s", strerror(error));
	return why;
}

static unsigned int log2_of(unsigned int n)
{
	return 31 - __builtin_clz(n);
}

/* How large what the probe keeps is. */
static void size_up(struct probed *probed, const struct probed_options *options)
{
	size_t element = sizeof(uint64_t);
	unsigned int elements = options->elements ? log2_of(options->elements) : 0;

	switch (probed->probe->keeps) {
	case PROBE_KEEPS_NOTHING:
		return;
	case PROBE_KEEPS_RING:
	case PROBE_KEEPS_HOST_RING:
		probed->pinned = probed->probe->keeps == PROBE_KEEPS_HOST_RING;
		probed->bits = options->ring_bits ?: probed->pinned ? 11 : 10;
		element = COUNT_SLOTS * RING_WORDS * sizeof(uint64_t);
		break;
	case PROBE_KEEPS_THREADS:
		probed->bits = elements ?: 21;
		break;
	case PROBE_KEEPS_HASH:
		probed->bits = elements ?: 16;
		element = 2 * sizeof(uint64_t);
		break;
	case PROBE_KEEPS_ARRAY:
	case PROBE_KEEPS_HOST_ARRAY:
		probed->bits = elements ?: 16;
		probed->pinned = probed->probe->keeps == PROBE_KEEPS_HOST_ARRAY;
		break;
	}
	probed->bytes = element << probed->bits;
}

/* Memory for counts and for what the probe keeps, and where it is. */
static const char *provide(struct probed *probed, const struct probed_options *options)
{
	struct weave_state *state = &probed->state;

	if (options->ring_bits && (options->ring_bits < 4 || options->ring_bits > 16))
		return "ring_bits: 4 to 16 it must be";
	if (options->elements & (options->elements - 1))
		return "elements: a power of 2 it must be";
	DRIVER(MemAlloc(&probed->counts, sizeof(struct count_slots)));
	state->counts = probed->counts;
	size_up(probed, options);
	if (!probed->bytes)
		return NULL;
	state->bits = probed->bits;
	/* What of an event's number is its place, and how far its round is from where tags are. */
	state->mask = (1u << probed->bits) - 1;
	state->shift = RING_TAG_SHIFT - 32 - probed->bits;
	if (probed->probe->keeps != PROBE_KEEPS_HOST_RING)
		DRIVER(MemAlloc(&probed->memory, probed->bytes));
	if (probed->pinned) {
		DRIVER(MemHostAlloc(&probed->host, probed->bytes, 0));
		/* One address space for both sides. */
		state->memory = (uintptr_t)probed->host;
		state->shadow = probed->memory;
		return NULL;
	}
	probed->host = malloc(probed->bytes);
	if (!probed->host)
		die("out of memory");
	state->memory = probed->memory;
	return NULL;
}

/* The driver's compiler says more than an error's number. */
static const char *load_module(struct probed *probed, const char *ptx)
{
	static char log[512];
	CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
	void *values[] = {log, (void *)(uintptr_t)(sizeof(log) - 1)};
	CUresult error;

	log[0] = '\0';
	error = cu.ModuleLoadDataEx(&probed->module, ptx, ARRAY_SIZE(options), options, values);
	if (!error)
		return NULL;
	log[strcspn(log, "\n")] = '\0';
	snprintf(why, sizeof(why), "cuModuleLoadDataEx: %s%s%.160s", driver_error(error),
		 *log ? ": " : "", log);
	return why;
}

static const char *weave_and_load(struct probed *probed, const char *ptx,
				  const struct probed_options *options)
{
	struct weave_options weave_options = options->weave;
	char *woven;
	const char *error;

	if (!probed->probe)
		return load_module(probed, ptx);
	error = provide(probed, options);
	if (error)
		return error;
	weave_options.state = &probed->state;
	woven = weave(ptx, probed->probe, &weave_options, &probed->outcome);
	if (!woven) {
		snprintf(why, sizeof(why), "line %u of the PTX: %s", probed->outcome.error_line,
			 probed->outcome.error);
		return why;
	}
	error = load_module(probed, woven);
	free(woven);
	if (!error)
		error = probed_reset(probed);
	if (!error && probed->probe->keeps == PROBE_KEEPS_HOST_RING)
		error = begin_drain(probed);
	return error;
}

const char *probed_load(struct probed **result, const char *ptx, const struct probe *probe,
			const struct probed_options *options)
{
	static const struct probed_options defaults;
	struct probed *probed = calloc(1, sizeof(*probed));
	const char *error;

	if (!probed)
		die("out of memory");
	if (!options)
		options = &defaults;
	probed->probe = probe;
	pthread_mutex_init(&probed->lock, NULL);
	probed->rings.event = options->event;
	probed->rings.data = options->data;
	error = weave_and_load(probed, ptx, options);
	*result = error ? NULL : probed;
	if (error)
		probed_close(probed);
	return error;
}

CUmodule probed_module(const struct probed *probed)
{
	return probed->module;
}

const struct weave_outcome *probed_outcome(const struct probed *probed)
{
	return &probed->outcome;
}

const struct weave_state *probed_state(const struct probed *probed)
{
	return &probed->state;
}

const char *probed_reset(struct probed *probed)
{
	if (!probed->probe)
		return NULL;
	pthread_mutex_lock(&probed->lock);
	rings_reset(&probed->rings);
	probed->rings.bits = probed->bits;
	if (probed->pinned)
		memset(probed->host, 0, probed->bytes);
	pthread_mutex_unlock(&probed->lock);
	if (probed->memory)
		DRIVER(MemsetD8(probed->memory, 0, probed->bytes));
	DRIVER(MemsetD8(probed->counts, 0, sizeof(struct count_slots)));
	/* Clearing is asynchronous to the host. */
	DRIVER(CtxSynchronize());
	return NULL;
}

static void collect_elements(const struct probed *probed, struct probe_counts *counts)
{
	const uint64_t *words = probed->host;
	bool hash = probed->probe->keeps == PROBE_KEEPS_HASH;

	for (size_t i = 0; i < (size_t)1 << probed->bits; i++) {
		uint64_t value = hash ? words[2 * i + 1] : words[i];

		if (!value)
			continue;
		if (!counts->elements++ || value < counts->least)
			counts->least = value;
		if (value > counts->most)
			counts->most = value;
		counts->sum += value;
		counts->slots[63 - __builtin_clzll(value)]++;
	}
}

static void collect_rings(struct probed *probed, const struct count_slots *slots,
			  struct probe_counts *counts)
{
	const uint64_t *words = probed->host;

	pthread_mutex_lock(&probed->lock);
	for (unsigned int ring = 0; ring < COUNT_SLOTS; ring++) {
		rings_finish(&probed->rings, ring,
			     words + ((size_t)ring << probed->bits) * RING_WORDS,
			     slots->of[COUNT_EVENTS][ring].count);
		counts->events += slots->of[COUNT_EVENTS][ring].count;
	}
	counts->drained = probed->rings.drained;
	counts->lost = probed->rings.lost;
	counts->drained_hits = probed->rings.drained_hits;
	pthread_mutex_unlock(&probed->lock);
}

static void add_slots(const struct count_slots *slots, struct probe_counts *counts)
{
	for (unsigned int i = 0; i < COUNT_SLOTS; i++) {
		counts->entries += slots->of[COUNT_ENTRIES][i].count;
		counts->overflow += slots->of[COUNT_ENTRIES][i].extra;
		counts->exits += slots->of[COUNT_EXITS][i].count;
		counts->nanoseconds += slots->of[COUNT_EXITS][i].extra;
		counts->accesses += slots->of[COUNT_ACCESSES][i].count;
	}
}

const char *probed_collect(struct probed *probed, struct probe_counts *counts)
{
	static struct count_slots slots;

	*counts = (struct probe_counts){0};
	if (!probed->probe)
		return NULL;
	DRIVER(MemcpyDtoH(&slots, probed->counts, sizeof(slots)));
	add_slots(&slots, counts);
	if (probed->memory && !probed->pinned)
		DRIVER(MemcpyDtoH(probed->host, probed->memory, probed->bytes));
	switch (probed->probe->keeps) {
	case PROBE_KEEPS_NOTHING:
		break;
	case PROBE_KEEPS_RING:
	case PROBE_KEEPS_HOST_RING:
		collect_rings(probed, &slots, counts);
		break;
	case PROBE_KEEPS_THREADS:
	case PROBE_KEEPS_ARRAY:
	case PROBE_KEEPS_HASH:
	case PROBE_KEEPS_HOST_ARRAY:
		collect_elements(probed, counts);
		break;
	}
	return NULL;
}

void probed_close(struct probed *probed)
{
	if (!probed)
		return;
	probed->stop = true;
	if (probed->draining)
		pthread_join(probed->drain, NULL);
	if (probed->module)
		cu.ModuleUnload(probed->module);
	if (probed->counts)
		cu.MemFree(probed->counts);
	if (probed->memory)
		cu.MemFree(probed->memory);
	if (probed->pinned && probed->host)
		cu.MemFreeHost(probed->host);
	else
		free(probed->host);
	pthread_mutex_destroy(&probed->lock);
	weave_outcome_free(&probed->outcome);
	free(probed);
}
