/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A gate before a stream: while it is closed the host fills the queue, so that what is then timed
 * between events is the device's time alone, however slow the host's calls are.
 */
#ifndef EXITLAB_GPU_WORKS_GATE_H
#define EXITLAB_GPU_WORKS_GATE_H

#include "works.h"

struct gate {
	CUfunction spin;
	CUevent opened;
	uint64_t ns;	/* that it stays closed; 0: given up, the device does not queue */
	uint64_t leaks; /* samples for which it was open too early, since it was given up */
};

int gate_make(struct tenant *tenant, struct gate *gate);

/* Closes it in the tenant's stream for gate->ns. */
int gate_close(struct tenant *tenant, struct gate *gate);

/*
 * After all was queued: was it closed until now? true: what is behind it is timed well. false: it
 * is longer closed next time, do it again. Once it has been given up always true, and counted.
 */
bool gate_held(struct gate *gate);

void gate_free(struct gate *gate);

#endif
