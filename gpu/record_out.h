/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The suite's side of guest-bench/record.h: INFO, SERIES and VERDICT of each row, DONE. */
#ifndef EXITLAB_GPU_RECORD_OUT_H
#define EXITLAB_GPU_RECORD_OUT_H

#include "suite.h"

void record_begin(struct suite *suite);
void record_row(struct suite *suite, const struct metric *metric, int point, const char *row,
		const struct outcome *outcome);
/* 0, or -1: something could not be written. */
int record_end(struct suite *suite);

#endif
