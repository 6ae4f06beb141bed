/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gpumem's figures in the text format of OpenMetrics 1.0. */
#ifndef EXITLAB_GPUMEM_OPENMETRICS_H
#define EXITLAB_GPUMEM_OPENMETRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "gpumem_account.h"
#include "gpumem_probe.h"

#define GPUMEM_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* So many processes have lines of their own, those with the most memory; of others the sum. */
#define GPUMEM_OPENMETRICS_PROCESSES 50

struct gpumem_openmetrics {
	const struct gpumem_accounts *accounts;
	struct gpumem_lost lost;
	struct gpumem_traffic traffic;
	const char *libcuda; /* the file that is probed */
	bool summary_only;
};

void gpumem_openmetrics_print(const struct gpumem_openmetrics *figures, FILE *out);

#endif
