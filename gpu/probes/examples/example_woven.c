// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <unistd.h>

#include "../../../host/util.h"
#include "../woven_probe.h"
#include "example.h"

int example_woven(int argc, char **argv, const char *doc, const char *name,
		  void (*say)(const struct woven_shared *shared))
{
	const struct probe *probe = probe_named(name);
	struct woven_shared *shared;

	/* It has a descriptor of its own. */
	close(example_begin(argc, argv, doc));
	if (!probe)
		die("there is no probe \"%s\"", name);
	shared = woven_probe_run(probe);
	if (shared->modules)
		say(shared);
	return woven_probe_done(probe, shared);
}
