/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* proof.json: what the host counted in the proof pass, row by row (results/README.md). */
#ifndef EXITLAB_PROOF_H
#define EXITLAB_PROOF_H

#include <jansson.h>

#define PROOF_SCHEMA "exitlab-proof/1"

/* Is this a proof.json? 0, or -1 with one line in why, which has size bytes. */
int proof_check(const json_t *proof, char *why, size_t size);

#endif
