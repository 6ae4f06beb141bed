// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* For tests that take the table of metrics and measure none of them. */
#include <stdlib.h>

#include "../metrics/metrics.h"

#define RUN(name)                                                                                  \
	METRIC_RUN(name)                                                                           \
	{                                                                                          \
		(void)suite;                                                                       \
		(void)metric;                                                                      \
		abort();                                                                           \
	}
#include "../metrics/metrics.def"
#undef RUN
