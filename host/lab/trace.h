/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What lab/trace.so writes, or explain_bochs.c makes of Bochs' text, and `exitlab pathlength
 * --explain` reads: for each way that the samples of a run took, every instruction between the two
 * clock reads, in order. A file of this machine, for this machine. QEMU is killed at the end, so
 * the file is whole after each sample.
 */
#ifndef EXITLAB_LAB_TRACE_H
#define EXITLAB_LAB_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TRACE_MAGIC   "exitlab-trace/1"
#define TRACE_PATHS   256     /* different ways; later ones are counted as lost */
#define TRACE_LONGEST 65536   /* instructions of one sample; a longer one is lost */
#define TRACE_ROOM    2097152 /* instructions of all ways */

enum trace_level {
	TRACE_HOST,
	TRACE_GUEST
}; /* the lab's own kernel and programs; the nested guest */

/* One instruction: where, with the level in place of bit 62, which only repeats bit 63. */
#define TRACE_LEVEL_BIT 62

struct trace_path {
	uint64_t hash;	  /* of its instructions */
	uint32_t length;  /* instructions, the second clock read included */
	uint32_t samples; /* that took exactly this way */
	uint64_t first;	  /* index of its first instruction */
};

struct trace {
	char magic[16];
	uint64_t samples; /* in all */
	uint64_t lost;	  /* those that are in no path */
	uint64_t used;	  /* instructions there are */
	uint32_t paths;
	uint32_t exits_count; /* is an instruction that exits one of the clock's ticks? */
	struct trace_path path[TRACE_PATHS];
	uint64_t instruction[TRACE_ROOM];
};

static inline uint64_t trace_pack(uint64_t address, enum trace_level level)
{
	return (address & ~(1ull << TRACE_LEVEL_BIT)) | (uint64_t)level << TRACE_LEVEL_BIT;
}

static inline enum trace_level trace_level(uint64_t instruction)
{
	return instruction >> TRACE_LEVEL_BIT & 1;
}

static inline uint64_t trace_address(uint64_t instruction)
{
	uint64_t top = instruction >> 63 << TRACE_LEVEL_BIT;

	return (instruction & ~(1ull << TRACE_LEVEL_BIT)) | top;
}

/* A sample that is whole, TRACE_LONGEST instructions at most: of a way that is known, or a new one.
 */
static inline void trace_keep(struct trace *trace, const uint64_t *sample, size_t length)
{
	struct trace_path *path = trace->path, *end = path + trace->paths;
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a over whole words */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ sample[i]) * 0x100000001b3;
	trace->samples++;
	while (path < end && (path->hash != hash || path->length != length))
		path++;
	if (path < end) {
		path->samples++;
		return;
	}
	if (length == TRACE_LONGEST || trace->paths == TRACE_PATHS ||
	    trace->used + length > TRACE_ROOM) {
		trace->lost++;
		return;
	}
	path->hash = hash;
	path->length = (uint32_t)length;
	path->samples = 1;
	path->first = trace->used;
	memcpy(trace->instruction + trace->used, sample, length * sizeof(*sample));
	trace->used += length;
	trace->paths++;
}

#endif
