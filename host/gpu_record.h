/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the record of a GPU run, RECORD_VERSION_GPU of guest-bench/record.h. */
#ifndef EXITLAB_HOST_GPU_RECORD_H
#define EXITLAB_HOST_GPU_RECORD_H

#include "record_stream.h"

#define GPU_ROWS_MOST 2048 /* a reader refuses more */

struct gpu_row {
	struct record series;  /* f64 samples, finite; header.kind is 0 where there are none */
	struct record verdict; /* has every key of enum gpu_verdict_key */
};

/* A whole stream, in order and complete. */
struct gpu_record {
	void *map; /* of a file that gpu_record_open() mapped */
	size_t size;
	struct record info;
	struct gpu_row rows[GPU_ROWS_MOST];
	size_t count;
};

/* Keys that every VERDICT has; all others are facts. */
enum gpu_verdict_key {
	GPU_STATUS,
	GPU_REASON,
	GPU_ID,
	GPU_NAME,
	GPU_UNIT,
	GPU_BETTER,
	GPU_CLOCK,
	GPU_THROTTLED,
	GPU_VERDICT_KEYS
};

/* Is this the name of one of them? */
bool gpu_is_verdict_key(const char *name, size_t length);

/* The value of such a key, of length bytes. */
const char *gpu_verdict(const struct gpu_row *row, enum gpu_verdict_key key, size_t *length);

/* The row's samples, header.count of them, copied from wherever they lie in memory. */
void gpu_samples(const struct gpu_row *row, double *samples);

/*
 * Reads a stream in memory, which must outlive the result. 0, or -1 with one line in why: what is
 * wrong and where, and for a truncated stream what was readable.
 */
int gpu_record_read(struct gpu_record *record, const void *data, size_t size, char why[RECORD_WHY]);

/* The same for a file, which why does not name. On 0, gpu_record_close() must follow. */
int gpu_record_open(struct gpu_record *record, const char *path, char why[RECORD_WHY]);
void gpu_record_close(struct gpu_record *record);

#endif
