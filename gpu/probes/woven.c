// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* woven NAME: a probe of probes.def on the device, until SIGTERM. */
#include "../../host/util.h"
#include "choice.h"
#include "woven_probe.h"

static const struct choice choices[] = {
#define PROBE(name, at, keeps, prose) {#name, prose},
#include "probes.def"
#undef PROBE
};

int main(int argc, char **argv)
{
	const struct probe *probe =
		&probes[choose(argc, argv,
			       "Weave a probe into the kernels that the workload loads, until "
			       "SIGTERM, and say how often it was called.",
			       choices, ARRAY_SIZE(choices), NULL)];

	return woven_probe_done(probe, woven_probe_run(probe));
}
