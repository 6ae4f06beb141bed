/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_PROBES_LAUNCHLATE_H
#define EXITLAB_PROBES_LAUNCHLATE_H

#define LATENCY_SLOTS 40 /* slot n: from 2^n ns on, below 2^(n + 1) */

#endif
