/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The results of a run, as the files that it leaves. */
#ifndef EXITLAB_PROBES_RESULTS_H
#define EXITLAB_PROBES_RESULTS_H

#include "outcome.h"

#define RESULTS_SCHEMA "exitlab-gpu-overhead/1"

struct results {
	const struct config *config;
	const struct case_outcome *outcomes; /* of config->cases */
	const bool *selected;		     /* of them: others are in no file */
	const char *driver;		     /* "580.159.04"; "" not known */
	const char *host, *time;	     /* UTC, ISO 8601 */
	size_t rounds;
};

/* The device that any case ran on, its PCI address, CUDA of its driver; "unknown". */
const char *results_device(const struct results *results);
const char *results_pci(const struct results *results);
const char *results_cuda(const struct results *results);

/* micro_result.json, the caller's. */
json_t *results_json(const struct results *results);

/* micro_result.md. */
void results_markdown(const struct results *results, FILE *out);

/* run.rec. 0, or -1. */
int results_record(const struct results *results, FILE *out);

/* The row of a case in run.rec: its name with all but letters, digits, '.' and '-' made '-'. */
void results_row(const struct results *results, size_t index, char row[64]);

#endif
